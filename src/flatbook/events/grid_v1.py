"""Notes of the grid in forms that are no longer written. Journals hold them: they are read, and lifted by `codec`."""

from __future__ import annotations

from typing import Any

from flatbook.events.event import Event
from flatbook.events.grid import GridLaid
from flatbook.values.ids import InstrumentId, OwnerId
from flatbook.values.instants import Instant
from flatbook.values.lattice import Lattice


class GridLaidV1(Event, frozen=True, kw_only=True, tag="grid_laid"):
    """Levels that were laid, of before it was said in which tick they are counted."""

    owner: OwnerId
    instrument: InstrumentId
    lattice: Lattice
    kept: tuple[Lattice, ...]
    decided_at: Instant


def lift_laid(event: Any) -> GridLaid:
    """Returns the present form: of which price a tick was is not known."""
    return GridLaid(
        owner=event.owner,
        instrument=event.instrument,
        lattice=event.lattice,
        kept=event.kept,
        tick=None,
        decided_at=event.decided_at,
    )
