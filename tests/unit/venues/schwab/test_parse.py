"""What replies of Schwab mean."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from flatbook.engine.reports import Absent, AccountStatement, CancelTaken, CancelTooLate, Rejected, Unknown, VenueStatus
from flatbook.events.orders import UnknownReason
from flatbook.values.ids import VenueOrderId
from flatbook.values.instants import instant_of_text
from flatbook.values.instruments import Side
from flatbook.venues.http import Reply
from flatbook.venues.schwab import parse
from tests.unit.venues.schwab.sample import (
    HASH,
    HTML,
    JSON,
    MAIN,
    NUMBER,
    NUMBERS,
    OURS,
    REGULAR,
    SYMBOLS,
    THEIRS,
    account,
    created,
    execution,
    listed,
    order,
    refusal,
    reply,
)

UNREADABLE = Unknown(reason=UnknownReason.UNREADABLE)
SERVER_FAULT = Unknown(reason=UnknownReason.SERVER_FAULT)

DOCUMENTED = {
    "AWAITING_PARENT_ORDER": "pending",
    "AWAITING_CONDITION": "pending",
    "AWAITING_STOP_CONDITION": "pending",
    "AWAITING_MANUAL_REVIEW": "pending",
    "ACCEPTED": "open",
    "AWAITING_UR_OUT": "pending_cancel",
    "PENDING_ACTIVATION": "pending",
    "QUEUED": "open",
    "WORKING": "open",
    "REJECTED": "rejected",
    "PENDING_CANCEL": "pending_cancel",
    "CANCELED": "canceled",
    "PENDING_REPLACE": "open",
    "REPLACED": "canceled",
    "FILLED": "filled",
    "EXPIRED": "expired",
    "NEW": "pending",
    "AWAITING_RELEASE_TIME": "pending",
    "PENDING_ACKNOWLEDGEMENT": "pending",
    "PENDING_RECALL": "pending_cancel",
    "UNKNOWN": "unreadable",
}


def asked(content: Any, name: str = THEIRS) -> object:
    return parse.order_answer(reply(content), venue_order_id=VenueOrderId(name), symbols=SYMBOLS)


@pytest.mark.parametrize(("word", "status"), [*DOCUMENTED.items(), ("SOMETHING_NEW", "unreadable")])
def test_every_documented_status_has_a_meaning_and_an_unseen_one_is_unreadable(word: str, status: str) -> None:
    report = listed(order(status=word)).report
    assert (report.status.value, report.status_text) == (status, word)


def test_an_order_is_read_with_the_decimals_that_stand_there() -> None:
    found = listed(order(execution(1, 4.0), execution(2, 6.0), status="FILLED", closeTime="2025-12-01T15:00:02+0000"))
    report = found.report
    assert (report.qty, report.filled_qty, report.side, report.status) == (
        Decimal(10),
        Decimal(10),
        Side.BUY,
        VenueStatus.FILLED,
    )
    assert (found.limit, found.entered_at) == (Decimal("22.73"), REGULAR)
    assert report.happened_at == instant_of_text("2025-12-01T15:00:02Z")
    assert [(each.execution_id, each.qty, each.price) for each in report.executions] == [
        ("102102029817:0", Decimal(4), Decimal("22.7299")),
        ("102102029818:0", Decimal(6), Decimal("22.7299")),
    ]
    assert report.complete
    assert report.order_id is None


def test_executions_that_do_not_add_up_leave_a_report_incomplete() -> None:
    assert not listed(order(execution(1, 4.0), filledQuantity=10.0)).report.complete


def test_an_execution_without_an_activity_id_is_told_by_what_it_left_of_its_order() -> None:
    nameless = execution(1, 4.0)
    del nameless["activityId"]
    assert listed(order(nameless)).report.executions[0].execution_id == "1004055538153:left9:0"
    del nameless["orderRemainingQuantity"]
    assert asked(order(nameless)) == UNREADABLE


def test_an_id_of_its_own_goes_before_that_of_the_activity_and_parts_no_cursor() -> None:
    assert listed(order(execution(1, executionId="E|1"))).report.executions[0].execution_id == "1004055538153:E/1"


@pytest.mark.parametrize("spoilt", [{"price": 0}, {"time": None}, {"time": "noon"}, {"price": "1e-30"}])
def test_an_execution_that_cannot_be_read_stands_by_its_id_and_leaves_its_report_incomplete(
    spoilt: dict[str, Any],
) -> None:
    found = listed(order(execution(1, 4.0, **spoilt), execution(2, 6.0)))
    assert [(line.execution_id, line.instrument) for line in found.unreadable] == [("102102029817:0", "schwab:GME")]
    assert [each.execution_id for each in found.report.executions] == ["102102029818:0"]
    assert not found.report.complete


def test_a_leg_of_nothing_is_no_execution() -> None:
    assert listed(order(execution(1, 0.0))).report.executions == ()


@pytest.mark.parametrize("instruction", ["SELL", "SELL_SHORT", "SELL_TO_CLOSE"])
def test_all_ways_to_sell_are_sales(instruction: str) -> None:
    leg = order()["orderLegCollection"][0] | {"instruction": instruction}
    assert listed(order(orderLegCollection=[leg])).report.side is Side.SELL


def test_orders_that_others_bind_are_in_the_list_and_each_leg_is_a_line() -> None:
    legs = order()["orderLegCollection"]
    two = [legs[0], legs[0] | {"legId": 2, "instruction": "SELL"}]
    parent = {
        "orderId": 7,
        "status": "WORKING",
        "enteredTime": "2025-12-01T15:00:00+0000",
        "orderStrategyType": "OCO",
        "childOrderStrategies": [order(orderId=8), order(orderId=9, orderLegCollection=two)],
    }
    listing = parse.orders_answer(reply([parent]), symbols=SYMBOLS)
    assert isinstance(listing, parse.Listing)
    assert [each.report.venue_order_id for each in listing.orders] == ["8", "9:1", "9:2"]


@pytest.mark.parametrize(
    "spoilt",
    [
        {"orderId": 5},
        order(status=None),
        order(enteredTime="yesterday"),
        order(quantity=1, orderLegCollection=[]),
        order(filledQuantity=-1),
        order(price="NaN"),
        order(orderId="one"),
        order(orderId=6),
    ],
)
def test_what_cannot_be_read_is_unknown(spoilt: dict[str, Any]) -> None:
    assert asked(spoilt) == UNREADABLE


def test_only_schwabs_own_word_makes_an_order_absent() -> None:
    gone = refusal(404, f"Order {THEIRS} not found")
    assert parse.order_answer(gone, venue_order_id=THEIRS, symbols=SYMBOLS) == Absent()
    no_path = refusal(404, f"The requested resource /trader/v1/accounts/HASH/orders/{THEIRS} was not found")
    for other in (HTML, Reply(status=404, headers={}, body=b"not found"), refusal(404, "page not found"), no_path):
        found = parse.order_answer(other, venue_order_id=THEIRS, symbols=SYMBOLS)
        assert isinstance(found, Unknown)
    down = parse.order_answer(refusal(503, "down"), venue_order_id=THEIRS, symbols=SYMBOLS)
    assert down == SERVER_FAULT


def test_a_list_that_may_be_cut_off_is_unreadable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parse, "ORDERS_MAX", 2)
    assert isinstance(parse.orders_answer(reply([order()]), symbols=SYMBOLS), parse.Listing)
    assert parse.orders_answer(reply([order(), order()]), symbols=SYMBOLS) == UNREADABLE


def test_the_hash_of_our_number_is_taken_and_of_no_other() -> None:
    assert parse.hash_answer(NUMBERS, number=NUMBER) == parse.AccountHash(text=HASH)
    assert parse.hash_answer(NUMBERS, number="2") == Absent()
    assert parse.hash_answer(HTML, number=NUMBER) == UNREADABLE


@pytest.mark.parametrize(
    ("where", "found"),
    [
        (f"https://api.schwabapi.com/trader/v1/accounts/{HASH}/orders/42", "42"),
        (f"/trader/v1/accounts/{HASH}/orders/42/", "42"),
        ("invalid-url-format", None),
        ("https://api.schwabapi.com/trader/v1/accounts/1/orders/", None),
        ("https://api.schwabapi.com/orders/4x", None),
        ("", None),
    ],
)
def test_the_location_names_an_order_or_nothing(where: str, found: str | None) -> None:
    assert parse.placed_id(Reply(status=201, headers={"location": where}, body=b"")) == found
    assert parse.placed_id(Reply(status=201, headers={}, body=b"")) is None
    assert parse.placed_id(created("7")) == "7"


def test_a_cancel_is_taken_too_late_or_unknown() -> None:
    assert parse.cancel_answer(Reply(status=200, headers={}, body=b""), now=REGULAR) == CancelTaken()
    for late in (refusal(400, "Order cannot be canceled"), refusal(404, "Order 1 not found")):
        assert isinstance(parse.cancel_answer(late, now=REGULAR), CancelTooLate)
    assert isinstance(parse.cancel_answer(refusal(403, "restricted"), now=REGULAR), Rejected)
    assert parse.cancel_answer(HTML, now=REGULAR) == CancelTaken()
    assert parse.cancel_answer(Reply(status=404, headers={}, body=b""), now=REGULAR) == UNREADABLE
    assert parse.cancel_answer(refusal(500, "down"), now=REGULAR) == SERVER_FAULT


def stated(content: Any) -> AccountStatement | Unknown:
    return parse.statement_of(reply(content), (), account=MAIN, number=NUMBER, symbols=SYMBOLS, at=REGULAR)


def test_a_statement_has_positions_of_either_sign_and_cash() -> None:
    statement = stated(account())
    assert isinstance(statement, AccountStatement)
    assert {holding.instrument: holding.qty for holding in statement.holdings} == {
        "schwab:GME": Decimal(30),
        "TSLA": Decimal(-7),
    }
    (balance,) = statement.balances
    assert (balance.asset, balance.total, balance.available) == ("USD", Decimal("10500.25"), Decimal("9000.5"))
    assert (statement.account, statement.stated_at) == (MAIN, REGULAR)


def test_a_cash_account_says_in_other_words_what_may_be_spent() -> None:
    statement = stated(account(currentBalances={"cashBalance": 5.0, "cashAvailableForTrading": 3.0}))
    assert isinstance(statement, AccountStatement)
    assert statement.balances[0].available == Decimal(3)


def test_an_account_without_positions_holds_nothing() -> None:
    content = account()
    del content["securitiesAccount"]["positions"]
    statement = stated(content)
    assert isinstance(statement, AccountStatement)
    assert statement.holdings == ()


def test_the_page_of_another_account_is_unreadable() -> None:
    assert stated(account(accountNumber="2")) == UNREADABLE
    assert stated(account(currentBalances={})) == UNREADABLE


def test_a_recognised_order_carries_our_id_into_its_executions() -> None:
    report = parse.named(listed(order(execution())), OURS)
    assert (report.order_id, report.executions[0].order_id) == (OURS, OURS)


def test_numbers_may_be_texts_and_must_be_within_bounds() -> None:
    assert listed(order(quantity="10", filledQuantity="0")).report.filled_qty == 0
    whole = b'[{"orderId":1,"status":"NEW","enteredTime":"2025-12-01T15:00:00Z","filledQuantity":1e999999}]'
    huge = Reply(status=200, headers={"content-type": JSON}, body=whole)
    assert parse.orders_answer(huge, symbols=SYMBOLS) == UNREADABLE
