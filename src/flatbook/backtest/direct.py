"""Books what a simulator tells and what seats decide at once, where it is plain; the engine is asked for all the rest.

A venue may tell anything, so that the engine looks at each report from all sides. A simulator tells what is right by
construction: of an order that we sent, once, in order, in whole ticks and lots. The events that follow are booked here
as the engine would book them, and only what strategies and risk read of them is kept up; the state of the desk catches
up when the engine is asked. A test runs both ways and compares journals, byte for byte, and states.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence

from flatbook.backtest.grid import Steps
from flatbook.backtest.kernel.tables import CANCELED, EXPIRED, FILLED, WORKING
from flatbook.backtest.reports import Sent, execution_id_of, fees_of
from flatbook.backtest.simulator import NewOrder, Told
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
from flatbook.events.orders import CancelIntended, OrderAccepted, OrderDone, OrderEnd, OrderFilled, OrderStyle
from flatbook.risk.limits import ORDER_RATE_WINDOW_S
from flatbook.risk.quote_checks import Room, check_quote
from flatbook.state.desk import ORDER_TIMES_KEPT_MAX, State
from flatbook.state.intents import CancelIntent, PlaceIntent
from flatbook.state.order_fold import day_of, fees_in_usd
from flatbook.state.orders import Order, Status, moved, order_of_intent
from flatbook.state.positions import DayResult, Entry, NetKey
from flatbook.strategies.decision import Decision, Trigger
from flatbook.values.ids import AssetId, InstrumentId, OrderId, OwnerId
from flatbook.values.instants import Instant, later
from flatbook.values.instruments import Product, Side
from flatbook.values.money import ZERO, Money, Price, Quantity

STYLES = {OrderStyle.LIMIT: 0, OrderStyle.POST_ONLY: 1, OrderStyle.IOC: 2}
PLAIN_RATES = FeeRates()
_ENDS = {CANCELED: OrderEnd.CANCELED, EXPIRED: OrderEnd.EXPIRED}
_WORKS = (Status.ACCEPTED, Status.PARTIALLY_FILLED, Status.PENDING_CANCEL)
_HEARD = (*_WORKS, Status.INTENDED)
_BUY, _SPOT, _ON_FUNDS = Side.BUY, Product.SPOT, Trigger.BALANCE_CHANGED


class Placed:
    """The orders that are at the simulated venue, or on their way there or back, by their number and by their id."""

    def __init__(self) -> None:
        self.sent: dict[int, Sent] = {}
        self.numbers: dict[OrderId, int] = {}
        self.count = 0

    def add(self, sent: Sent) -> None:
        """Keeps an order that is sent."""
        self.sent[sent.number] = sent
        self.numbers[sent.order_id] = sent.number

    def drop(self, sent: Sent) -> None:
        """Forgets an order of which nothing more is told."""
        del self.sent[sent.number], self.numbers[sent.order_id]


class Direct:
    """The seats of a desk, each where it stands, and what was booked for them in this step."""

    def __init__(
        self, rules: Rules, wakes: Wakes, steps: dict[InstrumentId, Steps], terms: Terms, placed: Placed
    ) -> None:
        self.events: list[Event] = []
        self.touched: dict[NetKey, None] = {}
        self.messages: list[NewOrder | int] = []
        self.is_ready = False
        self._rules, self._wakes, self._steps, self._terms, self._placed = rules, wakes, steps, terms, placed
        self._has_only_seats = not (rules.hedges or rules.offers or rules.monitors or rules.breakers)
        self._standings: dict[OwnerId, dict[InstrumentId, Standing]] = {}
        self._on: dict[InstrumentId, list[Standing]] = {}
        for owner, seated in rules.seats.items():
            own = self._standings[owner] = {}
            for instrument in seated.seat.instruments:
                own[instrument.id] = Standing(owner, seated.seat.key, steps[instrument.id])
                self._on.setdefault(instrument.id, []).append(own[instrument.id])
        self._seated: dict[NetKey, tuple[SeatRules, StandingView]] = {}
        self._times: list[Instant] = []
        self._mark_of: Callable[[AssetId], Price | None] = State().mark

    def show(self, sights: Sights) -> None:
        """Takes what strategies see by."""
        for owner, seated in self._rules.seats.items():
            self._seated[seated.seat.key] = (seated, StandingView(seated, self._standings[owner], sights))

    def standing(self, owner: OwnerId, instrument: InstrumentId) -> Standing:
        """Returns where an owner stands on an instrument of its seat."""
        return self._standings[owner][instrument]

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

    def tell(self, told: Sequence[Told]) -> int:
        """Books reports up to the first that is not plain. Gives: how many were booked."""
        for count, each in enumerate(told):
            sent = self._placed.sent.get(each.number)
            order = None if sent is None else sent.standing.live.get(sent.order_id)
            if sent is None or order is None or each.venue_time < INSTANT_FIRST or not self._take(sent, order, each):
                return count
        return len(told)

    def _take(self, sent: Sent, order: Order, told: Told) -> bool:
        kind = told.kind
        if kind == WORKING:
            return self._accept(sent, order, told)
        if kind == FILLED:
            return self._fill(sent, order, told)
        return kind in _ENDS and self._end(sent, order, told)

    def _accept(self, sent: Sent, order: Order, told: Told) -> bool:
        """An acceptance is news of an order that was not heard of; a cancel that waits for it is the engine's."""
        if order.status is not Status.INTENDED or order.cancel_pending:
            return False
        event = OrderAccepted(
            order_id=order.order_id,
            venue_order_id=sent.venue_order_id,
            happened_at=Instant(told.venue_time),
            seen_at=Instant(told.time),
        )
        self.events.append(event)
        sent.standing.live[order.order_id] = moved(order, event)
        self._touch(sent.standing, Trigger.ORDER_WORKING)
        return True

    def _fill(self, sent: Sent, order: Order, told: Told) -> bool:
        standing, steps = sent.standing, sent.steps
        if not steps.is_sound(told.price, told.qty):
            return False
        qty, price, size, is_maker = steps.qty(told.qty), steps.price(told.price), order.contract_size, told.maker != 0
        is_spot = order.product is _SPOT
        event = OrderFilled(
            order.order_id,
            order.owner,
            order.account,
            order.instrument,
            order.underlying,
            execution_id_of(sent, told),
            order.side,
            qty,
            price,
            steps.instrument.quote,
            size,
            fees_of(sent, qty, price, maker=is_maker),
            order.product,
            None if is_spot else realised_from(standing.entry, order.side, qty, price, size),
            is_maker,
            Instant(told.venue_time),
            Instant(told.time),
        )
        self.events.append(event)
        self._account(standing, event)
        after = moved(order, event)
        if after.status is Status.FILLED:
            del standing.live[order.order_id]
            self._placed.drop(sent)
        else:
            standing.live[order.order_id] = after
        self._touch(standing, Trigger.ORDER_FILLED)
        return True

    def _account(self, standing: Standing, event: OrderFilled) -> None:
        """Moves what is read of a position: its quantity, what its account entered at, and the result of the day."""
        size, fees = event.contract_size, event.fees
        qty = event.qty if event.side is _BUY else -event.qty
        cash = -(qty * size) * event.price
        kept = qty - fee_in_kind(event) if fees else qty
        standing.qty += kept
        standing.turned_down = None
        if event.realised is not None:
            entry = standing.entry
            entry.qty += qty  # type: ignore[assignment]  # a sum of quantities is one
            entry.cost = Money(entry.cost - cash + event.realised)
            if not entry.qty:
                entry.qty, entry.cost = Quantity(ZERO), Money(ZERO)
        if standing.mark is not None:
            worth = cash * standing.mark
            result, day = standing.day, day_of(event)
            if result.day < day:
                result.day, result.cash_usd, result.qty = day, ZERO, ZERO
            if result.day == day:
                result.cash_usd += worth - fees_in_usd(event, self._mark_of) if fees else worth
                result.qty += kept * size

    def _end(self, sent: Sent, order: Order, told: Told) -> bool:
        filled = Quantity(sent.qty - sent.steps.qty(told.left))
        if order.status not in _HEARD or filled != order.filled:
            return False
        self.events.append(
            OrderDone(
                order_id=order.order_id,
                end=_ENDS[told.kind],
                filled_qty=filled,
                happened_at=Instant(told.venue_time),
                seen_at=Instant(told.time),
            )
        )
        del sent.standing.live[order.order_id]
        self._placed.drop(sent)
        self._touch(sent.standing, Trigger.ORDER_ENDED)
        return True

    def _touch(self, standing: Standing, trigger: Trigger) -> None:
        wake = self._wakes.wake_of(standing.seat_key)
        if wake is not None and trigger in wake.on:
            self.touched[standing.seat_key] = None

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
        own = self._standings[view.owner]
        for instrument, standing in own.items():
            if standing.live and view.touch(instrument) is None:
                return False
        decision = seated.seat.decide(view, seated.seat.params)
        if decision.notes or _ON_FUNDS in decision.wake.on:
            return False
        if decision.intents and not self._book(seated, view, decision):
            return False
        self._wakes.put(seated.seat.key, decision.wake, view.now)
        return True

    def _book(self, seated: SeatRules, view: StandingView, decision: Decision) -> bool:
        """Books the intents of a decision, cancels first, if all of them are plain."""
        own = self._standings[view.owner]
        cancels: dict[OrderId, tuple[Standing, Order, CancelIntent]] = {}
        places: list[tuple[Standing, PlaceIntent, NewOrder]] = []
        for intent in decision.intents:
            if type(intent) is CancelIntent:
                if not self._wants_cancel(own, intent, cancels):
                    return False
        rooms: dict[InstrumentId, Room] = {}
        for intent in decision.intents:
            if type(intent) is PlaceIntent:
                room = rooms.get(intent.instrument.id)
                standing = own.get(intent.instrument.id)
                if standing is None or not _is_of(intent, standing, view, len(places)):
                    return False
                if room is None:
                    room = rooms[intent.instrument.id] = self._room(view, standing, cancels)
                order = self._order(standing, intent, len(places))
                if order is None or check_quote(room, intent, seated.limits) is not None:
                    return False
                places.append((standing, intent, order))
                self._count_time(view.now)
            elif type(intent) is not CancelIntent:
                return False
        for standing, order, cancel in cancels.values():
            self._cancel(standing, order, cancel, view.now)
        for standing, place, new in places:
            self._place(standing, place, new, view.now)
        if places:
            view.placed(len(places))
        return True

    def _count_time(self, now: Instant) -> None:
        """Counts an order in the rate of the desk, as the fold of its intent does."""
        self._times.append(now)
        if len(self._times) > 2 * ORDER_TIMES_KEPT_MAX:
            del self._times[:ORDER_TIMES_KEPT_MAX]

    def _wants_cancel(
        self,
        own: dict[InstrumentId, Standing],
        intent: CancelIntent,
        cancels: dict[OrderId, tuple[Standing, Order, CancelIntent]],
    ) -> bool:
        """Notes an order to be canceled; one that is not there, or is being canceled, is passed over."""
        for standing in own.values():
            order = standing.live.get(intent.order_id)
            if order is not None:
                if order.status is Status.INTENDED:
                    return False
                if not order.cancel_pending and intent.order_id not in cancels:
                    cancels[intent.order_id] = (standing, order, intent)
                return True
        return True

    def _room(
        self, view: StandingView, standing: Standing, cancels: dict[OrderId, tuple[Standing, Order, CancelIntent]]
    ) -> Room:
        """Returns where an owner stands on an instrument once its cancels are booked."""
        touch = view.touch(standing.instrument.id)
        room = Room(
            standing.instrument,
            touch,
            None,
            (),
            standing.mark,
            standing.qty,
            self._times,
            later(view.now, seconds=-ORDER_RATE_WINDOW_S),
            day_result_usd(standing.day, view.now, touch, standing.instrument, standing.mark),
        )
        for each in self._on[standing.instrument.id]:
            for order in each.live.values():
                if each is standing:
                    room.count(order.side, order.leaves, reduces=order.reduce_only)
                    room.open_orders += 1
                if not order.cancel_pending and order.order_id not in cancels:
                    room.rest(order.side, order.limit)
        return room

    def _order(self, standing: Standing, intent: PlaceIntent, index: int) -> NewOrder | None:
        """Returns an order as the simulator takes it; None where it is no whole number of ticks and lots."""
        steps = standing.steps
        if intent.limit is None:
            return None
        ticks, lots = steps.ticks(intent.limit), steps.lots(intent.qty)
        if ticks is None or not lots:
            return None
        number, sign = self._placed.count + index + 1, 1 if intent.side is _BUY else -1
        key = zlib.crc32(intent.order_id.encode())
        return NewOrder(number, steps.place, sign, ticks, lots, STYLES[intent.style], key, intent.good_until)

    def _cancel(self, standing: Standing, order: Order, intent: CancelIntent, now: Instant) -> None:
        event = CancelIntended(
            order_id=order.order_id,
            attempt=order.cancel_attempt + 1,
            reason=intent.reason,
            because=intent.because,
            decided_at=now,
        )
        self.events.append(event)
        standing.live[order.order_id] = moved(order, event)
        self.messages.append(self._placed.numbers[order.order_id])

    def _place(self, standing: Standing, intent: PlaceIntent, new: NewOrder, now: Instant) -> None:
        event = intended(intent, now)
        self.events.append(event)
        order = standing.live[event.order_id] = order_of_intent(event)
        rates = self._terms.fees.get(event.instrument, PLAIN_RATES)
        self._placed.count = new.number
        self._placed.add(Sent(order, new.number, standing, rates))
        self.messages.append(new)


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
