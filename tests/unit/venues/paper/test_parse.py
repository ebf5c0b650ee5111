"""What the bytes of the paper broker mean, broken ones included."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flatbook.engine.reports import (
    Absent,
    Accepted,
    AccountStatement,
    Balance,
    CancelTaken,
    CancelTooLate,
    Execution,
    Holding,
    OrderReport,
    Rejected,
    Unknown,
    UnreadableExecution,
    VenueStatus,
)
from flatbook.events.orders import Fee, RejectReason, UnknownReason
from flatbook.market.quotes import Quote
from flatbook.values.ids import AccountId, AssetId, ExecutionId, InstrumentId, OrderId, VenueOrderId
from flatbook.values.instants import instant_of_text
from flatbook.values.instruments import Side
from flatbook.values.money import Money, Price, Quantity
from flatbook.venues.paper import parse
from tests.desk import readable

OURS = OrderId("fbaaaa")
MAIN = AccountId("main")
COIN = InstrumentId("paper:COIN")
SYMBOLS = {"COIN": COIN}
AT = "2025-12-02T15:00:10Z"
NOON = instant_of_text(AT)
UNREADABLE = Unknown(reason=UnknownReason.UNREADABLE)
SERVER_FAULT = Unknown(reason=UnknownReason.SERVER_FAULT)

ORDER = {
    "order_id": "P-7",
    "client_order_id": "fbaaaa",
    "symbol": "COIN",
    "side": "buy",
    "qty": "2.5",
    "filled_qty": "0.5",
    "limit_price": "101",
    "status": "partially_filled",
    "reason": "",
    "placed_at": AT,
    "updated_at": AT,
}
EXECUTION = {
    "execution_id": "X-3",
    "order_id": "P-7",
    "client_order_id": "fbaaaa",
    "symbol": "COIN",
    "side": "buy",
    "qty": "0.5",
    "price": "100.25",
    "fees": [{"kind": "commission", "asset": "USD", "amount": "0.01"}],
    "at": AT,
}
EXECUTED = Execution(
    execution_id=ExecutionId("X-3"),
    order_id=OURS,
    venue_order_id=VenueOrderId("P-7"),
    instrument=COIN,
    side=Side.BUY,
    qty=Quantity(Decimal("0.5")),
    price=Price(Decimal("100.25")),
    fees=(Fee(asset=AssetId("USD"), amount=Money(Decimal("0.01"))),),
    realised=None,
    happened_at=NOON,
)


def ok(content: dict[str, Any]) -> bytes:
    return json.dumps({"v": 1, "at": AT, "ok": content}).encode()


def error(code: str, message: str = "no") -> bytes:
    return json.dumps({"v": 1, "at": AT, "error": {"code": code, "message": message}}).encode()


def found(**changes: Any) -> bytes:
    return ok({"order": ORDER | changes, "executions": [EXECUTION], "complete": True})


def test_an_accepted_order_carries_the_brokers_id() -> None:
    answer = parse.place_answer(ok({"order": ORDER}), order_id=OURS)
    assert answer == Accepted(venue_order_id=VenueOrderId("P-7"), pending=False, happened_at=NOON)


def test_an_order_that_waits_for_its_session_is_pending() -> None:
    answer = parse.place_answer(ok({"order": ORDER | {"status": "queued"}}), order_id=OURS)
    assert isinstance(answer, Accepted)
    assert answer.pending


def test_an_acceptance_of_another_order_is_not_ours() -> None:
    assert parse.place_answer(ok({"order": ORDER | {"client_order_id": "other"}}), order_id=OURS) == UNREADABLE


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("insufficient_funds", RejectReason.INSUFFICIENT_FUNDS),
        ("insufficient_shares", RejectReason.INSUFFICIENT_SHARES),
        ("market_closed", RejectReason.MARKET_CLOSED),
        ("no_market", RejectReason.NO_MARKET),
        ("invalid_price", RejectReason.INVALID_PRICE),
        ("invalid_quantity", RejectReason.INVALID_QUANTITY),
        ("below_minimum", RejectReason.INVALID_QUANTITY),
        ("duplicate_client_id", RejectReason.DUPLICATE_ID),
        ("halted", RejectReason.HALTED),
        ("a code of tomorrow", RejectReason.OTHER),
    ],
)
def test_a_refusal_is_a_proof_with_its_reason(code: str, reason: RejectReason) -> None:
    answer = parse.place_answer(error(code, "because"), order_id=OURS)
    assert answer == Rejected(reason=reason, code=code, message="because", happened_at=NOON)


def test_an_internal_error_proves_nothing() -> None:
    assert parse.place_answer(error("internal"), order_id=OURS) == SERVER_FAULT
    assert parse.cancel_answer(error("internal")) == SERVER_FAULT
    assert parse.find_answer(error("internal"), order_id=OURS, symbols=SYMBOLS) == SERVER_FAULT


def test_a_cancel_is_taken_or_too_late_or_refused() -> None:
    assert parse.cancel_answer(ok({})) == CancelTaken()
    assert parse.cancel_answer(error("not_cancelable", "filled")) == CancelTooLate(message="not_cancelable: filled")
    assert parse.cancel_answer(error("unknown_order")) == CancelTooLate(message="unknown_order: no")
    refused = parse.cancel_answer(error("rate_limited"))
    assert isinstance(refused, Rejected)
    assert refused.reason is RejectReason.RATE_LIMITED


def test_a_found_order_comes_with_its_executions() -> None:
    assert parse.find_answer(found(), order_id=OURS, symbols=SYMBOLS) == OrderReport(
        order_id=OURS,
        venue_order_id=VenueOrderId("P-7"),
        instrument=COIN,
        side=Side.BUY,
        qty=Quantity(Decimal("2.5")),
        filled_qty=Quantity(Decimal("0.5")),
        status=VenueStatus.OPEN,
        status_text="partially_filled",
        executions=(EXECUTED,),
        complete=True,
        happened_at=NOON,
    )


def test_only_the_word_of_the_broker_makes_an_order_absent() -> None:
    assert parse.find_answer(error("unknown_order"), order_id=OURS, symbols=SYMBOLS) == Absent()
    assert parse.find_answer(error("unknown_account"), order_id=OURS, symbols=SYMBOLS) == SERVER_FAULT


def test_a_status_of_tomorrow_is_unreadable_and_kept_as_text() -> None:
    report = parse.find_answer(found(status="held", reason="review"), order_id=OURS, symbols=SYMBOLS)
    assert isinstance(report, OrderReport)
    assert (report.status, report.status_text) == (VenueStatus.UNREADABLE, "held: review")


@pytest.mark.parametrize(
    "changes",
    [
        {"client_order_id": "other"},
        {"side": "short"},
        {"qty": "0"},
        {"qty": "NaN"},
        {"qty": "-1"},
        {"qty": 2},
        {"qty": "1" * 67},
        {"filled_qty": "-0.1"},
        {"updated_at": "yesterday"},
        {"order_id": None},
    ],
)
def test_a_report_with_a_bad_field_is_unreadable(changes: dict[str, Any]) -> None:
    assert parse.find_answer(found(**changes), order_id=OURS, symbols=SYMBOLS) == UNREADABLE


@pytest.mark.parametrize("name", ["qty", "filled_qty", "status"])
@pytest.mark.parametrize("left_out", [True, False], ids=["left out", "null"])
def test_a_number_that_a_broker_leaves_out_is_never_zero(name: str, left_out: bool) -> None:
    order: dict[str, object] = {key: value for key, value in ORDER.items() if key != name or not left_out}
    found = parse.find_answer(
        ok({"order": order if left_out else order | {name: None}, "executions": [], "complete": True}),
        order_id=OURS,
        symbols=SYMBOLS,
    )
    assert found == UNREADABLE


@pytest.mark.parametrize("name", ["qty", "price", "fees"])
def test_an_execution_without_one_of_its_numbers_is_unreadable_and_hides_no_other(name: str) -> None:
    bad = {key: value for key, value in EXECUTION.items() if key != name} | {"execution_id": "X-2"}
    page = parse.executions_answer(ok({"executions": [bad, EXECUTION], "next": "X-3"}), symbols=SYMBOLS)
    assert isinstance(page, tuple)
    unreadable, sound = page[0]
    assert isinstance(unreadable, UnreadableExecution)
    assert (unreadable.execution_id, unreadable.instrument, sound, page[1]) == ("X-2", COIN, EXECUTED, "X-3")
    assert name in unreadable.detail


@pytest.mark.parametrize("changes", [{"execution_id": ""}, {"execution_id": None}, {"execution_id": 7}])
def test_an_execution_that_cannot_be_named_makes_the_page_unreadable(changes: dict[str, Any]) -> None:
    page = ok({"executions": [EXECUTION, EXECUTION | changes], "next": "X-3"})
    assert parse.executions_answer(page, symbols=SYMBOLS) == UNREADABLE


def test_an_unreadable_execution_of_a_symbol_that_is_not_ours_names_no_instrument() -> None:
    bad = EXECUTION | {"qty": "many", "symbol": ["MSTR"]}
    page = parse.executions_answer(ok({"executions": [bad], "next": "X-3"}), symbols=SYMBOLS)
    assert isinstance(page, tuple)
    assert isinstance(page[0][0], UnreadableExecution)
    assert page[0][0].instrument is None


def test_a_found_order_with_an_execution_that_cannot_be_read_is_not_complete() -> None:
    body = ok({"order": ORDER, "executions": [EXECUTION, EXECUTION | {"price": None}], "complete": True})
    found = parse.find_answer(body, order_id=OURS, symbols=SYMBOLS)
    assert isinstance(found, OrderReport)
    assert (found.executions, found.complete) == ((EXECUTED,), False)


def test_executions_come_with_the_next_cursor() -> None:
    page = parse.executions_answer(ok({"executions": [EXECUTION], "next": "X-3"}), symbols=SYMBOLS)
    assert page == ((EXECUTED,), "X-3")


def test_an_execution_by_hand_has_no_order_of_ours() -> None:
    page = parse.executions_answer(
        ok({"executions": [EXECUTION | {"client_order_id": None, "symbol": "MSTR"}], "next": "X-3"}), symbols=SYMBOLS
    )
    assert isinstance(page, tuple)
    (by_hand,) = readable(page[0])
    assert (by_hand.order_id, by_hand.instrument) == (None, "MSTR")


def test_a_push_is_an_execution_of_its_own_account_only() -> None:
    body = json.dumps({"v": 1, "at": AT, "account": "main", "execution": EXECUTION}).encode()
    assert parse.pushed_execution(body, account=MAIN, symbols=SYMBOLS) == EXECUTED
    assert parse.pushed_execution(body, account=AccountId("other"), symbols=SYMBOLS) is None
    assert parse.pushed_execution(body[:40], account=MAIN, symbols=SYMBOLS) == UNREADABLE


def test_a_statement_is_read_as_one_moment() -> None:
    content = {
        "orders": [ORDER],
        "holdings": [{"symbol": "COIN", "qty": "-3"}],
        "balances": [{"asset": "USD", "total": "10.5", "available": "-1"}],
    }
    statement = parse.statement_answer(ok(content), account=MAIN, symbols=SYMBOLS, stated_at=NOON)
    assert isinstance(statement, AccountStatement)
    assert [order.venue_order_id for order in statement.open_orders] == ["P-7"]
    assert statement.open_orders[0].complete is False
    assert statement.holdings == (Holding(instrument=COIN, qty=Quantity(Decimal(-3))),)
    assert statement.balances == (
        Balance(asset=AssetId("USD"), total=Quantity(Decimal("10.5")), available=Quantity(Decimal(-1))),
    )


def test_a_quote_has_the_instant_of_its_source() -> None:
    content = {"symbol": "COIN", "price": "100.5", "at": "2025-12-02T15:00:00Z"}
    quote = parse.quote_answer(ok(content), seen_at=NOON)
    assert quote == Quote(
        price=Price(Decimal("100.5")), happened_at=instant_of_text("2025-12-02T15:00:00Z"), seen_at=NOON
    )
    assert parse.quote_answer(ok(content | {"price": "-1"}), seen_at=NOON) == UNREADABLE


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>503</html>",
        b"[]",
        b"{}",
        ok({"order": ORDER})[:-5],
        b'{"v":2,"at":"2025-12-02T15:00:10Z","ok":{}}',
        b'{"v":1,"at":"now","ok":{}}',
        b'{"v":1,"at":"2025-12-02T15:00:10Z"}',
        b'{"v":1,"at":"2025-12-02T15:00:10Z","ok":' + b"[" * 100_000,
        b'{"v":1,"at":"\xff","ok":{}}',
    ],
)
def test_bytes_that_are_no_answer_leave_the_request_unknown(body: bytes) -> None:
    assert parse.place_answer(body, order_id=OURS) == UNREADABLE
    assert parse.cancel_answer(body) == UNREADABLE
    assert parse.find_answer(body, order_id=OURS, symbols=SYMBOLS) == UNREADABLE
    assert parse.executions_answer(body, symbols=SYMBOLS) == UNREADABLE
    assert parse.statement_answer(body, account=MAIN, symbols=SYMBOLS, stated_at=NOON) == UNREADABLE
    assert parse.quote_answer(body, seen_at=NOON) == UNREADABLE
    assert parse.pushed_execution(body, account=MAIN, symbols=SYMBOLS) == UNREADABLE


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(list(ORDER)), inner, max_size=4),
    max_leaves=12,
)


@given(st.binary(max_size=200) | JSON.map(lambda content: ok({"order": content})) | JSON.map(lambda c: ok({"next": c})))
def test_any_bytes_have_a_meaning(body: bytes) -> None:
    assert isinstance(parse.place_answer(body, order_id=OURS), Accepted | Rejected | Unknown)
    assert isinstance(parse.find_answer(body, order_id=OURS, symbols=SYMBOLS), OrderReport | Absent | Unknown)
    assert isinstance(parse.executions_answer(body, symbols=SYMBOLS), tuple | Unknown)


@given(st.fixed_dictionaries({name: JSON | st.just(ORDER[name]) for name in ORDER}))
def test_any_order_has_a_meaning(order: dict[str, Any]) -> None:
    body = ok({"order": order, "executions": [], "complete": False})
    assert isinstance(parse.find_answer(body, order_id=OURS, symbols=SYMBOLS), OrderReport | Unknown)
