"""The strategy of the peers' benchmarks as one of our seats: quotes both sides, and both anew once one is executed."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from flatbook.backtest.tape import Tape
from flatbook.backtest.terms import Latency, Terms
from flatbook.events.orders import CancelReason, OrderStyle
from flatbook.market.ticks import Product as TapeProduct
from flatbook.risk.quote_limits import QuoteLimits
from flatbook.state.intents import CancelIntent, Intent, PlaceIntent
from flatbook.strategies.decision import Decision, Trigger, Wake
from flatbook.strategies.quoting import QuoteView, Seat
from flatbook.values.ids import AccountId, AssetId, InstrumentId, OrderId, OwnerId, Underlying
from flatbook.values.instants import Instant
from flatbook.values.instruments import Instrument, Product, Side, TradingRules
from flatbook.values.money import ONE, Price, Quantity

OWNER = OwnerId("peers")
ACCOUNT = AccountId("exchange")
OFFSET = 9
FOREVER = Instant(2**62)
USD = AssetId("USD")
WAKE = Wake(on=(Trigger.ORDER_FILLED,))
IDLE = Decision(intents=(), notes=(), wake=WAKE)
NO_EVIDENCE: dict[str, str] = {}
LIMITS = QuoteLimits(
    order_notional_usd_max=Decimal(10**9),
    order_qty_max=Decimal(10**6),
    position_max=Decimal(10**6),
    open_orders_max=1_000,
    orders_per_minute_max=1_000_000,
    day_loss_usd_max=Decimal(10**12),
    collar_bps_max=1_000,
    book_age_ms_max=60_000,
)


def instrument_of(tape: Tape, place: int) -> Instrument:
    """Returns what is traded of an instrument of the tape."""
    recorded = tape.head.instruments[place]
    return Instrument(
        id=InstrumentId(recorded.id),
        account=ACCOUNT,
        symbol=recorded.symbol,
        underlying=Underlying(recorded.id),
        quote=USD,
        rules=TradingRules(tick=recorded.tick, lot=recorded.lot, qty_min=recorded.lot, notional_min=Decimal(0)),
        product=Product.SPOT if recorded.product is TapeProduct.SPOT else Product.LINEAR_PERP,
    )


def _place(view: QuoteView, instrument: Instrument, side: Side, ticks: int, index: int) -> PlaceIntent:
    return PlaceIntent(
        order_id=view.order_id(index),
        owner=OWNER,
        underlying=instrument.underlying,
        instrument=instrument,
        side=side,
        qty=Quantity(instrument.rules.lot),
        limit=Price(ticks * instrument.rules.tick),
        reduce_only=False,
        style=OrderStyle.LIMIT,
        slot=None,
        because=None,
        evidence=NO_EVIDENCE,
        good_until=FOREVER,
    )


def _cancel(order_id: OrderId) -> CancelIntent:
    return CancelIntent(order_id=order_id, reason=CancelReason.STALE_PRICE, because=None)


class Quoted(NamedTuple):
    """What is quoted on, and how far from the touch. Units: ticks."""

    instruments: tuple[Instrument, ...]
    offset: int


def decide(view: QuoteView, params: Quoted) -> Decision:
    """Keeps one order on each side of each market; where one is gone the other is canceled and both are placed anew."""
    intents: list[Intent] = []
    index = 0
    for instrument in params.instruments:
        orders = view.orders(instrument.id)
        if len(orders) == 2 and not orders[0].cancel_pending and not orders[1].cancel_pending:
            continue
        live = [order for order in orders if not order.cancel_pending]
        touch = view.touch(instrument.id) if len(live) < 2 else None
        if touch is None:
            continue
        intents += [_cancel(each.order_id) for each in live]
        intents.append(_place(view, instrument, Side.BUY, touch.bid - params.offset, index))
        intents.append(_place(view, instrument, Side.SELL, touch.ask + params.offset, index + 1))
        index += 2
    return Decision(intents=tuple(intents), notes=(), wake=WAKE) if intents else IDLE


def seat_of(tape: Tape, offset: int = OFFSET) -> Seat:
    """Returns the seat that quotes on all of a tape."""
    instruments = tuple(instrument_of(tape, place) for place in range(len(tape.head.instruments)))
    return Seat(owner=OWNER, instruments=instruments, params=Quoted(instruments, offset), decide=decide)


def terms_of(latency_ns: int = 0) -> Terms:
    """Returns the terms on which the peers trade: no fees, first in the queue where nothing was displayed."""
    latency = Latency(least_ns=latency_ns)
    return Terms(
        limits={OWNER: LIMITS},
        marks={USD: Price(ONE)},
        cash={USD: Decimal(10**9)},
        placing=latency,
        canceling=latency,
        reporting=latency,
        front=True,
    )
