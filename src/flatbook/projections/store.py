"""Projections kept in one SQLite file: their rows and their position are written in one transaction.

The file is a cache. It may be deleted at any time; a projection whose version or whose place in the journal does not
fit what is stored is folded anew.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

import msgspec

from flatbook.engine.ports import Row
from flatbook.projections.fold import Projection, fold
from flatbook.values.ids import Seq

COMMITS_PER_SAVE_MAX = 1_000
LOCK_WAIT_S = 5

_SCHEMA = """
CREATE TABLE IF NOT EXISTS positions (name TEXT PRIMARY KEY, version INTEGER, last INTEGER, hash BLOB) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS rows (name TEXT, key TEXT, row BLOB, PRIMARY KEY (name, key)) WITHOUT ROWID;
"""

M = TypeVar("M", bound=Projection)
Read = Callable[[Seq], Iterable[Row]]


class StoreUnusable(Exception):
    """The file cannot be opened as a store of projections. It is a cache: deleting it loses nothing."""


class ProjectionStore:
    """The stored rows of projections. One process writes at a time.

    Errors: StoreUnusable when the file is no such store or cannot be written.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._db = sqlite3.connect(path, isolation_level=None, timeout=LOCK_WAIT_S)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            self._db.executescript(_SCHEMA)
        except sqlite3.DatabaseError as error:
            raise StoreUnusable(f"{path} is no store of projections ({error}): delete it, it is a cache") from error

    def position(self, projection: Projection) -> tuple[Seq, bytes]:
        """Returns how far a projection is stored, and the hash of the commit that this sequence number ended.

        Gives: zero and no hash when nothing is stored, or another version of the projection.
        """
        query = "SELECT version, last, hash FROM positions WHERE name = ?"
        found = self._db.execute(query, (projection.NAME,)).fetchone()
        if found is None or found[0] != projection.VERSION:
            return Seq(0), b""
        return Seq(found[1]), bytes(found[2])

    def load(self, projection: Projection) -> None:
        """Fills an empty projection with its stored rows and position."""
        decode = msgspec.msgpack.Decoder(projection.ROWS).decode
        query = "SELECT key, row FROM rows WHERE name = ? ORDER BY key"
        with _Transaction(self._db, "BEGIN"):
            projection.table.last, _ = self.position(projection)
            if projection.table.last:
                for key, row in self._db.execute(query, (projection.NAME,)):
                    projection.restore(key, decode(row))

    def save(self, projection: Projection, commit_hash: bytes) -> None:
        """Writes the changed rows of a projection and its position in one transaction.

        Needs: `commit_hash` is the hash of the commit whose last event the projection has just folded.
        """
        changes = projection.table.changes()
        encode = msgspec.msgpack.Encoder().encode
        written = [(projection.NAME, key, encode(row)) for key, row in changes.items() if row is not None]
        removed = [(projection.NAME, key) for key, row in changes.items() if row is None]
        place = (projection.NAME, projection.VERSION, projection.table.last, commit_hash)
        with _Transaction(self._db):
            self._db.executemany("REPLACE INTO rows VALUES (?, ?, ?)", written)
            self._db.executemany("DELETE FROM rows WHERE name = ? AND key = ?", removed)
            self._db.execute("REPLACE INTO positions VALUES (?, ?, ?, ?)", place)
        projection.table.mark_stored()

    def drop(self, projection: Projection) -> None:
        """Forgets all that is stored of a projection."""
        with _Transaction(self._db):
            self._db.execute("DELETE FROM rows WHERE name = ?", (projection.NAME,))
            self._db.execute("DELETE FROM positions WHERE name = ?", (projection.NAME,))

    def close(self) -> None:
        """Closes the file."""
        self._db.close()


class _Transaction:
    """Commits what happens inside, or rolls it back when it raises."""

    def __init__(self, db: sqlite3.Connection, begin: str = "BEGIN IMMEDIATE") -> None:
        self._db = db
        self._begin = begin

    def __enter__(self) -> None:
        self._db.execute(self._begin)

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self._db.execute("COMMIT" if kind is None else "ROLLBACK")


def catch_up(store: ProjectionStore, new: Callable[[], M], read: Read) -> M:
    """Returns a projection of the whole journal, from what is stored and what came since, and stores it.

    Needs: `read(after)` streams the commits whose last event is beyond `after`.
    Gives: a projection folded anew where the stored one belongs to another version or another journal.
    """
    projection = new()
    last, stored_hash = store.position(projection)
    commits = _beyond(read, last, stored_hash)
    if last and commits is not None:
        store.load(projection)
    else:
        store.drop(projection)
        commits = iter(read(Seq(0)))
    waiting: list[Row] = []
    for commit in commits:
        waiting += [commit] if commit.events else []
        if len(waiting) == COMMITS_PER_SAVE_MAX:
            _save(store, fold(projection, waiting), waiting)
            waiting = []
    if waiting:
        _save(store, fold(projection, waiting), waiting)
    return projection


def _save(store: ProjectionStore, projection: Projection, folded: list[Row]) -> None:
    store.save(projection, folded[-1].hash)


def _beyond(read: Read, last: Seq, stored_hash: bytes) -> Iterable[Row] | None:
    """Returns the commits behind the stored one; None when the journal has no such commit at that place."""
    if not last:
        return None
    commits = iter(read(Seq(last - 1)))
    stored = next((commit for commit in commits if commit.events), None)
    return commits if stored is not None and stored.last == last and stored.hash == stored_hash else None
