"""What the bytes of the paper broker mean. Total: any bytes have a meaning, that they cannot be read included."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from flatbook.engine.reports import (
    Absent,
    Accepted,
    AccountStatement,
    Balance,
    CancelAnswer,
    CancelTaken,
    CancelTooLate,
    Execution,
    ExecutionLine,
    ExecutionPage,
    FindAnswer,
    Holding,
    OrderReport,
    PlaceAnswer,
    Rejected,
    Unknown,
    UnreadableExecution,
    VenueStatus,
)
from flatbook.events.orders import Fee, RejectReason, UnknownReason
from flatbook.market.quotes import Quote
from flatbook.values.ids import AccountId, AssetId, ExecutionId, InstrumentId, OrderId, VenueOrderId
from flatbook.values.instants import Instant, instant_of_text
from flatbook.values.instruments import Side
from flatbook.values.money import Money, Price, Quantity, parse_number
from flatbook.venues.amounts import above_zero, not_negative
from flatbook.venues.paper.wire import VERSION

TEXT_MAX = 200

_UNREADABLE = Unknown(reason=UnknownReason.UNREADABLE)
_SERVER_FAULT = Unknown(reason=UnknownReason.SERVER_FAULT)
_INTERNAL = "internal"
_UNKNOWN_ORDER = "unknown_order"
_NOT_CANCELABLE = "not_cancelable"

REASONS = {
    "insufficient_funds": RejectReason.INSUFFICIENT_FUNDS,
    "insufficient_shares": RejectReason.INSUFFICIENT_SHARES,
    "market_closed": RejectReason.MARKET_CLOSED,
    "no_market": RejectReason.NO_MARKET,
    "invalid_price": RejectReason.INVALID_PRICE,
    "invalid_quantity": RejectReason.INVALID_QUANTITY,
    "below_minimum": RejectReason.INVALID_QUANTITY,
    "duplicate_client_id": RejectReason.DUPLICATE_ID,
    "wash_trade": RejectReason.WASH_TRADE,
    "restricted": RejectReason.RESTRICTED,
    "rate_limited": RejectReason.RATE_LIMITED,
    "halted": RejectReason.HALTED,
}
STATUSES = {
    "queued": VenueStatus.PENDING,
    "open": VenueStatus.OPEN,
    "partially_filled": VenueStatus.OPEN,
    "pending_cancel": VenueStatus.PENDING_CANCEL,
    "filled": VenueStatus.FILLED,
    "canceled": VenueStatus.CANCELED,
    "expired": VenueStatus.EXPIRED,
}

Symbols = Mapping[str, InstrumentId]


class WireOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order as the broker writes it."""

    order_id: str
    client_order_id: str | None
    symbol: str
    side: str
    qty: str
    filled_qty: str
    status: str
    reason: str
    updated_at: str


class WireFee(msgspec.Struct, frozen=True, kw_only=True):
    """A fee as the broker writes it."""

    kind: str
    asset: str
    amount: str


class WireExecution(msgspec.Struct, frozen=True, kw_only=True):
    """An execution as the broker writes it."""

    execution_id: str
    order_id: str
    client_order_id: str | None
    symbol: str
    side: str
    qty: str
    price: str
    fees: list[WireFee]
    at: str


class WireNamed(msgspec.Struct, frozen=True, kw_only=True):
    """What must be readable of an execution that is not: its id, and if it can be, its symbol."""

    execution_id: str
    symbol: Any = None


class WireError(msgspec.Struct, frozen=True, kw_only=True):
    """A refusal as the broker writes it."""

    code: str
    message: str


class WirePlaced(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a place request."""

    order: WireOrder


class WireFound(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a find request; each execution is decoded on its own."""

    order: WireOrder
    executions: list[msgspec.Raw]
    complete: bool


class WireExecutions(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to an executions request; each execution is decoded on its own."""

    executions: list[msgspec.Raw]
    next: str


class WireHolding(msgspec.Struct, frozen=True, kw_only=True):
    """A holding as the broker writes it."""

    symbol: str
    qty: str


class WireBalance(msgspec.Struct, frozen=True, kw_only=True):
    """A balance as the broker writes it."""

    asset: str
    total: str
    available: str


class WireStatement(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a statement request."""

    orders: list[WireOrder]
    holdings: list[WireHolding]
    balances: list[WireBalance]


class WireQuote(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a quote request."""

    symbol: str
    price: str
    at: str


class WireNothing(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a cancel request."""


class WirePush(msgspec.Struct, frozen=True, kw_only=True):
    """An execution that the broker pushes."""

    v: int
    at: str
    account: str
    execution: WireExecution


class _Envelope(msgspec.Struct, frozen=True, kw_only=True):
    v: int
    at: str
    ok: msgspec.Raw = msgspec.Raw()
    error: WireError | None = None


class _Refused(msgspec.Struct, frozen=True, kw_only=True):
    at: Instant
    error: WireError


_Content = TypeVar("_Content")
_FAULTS = (msgspec.MsgspecError, ValueError, RecursionError)


def _read(body: bytes, content: type[_Content]) -> tuple[Instant, _Content] | _Refused | Unknown:
    try:
        envelope = msgspec.json.decode(body, type=_Envelope)
        at = instant_of_text(envelope.at)
        if envelope.v != VERSION:
            return _UNREADABLE
        if envelope.error is not None:
            return _SERVER_FAULT if envelope.error.code == _INTERNAL else _Refused(at=at, error=envelope.error)
        return at, msgspec.json.decode(envelope.ok, type=content)
    except _FAULTS:
        return _UNREADABLE


def _rejected(refused: _Refused) -> Rejected:
    error = refused.error
    return Rejected(
        reason=REASONS.get(error.code, RejectReason.OTHER),
        code=error.code[:TEXT_MAX],
        message=error.message[:TEXT_MAX],
        happened_at=refused.at,
    )


def place_answer(body: bytes, *, order_id: OrderId) -> PlaceAnswer:
    """Returns what the answer to a place request means.

    Gives: an answer about another order is unreadable, not an acceptance.
    """
    answer = _read(body, WirePlaced)
    if isinstance(answer, Unknown):
        return answer
    if isinstance(answer, _Refused):
        return _rejected(answer)
    at, placed = answer
    order = placed.order
    if order.client_order_id != order_id or not order.order_id:
        return _UNREADABLE
    return Accepted(venue_order_id=VenueOrderId(order.order_id), pending=order.status == "queued", happened_at=at)


def cancel_answer(body: bytes) -> CancelAnswer:
    """Returns what the answer to a cancel request means."""
    answer = _read(body, WireNothing)
    if isinstance(answer, Unknown):
        return answer
    if not isinstance(answer, _Refused):
        return CancelTaken()
    if answer.error.code in (_UNKNOWN_ORDER, _NOT_CANCELABLE):
        return CancelTooLate(message=f"{answer.error.code}: {answer.error.message}"[:TEXT_MAX])
    return _rejected(answer)


def find_answer(body: bytes, *, order_id: OrderId, symbols: Symbols) -> FindAnswer:
    """Returns what the answer to a find request means.

    Gives: Absent only where the broker says that it has no such order; any other refusal leaves the order unknown. A
    report that lacks an execution because it cannot be read is not complete.
    """
    answer = _read(body, WireFound)
    if isinstance(answer, Unknown):
        return answer
    if isinstance(answer, _Refused):
        return Absent() if answer.error.code == _UNKNOWN_ORDER else _SERVER_FAULT
    _, found = answer
    if found.order.client_order_id != order_id:
        return _UNREADABLE
    try:
        lines = tuple(_line(raw, symbols) for raw in found.executions)
        executions = tuple(line for line in lines if isinstance(line, Execution))
        complete = found.complete and len(executions) == len(lines)
        return _order(found.order, symbols, executions=executions, complete=complete)
    except _FAULTS:
        return _UNREADABLE


def executions_answer(body: bytes, *, symbols: Symbols) -> ExecutionPage | Unknown:
    """Returns the executions of an answer and the next cursor. One without an id makes the answer unreadable."""
    answer = _read(body, WireExecutions)
    if isinstance(answer, Unknown):
        return answer
    if isinstance(answer, _Refused):
        return _SERVER_FAULT
    _, page = answer
    try:
        return tuple(_line(raw, symbols) for raw in page.executions), page.next
    except _FAULTS:
        return _UNREADABLE


def pushed_execution(body: bytes, *, account: AccountId, symbols: Symbols) -> Execution | Unknown | None:
    """Returns the execution that the broker pushed; None where it is another account's."""
    try:
        push = msgspec.json.decode(body, type=WirePush)
        if push.v != VERSION:
            return _UNREADABLE
        return _execution(push.execution, symbols) if push.account == account else None
    except _FAULTS:
        return _UNREADABLE


def statement_answer(
    body: bytes, *, account: AccountId, symbols: Symbols, stated_at: Instant
) -> AccountStatement | Unknown:
    """Returns the statement of an answer. Needs: `stated_at` was taken before the request left."""
    answer = _read(body, WireStatement)
    if isinstance(answer, Unknown):
        return answer
    if isinstance(answer, _Refused):
        return _SERVER_FAULT
    _, stated = answer
    try:
        return AccountStatement(
            account=account,
            stated_at=stated_at,
            open_orders=tuple(_order(order, symbols, executions=(), complete=False) for order in stated.orders),
            holdings=tuple(
                Holding(instrument=instrument_of(holding.symbol, symbols), qty=Quantity(parse_number(holding.qty)))
                for holding in stated.holdings
            ),
            balances=tuple(_balance(balance) for balance in stated.balances),
        )
    except ValueError:
        return _UNREADABLE


def quote_answer(body: bytes, *, seen_at: Instant) -> Quote | Rejected | Unknown:
    """Returns the quote of an answer; Rejected where the broker has none."""
    answer = _read(body, WireQuote)
    if isinstance(answer, Unknown):
        return answer
    if isinstance(answer, _Refused):
        return _rejected(answer)
    _, quote = answer
    try:
        price = Price(above_zero(quote.price))
        return Quote(price=price, happened_at=instant_of_text(quote.at), seen_at=seen_at)
    except ValueError:
        return _UNREADABLE


def instrument_of(symbol: str, symbols: Symbols) -> InstrumentId:
    """Returns the instrument of a symbol; one that is not configured goes under its own symbol."""
    return symbols.get(symbol, InstrumentId(symbol))


def _client_id(text: str | None) -> OrderId | None:
    return None if text is None else OrderId(text)


def _line(raw: msgspec.Raw, symbols: Symbols) -> ExecutionLine:
    """Returns an execution, or what can be told of one that cannot be read.

    Errors: ValueError when it has no id.
    """
    try:
        return _execution(msgspec.json.decode(raw, type=WireExecution), symbols)
    except _FAULTS as fault:
        named = msgspec.json.decode(raw, type=WireNamed)
        if not named.execution_id:
            raise
        symbol = named.symbol if isinstance(named.symbol, str) else ""
        return UnreadableExecution(
            execution_id=ExecutionId(named.execution_id), instrument=symbols.get(symbol), detail=str(fault)[:TEXT_MAX]
        )


def _execution(wire: WireExecution, symbols: Symbols) -> Execution:
    if not wire.execution_id:
        raise ValueError("an execution without an id")
    return Execution(
        execution_id=ExecutionId(wire.execution_id),
        order_id=_client_id(wire.client_order_id),
        venue_order_id=VenueOrderId(wire.order_id),
        instrument=instrument_of(wire.symbol, symbols),
        side=Side(wire.side),
        qty=above_zero(wire.qty),
        price=Price(above_zero(wire.price)),
        fees=tuple(Fee(asset=AssetId(fee.asset), amount=Money(parse_number(fee.amount))) for fee in wire.fees),
        realised=None,
        happened_at=instant_of_text(wire.at),
    )


def _order(wire: WireOrder, symbols: Symbols, *, executions: tuple[Execution, ...], complete: bool) -> OrderReport:
    return OrderReport(
        order_id=_client_id(wire.client_order_id),
        venue_order_id=VenueOrderId(wire.order_id),
        instrument=instrument_of(wire.symbol, symbols),
        side=Side(wire.side),
        qty=above_zero(wire.qty),
        filled_qty=not_negative(wire.filled_qty),
        status=STATUSES.get(wire.status, VenueStatus.UNREADABLE),
        status_text=(f"{wire.status}: {wire.reason}" if wire.reason else wire.status)[:TEXT_MAX],
        executions=executions,
        complete=complete,
        happened_at=instant_of_text(wire.updated_at),
    )


def _balance(wire: WireBalance) -> Balance:
    return Balance(
        asset=AssetId(wire.asset),
        total=Quantity(parse_number(wire.total)),
        available=Quantity(parse_number(wire.available)),
    )
