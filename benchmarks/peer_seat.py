"""The strategy of the peers' benchmarks as one of our seats: quotes both sides, and both anew once one is executed."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from msgspec.structs import replace

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
_STALE = CancelReason.STALE_PRICE
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


def _wish(instrument: Instrument, side: Side) -> PlaceIntent:
    """Returns what every order on a side is like; its id and its limit are its own."""
    return PlaceIntent(
        order_id=OrderId(""),
        owner=OWNER,
        underlying=instrument.underlying,
        instrument=instrument,
        side=side,
        qty=Quantity(instrument.rules.lot),
        limit=None,
        reduce_only=False,
        style=OrderStyle.LIMIT,
        slot=None,
        because=None,
        evidence=NO_EVIDENCE,
        good_until=FOREVER,
    )


class Quoted(NamedTuple):
    """What is quoted on with the orders of both sides, and how far from the touch. Units: ticks."""

    wishes: tuple[tuple[Instrument, PlaceIntent, PlaceIntent], ...]
    offset: int


def decide(view: QuoteView, params: Quoted) -> Decision:
    """Keeps one order on each side of each market; where one is gone the other is canceled and both are placed anew."""
    intents: list[Intent] = []
    index, offset = 0, params.offset
    for instrument, buy, sale in params.wishes:
        orders = view.orders(instrument.id)
        if len(orders) == 2 and not orders[0].cancel_pending and not orders[1].cancel_pending:
            continue
        live = 0
        for each in orders:
            live += not each.cancel_pending
        touch = view.touch(instrument.id) if live < 2 else None
        if touch is None:
            continue
        if live:
            intents += [
                CancelIntent(order_id=each.order_id, reason=_STALE, because=None)
                for each in orders
                if not each.cancel_pending
            ]
        bid, ask = view.price(instrument.id, touch.bid - offset), view.price(instrument.id, touch.ask + offset)
        intents.append(replace(buy, order_id=view.order_id(index), limit=bid))
        intents.append(replace(sale, order_id=view.order_id(index + 1), limit=ask))
        index += 2
    return Decision(intents=tuple(intents), notes=(), wake=WAKE) if intents else IDLE


def seat_of(tape: Tape, offset: int = OFFSET) -> Seat:
    """Returns the seat that quotes on all of a tape."""
    instruments = tuple(instrument_of(tape, place) for place in range(len(tape.head.instruments)))
    wishes = tuple((each, _wish(each, Side.BUY), _wish(each, Side.SELL)) for each in instruments)
    return Seat(owner=OWNER, instruments=instruments, params=Quoted(wishes, offset), decide=decide)


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
