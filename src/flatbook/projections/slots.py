"""The slots of grids as people and programs ask for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from flatbook.state.desk import State
from flatbook.state.grid import GridKey
from flatbook.state.orders import Order
from flatbook.state.slots import SlotHeld
from flatbook.values.ids import InstrumentId, OwnerId, Slot
from flatbook.values.instruments import Instrument
from flatbook.values.lattice import level, place_of
from flatbook.values.money import ZERO, Money, Price, Quantity


class SlotLine(msgspec.Struct, frozen=True, kw_only=True):
    """A slot of a grid: what it holds and earned, and the order that stands in it. Units: as in `SlotHeld`."""

    owner: OwnerId
    instrument: InstrumentId
    slot: Slot
    price: Price | None
    qty: Quantity
    cost: Money
    cycles: int
    profit: Money
    rejects: int
    order: Order | None

    @property
    def key(self) -> GridKey:
        """The grid that the slot is of."""
        return self.owner, self.instrument


def slot_lines(state: State, instruments: Mapping[InstrumentId, Instrument]) -> Iterator[SlotLine]:
    """Yields the slots of all grids that hold, earned or have an order, from the highest level to the lowest."""
    for owner, instrument in state.notes:
        lines = _ladder(state, owner, instrument, instruments.get(instrument))
        yield from sorted(lines, key=lambda line: (line.price is None, -(line.price or ZERO), line.slot))


def _ladder(state: State, owner: OwnerId, instrument: InstrumentId, known: Instrument | None) -> Iterator[SlotLine]:
    lattices = {each.number: each for each in state.notes[owner, instrument].lattices}
    held = state.slots.get((owner, instrument), {})
    orders = (state.orders[order_id] for order_id in state.open_orders)
    standing = {
        order.slot: order
        for order in orders
        if order.slot is not None and (order.owner, order.instrument) == (owner, instrument)
    }
    for slot in dict.fromkeys((*held, *standing)):
        row, place = held.get(slot) or SlotHeld(), place_of(slot)
        lattice = None if place is None else lattices.get(place[0])
        ticks = None if place is None or lattice is None else level(lattice, place[1])
        line = SlotLine(
            owner=owner,
            instrument=instrument,
            slot=slot,
            price=None if ticks is None or known is None else Price(ticks * known.rules.tick),
            qty=row.qty,
            cost=row.cost,
            cycles=row.cycles,
            profit=row.profit,
            rejects=row.rejects,
            order=standing.get(slot),
        )
        if line.qty or line.cycles or line.order is not None:
            yield line
