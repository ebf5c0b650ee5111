"""What ccxt's errors, orders and trades mean in our words."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from flatbook.engine.reports import Execution, NotSent, Rejected, Unknown, UnreadableExecution, VenueStatus
from flatbook.events.orders import NotSentReason, RejectReason, UnknownReason
from flatbook.values.ids import AccountId, AssetId, InstrumentId, OrderId, Underlying
from flatbook.values.instants import instant_of_text
from flatbook.values.instruments import Instrument, Product, Side, TradingRules
from flatbook.venues.ccxt.parse import (
    WireMarket,
    WireOrder,
    WireTrade,
    WireWallet,
    execution_line,
    held,
    meaning_of_failure,
    order_report,
    reason_untradable,
    says_no_such_order,
)
from flatbook.venues.ccxt.process import Failed

NOW = instant_of_text("2026-11-28T08:00:00Z")
BTC = InstrumentId("BTC@kraken")
INSTRUMENT = Instrument(
    id=BTC,
    account=AccountId("kraken"),
    symbol="BTC/USD",
    underlying=Underlying("BTC"),
    quote=AssetId("USD"),
    rules=TradingRules(
        tick=Decimal("0.1"), lot=Decimal("0.00000001"), qty_min=Decimal("0.0001"), notional_min=Decimal(1)
    ),
)
SYMBOLS = {"BTC/USD": INSTRUMENT}
ROOT = ("ExchangeError", "BaseError", "Exception", "BaseException")
NETWORK = ("NetworkError", "OperationFailed", "BaseError", "Exception", "BaseException")
MARKET = WireMarket(
    base="BTC",
    quote="USD",
    settle=None,
    active=True,
    kind="spot",
    inverse=False,
    contract_size="1",
    tick="0.1",
    lot="0.00000001",
    qty_min="0.0001",
    notional_min="0.5",
)


def failed(*classes: str, text: str = "no", left: bool = True) -> Failed:
    """An error of ccxt, after its request left."""
    return Failed(classes=classes, text=text, left=left)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (failed("InsufficientFunds", *ROOT), RejectReason.INSUFFICIENT_FUNDS),
        (failed("OrderImmediatelyFillable", "InvalidOrder", *ROOT), RejectReason.WOULD_TAKE),
        (failed("OrderNotFillable", "InvalidOrder", *ROOT), RejectReason.WOULD_TAKE),
        (failed("InvalidOrder", *ROOT, text="kraken duplicate client order id"), RejectReason.DUPLICATE_ID),
        (failed("InvalidOrder", *ROOT, text="volume too low"), RejectReason.OTHER),
        (
            failed("InvalidOrder", *ROOT, text='{"code":-5022,"msg":"the order could not be executed as maker"}'),
            RejectReason.WOULD_TAKE,
        ),
        (failed("BadSymbol", "BadRequest", *ROOT), RejectReason.NO_MARKET),
        (failed("AccountSuspended", "AuthenticationError", *ROOT), RejectReason.RESTRICTED),
        (failed("RateLimitExceeded", *NETWORK), RejectReason.RATE_LIMITED),
        (failed("DDoSProtection", *NETWORK, text='kraken {"error":["EAPI:Rate limit"]}'), RejectReason.RATE_LIMITED),
        (failed("MarketClosed", "OperationRejected", *ROOT), RejectReason.HALTED),
    ],
)
def test_a_class_with_which_the_exchange_answers_is_a_refusal(error: Failed, reason: RejectReason) -> None:
    answer = meaning_of_failure(error, NOW)
    assert isinstance(answer, Rejected)
    assert (answer.reason, answer.code) == (reason, error.classes[0])


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (failed(*ROOT), UnknownReason.SERVER_FAULT),
        (failed(*NETWORK), UnknownReason.SERVER_FAULT),
        (failed("RequestTimeout", *NETWORK), UnknownReason.SERVER_FAULT),
        (failed("ExchangeNotAvailable", *NETWORK), UnknownReason.SERVER_FAULT),
        (failed("OnMaintenance", "ExchangeNotAvailable", *NETWORK), UnknownReason.SERVER_FAULT),
        (failed("DDoSProtection", *NETWORK), UnknownReason.SERVER_FAULT),
        (failed("InvalidNonce", *NETWORK), UnknownReason.SERVER_FAULT),
        (failed("NullResponse", "BadResponse", "OperationFailed", "BaseError"), UnknownReason.SERVER_FAULT),
        (failed("KeyError", "LookupError", "Exception", "BaseException"), UnknownReason.UNREADABLE),
    ],
)
def test_what_may_have_happened_is_unknown(error: Failed, reason: UnknownReason) -> None:
    assert meaning_of_failure(error, NOW) == Unknown(reason=reason)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (failed("InvalidOrder", *ROOT, left=False), NotSentReason.REFUSED_LOCALLY),
        (failed("Marked", "Exception", "BaseException", left=False), NotSentReason.REFUSED_LOCALLY),
        (failed("ExchangeNotAvailable", *NETWORK, left=False), NotSentReason.NO_CONNECTION),
    ],
)
def test_what_never_left_was_not_sent(error: Failed, reason: NotSentReason) -> None:
    assert meaning_of_failure(error, NOW) == NotSent(reason=reason)


def test_only_an_answer_says_that_there_is_no_such_order() -> None:
    classes = ("OrderNotFound", "InvalidOrder", *ROOT)
    assert says_no_such_order(failed(*classes))
    assert not says_no_such_order(failed(*classes, left=False))
    assert not says_no_such_order(failed("InvalidOrder", *ROOT))


def order(**changes: Any) -> WireOrder:
    """An order as the worker tells it, with changes."""
    fields: dict[str, Any] = {
        "id": "OEKVV2-IH52O-TPL6GZ",
        "client_id": "fbaaaa",
        "symbol": "BTC/USD",
        "side": "sell",
        "status": "open",
        "amount": "0.50000000",
        "filled": "0.00000000",
        "ms": 1_795_852_800_000,
    }
    return WireOrder(**fields | changes)


@pytest.mark.parametrize(
    ("status", "filled", "expected"),
    [
        ("open", "0", VenueStatus.OPEN),
        ("open", "0.1", VenueStatus.OPEN),
        ("closed", "0.5", VenueStatus.FILLED),
        ("closed", "0.1", VenueStatus.CANCELED),
        ("canceled", "0.1", VenueStatus.CANCELED),
        ("expired", "0", VenueStatus.EXPIRED),
        ("rejected", "0", VenueStatus.REJECTED),
        ("canceling", "0", VenueStatus.UNREADABLE),
        (None, "0", VenueStatus.UNREADABLE),
    ],
)
def test_the_state_of_an_order_is_read_with_what_is_filled_of_it(
    status: str | None, filled: str, expected: VenueStatus
) -> None:
    report = order_report(order(status=status, filled=filled), SYMBOLS)
    assert (report.status, report.order_id, report.side) == (expected, "fbaaaa", Side.SELL)
    assert report.complete == (Decimal(filled) == 0)


@pytest.mark.parametrize("changes", [{"id": None}, {"side": None}, {"amount": None}, {"ms": None}, {"amount": "0"}])
def test_an_order_that_lacks_a_part_is_no_order(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="an order"):
        order_report(order(**changes), SYMBOLS)


def trade(**changes: Any) -> WireTrade:
    """A trade as the worker tells it, with changes."""
    fields: dict[str, Any] = {
        "id": "GJ3NYQ-XJRTF-THZABF",
        "order": "OEKVV2-IH52O-TPL6GZ",
        "symbol": "BTC/USD",
        "side": "buy",
        "amount": "0.1",
        "price": "50000.1",
        "ms": 1_795_852_800_000,
        "maker": True,
        "fees": [("USD", "8.00001600")],
    }
    return WireTrade(**fields | changes)


def test_a_trade_is_an_execution_with_its_fees() -> None:
    line = execution_line(trade(), SYMBOLS)
    assert isinstance(line, Execution)
    assert (line.instrument, line.qty, line.price, line.maker, line.order_id) == (
        BTC,
        Decimal("0.1"),
        Decimal("50000.1"),
        True,
        None,
    )
    assert [(fee.asset, fee.amount) for fee in line.fees] == [("USD", Decimal("8.00001600"))]


@pytest.mark.parametrize(
    "changes", [{"side": None}, {"amount": "-1"}, {"price": "0"}, {"price": "1e-99"}, {"ms": None}]
)
def test_a_trade_that_cannot_be_read_hides_no_other(changes: dict[str, Any]) -> None:
    line = execution_line(trade(**changes), SYMBOLS)
    assert isinstance(line, UnreadableExecution)
    assert (line.execution_id, line.instrument) == ("GJ3NYQ-XJRTF-THZABF", BTC)


def test_coins_that_we_trade_are_holdings_and_a_short_position_is_below_zero() -> None:
    perp = msgspec.structs.replace(INSTRUMENT, id=InstrumentId("PERP"), product=Product.LINEAR_PERP)
    wallet = WireWallet(
        coins={"BTC": ("0.5", "0.4"), "USD": ("100", None), "EUR": ("0", "0")},
        positions=[("BTC/USD:USD", "short", "3")],
    )
    holdings, balances = held(wallet, {**SYMBOLS, "BTC/USD:USD": perp})
    assert [(each.instrument, each.qty) for each in holdings] == [(BTC, Decimal("0.5")), ("PERP", Decimal(-3))]
    assert [(each.asset, each.total, each.available) for each in balances] == [("USD", Decimal(100), Decimal(100))]


@pytest.mark.parametrize(
    ("market", "expected"),
    [
        (MARKET, None),
        (None, "ccxt has no such symbol there"),
        (msgspec.structs.replace(MARKET, active=False), "it is not active there"),
        (msgspec.structs.replace(MARKET, kind="swap", settle="USD"), "it is a swap market"),
        (msgspec.structs.replace(MARKET, quote="USDT"), "it is paid in USDT"),
        (msgspec.structs.replace(MARKET, base="XBT"), "its coin is XBT"),
        (msgspec.structs.replace(MARKET, contract_size="10"), "its contract size is 10"),
        (msgspec.structs.replace(MARKET, tick="0.5"), "its tick is 0.5, and 0.1 is configured"),
        (msgspec.structs.replace(MARKET, tick="0.04"), "its tick is 0.04, and 0.1 is configured"),
        (msgspec.structs.replace(MARKET, lot=None), "its lot is None, and 0.00000001 is configured"),
        (msgspec.structs.replace(MARKET, notional_min="5"), "its notional_min is 5, and 1 is configured"),
    ],
)
def test_an_instrument_that_ccxt_knows_otherwise_is_untradable(market: WireMarket | None, expected: str | None) -> None:
    assert reason_untradable(INSTRUMENT, market) == expected


def test_the_id_of_an_order_of_nobody_is_none() -> None:
    assert order_report(order(client_id=None), SYMBOLS).order_id is None
    assert order_report(order(client_id=""), SYMBOLS).order_id is None
    assert order_report(order(), SYMBOLS).order_id == OrderId("fbaaaa")
