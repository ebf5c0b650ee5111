"""What Bybit's own samples mean, and that no bytes stop the adapter."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flatbook.engine.reports import (
    Accepted,
    CancelTaken,
    CancelTooLate,
    Execution,
    Rejected,
    Unknown,
    UnreadableExecution,
    VenueStatus,
)
from flatbook.events.activities import ActivityKind
from flatbook.events.orders import ForcedBy, RejectReason
from flatbook.values.instants import instant_of_text
from flatbook.values.instruments import Side, TradingRules
from flatbook.venues.bybit import parse
from flatbook.venues.bybit.account import WirePosition, WireWallets, activities_of, coins_of, holding_of
from flatbook.venues.bybit.refusals import read
from flatbook.venues.bybit.standing import (
    WireAccount,
    WireInstruments,
    WireKey,
    flaw_of_account,
    flaw_of_key,
    rules_of,
)
from flatbook.venues.bybit.wire import Category
from flatbook.venues.http import Reply
from tests.unit.venues.bybit.sample import JSON, NOW, PERP, SYMBOLS, approved, execution

RECORDED: dict[str, Any] = json.loads((Path(__file__).parents[3] / "recorded" / "bybit" / "account.json").read_text())


def sampled(name: str) -> Reply:
    """A sample as a reply."""
    return Reply(status=200, headers={"content-type": JSON}, body=json.dumps(RECORDED[name]).encode())


def rows(name: str) -> list[msgspec.Raw]:
    """The rows of a sample that is a list, or of a push."""
    if name.startswith("push_"):
        return [msgspec.Raw(json.dumps(row).encode()) for row in RECORDED[name]["data"]]
    page = read(sampled(name), parse.Listed)
    assert isinstance(page, parse.Listed)
    return page.rows


def test_an_order_that_was_ended_because_it_would_take_is_rejected_for_that() -> None:
    (row,) = rows("GetOrderHistory")
    report = parse.order_report(msgspec.json.decode(row, type=parse.WireOrder), Category.LINEAR, SYMBOLS)
    assert (report.status, report.rejected, report.instrument, report.qty) == (
        VenueStatus.REJECTED,
        RejectReason.WOULD_TAKE,
        PERP,
        Decimal("0.003"),
    )
    assert report.happened_at == instant_of_text("2023-05-19T06:01:08.372Z")


def test_an_order_that_works_is_open_whatever_stands_beside_it() -> None:
    (row,) = rows("GetOrders")
    report = parse.order_report(msgspec.json.decode(row, type=parse.WireOrder), Category.LINEAR, SYMBOLS)
    assert (report.status, report.order_id, report.instrument) == (VenueStatus.OPEN, "test-000005", "linear:ETHUSDT")


def test_executions_of_polls_and_pushes_are_read_and_a_fee_without_a_coin_of_a_strange_symbol_is_not() -> None:
    (polled,) = [parse.execution_line(row, Category.LINEAR, SYMBOLS) for row in rows("GetUserTrades")]
    (pushed,) = [parse.execution_line(row, None, SYMBOLS) for row in rows("push_UserTrades")]
    for line in (polled, pushed):
        assert isinstance(line, UnreadableExecution)
        assert line.detail == "a fee that states no coin"


def test_what_is_held_and_booked_is_read_from_the_samples() -> None:
    wallets = read(sampled("GetBalances"), WireWallets)
    assert isinstance(wallets, WireWallets)
    held = coins_of(wallets, SYMBOLS)
    assert isinstance(held, tuple)
    assert [each.qty for each in held[0]] == [Decimal(0)]
    booked = activities_of(rows("GetTransactionHistory"), SYMBOLS)
    assert isinstance(booked, tuple)
    assert [(each.kind, each.amount, each.asset) for each in booked] == [
        (ActivityKind.FUNDING, Decimal("-0.003676"), "USDT"),
        (ActivityKind.OTHER, Decimal("-0.0190872"), "USDT"),
        (ActivityKind.OTHER, Decimal("-0.0026028"), "USDT"),
    ]
    assert len({each.activity_id for each in booked}) == 3
    (position,) = [msgspec.json.decode(row, type=WirePosition) for row in rows("GetPositions")]
    assert holding_of(position, SYMBOLS).qty == Decimal(-300)


def test_a_push_of_hedge_mode_is_told_apart() -> None:
    (position,) = [msgspec.json.decode(row, type=WirePosition) for row in rows("push_Position")]
    with pytest.raises(ValueError, match="hedge mode"):
        holding_of(position, SYMBOLS)


def test_account_key_and_rules_are_read_from_the_samples() -> None:
    account, key = read(sampled("GetMarginAccountInfo"), WireAccount), read(sampled("GetApiKeyInfo"), WireKey)
    listed = read(sampled("GetAccountSpotSymbols"), WireInstruments)
    assert isinstance(account, WireAccount)
    assert isinstance(key, WireKey)
    assert isinstance(listed, WireInstruments)
    assert flaw_of_account(account) is None
    wanted: dict[Category, None] = {Category.LINEAR: None, Category.SPOT: None}
    refused = "the key may send money to other accounts: make one that may only trade"
    assert flaw_of_key(key, "24617703", wanted) == refused
    own = msgspec.structs.replace(key, permissions=key.permissions | {"Wallet": ["AccountTransfer"]})
    assert flaw_of_key(own, "24617703", wanted) is None
    assert rules_of(listed.rows[0]) == TradingRules(
        tick=Decimal("0.01"), lot=Decimal("0.000001"), qty_min=Decimal("0.000001"), notional_min=Decimal(5)
    )


@pytest.mark.parametrize(
    ("kind", "forced"),
    [
        ("AdlTrade", ForcedBy.DELEVERAGING),
        ("BustTrade", ForcedBy.LIQUIDATION),
        ("Delivery", ForcedBy.SETTLEMENT),
        ("Settle", ForcedBy.SETTLEMENT),
    ],
)
def test_what_bybit_closes_by_itself_is_told_by_its_kind_and_bears_no_order_of_ours(
    kind: str, forced: ForcedBy
) -> None:
    row = msgspec.Raw(json.dumps(execution(1, "0.2", execType=kind, side="Sell")).encode())
    line = parse.execution_line(row, Category.LINEAR, SYMBOLS)
    assert isinstance(line, Execution)
    assert (line.forced, line.order_id, line.side) == (forced, None, Side.SELL)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"side": "Buy", "execFee": "0.001"}, [("BTC", Decimal("0.001"))]),
        ({"side": "Sell", "execFee": "0.9"}, [("USDT", Decimal("0.9"))]),
        ({"side": "Buy", "execFee": "-0.5"}, [("USDT", Decimal("-0.5"))]),
        ({"side": "Buy", "execFee": "0.001", "feeCurrency": "MNT"}, [("MNT", Decimal("0.001"))]),
        ({"execFee": "0"}, []),
        (
            {"execFee": "0.001", "extraFees": '[{"feeCoin":"IDR","feeType":"CEX_TAX","fee":"12.5"}]'},
            [("BTC", Decimal("0.001")), ("IDR", Decimal("12.5"))],
        ),
    ],
)
def test_a_fee_on_spot_is_in_what_is_received_a_rebate_in_what_is_paid_and_levies_stand_beside(
    changes: dict[str, Any], expected: list[tuple[str, Decimal]]
) -> None:
    row = msgspec.Raw(json.dumps(execution(1, "0.2", **changes)).encode())
    line = parse.execution_line(row, Category.SPOT, SYMBOLS)
    assert isinstance(line, Execution)
    assert [(fee.asset, fee.amount) for fee in line.fees] == expected


@pytest.mark.parametrize(
    "changes",
    [
        {"execType": "Teleport"},
        {"execQty": "0"},
        {"execQty": "1e-30"},
        {"execPrice": "-1"},
        {"execTime": "soon"},
        {"side": "None"},
        {"execQty": 5},
        {"extraFees": "[1]"},
    ],
)
def test_an_execution_that_cannot_be_read_keeps_its_name(changes: dict[str, Any]) -> None:
    row = msgspec.Raw(json.dumps(execution(1, "0.2", **changes)).encode())
    line = parse.execution_line(row, Category.LINEAR, SYMBOLS)
    assert isinstance(line, UnreadableExecution)
    assert line.instrument == PERP


@given(st.binary(max_size=200), st.sampled_from((200, 201, 302, 400, 401, 403, 404, 429, 500, 503)))
def test_any_bytes_mean_something(body: bytes, status: int) -> None:
    answer = Reply(status=status, headers={"content-type": JSON}, body=body)
    assert isinstance(parse.place_answer(answer, order=approved(), now=NOW), (Accepted, Rejected, Unknown))
    assert isinstance(parse.cancel_answer(answer, now=NOW), (CancelTaken, CancelTooLate, Rejected, Unknown))
    for content in (parse.Listed, WireWallets, WireAccount, WireKey, WireInstruments, parse.WireTime):
        assert isinstance(read(answer, content), Unknown)
