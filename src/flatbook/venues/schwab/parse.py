"""What replies of Schwab mean. Total: any reply has a meaning, that it cannot be read included.

Schwab writes numbers as JSON numbers with a fraction; they are read as the decimals that stand there, never as floats.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import TypeVar

import msgspec

from flatbook.engine.reports import (
    Absent,
    AccountStatement,
    Balance,
    CancelAnswer,
    CancelTaken,
    CancelTooLate,
    Execution,
    ExecutionLine,
    Holding,
    OrderReport,
    Unknown,
    UnreadableExecution,
    VenueStatus,
)
from flatbook.values.ids import AccountId, AssetId, ExecutionId, InstrumentId, OrderId, VenueOrderId
from flatbook.values.instants import Instant, instant_of_text
from flatbook.values.instruments import Side
from flatbook.values.money import ZERO, Price, Quantity, check_number, plain
from flatbook.venues.amounts import above_zero, not_negative
from flatbook.venues.http import Reply
from flatbook.venues.schwab.fees import stated_fees
from flatbook.venues.schwab.refusals import (
    SERVER_FAULT,
    TEXT_MAX,
    UNREADABLE,
    is_json,
    meaning_of_refusal,
    refusal_of,
    says_no_such_order,
)
from flatbook.venues.schwab.wire import ORDERS_MAX

# Source: Trader API, enum of `status`, all 21; PENDING_REVIEW is not in it and was seen. A replaced order has ended;
# it may go on in another one, see `chains`. UNKNOWN is Schwab's own word for what it cannot say.
STATUSES = {
    "AWAITING_PARENT_ORDER": VenueStatus.PENDING,
    "AWAITING_CONDITION": VenueStatus.PENDING,
    "AWAITING_STOP_CONDITION": VenueStatus.PENDING,
    "AWAITING_MANUAL_REVIEW": VenueStatus.PENDING,
    "AWAITING_RELEASE_TIME": VenueStatus.PENDING,
    "PENDING_ACTIVATION": VenueStatus.PENDING,
    "PENDING_ACKNOWLEDGEMENT": VenueStatus.PENDING,
    "PENDING_REVIEW": VenueStatus.PENDING,
    "NEW": VenueStatus.PENDING,
    "ACCEPTED": VenueStatus.OPEN,
    "QUEUED": VenueStatus.OPEN,
    "WORKING": VenueStatus.OPEN,
    "PENDING_REPLACE": VenueStatus.OPEN,
    "AWAITING_UR_OUT": VenueStatus.PENDING_CANCEL,
    "PENDING_CANCEL": VenueStatus.PENDING_CANCEL,
    "PENDING_RECALL": VenueStatus.PENDING_CANCEL,
    "FILLED": VenueStatus.FILLED,
    "CANCELED": VenueStatus.CANCELED,
    "REPLACED": VenueStatus.CANCELED,
    "EXPIRED": VenueStatus.EXPIRED,
    "REJECTED": VenueStatus.REJECTED,
    "UNKNOWN": VenueStatus.UNREADABLE,
}
ENDED = (VenueStatus.FILLED, VenueStatus.CANCELED, VenueStatus.EXPIRED, VenueStatus.REJECTED)
# Source: Trader API, enum of `instruction`.
SIDES = {
    **dict.fromkeys(("BUY", "BUY_TO_COVER", "BUY_TO_OPEN", "BUY_TO_CLOSE"), Side.BUY),
    **dict.fromkeys(("SELL", "SELL_SHORT", "SELL_SHORT_EXEMPT", "SELL_TO_OPEN", "SELL_TO_CLOSE"), Side.SELL),
}
USD = AssetId("USD")
NESTED_MAX = 8
NOTHING = msgspec.Raw(b"null")

Symbols = Mapping[str, InstrumentId]


class WireInstrument(msgspec.Struct, frozen=True, kw_only=True):
    """What is traded, as Schwab writes it."""

    symbol: str


class WireLeg(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What an order trades, as Schwab writes it."""

    instruction: str
    quantity: Decimal
    instrument: WireInstrument
    leg_id: int = 1


class WireExecutionLeg(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One execution as Schwab writes it."""

    quantity: Decimal
    price: Decimal
    time: str | None = None
    leg_id: int = 1
    execution_id: str | None = None


class WireActivity(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What happened to an order, as Schwab writes it."""

    activity_type: str
    activity_id: int | None = None
    order_remaining_quantity: Decimal | None = None
    execution_legs: list[WireExecutionLeg] = []


class WireOrder(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An order as Schwab writes it; one that only binds others has no legs."""

    order_id: int
    status: str
    entered_time: str
    quantity: Decimal | None = None
    filled_quantity: Decimal = ZERO
    order_type: str = ""
    price: Decimal | None = None
    close_time: str | None = None
    order_leg_collection: list[WireLeg] = []
    order_activity_collection: list[WireActivity] = []
    child_order_strategies: list[WireOrder] = []
    replacing_order_collection: msgspec.Raw = NOTHING
    commission_and_fee: msgspec.Raw = NOTHING


class WireSuccessor(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What replaced an order, as Schwab writes it: an order, of which its number is enough."""

    order_id: int


class WireAccountNumber(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An account number and the hash that stands for it."""

    account_number: str
    hash_value: str


class WirePosition(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A position as Schwab writes it."""

    instrument: WireInstrument
    long_quantity: Decimal = ZERO
    short_quantity: Decimal = ZERO


class WireBalances(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Cash as Schwab writes it; what may be spent has one name in cash accounts and another in margin accounts."""

    cash_balance: Decimal
    available_funds: Decimal | None = None
    cash_available_for_trading: Decimal | None = None


class WireAccount(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An account as Schwab writes it. `positions` are left out where there are none."""

    account_number: str
    current_balances: WireBalances
    positions: list[WirePosition] = []


class WireAccountPage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The page of an account."""

    securities_account: WireAccount


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """An order at Schwab: its report, which names none of ours yet, and what else makes it recognisable.

    Schwab states instants in whole seconds. `is_closed` says that it states when it ended. `unreadable` are executions
    of which only the id can be read: the report lacks them, and is not complete. `successor` is what it states to have
    been replaced by, and `fees` the sum of what it states to cost. `works_as` is the number under which it goes on
    where that is not its own, see `chains`.
    """

    report: OrderReport
    unreadable: tuple[UnreadableExecution, ...]
    limit: Price | None
    entered_at: Instant
    is_closed: bool
    successor: VenueOrderId | None = None
    works_as: VenueOrderId | None = None
    fees: Decimal | None = None


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """The orders of a reply."""

    orders: tuple[Listed, ...]


class AccountHash(msgspec.Struct, frozen=True, kw_only=True):
    """What stands for our account in paths."""

    text: str


_Content = TypeVar("_Content")
_FAULTS = (msgspec.MsgspecError, ValueError, ArithmeticError, RecursionError)


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


def hash_answer(reply: Reply, *, number: str) -> AccountHash | Absent | Unknown:
    """Returns the hash of an account number; Absent where the login does not reach that account."""
    accounts = _read(reply, list[WireAccountNumber])
    if isinstance(accounts, Unknown):
        return accounts
    found = [account.hash_value for account in accounts if account.account_number == number and account.hash_value]
    return AccountHash(text=found[0]) if found else Absent()


def placed_id(reply: Reply) -> VenueOrderId | None:
    """Returns the order id that the answer to a place request names, None where it names none.

    Gives: it may be that of another order: the answer proves that an order was taken, not which one.
    """
    last = reply.headers.get("location", "").rstrip("/").rpartition("/")
    return VenueOrderId(last[2]) if last[0].endswith("/orders") and last[2].isascii() and last[2].isdigit() else None


def cancel_answer(reply: Reply, *, now: Instant) -> CancelAnswer:
    """Returns what the reply to a cancel request means. Needs: `now` is when the reply was read."""
    if 200 <= reply.status < 300:
        return CancelTaken()
    refusal = refusal_of(reply)
    if refusal is not None and (reply.status == 400 or says_no_such_order(reply)):
        return CancelTooLate(message=f"{reply.status}: {refusal.text}"[:TEXT_MAX])
    return UNREADABLE if reply.status == 404 else meaning_of_refusal(reply, now)


def order_answer(reply: Reply, *, venue_order_id: VenueOrderId, symbols: Symbols) -> Listed | Absent | Unknown:
    """Returns the order that was asked for by Schwab's id; Absent only where Schwab says that it has none such."""
    if says_no_such_order(reply):
        return Absent()
    found = _read(reply, WireOrder)
    if isinstance(found, Unknown):
        return found
    try:
        listed = tuple(_listed(found, symbols))
    except _FAULTS:
        return UNREADABLE
    return next((each for each in listed if each.report.venue_order_id == venue_order_id), UNREADABLE)


def orders_answer(reply: Reply, *, symbols: Symbols) -> Listing | Unknown:
    """Returns the orders of a list, those that others bind included.

    Gives: a list that is as long as a list can be may lack some, and is unreadable.
    """
    found = _read(reply, list[WireOrder])
    if isinstance(found, Unknown):
        return found
    if len(found) >= ORDERS_MAX:
        return UNREADABLE
    try:
        return Listing(orders=tuple(each for order in found for each in _listed(order, symbols)))
    except _FAULTS:
        return UNREADABLE


def statement_of(
    reply: Reply, orders: tuple[OrderReport, ...], *, account: AccountId, number: str, symbols: Symbols, at: Instant
) -> AccountStatement | Unknown:
    """Returns the statement that open orders and the page of an account make together.

    Needs: `at` was taken before the first of them was asked for.
    Gives: the page of another account is unreadable.
    """
    page = _read(reply, WireAccountPage)
    if isinstance(page, Unknown):
        return page
    stated = page.securities_account
    if stated.account_number != number:
        return UNREADABLE
    try:
        return AccountStatement(
            account=account,
            stated_at=at,
            open_orders=orders,
            holdings=tuple(_holding(position, symbols) for position in stated.positions),
            balances=(_balance(stated.current_balances),),
        )
    except _FAULTS:
        return UNREADABLE


def may_execute(listed: Listed) -> bool:
    """Returns whether something of an order may still execute: not once it has ended, nor when nothing is left of it.

    Gives: an order that executed in full, or states when it was closed, is over, whatever word stands for its status.
    """
    report = listed.report
    is_over = report.status in ENDED or (report.status is VenueStatus.UNREADABLE and listed.is_closed)
    return not is_over and report.filled_qty < report.qty


def named(listed: Listed, order_id: OrderId | None) -> OrderReport:
    """Returns the report of an order under the id of ours that it was recognised as."""
    executions = tuple(msgspec.structs.replace(each, order_id=order_id) for each in listed.report.executions)
    return msgspec.structs.replace(listed.report, order_id=order_id, executions=executions)


def instrument_of(symbol: str, symbols: Symbols) -> InstrumentId:
    """Returns the instrument of a symbol; one that is not configured goes under its own symbol."""
    return symbols.get(symbol, InstrumentId(symbol))


def _listed(order: WireOrder, symbols: Symbols, depth: int = 0) -> Iterator[Listed]:
    """Yields an order, one for each leg, and those that it binds.

    Errors: ValueError when a number, a side or an instant cannot be read.
    """
    if depth > NESTED_MAX:
        raise ValueError("orders bind each other without end")
    if not order.order_leg_collection and not order.child_order_strategies:
        raise ValueError(f"order {order.order_id} trades nothing")
    for leg in order.order_leg_collection:
        yield _of_leg(order, leg, symbols)
    for child in order.child_order_strategies:
        yield from _listed(child, symbols, depth + 1)


def _of_leg(order: WireOrder, leg: WireLeg, symbols: Symbols) -> Listed:
    alone = len(order.order_leg_collection) == 1
    venue_order_id = VenueOrderId(f"{order.order_id}" if alone else f"{order.order_id}:{leg.leg_id}")
    entered_at = instant_of_text(order.entered_time)
    closed_at = None if order.close_time is None else instant_of_text(order.close_time)
    status = STATUSES.get(order.status, VenueStatus.UNREADABLE)
    lines = tuple(_executions(order, leg, venue_order_id, instrument_of(leg.instrument.symbol, symbols)))
    executions = tuple(line for line in lines if isinstance(line, Execution))
    unreadable = tuple(line for line in lines if isinstance(line, UnreadableExecution))
    filled = not_negative(order.filled_quantity) if alone else sum((each.qty for each in executions), ZERO)
    latest = max((each.happened_at for each in executions), default=entered_at)
    report = OrderReport(
        order_id=None,
        venue_order_id=venue_order_id,
        instrument=instrument_of(leg.instrument.symbol, symbols),
        side=_side(leg.instruction),
        qty=above_zero(leg.quantity),
        filled_qty=Quantity(filled),
        status=status,
        status_text=order.status[:TEXT_MAX],
        executions=executions,
        complete=not unreadable and sum((each.qty for each in executions), ZERO) == filled,
        happened_at=latest if closed_at is None else max(closed_at, latest),
    )
    return Listed(
        report=report,
        unreadable=unreadable,
        limit=None if order.order_type == "MARKET" or order.price is None else Price(check_number(order.price)),
        entered_at=entered_at,
        is_closed=closed_at is not None,
        successor=_successor(order) if alone else None,
        fees=stated_fees(order.commission_and_fee) if alone else None,
    )


def _successor(order: WireOrder) -> VenueOrderId | None:
    """Returns what an order states to have been replaced by, None where that is nothing, several, or unreadable."""
    try:
        stated = msgspec.json.decode(order.replacing_order_collection, type=list[WireSuccessor] | None) or []
    except _FAULTS:
        return None
    return VenueOrderId(str(stated[0].order_id)) if len(stated) == 1 else None


def _executions(
    order: WireOrder, leg: WireLeg, venue_order_id: VenueOrderId, instrument: InstrumentId
) -> Iterator[ExecutionLine]:
    for activity in order.order_activity_collection:
        if activity.activity_type != "EXECUTION":
            continue
        for place, executed in enumerate(activity.execution_legs):
            if executed.quantity == ZERO or executed.leg_id != leg.leg_id:
                continue
            identity = _execution_id(order, activity, executed, place)
            try:
                happened_at = instant_of_text(executed.time or "")
                qty, price = above_zero(executed.quantity), Price(above_zero(executed.price))
            except (ValueError, ArithmeticError) as error:
                detail = str(error)[:TEXT_MAX]
                yield UnreadableExecution(execution_id=identity, instrument=instrument, detail=detail)
                continue
            yield Execution(
                execution_id=identity,
                order_id=None,
                venue_order_id=venue_order_id,
                instrument=instrument,
                side=_side(leg.instruction),
                qty=qty,
                price=price,
                fees=(),
                realised=None,
                happened_at=happened_at,
            )


def _execution_id(order: WireOrder, activity: WireActivity, executed: WireExecutionLeg, place: int) -> ExecutionId:
    """Returns what never changes of an execution: its own id, or that of its activity, or what it left of its order.

    Gives: no upright stroke, which parts the ids of a cursor.
    """
    if executed.execution_id:
        return ExecutionId(f"{order.order_id}:{executed.execution_id.replace('|', '/')}"[:TEXT_MAX])
    if activity.activity_id is not None:
        return ExecutionId(f"{activity.activity_id}:{place}")
    if activity.order_remaining_quantity is None:
        raise ValueError(f"an execution of order {order.order_id} cannot be told from others")
    return ExecutionId(f"{order.order_id}:left{plain(check_number(activity.order_remaining_quantity))}:{place}")


def _holding(wire: WirePosition, symbols: Symbols) -> Holding:
    qty = not_negative(wire.long_quantity) - not_negative(wire.short_quantity)
    return Holding(instrument=instrument_of(wire.instrument.symbol, symbols), qty=Quantity(qty))


def _balance(wire: WireBalances) -> Balance:
    total = Quantity(check_number(wire.cash_balance))
    available = wire.available_funds if wire.available_funds is not None else wire.cash_available_for_trading
    return Balance(asset=USD, total=total, available=total if available is None else Quantity(check_number(available)))


def _side(text: str) -> Side:
    side = SIDES.get(text)
    if side is None:
        raise ValueError(f"{text[:TEXT_MAX]!r} is no side")
    return side
