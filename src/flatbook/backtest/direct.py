"""Books what seats decide at once, where it is plain; the engine is asked for all the rest.

The events are those that the engine would book. Only what strategies and risk read of them is kept up, in where each
seat stands; the state of the desk catches up when the engine is asked. A test runs both ways and compares the journals,
byte for byte.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from zlib import crc32

from msgspec.structs import replace

from flatbook.backtest.grid import Steps
from flatbook.backtest.standing import NOT_READ, Sent, Sights, Standing, StandingView
from flatbook.backtest.telling import HEARD, PLAIN_RATES, Message, Placed, Telling
from flatbook.backtest.terms import Terms
from flatbook.engine.book_intents import intended
from flatbook.engine.quoting import day_result_usd
from flatbook.engine.rules import Rules, SeatRules
from flatbook.engine.sound import INSTANT_FIRST
from flatbook.engine.wakes import Wakes
from flatbook.events.event import Event
from flatbook.events.grid import GridHeld, GridLaid, GridLocked, GridResumed, GridSlotsAssigned, GridStopped
from flatbook.events.orders import (
    CancelIntended,
    OrderIntended,
    OrderStyle,
)
from flatbook.risk.limits import ORDER_RATE_WINDOW_S
from flatbook.risk.quote_checks import Room, check_quote
from flatbook.risk.quote_limits import QuoteLimits
from flatbook.state.desk import ORDER_TIMES_KEPT_MAX, State
from flatbook.state.intents import CancelIntent, PlaceIntent
from flatbook.state.orders import Order, Status, order_of_intent
from flatbook.state.positions import DayResult, Entry, NetKey
from flatbook.strategies.decision import Decision, Trigger
from flatbook.values.ids import InstrumentId, OrderId, OwnerId
from flatbook.values.instants import NS_PER_S, Instant
from flatbook.values.instruments import Side

STYLES = {OrderStyle.LIMIT: 0, OrderStyle.POST_ONLY: 1, OrderStyle.IOC: 2}
_RATE_WINDOW_NS = ORDER_RATE_WINDOW_S * NS_PER_S
_INTENDED, _CANCELING = Status.INTENDED, Status.PENDING_CANCEL
SOUND_FROM = INSTANT_FIRST + 86_400 * NS_PER_S
Wish = tuple[PlaceIntent, Standing, int, int]
_NOTES = (GridLaid, GridHeld, GridLocked, GridStopped, GridResumed, GridSlotsAssigned)
_BUY, _ON_FUNDS = Side.BUY, Trigger.BALANCE_CHANGED


class Seated:
    """A seat, what its strategy sees, and where it stands on what it trades."""

    __slots__ = ("decide", "key", "limits", "owner", "params", "standings", "view")

    def __init__(self, seated: SeatRules, view: StandingView, standings: dict[InstrumentId, Standing]) -> None:
        seat = seated.seat
        self.decide, self.params, self.key, self.owner = seat.decide, seat.params, seat.key, seat.owner
        self.limits, self.view, self.standings = seated.limits, view, standings


class Direct:
    """The seats of a desk, each where it stands, and what was booked for them in this step."""

    def __init__(self, rules: Rules, wakes: Wakes, steps: Mapping[InstrumentId, Steps], terms: Terms) -> None:
        self.placed = Placed()
        self.events: list[Event] = []
        self.touched: dict[NetKey, None] = {}
        self.messages: list[Message] = []
        self.is_ready = self.says_the_same = False
        self._rules, self._wakes = rules, wakes
        self._has_only_seats = not (rules.hedges or rules.offers or rules.monitors or rules.breakers)
        self._standings: dict[OwnerId, dict[InstrumentId, Standing]] = {}
        self._on: dict[InstrumentId, list[Standing]] = {}
        for owner, seated in rules.seats.items():
            own = self._standings[owner] = {}
            for each in seated.seat.instruments:
                rates = terms.fees.get(each.id, PLAIN_RATES)
                own[each.id] = Standing(seated, steps[each.id], rates)
                self._on.setdefault(each.id, []).append(own[each.id])
        self._seated: dict[NetKey, Seated] = {}
        self._only: Seated
        self._times: list[Instant] = []
        rate = max((seated.limits.orders_per_minute_max for seated in rules.seats.values()), default=1)
        self._times_read = rate if rate <= ORDER_TIMES_KEPT_MAX else 2 * ORDER_TIMES_KEPT_MAX
        self._sent_by, self._by_id, self._note = self.placed.sent, self.placed.by_id, self.events.append
        self._telling = Telling(self.placed, self.events, self.messages, self.touched, wakes)
        self.tell = self._telling.tell

    def show(self, sights: Sights, places: Mapping[InstrumentId, int]) -> None:
        """Takes what strategies see by, and where on the tape their instruments stand."""
        for owner, seated in self._rules.seats.items():
            own = self._standings[owner]
            self._only = self._seated[seated.seat.key] = Seated(seated, StandingView(seated, own, sights, places), own)

    def standing(self, owner: OwnerId, instrument: InstrumentId) -> Standing:
        """Returns where an owner stands on an instrument of its seat."""
        return self._standings[owner][instrument]

    def view(self, key: NetKey) -> StandingView:
        """Returns what the strategy of a seat can see."""
        return self._seated[key].view

    def read(self, state: State, now: Instant) -> bool:
        """Takes over what the state of the desk says. Gives: whether all that stands there is plain."""
        self.is_ready = self._has_only_seats and now >= SOUND_FROM and _is_plain(state)
        if not self.is_ready or self._wakes.awaiting_funds:
            self.is_ready = False
            return False
        entries: dict[InstrumentId, Entry] = {}
        days: dict[NetKey, DayResult] = {}
        for own in self._standings.values():
            for standing in own.values():
                standing.read(state, entries, days)
                self.is_ready = self._read_orders(state, standing) and self.is_ready
        for seated in self._seated.values():
            seated.view.read(state)
        self._times, self._telling.mark_of = state.order_times[-self._times_read :], state.mark
        return self.is_ready

    def _read_orders(self, state: State, standing: Standing) -> bool:
        """Takes over the live orders of an owner on an instrument. Gives: whether all of them are plain."""
        standing.live.clear()
        for order_id in state.owing.get(standing.key, ()):
            order, sent = state.orders[order_id], self.placed.by_id.get(order_id)
            if order.instrument != standing.instrument.id:
                continue
            if sent is None or order.status not in HEARD:
                return False
            sent.order = order
            standing.live[order_id] = sent
        return True

    # What is decided.

    def ask_only(self, now: Instant) -> bool:
        """Asks the only seat there is, and books what it wants. Gives: False where the engine must ask it."""
        return self._decide(self._only, now)

    def ask(self, now: Instant) -> bool:
        """Asks whoever was touched, and books what they want. Gives: False where the engine must ask who is left."""
        for key in tuple(self.touched):
            if not self._decide(self._seated[key], now):
                return False
            del self.touched[key]
        return True

    def _decide(self, seated: Seated, now: Instant) -> bool:
        """Asks a strategy and books what it wants, all of it or nothing."""
        if not seated.view.begin(now):
            return False
        decision = seated.decide(seated.view, seated.params)
        wake, is_same = decision.wake, decision.wake is self._wakes.wake_of(seated.key)
        if not is_same and _ON_FUNDS in wake.on:
            return False
        if decision.notes and any(type(note) not in _NOTES for note in decision.notes):
            return False
        if (decision.intents or decision.notes) and not self._book(seated, decision, now):
            return False
        if is_same:
            self.says_the_same = True
        else:
            self._wakes.put(seated.key, wake, now)
        return True

    def _book(self, seated: Seated, decision: Decision, now: Instant) -> bool:
        """Books the notes of a decision and its intents, cancels first, if all of them are plain."""
        gone: dict[OrderId, CancelIntent] = {}
        wanted: list[PlaceIntent] = []
        for intent in decision.intents:
            if type(intent) is PlaceIntent:
                wanted.append(intent)
            elif type(intent) is CancelIntent:
                self._lets_go(seated.owner, intent, gone)
            else:
                return False
        allowed = self._allow(seated, wanted, gone, now) if wanted else ()
        if allowed is None:
            return False
        self.events += decision.notes
        for cancel in gone.values():
            self._cancel(cancel, now)
        if allowed:
            for each in allowed:
                self._place(each, now)
            seated.view.placed(len(allowed))
        return True

    def _lets_go(self, owner: OwnerId, intent: CancelIntent, gone: dict[OrderId, CancelIntent]) -> None:
        """Notes an order that is to go. One that is not there, or is going, is passed over."""
        sent = self._by_id.get(intent.order_id)
        if sent is None or sent.standing.owner != owner or sent.order.cancel_pending:
            return
        if intent.order_id in sent.standing.live:
            gone.setdefault(intent.order_id, intent)

    def _allow(
        self, seated: Seated, wanted: Sequence[PlaceIntent], gone: Mapping[OrderId, CancelIntent], now: Instant
    ) -> Sequence[Wish] | None:
        """Returns what is wanted, each with its place on the grid; None where one is not plain, or risk refuses it."""
        times, ids, allowed = self._times, seated.view.ids, []
        passes = len(times) + len(wanted) <= seated.limits.orders_per_minute_max
        if len(wanted) > len(ids):
            return None
        for intent, order_id in zip(wanted, ids, strict=False):
            wish = _wish(seated, intent) if intent.order_id is order_id else None
            if wish is None:
                return None
            allowed.append(wish)
            standing = wish[1]
            if standing.orders_left == NOT_READ:
                self._read_room(seated, standing, gone)
            passes = passes and _passes(seated.limits, wish)
        if passes:
            times += [now] * len(wanted)
        elif not self._passes_by_rules(seated, wanted, gone, now):
            return None
        if len(times) > 2 * ORDER_TIMES_KEPT_MAX:
            del times[:ORDER_TIMES_KEPT_MAX]
        return allowed

    def _read_room(self, seated: Seated, standing: Standing, gone: Mapping[OrderId, CancelIntent]) -> None:
        """Finds out how far the limits of an owner leave it free on an instrument, once its cancels are booked."""
        instrument, limits, view = standing.instrument, seated.limits, seated.view
        touch = view.touch(instrument.id)
        result = day_result_usd(standing.day, view.now, touch, instrument, standing.mark)
        if touch is None or result is None or standing.mark is None or result < -limits.day_loss_usd_max:
            standing.orders_left = 0
            return
        tick = instrument.rules.tick
        below, above = touch.ask * tick, touch.bid * tick
        buys, sells = limits.position_max - standing.qty, limits.position_max + standing.qty
        for each in self._on[instrument.id]:
            for sent in each.live.values():
                order, limit = sent.order, sent.order.limit
                is_buy = order.side is _BUY
                if each is standing and is_buy:
                    buys -= order.qty - order.filled
                elif each is standing:
                    sells -= order.qty - order.filled
                if limit is None or order.cancel_pending or sent.order.order_id in gone:
                    continue
                if is_buy and limit > above:
                    above = limit
                elif not is_buy and limit < below:
                    below = limit
        standing.below, standing.above, standing.buys_left, standing.sells_left = below, above, buys, sells
        standing.orders_left = limits.open_orders_max - len(standing.live)

    def _passes_by_rules(
        self, seated: Seated, wanted: Sequence[PlaceIntent], gone: Mapping[OrderId, CancelIntent], now: Instant
    ) -> bool:
        """Whether each rule lets all pass that is wanted: the checks that the engine makes, on what it would see."""
        rooms: dict[InstrumentId, Room] = {}
        for intent in wanted:
            instrument = intent.instrument.id
            room = rooms.get(instrument)
            if room is None:
                room = rooms[instrument] = self._room(seated, seated.standings[instrument], gone)
            if check_quote(room, intent, seated.limits) is not None:
                return False
            self._times.append(now)
        return True

    def _room(self, seated: Seated, standing: Standing, gone: Mapping[OrderId, CancelIntent]) -> Room:
        """Returns where an owner stands on an instrument once its cancels are booked, as the rules look at it."""
        instrument, mark, now = standing.instrument, standing.mark, seated.view.now
        touch = seated.view.touch(instrument.id)
        result = day_result_usd(standing.day, now, touch, instrument, mark)
        from_ = Instant(now - _RATE_WINDOW_NS)
        room = Room(instrument, touch, None, (), mark, standing.qty, self._times, from_, result)
        for each in self._on[instrument.id]:
            for sent in each.live.values():
                order = sent.order
                if each is standing:
                    room.count(order.side, order.leaves, reduces=order.reduce_only)
                    room.open_orders += 1
                if not order.cancel_pending and sent.order.order_id not in gone:
                    room.rest(order.side, order.limit)
        return room

    def _cancel(self, intent: CancelIntent, now: Instant) -> None:
        sent = self._by_id[intent.order_id]
        order = sent.order
        attempt = order.cancel_attempt + 1
        self._note(
            CancelIntended(
                order_id=sent.order.order_id,
                attempt=attempt,
                reason=intent.reason,
                because=intent.because,
                decided_at=now,
            )
        )
        is_heard = order.status is not _INTENDED
        sent.order = replace(
            order,
            status=_CANCELING if is_heard else _INTENDED,
            cancel_attempt=attempt,
            cancel_pending=True,
            cancel_at=now,
            changed_at=now,
        )
        self.messages.append(sent.number if is_heard else -sent.number)  # one not heard of is canceled once it is

    def _place(self, wish: Wish, now: Instant) -> None:
        intent, standing, ticks, lots = wish
        order_id, side, style, good_until, placed = (
            intent.order_id,
            intent.side,
            intent.style,
            intent.good_until,
            self.placed,
        )
        event, order = _made(standing, intent, now)
        self._note(event)
        placed.count = number = placed.count + 1
        sent = Sent(order, number, standing)
        self._sent_by[number] = self._by_id[order_id] = standing.live[order_id] = sent
        sign, key = 1 if side is _BUY else -1, crc32(order_id.encode())
        self.messages.append((number, standing.place, sign, ticks, lots, STYLES[style], key, good_until))


def _made(standing: Standing, intent: PlaceIntent, now: Instant) -> tuple[OrderIntended, Order]:
    """Returns that an order is intended, and the order: as the first of its owner there, but for what is its own."""
    first = standing.first
    if first is None:
        event = intended(intent, now)
        standing.first = (event, order_of_intent(event))
        return standing.first
    order_id, side, qty, limit = intent.order_id, intent.side, intent.qty, intent.limit
    style, slot, because, good_until = intent.style, intent.slot, intent.because, intent.good_until
    reduce_only = intent.reduce_only
    event = replace(
        first[0],
        order_id=order_id,
        side=side,
        qty=qty,
        limit=limit,
        reduce_only=reduce_only,
        style=style,
        slot=slot,
        because=because,
        evidence=intent.evidence,
        decided_at=now,
        good_until=good_until,
    )
    return event, replace(
        first[1],
        order_id=order_id,
        side=side,
        qty=qty,
        limit=limit,
        reduce_only=reduce_only,
        style=style,
        slot=slot,
        because=because,
        decided_at=now,
        sent_at=now,
        changed_at=now,
        good_until=good_until,
    )


def _is_plain(state: State) -> bool:
    """Whether nothing stands in the state of a desk that changes what becomes of a report or of an intent."""
    return not (
        state.halts
        or state.stops
        or state.alerts
        or state.refusals
        or state.breakers
        or state.funds
        or state.totals
        or state.calls
        or state.foreign_orders
    )


def _wish(seated: Seated, intent: PlaceIntent) -> Wish | None:
    """Returns an order that is wanted with its place on the grid of its instrument; None where it is not plain."""
    instrument, limit, qty = intent.instrument, intent.limit, intent.qty
    standing = seated.standings.get(instrument.id)
    if standing is None or limit is None or intent.owner != seated.owner:
        return None
    if (instrument is not standing.instrument and instrument != standing.instrument) or (
        intent.underlying != instrument.underlying
    ):
        return None
    steps = standing.steps
    ticks, lots = steps.known_ticks.get(limit), steps.known_lots.get(qty)
    if ticks is None or lots is None:
        ticks, lots = steps.ticks(limit), steps.lots(qty)
    return (intent, standing, ticks, lots) if ticks is not None and lots else None


def _passes(limits: QuoteLimits, wish: Wish) -> bool:
    """Whether an order is far from breaking any rule, as nearly all are; it is counted as working then.

    Needs: it was read how far the limits leave its owner free.
    """
    intent, standing, ticks, lots = wish
    limit, qty = intent.limit, intent.qty
    if limit is None or intent.reduce_only or standing.orders_left <= 0 or qty > limits.order_qty_max:
        return False
    if ticks * lots > standing.notional_max:
        return False
    if intent.side is _BUY:
        if limit >= standing.below or qty > standing.buys_left:
            return False
        standing.buys_left -= qty
        standing.above = max(standing.above, limit)
    else:
        if limit <= standing.above or qty > standing.sells_left:
            return False
        standing.sells_left -= qty
        standing.below = min(standing.below, limit)
    standing.orders_left -= 1
    return True
