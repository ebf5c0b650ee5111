"""One SQLite file of a journal: its schema, how it is opened, and how its records are found.

The live file and each archived segment have the same schema, so one reader serves both. A file states the link of
the chain that its first row continues from.
"""

from __future__ import annotations

import sqlite3
import struct
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec

from flatbook.engine.ports import JournalBroken, JournalFault, JournalUnavailable, Link
from flatbook.journal.chain import HEAD_BYTES, Record, bounds_of, broken
from flatbook.values.ids import Epoch, Seq
from flatbook.values.instants import Instant

APPLICATION_ID = 0x666C6274
SCHEMA_VERSION = 1
BUSY_TIMEOUT_S = 5
PAGE_ROWS = 256
SEGMENTS_MAX = 10_000

SCHEMA = {
    "journal": (
        "CREATE TABLE journal (one INTEGER PRIMARY KEY CHECK (one = 1), run TEXT NOT NULL, lease INTEGER NOT NULL, "
        "row INTEGER NOT NULL, last INTEGER NOT NULL, epoch INTEGER NOT NULL, hash BLOB NOT NULL)"
    ),
    "commits": "CREATE TABLE commits (row INTEGER PRIMARY KEY, hash BLOB NOT NULL, body BLOB NOT NULL)",
    "segments": (
        "CREATE TABLE segments (number INTEGER PRIMARY KEY, name TEXT NOT NULL, folder TEXT NOT NULL, "
        "row INTEGER NOT NULL, last INTEGER NOT NULL, epoch INTEGER NOT NULL, hash BLOB NOT NULL)"
    ),
}

_PEEK = f"SELECT row, hash, substr(body, 1, {HEAD_BYTES}) FROM commits"  # noqa: S608
_MALFORMED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


class Segment(msgspec.Struct, frozen=True, kw_only=True):
    """An archived part of a journal: its file, and where the chain stands at its end."""

    number: int
    name: str
    folder: str
    end: Link


def fault_of(path: Path, error: sqlite3.Error) -> JournalFault:
    """Returns the journal's word for an error of SQLite."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    name = getattr(error, "sqlite_errorname", type(error).__name__)
    if code in _MALFORMED:
        return JournalBroken(f"{path} is damaged or no journal: {error} ({name})")
    return JournalUnavailable(f"{path} cannot be used: {error} ({name})")


def side_file(path: Path, suffix: str) -> Path:
    """Returns the path of a file that SQLite keeps beside a journal, `-wal` or `-shm`, whatever link leads to it."""
    there = path.resolve()
    return there.with_name(there.name + suffix)


def size_of(path: Path) -> int:
    """Returns the size of a file; 0 when it is not there."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def connect(path: Path, access: str) -> sqlite3.Connection:
    """Opens a database without making it.

    Needs: `access` is `mode=rw`, `mode=ro`, or `mode=ro&immutable=1` for a file that nobody writes.
    Errors: JournalUnavailable, JournalBroken.
    """
    uri = f"{path.absolute().as_uri()}?{access}"
    try:
        connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=BUSY_TIMEOUT_S)
    except sqlite3.Error as error:
        raise fault_of(path, error) from error
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.text_factory = _lenient_text
    return connection


def _lenient_text(raw: bytes) -> str:
    """Reads a text that was written into the file from outside, so that the check of its row can refuse it."""
    return raw.decode(errors="replace")


def fetch(connection: sqlite3.Connection, path: Path, statement: str, *values: object) -> list[Any]:
    """Returns all rows of a statement.

    Errors: JournalUnavailable, JournalBroken.
    """
    try:
        return connection.execute(statement, values).fetchall()
    except sqlite3.Error as error:
        raise fault_of(path, error) from error


def create_schema(connection: sqlite3.Connection, start: Link, run: str) -> None:
    """Makes the tables of an empty file in one transaction: after a crash there are all of them or none.

    Errors: sqlite3.Error.
    """
    connection.execute("BEGIN IMMEDIATE")
    for statement in SCHEMA.values():
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    connection.execute("INSERT INTO journal VALUES (1, ?, 0, ?, ?, ?, ?)", (run, *start))
    connection.execute("COMMIT")


def check_schema(connection: sqlite3.Connection, path: Path) -> None:
    """Passes when a file is a journal of this version, with its tables and nothing else.

    Errors: JournalBroken when it is none, or has tables, triggers or views that we did not make; JournalUnavailable
    when another version wrote it.
    """
    ((application,),) = fetch(connection, path, "PRAGMA application_id")
    ((version,),) = fetch(connection, path, "PRAGMA user_version")
    if application != APPLICATION_ID:
        raise JournalBroken(f"{path} is no journal of flatbook: it is empty, truncated, or another program's file")
    if version != SCHEMA_VERSION:
        raise JournalUnavailable(f"{path} has schema {version}, this version reads {SCHEMA_VERSION}: use its version")
    found = dict(fetch(connection, path, "SELECT name, sql FROM sqlite_schema"))
    if found != SCHEMA:
        odd = sorted(name for name in {**found, **SCHEMA} if found.get(name) != SCHEMA.get(name))
        raise JournalBroken(f"{path} has a changed schema: expected {', '.join(SCHEMA)}, found a difference in {odd}")


class SqliteFile:
    """A connection to one file of a journal, for reading."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection

    def start(self) -> Link:
        """Returns the link that the first row of the file continues from."""
        return self._link(self._one("SELECT row, last, epoch, hash FROM journal"))

    def lease(self) -> tuple[Epoch, str]:
        """Returns the epoch and the run of the last lease."""
        lease, run = self._one("SELECT lease, run FROM journal")
        return lease, run

    def end(self) -> Link:
        """Returns the link at the last row of the file."""
        found = self._fetch(f"{_PEEK} ORDER BY row DESC LIMIT 1")
        return self._link_of(found[0]) if found else self.start()

    def link_at(self, row: int) -> Link:
        """Returns the link at a row of the file, or at the row before its first.

        Errors: JournalBroken when the row is missing.
        """
        start = self.start()
        return start if row == start.row else self._link_of(self._peek(row))

    def segments(self) -> list[Segment]:
        """Returns the archived parts before the first row of the file, in order."""
        rows = self._fetch("SELECT * FROM segments ORDER BY number LIMIT ?", SEGMENTS_MAX)
        return [Segment(number=row[0], name=row[1], folder=row[2], end=self._link(row[3:])) for row in rows]

    def page(self, row: int) -> list[Record]:
        """Returns the next records after a row, at most `PAGE_ROWS`; none at the end."""
        statement = "SELECT row, hash, body FROM commits WHERE row > ? ORDER BY row LIMIT ?"
        return self._fetch(statement, row, PAGE_ROWS)

    def pages(self, row: int) -> Iterator[list[Record]]:
        """Yields the records after a row, page by page; no lock is held between two pages."""
        while page := self.page(row):
            yield page
            row = page[-1][0]

    def row_beyond(self, after: Seq) -> int:
        """Returns the first row that is not wholly at or before an event; the row after the last when there is none."""
        return self._search(bisect_right, after, lambda first, last, _: max(first, last))

    def row_of_event(self, event: Seq) -> int:
        """Returns the row that holds an event; the row after the last when it is not reached yet."""
        return self._search(bisect_left, event, lambda _, last, __: last)

    def row_at(self, at: Instant) -> int:
        """Returns the first row later than an instant; approximate where the clock stepped back."""
        return self._search(bisect_right, at, lambda _, __, row_at: row_at)

    def close(self) -> None:
        """Closes the connection."""
        self._connection.close()

    def _search(self, bisect: Callable[..., int], wanted: int, key: Callable[[Seq, Seq, Instant], int]) -> int:
        rows = range(self.start().row + 1, self.end().row + 1)

        def key_of(row: int) -> int:
            first, last, _, at = self._bounds(self._peek(row))
            return key(first, last, at)

        return rows.start + bisect(rows, wanted, key=key_of)

    def _peek(self, row: int) -> Record:
        found = self._fetch(f"{_PEEK} WHERE row = ?", row)
        if not found:
            raise broken(row, 0, "a row is missing", expected=f"row {row}", found="none")
        record: Record = found[0]
        return record

    def _bounds(self, record: Any) -> tuple[Seq, Seq, Epoch, Instant]:
        try:
            return bounds_of(record[2])
        except (struct.error, TypeError) as error:
            raise broken(record[0], 0, "unreadable", expected="the head of a row", found=error) from error

    def _link_of(self, record: Any) -> Link:
        _, last, epoch, _ = self._bounds(record)
        return Link(record[0], last, epoch, record[1])

    def _link(self, values: tuple[Any, ...]) -> Link:
        link = Link(*values)
        if [type(value) for value in link] != [int, int, int, bytes]:
            raise JournalBroken(f"{self.path}: a link is unreadable: expected three numbers and a hash, found {link}")
        return link

    def _one(self, statement: str) -> Any:
        found = self._fetch(statement)
        if len(found) != 1:
            raise JournalBroken(f"{self.path}: the row that describes the journal is missing")
        return found[0]

    def _fetch(self, statement: str, *values: object) -> list[Any]:
        return fetch(self._connection, self.path, statement, *values)


def open_file(path: Path, access: str) -> SqliteFile:
    """Opens a file of a journal for reading, and checks that it is one.

    Errors: JournalUnavailable, JournalBroken.
    """
    connection = connect(path, access)
    try:
        check_schema(connection, path)
    except JournalFault:
        connection.close()
        raise
    return SqliteFile(path, connection)


def run_in_main_file(path: Path) -> str | None:
    """Returns the run that a journal's main file states by itself, as if there were no `-wal` beside it.

    Gives: None when the file cannot be read alone, as after a checkpoint that a crash cut short.
    """
    try:
        with closing(open_file(path, "mode=ro&immutable=1")) as file:
            return file.lease()[1]
    except JournalFault:
        return None
