"""Orders and executions as Binance writes them, over REST and in the streams of an account, and what they mean.

Ids of orders and of executions count within a symbol, so the symbol is a part of ours. Numbers are texts; a number
where a text belongs is not read.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from flatbook.engine.reports import Execution, OrderReport, VenueStatus
from flatbook.events.orders import Fee, ForcedBy
from flatbook.market.depth import UnknownWord
from flatbook.values.ids import AssetId, ExecutionId, InstrumentId, OrderId, VenueOrderId
from flatbook.values.instants import instant_of_ms
from flatbook.values.instruments import Side
from flatbook.values.money import ZERO, Money, Price, Quantity, parse_number
from flatbook.venues.amounts import above_zero, not_negative

# Source: Spot API enums, Order status; USD-M Common Definition; NEW_INSURANCE and NEW_ADL are of its user data stream.
STATUSES: Mapping[str, VenueStatus] = {
    "NEW": VenueStatus.OPEN,
    "PENDING_NEW": VenueStatus.PENDING,
    "PARTIALLY_FILLED": VenueStatus.OPEN,
    "FILLED": VenueStatus.FILLED,
    "CANCELED": VenueStatus.CANCELED,
    "PENDING_CANCEL": VenueStatus.PENDING_CANCEL,
    "REJECTED": VenueStatus.REJECTED,
    "EXPIRED": VenueStatus.EXPIRED,
    "EXPIRED_IN_MATCH": VenueStatus.EXPIRED,
    "NEW_INSURANCE": VenueStatus.OPEN,
    "NEW_ADL": VenueStatus.OPEN,
}
SIDES: Mapping[str, Side] = {"BUY": Side.BUY, "SELL": Side.SELL}
# Source: USD-M user data stream, Event: Order Update; the first that fits decides.
FORCED_IDS: tuple[tuple[str, ForcedBy], ...] = (
    ("adl_autoclose", ForcedBy.DELEVERAGING),
    ("settlement_autoclose", ForcedBy.SETTLEMENT),
    ("delivery_autoclose", ForcedBy.SETTLEMENT),
    ("autoclose-", ForcedBy.LIQUIDATION),
)
LIQUIDATION = "LIQUIDATION"
CALCULATED = "CALCULATED"
TEXT_MAX = 200
# Source: Spot and USD-M user data streams, execution type.
EVENTS = (
    "NEW",
    "TRADE",
    "CANCELED",
    "EXPIRED",
    "REJECTED",
    "REPLACED",
    "AMENDMENT",
    "TRADE_PREVENTION",
    CALCULATED,
    LIQUIDATION,
)

Symbols = Mapping[str, InstrumentId]


class WireOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order over REST. `orig_client_order_id` is that of a canceled order in the answer to a spot cancel."""

    symbol: str
    number: int = msgspec.field(name="orderId")
    client_order_id: str = msgspec.field(name="clientOrderId")
    qty: str = msgspec.field(name="origQty")
    filled: str = msgspec.field(name="executedQty")
    status: str
    side: str
    kind: str = msgspec.field(name="type", default="")
    update_ms: int | None = msgspec.field(name="updateTime", default=None)
    transact_ms: int | None = msgspec.field(name="transactTime", default=None)
    time_ms: int | None = msgspec.field(name="time", default=None)


class WireTrade(msgspec.Struct, frozen=True, kw_only=True):
    """An execution over REST: spot states `isBuyer` and `isMaker`, USD-M `buyer`, `maker` and what it realised."""

    number: int = msgspec.field(name="id")
    symbol: str
    order: int = msgspec.field(name="orderId")
    price: str
    qty: str
    commission: str
    commission_asset: str = msgspec.field(name="commissionAsset")
    time_ms: int = msgspec.field(name="time")
    is_buyer: bool | None = msgspec.field(name="isBuyer", default=None)
    is_maker: bool | None = msgspec.field(name="isMaker", default=None)
    buyer: bool | None = None
    maker: bool | None = None
    realised: str | None = msgspec.field(name="realizedPnl", default=None)


class Pushed(msgspec.Struct, frozen=True, kw_only=True):
    """An order in a stream: the whole event of spot, the part `o` of one of USD-M.

    `original` is the id of the order that a spot cancel ended; `client_order_id` is then that of the cancel.
    """

    symbol: str = msgspec.field(name="s")
    client_order_id: str = msgspec.field(name="c")
    side: str = msgspec.field(name="S")
    kind: str = msgspec.field(name="o")
    qty: str = msgspec.field(name="q")
    event: str = msgspec.field(name="x")
    status: str = msgspec.field(name="X")
    number: int = msgspec.field(name="i")
    last_qty: str = msgspec.field(name="l")
    filled: str = msgspec.field(name="z")
    last_price: str = msgspec.field(name="L")
    time_ms: int = msgspec.field(name="T")
    trade: int = msgspec.field(name="t", default=-1)
    maker: bool | None = msgspec.field(name="m", default=None)
    commission: str | None = msgspec.field(name="n", default=None)
    commission_asset: str | None = msgspec.field(name="N", default=None)
    original: str | None = msgspec.field(name="C", default=None)
    realised: str | None = msgspec.field(name="rp", default=None)


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """What the number of an order stands for: its client id and its kind; None where Binance has no such order.

    `is_proven` is false where one answer to a question by our id said so, and nothing else: it may have been wrong.
    """

    client: str | None
    kind: str
    is_proven: bool = True


def venue_order_id_of(symbol: str, number: int) -> VenueOrderId:
    """Returns our name of an order: its symbol and its number, which counts within the symbol."""
    return VenueOrderId(f"{symbol}:{number}")


def symbol_of(venue_order_id: VenueOrderId) -> str:
    """Returns the symbol in our name of an order."""
    return venue_order_id.rpartition(":")[0]


def execution_id_of(symbol: str, number: int) -> ExecutionId:
    """Returns our name of an execution, the same from polls and streams."""
    return ExecutionId(f"{symbol}:{number}")


def instrument_of(symbol: str, symbols: Symbols) -> InstrumentId:
    """Returns the instrument of a symbol; one that is not configured goes under its own symbol."""
    return symbols.get(symbol, InstrumentId(symbol))


def forced_by(client_order_id: str, kind: str, event: str = "") -> ForcedBy | None:
    """Returns what made Binance trade on its own, None for an order that somebody placed."""
    for beginning, found in FORCED_IDS:
        if client_order_id.startswith(beginning):
            return found
    return ForcedBy.LIQUIDATION if LIQUIDATION in (kind, event) or event == CALCULATED else None


def report_of(order: WireOrder, symbols: Symbols) -> OrderReport:
    """Returns the state of an order; complete where nothing of it is executed.

    Errors: ValueError when a number, a side or an instant cannot be read.
    """
    filled = not_negative(order.filled)
    return OrderReport(
        order_id=OrderId(order.client_order_id),
        venue_order_id=venue_order_id_of(order.symbol, order.number),
        instrument=instrument_of(order.symbol, symbols),
        side=side_of(order.side),
        qty=above_zero(order.qty),
        filled_qty=filled,
        status=STATUSES.get(order.status, VenueStatus.UNREADABLE),
        status_text=order.status[:TEXT_MAX],
        executions=(),
        complete=not filled,
        happened_at=instant_of_ms(_stated_ms(order)),
    )


def _stated_ms(order: WireOrder) -> int:
    for stated in (order.update_ms, order.transact_ms, order.time_ms):
        if stated is not None:
            return stated
    raise ValueError("an order without an instant")


def execution_of(trade: WireTrade, symbols: Symbols, client: str | None, kind: str) -> Execution:
    """Returns an execution of an order whose client id is known, or None where there is no such order.

    Errors: ValueError as in `report_of`.
    """
    is_buy = trade.is_buyer if trade.buyer is None else trade.buyer
    if is_buy is None:
        raise ValueError("an execution without a side")
    forced = forced_by(client or "", kind)
    return Execution(
        execution_id=execution_id_of(trade.symbol, trade.number),
        order_id=None if client is None or forced else OrderId(client),
        venue_order_id=venue_order_id_of(trade.symbol, trade.order),
        instrument=instrument_of(trade.symbol, symbols),
        side=Side.BUY if is_buy else Side.SELL,
        qty=above_zero(trade.qty),
        price=Price(above_zero(trade.price)),
        fees=fees_of(trade.commission, trade.commission_asset),
        realised=None if trade.realised is None else Money(parse_number(trade.realised)),
        happened_at=instant_of_ms(trade.time_ms),
        maker=trade.is_maker if trade.maker is None else trade.maker,
        forced=forced,
    )


def pushed_execution(pushed: Pushed, symbols: Symbols) -> Execution | None:
    """Returns the execution that a push carries, None when it carries none.

    Errors: ValueError as in `report_of`, for an execution without the number that polls give it, and for a push of
    something that nobody here knows.
    """
    if pushed.event not in EVENTS:
        raise UnknownWord(f"an order in which {pushed.event[:TEXT_MAX]!r} happened")
    last = not_negative(pushed.last_qty)
    if not last:
        return None
    if pushed.trade <= 0:
        raise ValueError("an execution without a number")
    forced = forced_by(pushed.client_order_id, pushed.kind, pushed.event)
    return Execution(
        execution_id=execution_id_of(pushed.symbol, pushed.trade),
        order_id=None if forced else client_id_of(pushed),
        venue_order_id=venue_order_id_of(pushed.symbol, pushed.number),
        instrument=instrument_of(pushed.symbol, symbols),
        side=side_of(pushed.side),
        qty=Quantity(last),
        price=Price(above_zero(pushed.last_price)),
        fees=fees_of(pushed.commission, pushed.commission_asset),
        realised=None if pushed.realised is None else Money(parse_number(pushed.realised)),
        happened_at=instant_of_ms(pushed.time_ms),
        maker=pushed.maker,
        forced=forced,
    )


def pushed_report(pushed: Pushed, symbols: Symbols, execution: Execution | None) -> OrderReport:
    """Returns the state of an order that somebody placed, with the execution that the push carries.

    Errors: ValueError as in `report_of`.
    """
    return OrderReport(
        order_id=client_id_of(pushed),
        venue_order_id=venue_order_id_of(pushed.symbol, pushed.number),
        instrument=instrument_of(pushed.symbol, symbols),
        side=side_of(pushed.side),
        qty=above_zero(pushed.qty),
        filled_qty=not_negative(pushed.filled),
        status=STATUSES.get(pushed.status, VenueStatus.UNREADABLE),
        status_text=pushed.status[:TEXT_MAX],
        executions=() if execution is None else (execution,),
        complete=False,
        happened_at=instant_of_ms(pushed.time_ms),
    )


def told_by(pushed: Pushed, symbols: Symbols) -> tuple[OrderReport | Execution | None, str]:
    """Returns what a push tells, and the client id of the order: of a forced one the execution alone.

    Errors: ValueError as in `pushed_execution`.
    """
    execution = pushed_execution(pushed, symbols)
    if forced_by(pushed.client_order_id, pushed.kind, pushed.event) is not None:
        return execution, pushed.client_order_id
    return pushed_report(pushed, symbols, execution), client_id_of(pushed)


def client_id_of(pushed: Pushed) -> OrderId:
    """Returns the client id of the order that a push is about, and not that of the request that ended it."""
    return OrderId(pushed.original or pushed.client_order_id)


def fees_of(amount: str | None, asset: str | None) -> tuple[Fee, ...]:
    """Returns the fee in the asset that it was charged in; a rebate is below zero.

    Errors: ValueError for an amount without an asset.
    """
    charged = ZERO if amount is None else parse_number(amount)
    if not charged:
        return ()
    if not asset:
        raise ValueError("a fee of no asset")
    return (Fee(asset=AssetId(asset), amount=Money(charged)),)


def side_of(text: str) -> Side:
    """Returns the side that a text names. Errors: ValueError."""
    side = SIDES.get(text)
    if side is None:
        raise UnknownWord(f"{text[:TEXT_MAX]!r} is no side")
    return side
