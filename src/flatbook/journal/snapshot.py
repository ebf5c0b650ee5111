"""Snapshots: a cache of folded states, made by a process that folds the journal beside the engine.

A snapshot holds the bytes of a state and where the journal's chain stood then. One that the journal does not bear out
is passed over, so that deleting snapshots, keeping wrong ones, or having no place for them, costs time and nothing
else. The first word of a fold's name is its kind: what another version kept of the same kind is in the way, and goes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import msgspec

from flatbook.engine.ports import JournalUnavailable, Link, Row
from flatbook.journal.chain import START, Head, head_of_link
from flatbook.journal.files import make_folder, written_whole
from flatbook.values.ids import Seq, digest_text
from flatbook.values.instants import Instant

SNAPSHOTS_KEPT = 3
SNAPSHOT_SUFFIX = ".snapshot"

S = TypeVar("S")


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """A state of a fold after a row, and when that was committed. `fold` names the fold and its state's bytes."""

    fold: str
    link: Link
    at: Instant
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
    began, at = (START, None) if found is None else (found.link, found.at)
    link = began
    for row in journal.read() if found is None else rows_after(journal, found):
        state = fold.apply(state, row)
        link, at = Link(link.row + 1, row.last, row.epoch, row.hash), row.at
    if at is not None and link.last - began.last >= events_min:
        with suppress(JournalUnavailable):
            keep_snapshot(folder, Snapshot(fold=fold.name, link=link, at=at, state=fold.encode(state)))
    rows = link.row - began.row
    return Folded(state=state, seq=link.last, at=at, rows=rows, from_snapshot=found is not None)


def rows_after(journal: ReadableJournal, snapshot: Snapshot) -> Iterator[Row]:
    """Yields the rows that follow a snapshot.

    Needs: the snapshot is one that `stands_in` the journal.
    Errors: JournalBroken.
    """
    rows = journal.read(snapshot.link.last)
    for row in rows:
        if row.previous_hash == snapshot.link.hash:
            yield row
            yield from rows
            return


def stands_in(journal: ReadableJournal, snapshot: Snapshot) -> bool:
    """Returns whether the journal had the snapshot's hash at the snapshot's event.

    Errors: JournalBroken.
    """
    head, link = journal.head(), snapshot.link
    if head_of_link(link) == head:
        return True
    for row in journal.read(link.last) if link.last <= head.last else ():
        if row.previous_hash == link.hash:
            return True
        if row.last > link.last:
            return False
    return False


def newest_snapshot(journal: ReadableJournal, folder: Path, fold: str) -> Snapshot | None:
    """Returns the newest readable snapshot of a fold that stands in the journal; None when there is none.

    Errors: JournalBroken.
    """
    for path in snapshots_of(folder, fold):
        snapshot = read_snapshot(path, fold)
        if snapshot is not None and stands_in(journal, snapshot):
            return snapshot
    return None


def snapshots_of(folder: Path, fold: str) -> list[Path]:
    """Returns the files of a fold's snapshots, newest first."""
    return sorted(folder.glob(f"{_stem(fold)}-*{SNAPSHOT_SUFFIX}"), reverse=True)


def snapshots_of_others(folder: Path, fold: str) -> list[Path]:
    """Returns the files of the same kind that another version has kept."""
    own = snapshots_of(folder, fold)
    return sorted(path for path in folder.glob(f"{_kind(fold)}-*{SNAPSHOT_SUFFIX}") if path not in own)


def read_snapshot(path: Path, fold: str) -> Snapshot | None:
    """Returns the snapshot in a file; None when it is not there, was damaged, or is of another fold."""
    try:
        content = memoryview(path.read_bytes())
    except OSError:
        return None
    size = hashlib.sha256().digest_size
    if hashlib.sha256(content[size:]).digest() != content[:size]:
        return None
    try:
        snapshot = msgspec.msgpack.decode(content[size:], type=Snapshot)
    except msgspec.MsgspecError:
        return None
    return snapshot if snapshot.fold == fold else None


def keep_snapshot(folder: Path, snapshot: Snapshot) -> Path:
    """Writes a snapshot, whole or not at all, and drops all of its kind but the newest `SNAPSHOTS_KEPT` of its fold.

    Errors: JournalUnavailable when it cannot be written.
    """
    content = msgspec.msgpack.encode(snapshot)
    path = folder / f"{_stem(snapshot.fold)}-{snapshot.link.last:020d}{SNAPSHOT_SUFFIX}"
    make_folder(folder)
    with written_whole(path) as part, part.open("wb") as file:
        file.write(hashlib.sha256(content).digest())
        file.write(content)
    for old in snapshots_of(folder, snapshot.fold)[SNAPSHOTS_KEPT:] + snapshots_of_others(folder, snapshot.fold):
        with suppress(OSError):
            old.unlink()
    return path


def _kind(fold: str) -> str:
    return fold.partition(" ")[0]


def _stem(fold: str) -> str:
    return f"{_kind(fold)}-{digest_text('fold', fold)[:16]}"
