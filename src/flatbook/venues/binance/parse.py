"""What replies of Binance mean. Total: any reply has a meaning, that it cannot be read included."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeVar

import msgspec

from flatbook.engine.ports import ApprovedOrder
from flatbook.engine.reports import (
    Absent,
    Accepted,
    Activity,
    Balance,
    CancelAnswer,
    CancelTaken,
    CancelTooLate,
    Holding,
    OrderReport,
    PlaceAnswer,
    Unknown,
    UnreadableExecution,
    VenueStatus,
)
from flatbook.events.activities import ActivityKind
from flatbook.values.ids import ActivityId, AssetId, InstrumentId, OrderId
from flatbook.values.instants import Instant, instant_of_ms
from flatbook.values.money import ZERO, Quantity, parse_number
from flatbook.venues.amounts import above_zero
from flatbook.venues.binance.orders import (
    STATUSES,
    TEXT_MAX,
    Symbols,
    WireOrder,
    WireTrade,
    execution_id_of,
    execution_of,
    instrument_of,
    report_of,
    side_of,
    venue_order_id_of,
)
from flatbook.venues.binance.refusals import (
    SERVER_FAULT,
    UNREADABLE,
    class_of_reply,
    meaning_of_refusal,
    refusal_of,
)
from flatbook.venues.binance.wire import FUNDING, TRADES_MAX
from flatbook.venues.error_classes import ErrorClass
from flatbook.venues.http import Reply

ONE_WAY = "BOTH"
FAULTS = (msgspec.MsgspecError, ValueError, RecursionError)

_Content = TypeVar("_Content")


class _Time(msgspec.Struct, frozen=True, kw_only=True):
    server_ms: int = msgspec.field(name="serverTime")


class _Named(msgspec.Struct, frozen=True, kw_only=True):
    number: int = msgspec.field(name="id")
    symbol: str


class _Coin(msgspec.Struct, frozen=True, kw_only=True):
    asset: str
    free: str
    locked: str


class _SpotAccount(msgspec.Struct, frozen=True, kw_only=True):
    balances: list[_Coin]


class _Position(msgspec.Struct, frozen=True, kw_only=True):
    symbol: str
    qty: str = msgspec.field(name="positionAmt")
    side: str = msgspec.field(name="positionSide")


class _Wallet(msgspec.Struct, frozen=True, kw_only=True):
    asset: str
    balance: str
    available: str = msgspec.field(name="availableBalance")


class _Income(msgspec.Struct, frozen=True, kw_only=True):
    symbol: str = ""
    kind: str = msgspec.field(name="incomeType")
    income: str
    asset: str
    info: str = ""
    time_ms: int = msgspec.field(name="time")
    tran: int | str = msgspec.field(name="tranId")


class Canceled(msgspec.Struct, frozen=True, kw_only=True):
    """One order that a cancel was taken for."""

    symbol: str
    number: int = msgspec.field(name="orderId")


class CanceledToo(msgspec.Struct, frozen=True, kw_only=True):
    """One order, or one list of orders, of all that were canceled at spot."""

    symbol: str


class CanceledAll(msgspec.Struct, frozen=True, kw_only=True):
    """All orders of a symbol at USD-M. Source: Cancel All Open Orders, whose `code` is 200."""

    code: Literal[200]


class Counting(msgspec.Struct, frozen=True, kw_only=True):
    """The countdown of a symbol at USD-M."""

    symbol: str
    countdown_ms: int | str = msgspec.field(name="countdownTime")


class Trades(msgspec.Struct, frozen=True, kw_only=True):
    """A page of executions as they came; each is read where the client id of its order is known."""

    lines: tuple[WireTrade | UnreadableExecution, ...]
    numbers: tuple[int, ...]


class Stated(msgspec.Struct, frozen=True, kw_only=True):
    """What an account holds."""

    holdings: tuple[Holding, ...]
    balances: tuple[Balance, ...]


def read(reply: Reply, content: type[_Content]) -> _Content | Unknown:
    """Returns the content of a success. A refusal of a read says nothing of what was asked for."""
    if not 200 <= reply.status < 300:
        return SERVER_FAULT if reply.status >= 500 or refusal_of(reply) is not None else UNREADABLE
    try:
        return msgspec.json.decode(reply.body, type=content)
    except FAULTS:
        return UNREADABLE


def place_answer(reply: Reply, *, order: ApprovedOrder, symbol: str, now: Instant) -> PlaceAnswer:
    """Returns what the reply to a place request means. Needs: `now` is when the reply was read.

    Gives: a reply that does not echo our id, or is about another order, is no acceptance: the order is asked for.
    """
    if not 200 <= reply.status < 300:
        return meaning_of_refusal(reply, now)
    placed = read(reply, WireOrder)
    if isinstance(placed, Unknown):
        return placed
    try:
        shown = (placed.client_order_id, placed.symbol, side_of(placed.side), above_zero(placed.qty))
        happened_at = report_of(placed, {}).happened_at
    except ValueError:
        return UNREADABLE
    if shown != (order.order_id, symbol, order.side, order.qty):
        return UNREADABLE
    pending = STATUSES.get(placed.status) in (VenueStatus.PENDING, None)
    return Accepted(venue_order_id=venue_order_id_of(symbol, placed.number), pending=pending, happened_at=happened_at)


def cancel_answer(reply: Reply, *, content: type, now: Instant) -> CancelAnswer:
    """Returns what the reply to a cancel request means. Needs: `now` is when the reply was read.

    Gives: only a success that has the `content` of one was taken: a page of something on the way cancels nothing.
    """
    if 200 <= reply.status < 300:
        taken = read(reply, content)
        return taken if isinstance(taken, Unknown) else CancelTaken()
    if class_of_reply(reply) in (ErrorClass.ORDER_NOT_FOUND, ErrorClass.ALREADY_DONE):
        refusal = refusal_of(reply)
        return CancelTooLate(message="" if refusal is None else f"{refusal.code}: {refusal.msg}"[:TEXT_MAX])
    return meaning_of_refusal(reply, now)


def order_answer(reply: Reply, *, order_id: OrderId, symbol: str, symbols: Symbols) -> OrderReport | Absent | Unknown:
    """Returns the order that was asked for by our id; another one in its place is unreadable."""
    if class_of_reply(reply) is ErrorClass.ORDER_NOT_FOUND and 400 <= reply.status < 500:
        return Absent()
    found = read(reply, WireOrder)
    if isinstance(found, Unknown):
        return found
    try:
        report = report_of(found, symbols)
    except ValueError:
        return UNREADABLE
    return report if (found.symbol, found.client_order_id) == (symbol, order_id) else UNREADABLE


def named_answer(reply: Reply, *, symbol: str, number: int) -> WireOrder | Absent | Unknown:
    """Returns the order that was asked for by its number, for its client id and its kind."""
    if class_of_reply(reply) is ErrorClass.ORDER_NOT_FOUND and 400 <= reply.status < 500:
        return Absent()
    found = read(reply, WireOrder)
    if isinstance(found, Unknown):
        return found
    return found if (found.symbol, found.number) == (symbol, number) else UNREADABLE


def trades_answer(reply: Reply, *, symbol: str, symbols: Symbols) -> Trades | Unknown:
    """Returns a page of executions of a symbol, oldest first; one without an id makes the page unreadable.

    Gives: of a full page nothing under its last id, where it has others: two orders of ours that met share one, and the
    second of them may be on the next page.
    """
    raws = read(reply, list[msgspec.Raw])
    if isinstance(raws, Unknown):
        return raws
    try:
        named = [msgspec.json.decode(raw, type=_Named) for raw in raws]
    except FAULTS:
        return UNREADABLE
    if any(each.symbol != symbol or each.number <= 0 for each in named):
        return UNREADABLE
    pairs = sorted(zip((each.number for each in named), raws, strict=True), key=lambda pair: pair[0])
    if len(pairs) >= TRADES_MAX and pairs[0][0] != pairs[-1][0]:
        pairs = [pair for pair in pairs if pair[0] != pairs[-1][0]]
    lines = tuple(_line(raw, symbol, number, symbols) for number, raw in pairs)
    return Trades(lines=lines, numbers=tuple(number for number, _ in pairs))


def _line(raw: msgspec.Raw, symbol: str, number: int, symbols: Symbols) -> WireTrade | UnreadableExecution:
    try:
        trade = msgspec.json.decode(raw, type=WireTrade)
        execution_of(trade, symbols, None, "")
    except FAULTS as fault:
        return UnreadableExecution(
            execution_id=execution_id_of(symbol, number), instrument=symbols.get(symbol), detail=str(fault)[:TEXT_MAX]
        )
    return trade


def orders_answer(reply: Reply, symbols: Symbols) -> tuple[OrderReport, ...] | Unknown:
    """Returns all open orders; one that cannot be read makes the whole unreadable."""
    found = read(reply, list[WireOrder])
    if isinstance(found, Unknown):
        return found
    try:
        return tuple(report_of(each, symbols) for each in found)
    except ValueError:
        return UNREADABLE


def time_answer(reply: Reply) -> int | Unknown:
    """Returns the millisecond that the clock of Binance showed."""
    found = read(reply, _Time)
    return found if isinstance(found, Unknown) else found.server_ms


def spot_stated(reply: Reply, assets: Mapping[str, InstrumentId]) -> Stated | Unknown:
    """Returns what a spot account holds. `assets` are the coins that we hold as positions; others are balances."""
    found = read(reply, _SpotAccount)
    if isinstance(found, Unknown):
        return found
    try:
        totals = {coin.asset: (_number(coin.free), _number(coin.locked)) for coin in found.balances}
    except ValueError:
        return UNREADABLE
    return Stated(
        holdings=tuple(
            Holding(instrument=assets[asset], qty=Quantity(free + locked))
            for asset, (free, locked) in totals.items()
            if asset in assets
        ),
        balances=tuple(
            Balance(asset=AssetId(asset), total=Quantity(free + locked), available=free)
            for asset, (free, locked) in totals.items()
            if asset not in assets
        ),
    )


def futures_stated(positions: Reply, wallets: Reply, symbols: Symbols) -> Stated | Unknown:
    """Returns what a USD-M account holds; a position of hedge mode is unreadable, for it has two sides.

    Units: a balance is what the wallet holds, what open positions have gained or lost left out.
    """
    held, coins = read(positions, list[_Position]), read(wallets, list[_Wallet])
    if isinstance(held, Unknown):
        return held
    if isinstance(coins, Unknown):
        return coins
    try:
        sizes = [(each.symbol, each.side, _number(each.qty)) for each in held]
        if any(qty and side != ONE_WAY for _, side, qty in sizes):
            return UNREADABLE
        return Stated(
            holdings=tuple(
                Holding(instrument=instrument_of(symbol, symbols), qty=qty) for symbol, _, qty in sizes if qty
            ),
            balances=tuple(
                Balance(asset=AssetId(coin.asset), total=_number(coin.balance), available=_number(coin.available))
                for coin in coins
                if _number(coin.balance) != ZERO
            ),
        )
    except ValueError:
        return UNREADABLE


class Incomes(msgspec.Struct, frozen=True, kw_only=True):
    """A page of income: what was booked besides executions of ours, how many lines there were, and when the last was.

    Units: ms.
    """

    booked: tuple[Activity, ...]
    lines: int
    last_ms: int


def income_answer(reply: Reply, symbols: Symbols) -> Incomes | Unknown:
    """Returns a page of income. What executions of our symbols tell too is left out; nobody reads those of others."""
    found = read(reply, list[_Income])
    if isinstance(found, Unknown):
        return found
    try:
        booked = tuple(
            _activity(each, symbols) for each in found if each.kind not in EXECUTED or each.symbol not in symbols
        )
    except ValueError:
        return UNREADABLE
    return Incomes(booked=booked, lines=len(found), last_ms=max((each.time_ms for each in found), default=0))


def _activity(income: _Income, symbols: Symbols) -> Activity:
    return Activity(
        activity_id=ActivityId(f"{income.kind}:{income.tran}:{income.asset}:{income.symbol}"),
        kind=KINDS.get(income.kind, ActivityKind.OTHER),
        venue_kind=income.kind[:TEXT_MAX],
        asset=AssetId(income.asset),
        amount=_number(income.income),
        instrument=symbols.get(income.symbol),
        order_id=None,
        detail=income.info[:TEXT_MAX],
        happened_at=instant_of_ms(income.time_ms),
    )


# Source: USD-M Get Income History, incomeType. Any other kind is booked too, and told by its name: what it is a person
# must say. So it is with what is stated here as OTHER: prizes, options, what was delivered, one coin turned into
# another.
KINDS: Mapping[str, ActivityKind] = {
    FUNDING: ActivityKind.FUNDING,
    "TRANSFER": ActivityKind.TRANSFER,
    "INTERNAL_TRANSFER": ActivityKind.TRANSFER,
    "CROSS_COLLATERAL_TRANSFER": ActivityKind.TRANSFER,
    "STRATEGY_UMFUTURES_TRANSFER": ActivityKind.TRANSFER,
    "COIN_SWAP_DEPOSIT": ActivityKind.TRANSFER,
    "COIN_SWAP_WITHDRAW": ActivityKind.TRANSFER,
    "INSURANCE_CLEAR": ActivityKind.FEE,
    "COMMISSION_REBATE": ActivityKind.FEE,
    "API_REBATE": ActivityKind.FEE,
    "REFERRAL_KICKBACK": ActivityKind.FEE,
    "FEE_RETURN": ActivityKind.FEE,
    "POSITION_LIMIT_INCREASE_FEE": ActivityKind.FEE,
    "BFUSD_REWARD": ActivityKind.INTEREST,
    "WELCOME_BONUS": ActivityKind.OTHER,
    "CONTEST_REWARD": ActivityKind.OTHER,
    "OPTIONS_PREMIUM_FEE": ActivityKind.OTHER,
    "OPTIONS_SETTLE_PROFIT": ActivityKind.OTHER,
    "DELIVERED_SETTELMENT": ActivityKind.OTHER,
    "AUTO_EXCHANGE": ActivityKind.OTHER,
}
EXECUTED = ("REALIZED_PNL", "COMMISSION")
"""What executions tell as well, where we read those of the symbol."""


def _number(text: str) -> Quantity:
    return Quantity(parse_number(text))
