"""What the worker's answers mean: ccxt's orders, trades and errors in our words.

Fills come from trades, never from orders: ccxt keeps one object per order and joins updates of it. Source:
ccxt/ccxt#27412, #17088. An error of ccxt proves something by its class only where the exchange itself answered:
`ExchangeError` alone is what ccxt makes of codes that it does not know, and of server errors of some venues; network
errors and time-outs are raised after a request left too. Source: ccxt 4.5.90, base/errors.py and httpExceptions.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from flatbook.engine.reports import (
    Balance,
    Execution,
    ExecutionLine,
    Holding,
    NotSent,
    OrderReport,
    Rejected,
    Unknown,
    UnreadableExecution,
    VenueStatus,
)
from flatbook.events.orders import Fee, NotSentReason, RejectReason, UnknownReason
from flatbook.values.ids import AssetId, ExecutionId, InstrumentId, OrderId, VenueOrderId
from flatbook.values.instants import Instant, instant_of_ms
from flatbook.values.instruments import Instrument, Product, Side, is_multiple
from flatbook.values.money import ZERO, Money, Price, Quantity, parse_number, plain
from flatbook.venues.ccxt.process import Failed

TEXT_MAX = 200
UNREADABLE = Unknown(reason=UnknownReason.UNREADABLE)
SERVER_FAULT = Unknown(reason=UnknownReason.SERVER_FAULT)
SIDES = {"buy": Side.BUY, "sell": Side.SELL}
ENDS = {"canceled": VenueStatus.CANCELED, "expired": VenueStatus.EXPIRED, "rejected": VenueStatus.REJECTED}
NOT_FOUND = ("OrderNotFound", "OrderNotCached")

# The first class of an error that is here decides. What is not here proves nothing.
REASONS: Mapping[str, RejectReason] = {
    "InsufficientFunds": RejectReason.INSUFFICIENT_FUNDS,
    "OrderImmediatelyFillable": RejectReason.WOULD_TAKE,
    "OrderNotFillable": RejectReason.WOULD_TAKE,
    "DuplicateOrderId": RejectReason.DUPLICATE_ID,
    "BadSymbol": RejectReason.NO_MARKET,
    "ContractUnavailable": RejectReason.NO_MARKET,
    "MarketClosed": RejectReason.HALTED,
    "InvalidOrder": RejectReason.OTHER,
    "ArgumentsRequired": RejectReason.OTHER,
    "BadRequest": RejectReason.OTHER,
    "NotSupported": RejectReason.OTHER,
    "ManualInteractionNeeded": RejectReason.RESTRICTED,
    "RestrictedLocation": RejectReason.RESTRICTED,
    "AccountNotEnabled": RejectReason.RESTRICTED,
    "AccountSuspended": RejectReason.RESTRICTED,
    "PermissionDenied": RejectReason.RESTRICTED,
    "AuthenticationError": RejectReason.RESTRICTED,
    "OperationRejected": RejectReason.OTHER,
}
# Proof of nothing although a class that they are made of is.
UNPROVEN = ("ExchangeError", "InvalidNonce", "ChecksumError", "OperationFailed", "NetworkError", "BadResponse")
# ccxt has a class for an id that is taken and raises it for no venue: the words of the venue tell.
DUPLICATE_WORDS = ("duplicate", "already exists", "clordid", "client order id")
# Source: ccxt 4.5.90, binance.py: -5022 of USD-M is InvalidOrder, although it has a class for what would take.
TAKING_WORDS = ("executed as maker", "immediately match and take", "post only order will be rejected")

RATE_WORDS = ("rate limit", "too many requests")

Symbols = Mapping[str, Instrument]


class WireOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order as the worker tells it. Units: numbers as text, ms."""

    id: str | None
    client_id: str | None = None
    symbol: str | None = None
    side: str | None = None
    status: str | None = None
    amount: str | None = None
    filled: str | None = None
    ms: int | None = None
    created_ms: int | None = None


class WireTrade(msgspec.Struct, frozen=True, kw_only=True):
    """A trade as the worker tells it. Units: numbers as text, ms; fees as coin and amount.

    The coin of a fee is None where the class of ccxt does not know it, as of one of nothing.
    """

    id: str
    order: str | None
    symbol: str | None
    side: str | None
    amount: str | None
    price: str | None
    ms: int | None
    maker: bool | None = None
    fees: list[tuple[str | None, str]] = []


class WireWallet(msgspec.Struct, frozen=True, kw_only=True):
    """What is held: coins with total and free, positions with symbol, side and contracts."""

    coins: dict[str, tuple[str | None, str | None]]
    positions: list[tuple[str, str | None, str]]


class WireMarket(msgspec.Struct, frozen=True, kw_only=True):
    """A market as ccxt knows it."""

    base: str
    quote: str
    settle: str | None
    active: bool
    kind: str | None
    inverse: bool
    contract_size: str
    tick: str | None
    lot: str | None
    qty_min: str | None
    notional_min: str | None


class WireOpened(msgspec.Struct, frozen=True, kw_only=True):
    """What an exchange can do and which markets it has."""

    has: list[str]
    rate_limit_ms: str
    markets: dict[str, WireMarket]


def meaning_of_failure(failed: Failed, now: Instant) -> Rejected | Unknown | NotSent:
    """Returns what an error proves of the request that it ended."""
    if not failed.left:
        is_network = "NetworkError" in failed.classes
        return NotSent(reason=NotSentReason.NO_CONNECTION if is_network else NotSentReason.REFUSED_LOCALLY)
    name = failed.classes[0] if failed.classes else ""
    if name in UNPROVEN:
        return SERVER_FAULT
    if is_for_the_rate(failed):
        text = failed.text[:TEXT_MAX]
        return Rejected(reason=RejectReason.RATE_LIMITED, code=name, message=text, happened_at=now)
    reason = next((REASONS[each] for each in failed.classes if each in REASONS), None)
    if reason is None:
        return SERVER_FAULT if "BaseError" in failed.classes else UNREADABLE
    words = failed.text.lower()
    if reason is RejectReason.OTHER and any(each in words for each in DUPLICATE_WORDS):
        reason = RejectReason.DUPLICATE_ID
    elif reason is RejectReason.OTHER and any(each in words for each in TAKING_WORDS):
        reason = RejectReason.WOULD_TAKE
    return Rejected(reason=reason, code=name, message=failed.text[:TEXT_MAX], happened_at=now)


def is_for_the_rate(failed: Failed) -> bool:
    """Returns whether an exchange refused for the rate: by its class, or by its own words under a class that is vague.

    Source: ccxt 4.5.90, kraken.py: `EAPI:Rate limit exceeded` is DDoSProtection, as a page of a guard before it is.
    """
    if "RateLimitExceeded" in failed.classes:
        return True
    words = failed.text.lower()
    return "DDoSProtection" in failed.classes and "{" in words and any(each in words for each in RATE_WORDS)


def says_no_such_order(failed: Failed) -> bool:
    """Returns whether an error is the exchange's word that it has no such order."""
    return failed.left and any(name in failed.classes for name in NOT_FOUND)


def order_report(wire: WireOrder, symbols: Symbols) -> OrderReport:
    """Returns the state of an order, without its executions; complete when it has none.

    Errors: ValueError where a part of it cannot be read.
    """
    instrument = symbols.get(wire.symbol or "")
    side = SIDES.get(wire.side or "")
    if not wire.id or side is None or wire.amount is None or wire.ms is None:
        raise ValueError("an order without an id, a side, an amount or an instant")
    qty, filled = parse_number(wire.amount), parse_number(wire.filled or "0")
    if not qty > ZERO or filled < ZERO:
        raise ValueError(f"an order for {wire.amount} of which {wire.filled} is filled")
    return OrderReport(
        order_id=OrderId(wire.client_id) if wire.client_id else None,
        venue_order_id=VenueOrderId(wire.id),
        instrument=InstrumentId(wire.symbol or "") if instrument is None else instrument.id,
        side=side,
        qty=Quantity(qty),
        filled_qty=Quantity(filled),
        status=_status(wire.status, is_full=filled >= qty),
        status_text=(wire.status or "none")[:TEXT_MAX],
        executions=(),
        complete=filled == ZERO,
        happened_at=instant_of_ms(wire.ms),
    )


def _status(stated: str | None, *, is_full: bool) -> VenueStatus:
    """ccxt calls an order closed when it is filled, and at some venues when it was canceled after a part."""
    if stated == "open":
        return VenueStatus.OPEN
    if stated == "closed":
        return VenueStatus.FILLED if is_full else VenueStatus.CANCELED
    return ENDS.get(stated or "", VenueStatus.UNREADABLE)


def execution_line(wire: WireTrade, symbols: Symbols) -> ExecutionLine:
    """Returns a trade of ours, without our client id, or what can be told of one that cannot be read.

    Errors: ValueError when it has no id.
    """
    if not wire.id:
        raise ValueError("a trade without an id")
    instrument = symbols.get(wire.symbol or "")
    try:
        return _execution(wire, instrument)
    except ValueError as fault:
        return UnreadableExecution(
            execution_id=ExecutionId(wire.id),
            instrument=None if instrument is None else instrument.id,
            detail=str(fault)[:TEXT_MAX],
        )


def _execution(wire: WireTrade, instrument: Instrument | None) -> Execution:
    side = SIDES.get(wire.side or "")
    if side is None or wire.amount is None or wire.price is None or wire.ms is None:
        raise ValueError("a trade without a side, an amount, a price or an instant")
    qty, price = parse_number(wire.amount), parse_number(wire.price)
    if not (qty > ZERO and price > ZERO):
        raise ValueError(f"a trade of {wire.amount} at {wire.price}")
    return Execution(
        execution_id=ExecutionId(wire.id),
        order_id=None,
        venue_order_id=VenueOrderId(wire.order) if wire.order else None,
        instrument=InstrumentId(wire.symbol or "") if instrument is None else instrument.id,
        side=side,
        qty=Quantity(qty),
        price=Price(price),
        fees=_fees_of(wire),
        happened_at=instant_of_ms(wire.ms),
        realised=None,
        maker=wire.maker,
    )


def _fees_of(wire: WireTrade) -> tuple[Fee, ...]:
    """Returns what a trade cost. Errors: ValueError where a fee of something states no coin."""
    fees = []
    for coin, cost in wire.fees:
        amount = Money(parse_number(cost))
        if amount and not coin:
            raise ValueError(f"a fee of {cost[:TEXT_MAX]} of no coin")
        if coin:
            fees.append(Fee(asset=AssetId(coin), amount=amount))
    return tuple(fees)


def with_executions(report: OrderReport, lines: tuple[ExecutionLine, ...]) -> OrderReport:
    """Returns a report with those executions that are its own; complete when they add up to what is filled."""
    own = tuple(
        msgspec.structs.replace(line, order_id=report.order_id)
        for line in lines
        if isinstance(line, Execution) and line.venue_order_id == report.venue_order_id
    )
    complete = sum((execution.qty for execution in own), ZERO) == report.filled_qty
    return msgspec.structs.replace(report, executions=own, complete=complete)


def held(wallet: WireWallet, symbols: Symbols) -> tuple[tuple[Holding, ...], tuple[Balance, ...]]:
    """Returns positions and the coins that we trade on spot as holdings, all other coins as balances.

    Errors: ValueError where a number or a side cannot be read.
    """
    spot = {str(each.underlying): each.id for each in symbols.values() if each.product is Product.SPOT}
    holdings: list[Holding] = []
    balances: list[Balance] = []
    for coin, (total, free) in wallet.coins.items():
        qty = Quantity(parse_number(total or "0"))
        if coin in spot:
            holdings.append(Holding(instrument=spot[coin], qty=qty))
        elif qty != ZERO:
            available = qty if free is None else Quantity(parse_number(free))
            balances.append(Balance(asset=AssetId(coin), total=qty, available=available))
    for symbol, side, contracts in wallet.positions:
        if side not in ("long", "short"):
            raise ValueError(f"a position that is {str(side)[:TEXT_MAX]!r}")
        qty = Quantity(parse_number(contracts))
        instrument = symbols[symbol].id if symbol in symbols else InstrumentId(symbol)
        holdings.append(Holding(instrument=instrument, qty=qty if side == "long" else Quantity(-qty)))
    return tuple(holdings), tuple(balances)


def reason_untradable(instrument: Instrument, market: WireMarket | None) -> str | None:
    """Returns why an instrument may not be traded as it is configured, None when it may.

    Gives: our grid must be that of ccxt or coarser, for ccxt cuts what is finer without a word.
    """
    if market is None:
        return "ccxt has no such symbol there"
    if not market.active:
        return "it is not active there"
    if (market.kind == "spot") != (instrument.product is Product.SPOT) or market.inverse:
        return f"it is a {market.kind} market"
    paid_in = market.quote if instrument.product is Product.SPOT else market.settle
    if paid_in != instrument.quote:
        return f"it is paid in {paid_in}"
    if instrument.product is Product.SPOT and market.base != instrument.underlying:
        return f"its coin is {market.base}"
    if parse_number(market.contract_size) != instrument.contract_size:
        return f"its contract size is {market.contract_size}"
    for name, ours, theirs in (("tick", instrument.rules.tick, market.tick), ("lot", instrument.rules.lot, market.lot)):
        step = ZERO if theirs is None else parse_number(theirs)
        if not (step > ZERO and is_multiple(ours, step)):
            return f"its {name} is {theirs}, and {plain(ours)} is configured"
    for name, ours, theirs in (
        ("qty_min", instrument.rules.qty_min, market.qty_min),
        ("notional_min", instrument.rules.notional_min, market.notional_min),
    ):
        if theirs is not None and ours < parse_number(theirs):
            return f"its {name} is {theirs}, and {plain(ours)} is configured"
    return None
