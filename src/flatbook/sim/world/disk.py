"""A simulated disk, and a journal on it: what was not synced may be gone, whole or in part, after the power is cut."""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from flatbook.engine.ports import Cursors, JournalUnavailable, Link, Row
from flatbook.events.event import Event
from flatbook.journal.chain import (
    START,
    Record,
    bounds_of,
    check_after,
    check_lease,
    encode_row,
    link_after,
    next_epoch,
    seal,
    unsealed,
    unsealed_on,
)
from flatbook.sim.world.injection import Injection
from flatbook.values.ids import Epoch, Seq
from flatbook.values.instants import Instant

_FRAME = struct.Struct(">II32s")
SECTOR_BYTES = 512
WHERE = "disk"
BYTES_MAX = 1_000_000_000


def _nothing() -> None:
    """Cuts nothing."""


class DiskFault(Exception):
    """The disk refused a write or a sync."""


class SimulatedDisk:
    """The bytes of one file: those that are on the platter, and those that still wait for a sync.

    Faults: D4 no space at a write; D5 a sync fails once, and whoever goes on after it has lost what was not synced;
    D1 what was not synced is gone after a power cut; D2 a part of it is there, torn at a sector.
    """

    def __init__(self, injection: Injection) -> None:
        self._injection = injection
        self.synced = bytearray()
        self.waiting = bytearray()
        self.lease = Epoch(0)
        self.bytes_max = BYTES_MAX

    @property
    def size(self) -> int:
        """How many bytes the file has."""
        return len(self.synced) + len(self.waiting)

    def write(self, body: bytes) -> None:
        """Hands bytes to the system; they survive a killed process, not a power cut.

        Errors: DiskFault when there is no space.
        """
        full = self.size + len(body) > self.bytes_max
        if full or self._injection.hits("D4", WHERE):
            raise DiskFault("the disk is full")
        self.waiting += body

    def sync(self) -> None:
        """Puts what waits on the platter.

        Errors: DiskFault when the sync failed; what waited is lost, as on systems that drop such pages.
        """
        if self._injection.hits("D5", WHERE):
            self.waiting.clear()
            raise DiskFault("the sync failed")
        self.synced += self.waiting
        self.waiting.clear()

    def cut_power(self) -> None:
        """Loses what was not synced, or leaves a torn part of it."""
        if not self.waiting:
            return
        if self._injection.is_on("D2"):
            kept = self._injection.size("D2", WHERE, 0, len(self.waiting) // SECTOR_BYTES) * SECTOR_BYTES
            self.synced += self.waiting[:kept]
            self._injection.count("D2", WHERE)
        else:
            self._injection.count("D1", WHERE)
        self.waiting.clear()

    def content(self) -> bytes:
        """Returns what a process reads: all that was written since the last power cut."""
        return bytes(self.synced + self.waiting)

    def truncate(self, size: int) -> None:
        """Cuts the file, as recovery does with a torn tail."""
        content = self.content()[:size]
        self.synced, self.waiting = bytearray(content), bytearray()


class DiskJournal:
    """A journal over a simulated disk. Opening it drops a torn tail; a broken row before the tail is an error.

    Needs: `within` is called between write and sync, where the power may be cut.
    """

    def __init__(self, disk: SimulatedDisk, within: Callable[[], None] = _nothing) -> None:
        self._disk, self._within = disk, within
        self._link, self._size = START, 0
        self._fault: str | None = None
        self._load()

    @property
    def last(self) -> Seq:
        """The sequence number of the last event; 0 when empty."""
        return self._newest().last

    def take_lease(self, now: Instant) -> Epoch:
        """Raises the epoch to max(stored + 1, seconds since 2020 at `now`) and fences every earlier holder."""
        self._check_open()
        self._disk.lease = next_epoch(self._disk.lease, now)
        return self._disk.lease

    def append(self, events: Sequence[Event], *, after: Seq, epoch: Epoch, cursors: Cursors, at: Instant) -> Seq:
        """Writes and syncs one row and returns the new last sequence.

        Errors: Fenced, Conflict, JournalUnavailable; after the last of these this journal takes nothing any more.
        """
        self._check_open()
        check_lease(self._disk.lease, epoch)
        check_after(self._newest().last, after)
        if not events and not cursors:
            return after
        link, body = seal(self._link, encode_row(events, cursors), count=len(events), epoch=epoch, at=at)
        try:
            self._disk.write(frame_of((link.row, link.hash, body)))
            self._within()
            self._disk.sync()
        except DiskFault as fault:
            self._fault = f"{fault}: read the journal anew"
            raise JournalUnavailable(self._fault) from fault
        self._link, self._size = link, self._disk.size
        return link.last

    def read(self, after: Seq = Seq(0)) -> Iterator[Row]:
        """Streams the rows that are not wholly at or before `after`, each checked against the chain.

        Errors: JournalBroken.
        """
        self._check_open()
        records = split_frames(self._disk.content())
        known = bisect_right(records, after, key=lambda record: max(bounds_of(record[2])[:2])) if after else 0
        return unsealed(islice(records, known, len(records)), link_after(records, known))

    def read_on(self, link: Link) -> Iterator[Row] | None:
        """Checks every row up to a link by its bytes, and streams those that follow it; None when it is not there.

        Errors: JournalBroken.
        """
        self._check_open()
        return unsealed_on(split_frames(self._disk.content()), START, link)

    def close(self) -> None:
        """Ends the use of this journal; the disk stays."""
        self._fault = "the journal is closed"

    def _check_open(self) -> None:
        if self._fault is not None:
            raise JournalUnavailable(self._fault)

    def _newest(self) -> Link:
        """Returns the end of the journal; another one may have appended to the same disk."""
        if self._disk.size != self._size:
            self._load()
        return self._link

    def _load(self) -> None:
        records = split_frames(self._disk.content())
        whole = sum(_FRAME.size + len(body) for _, _, body in records)
        if whole < self._disk.size:
            self._disk.truncate(whole)
        self._link, self._size = link_after(records, len(records)), whole


def frame_of(record: Record) -> bytes:
    """Returns the bytes of a record on the disk."""
    row, stored, body = record
    return _FRAME.pack(row, len(body), stored) + body


def split_frames(content: bytes) -> list[Record]:
    """Returns the whole records at the beginning of a disk's content; a torn tail is left out."""
    records: list[Record] = []
    place = 0
    while place + _FRAME.size <= len(content):
        row, size, stored = _FRAME.unpack_from(content, place)
        body = content[place + _FRAME.size : place + _FRAME.size + size]
        if len(body) < size:
            break
        records.append((row, stored, body))
        place += _FRAME.size + size
    return records
