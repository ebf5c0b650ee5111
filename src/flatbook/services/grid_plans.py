"""What a grid of a desk would do now, by the decision that the engine would make, and what its slots hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from flatbook.engine.quoting import SeatView
from flatbook.engine.rules import Rules, SeatRules
from flatbook.engine.turn import Turn
from flatbook.engine.wakes import Wakes
from flatbook.market.orderbook import Touch
from flatbook.market.quotes import Market
from flatbook.ops.config import Loaded
from flatbook.ops.config_rules import rules_of
from flatbook.services.live_grids import grid_seats
from flatbook.state.desk import State
from flatbook.state.intents import CancelIntent, PlaceIntent
from flatbook.state.orders import Order
from flatbook.state.slots import SlotHeld
from flatbook.strategies.grid import decide
from flatbook.strategies.grid_terms import GridParams
from flatbook.values.ids import InstrumentId, OwnerId, Slot
from flatbook.values.instants import Instant
from flatbook.values.instruments import Instrument
from flatbook.values.lattice import level, place_of
from flatbook.values.money import ZERO, Money, Price, Quantity


class OneTouch:
    """The sights of a desk that was told one touch, and knows no bars."""

    def __init__(self, touch: Touch, at: Instant) -> None:
        self._touch, self._at = touch, at

    def touch(self, _instrument: InstrumentId) -> Touch | None:
        """Returns what was told."""
        return self._touch

    def observed_at(self, _instrument: InstrumentId) -> Instant | None:
        """Returns when it was told."""
        return self._at

    def feature(self, _owner: OwnerId, _name: str) -> float | None:
        """Returns None: bars begin anew with an engine as well."""
        return None


class GridPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What a grid would do with its orders: keep them, cancel them, and place others."""

    adopted: tuple[Order, ...]
    canceled: tuple[tuple[Order, CancelIntent], ...]
    placed: tuple[PlaceIntent, ...]
    notes: tuple[str, ...]


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


def seated(loaded: Loaded, owner: OwnerId) -> SeatRules | None:
    """Returns the seat of an owner's grid, None where the configuration has none."""
    return grid_seats(loaded.config).get(owner)


def rules_of_seat(loaded: Loaded, seat: SeatRules) -> Rules:
    """Returns the rules of a desk that has this seat and no other strategy."""
    return msgspec.structs.replace(rules_of(loaded, {}), hedges={}, seats={seat.seat.owner: seat})


def planned(state: State, rules: Rules, seat: SeatRules, touch: Touch, now: Instant) -> GridPlan:
    """Returns what a grid decides on a touch, and changes nothing. Units: touch in ticks.

    Gives: what the first decision of an engine would be that starts on this state and sees this touch.
    """
    turn = Turn(state, Market(OneTouch(touch, now)), Wakes(), now=now, rules=rules)
    view, params = SeatView(turn, seat), seat.seat.params
    assert isinstance(params, GridParams)
    decision = decide(view, params)
    cancels = {each.order_id: each for each in decision.intents if isinstance(each, CancelIntent)}
    standing = [order for order in view.orders(params.instrument.id) if order.slot is not None]
    return GridPlan(
        adopted=tuple(order for order in standing if order.order_id not in cancels),
        canceled=tuple((order, cancels[order.order_id]) for order in standing if order.order_id in cancels),
        placed=tuple(each for each in decision.intents if isinstance(each, PlaceIntent)),
        notes=tuple(type(note).__name__ for note in decision.notes),
    )


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
