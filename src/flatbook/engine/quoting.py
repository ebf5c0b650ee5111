"""Asks the strategy of a seat on what is observed, and books what risk approves of its intents.

The same code runs in a backtest, on paper and live: who keeps the sights differs, and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec
from msgspec.structs import replace

from flatbook.engine.ahead import NOTHING_AHEAD, Ahead, next_order_id, orders_of, room_of
from flatbook.engine.book_intents import book_place, book_refused
from flatbook.engine.rules import SeatRules, Traded
from flatbook.engine.turn import Turn
from flatbook.events.control import Severity
from flatbook.events.orders import CancelReason
from flatbook.market.orderbook import Touch
from flatbook.market.sights import Sights
from flatbook.risk.limits import ORDER_RATE_WINDOW_S
from flatbook.risk.quote_checks import Room, first_broken, passes_plainly
from flatbook.state.desk import State
from flatbook.state.halts import halt_over, kill_over
from flatbook.state.intents import CancelIntent, Intent, PlaceIntent
from flatbook.state.orders import Order
from flatbook.state.positions import DayResult, NetKey, TurnedDown
from flatbook.state.slots import SlotHeld
from flatbook.state.stops import stop_over
from flatbook.strategies.quoting import Stop
from flatbook.values.ids import InstrumentId, OrderId, OwnerId, Slot
from flatbook.values.instants import NS_PER_S, Instant, later
from flatbook.values.instruments import Instrument, Product, Side
from flatbook.values.money import ZERO, Money, Price, Quantity, divide_cut
from flatbook.values.us_eastern import eastern_day

REFUSED_WAIT_S_MAX = 64
BEGIN_S = 15
_NONE_HELD = Quantity(ZERO)
_RATE_WINDOW_NS = ORDER_RATE_WINDOW_S * NS_PER_S
_STOPS = {
    (False, False): None,
    (True, False): Stop.BUYS,
    (False, True): Stop.SALES,
    (True, True): Stop.ALL,
}


class SeatView(msgspec.Struct, frozen=True, gc=False):
    """What the strategy of a seat can see in one turn, read straight from the state and the sights."""

    now: Instant
    owner: OwnerId
    seated: SeatRules
    ahead: Ahead
    _fit_after: Instant
    _turn: Turn
    _state: State
    _sights: Sights
    _touches: dict[InstrumentId, Touch | None]

    def touch(self, instrument: InstrumentId) -> Touch | None:
        """Returns the best of both sides; None while the book is unfit, stale or empty on one side."""
        touches = self._touches
        if instrument not in touches:
            touches[instrument] = self._sights.touch_since(instrument, self._fit_after)
        return touches[instrument]

    def price(self, instrument: InstrumentId, ticks: int) -> Price:
        """Returns a price of an instrument of its seat, exact to the tick. Units: ticks; quote per base."""
        return Price(ticks * self.seated.traded[instrument].instrument.rules.tick)

    def observed_at(self, instrument: InstrumentId) -> Instant | None:
        """Returns when its book was last seen fit, by our clock; None before the first time."""
        return self._sights.observed_at(instrument)

    def orders(self, instrument: InstrumentId) -> Sequence[Order]:
        """Returns the orders of this owner that are open or still owe executions, oldest first."""
        state, ahead = self._state, self.ahead
        if ahead.seq == state.seq:
            return ahead.orders[instrument]
        return orders_of(state, self.seated.traded[instrument])

    def position(self, instrument: InstrumentId) -> Quantity:
        """Returns the signed position of this owner. Units: contracts."""
        row = self._state.positions.rows.get((self.owner, self.seated.seat.account, instrument))
        return _NONE_HELD if row is None else row.qty

    def slot(self, instrument: InstrumentId, slot: Slot) -> SlotHeld | None:
        """Returns what a slot holds and did; None for one that never traded."""
        own = self._state.slots.get((self.owner, instrument))
        return None if own is None else own.get(slot)

    def slots(self, instrument: InstrumentId) -> Sequence[Slot]:
        """Returns the slots that hold something, in the order in which they were first used."""
        own = self._state.slots.get((self.owner, instrument))
        return () if own is None else [slot for slot, held in own.items() if held.qty]

    def note(self, instrument: InstrumentId) -> Any:
        """Returns the newest note of this strategy on an instrument, None before its first one: its only memory."""
        return self._state.notes.get((self.owner, instrument))

    def feature(self, name: str) -> float | None:
        """Returns a declared feature; None while it is not ready."""
        return self._sights.feature(self.owner, name)

    def free(self, instrument: InstrumentId) -> tuple[Money, Quantity] | None:
        """Returns what may still be spent, and what may still be sold; None before the account was stated."""
        state, named = self._state, self.seated.traded[instrument].instrument
        if named.account not in state.opened:
            return None
        if named.product is not Product.SPOT:
            return Money(_margin(self._turn, named)), _NONE_HELD
        buys, sales = _reserved(self._turn, named)
        cash = state.balances.get((named.account, named.quote), ZERO) - buys
        held = divide_cut(state.balances.get((named.account, named.asset), ZERO), named.contract_size, decimals=18)
        return Money(max(ZERO, cash)), Quantity(max(ZERO, held - sales))

    def stop(self, instrument: InstrumentId) -> Stop | None:
        """Returns what halts and risk keep this strategy from now; None where nothing does. A desk that drains lets it
        place nothing at all."""
        state = self._state
        if state.draining:
            return Stop.KILLED
        if not state.halts and not state.stops:
            return None
        place = (self.owner, self.seated.seat.account, instrument)
        if halt_over(state.halts, *place) is not None:
            return Stop.ALL if kill_over(state.halts, *place) is None else Stop.KILLED
        return _STOPS[
            stop_over(state.stops, self.owner, Side.BUY) is not None,
            stop_over(state.stops, self.owner, Side.SELL) is not None,
        ]

    def turned_down(self, instrument: InstrumentId) -> TurnedDown | None:
        """Returns the newest order of this owner that was turned down; None since an execution, or before any."""
        return self._state.turned_down.get((self.owner, instrument))

    def order_id(self, index: int) -> OrderId:
        """Returns the id of the `index`-th order that this decision places, from 0."""
        state, ahead = self._state, self.ahead
        if ahead.seq == state.seq and not index:
            return ahead.order_id
        return next_order_id(state, self.owner, index)


def seat_view(turn: Turn, seated: SeatRules) -> SeatView:
    """Returns what the strategy of a seat can see in a turn."""
    now, owner, state, ahead = turn.now, seated.seat.owner, turn.state, turn.wakes.ahead
    fit_after: Any = now - seated.age_ns
    if ahead.owner != owner or ahead.state is not state:
        ahead = NOTHING_AHEAD
    return SeatView(now, owner, seated, ahead, fit_after, turn, state, turn.market.sights, {})


def decide_seat(turn: Turn, key: NetKey, seated: SeatRules) -> None:
    """Pulls quotes whose book is not seen any more, asks the strategy, and books its notes and its intents."""
    seat, view = seated.seat, seat_view(turn, seated)
    for instrument in seat.instruments:
        if view.touch(instrument.id) is None:
            _pull_unseen(turn, view, instrument, seated)
    decision = seat.decide(view, seat.params)
    turn.wakes.put(key, decision.wake, turn.now)
    for note in decision.notes:
        turn.book(note)
    if decision.intents:
        retry = _book_intents(turn, key, view, decision.intents)
        if retry is not None and (decision.wake.at is None or retry < decision.wake.at):
            turn.wakes.put(key, replace(decision.wake, at=retry), turn.now)


def _pull_unseen(turn: Turn, view: SeatView, instrument: Instrument, seated: SeatRules) -> None:
    """Cancels what adds risk on a book that has not been fit for as long as a decision may look back.

    A book that was never fit since the start is given the time in which streams begin.
    """
    seen_at, began_at = view.observed_at(instrument.id), turn.wakes.began_at
    if seen_at is not None:
        is_young = turn.now < later(seen_at, ms=seated.limits.book_age_ms_max)
    else:
        is_young = began_at is None or turn.now < later(began_at, seconds=BEGIN_S)
    if is_young:
        return
    for order in view.orders(instrument.id):
        if not order.reduce_only and not order.cancel_pending:
            turn.cancel(order, CancelReason.STALE_PRICE)


def _book_intents(turn: Turn, key: NetKey, view: SeatView, intents: tuple[Intent, ...]) -> Instant | None:
    """Books cancels first, then each order that risk approves. A side that was refused waits before it is tried again.

    Gives: when an order that was left out may be tried again, None where none was.
    """
    rooms: dict[InstrumentId, Room] = {}
    retry: Instant | None = None
    places: list[PlaceIntent] = []
    for each in intents:
        if type(each) is PlaceIntent:
            places.append(each)
        elif type(each) is CancelIntent:
            _cancel_own(turn, view, each)
    seated, last, refusals = view.seated, intents[-1], turn.state.refusals
    for intent in places:
        waits_until = _waits_until(turn, intent) if refusals else None
        if waits_until is not None:
            retry = waits_until if retry is None else min(retry, waits_until)
            continue
        if retry is not None:  # an intent that was left out has no id: those after it move up
            intent = replace(intent, order_id=view.order_id(0))  # noqa: PLW2901 (the same wish under its id)
        name, limits = intent.instrument.id, seated.limits
        if name not in rooms:
            rooms[name] = _room_of(turn, view, seated.traded[name])
        room = rooms[name]
        refusal = None if passes_plainly(room, intent, limits) else first_broken(room, intent, limits)
        if refusal is None:
            book_place(turn, intent)
            if intent is not last:  # nobody looks at the room after it
                room.add(intent)
        else:
            book_refused(turn, key, intent, (refusal,), severity=Severity.WARNING)
    return retry


def _cancel_own(turn: Turn, view: SeatView, intent: CancelIntent) -> None:
    order = turn.state.orders.get(intent.order_id)
    if order is not None and order.owner == view.owner and not order.cancel_pending:
        turn.cancel(order, intent.reason, intent.because)


def _waits_until(turn: Turn, intent: PlaceIntent) -> Instant | None:
    """Returns until when an intent is left out because its side was refused a moment ago. An exit never waits."""
    if intent.reduce_only:
        return None
    refused = turn.state.refusals.get((intent.owner, intent.instrument.id, intent.side))
    until = None if refused is None else retry_at(refused.count, refused.since)
    return until if until is not None and turn.now < until else None


def retry_at(refusals: int, since: Instant) -> Instant:
    """Returns when an order of a side may be tried again: each refusal in a row doubles the wait."""
    return later(since, seconds=min(REFUSED_WAIT_S_MAX, 1 << min(refusals - 1, REFUSED_WAIT_S_MAX.bit_length())))


def _room_of(turn: Turn, view: SeatView, traded: Traded) -> Room:
    """Returns where the owner stands on an instrument now."""
    state, now, ahead, instrument = turn.state, turn.now, view.ahead, traded.instrument
    room = ahead.rooms[instrument.id] if ahead.seq == state.seq else room_of(state, turn.rules, traded)
    touch, result = view.touch(instrument.id), state.positions.days.get(traded.net)
    room.touch = touch
    room.rate_from = now - _RATE_WINDOW_NS  # type: ignore[assignment]  # an instant less a duration is one
    room.day_result_usd = ZERO if result is None else day_result_usd(result, now, touch, instrument, room.quote_usd)
    return room


def day_result_usd(
    result: DayResult | None, now: Instant, touch: Touch | None, instrument: Instrument, quote_usd: Price | None
) -> Decimal | None:
    """Returns what today's executions of an owner made or lost, valued at the worse side of the touch.

    Units: USD; None where something has no value: what is held, or a fee in an asset without a mark.
    """
    if result is None or result.day != eastern_day(now):
        return ZERO
    if result.unmarked:
        return None
    if not result.qty:
        return result.cash_usd
    if touch is None or quote_usd is None:
        return None
    ticks = touch.bid if result.qty > ZERO else touch.ask
    return result.cash_usd + result.qty * (ticks * instrument.rules.tick) * quote_usd


def _reserved(turn: Turn, instrument: Instrument) -> tuple[Decimal, Decimal]:
    """Returns what open orders of any owner at an account may still spend of the quote, and sell of the instrument."""
    state, instruments = turn.state, turn.rules.instruments
    buys = sales = ZERO
    for order_id in state.open_orders:
        order = state.orders[order_id]
        if order.account != instrument.account:
            continue
        if order.side is Side.SELL:
            sales += order.leaves if order.instrument == instrument.id else ZERO
        elif order.limit is not None and order.product is Product.SPOT:
            known = instruments.get(order.instrument)
            if known is not None and known.quote == instrument.quote:
                buys += order.leaves * order.limit * order.contract_size
    return buys, sales


def _margin(turn: Turn, instrument: Instrument) -> Decimal:
    """Returns the margin that is free: what the venue says may be spent, or else what the account holds of it."""
    state = turn.state
    funds = state.funds.get(instrument.account)
    if funds is not None and funds.asset == instrument.quote and funds.spendable is not None:
        return max(ZERO, funds.spendable)
    return max(ZERO, state.balances.get((instrument.account, instrument.quote), ZERO))
