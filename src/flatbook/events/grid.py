"""Notes of the grid: where its levels lie, why it opens nothing, and what its slots were given."""

from __future__ import annotations

from enum import Enum

import msgspec

from flatbook.events.event import Event
from flatbook.values.ids import InstrumentId, OwnerId, Slot
from flatbook.values.instants import Instant
from flatbook.values.lattice import Lattice
from flatbook.values.money import Money, Price, Quantity


class GridHold(Enum):
    """Why a grid opens nothing, or less than it could. Exits are never held."""

    NO_BOOK = "no_book"
    HALTED = "halted"
    STOPPED = "stopped"
    LOCKED = "locked"
    NO_PROFIT = "no_profit"
    BELOW_MINIMUM = "below_minimum"
    INVENTORY_FULL = "inventory_full"
    NO_FUNDS = "no_funds"
    CROSSES_OWN = "crosses_own"
    ORDERS_FULL = "orders_full"


class RangeEnd(Enum):
    """At which end of its range a grid stopped."""

    LOW = "low"
    HIGH = "high"


class GridLaid(Event, frozen=True, kw_only=True, tag="grid_laid_v2"):
    """The levels of a grid were laid: at its start, or anew with another step.

    `kept` are the lattices before it in which slots still hold something, newest first: what they hold leaves at the
    target it was opened with.
    Units: `tick` is the price that all of them count in, in quote per base; None where nobody noted it.
    """

    owner: OwnerId
    instrument: InstrumentId
    lattice: Lattice
    kept: tuple[Lattice, ...]
    tick: Price | None
    decided_at: Instant


class GridHeld(Event, frozen=True, kw_only=True, tag="grid_held"):
    """A grid opens nothing, or less than it could, and why. `None` ends the note."""

    owner: OwnerId
    instrument: InstrumentId
    reason: GridHold | None
    decided_at: Instant


class GridLocked(Event, frozen=True, kw_only=True, tag="grid_locked"):
    """A grid opens nothing for a while, because an order of it was turned down.

    `short`: for want of funds. `times` counts locks that followed on each other; each is twice as long.
    """

    owner: OwnerId
    instrument: InstrumentId
    short: bool
    times: int
    until: Instant
    decided_at: Instant


class GridStopped(Event, frozen=True, kw_only=True, tag="grid_stopped"):
    """The price left the range of a grid. Units: low and high in ticks, None where there is no end on that side."""

    owner: OwnerId
    instrument: InstrumentId
    end: RangeEnd
    low: int | None
    high: int | None
    decided_at: Instant


class GridResumed(Event, frozen=True, kw_only=True, tag="grid_resumed"):
    """A stopped grid was given another range, and the price lies within it."""

    owner: OwnerId
    instrument: InstrumentId
    decided_at: Instant


class SlotShare(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a slot holds from now on. Units: qty in contracts, signed; cost in quote, signed."""

    slot: Slot
    qty: Quantity
    cost: Money


class GridSlotsAssigned(Event, frozen=True, kw_only=True, tag="grid_slots_assigned"):
    """Slots were made to hold the position of their owner, which orders of the grid alone do not explain.

    Each named slot holds what its share states, and nothing of what it held before.
    """

    owner: OwnerId
    instrument: InstrumentId
    shares: tuple[SlotShare, ...]
    decided_at: Instant


GridNote = GridLaid | GridHeld | GridLocked | GridStopped | GridResumed
