"""The step of a quoting strategy: what each order event costs, from the decision to its bytes. Budget: 10 s, quick 3 s.

Two quotes follow a book that moves; now and then one executes. It is the way that a backtest, paper and live share.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from benchmarks import Figure, amount
from flatbook.engine.effects import Cancel, Effect, Place
from flatbook.engine.inputs import ExecutionsRead, Item, OrderReported, PlaceAnswered, Restarted, Resumed, Woken
from flatbook.engine.observe import Observations
from flatbook.engine.ports import FillSource, IdRule, VenueCard
from flatbook.engine.reports import Accepted, Execution, OrderReport, VenueStatus
from flatbook.engine.rules import Rules, SeatRules
from flatbook.engine.step import steps
from flatbook.engine.wakes import Wakes
from flatbook.events.codec import encode_events
from flatbook.events.event import Event
from flatbook.events.orders import CancelReason, OrderStyle
from flatbook.market.orderbook import OrderBook
from flatbook.market.quotes import Market
from flatbook.risk.limits import Limits
from flatbook.risk.quote_limits import QuoteLimits
from flatbook.state.desk import State
from flatbook.state.intents import CancelIntent, PlaceIntent
from flatbook.state.orders import Order
from flatbook.state.positions import NetKey
from flatbook.strategies.decision import Decision, Edge, Level, Series, Trigger, Wake
from flatbook.strategies.quoting import QuoteView, Seat
from flatbook.values.ids import (
    AccountId,
    AssetId,
    ExecutionId,
    InstrumentId,
    OrderId,
    OwnerId,
    Underlying,
    VenueOrderId,
)
from flatbook.values.instants import NS_PER_S, Instant
from flatbook.values.instruments import Instrument, Product, Side, TradingRules
from flatbook.values.money import ONE, Price, Quantity

ROUNDS = amount(6_000, 1_500)
FILL_EVERY = 4
START = Instant(1_764_685_800 * NS_PER_S)
STEP_NS = 100_000_000
ACCOUNT, USDT, OWNER = AccountId("exchange"), AssetId("USDT"), OwnerId("maker")
TICK, QTY = Decimal("0.1"), Quantity(ONE)
TRADED = Instrument(
    id=InstrumentId("BTCUSDT"),
    account=ACCOUNT,
    symbol="BTCUSDT",
    underlying=Underlying("BTC"),
    quote=USDT,
    rules=TradingRules(tick=TICK, lot=ONE, qty_min=ONE, notional_min=Decimal(5)),
    product=Product.LINEAR_PERP,
)
HUGE = Decimal(10) ** 12
LIMITS = QuoteLimits(
    order_notional_usd_max=HUGE,
    order_qty_max=HUGE,
    position_max=HUGE,
    open_orders_max=100,
    orders_per_minute_max=10_000,
    day_loss_usd_max=HUGE,
    collar_bps_max=100,
    book_age_ms_max=60_000,
)
ON = (Trigger.ORDER_FILLED, Trigger.ORDER_ENDED)

Decide = Callable[[QuoteView, Any], Decision]


def quote(view: QuoteView, _params: object) -> Decision:
    """Keeps one quote a side at the touch, and waits for it to move."""
    touch = view.touch(TRADED.id)
    if touch is None:
        return Decision(intents=(), notes=(), wake=Wake(on=ON))
    intents: list[Any] = []
    wanted = {Side.BUY: touch.bid * TICK, Side.SELL: touch.ask * TICK}
    for order in view.orders(TRADED.id):
        if order.cancel_pending:
            continue
        if order.limit == wanted.get(order.side):
            del wanted[order.side]
        else:
            intents.append(CancelIntent(order_id=order.order_id, reason=CancelReason.STALE_PRICE, because=None))
    for placed, (side, limit) in enumerate(wanted.items()):
        intents.append(
            PlaceIntent(
                order_id=view.order_id(placed),
                owner=view.owner,
                underlying=TRADED.underlying,
                instrument=TRADED,
                side=side,
                qty=QTY,
                limit=Price(limit),
                reduce_only=False,
                style=OrderStyle.POST_ONLY,
                slot=None,
                because=None,
                evidence={"bid": str(touch.bid), "ask": str(touch.ask)},
                good_until=Instant(view.now + 30 * NS_PER_S),
            )
        )
    levels = (
        Level(TRADED.id, Series.BID, Edge.AT_OR_BELOW, touch.bid - 1),
        Level(TRADED.id, Series.BID, Edge.AT_OR_ABOVE, touch.bid + 1),
    )
    return Decision(intents=tuple(intents), notes=(), wake=Wake(on=ON, levels=levels))


def rules_of(seat: Seat) -> Rules:
    """Returns the rules of a desk with one seat."""
    card = VenueCard(
        name="exchange",
        id_rule=IdRule.FOR_EVER,
        request_window_s=5,
        read_lag_max_s=1,
        place_timeout_s=5,
        fill_source=FillSource.EXECUTIONS,
    )
    hedges = Limits(
        order_notional_usd_max=HUGE,
        order_shares_max=HUGE,
        collar_bps_max=100,
        second_bps_max=100,
        price_age_s_max=5,
        day_loss_usd_max=HUGE,
        open_orders_max=10,
        orders_per_minute_max=100,
    )
    return Rules(
        hedges={},
        instruments={TRADED.id: TRADED},
        cards={ACCOUNT: card},
        chains={},
        limits=hedges,
        marks={USDT: Price(ONE)},
        residue_usd_max=HUGE,
        depeg_bps_max=50,
        resends_max=1,
        config_digest="benchmark",
        seats={OWNER: SeatRules(seat=seat, limits=LIMITS)},
    )


class Desk:
    """A desk with one seat and no shell, whose venue answers in the next turn."""

    def __init__(self, decide: Decide = quote, book: OrderBook | None = None, seat: Seat | None = None) -> None:
        self.seat = seat or Seat(owner=OWNER, instruments=(TRADED,), params=None, decide=decide)
        self.rules = rules_of(self.seat)
        self.book = OrderBook() if book is None else book
        self.seen = Observations(self.rules, {TRADED.id: self.book})
        self.market, self.wakes, self.state = Market(self.seen), Wakes(self.seen), State()
        self.now, self.number = START, 0
        self.events: list[Event] = []
        self.answers: list[tuple[Item, Instant]] = []
        self.seen.woken = self._woken
        self.take([(Restarted(), self.now), (Resumed(key=self.seat.key), self.now)])

    def _woken(self, key: NetKey) -> None:
        self.answers.append((Woken(key=key), self.now))

    def take(self, items: list[tuple[Item, Instant]]) -> None:
        """Takes inputs in one turn, and makes what the venue will answer to its effects."""
        done = steps(self.state, self.market, items, rules=self.rules, wakes=self.wakes)
        self.events += done.events
        self.answer(done.effects)

    def answer(self, effects: Iterable[Effect]) -> None:
        """Makes what the venue will answer to effects."""
        for effect in effects:
            self.number += 1
            if isinstance(effect, Place):
                answer = Accepted(venue_order_id=VenueOrderId(f"V{self.number}"), pending=False, happened_at=self.now)
                placed = PlaceAnswered(order_id=effect.order.order_id, attempt=0, answer=answer)
                self.answers.append((placed, self.now))
            elif isinstance(effect, Cancel):
                self.answers.append((ended_of(self.state, effect.order_id, self.now), self.now))

    def working(self) -> list[Order]:
        """Returns the orders that work, oldest first."""
        orders = (self.state.orders[order_id] for order_id in self.state.open_orders)
        return [order for order in orders if not order.cancel_pending]

    def execute(self, order: Order) -> None:
        """Executes an order in full."""
        self.number += 1
        execution = Execution(
            execution_id=ExecutionId(f"X{self.number}"),
            order_id=order.order_id,
            venue_order_id=order.venue_order_id,
            instrument=order.instrument,
            side=order.side,
            qty=order.qty,
            price=order.limit or Price(ONE),
            fees=(),
            realised=None,
            happened_at=self.now,
            maker=True,
        )
        self.answers.append((ExecutionsRead(account=ACCOUNT, executions=(execution,), cursor=None), self.now))

    def round(self, number: int) -> None:
        """Moves the book, lets what waits be taken, and sometimes executes an order."""
        self.now = Instant(self.now + STEP_NS)
        bid = 1_000_000 + (number * 7) % 13
        self.book.replace([(bid, 5)], [(bid + 2, 5)])
        self.seen.saw_book(TRADED.id, self.now)
        if number % FILL_EVERY == 0 and (working := self.working()):
            self.execute(working[0])
        answers, self.answers = self.answers, []
        if answers:
            self.take(answers)


def ended_of(state: State, order_id: OrderId, at: Instant) -> OrderReported:
    """Returns that the venue canceled an order."""
    order = state.orders[order_id]
    report = OrderReport(
        order_id=order.order_id,
        venue_order_id=order.venue_order_id or VenueOrderId("V"),
        instrument=order.instrument,
        side=order.side,
        qty=order.qty,
        filled_qty=order.filled,
        status=VenueStatus.CANCELED,
        status_text="canceled",
        executions=(),
        complete=True,
        happened_at=at,
    )
    return OrderReported(account=ACCOUNT, report=report)


def run() -> list[Figure]:
    """Measures what one event of an order costs in a desk, and what its bytes cost."""
    desk = Desk()
    for number in range(200):
        desk.round(number)
    before = len(desk.events)
    begun = time.process_time_ns()
    for number in range(ROUNDS):
        desk.round(number)
    taken = time.process_time_ns() - begun
    events = desk.events[before:]
    begun = time.process_time_ns()
    encode_events(tuple(events))
    encoded = time.process_time_ns() - begun
    per_event = taken / len(events) / 1000
    return [
        Figure("quote: decide, check, fold, per event of an order", per_event, "us"),
        Figure("quote: its bytes", encoded / len(events) / 1000, "us"),
        Figure("quote: events in a round", len(events) / ROUNDS, ""),
    ]
