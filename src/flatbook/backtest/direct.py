"""Books what a simulator tells and what seats decide at once, where it is plain; the engine is asked for all the rest.

A venue may tell anything, so that the engine looks at each report from all sides. A simulator tells what is right by
construction: of an order that we sent, once, in order, in whole ticks and lots. The events that follow are booked here
as the engine would book them, and only what strategies and risk read of them is kept up; the state of the desk catches
up when the engine is asked. A test runs both ways and compares journals, byte for byte, and states.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence

from msgspec.structs import replace

from flatbook.backtest.grid import Steps
from flatbook.backtest.kernel.tables import CANCELED, EXPIRED, FILLED, WORKING
from flatbook.backtest.reports import Sent, fees_of
from flatbook.backtest.simulator import OrderRow, Told
from flatbook.backtest.standing import Sights, Standing, StandingView
from flatbook.backtest.terms import FeeRates, Terms
from flatbook.engine.book_intents import intended
from flatbook.engine.quoting import day_result_usd
from flatbook.engine.realise import realised_from
from flatbook.engine.rules import Rules, SeatRules
from flatbook.engine.sound import INSTANT_FIRST
from flatbook.engine.wakes import Wakes
from flatbook.events.event import Event
from flatbook.events.fees import fee_in_kind
from flatbook.events.orders import CancelIntended, Fee, OrderAccepted, OrderDone, OrderEnd, OrderFilled, OrderStyle
from flatbook.risk.limits import ORDER_RATE_WINDOW_S
from flatbook.risk.quote_checks import Room, check_quote
from flatbook.risk.quote_limits import QuoteLimits
from flatbook.state.desk import ORDER_TIMES_KEPT_MAX, State
from flatbook.state.intents import CancelIntent, Intent, PlaceIntent
from flatbook.state.order_fold import day_of, fees_in_usd
from flatbook.state.orders import Order, Status, moved, order_of_intent
from flatbook.state.positions import DayResult, Entry, NetKey
from flatbook.strategies.decision import Trigger
from flatbook.values.ids import AssetId, ExecutionId, InstrumentId, OrderId, OwnerId
from flatbook.values.instants import NS_PER_S, Instant
from flatbook.values.instruments import Product, Side
from flatbook.values.money import ZERO, Money, Price, Quantity

NS_PER_HOUR = 3_600 * NS_PER_S
STYLES = {OrderStyle.LIMIT: 0, OrderStyle.POST_ONLY: 1, OrderStyle.IOC: 2}
PLAIN_RATES = FeeRates()
_ENDS = {CANCELED: OrderEnd.CANCELED, EXPIRED: OrderEnd.EXPIRED}
_WORKS = (Status.ACCEPTED, Status.PARTIALLY_FILLED, Status.PENDING_CANCEL)
_HEARD = (*_WORKS, Status.INTENDED)
_NO_FEES: tuple[Fee, ...] = ()
_RATE_WINDOW_NS = ORDER_RATE_WINDOW_S * NS_PER_S
_INTENDED, _ACCEPTED, _FILLED = Status.INTENDED, Status.ACCEPTED, Status.FILLED
_TIME, _KIND, _NUMBER, _VENUE_TIME, _LEFT = (
    Told._fields.index(n) for n in ("time", "kind", "number", "venue_time", "left")
)
_BUY, _SPOT, _ON_FUNDS = Side.BUY, Product.SPOT, Trigger.BALANCE_CHANGED


class Placed:
    """The orders that are at the simulated venue, or on their way there or back, by their number and by their id."""

    def __init__(self) -> None:
        self.sent: dict[int, Sent] = {}
        self.by_id: dict[OrderId, Sent] = {}
        self.count = 0

    def add(self, order: Order, standing: Standing) -> Sent:
        """Keeps an order that is to be sent."""
        self.count = number = self.count + 1
        sent = self.sent[number] = self.by_id[order.order_id] = Sent(order, number, standing)
        return sent

    def drop(self, sent: Sent) -> None:
        """Forgets an order of which nothing more is told."""
        del self.sent[sent.number], self.by_id[sent.order.order_id]


class Direct:
    """The seats of a desk, each where it stands, and what was booked for them in this step."""

    def __init__(self, rules: Rules, wakes: Wakes, steps: Mapping[InstrumentId, Steps], terms: Terms) -> None:
        self.placed = Placed()
        self.events: list[Event] = []
        self.touched: dict[NetKey, None] = {}
        self.messages: list[tuple[Sent, OrderRow | None]] = []
        self.is_ready = self.says_the_same = False
        self._rules, self._wakes = rules, wakes
        self._has_only_seats = not (rules.hedges or rules.offers or rules.monitors or rules.breakers)
        self._standings: dict[OwnerId, dict[InstrumentId, Standing]] = {}
        self._on: dict[InstrumentId, list[Standing]] = {}
        for owner, seated in rules.seats.items():
            own = self._standings[owner] = {}
            for each in seated.seat.instruments:
                rates = terms.fees.get(each.id, PLAIN_RATES)
                own[each.id] = Standing(owner, seated.seat.key, steps[each.id], rates)
                self._on.setdefault(each.id, []).append(own[each.id])
        self._seated: dict[NetKey, tuple[SeatRules, StandingView]] = {}
        self._times: list[Instant] = []
        self._mark_of: Callable[[AssetId], Price | None] = State().mark
        self._hour = self._day = 0

    def show(self, sights: Sights, places: Mapping[InstrumentId, int]) -> None:
        """Takes what strategies see by, and where on the tape their instruments stand."""
        for owner, seated in self._rules.seats.items():
            view = StandingView(seated, self._standings[owner], sights, places)
            self._seated[seated.seat.key] = (seated, view)

    def standing(self, owner: OwnerId, instrument: InstrumentId) -> Standing:
        """Returns where an owner stands on an instrument of its seat."""
        return self._standings[owner][instrument]

    def view(self, key: NetKey) -> StandingView:
        """Returns what the strategy of a seat can see."""
        return self._seated[key][1]

    def read(self, state: State) -> bool:
        """Takes over what the state of the desk says. Gives: whether all that stands there is plain."""
        self.is_ready = self._has_only_seats and _is_plain(state) and not self._wakes.awaiting_funds
        if not self.is_ready:
            return False
        entries: dict[InstrumentId, Entry] = {}
        days: dict[NetKey, DayResult] = {}
        for own in self._standings.values():
            for standing in own.values():
                standing.read(state, entries, days)
                if any(order.status not in _HEARD for order in standing.live.values()):
                    self.is_ready = False
        for _, view in self._seated.values():
            view.read(state)
        self._times, self._mark_of = list(state.order_times), state.mark
        return self.is_ready

    # What is told.

    def tell(self, told: Sequence[Sequence[int]]) -> int:
        """Books reports up to the first that is not plain. Gives: how many were booked."""
        sent_by = self.placed.sent
        for count, each in enumerate(told):
            sent = sent_by.get(each[_NUMBER])
            if sent is None or each[_VENUE_TIME] < INSTANT_FIRST:
                return count
            kind, order = each[_KIND], sent.standing.live.get(sent.order.order_id)
            if order is None:
                return count
            if kind == WORKING:
                trigger = self._accept(sent, order, each)
            elif kind == FILLED:
                trigger = self._fill(sent, order, each)
            else:
                trigger = self._end(sent, order, each)
            if trigger is None:
                return count
            wake = self._wakes.wake_of(sent.standing.seat_key)
            if wake is not None and trigger in wake.on:
                self.touched[sent.standing.seat_key] = None
        return len(told)

    def _accept(self, sent: Sent, order: Order, told: Sequence[int]) -> Trigger | None:
        """An acceptance is news of an order that was not heard of; a cancel that waits for it is the engine's."""
        if order.status is not _INTENDED or order.cancel_pending:
            return None
        at, order_id, venue_order_id = Instant(told[_TIME]), order.order_id, sent.venue_order_id
        happened_at = Instant(told[_VENUE_TIME])
        self.events.append(
            OrderAccepted(order_id=order_id, venue_order_id=venue_order_id, happened_at=happened_at, seen_at=at)
        )
        sent.standing.live[order_id] = replace(order, status=_ACCEPTED, venue_order_id=venue_order_id, changed_at=at)
        return Trigger.ORDER_WORKING

    def _fill(self, sent: Sent, order: Order, told: Sequence[int]) -> Trigger | None:
        time, _, _, _, ticks, lots, venue_time, made, nth, _, _, _ = told
        standing, steps = sent.standing, sent.steps
        if not steps.is_sound(ticks, lots):
            return None
        qty, price, size, side, is_maker = (
            steps.qty(lots),
            steps.price(ticks),
            order.contract_size,
            order.side,
            made != 0,
        )
        is_spot, rates = order.product is _SPOT, standing.rates
        event = OrderFilled(
            order.order_id,
            order.owner,
            order.account,
            order.instrument,
            order.underlying,
            ExecutionId(f"{sent.venue_order_id}-{nth}"),
            side,
            qty,
            price,
            standing.instrument.quote,
            size,
            fees_of(sent, qty, price, maker=is_maker) if rates is not PLAIN_RATES else _NO_FEES,
            order.product,
            None if is_spot else realised_from(standing.entry, side, qty, price, size),
            is_maker,
            Instant(venue_time),
            Instant(time),
        )
        self.events.append(event)
        self._account(standing, event)
        after = moved(order, event)
        if after.status is _FILLED:
            del standing.live[order.order_id]
            self.placed.drop(sent)
        else:
            standing.live[order.order_id] = after
        return Trigger.ORDER_FILLED

    def _account(self, standing: Standing, event: OrderFilled) -> None:
        """Moves what is read of a position: its quantity, what its account entered at, and the result of the day."""
        size, fees, result = event.contract_size, event.fees, standing.day
        qty = event.qty if event.side is _BUY else -event.qty
        shares = qty * size
        cash = -shares * event.price
        if fees:
            standing.qty += qty - fee_in_kind(event)
            shares = (qty - fee_in_kind(event)) * size
        else:
            standing.qty += qty
        standing.turned_down = None
        if event.realised is not None:
            entry = standing.entry
            entry.qty += qty  # type: ignore[assignment]  # a sum of quantities is one
            entry.cost = Money(entry.cost - cash + event.realised)
            if not entry.qty:
                entry.qty, entry.cost = Quantity(ZERO), Money(ZERO)
        if standing.mark is None:
            return
        day = self._day_of(event)
        if result.day < day:
            result.day, result.cash_usd, result.qty = day, ZERO, ZERO
        if result.day == day:
            worth = cash * standing.mark
            result.cash_usd += worth - fees_in_usd(event, self._mark_of) if fees else worth
            result.qty += shares

    def _day_of(self, event: OrderFilled) -> int:
        """Returns the day of an execution, which changes on whole hours only."""
        hour = event.happened_at // NS_PER_HOUR
        if hour != self._hour:
            self._hour, self._day = hour, day_of(event)
        return self._day

    def _end(self, sent: Sent, order: Order, told: Sequence[int]) -> Trigger | None:
        end = _ENDS.get(told[_KIND])
        filled = Quantity(order.qty - sent.steps.qty(told[_LEFT]))
        if end is None or order.status not in _HEARD or filled != order.filled:
            return None
        order_id, at = order.order_id, Instant(told[_TIME])
        happened_at = Instant(told[_VENUE_TIME])
        self.events.append(
            OrderDone(order_id=order_id, end=end, filled_qty=filled, happened_at=happened_at, seen_at=at)
        )
        del sent.standing.live[order_id]
        self.placed.drop(sent)
        return Trigger.ORDER_ENDED

    # What is decided.

    def ask(self, now: Instant) -> bool:
        """Asks whoever was touched, and books what they want. Gives: False where the engine must ask who is left."""
        for key in tuple(self.touched):
            seated, view = self._seated[key]
            view.begin(now)
            if not self._decide(seated, view):
                return False
            del self.touched[key]
        return True

    def _decide(self, seated: SeatRules, view: StandingView) -> bool:
        """Asks a strategy and books what it wants, all of it or nothing."""
        own, seat = self._standings[view.owner], seated.seat
        for instrument, standing in own.items():
            standing.room = None
            if view.touch(instrument) is None and standing.live:
                return False
        decision = seat.decide(view, seat.params)
        wake = decision.wake
        if decision.notes or _ON_FUNDS in wake.on:
            return False
        if decision.intents and not self._book(seated.limits, view, decision.intents):
            return False
        if wake is self._wakes.wake_of(seat.key):
            self.says_the_same = True
        else:
            self._wakes.put(seat.key, wake, view.now)
        return True

    def _book(self, limits: QuoteLimits, view: StandingView, intents: Sequence[Intent]) -> bool:
        """Books the intents of a decision, cancels first, if all of them are plain."""
        gone: dict[OrderId, CancelIntent] = {}
        wanted: list[tuple[PlaceIntent, Standing, int, int]] = []
        for intent in intents:
            if type(intent) is CancelIntent:
                order = self._found(view.owner, intent.order_id)
                if order is not None and order.status is _INTENDED:
                    return False
                if order is not None and not order.cancel_pending:
                    gone.setdefault(intent.order_id, intent)
        for intent in intents:
            if type(intent) is PlaceIntent:
                allowed = self._allowed(limits, view, intent, gone, len(wanted))
                if allowed is None:
                    return False
                wanted.append(allowed)
            elif type(intent) is not CancelIntent:
                return False
        for cancel in gone.values():
            self._cancel(cancel, view.now)
        for each in wanted:
            self._place(each, view.now)
        view.placed(len(wanted))
        return True

    def _found(self, owner: OwnerId, order_id: OrderId) -> Order | None:
        """Returns an order of an owner; None for one that is not there any more."""
        sent = self.placed.by_id.get(order_id)
        return None if sent is None or sent.standing.owner != owner else sent.standing.live.get(order_id)

    def _allowed(
        self,
        limits: QuoteLimits,
        view: StandingView,
        intent: PlaceIntent,
        gone: Mapping[OrderId, CancelIntent],
        index: int,
    ) -> tuple[PlaceIntent, Standing, int, int] | None:
        """Returns an intent that risk approves, its price in ticks and its size in lots; None where it is not plain.

        It is counted as it is approved: where a later one is not plain, all is read anew.
        """
        standing = self._standings[view.owner].get(intent.instrument.id)
        if standing is None or intent.limit is None or not _is_of(intent, standing, view, index):
            return None
        room = standing.room
        if room is None:
            room = standing.room = self._room(view, standing, gone)
        ticks, lots = standing.steps.ticks(intent.limit), standing.steps.lots(intent.qty)
        if ticks is None or not lots or check_quote(room, intent, limits) is not None:
            return None
        self._times.append(view.now)
        if len(self._times) > 2 * ORDER_TIMES_KEPT_MAX:
            del self._times[:ORDER_TIMES_KEPT_MAX]
        return intent, standing, ticks, lots

    def _room(self, view: StandingView, standing: Standing, gone: Mapping[OrderId, CancelIntent]) -> Room:
        """Returns where an owner stands on an instrument once its cancels are booked."""
        instrument, mark, now = standing.instrument, standing.mark, view.now
        touch = view.touch(instrument.id)
        result = day_result_usd(standing.day, now, touch, instrument, mark)
        from_ = Instant(now - _RATE_WINDOW_NS)
        room = Room(instrument, touch, None, (), mark, standing.qty, self._times, from_, result)
        for each in self._on[instrument.id]:
            for order_id, order in each.live.items():
                if each is standing:
                    room.count(order.side, Quantity(order.qty - order.filled), reduces=order.reduce_only)
                    room.open_orders += 1
                if not order.cancel_pending and order_id not in gone:
                    room.rest(order.side, order.limit)
        return room

    def _cancel(self, intent: CancelIntent, now: Instant) -> None:
        sent = self.placed.by_id[intent.order_id]
        live = sent.standing.live
        order = live[intent.order_id]
        event = CancelIntended(
            order_id=order.order_id,
            attempt=order.cancel_attempt + 1,
            reason=intent.reason,
            because=intent.because,
            decided_at=now,
        )
        self.events.append(event)
        live[intent.order_id] = moved(order, event)
        self.messages.append((sent, None))

    def _place(self, allowed: tuple[PlaceIntent, Standing, int, int], now: Instant) -> None:
        intent, standing, ticks, lots = allowed
        event = intended(intent, now)
        self.events.append(event)
        order_id = event.order_id
        order = standing.live[order_id] = order_of_intent(event)
        sent, sign = self.placed.add(order, standing), 1 if event.side is _BUY else -1
        style, key = STYLES[event.style], zlib.crc32(order_id.encode())
        self.messages.append(
            (sent, (sent.number, standing.steps.place, sign, ticks, lots, style, key, event.good_until))
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


def _is_of(intent: PlaceIntent, standing: Standing, view: StandingView, index: int) -> bool:
    """Whether an intent names its owner, its instrument and the next id as the view gave them, and adds risk."""
    return (
        (intent.instrument is standing.instrument or intent.instrument == standing.instrument)
        and intent.owner == view.owner
        and intent.underlying == standing.key[1]
        and intent.order_id == view.order_id(index)
        and not intent.reduce_only
    )
