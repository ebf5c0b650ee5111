"""What replies of Alpaca mean. Total: any reply has a meaning, that it cannot be read included.

Numbers are texts, or whole JSON numbers; a JSON number with a fraction is a float to Alpaca's own clients, and is
refused rather than rounded.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from flatbook.engine.ports import ApprovedOrder
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
    Funds,
    Holding,
    OrderReport,
    PlaceAnswer,
    Unknown,
    UnreadableExecution,
    VenueStatus,
)
from flatbook.values.ids import AccountId, AssetId, ExecutionId, InstrumentId, OrderId, VenueOrderId
from flatbook.values.instants import Instant, instant_of_text
from flatbook.values.instruments import Side
from flatbook.values.money import ZERO, Price, Quantity
from flatbook.venues.alpaca.refusals import (
    SERVER_FAULT,
    TEXT_MAX,
    UNREADABLE,
    is_json,
    meaning_of_refusal,
    refusal_of,
    says_no_such_order,
)
from flatbook.venues.alpaca.wire import OPEN_ORDERS_MAX
from flatbook.venues.amounts import above_zero, amount_of, not_negative
from flatbook.venues.http import Reply

# Not ended, though nothing comes of it by itself: what may still execute is open. Alpaca goes on calculating after the
# day, may lift a suspension, and lets a replacement work under an id that is not ours.
STALLED = ("calculated", "replaced", "suspended")
# Source: docs.alpaca.markets, Order Lifecycle; `held` and `pending_review` from the status list of alpaca-py.
STATUSES = {
    "new": VenueStatus.OPEN,
    "pending_new": VenueStatus.PENDING,
    "accepted": VenueStatus.PENDING,
    "accepted_for_bidding": VenueStatus.OPEN,
    "held": VenueStatus.PENDING,
    "pending_review": VenueStatus.PENDING,
    "partially_filled": VenueStatus.OPEN,
    "pending_cancel": VenueStatus.PENDING_CANCEL,
    "pending_replace": VenueStatus.OPEN,
    "stopped": VenueStatus.OPEN,
    **dict.fromkeys(STALLED, VenueStatus.OPEN),
    "done_for_day": VenueStatus.EXPIRED,
    "filled": VenueStatus.FILLED,
    "canceled": VenueStatus.CANCELED,
    "expired": VenueStatus.EXPIRED,
    "rejected": VenueStatus.REJECTED,
}
PENDING_CANCEL = "pending cancel"
DONE_FOR_DAY = "done_for_day"
DAY = "day"
SIDES = {"buy": Side.BUY, "sell": Side.SELL, "sell_short": Side.SELL}
FILL_KINDS = ("fill", "partial_fill")

Symbols = Mapping[str, InstrumentId]
Number = str | int


class WireOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order as Alpaca writes it. `qty` is null where the order is for an amount of money."""

    id: str
    client_order_id: str
    symbol: str
    side: str
    qty: Number | None
    filled_qty: Number
    status: str
    time_in_force: str | None = None
    submitted_at: str | None = None
    updated_at: str | None = None
    filled_at: str | None = None
    canceled_at: str | None = None
    expired_at: str | None = None
    failed_at: str | None = None


class WireFill(msgspec.Struct, frozen=True, kw_only=True):
    """An account activity of the kind FILL as Alpaca writes it."""

    id: str
    activity_type: str
    type: str
    order_id: str
    symbol: str
    side: str
    qty: Number
    price: Number
    transaction_time: str
    account_id: str | None = None


class WireUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """What a stream tells of an order. `account_id` and `event_id` are of the Broker API only."""

    event: str
    order: WireOrder
    account_id: str | None = None
    event_id: str | int | None = None


class WireNamed(msgspec.Struct, frozen=True, kw_only=True):
    """What must be readable of a fill that is not: its id, and if they can be, its symbol and its account."""

    id: str
    symbol: Any = None
    account_id: Any = None


class WirePosition(msgspec.Struct, frozen=True, kw_only=True):
    """A position as Alpaca writes it."""

    symbol: str
    qty: Number
    side: str


class WireAccount(msgspec.Struct, frozen=True, kw_only=True):
    """Cash and buying power as Alpaca writes them."""

    currency: str
    cash: Number
    buying_power: Number
    cash_withdrawable: Number | None = None
    id: str = ""
    account_number: str = ""


class Fills(msgspec.Struct, frozen=True, kw_only=True):
    """A page of executions without our client ids: Alpaca names the order by its own id only."""

    executions: tuple[ExecutionLine, ...]


_Content = TypeVar("_Content")
_FAULTS = (msgspec.MsgspecError, ValueError, RecursionError)


def _read(reply: Reply, content: type[_Content]) -> _Content | Unknown:
    """Returns the content of a success. A refusal of a read says nothing of what was asked for."""
    if not 200 <= reply.status < 300:
        return SERVER_FAULT if reply.status >= 500 or refusal_of(reply) is not None else UNREADABLE
    if not is_json(reply):
        return UNREADABLE
    try:
        return msgspec.json.decode(reply.body, type=content)
    except _FAULTS:
        return UNREADABLE


def place_answer(reply: Reply, *, order: ApprovedOrder, symbol: str, now: Instant) -> PlaceAnswer:
    """Returns what the reply to a place request means. Needs: `now` is when the reply was read.

    Gives: a reply about another order, or about another side or quantity, is unreadable, not an acceptance; the order
    is then asked for. A refusal because the id is taken is Rejected for `duplicate_id`, and asked for as well.
    """
    if not 200 <= reply.status < 300:
        return meaning_of_refusal(reply, now)
    placed = _read(reply, WireOrder)
    if isinstance(placed, Unknown):
        return placed
    try:
        same = (placed.client_order_id, placed.symbol, _side(placed.side), _qty(placed)) == (
            order.order_id,
            symbol,
            order.side,
            order.qty,
        )
        if not same or not placed.id:
            return UNREADABLE
        happened_at = now if placed.submitted_at is None else instant_of_text(placed.submitted_at)
    except ValueError:
        return UNREADABLE
    pending = _status(placed) in (VenueStatus.PENDING, VenueStatus.UNREADABLE)
    return Accepted(venue_order_id=VenueOrderId(placed.id), pending=pending, happened_at=happened_at)


def cancel_answer(reply: Reply, *, now: Instant) -> CancelAnswer:
    """Returns what the reply to a cancel request means. Needs: `now` is when the reply was read."""
    if 200 <= reply.status < 300:
        return CancelTaken()
    refusal = refusal_of(reply)
    if refusal is not None and reply.status == 422 and PENDING_CANCEL in refusal.message.lower():
        return CancelTaken()
    if refusal is not None and (reply.status == 422 or says_no_such_order(reply)):
        return CancelTooLate(message=f"{refusal.code or reply.status}: {refusal.message}"[:TEXT_MAX])
    return UNREADABLE if reply.status == 404 else meaning_of_refusal(reply, now)


def order_answer(reply: Reply, *, order_id: OrderId, symbols: Symbols) -> OrderReport | Absent | Unknown:
    """Returns the order that was asked for by our client id, without its executions.

    Gives: Absent only where Alpaca says that it has no such order; any other refusal leaves the order unknown.
    """
    if says_no_such_order(reply):
        return Absent()
    found = _read(reply, WireOrder)
    if isinstance(found, Unknown):
        return found
    if found.client_order_id != order_id:
        return UNREADABLE
    try:
        return order_report(found, symbols)
    except ValueError:
        return UNREADABLE


def client_id_answer(reply: Reply, *, venue_order_id: VenueOrderId) -> OrderId | Absent | Unknown:
    """Returns the client id of the order that was asked for by Alpaca's id; Absent where Alpaca has none such."""
    if says_no_such_order(reply):
        return Absent()
    found = _read(reply, WireOrder)
    if isinstance(found, Unknown):
        return found
    return OrderId(found.client_order_id) if found.id == venue_order_id else UNREADABLE


def fills_answer(reply: Reply, *, account_id: str, symbols: Symbols) -> Fills | Unknown:
    """Returns the executions of a page in the order of the page.

    Needs: `account_id` is the one asked for, empty where the credentials name the account.
    Gives: a fill that has an id and cannot be read, or is neither whole nor partial, stands as unreadable among the
    others; a page with one that has no id, or is of another account, is unreadable as a whole.
    """
    page = _read(reply, list[msgspec.Raw])
    if isinstance(page, Unknown):
        return page
    try:
        return Fills(executions=tuple(_line(raw, account_id, symbols) for raw in page))
    except _FAULTS:
        return UNREADABLE


def with_executions(report: OrderReport, fills: Fills) -> OrderReport:
    """Returns a report with those of the fills that are its own, oldest first.

    Needs: the fills are newest first. Gives: the report is complete when they add up to what it says is filled.
    """
    own = tuple(
        msgspec.structs.replace(execution, order_id=report.order_id)
        for execution in reversed(fills.executions)
        if isinstance(execution, Execution) and execution.venue_order_id == report.venue_order_id
    )
    complete = sum((execution.qty for execution in own), ZERO) == report.filled_qty
    return msgspec.structs.replace(report, executions=own, complete=complete)


def statement_answer(
    replies: tuple[Reply, Reply, Reply], *, account: AccountId, meant: str = "", symbols: Symbols, stated_at: Instant
) -> AccountStatement | Unknown:
    """Returns the statement that open orders, positions and account make together.

    Needs: `stated_at` was taken before the first of the three was asked for.
    Gives: a list of orders that is as long as a list can be may lack some, and is unreadable; so is another
    account than the one that is meant.
    """
    orders = _read(replies[0], list[WireOrder])
    if isinstance(orders, Unknown):
        return orders
    positions = _read(replies[1], list[WirePosition])
    if isinstance(positions, Unknown):
        return positions
    cash = _read(replies[2], WireAccount)
    if isinstance(cash, Unknown):
        return cash
    if len(orders) >= OPEN_ORDERS_MAX or (meant and meant not in (cash.id, cash.account_number)):
        return UNREADABLE
    try:
        return AccountStatement(
            account=account,
            stated_at=stated_at,
            open_orders=tuple(order_report(order, symbols) for order in orders),
            holdings=tuple(_holding(position, symbols) for position in positions),
            balances=(_balance(cash),),
            funds=_funds(cash),
        )
    except ValueError:
        return UNREADABLE


def order_report(wire: WireOrder, symbols: Symbols) -> OrderReport:
    """Returns the state of an order, without its executions; complete when it has none.

    Errors: ValueError when a number, a side or the instant cannot be read.
    """
    filled_qty = not_negative(wire.filled_qty)
    return OrderReport(
        order_id=OrderId(wire.client_order_id),
        venue_order_id=VenueOrderId(wire.id),
        instrument=instrument_of(wire.symbol, symbols),
        side=_side(wire.side),
        qty=_qty(wire),
        filled_qty=filled_qty,
        status=_status(wire),
        status_text=wire.status[:TEXT_MAX],
        executions=(),
        complete=filled_qty == ZERO,
        happened_at=_happened_at(wire),
    )


def trade_update(body: bytes, *, account_id: str, symbols: Symbols) -> OrderReport | Unknown | None:
    """Returns the order that a push is about, without its executions; None where it is of another account.

    Gives: complete only when nothing of the order is filled: executions are had by asking, under the ids of polls.
    """
    try:
        update = msgspec.json.decode(body, type=WireUpdate)
        if account_id and update.account_id not in (None, account_id):
            return None
        return order_report(update.order, symbols)
    except _FAULTS:
        return UNREADABLE


def instrument_of(symbol: str, symbols: Symbols) -> InstrumentId:
    """Returns the instrument of a symbol; one that is not configured goes under its own symbol."""
    return symbols.get(symbol, InstrumentId(symbol))


def _status(wire: WireOrder) -> VenueStatus:
    """An order for longer than a day goes on after `done_for_day`."""
    if wire.status == DONE_FOR_DAY and wire.time_in_force not in (None, DAY):
        return VenueStatus.OPEN
    return STATUSES.get(wire.status, VenueStatus.UNREADABLE)


def _happened_at(wire: WireOrder) -> Instant:
    ended_at = {
        "filled": wire.filled_at,
        "canceled": wire.canceled_at,
        "expired": wire.expired_at,
        "rejected": wire.failed_at,
    }.get(wire.status)
    text = ended_at or wire.updated_at
    if text is None:
        raise ValueError(f"an order that is {wire.status} states no instant")
    return instant_of_text(text)


def _line(raw: msgspec.Raw, account_id: str, symbols: Symbols) -> ExecutionLine:
    """Returns a fill, or what can be told of one that cannot be read.

    Errors: ValueError when it has no id, or is of another account.
    """
    named = msgspec.json.decode(raw, type=WireNamed)
    if not named.id:
        raise ValueError("a fill without an id")
    if account_id and named.account_id not in (None, account_id):
        raise ValueError("a fill of another account")
    try:
        return _execution(msgspec.json.decode(raw, type=WireFill), symbols)
    except _FAULTS as fault:
        symbol = named.symbol if isinstance(named.symbol, str) else ""
        return UnreadableExecution(
            execution_id=ExecutionId(named.id), instrument=symbols.get(symbol), detail=str(fault)[:TEXT_MAX]
        )


def _execution(wire: WireFill, symbols: Symbols) -> Execution:
    if wire.activity_type != "FILL" or wire.type not in FILL_KINDS:
        raise ValueError(f"an activity {wire.activity_type} {wire.type} is no execution")
    return Execution(
        execution_id=ExecutionId(wire.id),
        order_id=None,
        venue_order_id=VenueOrderId(wire.order_id),
        instrument=instrument_of(wire.symbol, symbols),
        side=_side(wire.side),
        qty=above_zero(wire.qty),
        price=Price(above_zero(wire.price)),
        fees=(),
        realised=None,
        happened_at=instant_of_text(wire.transaction_time),
    )


def _holding(wire: WirePosition, symbols: Symbols) -> Holding:
    qty = amount_of(wire.qty)
    if wire.side not in ("long", "short") or (wire.side == "long" and qty < ZERO):
        raise ValueError(f"a position that is {wire.side} of {qty}")
    size = Quantity(abs(qty))
    return Holding(instrument=instrument_of(wire.symbol, symbols), qty=size if wire.side == "long" else Quantity(-size))


def _balance(wire: WireAccount) -> Balance:
    return Balance(asset=AssetId(wire.currency), total=amount_of(wire.cash), available=amount_of(wire.buying_power))


def _funds(wire: WireAccount) -> Funds | None:
    """What is settled, where Alpaca says it: buying power counts sales that are not settled yet."""
    if wire.cash_withdrawable is None:
        return None
    return Funds(asset=AssetId(wire.currency), settled=amount_of(wire.cash_withdrawable))


def _side(text: str) -> Side:
    side = SIDES.get(text)
    if side is None:
        raise ValueError(f"{text[:TEXT_MAX]!r} is no side")
    return side


def _qty(wire: WireOrder) -> Quantity:
    if wire.qty is None:
        raise ValueError("an order for an amount of money has no quantity")
    return above_zero(wire.qty)
