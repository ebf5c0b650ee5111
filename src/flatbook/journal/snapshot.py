"""Snapshots: a cache of folded states, made by a process that folds the journal beside the engine.

A snapshot holds the bytes of a state, the event it stands at and the journal's hash there. One that the journal does
not bear out is passed over, so that deleting snapshots, keeping wrong ones, or having no place for them, costs time
and nothing else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import msgspec

from flatbook.engine.ports import JournalUnavailable, Row
from flatbook.journal.chain import Head
from flatbook.journal.files import make_folder, written_whole
from flatbook.values.ids import Seq, digest_text
from flatbook.values.instants import Instant

SNAPSHOTS_KEPT = 3
SNAPSHOT_SUFFIX = ".snapshot"

S = TypeVar("S")


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """A state of a fold after an event, and when that was committed. `fold` names the fold and its state's bytes."""

    fold: str
    seq: Seq
    at: Instant
    hash: bytes
    state: bytes


class Folded(msgspec.Struct, Generic[S], frozen=True, kw_only=True):
    """A state folded to the end of a journal, when that was committed, and how many rows after a snapshot it took."""

    state: S
    seq: Seq
    at: Instant | None
    rows: int
    from_snapshot: bool


class Fold(msgspec.Struct, Generic[S], frozen=True, kw_only=True):
    """What a snapshot needs to know of a fold; `name` changes whenever the bytes of the state change."""

    name: str
    initial: Callable[[], S]
    apply: Callable[[S, Row], S]
    encode: Callable[[S], bytes]
    decode: Callable[[bytes], S]


class ReadableJournal(Protocol):
    """What a snapshot needs of a journal."""

    def head(self) -> Head:
        """Returns the number of rows, the last sequence number and the last hash."""
        ...

    def read(self, after: Seq = Seq(0)) -> Iterator[Row]:
        """Streams the rows that are not wholly at or before `after`."""
        ...


def fold_journal(journal: ReadableJournal, folder: Path, fold: Fold[S], *, events_min: int = 1) -> Folded[S]:
    """Folds a journal from its newest snapshot on; keeps a new one where it ended after so many events or more.

    Errors: JournalBroken, JournalUnavailable; not when the snapshot cannot be written.
    """
    found = newest_snapshot(journal, folder, fold.name)
    state = fold.initial() if found is None else fold.decode(found.state)
    began, at = (Seq(0), None) if found is None else (found.seq, found.at)
    seq, rows, stands_at = began, 0, b""
    for row in journal.read() if found is None else rows_after(journal, found):
        state = fold.apply(state, row)
        seq, at, rows, stands_at = row.last, row.at, rows + 1, row.hash
    if at is not None and seq - began >= events_min:
        with suppress(JournalUnavailable):
            keep_snapshot(folder, Snapshot(fold=fold.name, seq=seq, at=at, hash=stands_at, state=fold.encode(state)))
    return Folded(state=state, seq=seq, at=at, rows=rows, from_snapshot=found is not None)


def rows_after(journal: ReadableJournal, snapshot: Snapshot) -> Iterator[Row]:
    """Yields the rows that follow a snapshot.

    Needs: the snapshot is one that `stands_in` the journal.
    Errors: JournalBroken.
    """
    rows = journal.read(snapshot.seq)
    for row in rows:
        if row.previous_hash == snapshot.hash:
            yield row
            yield from rows
            return


def stands_in(journal: ReadableJournal, snapshot: Snapshot) -> bool:
    """Returns whether the journal had the snapshot's hash at the snapshot's event.

    Errors: JournalBroken.
    """
    head = journal.head()
    if snapshot.seq == head.last and snapshot.hash.hex() == head.hash:
        return True
    for row in journal.read(snapshot.seq) if snapshot.seq <= head.last else ():
        if row.previous_hash == snapshot.hash:
            return True
        if row.last > snapshot.seq:
            return False
    return False


def newest_snapshot(journal: ReadableJournal, folder: Path, fold: str) -> Snapshot | None:
    """Returns the newest readable snapshot of a fold that stands in the journal; None when there is none.

    Errors: JournalBroken.
    """
    for path in reversed(_paths(folder, fold)):
        snapshot = _read(path)
        if snapshot is not None and snapshot.fold == fold and stands_in(journal, snapshot):
            return snapshot
    return None


def keep_snapshot(folder: Path, snapshot: Snapshot) -> Path:
    """Writes a snapshot, whole or not at all, and drops all but the newest `SNAPSHOTS_KEPT` of its fold.

    Errors: JournalUnavailable when it cannot be written.
    """
    content = msgspec.msgpack.encode(snapshot)
    path = folder / f"{_stem(snapshot.fold)}-{snapshot.seq:020d}{SNAPSHOT_SUFFIX}"
    make_folder(folder)
    with written_whole(path) as part:
        part.write_bytes(hashlib.sha256(content).digest() + content)
    for old in _paths(folder, snapshot.fold)[:-SNAPSHOTS_KEPT]:
        old.unlink(missing_ok=True)
    return path


def _paths(folder: Path, fold: str) -> list[Path]:
    return sorted(folder.glob(f"{_stem(fold)}-*{SNAPSHOT_SUFFIX}"))


def _stem(fold: str) -> str:
    return digest_text("fold", fold)[:16]


def _read(path: Path) -> Snapshot | None:
    try:
        content = path.read_bytes()
    except OSError:
        return None
    size = hashlib.sha256().digest_size
    if hashlib.sha256(content[size:]).digest() != content[:size]:
        return None
    try:
        return msgspec.msgpack.decode(content[size:], type=Snapshot)
    except msgspec.MsgspecError:
        return None
