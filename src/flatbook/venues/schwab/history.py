"""What Schwab booked on an account besides executions: the fees of trades, dividends, interest, transfers.

Executions stand in orders; their fees come a day later, in the history of the account. What an order states of its fees
before is a sum that may still grow, so it is not booked: the history is the one source, and is compared with it.
Source: Trader API, GET transactions: a trade is a list of what was transferred, of which fees are lines with a feeType
and a cost below zero.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

import msgspec

from flatbook.engine.reports import Activity, Unknown
from flatbook.events.activities import ActivityKind
from flatbook.values.ids import ActivityId, OrderId, VenueOrderId
from flatbook.values.instants import Instant, instant_of_text
from flatbook.values.money import ZERO, Quantity, check_number, plain
from flatbook.venues.http import Reply
from flatbook.venues.schwab.parse import USD, Listing, Symbols, may_execute
from flatbook.venues.schwab.refusals import SERVER_FAULT, TEXT_MAX, UNREADABLE, is_json

HISTORY_MAX = 3_000  # Source: Trader API, GET transactions: at most 3000 are returned
TRADE = "TRADE"
VALID = "VALID"
# Source: Trader API, enum of `types`.
TRANSFERS = (
    "ACH_RECEIPT",
    "ACH_DISBURSEMENT",
    "CASH_RECEIPT",
    "CASH_DISBURSEMENT",
    "ELECTRONIC_FUND",
    "WIRE_OUT",
    "WIRE_IN",
    "JOURNAL",
)
EARNINGS = "DIVIDEND_OR_INTEREST"
OTHERS = ("RECEIVE_AND_DELIVER", "MEMORANDUM", "MARGIN_CALL", "MONEY_MARKET", "SMA_ADJUSTMENT")
TYPES = (TRADE, EARNINGS, *TRANSFERS, *OTHERS)
EQUITY = "EQUITY"
STATED = "commissionAndFee"
_FAULTS = (msgspec.MsgspecError, ValueError, ArithmeticError, RecursionError)

Names = Mapping[VenueOrderId, OrderId]


class WireItemInstrument(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What was transferred, as Schwab writes it."""

    asset_type: str = ""
    symbol: str = ""


class WireItem(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One transfer of a transaction as Schwab writes it."""

    instrument: WireItemInstrument = WireItemInstrument()
    cost: Decimal = ZERO
    amount: Decimal = ZERO
    fee_type: str | None = None


class WireTransaction(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A transaction as Schwab writes it."""

    activity_id: int
    time: str
    type: str
    status: str = VALID
    net_amount: Decimal = ZERO
    order_id: int | None = None
    description: str = ""
    transfer_items: list[WireItem] = []


class WireNumbered(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The one thing that every transaction must have."""

    activity_id: int


class Costing(msgspec.Struct, frozen=True, kw_only=True):
    """An order that is over and states what it costs. Units: `fees` in USD, above zero where they were paid."""

    number: VenueOrderId
    filled_qty: Quantity
    fees: Decimal


def costing_of(listing: Listing) -> tuple[Costing, ...]:
    """Returns the orders of a list that executed, are over, and state what they cost."""
    return tuple(
        Costing(number=each.report.venue_order_id, filled_qty=each.report.filled_qty, fees=each.fees)
        for each in listing.orders
        if each.fees is not None and each.report.filled_qty > ZERO and not may_execute(each)
    )


def history_answer(
    reply: Reply, *, symbols: Symbols, names: Names, now: Instant, costing: Sequence[Costing] = ()
) -> tuple[Activity, ...] | Unknown:
    """Returns what a history states besides executions; pending and invalid transactions are left out.

    Needs: `names` are our orders by Schwab's ids; `costing` are orders that state what they cost.
    Gives: one that has an id and cannot be read otherwise is told as one of no amount; a history in which one has no
    id, or which is as long as one can be, is unreadable. An order that states other fees than the history of all its
    executions is told too, with no amount.
    """
    if reply.status != 200 or not is_json(reply):
        return SERVER_FAULT if reply.status >= 500 else UNREADABLE
    try:
        rows = msgspec.json.decode(reply.body, type=list[msgspec.Raw])
        if len(rows) >= HISTORY_MAX:
            return UNREADABLE
        found = tuple(each for row in rows for each in _activities(row, symbols, names, now))
        return (*found, *_differing(rows, costing, names, now))
    except _FAULTS:
        return UNREADABLE


def _activities(row: msgspec.Raw, symbols: Symbols, names: Names, now: Instant) -> Iterator[Activity]:
    number = msgspec.json.decode(row, type=WireNumbered).activity_id
    try:
        stated = msgspec.json.decode(row, type=WireTransaction)
        found = tuple(_of(stated, symbols, names)) if stated.status == VALID else ()
    except _FAULTS as fault:
        found = (_unreadable(number, str(fault), now),)
    yield from found


def _of(stated: WireTransaction, symbols: Symbols, names: Names) -> Iterator[Activity]:
    if stated.type != TRADE:
        amount = check_number(stated.net_amount)
        if amount:
            yield _activity(stated, str(stated.activity_id), stated.type, Quantity(amount), symbols, names)
        return
    for item in stated.transfer_items:
        if item.fee_type is not None and check_number(item.cost):
            identity = f"{stated.activity_id}:{item.fee_type}"[:TEXT_MAX]
            yield _activity(stated, identity, item.fee_type, Quantity(item.cost), symbols, names)


def _activity(
    stated: WireTransaction, identity: str, word: str, amount: Quantity, symbols: Symbols, names: Names
) -> Activity:
    stock = next((item.instrument.symbol for item in stated.transfer_items if item.instrument.asset_type == EQUITY), "")
    return Activity(
        activity_id=ActivityId(identity),
        kind=_kind(stated.type, stock),
        venue_kind=word[:TEXT_MAX],
        asset=USD,
        amount=amount,
        instrument=symbols.get(stock),
        order_id=names.get(VenueOrderId(str(stated.order_id))),
        detail=stated.description[:TEXT_MAX],
        happened_at=instant_of_text(stated.time),
    )


def _kind(word: str, stock: str) -> ActivityKind:
    if word == TRADE:
        return ActivityKind.FEE
    if word == EARNINGS:
        return ActivityKind.DIVIDEND if stock else ActivityKind.INTEREST
    return ActivityKind.TRANSFER if word in TRANSFERS else ActivityKind.OTHER


def _differing(
    rows: Sequence[msgspec.Raw], costing: Sequence[Costing], names: Names, now: Instant
) -> Iterator[Activity]:
    """Yields a note on each order of ours of which the history states every execution, and other fees."""
    ours = [each for each in costing if each.number in names]
    trades = [each for each in map(_trade, rows) if each is not None] if ours else []
    for order in ours:
        items = [item for trade in trades if str(trade.order_id) == order.number for item in trade.transfer_items]
        shares = sum((abs(item.amount) for item in items if item.instrument.asset_type == EQUITY), ZERO)
        charged = -sum((item.cost for item in items if item.fee_type is not None), ZERO)
        if shares == order.filled_qty and charged != order.fees:
            detail = f"order {order.number} states fees of {plain(order.fees)}, the history {plain(charged)}"
            yield _note(f"{order.number}:{STATED}", detail, names[order.number], now)


def _trade(row: msgspec.Raw) -> WireTransaction | None:
    """Returns a trade that stands, None for all else and for what cannot be read."""
    try:
        stated = msgspec.json.decode(row, type=WireTransaction)
        for item in stated.transfer_items:
            check_number(item.amount)
            check_number(item.cost)
    except _FAULTS:
        return None
    return stated if stated.type == TRADE and stated.status == VALID else None


def _unreadable(number: int, flaw: str, now: Instant) -> Activity:
    return _note(str(number), f"cannot be read: {flaw}", None, now)


def _note(identity: str, detail: str, order_id: OrderId | None, now: Instant) -> Activity:
    return Activity(
        activity_id=ActivityId(identity),
        kind=ActivityKind.OTHER,
        venue_kind="",
        asset=USD,
        amount=Quantity(ZERO),
        instrument=None,
        order_id=order_id,
        detail=detail[:TEXT_MAX],
        happened_at=now,
    )
