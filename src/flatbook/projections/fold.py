"""Folding the journal into projections; the rows of a prefix make the past."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol, TypeVar

from flatbook.engine.ports import Row
from flatbook.events import chain, control, orders
from flatbook.events.codec import name_of
from flatbook.events.event import Event
from flatbook.events.refs import ref_of
from flatbook.values.ids import EventRef, Seq
from flatbook.values.instants import Instant


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


class Projection(Protocol):
    """A fold of the journal."""

    def apply(self, item: Recorded) -> None:
        """Folds one event."""
        ...


M = TypeVar("M", bound=Projection)


def fold(projection: M, rows: Iterable[Row]) -> M:
    """Folds the rows into a projection and returns it.

    Needs: the rows follow what the projection has folded already.
    """
    for item in recorded(rows):
        projection.apply(item)
    return projection


def fold_all(projections: Sequence[Projection], rows: Iterable[Row]) -> None:
    """Folds the rows into several projections in one pass."""
    folds = [projection.apply for projection in projections]
    for item in recorded(rows):
        for apply in folds:
            apply(item)


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
    return EventRef(f"{name_of(type(event))}@{item.seq}")
