"""Answers of Binance: what documented and recorded ones mean, and that any bytes mean something."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flatbook.engine.reports import (
    Absent,
    Accepted,
    CancelAnswer,
    CancelTaken,
    CancelTooLate,
    OrderReport,
    Rejected,
    Unknown,
    UnreadableExecution,
)
from flatbook.events.activities import ActivityKind
from flatbook.events.orders import UnknownReason
from flatbook.values.ids import OrderId
from flatbook.venues.binance import orders as said
from flatbook.venues.binance import parse
from flatbook.venues.http import Reply
from tests.unit.venues.binance.sample import (
    NOW,
    ORDER,
    OURS,
    PERP,
    SPOT,
    SYMBOLS,
    TRADE,
    D,
    approved,
    recorded,
    refused,
    reply,
)

UNREADABLE = Unknown(reason=UnknownReason.UNREADABLE)


def placed(**changed: Any) -> object:
    return parse.place_answer(reply({**ORDER, **changed}), order=approved(), symbol="BTCUSDT", now=NOW)


def test_an_order_that_is_echoed_is_accepted() -> None:
    answer = placed()
    assert isinstance(answer, Accepted)
    assert (answer.venue_order_id, answer.pending) == ("BTCUSDT:283194212", False)


@pytest.mark.parametrize(
    "changed",
    [
        {"clientOrderId": "x-TKT5PX2F123"},
        {"clientOrderId": ""},
        {"symbol": "ETHUSDT"},
        {"side": "SELL"},
        {"origQty": "0.100"},
        {"origQty": "zero"},
    ],
)
def test_an_answer_that_does_not_echo_the_order_is_no_acceptance(changed: dict[str, Any]) -> None:
    assert placed(**changed) == UNREADABLE


def test_a_status_that_is_not_known_is_an_acceptance_that_is_pending() -> None:
    answer = placed(status="HALF_PREGNANT")
    assert isinstance(answer, Accepted)
    assert answer.pending


@pytest.mark.parametrize("code", [-2011, -2013])
def test_a_cancel_of_what_is_not_there_is_too_late(code: int) -> None:
    assert parse.cancel_answer(refused(code, "Unknown order sent."), content=parse.Canceled, now=NOW) == CancelTooLate(
        message=f"{code}: Unknown order sent."
    )


def test_a_recorded_cancel_is_taken() -> None:
    contents = {"spot_cancel": parse.Canceled, "spot_canceled_all": list[parse.CanceledToo]}
    for name, content in contents.items():
        assert parse.cancel_answer(reply(recorded(name)), content=content, now=NOW) == CancelTaken()
    not_signed = refused(-1022, "Signature is not valid.")
    assert isinstance(parse.cancel_answer(not_signed, content=parse.Canceled, now=NOW), Rejected)
    assert canceled(reply(b"", 502), parse.Canceled) == Unknown(reason=UnknownReason.SERVER_FAULT)


@pytest.mark.parametrize(
    ("body", "content", "is_taken"),
    [
        (b'{"code":200,"msg":"The operation of cancel all open order is done."}', parse.CanceledAll, True),
        (b'{"code":-2011,"msg":"Unknown order sent."}', parse.CanceledAll, False),
        (b'[{"orderListId":1929,"contingencyType":"OCO","symbol":"BTCUSDT"}]', list[parse.CanceledToo], True),
        (b"[]", list[parse.CanceledToo], True),
        (b"<html>ok</html>", list[parse.CanceledToo], False),
        (b"<html>ok</html>", parse.CanceledAll, False),
        (b"<html>ok</html>", parse.Canceled, False),
        (b"", parse.Canceled, False),
        (b'{"symbol":"BTCUSDT","orderId":"7"}', parse.Canceled, False),
    ],
)
def test_a_success_that_says_nothing_of_a_cancel_cancels_nothing(body: bytes, content: type, is_taken: bool) -> None:
    assert isinstance(canceled(reply(body), content), CancelTaken if is_taken else Unknown)


def canceled(answer: Reply, content: type) -> CancelAnswer:
    return parse.cancel_answer(answer, content=content, now=NOW)


def found(answer: Reply, order_id: OrderId = OURS) -> object:
    return parse.order_answer(answer, order_id=order_id, symbol="BTCUSDT", symbols=SYMBOLS)


def test_an_order_is_found_by_our_id_and_another_one_in_its_place_is_unreadable() -> None:
    assert isinstance(found(reply(ORDER)), OrderReport)
    assert found(reply(ORDER), OrderId("fbother")) == UNREADABLE
    assert found(reply({**ORDER, "symbol": "ETHUSDT"})) == UNREADABLE
    assert isinstance(found(refused(-2013, "Order does not exist.")), Absent)


def test_an_absence_that_is_not_binances_own_word_is_none() -> None:
    for answer in (reply(b"not found", 404), refused(-2013, "Order does not exist.", 503), reply({}, 404)):
        assert isinstance(found(answer), Unknown)


def test_a_page_of_executions_is_sorted_and_one_that_is_not_read_hides_no_other() -> None:
    page = [{**TRADE, "id": 3}, {**TRADE, "id": 1}, {**TRADE, "id": 2, "price": "free"}]
    trades = parse.trades_answer(reply(page), symbol="BTCUSDT", symbols=SYMBOLS)
    assert isinstance(trades, parse.Trades)
    assert trades.numbers == (1, 2, 3)
    assert [isinstance(line, UnreadableExecution) for line in trades.lines] == [False, True, False]
    unreadable = trades.lines[1]
    assert isinstance(unreadable, UnreadableExecution)
    assert (unreadable.execution_id, unreadable.instrument) == ("BTCUSDT:2", PERP)


@pytest.mark.parametrize(
    "page", [[{**TRADE, "id": 0}], [{**TRADE, "symbol": "ETHUSDT"}], [{"symbol": "BTCUSDT"}], {"code": 1}, "page"]
)
def test_a_page_with_one_that_cannot_be_named_is_unreadable(page: Any) -> None:
    assert parse.trades_answer(reply(page), symbol="BTCUSDT", symbols=SYMBOLS) == UNREADABLE


def test_recorded_open_orders_are_read_and_one_that_is_not_makes_the_whole_unreadable() -> None:
    orders = parse.orders_answer(reply(recorded("spot_open_orders")), {})
    assert isinstance(orders, tuple)
    assert [each.order_id for each in orders] == ["myOrder1"]
    assert parse.orders_answer(reply([ORDER, {**ORDER, "origQty": "0"}]), SYMBOLS) == UNREADABLE


def test_a_recorded_spot_account_holds_its_coin_as_a_position_and_the_rest_as_balances() -> None:
    stated = parse.spot_stated(reply(recorded("spot_account")), {"BTC": SPOT})
    assert isinstance(stated, parse.Stated)
    assert [(each.instrument, each.qty) for each in stated.holdings] == [(SPOT, D("4723846.89208129"))]
    assert [(each.asset, each.total) for each in stated.balances] == [("LTC", D("4763368.68006011"))]


def test_what_orders_lock_is_held_all_the_same() -> None:
    account = {"balances": [{"asset": "USDT", "free": "10", "locked": "5"}]}
    stated = parse.spot_stated(reply(account), {})
    assert isinstance(stated, parse.Stated)
    assert [(each.total, each.available) for each in stated.balances] == [(15, 10)]


def position(amount: str, side: str = "BOTH") -> dict[str, str]:
    return {"symbol": "BTCUSDT", "positionAmt": amount, "positionSide": side}


WALLETS = [
    {"asset": "USDT", "balance": "122.12345678", "availableBalance": "100.5"},
    {"asset": "BNB", "balance": "0.00000000", "availableBalance": "0.0"},
]


def test_positions_are_signed_and_wallets_leave_out_what_is_not_realised() -> None:
    stated = parse.futures_stated(reply([position("-0.25")]), reply(WALLETS), SYMBOLS)
    assert isinstance(stated, parse.Stated)
    assert [(each.instrument, each.qty) for each in stated.holdings] == [(PERP, D("-0.25"))]
    assert [(each.asset, each.total) for each in stated.balances] == [("USDT", D("122.12345678"))]


def test_a_position_of_hedge_mode_is_unreadable() -> None:
    assert parse.futures_stated(reply([position("1", "LONG")]), reply(WALLETS), SYMBOLS) == UNREADABLE
    assert isinstance(parse.futures_stated(reply([position("0", "LONG")]), reply([]), SYMBOLS), parse.Stated)


def test_what_is_booked_besides_executions_is_known_by_kind_and_number() -> None:
    income = [
        {"symbol": "BTCUSDT", "incomeType": "FUNDING_FEE", "income": "-0.375", "asset": "USDT", "time": 1, "tranId": 9},
        {"symbol": "", "incomeType": "COIN_SWAP", "income": "1", "asset": "BNB", "time": 2, "tranId": "10"},
        {"symbol": "BTCUSDT", "incomeType": "COMMISSION", "income": "-1", "asset": "USDT", "time": 3, "tranId": 11},
        {"symbol": "BTCUSDT", "incomeType": "REALIZED_PNL", "income": "4", "asset": "USDT", "time": 4, "tranId": 12},
        {"symbol": "XRPUSDT", "incomeType": "REALIZED_PNL", "income": "4", "asset": "USDT", "time": 4, "tranId": 13},
    ]
    page = parse.income_answer(reply(income), SYMBOLS)
    assert isinstance(page, parse.Incomes)
    assert (page.lines, page.last_ms) == (5, 4)
    assert [(each.kind, each.amount, each.instrument, each.venue_kind) for each in page.booked] == [
        (ActivityKind.FUNDING, D("-0.375"), PERP, "FUNDING_FEE"),
        (ActivityKind.OTHER, D(1), None, "COIN_SWAP"),
        (ActivityKind.OTHER, D(4), None, "REALIZED_PNL"),
    ]
    assert page.booked[0].activity_id == "FUNDING_FEE:9:USDT:BTCUSDT"


def test_every_kind_of_income_that_binance_documents_has_a_meaning_or_is_told_by_executions() -> None:
    """Source: USD-M Get Income History, incomeType."""
    documented = """
        TRANSFER WELCOME_BONUS REALIZED_PNL FUNDING_FEE COMMISSION INSURANCE_CLEAR REFERRAL_KICKBACK COMMISSION_REBATE
        API_REBATE CONTEST_REWARD CROSS_COLLATERAL_TRANSFER OPTIONS_PREMIUM_FEE OPTIONS_SETTLE_PROFIT
        INTERNAL_TRANSFER AUTO_EXCHANGE DELIVERED_SETTELMENT COIN_SWAP_DEPOSIT COIN_SWAP_WITHDRAW
        POSITION_LIMIT_INCREASE_FEE STRATEGY_UMFUTURES_TRANSFER FEE_RETURN BFUSD_REWARD
    """
    assert {*parse.KINDS, *parse.EXECUTED} == set(documented.split())


def test_the_clock_of_binance_is_read_by_the_millisecond() -> None:
    assert parse.time_answer(reply({"serverTime": 1_499_827_319_559})) == 1_499_827_319_559
    assert parse.time_answer(reply({"serverTime": "soon"})) == UNREADABLE


@given(st.binary(max_size=200), st.sampled_from((200, 201, 302, 400, 401, 404, 418, 429, 500, 503)))
def test_any_bytes_mean_something(body: bytes, status: int) -> None:
    answer = Reply(status=status, headers={}, body=body)
    kinds = (Accepted, Rejected, Unknown)
    assert isinstance(parse.place_answer(answer, order=approved(), symbol="BTCUSDT", now=NOW), kinds)
    assert isinstance(canceled(answer, parse.Canceled), (CancelTaken, CancelTooLate, Rejected, Unknown))
    assert isinstance(found(answer), (OrderReport, Absent, Unknown))
    assert isinstance(parse.named_answer(answer, symbol="BTCUSDT", number=1), (said.WireOrder, Absent, Unknown))
    assert isinstance(parse.trades_answer(answer, symbol="BTCUSDT", symbols=SYMBOLS), (parse.Trades, Unknown))
    assert isinstance(parse.orders_answer(answer, SYMBOLS), (tuple, Unknown))
    assert isinstance(parse.spot_stated(answer, {}), (parse.Stated, Unknown))
    assert isinstance(parse.futures_stated(answer, answer, SYMBOLS), (parse.Stated, Unknown))
    assert isinstance(parse.income_answer(answer, SYMBOLS), (parse.Incomes, Unknown))
    assert isinstance(parse.time_answer(answer), (int, Unknown))
