"""The journal in memory: the same rows and the same rules as on disk, without the disk."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import islice

from flatbook.engine.ports import Cursors, JournalUnavailable, Link, Row
from flatbook.events.event import Event
from flatbook.journal.chain import (
    START,
    EncodedRow,
    Head,
    Record,
    bounds_of,
    check_after,
    check_lease,
    encode_row,
    head_of_link,
    link_after,
    next_epoch,
    seal,
    seal_encoded,
    unsealed,
    unsealed_on,
)
from flatbook.values.ids import Epoch, Seq
from flatbook.values.instants import Instant

MEMORY_BYTES_MAX = 4 * 1024**3


class MemoryStore:
    """What a memory journal keeps; it outlives the journals opened on it as a disk outlives a process.

    Units: bytes_max bounds the bodies of all rows, as a full disk would.
    """

    def __init__(self, *, bytes_max: int = MEMORY_BYTES_MAX) -> None:
        self.bytes_max = bytes_max
        self.bytes = 0
        self.records: list[Record] = []
        self.link = START
        self.lease = Epoch(0)


class MemoryJournal:
    """A journal over a store in memory."""

    def __init__(self, store: MemoryStore | None = None) -> None:
        self._store = MemoryStore() if store is None else store
        self._closed = False

    @property
    def last(self) -> Seq:
        """The sequence number of the last event; 0 when empty."""
        return self._store.link.last

    def head(self) -> Head:
        """Returns the number of rows, the last sequence number and the last hash."""
        return head_of_link(self._store.link)

    def take_lease(self, now: Instant) -> Epoch:
        """Raises the epoch to max(stored + 1, seconds since 2020 at `now`) and fences every earlier holder."""
        self._check_open()
        self._store.lease = next_epoch(self._store.lease, now)
        return self._store.lease

    def append(self, events: Sequence[Event], *, after: Seq, epoch: Epoch, cursors: Cursors, at: Instant) -> Seq:
        """Keeps the events and cursors as one row and returns the new last sequence; without either, no row.

        Errors: Fenced, Conflict, JournalUnavailable when closed or full; RowTooLarge when the row is too large.
        """
        store = self._store
        if self._closed or store.lease != epoch or store.link.last != after or not epoch:
            self._check_next(after, epoch)
        if not events and not cursors:
            return after
        return self._add(*seal(self._store.link, encode_row(events, cursors), len(events), epoch, at))

    def append_encoded(self, rows: Sequence[EncodedRow], *, after: Seq, epoch: Epoch) -> Seq:
        """Keeps rows of events that the codec encoded one by one; returns the new last sequence.

        Errors: as `append`.
        """
        self._check_next(after, epoch)
        for row in rows:
            self._add(*seal_encoded(self._store.link, row, epoch))
        return self.last

    def _check_next(self, after: Seq, epoch: Epoch) -> None:
        self._check_open()
        check_lease(self._store.lease, epoch)
        check_after(self._store.link.last, after)

    def _add(self, link: Link, body: bytes) -> Seq:
        store = self._store
        size = store.bytes + len(body)
        if size > store.bytes_max:
            raise JournalUnavailable(f"the journal in memory is full: {store.bytes_max} bytes")
        row, last, _, digest = link
        store.records.append((row, digest, body))
        store.bytes, store.link = size, link
        return last

    def read(self, after: Seq = Seq(0)) -> Iterator[Row]:
        """Streams the rows that are not wholly at or before `after`, in order, each checked against the chain.

        Errors: JournalBroken.
        """
        self._check_open()
        records = self._store.records
        known = bisect_right(records, after, key=lambda record: max(bounds_of(record[2])[:2])) if after else 0
        return unsealed(islice(records, known, len(records)), link_after(records, known))

    def read_on(self, link: Link) -> Iterator[Row] | None:
        """Checks every row up to a link by its bytes, and streams those that follow it; None when it is not there.

        Errors: JournalBroken.
        """
        self._check_open()
        return unsealed_on(self._store.records, START, link)

    def close(self) -> None:
        """Ends the use of this journal; the store stays."""
        self._closed = True

    def _check_open(self) -> None:
        if self._closed:
            raise JournalUnavailable("the journal is closed")
