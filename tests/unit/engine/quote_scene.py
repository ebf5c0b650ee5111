"""A desk with one seat and no shell: observations and inputs go in, events and effects come out."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from flatbook.engine.inputs import (
    ExecutionsRead,
    Item,
    OrderReported,
    PlaceAnswered,
    Restarted,
    Resumed,
    TimeCame,
    Woken,
)
from flatbook.engine.observe import Observations
from flatbook.engine.ports import FillSource, IdRule, VenueCard
from flatbook.engine.reports import Accepted, Execution, OrderReport, Rejected, VenueStatus
from flatbook.engine.rules import Rules, SeatRules
from flatbook.engine.step import Step, step
from flatbook.engine.wakes import Wakes
from flatbook.events.event import Event
from flatbook.events.orders import Fee, OrderIntended, OrderStyle, RejectReason
from flatbook.market.orderbook import OrderBook
from flatbook.market.quotes import Market
from flatbook.risk.limits import Limits
from flatbook.risk.quote_limits import QuoteLimits
from flatbook.state.desk import State
from flatbook.state.intents import PlaceIntent
from flatbook.state.orders import Order
from flatbook.state.positions import NetKey
from flatbook.strategies.decision import Decision, Trigger, Wake
from flatbook.strategies.quoting import QuoteView, Seat
from flatbook.values.ids import (
    AccountId,
    AssetId,
    ExecutionId,
    InstrumentId,
    OrderId,
    OwnerId,
    Slot,
    Underlying,
    VenueOrderId,
)
from flatbook.values.instants import instant_of_text, later
from flatbook.values.instruments import Instrument, Product, Side, TradingRules
from flatbook.values.money import ONE, Money, Price, Quantity

OWNER = OwnerId("maker")
ACCOUNT = AccountId("exchange")
BTC, USDT = AssetId("BTC"), AssetId("USDT")
START = instant_of_text("2026-03-02T12:00:00Z")
EVENTS_ON = tuple(Trigger)


def instrument(product: Product = Product.SPOT, **changes: Any) -> Instrument:
    """Returns what is quoted on: a tick of 0.1, a lot of 0.001."""
    plain = Instrument(
        id=InstrumentId("BTC/USDT"),
        account=ACCOUNT,
        symbol="BTCUSDT",
        underlying=Underlying("BTC"),
        quote=USDT,
        rules=TradingRules(
            tick=Decimal("0.1"), lot=Decimal("0.001"), qty_min=Decimal("0.001"), notional_min=Decimal(5)
        ),
        product=product,
    )
    return replace(plain, **changes)


SPOT = instrument()

LIMITS = QuoteLimits(
    order_notional_usd_max=Decimal(1_000),
    order_qty_max=Decimal(10),
    position_max=Decimal(20),
    open_orders_max=20,
    orders_per_minute_max=1_000,
    day_loss_usd_max=Decimal(10_000),
    collar_bps_max=100,
    book_age_ms_max=750,
)

DESK_LIMITS = Limits(
    order_notional_usd_max=Decimal(1_000),
    order_shares_max=Decimal(10),
    collar_bps_max=100,
    second_bps_max=100,
    price_age_s_max=5,
    day_loss_usd_max=Decimal(1_000),
    open_orders_max=10,
    orders_per_minute_max=100,
)


def place(view: QuoteView, index: int, side: Side, limit: str, qty: str = "0.01", **changes: Any) -> PlaceIntent:
    """Returns the wish for a post-only order, good for 30 s."""
    plain = PlaceIntent(
        order_id=view.order_id(index),
        owner=view.owner,
        underlying=SPOT.underlying,
        instrument=SPOT,
        side=side,
        qty=Quantity(Decimal(qty)),
        limit=Price(Decimal(limit)),
        reduce_only=False,
        style=OrderStyle.POST_ONLY,
        slot=Slot(f"{side.value}-{limit}"),
        because=None,
        evidence={"bid": str(touch.bid) if (touch := view.touch(SPOT.id)) is not None else "none"},
        good_until=later(view.now, seconds=30),
    )
    return replace(plain, **changes)


def decision(*intents: Any, **wake: Any) -> Decision:
    """Returns a decision that wakes on all that happens to its own orders."""
    return Decision(intents=intents, notes=(), wake=Wake(on=EVENTS_ON, **wake))


class Scene:
    """The state of a desk with one seat, its book and its wakes, at an instant that a test moves."""

    def __init__(self, decide: Any, traded: Instrument = SPOT, limits: QuoteLimits = LIMITS, **seat: Any) -> None:
        self.seat = Seat(owner=OWNER, instruments=(traded,), params=self, decide=decide, **seat)
        self.rules = rules_of(self.seat, limits)
        self.book = OrderBook()
        self.seen = Observations(self.rules, {traded.id: self.book})
        self.market, self.wakes = Market(self.seen), Wakes(self.seen)
        self.state = State()
        self.now = START
        self.events: list[Event] = []
        self.effects: list[Any] = []
        self.fills = 0
        self.seen.woken = self._woken
        self.waiting: list[Woken] = []
        self.traded = traded

    def _woken(self, key: NetKey) -> None:
        if Woken(key=key) not in self.waiting:
            self.waiting.append(Woken(key=key))

    def take(self, item: Item) -> Step:
        """Steps one input now."""
        done = step(self.state, self.market, item, now=self.now, rules=self.rules, wakes=self.wakes)
        self.events += done.events
        self.effects += done.effects
        return done

    def begin(self, bid: int = 999, ask: int = 1001) -> Step:
        """Starts the desk with a book, and asks the strategy for the first time."""
        self.take(Restarted())
        self.observe(bid, ask)
        return self.take(Resumed(key=self.seat.key))

    def observe(self, bid: int, ask: int, *, is_fit: bool = True) -> list[Step]:
        """Writes a book of one level a side, and asks whoever it wakes."""
        self.book.replace([(bid, 5)], [(ask, 5)])
        self.seen.saw_book(self.traded.id, self.now, is_fit=is_fit)
        return self.run()

    def run(self) -> list[Step]:
        """Steps what waits."""
        waiting, self.waiting = self.waiting, []
        return [self.take(item) for item in waiting]

    def wait(self, *, ms: int) -> Step:
        """Lets time pass, and what waits for it come."""
        self.now = later(self.now, ms=ms)
        return self.take(TimeCame())

    def accept(self, order_id: OrderId) -> Step:
        """Takes that the venue holds an order."""
        answer = Accepted(venue_order_id=VenueOrderId(f"V-{order_id[-4:]}"), pending=False, happened_at=self.now)
        return self.take(PlaceAnswered(order_id=order_id, attempt=0, answer=answer))

    def reject(self, order_id: OrderId, reason: RejectReason = RejectReason.WOULD_TAKE) -> Step:
        """Takes that the venue turned an order down."""
        answer = Rejected(reason=reason, code="-5022", message="no", happened_at=self.now)
        return self.take(PlaceAnswered(order_id=order_id, attempt=0, answer=answer))

    def fill(self, order_id: OrderId, qty: str, price: str | None = None, **changes: Any) -> Step:
        """Takes an execution of an order."""
        self.fills += 1
        order = self.order(order_id)
        plain = Execution(
            execution_id=ExecutionId(f"X-{self.fills}"),
            order_id=order_id,
            venue_order_id=None,
            instrument=order.instrument,
            side=order.side,
            qty=Quantity(Decimal(qty)),
            price=Price(Decimal(price)) if price is not None else order.limit or Price(ONE),
            fees=(),
            realised=None,
            happened_at=self.now,
            maker=True,
        )
        return self.take(ExecutionsRead(account=ACCOUNT, executions=(replace(plain, **changes),), cursor=None))

    def end(self, order_id: OrderId, status: VenueStatus = VenueStatus.CANCELED) -> Step:
        """Takes that the venue ended an order."""
        order = self.order(order_id)
        report = OrderReport(
            order_id=order_id,
            venue_order_id=order.venue_order_id or VenueOrderId("V"),
            instrument=order.instrument,
            side=order.side,
            qty=order.qty,
            filled_qty=order.filled,
            status=status,
            status_text=status.value,
            executions=(),
            complete=True,
            happened_at=self.now,
        )
        return self.take(OrderReported(account=ACCOUNT, report=report))

    def order(self, order_id: OrderId) -> Order:
        """Returns an order as it stands."""
        return self.state.orders[order_id]

    def intents(self) -> list[OrderIntended]:
        """Returns the orders intended so far."""
        return [event for event in self.events if isinstance(event, OrderIntended)]


def fee(asset: AssetId, amount: str) -> Fee:
    """Returns a fee."""
    return Fee(asset=asset, amount=Money(Decimal(amount)))


def rules_of(seat: Seat, limits: QuoteLimits) -> Rules:
    """Returns the rules of a desk with one seat; a USDT is worth a dollar."""
    card = VenueCard(
        name="exchange",
        id_rule=IdRule.FOR_EVER,
        request_window_s=5,
        read_lag_max_s=1,
        place_timeout_s=5,
        fill_source=FillSource.EXECUTIONS,
    )
    return Rules(
        hedges={},
        instruments={each.id: each for each in seat.instruments},
        cards={seat.account: card},
        chains={},
        limits=DESK_LIMITS,
        marks={USDT: Price(ONE)},
        residue_usd_max=Decimal(1_000),
        depeg_bps_max=50,
        resends_max=1,
        config_digest="tests",
        seats={seat.owner: SeatRules(seat=seat, limits=limits)},
    )
