"""What Bybit says of orders and executions. Total: any body has a meaning, that it cannot be read included.

Numbers are texts; an empty one is none at all. Instants are milliseconds as text.
Source: bybit-exchange.github.io/docs/v5/enum, v5/order/open-order, v5/order/execution, v5/websocket/private.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from flatbook.engine.ports import ApprovedOrder
from flatbook.engine.reports import (
    Accepted,
    CancelAnswer,
    CancelTaken,
    CancelTooLate,
    Execution,
    ExecutionLine,
    OrderReport,
    PlaceAnswer,
    Rejected,
    Unknown,
    UnreadableExecution,
    VenueStatus,
)
from flatbook.events.orders import Fee, ForcedBy, RejectReason
from flatbook.market.depth import UnknownWord
from flatbook.values.ids import AssetId, ExecutionId, InstrumentId, OrderId, VenueOrderId
from flatbook.values.instants import NS_PER_MS, Instant, InstantRefused, instant_of_ms
from flatbook.values.instruments import Instrument, Side
from flatbook.values.money import ZERO, Money, Price, Quantity, parse_number
from flatbook.venues.amounts import above_zero, not_negative
from flatbook.venues.bybit.refusals import FAULTS, UNREADABLE, answered, is_gone, read
from flatbook.venues.bybit.wire import Category, Market
from flatbook.venues.error_classes import TEXT_MAX
from flatbook.venues.http import Reply

MS_DIGITS_MAX = 16
NO_REASON = ("", "EC_NoError")
WOULD_TAKE = "EC_PostOnlyWillTakeLiquidity"
# Source: v5/enum, orderStatus; a conditional order that has not been triggered is no order of ours, and is held.
STATUSES = {
    "Created": VenueStatus.PENDING,
    "New": VenueStatus.OPEN,
    "Active": VenueStatus.OPEN,
    "PartiallyFilled": VenueStatus.OPEN,
    "PendingCancel": VenueStatus.PENDING_CANCEL,
    "Untriggered": VenueStatus.PENDING,
    "Triggered": VenueStatus.PENDING,
    "Rejected": VenueStatus.REJECTED,
    "PartiallyFilledCanceled": VenueStatus.CANCELED,
    "Filled": VenueStatus.FILLED,
    "Cancelled": VenueStatus.CANCELED,
    "Deactivated": VenueStatus.CANCELED,
}
SIDES = {"Buy": Side.BUY, "Sell": Side.SELL}
CATEGORIES = {category.value: category for category in Category}
# Source: v5/enum, execType. What Bybit closes on its own is told by the kind of the execution, never by an id.
FORCED = {
    "AdlTrade": ForcedBy.DELEVERAGING,
    "BustTrade": ForcedBy.LIQUIDATION,
    "Delivery": ForcedBy.SETTLEMENT,
    "Settle": ForcedBy.SETTLEMENT,
}
ORDERED = ("Trade", "BlockTrade", "MovePosition", "FutureSpread")
NO_EXECUTIONS = ("Funding", "SessionSettlePnL")

Symbols = Mapping[tuple[Category, str], Instrument]


class _CanceledAll(msgspec.Struct, frozen=True, kw_only=True):
    success: str = ""


class WireOrder(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An order as Bybit writes it. `category` stands in pushes only."""

    order_id: str
    order_link_id: str
    symbol: str
    side: str
    qty: str
    cum_exec_qty: str
    order_status: str
    created_time: str
    updated_time: str
    reject_reason: str = ""
    cancel_type: str = ""
    category: str = ""


class WireExecution(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An execution as Bybit writes it. `category` and `exec_pnl` are left out where it is polled."""

    exec_id: str
    exec_type: str
    order_id: str
    order_link_id: str
    symbol: str
    side: str
    exec_qty: str
    exec_price: str
    exec_time: str
    exec_fee: str = ""
    fee_currency: str = ""
    exec_pnl: str = ""
    closed_size: str = ""
    is_maker: bool | None = None
    extra_fees: Any = ""
    category: str = ""


class WireExtraFee(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A levy beside the fee of an execution. Source: v5/order/execution, extraFees."""

    fee_coin: str
    fee: str


class WireNamed(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What must be readable of an execution that is not: its id, and if they can be, its kind and symbol."""

    exec_id: str
    exec_type: Any = None
    symbol: Any = None
    category: Any = None


class Listed(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A page of a list, and what asks for the next one; empty at the end."""

    rows: list[msgspec.Raw] = msgspec.field(name="list")
    next_page_cursor: str | None = None


class WireTime(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Bybit's clock. Units: nanoseconds since the epoch."""

    time_nano: str


class WirePlaced(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The answer to a request about an order, which says nothing of what becomes of it."""

    order_id: str
    order_link_id: str = ""


def place_answer(reply: Reply, *, order: ApprovedOrder, now: Instant) -> PlaceAnswer:
    """Returns what the reply to a place request means. Needs: `now` is when the reply was read.

    Gives: pending, for Bybit only says that it took the request; an answer that does not repeat our id is unreadable.
    """
    envelope = answered(reply, now)
    if isinstance(envelope, Rejected | Unknown):
        return envelope
    try:
        placed = msgspec.json.decode(envelope.result, type=WirePlaced)
    except FAULTS:
        return UNREADABLE
    if not placed.order_id or placed.order_link_id != order.order_id:
        return UNREADABLE
    happened_at = Instant(envelope.time * NS_PER_MS) if envelope.time > 0 else now
    return Accepted(venue_order_id=VenueOrderId(placed.order_id), pending=True, happened_at=happened_at)


def cancel_answer(reply: Reply, *, now: Instant) -> CancelAnswer:
    """Returns what the reply to a cancel request means; an order that is not there may have executed, and is asked for.

    Needs: `now` is when the reply was read.
    """
    envelope = answered(reply, now)
    if isinstance(envelope, Rejected) and is_gone(envelope):
        return CancelTooLate(message=f"{envelope.code}: {envelope.message}"[:TEXT_MAX])
    return envelope if isinstance(envelope, Rejected | Unknown) else CancelTaken()


def cancel_all_answer(reply: Reply, *, now: Instant) -> CancelAnswer:
    """Returns what the reply to a cancel of all orders means. Needs: `now` is when the reply was read.

    Source: v5/order/cancel-all: `success` is "0" where it failed, with a code of success around it.
    """
    answer, done = cancel_answer(reply, now=now), read(reply, _CanceledAll)
    if isinstance(answer, CancelTaken) and (isinstance(done, Unknown) or done.success == "0"):
        return UNREADABLE
    return answer


def order_report(wire: WireOrder, category: Category, symbols: Symbols) -> OrderReport:
    """Returns the state of an order, without its executions; complete when it has none.

    Errors: ValueError when a number, a side or the instant cannot be read.
    """
    filled_qty = number_not_negative(wire.cum_exec_qty)
    return OrderReport(
        order_id=OrderId(wire.order_link_id) if wire.order_link_id else None,
        venue_order_id=VenueOrderId(wire.order_id),
        instrument=instrument_id_of(category, wire.symbol, symbols),
        side=side_of(wire.side),
        qty=above_zero(wire.qty),
        filled_qty=filled_qty,
        status=status_of(wire, filled_qty),
        status_text=_status_text(wire),
        executions=(),
        complete=filled_qty == ZERO,
        happened_at=instant_of_text_ms(wire.updated_time),
        rejected=RejectReason.WOULD_TAKE if wire.reject_reason == WOULD_TAKE else RejectReason.OTHER,
    )


def status_of(wire: WireOrder, filled_qty: Quantity) -> VenueStatus:
    """Returns the state of an order; one that Bybit took and then canceled because it would take is rejected.

    Source: v5/enum, rejectReason. A post-only order executes only once it rests: one that executed was not rejected.
    """
    if wire.reject_reason == WOULD_TAKE and not filled_qty and wire.order_status in ("Cancelled", "Rejected"):
        return VenueStatus.REJECTED
    return STATUSES.get(wire.order_status, VenueStatus.UNREADABLE)


def _status_text(wire: WireOrder) -> str:
    reason = "" if wire.reject_reason in NO_REASON else f": {wire.reject_reason}"
    return f"{wire.order_status}{reason}"[:TEXT_MAX]


def execution_line(raw: msgspec.Raw, category: Category | None, symbols: Symbols) -> ExecutionLine | None:
    """Returns an execution, or what can be told of one that cannot be read; None for what moves money only.

    Needs: `category` is the one that was asked for, None where the execution states its own.
    Errors: ValueError or one of msgspec when it has no id.
    """
    named = msgspec.json.decode(raw, type=WireNamed)
    if not named.exec_id:
        raise ValueError("an execution without an id")
    if named.exec_type in NO_EXECUTIONS:
        return None
    try:
        wire = msgspec.json.decode(raw, type=WireExecution)
        return execution_of(wire, category or category_of(wire.category), symbols)
    except FAULTS as fault:
        return UnreadableExecution(
            execution_id=ExecutionId(named.exec_id), instrument=_named_instrument(named, category, symbols),
            detail=str(fault)[:TEXT_MAX],
        )  # fmt: skip


def pushed_execution(raw: msgspec.Raw, symbols: Symbols) -> Execution | None:
    """Returns the execution that was pushed; None for what moves money only.

    Errors: ValueError or one of msgspec where it cannot be read: polls tell what there is to tell of it.
    """
    if msgspec.json.decode(raw, type=WireNamed).exec_type in NO_EXECUTIONS:
        return None
    wire = msgspec.json.decode(raw, type=WireExecution)
    if not wire.exec_id:
        raise ValueError("an execution without an id")
    return execution_of(wire, category_of(wire.category), symbols)


def execution_of(wire: WireExecution, category: Category, symbols: Symbols) -> Execution:
    """Returns an execution. One that Bybit made on its own bears no order of ours, whatever id it states.

    Errors: ValueError where it cannot be read, or is of a kind that nobody here knows.
    """
    forced = FORCED.get(wire.exec_type)
    if forced is None and wire.exec_type not in ORDERED:
        raise UnknownWord(f"an execution of kind {wire.exec_type[:TEXT_MAX]!r}")
    instrument = symbols.get((category, wire.symbol))
    return Execution(
        execution_id=ExecutionId(wire.exec_id),
        order_id=OrderId(wire.order_link_id) if wire.order_link_id and forced is None else None,
        venue_order_id=VenueOrderId(wire.order_id) if wire.order_id else None,
        instrument=instrument_id_of(category, wire.symbol, symbols),
        side=side_of(wire.side),
        qty=above_zero(wire.exec_qty),
        price=Price(above_zero(wire.exec_price)),
        fees=_fees_of(wire, category, instrument),
        happened_at=instant_of_text_ms(wire.exec_time),
        realised=_realised_by(wire, category),
        maker=wire.is_maker,
        forced=forced,
    )


def _realised_by(wire: WireExecution, category: Category) -> Money | None:
    """Returns what an execution realised: as a push states it, nothing where it closes nothing, None where not told.

    Source: v5/order/execution, closedSize; v5/websocket/private/execution, execPnl.
    """
    if category is not Category.LINEAR:
        return None
    if wire.exec_pnl:
        return Money(parse_number(wire.exec_pnl))
    return Money(ZERO) if wire.closed_size and parse_number(wire.closed_size) == ZERO else None


def _fees_of(wire: WireExecution, category: Category, instrument: Instrument | None) -> tuple[Fee, ...]:
    """Returns what an execution cost.

    Errors: ValueError where a fee states no coin and none can be told.
    """
    levies = wire.extra_fees
    if isinstance(levies, str):
        levies = msgspec.json.decode(levies.encode()) if levies else []
    extra = [msgspec.convert(levy, WireExtraFee) for levy in levies or []]
    fees = [Fee(asset=AssetId(levy.fee_coin), amount=Money(parse_number(levy.fee))) for levy in extra]
    amount = parse_number(wire.exec_fee) if wire.exec_fee else ZERO
    if amount == ZERO:
        return tuple(fees)
    coin = wire.fee_currency or _coin_of_fee(wire, category, instrument, is_rebate=amount < ZERO)
    return (Fee(asset=AssetId(coin), amount=Money(amount)), *fees)


def _coin_of_fee(wire: WireExecution, category: Category, instrument: Instrument | None, *, is_rebate: bool) -> str:
    """Source: v5/enum, spot-fee-currency-instruction: a fee is in what is received, a rebate in what is paid."""
    if instrument is None:
        raise ValueError("a fee that states no coin")
    if category is Category.LINEAR:
        return instrument.quote
    return instrument.underlying if (wire.side == "Buy") != is_rebate else instrument.quote


def with_executions(report: OrderReport, lines: tuple[ExecutionLine, ...]) -> OrderReport:
    """Returns a report with those executions that are its own, oldest first.

    Gives: the report is complete when they add up to what it says is filled.
    """
    own = [
        line
        for line in lines
        if isinstance(line, Execution) and line.venue_order_id == report.venue_order_id and line.forced is None
    ]
    own.sort(key=lambda execution: execution.happened_at)
    complete = sum((execution.qty for execution in own), ZERO) == report.filled_qty
    return msgspec.structs.replace(report, executions=tuple(own), complete=complete)


def instrument_id_of(category: Category, symbol: str, symbols: Symbols) -> InstrumentId:
    """Returns the instrument of a symbol; one that is not configured goes under category and symbol."""
    instrument = symbols.get((category, symbol))
    return InstrumentId(f"{category.value}:{symbol}") if instrument is None else instrument.id


def market_of(wire: WireOrder, category: Category, symbols: Symbols) -> Market:
    """Returns where an order is."""
    instrument = symbols.get((category, wire.symbol))
    return Market(category=category, symbol=wire.symbol, coin="" if instrument is None else instrument.quote)


def category_of(text: str) -> Category:
    """Returns a category of markets. Errors: UnknownWord."""
    category = CATEGORIES.get(text)
    if category is None:
        raise UnknownWord(f"{text[:TEXT_MAX]!r} is no category of ours")
    return category


def side_of(text: str) -> Side:
    """Returns a side. Errors: ValueError."""
    side = SIDES.get(text)
    if side is None:
        raise UnknownWord(f"{text[:TEXT_MAX]!r} is no side")
    return side


def instant_of_text_ms(text: str) -> Instant:
    """Returns an instant from milliseconds as text. Errors: InstantRefused."""
    if not (text.isascii() and text.isdigit() and len(text) <= MS_DIGITS_MAX):
        raise InstantRefused(f"{text[:TEXT_MAX]!r} is no instant")
    return instant_of_ms(int(text))


def number_not_negative(text: str) -> Quantity:
    """Returns a number that is zero or above; an empty text is zero. Errors: ValueError."""
    return not_negative(text or "0")


def _named_instrument(named: WireNamed, category: Category | None, symbols: Symbols) -> InstrumentId | None:
    stated = category or (CATEGORIES.get(named.category) if isinstance(named.category, str) else None)
    if stated is None or not isinstance(named.symbol, str):
        return None
    found = symbols.get((stated, named.symbol))
    return None if found is None else found.id
