"""What replies mean: each documented shape, and what is close to one and is not."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

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
from flatbook.events.orders import RejectReason, UnknownReason
from flatbook.values.ids import AssetId, ExecutionId, InstrumentId, OrderId, VenueOrderId
from flatbook.values.instants import instant_of_text
from flatbook.values.instruments import Side
from flatbook.values.money import Price, Quantity
from flatbook.venues.alpaca import parse
from flatbook.venues.alpaca.parse import Fills
from flatbook.venues.http import Reply
from tests.desk import readable
from tests.unit.venues.alpaca.sample import (
    AAPL,
    ACCOUNT_ID,
    HTML,
    JSON,
    MAIN,
    NOT_FOUND,
    OURS,
    REGULAR,
    SYMBOLS,
    THEIRS,
    account,
    approved,
    fill,
    order,
    position,
    refusal,
    reply,
)

UNREADABLE = Unknown(reason=UnknownReason.UNREADABLE)
SERVER_FAULT = Unknown(reason=UnknownReason.SERVER_FAULT)
STRANGER = OrderId("somebody-else")
BROKEN = Reply(status=200, headers={"content-type": JSON}, body=b'{"id":"61e69015","client_ord')


def placed(answer: Reply) -> object:
    return parse.place_answer(answer, order=approved(), symbol="AAPL", now=REGULAR)


def found(**changes: Any) -> object:
    return parse.order_answer(reply(order(**changes)), order_id=OURS, symbols=SYMBOLS)


def fills(*lines: dict[str, Any], account_id: str = ACCOUNT_ID) -> object:
    return parse.fills_answer(reply(list(lines)), account_id=account_id, symbols=SYMBOLS)


def stated(orders: Reply, positions: Reply, cash: Reply) -> object:
    return parse.statement_answer((orders, positions, cash), account=MAIN, symbols=SYMBOLS, stated_at=REGULAR)


@pytest.mark.parametrize(
    ("status", "pending"),
    [("new", False), ("partially_filled", False), ("filled", False), ("accepted", True), ("pending_new", True),
     ("held", True), ("a word of next year", True)],
)  # fmt: skip
def test_an_order_that_was_taken_is_accepted_or_only_held(status: str, pending: bool) -> None:
    assert placed(reply(order(status=status))) == Accepted(
        venue_order_id=VenueOrderId(THEIRS),
        pending=pending,
        happened_at=instant_of_text("2025-12-01T15:00:00.937734Z"),
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"client_order_id": STRANGER},
        {"symbol": "TSLA"},
        {"side": "sell"},
        {"side": "up"},
        {"qty": "10.4"},
        {"qty": 10.5},
        {"qty": None},
        {"id": ""},
        {"id": None},
        {"submitted_at": "yesterday"},
    ],
)
def test_an_acceptance_of_something_else_is_unreadable(changes: dict[str, Any]) -> None:
    assert placed(reply(order(**changes))) == UNREADABLE


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (HTML, UNREADABLE),
        (BROKEN, UNREADABLE),
        (reply([order()]), UNREADABLE),
        (reply(None), UNREADABLE),
        (Reply(status=200, headers={"content-type": JSON}, body=b""), UNREADABLE),
        (Reply(status=307, headers={}, body=b""), UNREADABLE),
        (reply(order(), 500), SERVER_FAULT),
        (reply(order(), 504), SERVER_FAULT),
    ],
)
def test_an_answer_that_proves_nothing_leaves_the_order_unknown(answer: Reply, expected: Unknown) -> None:
    assert placed(answer) == expected


def test_an_id_that_is_taken_is_told_from_a_price_under_the_same_code() -> None:
    taken = placed(refusal(422, 42210000, "client_order_id must be unique"))
    price = placed(refusal(422, 42210000, "invalid limit_price 1.001. sub-penny increment does not fulfill"))
    assert isinstance(taken, Rejected)
    assert isinstance(price, Rejected)
    assert (taken.reason, price.reason) == (RejectReason.DUPLICATE_ID, RejectReason.INVALID_PRICE)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Reply(status=204, headers={}, body=b""), CancelTaken()),
        (reply({}, 200), CancelTaken()),
        (NOT_FOUND, CancelTooLate(message=f"40410000: order not found for {OURS}")),
        (
            refusal(422, 42210000, 'order is already in "filled" state'),
            CancelTooLate(message='42210000: order is already in "filled" state'),
        ),
        (refusal(422, 42210000, "order pending cancel"), CancelTaken()),
        (refusal(422, None, "not cancelable"), CancelTooLate(message="422: not cancelable")),
        (refusal(404, None, "endpoint not found."), UNREADABLE),
        (Reply(status=422, headers={"content-type": "text/html"}, body=b"<html>"), UNREADABLE),
        (refusal(500, 50010000, "failed to cancel order"), SERVER_FAULT),
        (Reply(status=302, headers={}, body=b""), UNREADABLE),
        (
            refusal(403, 40310000, "account is restricted"),
            Rejected(
                reason=RejectReason.RESTRICTED, code="40310000", message="account is restricted", happened_at=REGULAR
            ),
        ),
        (
            Reply(status=429, headers={}, body=b""),
            Rejected(reason=RejectReason.RATE_LIMITED, code="429", message="too many requests", happened_at=REGULAR),
        ),
    ],
)
def test_what_a_cancel_is_answered_with(answer: Reply, expected: object) -> None:
    assert parse.cancel_answer(answer, now=REGULAR) == expected


def test_an_order_is_reported_with_its_numbers() -> None:
    assert found(status="partially_filled", filled_qty="4.25") == OrderReport(
        order_id=OURS,
        venue_order_id=VenueOrderId(THEIRS),
        instrument=AAPL,
        side=Side.BUY,
        qty=Quantity(Decimal("10.5")),
        filled_qty=Quantity(Decimal("4.25")),
        status=VenueStatus.OPEN,
        status_text="partially_filled",
        executions=(),
        complete=False,
        happened_at=instant_of_text("2025-12-01T15:00:01.942282Z"),
    )


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("new", VenueStatus.OPEN),
        ("pending_new", VenueStatus.PENDING),
        ("accepted", VenueStatus.PENDING),
        ("accepted_for_bidding", VenueStatus.OPEN),
        ("held", VenueStatus.PENDING),
        ("pending_review", VenueStatus.PENDING),
        ("partially_filled", VenueStatus.OPEN),
        ("pending_cancel", VenueStatus.PENDING_CANCEL),
        ("pending_replace", VenueStatus.OPEN),
        ("replaced", VenueStatus.OPEN),
        ("stopped", VenueStatus.OPEN),
        ("suspended", VenueStatus.OPEN),
        ("calculated", VenueStatus.OPEN),
        ("done_for_day", VenueStatus.EXPIRED),
        ("filled", VenueStatus.FILLED),
        ("canceled", VenueStatus.CANCELED),
        ("expired", VenueStatus.EXPIRED),
        ("rejected", VenueStatus.REJECTED),
        ("cancelled", VenueStatus.UNREADABLE),
        ("FILLED", VenueStatus.UNREADABLE),
        ("restated", VenueStatus.UNREADABLE),
        ("", VenueStatus.UNREADABLE),
    ],
)
def test_each_status_has_one_meaning_and_a_new_word_has_none(word: str, status: VenueStatus) -> None:
    report = found(status=word)
    assert isinstance(report, OrderReport)
    assert (report.status, report.status_text) == (status, word)


def test_an_order_for_longer_than_a_day_is_not_over_with_the_day() -> None:
    report = found(status="done_for_day", time_in_force="gtc")
    assert isinstance(report, OrderReport)
    assert report.status is VenueStatus.OPEN


@pytest.mark.parametrize(
    ("status", "field", "instant"),
    [
        ("filled", "filled_at", "2025-12-01T15:00:07Z"),
        ("canceled", "canceled_at", "2025-12-01T15:00:08Z"),
        ("expired", "expired_at", "2025-12-01T15:00:09Z"),
        ("rejected", "failed_at", "2025-12-01T15:00:10Z"),
    ],
)
def test_an_end_happened_when_it_says_else_at_the_last_change_else_it_is_unreadable(
    status: str, field: str, instant: str
) -> None:
    ended, changed, neither = (
        found(status=status, **{field: instant}),
        found(status=status),
        found(status=status, updated_at=None),
    )
    assert isinstance(ended, OrderReport)
    assert isinstance(changed, OrderReport)
    assert ended.happened_at == instant_of_text(instant)
    assert changed.happened_at == instant_of_text("2025-12-01T15:00:01.942282Z")
    assert neither == UNREADABLE


@pytest.mark.parametrize(
    "changes",
    [
        {"filled_qty": 0.5},
        {"filled_qty": "-1"},
        {"filled_qty": "1e"},
        {"filled_qty": "NaN"},
        {"filled_qty": None},
        {"filled_qty": "0.1234567890123456789"},
        {"qty": "0"},
        {"qty": None, "notional": "500"},
        {"qty": True},
        {"side": "sideways"},
        {"client_order_id": STRANGER},
        {"client_order_id": None},
        {"updated_at": "2025-12-01 15:00:00"},
        {"status": 5},
    ],
)
def test_an_order_with_a_number_that_is_not_exact_or_not_there_is_unreadable(changes: dict[str, Any]) -> None:
    assert found(**changes) == UNREADABLE


def test_whole_json_numbers_are_exact_and_are_read() -> None:
    """The payloads of Alpaca's own client tests write some numbers so."""
    report = found(qty=1, filled_qty=0)
    assert isinstance(report, OrderReport)
    assert (report.qty, report.filled_qty, report.complete) == (Decimal(1), Decimal(0), True)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (NOT_FOUND, Absent()),
        (refusal(404, None, "endpoint not found."), SERVER_FAULT),
        (refusal(401, None, "unauthorized."), SERVER_FAULT),
        (Reply(status=404, headers={"content-type": "text/html"}, body=b"<html>"), UNREADABLE),
        (reply({}, 502), SERVER_FAULT),
        (HTML, UNREADABLE),
        (BROKEN, UNREADABLE),
    ],
)
def test_an_order_is_absent_only_in_alpacas_own_words(answer: Reply, expected: object) -> None:
    assert parse.order_answer(answer, order_id=OURS, symbols=SYMBOLS) == expected
    assert parse.client_id_answer(answer, venue_order_id=VenueOrderId(THEIRS)) == expected


def test_the_client_id_of_an_order_is_read_from_that_order_only() -> None:
    answer = reply(order(client_order_id=STRANGER))
    assert parse.client_id_answer(answer, venue_order_id=VenueOrderId(THEIRS)) == STRANGER
    assert parse.client_id_answer(answer, venue_order_id=VenueOrderId("another")) == UNREADABLE


def test_fills_are_executions_without_our_client_id() -> None:
    page = fills(fill(1, "0.38962051", type="partial_fill"), fill(2, "3", side="sell_short", symbol="TSLA"))
    assert page == Fills(
        executions=(
            Execution(
                execution_id=ExecutionId("20251201100001977::8efc7b9a-8b2b-4000-9955-d36e7db0df71"),
                order_id=None,
                venue_order_id=VenueOrderId(THEIRS),
                instrument=AAPL,
                side=Side.BUY,
                qty=Quantity(Decimal("0.38962051")),
                price=Price(Decimal("210.13")),
                fees=(),
                realised=None,
                happened_at=instant_of_text("2025-12-01T15:00:01.977Z"),
            ),
            Execution(
                execution_id=ExecutionId("20251201100002977::8efc7b9a-8b2b-4000-9955-d36e7db0df72"),
                order_id=None,
                venue_order_id=VenueOrderId(THEIRS),
                instrument=InstrumentId("TSLA"),
                side=Side.SELL,
                qty=Quantity(Decimal(3)),
                price=Price(Decimal("210.13")),
                fees=(),
                realised=None,
                happened_at=instant_of_text("2025-12-01T15:00:02.977Z"),
            ),
        )
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"type": "trade_bust"},
        {"activity_type": "DIV"},
        {"qty": "0"},
        {"qty": 1.5},
        {"price": "-1"},
        {"price": None},
        {"side": "swap"},
        {"transaction_time": "2025-12-01"},
        {"order_id": None},
    ],
)
def test_one_line_that_cannot_be_read_hides_no_other(changes: dict[str, Any]) -> None:
    bad = fill(2, "1") | changes
    page = fills(fill(1, "1"), bad, fill(3, "3"))
    assert isinstance(page, Fills)
    first, unreadable, last = page.executions
    assert isinstance(unreadable, UnreadableExecution)
    assert (unreadable.execution_id, unreadable.instrument) == (bad["id"], AAPL)
    assert [execution.qty for execution in readable((first, last))] == [Decimal(1), Decimal(3)]


@pytest.mark.parametrize("changes", [{"account_id": "another"}, {"id": ""}, {"id": None}])
def test_a_line_that_is_not_ours_or_cannot_be_named_makes_the_page_unreadable(changes: dict[str, Any]) -> None:
    assert fills(fill(1, "1"), fill(2, "1") | changes) == UNREADABLE


def test_fills_need_no_account_where_the_credentials_name_it() -> None:
    line = fill(1, "1")
    del line["account_id"]
    assert isinstance(fills(line), Fills)
    assert isinstance(fills(fill(1, "1"), account_id=""), Fills)


def test_a_report_takes_its_own_fills_oldest_first_and_is_complete_when_they_add_up() -> None:
    report = found(status="partially_filled", filled_qty="3")
    newest_first = fills(fill(3, "9", order_id="another"), fill(2, "1"), fill(1, "2"))
    too_few = fills(fill(2, "1"))
    assert isinstance(report, OrderReport)
    assert isinstance(newest_first, Fills)
    assert isinstance(too_few, Fills)
    whole, part = parse.with_executions(report, newest_first), parse.with_executions(report, too_few)
    assert [execution.qty for execution in whole.executions] == [Decimal(2), Decimal(1)]
    assert {execution.order_id for execution in whole.executions} == {OURS}
    assert (whole.complete, part.complete) == (True, False)


def test_three_replies_make_a_statement() -> None:
    statement = stated(
        reply([order(status="held", client_order_id=STRANGER)]),
        reply(
            [position(), position(symbol="TSLA", qty="-2.5", side="short"), position(symbol="X", qty=3, side="short")]
        ),
        reply(account()),
    )
    assert isinstance(statement, AccountStatement)
    assert (statement.account, statement.stated_at) == (MAIN, REGULAR)
    assert [(report.order_id, report.status) for report in statement.open_orders] == [(STRANGER, VenueStatus.PENDING)]
    assert statement.holdings == (
        Holding(instrument=AAPL, qty=Quantity(Decimal(5))),
        Holding(instrument=InstrumentId("TSLA"), qty=Quantity(Decimal("-2.5"))),
        Holding(instrument=InstrumentId("X"), qty=Quantity(Decimal(-3))),
    )
    assert statement.balances == (
        Balance(asset=AssetId("USD"), total=Quantity(Decimal("-23140.2")), available=Quantity(Decimal("262113.632"))),
    )


EMPTY = reply([])


@pytest.mark.parametrize(
    ("replies", "expected"),
    [
        ((reply([order()] * 500), EMPTY, reply(account())), UNREADABLE),
        ((reply([order(qty=None)]), EMPTY, reply(account())), UNREADABLE),
        ((reply({}), EMPTY, reply(account())), UNREADABLE),
        ((HTML, EMPTY, reply(account())), UNREADABLE),
        ((EMPTY, reply([position(side="long", qty="-1")]), reply(account())), UNREADABLE),
        ((EMPTY, reply([position(side="flat")]), reply(account())), UNREADABLE),
        ((EMPTY, reply([position(qty=1.5)]), reply(account())), UNREADABLE),
        ((EMPTY, BROKEN, reply(account())), UNREADABLE),
        ((EMPTY, EMPTY, reply(account(cash=100.5))), UNREADABLE),
        ((EMPTY, EMPTY, reply(account(cash=None))), UNREADABLE),
        ((EMPTY, EMPTY, refusal(403, 40310000, "forbidden.")), SERVER_FAULT),
        ((reply([], 500), EMPTY, reply(account())), SERVER_FAULT),
        ((EMPTY, Reply(status=429, headers={}, body=b""), reply(account())), UNREADABLE),
    ],
)
def test_a_statement_is_whole_or_it_is_none(replies: tuple[Reply, Reply, Reply], expected: Unknown) -> None:
    assert stated(*replies) == expected


def test_a_statement_of_another_account_than_the_one_that_is_meant_is_none() -> None:
    replies = (EMPTY, EMPTY, reply(account(id="61e69015", account_number="PA1")))

    def meaning(meant: str) -> object:
        return parse.statement_answer(replies, account=MAIN, meant=meant, symbols=SYMBOLS, stated_at=REGULAR)

    assert [type(meaning(meant)) for meant in ("", "61e69015", "PA1")] == [AccountStatement] * 3
    assert [meaning(meant) for meant in ("61e69016", "PA2")] == [UNREADABLE] * 2


def test_a_statement_of_nothing_is_a_statement() -> None:
    statement = stated(EMPTY, EMPTY, reply(account(cash="0")))
    assert isinstance(statement, AccountStatement)
    assert (statement.open_orders, statement.holdings) == ((), ())
