"""Read models kept in one SQLite file: their rows and their position are written in one transaction.

The file is a cache. It may be deleted at any time; a read model whose version or whose place in the journal does not
fit what is stored is folded anew.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

import msgspec

from flatbook.engine.ports import Row
from flatbook.projections.fold import ReadModel, fold
from flatbook.values.ids import Seq

COMMITS_PER_SAVE_MAX = 1_000
LOCK_WAIT_S = 5

_SCHEMA = """
CREATE TABLE IF NOT EXISTS positions (model TEXT PRIMARY KEY, version INTEGER, last INTEGER, hash BLOB) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS rows (model TEXT, key TEXT, row BLOB, PRIMARY KEY (model, key)) WITHOUT ROWID;
"""

M = TypeVar("M", bound=ReadModel)
Read = Callable[[Seq], Iterable[Row]]


class ProjectionStore:
    """The stored rows of read models. One process writes at a time."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None, timeout=LOCK_WAIT_S)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(_SCHEMA)

    def position(self, model: ReadModel) -> tuple[Seq, bytes]:
        """Returns how far a read model is stored, and the hash of the commit that this sequence number ended.

        Gives: zero and no hash when nothing is stored, or another version of the model.
        """
        found = self._db.execute("SELECT version, last, hash FROM positions WHERE model = ?", (model.NAME,)).fetchone()
        if found is None or found[0] != model.VERSION:
            return Seq(0), b""
        return Seq(found[1]), bytes(found[2])

    def load(self, model: ReadModel) -> None:
        """Fills an empty read model with its stored rows and position."""
        model.table.last, _ = self.position(model)
        decoder = msgspec.msgpack.Decoder(model.ROWS)
        if model.table.last:
            for key, row in self._db.execute("SELECT key, row FROM rows WHERE model = ? ORDER BY key", (model.NAME,)):
                model.restore(key, decoder.decode(row))

    def save(self, model: ReadModel, commit_hash: bytes) -> None:
        """Writes the changed rows of a read model and its position in one transaction.

        Needs: `commit_hash` is the hash of the commit whose last event the model has just folded.
        """
        changes = model.table.take_changes()
        encode = msgspec.msgpack.Encoder().encode
        written = [(model.NAME, key, encode(row)) for key, row in changes.items() if row is not None]
        removed = [(model.NAME, key) for key, row in changes.items() if row is None]
        place = (model.NAME, model.VERSION, model.table.last, commit_hash)
        with _Transaction(self._db):
            self._db.executemany("REPLACE INTO rows VALUES (?, ?, ?)", written)
            self._db.executemany("DELETE FROM rows WHERE model = ? AND key = ?", removed)
            self._db.execute("REPLACE INTO positions VALUES (?, ?, ?, ?)", place)

    def drop(self, model: ReadModel) -> None:
        """Forgets all that is stored of a read model."""
        with _Transaction(self._db):
            self._db.execute("DELETE FROM rows WHERE model = ?", (model.NAME,))
            self._db.execute("DELETE FROM positions WHERE model = ?", (model.NAME,))

    def close(self) -> None:
        """Closes the file."""
        self._db.close()


class _Transaction:
    """Commits what happens inside, or rolls it back when it raises."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def __enter__(self) -> None:
        self._db.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self._db.execute("COMMIT" if kind is None else "ROLLBACK")


def catch_up(store: ProjectionStore, new_model: Callable[[], M], read: Read) -> M:
    """Returns a read model that has folded the whole journal, from what is stored and what came since, and stores it.

    Needs: `read(after)` streams the commits whose last event is beyond `after`.
    Gives: a model folded anew where the stored one belongs to another version or another journal.
    """
    model = new_model()
    last, stored_hash = store.position(model)
    commits = _beyond(read, last, stored_hash)
    if last and commits is not None:
        store.load(model)
    else:
        store.drop(model)
        commits = iter(read(Seq(0)))
    waiting: list[Row] = []
    for commit in commits:
        waiting += [commit] if commit.events else []
        if len(waiting) == COMMITS_PER_SAVE_MAX:
            _save(store, fold(model, waiting), waiting)
            waiting = []
    if waiting:
        _save(store, fold(model, waiting), waiting)
    return model


def _save(store: ProjectionStore, model: ReadModel, folded: list[Row]) -> None:
    store.save(model, folded[-1].hash)


def _beyond(read: Read, last: Seq, stored_hash: bytes) -> Iterable[Row] | None:
    """Returns the commits behind the stored one; None when the journal has no such commit at that place."""
    if not last:
        return None
    commits = iter(read(Seq(last - 1)))
    stored = next(commits, None)
    return commits if stored is not None and stored.last == last and stored.hash == stored_hash else None
