"""The journal in SQLite: one writer, any number of readers, a row durable before its append returns.

A commit is written to the `-wal` file and synced. Checkpoints are ours, not SQLite's, because an error of a
checkpoint on its own would go unseen. After any failure of a write the connection is closed for good: what the disk
holds then is known only by reading the journal anew. The `-wal` file gets its space on the disk with the lease, for a
commit that makes a file longer waits for the file system to write down the new length as well.
"""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from flatbook.engine.ports import Cursors, JournalFault, JournalUnavailable, Link, Row
from flatbook.events.event import Event
from flatbook.journal.chain import (
    START,
    EncodedRow,
    Head,
    check_after,
    check_lease,
    encode_row,
    head_of_link,
    next_epoch,
    seal,
    seal_encoded,
)
from flatbook.journal.files import make_folder, sync_folder
from flatbook.journal.lock import WriterLock, hold
from flatbook.journal.mounts import refuse_network
from flatbook.journal.sqlite_file import (
    Segment,
    check_schema,
    connect,
    create_schema,
    fault_of,
    open_file,
    run_in_main_file,
    side_file,
    size_of,
)
from flatbook.journal.sqlite_reader import READ_ONLY, SqliteReader, check_end, check_there
from flatbook.values.ids import Epoch, Seq, digest_text
from flatbook.values.instants import Instant

DISK_PAGE_BYTES = 4096
CHECKPOINT_PAGES = 1_000
WAL_BYTES_KEPT = 16 * 1024 * 1024
WAL_FRAME_BYTES = DISK_PAGE_BYTES + 24
WAL_BYTES_LAID_OUT = CHECKPOINT_PAGES * WAL_FRAME_BYTES

_PRAGMAS = (
    "synchronous = FULL",
    "fullfsync = ON",
    "checkpoint_fullfsync = ON",
    "wal_autocheckpoint = 0",
    f"journal_size_limit = {WAL_BYTES_KEPT}",
)
_EMPTY_PAGE = bytes(DISK_PAGE_BYTES)
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_INSERT = "INSERT OR IGNORE INTO commits SELECT ?, ?, ? FROM journal WHERE lease = ?"

Commit = Callable[[sqlite3.Connection], None]


def commit_durably(connection: sqlite3.Connection) -> None:
    """Commits the open transaction; returns once it is on the disk.

    Errors: sqlite3.Error.
    """
    connection.execute("COMMIT")


class SqliteJournal:
    """A journal opened for writing; the only one until it is closed or its process ends."""

    def __init__(self, connection: sqlite3.Connection, reader: SqliteReader, lock: WriterLock, commit: Commit) -> None:
        self._connection = connection
        self._reader = reader
        self._lock = lock
        self._commit = commit
        self._fault = ""
        self._link = reader.link()
        self._inode = _inode_of(reader.path)
        self._wal = os.open(side_file(reader.path, "-wal"), os.O_RDWR | os.O_CLOEXEC)
        self._pages_since_checkpoint = 0

    @property
    def last(self) -> Seq:
        """The sequence number of the last event; 0 when empty."""
        return self._link.last

    def head(self) -> Head:
        """Returns the number of rows, the last sequence number and the last hash."""
        return head_of_link(self._link)

    def take_lease(self, now: Instant) -> Epoch:
        """Raises the epoch to max(stored + 1, seconds since 2020 at `now`) and fences every earlier holder.

        Errors: JournalUnavailable, also after another process took the journal over.
        """
        with self._fatal():
            self._lock.check_held()
            epoch = next_epoch(Epoch(max(self._reader.lease(), self._link.epoch)), now)
            fresh = digest_text("run", str(epoch), str(now))
            self._lock.note_runs(*self._lock.runs, fresh)
            with _transaction(self._connection):
                self._connection.execute("UPDATE journal SET lease = ?, run = ?", (epoch, fresh))
                self._commit(self._connection)
            if checkpoint(self._connection, "TRUNCATE"):
                self._lock.note_runs(fresh)
                self._lay_out_wal()
        return epoch

    def append(self, events: Sequence[Event], *, after: Seq, epoch: Epoch, cursors: Cursors, at: Instant) -> Seq:
        """Commits the events and cursors as one row; returns the new last sequence, only once the row is durable.

        Gives: `after` when there are neither events nor cursors; no row is written then.
        Errors: Fenced, Conflict; JournalUnavailable, after which the journal takes nothing more: whether the row is
        there is known only by reading it anew; RowTooLarge when the row is too large.
        """
        content = encode_row(events, cursors)
        if self._fault:
            raise JournalUnavailable(self._fault)
        if not events and not cursors:
            return self._checked_link(after, epoch).last
        try:
            self._link = self._commit_row(content, len(events), after, epoch, at)
            self._after_commit(len(content[0]) + len(content[1]))
        except (sqlite3.Error, JournalUnavailable) as error:
            raise self._given_up(error) from error
        return self._link.last

    def append_encoded(self, rows: Sequence[EncodedRow], *, after: Seq, epoch: Epoch) -> Seq:
        """Commits rows of events that the codec encoded one by one, all together; returns the new last sequence.

        Errors: as `append`.
        """
        self._check_open()
        try:
            self._link = self._commit_rows(rows, after, epoch)
            self._after_commit(sum(len(events) for events, _, _ in rows))
        except (sqlite3.Error, JournalUnavailable) as error:
            raise self._given_up(error) from error
        return self._link.last

    def read(self, after: Seq = Seq(0)) -> Iterator[Row]:
        """Streams the rows that are not wholly at or before `after`, in order, each checked against the chain.

        Errors: JournalBroken; JournalUnavailable when an archived segment is missing.
        """
        return self._reader.read(after)

    def read_on(self, link: Link) -> Iterator[Row] | None:
        """Checks every row up to a link by its bytes, and streams those that follow it; None when it is not there.

        Errors: JournalBroken; JournalUnavailable when an archived segment is missing.
        """
        return self._reader.read_on(link)

    def adopt(self, segment: Segment) -> None:
        """Drops the rows that an archived segment holds, keeps its hash in their place, and gives their room back.

        Needs: the segment is durable and verified. Either all of this is done or nothing.
        Errors: JournalUnavailable.
        """
        with self._fatal():
            with _transaction(self._connection):
                row = (segment.number, segment.name, segment.folder, *segment.end)
                self._connection.execute("INSERT INTO segments VALUES (?, ?, ?, ?, ?, ?, ?)", row)
                self._connection.execute("UPDATE journal SET row = ?, last = ?, epoch = ?, hash = ?", segment.end)
                self._connection.execute("DELETE FROM commits WHERE row <= ?", (segment.end.row,))
                self._commit(self._connection)
            self._connection.execute("VACUUM")
            if checkpoint(self._connection, "TRUNCATE"):
                self._lay_out_wal()

    def close(self) -> None:
        """Releases the journal; a second call does nothing."""
        if self._wal >= 0:
            os.close(self._wal)
        self._wal = -1
        self._fault = self._fault or f"{self._reader.path} is closed"
        self._reader.close()
        self._connection.close()
        self._lock.release()

    def _commit_row(self, content: tuple[bytes, bytes], count: int, after: Seq, epoch: Epoch, at: Instant) -> Link:
        """Inserts and commits a row; not when its epoch does not hold the lease, or its number is taken."""
        execute = self._connection.execute
        execute("BEGIN IMMEDIATE")
        try:
            before = self._link if self._link.last == after and epoch else self._checked_link(after, epoch)
            link, body = seal(before, content, count=count, epoch=epoch, at=at)
            if execute(_INSERT, (link.row, link.hash, body, epoch)).rowcount != 1:
                link, body = seal(self._checked_link(after, epoch), content, count=count, epoch=epoch, at=at)
                if execute(_INSERT, (link.row, link.hash, body, epoch)).rowcount != 1:
                    raise JournalUnavailable(f"{self._reader.path} was written by another process in spite of its lock")
            self._commit(self._connection)
            return link
        finally:
            if self._connection.in_transaction:
                execute("ROLLBACK")

    def _commit_rows(self, rows: Sequence[EncodedRow], after: Seq, epoch: Epoch) -> Link:
        """Inserts rows and commits them together; none where their epoch does not hold the lease."""
        with _transaction(self._connection):
            link = self._checked_link(after, epoch)
            for row in rows:
                link, body = seal_encoded(link, row, epoch)
                self._connection.execute(_INSERT, (link.row, link.hash, body, epoch))
            self._commit(self._connection)
        return link

    def _checked_link(self, after: Seq, epoch: Epoch) -> Link:
        """Returns where the stored chain stands, when the caller may append there."""
        check_lease(self._reader.lease(), epoch)
        self._link = self._reader.link()
        check_after(self._link.last, after)
        return self._link

    def _after_commit(self, body_bytes: int) -> None:
        if not os.fstat(self._wal).st_nlink:
            raise JournalUnavailable(f"{self._reader.path}-wal was removed while it was open")
        self._pages_since_checkpoint += 2 + body_bytes // DISK_PAGE_BYTES
        if self._pages_since_checkpoint >= CHECKPOINT_PAGES:
            self._pages_since_checkpoint = 0
            checkpoint(self._connection, "PASSIVE")
            if _inode_of(self._reader.path) != self._inode:
                raise JournalUnavailable(f"{self._reader.path} was moved or replaced while it was open")

    def _lay_out_wal(self) -> None:
        """Fills the empty `-wal` file with zeros, which SQLite never takes for a commit; without space it stays empty.

        Needs: all of it went into the main file. The transaction keeps everybody else from writing to it meanwhile.
        Written page by page: what is written at once the kernel keeps as one piece, and looks through at each sync.
        """
        with _transaction(self._connection):
            if os.fstat(self._wal).st_size:
                return
            try:
                for place in range(0, WAL_BYTES_LAID_OUT, DISK_PAGE_BYTES):
                    os.pwrite(self._wal, _EMPTY_PAGE, place)
                os.fsync(self._wal)
            except OSError as error:
                if error.errno not in _NO_SPACE:
                    raise JournalUnavailable(f"{self._reader.path}-wal cannot be written: {error.strerror}") from error

    def _check_open(self) -> None:
        if self._fault:
            raise JournalUnavailable(self._fault)

    @contextmanager
    def _fatal(self) -> Iterator[None]:
        self._check_open()
        try:
            yield
        except (sqlite3.Error, JournalUnavailable) as error:
            raise self._given_up(error) from error

    def _given_up(self, error: sqlite3.Error | JournalUnavailable) -> JournalUnavailable:
        """Closes the connection for good after a failed write, and says so on every later use."""
        fault = fault_of(self._reader.path, error) if isinstance(error, sqlite3.Error) else error
        self._fault = f"{fault}; the journal was given up: restart and read it anew"
        self._connection.close()
        return JournalUnavailable(self._fault)


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _inode_of(path: Path) -> int:
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return 0


def checkpoint(connection: sqlite3.Connection, mode: str) -> bool:
    """Moves what the `-wal` file holds into the main file; returns whether all of it went.

    Errors: sqlite3.Error.
    """
    busy, held, moved = connection.execute(f"PRAGMA wal_checkpoint({mode})").fetchone()
    return not busy and bool(held == moved)


def create_journal(path: Path) -> None:
    """Makes an empty journal where none is; its folder is made when missing.

    Errors: JournalUnavailable when there is one already, or a `-wal` file of a former one.
    """
    refuse_network(path.parent)
    make_folder(path.parent)
    with closing_lock(hold(path)):
        if size_of(path) or size_of(side_file(path, "-wal")):
            raise JournalUnavailable(f"{path} or its -wal file is there already: open it, or move both away")
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        with closing(connect(path, "mode=rw")) as connection:
            try:
                create_schema(connection, START, "")
                connection.execute("PRAGMA journal_mode = WAL")
            except sqlite3.Error as error:
                raise fault_of(path, error) from error
        sync_folder(path.parent)


@contextmanager
def closing_lock(lock: WriterLock) -> Iterator[WriterLock]:
    """Releases a lock at the end of a block."""
    try:
        yield lock
    finally:
        lock.release()


def open_journal(
    path: Path, *, take_over: bool = False, bytes_max: int | None = None, commit: Commit = commit_durably
) -> SqliteJournal:
    """Opens a journal for writing.

    Units: bytes_max bounds the live file. `take_over` takes the lock from a frozen process; see `lock.hold`.
    Errors: JournalUnavailable when there is none, another process holds it, its file system is a network's, or a
    `-wal` file of another database is beside it; JournalBroken when it is none or its end is damaged.
    """
    refuse_network(path.parent)
    check_there(path)
    lock = hold(path, take_over=take_over)
    try:
        _refuse_stale_wal(path, lock)
        return _opened_for_writing(path, lock, bytes_max, commit)
    except JournalFault:
        lock.release()
        raise


def _refuse_stale_wal(path: Path, lock: WriterLock) -> None:
    """Passes when the `-wal` file beside a journal was written for it, and not for one that stood here before."""
    if not size_of(side_file(path, "-wal")) or not lock.runs:
        return
    run = run_in_main_file(path)
    if run is not None and run not in lock.runs:
        raise JournalUnavailable(
            f"{path}-wal was not written for this {path.name}, as when a backup was put over a journal that did not "
            f"end in good order: move {path.name}-wal and {path.name}-shm away, then start again"
        )


def _opened_for_writing(path: Path, lock: WriterLock, bytes_max: int | None, commit: Commit) -> SqliteJournal:
    connection = connect(path, "mode=rw")
    reader = None
    try:
        check_schema(connection, path)
        _set_up(connection, path)
        if bytes_max is not None:
            connection.execute(f"PRAGMA max_page_count = {max(1, bytes_max // DISK_PAGE_BYTES)}")
        reader = SqliteReader(open_file(path, READ_ONLY))
        check_end(reader)
        if checkpoint(connection, "TRUNCATE"):
            lock.note_runs(reader.run())
        return SqliteJournal(connection, reader, lock, commit)
    except (JournalFault, sqlite3.Error) as error:
        if reader is not None:
            reader.close()
        connection.close()
        raise fault_of(path, error) if isinstance(error, sqlite3.Error) else error from error


def _set_up(connection: sqlite3.Connection, path: Path) -> None:
    (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        raise JournalUnavailable(f"{path} cannot have a -wal file here (its mode stays {mode}): move it elsewhere")
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
