"""The engines under one contract: how each is opened, filled, killed and tampered with."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Protocol

from flatbook.engine.ports import Journal
from flatbook.events.control import MarkSet
from flatbook.events.event import Event
from flatbook.journal.chain import Record
from flatbook.journal.memory import MemoryJournal, MemoryStore
from flatbook.journal.sqlite import create_journal, open_journal
from flatbook.sim.world.disk import DiskJournal, SimulatedDisk, frame_of, split_frames
from flatbook.sim.world.injection import Injection
from flatbook.values.ids import AssetId, Epoch, SourceId
from flatbook.values.instants import Instant
from flatbook.values.money import Price, parse_number

NOW = Instant(1_765_000_000_000_000_000)
EPOCH_OF_NOW = Epoch(187_163_200)


def mark(number: int) -> Event:
    """Returns a small event that differs by its number."""
    price = Price(parse_number(f"{number}.25"))
    return MarkSet(asset=AssetId("AAPL"), usd=price, source="config", marked_at=Instant(NOW + number))


def marks(first: int, last: int) -> tuple[Event, ...]:
    """Returns the events of the numbers from first to last."""
    return tuple(mark(number) for number in range(first, last + 1))


WAL_HEAD_BYTES, WAL_FRAME_BYTES = 32, 4120


def written_wal(path: Path) -> bytes:
    """Returns the `-wal` file of a journal up to the last frame of its log; the rest of it only keeps space."""
    whole = path.with_name(f"{path.name}-wal").read_bytes()
    end, salt = WAL_HEAD_BYTES, whole[16:24]
    while whole[end + 8 : end + 16] == salt:
        end += WAL_FRAME_BYTES
    return whole[:end]


def fill_journal(journal: Journal, *counts: int) -> Epoch:
    """Appends one row for each count, with as many events, numbered as their sequence, and the row's cursor."""
    epoch = journal.take_lease(NOW)
    for index, count in enumerate(counts):
        after = journal.last
        cursors = {SourceId("base"): str(1000 + index)}
        at = Instant(NOW + index)
        journal.append(marks(after + 1, after + count), after=after, epoch=epoch, cursors=cursors, at=at)
    return epoch


class Engine(Protocol):
    """An engine, with everything it has stored."""

    def open(self, *, bytes_max: int | None = None) -> Journal:
        """Opens a journal over the store, as a further process would that takes it over."""
        ...

    def edit(self, row: int, *, hash_: bytes | None = None, body: bytes | None = None) -> None:
        """Changes the stored hash or body of a row behind the journal's back."""
        ...

    def body(self, row: int) -> bytes:
        """Returns the stored body of a row."""
        ...

    def delete(self, row: int) -> None:
        """Removes a row behind the journal's back."""
        ...


class MemoryEngine:
    """The journal in memory: the store is what outlives a process."""

    def __init__(self) -> None:
        self.store = MemoryStore()

    def open(self, *, bytes_max: int | None = None) -> MemoryJournal:
        if bytes_max is not None:
            self.store.bytes_max = bytes_max
        return MemoryJournal(self.store)

    def edit(self, row: int, *, hash_: bytes | None = None, body: bytes | None = None) -> None:
        _, old_hash, old_body = self.store.records[row - 1]
        self.store.records[row - 1] = (row, old_hash if hash_ is None else hash_, old_body if body is None else body)

    def body(self, row: int) -> bytes:
        return self.store.records[row - 1][2]

    def delete(self, row: int) -> None:
        del self.store.records[row - 1]


class DiskEngine:
    """The journal on a simulated disk: the disk is what outlives a process."""

    def __init__(self) -> None:
        self.disk = SimulatedDisk(Injection("contract", {}, lambda _fault, _where: None))

    def open(self, *, bytes_max: int | None = None) -> DiskJournal:
        if bytes_max is not None:
            self.disk.bytes_max = bytes_max
        return DiskJournal(self.disk)

    def edit(self, row: int, *, hash_: bytes | None = None, body: bytes | None = None) -> None:
        frames = split_frames(self.disk.content())
        number, old_hash, old_body = frames[row - 1]
        frames[row - 1] = (number, old_hash if hash_ is None else hash_, old_body if body is None else body)
        self._store(frames)

    def body(self, row: int) -> bytes:
        return split_frames(self.disk.content())[row - 1][2]

    def delete(self, row: int) -> None:
        frames = split_frames(self.disk.content())
        del frames[row - 1]
        self._store(frames)

    def _store(self, frames: list[Record]) -> None:
        self.disk.synced = bytearray(b"".join(frame_of(record) for record in frames))


class SqliteEngine:
    """The journal in SQLite."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "journal.sqlite"
        self._opened: list[Journal] = []
        create_journal(self.path)

    def open(self, *, bytes_max: int | None = None) -> Journal:
        journal = open_journal(self.path, take_over=True, bytes_max=bytes_max)
        self._opened.append(journal)
        return journal

    def edit(self, row: int, *, hash_: bytes | None = None, body: bytes | None = None) -> None:
        statement = "UPDATE commits SET hash = coalesce(?, hash), body = coalesce(?, body) WHERE row = ?"
        self._execute(statement, hash_, body, row)

    def body(self, row: int) -> bytes:
        with closing(sqlite3.connect(self.path)) as connection:
            content: bytes = connection.execute("SELECT body FROM commits WHERE row = ?", (row,)).fetchone()[0]
        return content

    def delete(self, row: int) -> None:
        self._execute("DELETE FROM commits WHERE row = ?", row)

    def close(self) -> None:
        """Closes every journal that was opened."""
        for journal in self._opened:
            journal.close()

    def _execute(self, statement: str, *values: object) -> None:
        with closing(sqlite3.connect(self.path)) as connection, connection:
            assert connection.execute(statement, values).rowcount == 1
