"""The memory of a grid: a fold of its notes."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from flatbook.events.grid import GridHeld, GridHold, GridLaid, GridLocked, GridNote, GridStopped
from flatbook.values.ids import InstrumentId, OwnerId
from flatbook.values.lattice import Lattice
from flatbook.values.money import Price

GridKey = tuple[OwnerId, InstrumentId]


class GridMemory(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a grid knows of itself.

    `lattices` are the present one and then those before it in which slots still held something, newest first.
    Units: `tick` is the price that lattices and the range of a stop count in, in quote per base; None where nobody
    noted it.
    """

    lattices: tuple[Lattice, ...] = ()
    tick: Price | None = None
    hold: GridHold | None = None
    lock: GridLocked | None = None
    stop: GridStopped | None = None


def remembered(memory: GridMemory, event: GridNote) -> GridMemory:
    """Returns the memory after a note."""
    if isinstance(event, GridLaid):
        return replace(memory, lattices=(event.lattice, *event.kept), tick=event.tick)
    if isinstance(event, GridHeld):
        return replace(memory, hold=event.reason)
    if isinstance(event, GridLocked):
        return replace(memory, lock=event)
    return replace(memory, stop=event if isinstance(event, GridStopped) else None)


def fold_grid(notes: dict[GridKey, GridMemory], event: GridNote) -> None:
    """Adds a note to what its grid remembers."""
    key = (event.owner, event.instrument)
    notes[key] = remembered(notes.get(key) or GridMemory(), event)
