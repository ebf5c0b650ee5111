"""One literal note of each kind that a grid writes."""

from __future__ import annotations

from decimal import Decimal

from flatbook.events import grid, grid_v1
from flatbook.events.event import Event
from flatbook.values.ids import InstrumentId, OwnerId, Slot
from flatbook.values.instants import Instant
from flatbook.values.lattice import Lattice, Spacing
from flatbook.values.money import Money, Price, Quantity

AT = Instant(1_764_685_800_123_456_789)  # 2025-12-02T14:30:00.123456789Z
DESK, PERP = OwnerId("desk"), InstrumentId("BTCUSDT@futures")
WIDE = Lattice(number=2, spacing=Spacing.ARITHMETIC, anchor=4_500_000, step=1_600)
NARROW = Lattice(number=1, spacing=Spacing.GEOMETRIC, anchor=4_500_000, step=2_500)

GRID: tuple[Event, ...] = (
    grid_v1.GridLaidV1(owner=DESK, instrument=PERP, lattice=WIDE, kept=(NARROW,), decided_at=AT),
    grid.GridLaid(
        owner=DESK, instrument=PERP, lattice=WIDE, kept=(NARROW,), tick=Price(Decimal("0.10")), decided_at=AT
    ),
    grid.GridHeld(owner=DESK, instrument=PERP, reason=grid.GridHold.NO_BOOK, decided_at=AT),
    grid.GridLocked(
        owner=DESK, instrument=PERP, short=True, times=3, until=Instant(AT + 40_000_000_001), decided_at=AT
    ),
    grid.GridStopped(owner=DESK, instrument=PERP, end=grid.RangeEnd.LOW, low=3_999_999, high=None, decided_at=AT),
    grid.GridResumed(owner=DESK, instrument=PERP, decided_at=AT),
    grid.GridSlotsAssigned(
        owner=DESK,
        instrument=PERP,
        shares=(
            grid.SlotShare(slot=Slot("2:1"), qty=Quantity(Decimal("0.00066668")), cost=Money(Decimal("30.000600"))),
            grid.SlotShare(slot=Slot("1:-3"), qty=Quantity(Decimal(0)), cost=Money(Decimal(0))),
        ),
        decided_at=AT,
    ),
)
