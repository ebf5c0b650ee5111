"""What a grid of a desk would do now, by the decision that the engine would make, and what its slots hold."""

from __future__ import annotations

import msgspec

from flatbook.engine.quoting import seat_view
from flatbook.engine.rules import Rules, SeatRules
from flatbook.engine.turn import Turn
from flatbook.engine.wakes import Wakes
from flatbook.events.event import Event
from flatbook.events.grid import GridHeld
from flatbook.market.orderbook import Touch
from flatbook.market.quotes import Market
from flatbook.ops.config import Loaded
from flatbook.ops.config_rules import rules_of
from flatbook.ops.config_seats import grid_seats
from flatbook.state.desk import State
from flatbook.state.intents import CancelIntent, PlaceIntent
from flatbook.state.orders import Order
from flatbook.strategies.grid import decide
from flatbook.strategies.grid_terms import GridParams
from flatbook.values.ids import InstrumentId, OwnerId
from flatbook.values.instants import Instant


class OneTouch:
    """The sights of a desk that was told one touch, and knows no bars."""

    def __init__(self, touch: Touch, at: Instant) -> None:
        self._touch, self._at = touch, at

    def touch(self, _instrument: InstrumentId) -> Touch | None:
        """Returns what was told."""
        return self._touch

    def touch_since(self, _instrument: InstrumentId, _after: Instant) -> Touch | None:
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
    view, params = seat_view(turn, seat), seat.seat.params
    assert isinstance(params, GridParams)
    decision = decide(view, params)
    cancels = {each.order_id: each for each in decision.intents if isinstance(each, CancelIntent)}
    standing = [order for order in view.orders(params.instrument.id) if order.slot is not None]
    return GridPlan(
        adopted=tuple(order for order in standing if order.order_id not in cancels),
        canceled=tuple((order, cancels[order.order_id]) for order in standing if order.order_id in cancels),
        placed=tuple(each for each in decision.intents if isinstance(each, PlaceIntent)),
        notes=tuple(_note_text(note) for note in decision.notes),
    )


def _note_text(note: Event) -> str:
    """Returns the name of a note, and what holds the grid back; without a reason, nothing does any more."""
    if not isinstance(note, GridHeld):
        return type(note).__name__
    return f"GridHeld ({'over' if note.reason is None else note.reason.value})"
