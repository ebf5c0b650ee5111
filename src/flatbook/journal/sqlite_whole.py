"""A journal in SQLite that is written once and then stands there whole: durable at its end, and not there before it.

A run that breaks off is run again, so that nothing of it need be durable while it goes on: no row is synced, none is
written twice, and the file takes its name when all of it is on the disk. Afterwards it is a journal like any other.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from flatbook.engine.ports import Cursors, JournalUnavailable, Link, Row
from flatbook.events.event import Event
from flatbook.journal.chain import (
    START,
    EncodedRow,
    Head,
    Record,
    check_after,
    check_lease,
    encode_row,
    head_of_link,
    next_epoch,
    seal,
    seal_encoded,
)
from flatbook.journal.files import make_folder, written_whole
from flatbook.journal.mounts import refuse_network
from flatbook.journal.sqlite_file import SqliteFile, connect, create_schema, fault_of
from flatbook.journal.sqlite_reader import SqliteReader
from flatbook.values.ids import Epoch, Seq, digest_text
from flatbook.values.instants import Instant

_PRAGMAS = ("journal_mode = OFF", "synchronous = OFF", "locking_mode = EXCLUSIVE")
_INSERT = "INSERT INTO commits VALUES (?, ?, ?)"


class WholeJournal:
    """A journal that is being written, by the only one who knows of it."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection, self._path = connection, path
        self._reader = SqliteReader(SqliteFile(path, connection))
        self._link, self._lease = START, Epoch(0)

    @property
    def last(self) -> Seq:
        """The sequence number of the last event; 0 when empty."""
        return self._link.last

    def head(self) -> Head:
        """Returns the number of rows, the last sequence number and the last hash."""
        return head_of_link(self._link)

    def take_lease(self, now: Instant) -> Epoch:
        """Raises the epoch to max(stored + 1, seconds since 2020 at `now`).

        Errors: JournalUnavailable.
        """
        epoch = self._lease = next_epoch(self._lease, now)
        with self._told():
            fresh = digest_text("run", str(epoch), str(now))
            self._connection.execute("UPDATE journal SET lease = ?, run = ?", (epoch, fresh))
        return epoch

    def append(self, events: Sequence[Event], *, after: Seq, epoch: Epoch, cursors: Cursors, at: Instant) -> Seq:
        """Keeps the events and cursors as one row and returns the new last sequence; without either, no row.

        Errors: Fenced, Conflict, JournalUnavailable; RowTooLarge when the row is too large.
        """
        self._check_next(after, epoch)
        if events or cursors:
            link, body = seal(self._link, encode_row(events, cursors), len(events), epoch, at)
            self._keep(link, [(link.row, link.hash, body)])
        return self.last

    def append_encoded(self, rows: Sequence[EncodedRow], *, after: Seq, epoch: Epoch) -> Seq:
        """Keeps rows of events that the codec encoded one by one; returns the new last sequence.

        Errors: as `append`.
        """
        self._check_next(after, epoch)
        link, records = self._link, []
        for row in rows:
            link, body = seal_encoded(link, row, epoch)
            records.append((link.row, link.hash, body))
        self._keep(link, records)
        return self.last

    def _check_next(self, after: Seq, epoch: Epoch) -> None:
        check_lease(self._lease, epoch)
        check_after(self._link.last, after)

    def _keep(self, link: Link, records: Sequence[Record]) -> None:
        with self._told():
            self._connection.execute("BEGIN")
            self._connection.executemany(_INSERT, records)
            self._connection.execute("COMMIT")
        self._link = link

    def read(self, after: Seq = Seq(0)) -> Iterator[Row]:
        """Streams the rows that are not wholly at or before `after`, in order, each checked against the chain.

        Errors: JournalBroken, JournalUnavailable.
        """
        return self._reader.read(after)

    def read_on(self, link: Link) -> Iterator[Row] | None:
        """Checks every row up to a link by its bytes, and streams those that follow it; None when it is not there.

        Errors: JournalBroken, JournalUnavailable.
        """
        return self._reader.read_on(link)

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise fault_of(self._path, error) from error


@contextmanager
def whole_journal(path: Path) -> Iterator[WholeJournal]:
    """Gives an empty journal to fill; at the end of the block it stands at its path, durably.

    Gives: nothing at that path when the block raises.
    Errors: JournalUnavailable when there is one already, its file system is a network's, or the disk refuses.
    """
    refuse_network(path.parent)
    make_folder(path.parent)
    if path.exists():
        raise JournalUnavailable(f"{path} is there already: move it away")
    with written_whole(path) as part, closing(connect(part, "mode=rw")) as connection:
        try:
            for pragma in _PRAGMAS:
                connection.execute(f"PRAGMA {pragma}")
            create_schema(connection, START, "")
        except sqlite3.Error as error:
            raise fault_of(part, error) from error
        yield WholeJournal(connection, part)
        _end(connection, part)


def _end(connection: sqlite3.Connection, part: Path) -> None:
    """Has the file be opened as any other journal from now on."""
    try:
        connection.execute("PRAGMA locking_mode = NORMAL")
        (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    except sqlite3.Error as error:
        raise fault_of(part, error) from error
    if mode != "wal":
        raise JournalUnavailable(f"{part} cannot have a -wal file here (its mode stays {mode}): run it elsewhere")
