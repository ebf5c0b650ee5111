"""Folding the journal into projections that keep their rows by key; the rows of a prefix make the past."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, ClassVar, Generic, NamedTuple, Protocol, TypeVar

import msgspec

from flatbook.engine.ports import Row
from flatbook.events import chain, control, orders
from flatbook.events.codec import tag_of
from flatbook.events.event import Event
from flatbook.events.refs import ref_of
from flatbook.values.ids import EventRef, Seq
from flatbook.values.instants import Instant

R = TypeVar("R", bound=msgspec.Struct)


class Recorded(NamedTuple):
    """One event with its sequence number and the instant at which its commit was made."""

    seq: Seq
    at: Instant
    event: Event


def recorded(rows: Iterable[Row]) -> Iterator[Recorded]:
    """Yields the events of the rows in order."""
    for row in rows:
        for offset, event in enumerate(row.events):
            yield Recorded(Seq(row.first + offset), row.at, event)


class Table(Generic[R]):
    """The rows of a projection by key, which of them are not stored yet, and how far it has folded."""

    def __init__(self) -> None:
        self.rows: dict[str, R] = {}
        self.changed: dict[str, None] = {}
        self.last = Seq(0)

    def put(self, key: str, row: R) -> None:
        """Writes a row over whatever stood under its key."""
        self.rows[key] = row
        self.changed[key] = None

    def drop(self, key: str) -> R | None:
        """Removes a row and returns it; None when there was none."""
        row = self.rows.pop(key, None)
        if row is not None:
            self.changed[key] = None
        return row

    def changes(self) -> dict[str, R | None]:
        """Returns the rows written (None: removed) since they were last stored."""
        return {key: self.rows.get(key) for key in self.changed}

    def mark_stored(self) -> None:
        """Notes that the changes stand in the store."""
        self.changed = {}


class Projection(Protocol):
    """A fold of the journal whose whole memory is its table.

    `VERSION` rises whenever the same journal would give other rows; `ROWS` is the type that decodes one.
    """

    NAME: ClassVar[str]
    VERSION: ClassVar[int]
    ROWS: ClassVar[Any]
    table: Table[Any]

    def apply(self, item: Recorded) -> None:
        """Folds one event."""
        ...

    def restore(self, key: str, row: Any) -> None:
        """Takes back a row as it was stored."""
        ...


M = TypeVar("M", bound=Projection)


def fold(projection: M, rows: Iterable[Row]) -> M:
    """Folds the rows into a projection and returns it.

    Needs: the rows follow what the projection has folded already.
    """
    for item in recorded(rows):
        projection.apply(item)
        projection.table.last = item.seq
    return projection


def fold_all(projections: Sequence[Projection], rows: Iterable[Row]) -> None:
    """Folds the rows into several projections in one pass."""
    for item in recorded(rows):
        for projection in projections:
            projection.apply(item)
            projection.table.last = item.seq


def identity_of(item: Recorded) -> EventRef:
    """Returns the reference under which an event is cited: its outside identity, or its tag and sequence number."""
    event = item.event
    if (ref := ref_of(event)) is not None:
        return ref
    if isinstance(event, chain.GasSpent):
        return EventRef(f"gas:{event.chain}:{event.tx}")
    if isinstance(event, control.PositionOverwritten):
        return EventRef(f"overwritten:{event.account}:{event.instrument}:{event.decided_at}")
    if isinstance(event, orders.ForeignAssigned):
        return EventRef(f"assigned:{event.account}:{event.instrument}:{event.decided_at}")
    if isinstance(event, control.FlattenIntended):
        return EventRef(f"flatten:{event.owner}:{event.underlying}:{event.decided_at}")
    return EventRef(f"{tag_of(type(event))}@{item.seq}")
