"""The oracle of the compiled scan: the same two clocks in plain Python, as slow as it is easy to check."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from heapq import heappop, heappush

from flatbook.backtest.booked import Booked
from flatbook.backtest.kernel.market import has_levels
from flatbook.backtest.kernel.tables import (
    ADDS,
    CANCELED,
    EXPIRED,
    FILLED,
    FORCED,
    LACKS,
    ONLY_REDUCES,
    PAID,
    REJECTED,
    SMALL,
    TAKES,
    WORKING,
)
from flatbook.backtest.plain_account import OpenOrder, PlainAccount
from flatbook.backtest.plain_sight import NEVER, KeptFeature, SeenInstrument, TapeRow, Unseen, arm_all
from flatbook.backtest.simulator import Along, NewOrder, OrderRow, Passed, Sample, Stop, Told, Watch
from flatbook.backtest.tape import Tape
from flatbook.backtest.terms import Latency, Terms
from flatbook.backtest.venue_account import KeptInstrument
from flatbook.market.orderbook import Touch
from flatbook.market.ticks import Kind
from flatbook.matcher.observed import Fill, ObservedMarket, Style
from flatbook.matcher.rule import CANCELING, PLACING, REPORTING, latency
from flatbook.strategies.quoting import Feature
from flatbook.values.instants import Instant
from flatbook.values.money import ZERO

HALF = Decimal("0.5")
_BOOK = (Kind.BID, Kind.ASK, Kind.CLEAR)
_ENDINGS = (CANCELED, EXPIRED, REJECTED)


class _Order:
    """One of our orders, from when it was sent until its end is told."""

    def __init__(self, order: NewOrder, arrives_at: int) -> None:
        self.order, self.arrives_at = order, arrives_at
        self.left, self.executed, self.arrived_at = order.lots, 0, 0
        self.reduces = order.style >= ONLY_REDUCES
        self.has_arrived, self.name = False, str(order.number)


class PlainMarket:
    """A tape that is scanned row by row. `features` are (place of the instrument, feature)."""

    def __init__(self, tape: Tape, terms: Terms, features: Sequence[tuple[int, Feature]] = ()) -> None:
        places = range(len(tape.head.instruments))
        self._terms, self._rows = terms, _rows_of(tape)
        self._next = next(self._rows, None)
        self._markets = [
            ObservedMarket(has_levels=has_levels(tape, inst), share=terms.share, front=terms.front) for inst in places
        ]
        self._seen = [SeenInstrument(has_levels=has_levels(tape, inst)) for inst in places]
        self._features = [KeptFeature(inst, feature) for inst, feature in features]
        for feature in self._features:
            self._seen[feature.inst].features.append(feature)
        self._positions = [0 for _ in places]
        self._least = [(0, 0) for _ in places]
        self._marks, self._traded, self._forced = ([0 for _ in places] for _ in range(3))
        self._ticks = [each.tick for each in tape.head.instruments]
        self._account = PlainAccount((), self._mark, self._positions.__getitem__)
        self._unseen: deque[Unseen] = deque()
        self._orders: dict[int, _Order] = {}
        self._arrivals: list[tuple[int, int, bool, int]] = []
        self._reports: list[tuple[int, int, Told]] = []
        self._told: list[Told] = []
        self._watched: dict[int, None] = {}
        self._samples: list[Sample] = []
        self._turn, self._closed_at = 0, NEVER
        self._watch = Watch(0, None, (), (), ())
        self._wake_at, self._sample_at = NEVER, 0
        self._next_wakes = self._is_woken = self._asks_each = self._has_rung = False
        self.now, self.rows_done = Instant(tape.head.first_ts), 0

    # What a desk asks of it.

    def run(self) -> Stop:
        """Goes on to the next stop."""
        self._is_woken = self._has_rung = False
        while True:
            over = self._next is None
            happens = NEVER if self._next is None else self._next.ts
            comes = self._unseen[0].row.local_ts if self._unseen else NEVER
            at = self._next_message()
            timer = self._timer()
            if self._is_woken and at > self.now and comes > self.now:
                return Stop.WOKEN
            if at <= comes and at <= happens and at < NEVER:
                self._take_message(at)
            elif timer < comes and timer <= happens and (self._unseen or not over):
                self._ring(timer)
            elif self._unseen and comes <= happens:
                if self._see() and self._is_woken:
                    return Stop.WOKEN
            elif self._next is not None:
                self._happen(self._next)
            else:
                return Stop.ENDED

    def passed(self) -> Passed:
        """Returns nothing: this goes past no message."""
        return Passed(0, (), (), tuple, tuple)

    def settle(self, _asked: int) -> bool:
        """Returns that there is no message to go back to."""
        return False

    def told(self) -> list[Told]:
        """Returns the reports that came since they were last asked for, in order of time."""
        told, self._told = self._told, []
        return told

    def told_until(self) -> int:
        """Returns when the newest of the reports came that were not asked for yet; 0 where there is none."""
        return self._told[-1].time if self._told else 0

    def along(self) -> Along | None:
        """Returns nothing: it books nothing itself."""
        return None

    def share(self, _booked: Booked) -> bool:
        """Returns that it books nothing itself."""
        return False

    def book_told(self, _see_day: Callable[[Instant], None]) -> Sequence[Sequence[int]]:
        """Returns all that it tells."""
        return self.told()

    def deliver(self) -> bool:
        """Returns that all is done: it is sent as soon as it is said."""
        return True

    def fit_since(self, inst: int) -> int:
        """Returns when the book of an instrument was last seen fit; 0 where it is not fit."""
        touch, seen_at = self.seen(inst)
        return 0 if touch is None else seen_at

    def samples(self) -> list[Sample]:
        """Returns what was sampled since it was last asked for."""
        samples, self._samples = self._samples, []
        return samples

    def place(self, row: OrderRow) -> None:
        """Sends an order now."""
        order = NewOrder(*row)
        at = self.now + self._latency(self._terms.placing, order.key, PLACING)
        self._orders[order.number] = _Order(order, at)
        heappush(self._arrivals, (at, self._next_turn(), True, order.number))

    def cancel(self, number: int) -> None:
        """Sends a cancel now."""
        known = self._orders.get(number)
        if known is None:
            return
        at = self.now + self._latency(self._terms.canceling, known.order.key, CANCELING)
        at = at if known.has_arrived else max(at, known.arrives_at)
        heappush(self._arrivals, (at, self._next_turn(), False, number))

    def wake_on_acceptance(self, number: int) -> None:
        """Stops when the acceptance of an order is told, whatever is waited for."""
        self._watched[number] = None

    def arm(self, watch: Watch) -> None:
        """Waits for these from the next observation on, and for nothing that was waited for before."""
        self._watch = watch
        is_past = watch.at is not None and watch.at <= self.now
        self._next_wakes = is_past
        self._wake_at = NEVER if watch.at is None or is_past else watch.at
        arm_all(self._seen, watch, self.now)

    def arm_again(self) -> None:
        """Waits for the same as before, from the next observation on."""
        self.arm(self._watch)

    def observe(self, inst: int, age_ns: int) -> None:
        """Wakes where the book of an instrument becomes unfit or fit, or was silent for its age."""
        self._seen[inst].is_watched = True
        self._seen[inst].age_ns = min(age_ns, self._seen[inst].age_ns)

    def require(self, inst: int, lots: int, worth: int) -> None:
        """Turns down orders of fewer lots, and of less than so many ticks times lots."""
        self._least[inst] = lots, worth

    def keep_account(self, kept: Sequence[KeptInstrument]) -> None:
        """Looks at the margin of an account."""
        self._account = PlainAccount(kept, self._mark, self._positions.__getitem__)

    def ask_each(self) -> None:
        """Wakes after every message that was seen."""
        self._asks_each = True

    def seen(self, inst: int) -> tuple[Touch | None, int]:
        """Returns the touch of an instrument, and when its book was last seen fit."""
        return self._seen[inst].touch, self._seen[inst].heard_at

    def touch_after(self, inst: int, earliest: int) -> Touch | None:
        """Returns the touch of an instrument whose book was seen fit after an instant; None without such a one."""
        touch, seen_at = self.seen(inst)
        return touch if seen_at > earliest else None

    def touch(self, inst: int) -> Touch | None:
        """Returns what was last seen as the best of both sides; None while the book is unfit or empty on one side."""
        return self._seen[inst].touch

    def observed_at(self, inst: int) -> int | None:
        """Returns when a book was last seen fit; None before the first time."""
        return self._seen[inst].heard_at or None

    def feature(self, number: int) -> float | None:
        """Returns a feature by its place among those that were declared; None while it is not ready."""
        return self._features[number].read(self.now)

    @property
    def asks_each(self) -> bool:
        """Whether it wakes after every message, whatever is waited for."""
        return self._asks_each

    @property
    def is_plain(self) -> bool:
        """Whether the stop came with a message and not by time alone, while every book that is watched is fit."""
        return not self._has_rung and all(seen.touch is not None for seen in self._seen if seen.is_watched)

    # What happens at the venue.

    def _happen(self, row: TapeRow) -> None:
        market, top = self._markets[row.inst], None
        fills: list[Fill] = []
        if row.kind == Kind.QUOTE and not market.has_levels:
            fills = market.show_touch(row.p1, row.q1, row.p2, row.q2)
        elif row.kind == Kind.TRADE:
            self._traded[row.inst] = row.p1
            fills = market.trade(row.p1, row.q1, row.p2)
        elif row.kind in (Kind.BID, Kind.ASK):
            market.set_level(1 if row.kind == Kind.BID else -1, row.p1, row.q1)
        elif row.kind == Kind.CLEAR:
            market.clear()
        elif row.kind == Kind.MARK:
            self._marks[row.inst] = row.p1
        elif row.kind == Kind.FUNDING and row.q1 == row.ts:
            self._pay(row)
        if market.has_levels and row.ends and row.kind in _BOOK:
            book = market.book
            top = (book.best_bid, book.size(1, book.best_bid), book.best_ask, book.size(-1, book.best_ask))
            fills += market.whole()
        for fill in fills:
            self._execute(self._orders[int(fill.order_id)], fill, row.ts)
        if fills:
            self._cut_all(row.inst, row.ts)
        if row.ends:
            self._check_margin(row.inst, row.ts)
        self._unseen.append(Unseen(row, top))
        self._next = next(self._rows, None)
        if self._next is None:
            self._closed_at = row.ts

    def _pay(self, row: TapeRow) -> None:
        position, book = self._positions[row.inst], self._markets[row.inst].book
        if not position:
            return
        mark = row.p2 or self._seen[row.inst].mark or (book.best_bid + book.best_ask) // 2
        self._account.fund(row.inst, row.p1, mark * self._ticks[row.inst])
        told = Told(0, 0, PAID, row.inst, row.p1, position, row.ts, 0, 0, mark, 0, 0)
        self._send_report(told, row.ts + self._terms.reporting.least_ns)

    def _arrive(self, known: _Order, time: int) -> None:
        order = known.order
        known.has_arrived, known.arrived_at = True, time
        market, style = self._markets[order.inst], Style(order.style % ONLY_REDUCES)
        if self._is_small(known):
            self._refuse(known, SMALL, time)
            return
        most = self._may_reduce(known) if known.reduces else order.lots
        would_take = style is Style.POST_ONLY and market.would_take(order.sign, order.price)
        if not would_take and (not most or self._lacks_margin(known)):
            self._refuse(known, LACKS if most else ADDS, time)
            return
        arrival = market.arrive(known.name, order.sign, order.price, min(most, order.lots) or 1, style)
        if arrival.is_refused:
            self._refuse(known, TAKES, time)
            return
        self._report(known, WORKING, time)
        if known.reduces:
            market.only_reduces(known.name)
        for fill in arrival.fills:
            self._execute(known, fill, time)
        if known.left and (not arrival.rests or order.due_at <= time):
            market.cancel(known.name)
            self._end(known, EXPIRED, time)
        if arrival.fills:
            self._cut_all(order.inst, time)
            self._check_margin(order.inst, time)

    def _lacks_margin(self, known: _Order) -> bool:
        order = known.order
        if known.reduces:
            return False
        opening = (each for each in self._resting() if each is not known and not each.reduces)
        resting = [OpenOrder(each.order.inst, each.order.sign, each.left) for each in opening]
        price = ZERO if order.price == NEVER else order.price * self._ticks[order.inst]
        return self._account.lacks_margin(OpenOrder(order.inst, order.sign, order.lots), price, resting)

    def _mark(self, inst: int) -> Decimal:
        return self._half_ticks(inst) * HALF * self._ticks[inst]

    def _half_ticks(self, inst: int) -> int:
        book = self._markets[inst].book
        if self._marks[inst]:
            return 2 * self._marks[inst]
        both = book.best_bid > 0 and book.best_ask > 0
        return book.best_bid + book.best_ask if both else 2 * self._traded[inst]

    def _check_margin(self, inst: int, time: int) -> None:
        """Takes orders back and closes positions where the margin of an account is not enough."""
        closed = self._account.to_close(inst)
        for number in sorted(self._orders) if closed else ():
            known = self._orders[number]
            if known.has_arrived and self._account.shares_margin(inst, known.order.inst):
                self._markets[known.order.inst].cancel(known.name)
                self._end(known, CANCELED, time)
        for each in closed:
            lots, halves = -self._positions[each], self._half_ticks(each)
            self._account.execute(each, self._mark(each), lots, is_maker=False)
            self._positions[each] = 0
            self._forced[each] += 1
            told = Told(0, 0, FORCED, each, halves, lots, time, 0, self._forced[each], 0, 0, 0)
            self._send_report(told, time + self._terms.reporting.least_ns)

    def _is_small(self, known: _Order) -> bool:
        order, (lots, worth) = known.order, self._least[known.order.inst]
        book = self._markets[order.inst].book
        price = order.price
        if price in (NEVER, 0):
            price = book.best_ask if price else book.best_bid
        return order.lots < lots or (not known.reduces and 0 < price * order.lots < worth)

    def _may_reduce(self, known: _Order) -> int:
        return max(-self._positions[known.order.inst] * known.order.sign, 0)

    def _refuse(self, known: _Order, why: int, time: int) -> None:
        self._send_report(self._told_of(known, REJECTED, time)._replace(price=why), time + self._reporting(known))
        del self._orders[known.order.number]

    def _cut_all(self, inst: int, time: int) -> None:
        """Cuts the orders that may only reduce once a position has moved."""
        market = self._markets[inst]
        for number in sorted(self._orders):
            known = self._orders[number]
            left = market.left(known.name) if known.order.inst == inst and known.reduces else 0
            most = self._may_reduce(known)
            if left <= most:
                continue
            market.cancel(known.name)
            if most:
                market.rest(known.name, known.order.sign, known.order.price, most)
                market.only_reduces(known.name)
            else:
                self._end(known, EXPIRED, time)

    def _execute(self, known: _Order, fill: Fill, time: int) -> None:
        known.left -= fill.qty
        known.executed += 1
        inst, lots = known.order.inst, known.order.sign * fill.qty
        self._positions[inst] += lots
        self._traded[inst] = self._traded[inst] or fill.price
        self._account.execute(inst, fill.price * self._ticks[inst], lots, is_maker=fill.is_maker)
        told = self._told_of(known, FILLED, time)._replace(price=fill.price, qty=fill.qty, maker=int(fill.is_maker))
        told = told._replace(ahead=fill.ahead, waited_ns=time - known.arrived_at)
        self._send_report(told, time + self._reporting(known))
        if not known.left:
            del self._orders[known.order.number]
        elif fill.is_maker and not self._markets[known.order.inst].left(known.name):
            self._end(known, EXPIRED, time)

    def _end(self, known: _Order, kind: int, time: int) -> None:
        self._report(known, kind, time)
        del self._orders[known.order.number]

    # What is under way.

    def _next_message(self) -> int:
        at = NEVER
        if self._arrivals and self._arrivals[0][0] <= self._closed_at:
            at = self._arrivals[0][0]
        due = min(((order.order.due_at) for order in self._resting()), default=NEVER)
        if due <= self._closed_at:
            at = min(at, due)
        return min(at, self._reports[0][0]) if self._reports else at

    def _resting(self) -> Iterator[_Order]:
        return (order for order in self._orders.values() if order.has_arrived)

    def _take_message(self, at: int) -> None:
        due = min(self._resting(), key=lambda each: (each.order.due_at, each.order.number), default=None)
        if due is not None and due.order.due_at <= at:
            self._markets[due.order.inst].cancel(due.name)
            self._end(due, EXPIRED, due.order.due_at)
        elif self._arrivals and self._arrivals[0][0] <= at:
            time, _, is_new, number = heappop(self._arrivals)
            known = self._orders.get(number)
            if known is not None and is_new:
                self._arrive(known, time)
            elif known is not None:
                self._markets[known.order.inst].cancel(known.name)
                self._end(known, CANCELED, time)
        else:
            self._take_report()

    def _take_report(self) -> None:
        at, _, told = heappop(self._reports)
        self._told.append(told._replace(time=at))
        self.now = Instant(at)
        is_watched = told.kind not in (PAID, FORCED) and told.number in self._watched
        if told.kind in _ENDINGS or (told.kind == FILLED and not told.left):
            self._watched.pop(told.number, None)
        if (self._watch.reports >> told.kind) & 1 or is_watched:
            self._is_woken = True

    def _report(self, known: _Order, kind: int, time: int) -> None:
        self._send_report(self._told_of(known, kind, time), time + self._reporting(known))

    def _told_of(self, known: _Order, kind: int, time: int) -> Told:
        return Told(0, 0, kind, known.order.number, 0, 0, time, 0, known.executed, known.left, 0, 0)

    def _send_report(self, told: Told, at: int) -> None:
        heappush(self._reports, (at, self._next_turn(), told))

    def _reporting(self, known: _Order) -> int:
        return self._latency(self._terms.reporting, known.order.key, REPORTING)

    def _latency(self, drawn: Latency, key: int, purpose: int) -> int:
        return latency(self._terms.seed, key, purpose, drawn.least_ns, drawn.spread_ns)

    def _next_turn(self) -> int:
        self._turn += 1
        return self._turn

    # What we see.

    def _see(self) -> bool:
        """Lets the next row be seen, and says whether its message is over."""
        row, top = self._unseen.popleft()
        if row.local_ts >= self._sample_at:
            self._sample(row.local_ts)
        wakes = self._seen[row.inst].see(row, top)
        self.rows_done += 1
        self._is_woken = self._is_woken or wakes
        if not row.ends:
            return False
        self.now = Instant(row.local_ts)
        self._is_woken = self._is_woken or self._next_wakes or self._asks_each
        self._next_wakes = False
        return True

    def _sample(self, at: int) -> None:
        for inst, seen in enumerate(self._seen):
            self._samples.append(Sample(self._sample_at, inst, seen.bid, seen.ask, seen.mark))
        self._sample_at = at - at % self._terms.sample_ns + self._terms.sample_ns

    def _timer(self) -> int:
        return min([self._wake_at, *(seen.silent_at() for seen in self._seen if seen.is_watched)])

    def _ring(self, at: int) -> None:
        self.now = Instant(at)
        self._is_woken = self._has_rung = True
        if self._wake_at <= at:
            self._wake_at = NEVER
        for seen in self._seen:
            seen.asked_at = at


def _rows_of(tape: Tape) -> Iterator[TapeRow]:
    for chunk in tape.chunks():
        columns = (
            chunk.ts,
            chunk.local_ts,
            chunk.kind,
            chunk.inst,
            chunk.p1,
            chunk.q1,
            chunk.p2,
            chunk.q2,
            chunk.flags,
        )
        for row in zip(*(column.tolist() for column in columns), strict=True):
            yield TapeRow._make(row)
