"""The adapter: what it sends, what it does not send, and which orders it takes for ours."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from flatbook.engine.ports import ApprovedOrder, FillSource, IdRule, OrderVenue
from flatbook.engine.reports import (
    Absent,
    Accepted,
    AccountStatement,
    CancelTaken,
    CancelTooLate,
    NotSent,
    OrderReport,
    Rejected,
    Unknown,
    VenueStatus,
)
from flatbook.events.orders import NotSentReason, RejectReason, UnknownReason
from flatbook.values.ids import AccountId, InstrumentId, OrderId, VenueOrderId
from flatbook.values.instants import instant_of_text, later
from flatbook.values.instruments import Side
from flatbook.values.money import Price, Quantity
from flatbook.venues.http import Carried, Reply
from tests.desk import readable
from tests.unit.venues.alpaca.sample import run
from tests.unit.venues.schwab.sample import (
    CLOSED,
    GME,
    HASH,
    HOURS,
    HTML,
    MAIN,
    NUMBERS,
    ORDERS,
    OURS,
    REGULAR,
    THEIRS,
    Scene,
    account,
    approved,
    created,
    execution,
    order,
    own,
    refusal,
    reply,
)
from tests.unit.venues.schwab.test_chains import replaced, sized
from tests.unit.venues.schwab.test_history import FEES

TIMED_OUT = Unknown(reason=UnknownReason.TIMED_OUT)
UNREADABLE = Unknown(reason=UnknownReason.UNREADABLE)
NEVER_LEFT = NotSent(reason=NotSentReason.NO_CONNECTION)
REFUSED_LOCALLY = NotSent(reason=NotSentReason.REFUSED_LOCALLY)
TAKEN = Reply(status=200, headers={}, body=b"")
OTHER = OrderId("fbbbbbbbbbbbbbbbbbbbbbbbbb")
GONE = refusal(404, f"Order {THEIRS} not found")


def test_the_adapter_is_a_venue_of_the_engine_that_takes_no_client_ids() -> None:
    venue: OrderVenue = Scene().venue
    assert (venue.card.id_rule, venue.card.fill_source) == (IdRule.NONE, FillSource.EXECUTIONS)
    assert (venue.card.name, venue.card.request_window_s, venue.card.place_timeout_s) == ("schwab", 30, 10)


def test_an_order_is_sent_once_and_looked_for_in_the_list() -> None:
    scene = Scene(NUMBERS, created(), reply([order()]))
    answer = run(scene.venue.place(approved()))
    assert answer == Accepted(venue_order_id=THEIRS, pending=False, happened_at=REGULAR)
    assert scene.carrier.asked == ["GET /trader/v1/accounts/accountNumbers", f"POST {ORDERS}", f"GET {ORDERS}"]
    query = dict(scene.carrier.requests[-1].query)
    assert (query["fromEnteredTime"], query["toEnteredTime"]) == (
        "2025-12-01T14:59:55.000Z",
        "2025-12-01T15:00:05.000Z",
    )


@pytest.mark.parametrize(
    "told",
    [
        created("7"),
        Reply(status=201, headers={}, body=b""),
        Reply(status=201, headers={"location": "nowhere"}, body=b""),
    ],
)
def test_where_the_answer_names_another_order_or_none_the_list_tells(told: Carried) -> None:
    scene = Scene(NUMBERS, told, reply([order(orderId=7, price=22.74), order()]))
    answer = run(scene.venue.place(approved()))
    assert isinstance(answer, Accepted)
    assert answer.venue_order_id == THEIRS


def test_of_copies_the_one_that_was_entered_first_is_ours_whichever_the_answer_names() -> None:
    first = str(int(THEIRS) - 1)
    scene = Scene(NUMBERS, created(), reply([order(), order(orderId=int(first))]))
    answer = run(scene.venue.place(approved()))
    assert isinstance(answer, Accepted)
    assert answer.venue_order_id == first


@pytest.mark.parametrize("listing", [reply([]), TIMED_OUT, reply({}, 503)])
def test_where_the_list_does_not_show_it_yet_the_order_that_the_answer_names_is_looked_at(listing: Carried) -> None:
    scene = Scene(NUMBERS, created(), listing, reply(order()))
    assert run(scene.venue.place(approved())) == Accepted(venue_order_id=THEIRS, pending=False, happened_at=REGULAR)
    assert scene.carrier.asked[-1] == f"GET {ORDERS}/{THEIRS}"


def test_an_order_that_another_one_of_ours_is_booked_under_is_not_taken_for_this_one() -> None:
    scene = Scene(NUMBERS, created(), reply([order()]), reply(order()))
    scene.orders.append(own(order_id=OTHER, venue_order_id=THEIRS))
    assert run(scene.venue.place(approved())) == UNREADABLE


def test_an_order_that_cannot_be_recognised_is_unknown_and_is_not_sent_again() -> None:
    scene = Scene(NUMBERS, created(), reply([]), GONE, reply([order()]))
    assert run(scene.venue.place(approved())) == UNREADABLE
    found = run(scene.venue.find(OURS))
    assert isinstance(found, OrderReport)
    assert (found.order_id, found.venue_order_id) == (OURS, THEIRS)
    assert [line for line in scene.carrier.asked if line.startswith("POST")] == [f"POST {ORDERS}"]


@pytest.mark.parametrize(
    "stated",
    [
        approved(account=AccountId("other")),
        approved(instrument=InstrumentId("schwab:TSLA")),
        approved(qty=Quantity(Decimal("1.5"))),
        approved(limit=Price(Decimal("22.731"))),
        approved(order_id=OTHER),
        approved(side=Side.SELL, qty=Quantity(Decimal(31))),
    ],
)
def test_an_order_that_cannot_be_sent_never_leaves(stated: ApprovedOrder) -> None:
    scene = Scene(NUMBERS)
    scene.held = {GME: Quantity(Decimal(30))}
    assert run(scene.venue.place(stated)) == REFUSED_LOCALLY
    assert [line for line in scene.carrier.asked if line.startswith("POST")] == []


def test_nothing_is_ordered_before_the_account_was_stated_or_after_its_time() -> None:
    scene = Scene(NUMBERS)
    assert run(scene.venue.place(approved(good_until=REGULAR))) == NotSent(reason=NotSentReason.EXPIRED)
    scene.held = {GME: None}
    assert run(scene.venue.place(approved())) == REFUSED_LOCALLY
    assert scene.carrier.requests == []


@pytest.mark.parametrize(("held", "instruction"), [("30", "SELL"), ("0", "SELL_SHORT"), ("-4", "SELL_SHORT")])
def test_what_is_sold_short_is_said_to_be(held: str, instruction: str) -> None:
    scene = Scene(NUMBERS, TIMED_OUT)
    scene.held = {GME: Quantity(Decimal(held))}
    assert run(scene.venue.place(approved(side=Side.SELL))) == TIMED_OUT
    leg = json.loads(scene.carrier.requests[-1].body)["orderLegCollection"][0]
    assert leg["instruction"] == instruction


@pytest.mark.parametrize(
    ("at", "extended", "limit", "session"),
    [
        ("2025-12-01T15:00:00Z", False, "22.73", "NORMAL"),
        ("2025-12-01T13:00:00Z", True, "22.73", "AM"),
        ("2025-12-01T22:00:00Z", True, "22.73", "PM"),
        ("2025-12-01T22:00:00Z", True, None, None),
        ("2025-12-01T22:00:00Z", False, "22.73", None),
    ],
)
def test_an_order_is_for_the_session_that_is_open(
    at: str, extended: bool, limit: str | None, session: str | None
) -> None:
    now = instant_of_text(at)
    scene = Scene(NUMBERS, TIMED_OUT, at=now, extended_hours=extended)
    price = None if limit is None else Price(Decimal(limit))
    answer = run(scene.venue.place(approved(limit=price, good_until=later(now, seconds=600))))
    if session is None:
        assert answer == REFUSED_LOCALLY
    else:
        assert json.loads(scene.carrier.requests[-1].body)["session"] == session


def test_schwabs_word_of_the_day_can_only_close() -> None:
    for content, leaves in ((HOURS, True), (CLOSED, False), ({"equity": {}}, True)):
        scene = Scene(NUMBERS, reply(content), reply([]), reply([]), reply(account()), reply([]), TIMED_OUT)
        assert isinstance(run(scene.venue.statement()), AccountStatement)
        assert (run(scene.venue.place(approved())) == TIMED_OUT) == leaves


def test_a_refusal_in_schwabs_words_is_a_rejection() -> None:
    scene = Scene(NUMBERS, refusal(400, "You do not have enough buying power"))
    answer = run(scene.venue.place(approved()))
    assert isinstance(answer, Rejected)
    assert answer.reason is RejectReason.INSUFFICIENT_FUNDS


@pytest.mark.parametrize("answer", [HTML, TAKEN, Reply(status=302, headers={}, body=b""), refusal(500, "down")])
def test_an_answer_that_proves_nothing_leaves_the_order_unknown(answer: Reply) -> None:
    scene = Scene(NUMBERS, answer)
    assert isinstance(run(scene.venue.place(approved())), Unknown)


@pytest.mark.parametrize("lost", [TIMED_OUT, NEVER_LEFT])
def test_what_the_edge_knows_of_a_lost_request_is_the_answer_of_every_call(lost: Unknown | NotSent) -> None:
    scene = Scene(NUMBERS, *[lost] * 7)
    assert run(scene.venue.place(approved())) == lost
    assert run(scene.venue.cancel(OURS, THEIRS)) == lost
    assert run(scene.venue.cancel(OURS, None)) == lost
    assert run(scene.venue.find(OURS)) == lost
    assert run(scene.venue.executions_since("")) == lost
    assert run(scene.venue.statement()) == lost


def test_a_cancel_goes_by_schwabs_id_and_looks_for_it_where_it_is_not_known() -> None:
    scene = Scene(NUMBERS, TAKEN, reply([order()]), TAKEN, reply([]))
    assert run(scene.venue.cancel(OURS, THEIRS)) == CancelTaken()
    assert run(scene.venue.cancel(OURS, None)) == CancelTaken()
    assert scene.carrier.asked[1:] == [f"DELETE {ORDERS}/{THEIRS}", f"GET {ORDERS}", f"DELETE {ORDERS}/{THEIRS}"]
    other = Scene(NUMBERS, reply([]))
    assert isinstance(run(other.venue.cancel(OURS, None)), CancelTooLate)


def test_an_order_is_found_by_its_booked_id_with_its_executions() -> None:
    scene = Scene(NUMBERS, reply(order(execution(1), status="FILLED", closeTime="2025-12-01T15:00:01+0000")))
    scene.book(venue_order_id=THEIRS)
    found = run(scene.venue.find(OURS))
    assert isinstance(found, OrderReport)
    assert (found.order_id, found.filled_qty, found.complete) == (OURS, Decimal(4), True)
    assert scene.carrier.asked[-1] == f"GET {ORDERS}/{THEIRS}"


def test_an_order_that_the_list_does_not_show_is_absent_and_a_lost_list_is_unknown() -> None:
    scene = Scene(NUMBERS, reply([order(price=22.74)]), HTML)
    assert run(scene.venue.find(OURS)) == Absent()
    assert run(scene.venue.find(OURS)) == UNREADABLE
    query = dict(scene.carrier.requests[1].query)
    assert (query["fromEnteredTime"], query["toEnteredTime"]) == (
        "2025-12-01T14:59:55.000Z",
        "2025-12-01T15:00:05.000Z",
    )
    assert run(scene.venue.find(OTHER)) == UNREADABLE


def test_of_two_copies_one_is_ours_and_stays_so() -> None:
    copies = [order(orderId=8, enteredTime="2025-12-01T15:00:01+0000"), order()]
    scene = Scene(NUMBERS, reply(copies), reply([]), reply(copies), reply([]), reply(account()), reply([]))
    found = run(scene.venue.find(OURS))
    assert isinstance(found, OrderReport)
    assert found.venue_order_id == THEIRS
    statement = run(scene.venue.statement())
    assert isinstance(statement, AccountStatement)
    assert {report.venue_order_id: report.order_id for report in statement.open_orders} == {THEIRS: OURS, "8": None}


def test_executions_of_an_order_that_is_not_booked_are_left_to_the_question_for_it() -> None:
    page = reply([order(execution(1)), order(execution(2), orderId=8, price=22.74)])
    scene = Scene(NUMBERS, page, page)
    first = run(scene.venue.executions_since(""))
    assert isinstance(first, tuple)
    assert [(row.venue_order_id, row.order_id) for row in readable(first[0])] == [("8", None)]
    scene.book(venue_order_id=THEIRS)
    second = run(scene.venue.executions_since(first[1]))
    assert isinstance(second, tuple)
    assert [(row.venue_order_id, row.order_id) for row in readable(second[0])] == [(THEIRS, OURS)]


def test_an_empty_page_keeps_the_cursor() -> None:
    scene = Scene(NUMBERS, reply([]))
    assert run(scene.venue.executions_since("5|a")) == ((), "5|a")


def test_a_statement_shows_open_orders_older_ones_and_the_account() -> None:
    old = order(orderId=9, enteredTime="2025-11-01T15:00:00+0000", price=1.0)
    done = order(orderId=10, price=2.0, status="CANCELED", closeTime="2025-12-01T15:00:00+0000")
    scene = Scene(NUMBERS, reply(HOURS), reply([order(), done]), reply([old, order()]), reply(account()), HTML)
    statement = run(scene.venue.statement())
    assert isinstance(statement, AccountStatement)
    names = {report.venue_order_id: report.order_id for report in statement.open_orders}
    assert names == {"9": None, THEIRS: OURS}
    assert (statement.account, statement.stated_at) == (MAIN, REGULAR)
    assert dict(scene.carrier.requests[3].query)["status"] == "WORKING"


def test_an_account_that_the_login_does_not_reach_is_refused_here() -> None:
    scene = Scene(reply([{"accountNumber": "1", "hashValue": "XYZ"}]))
    assert run(scene.venue.place(approved())) == REFUSED_LOCALLY
    assert len(scene.carrier.requests) == 1


def test_without_a_login_nothing_leaves() -> None:
    scene = Scene(tokens=None)
    assert run(scene.venue.place(approved())) == REFUSED_LOCALLY
    assert run(scene.venue.cancel(OURS, THEIRS)) == REFUSED_LOCALLY
    assert run(scene.venue.statement()) == REFUSED_LOCALLY
    assert scene.carrier.requests == []


def test_a_token_that_is_not_taken_is_replaced_before_the_next_request() -> None:
    scene = Scene(NUMBERS, refusal(401, "Client not authorized"), TAKEN)
    scene.for_tokens.answers.append(reply({"access_token": "third", "refresh_token": "r", "expires_in": 1800}))
    assert isinstance(run(scene.venue.place(approved())), Rejected)
    scene.clock.at = later(REGULAR, seconds=20)
    assert run(scene.venue.cancel(OURS, THEIRS)) == CancelTaken()
    assert len(scene.for_tokens.requests) == 2


def test_while_no_token_can_be_had_only_cancels_leave_with_the_old_one() -> None:
    scene = Scene(NUMBERS, refusal(401, "Client not authorized"), TAKEN)
    assert isinstance(run(scene.venue.place(approved())), Rejected)
    assert run(scene.venue.place(approved())) == REFUSED_LOCALLY
    assert run(scene.venue.find(OURS)) == REFUSED_LOCALLY
    assert run(scene.venue.cancel(OURS, THEIRS)) == CancelTaken()
    assert len(scene.for_tokens.requests) == 1


def test_while_schwab_asks_to_wait_only_cancels_leave() -> None:
    slow = Reply(status=429, headers={"retry-after": "20"}, body=b"")
    scene = Scene(NUMBERS, slow, TAKEN)
    answer = run(scene.venue.place(approved()))
    assert isinstance(answer, Rejected)
    assert answer.reason is RejectReason.RATE_LIMITED
    assert run(scene.venue.place(approved())) == REFUSED_LOCALLY
    assert run(scene.venue.find(OURS)) == REFUSED_LOCALLY
    assert run(scene.venue.cancel(OURS, THEIRS)) == CancelTaken()


def test_reads_leave_room_for_orders_and_cancels() -> None:
    scene = Scene(NUMBERS, *[reply([])] * 74, TIMED_OUT, TAKEN)
    for _ in range(74):
        assert run(scene.venue.find(OURS)) == Absent()
    assert run(scene.venue.find(OURS)) == REFUSED_LOCALLY
    assert run(scene.venue.place(approved())) == TIMED_OUT
    assert run(scene.venue.cancel(OURS, VenueOrderId("1"))) == CancelTaken()


def test_the_hash_is_asked_for_once() -> None:
    scene = Scene(NUMBERS, reply([]), reply([]))
    run(scene.venue.find(OURS))
    run(scene.venue.find(OURS))
    assert scene.carrier.asked.count("GET /trader/v1/accounts/accountNumbers") == 1
    assert HASH in scene.carrier.asked[-1]


def test_without_a_stream_nothing_is_pushed() -> None:
    assert run(Scene().venue.watch(lambda _report: None)) is False


def test_an_order_that_is_over_does_not_stand_open_whatever_its_status_is_called() -> None:
    done = order(orderId=10, status="A_WORD_OF_TOMORROW", filledQuantity=10.0)
    part = order(orderId=11, status="A_WORD_OF_TOMORROW", filledQuantity=9.0)
    closed = order(orderId=12, status="A_WORD_OF_TOMORROW", closeTime="2025-12-01T15:00:00+0000")
    scene = Scene(NUMBERS, reply(HOURS), reply([done, part, closed]), reply([]), reply(account()), reply([]))
    statement = run(scene.venue.statement())
    assert isinstance(statement, AccountStatement)
    assert [report.venue_order_id for report in statement.open_orders] == ["11"]


def test_fees_of_trades_come_with_a_statement_and_what_was_read_last_stands_in() -> None:
    statement_of = (reply(HOURS), reply([]), reply([]), reply(account()))
    scene = Scene(NUMBERS, *statement_of, reply([FEES]), *statement_of[1:], TIMED_OUT)
    scene.book(venue_order_id=THEIRS)
    for _ in range(2):
        statement = run(scene.venue.statement())
        assert isinstance(statement, AccountStatement)
        assert [(each.activity_id, each.amount, each.order_id) for each in statement.activities] == [
            ("7:SEC_FEE", Decimal("-0.05"), OURS)
        ]


def test_an_order_that_was_replaced_is_found_in_its_successor() -> None:
    second = order(execution(2, 6.0), orderId=8, status="FILLED", **sized(6.0))
    scene = Scene(NUMBERS, reply(replaced(8, execution(1, 4.0))), reply(second), reply(replaced(8)), GONE)
    scene.book(venue_order_id=THEIRS)
    found = run(scene.venue.find(OURS))
    assert isinstance(found, OrderReport)
    assert (found.order_id, found.venue_order_id, found.status) == (OURS, THEIRS, VenueStatus.FILLED)
    assert [(each.order_id, each.qty) for each in found.executions] == [(OURS, Decimal(4)), (OURS, Decimal(6))]
    assert run(scene.venue.find(OURS)) == UNREADABLE


def test_executions_and_open_orders_of_a_successor_are_ours_and_no_order_is_taken_for_one() -> None:
    both = reply([order(execution(2, 2.0), orderId=8, **sized(6.0)), replaced(8, execution(1, 4.0))])
    scene = Scene(NUMBERS, both, reply(HOURS), both, reply([]), reply(account()), reply([]))
    scene.book(venue_order_id=THEIRS)
    scene.orders.append(own(order_id=OTHER, qty=Quantity(Decimal(6))))
    page = run(scene.venue.executions_since(""))
    assert isinstance(page, tuple)
    assert [(row.order_id, row.qty) for row in readable(page[0])] == [(OURS, Decimal(4)), (OURS, Decimal(2))]
    statement = run(scene.venue.statement())
    assert isinstance(statement, AccountStatement)
    assert [(each.venue_order_id, each.order_id, each.filled_qty) for each in statement.open_orders] == [
        (THEIRS, OURS, Decimal(6))
    ]


def test_a_cancel_of_an_order_that_was_replaced_goes_to_its_successor() -> None:
    late = refusal(400, "Order cannot be canceled")
    first, second = replaced(8), order(orderId=8, **sized(6.0))
    scene = Scene(NUMBERS, late, reply(first), reply(second), TAKEN)
    scene.book(venue_order_id=THEIRS)
    assert isinstance(run(scene.venue.cancel(OURS, THEIRS)), CancelTooLate)
    assert isinstance(run(scene.venue.find(OURS)), OrderReport)
    assert run(scene.venue.cancel(OURS, THEIRS)) == CancelTaken()
    assert scene.carrier.asked[-1] == f"DELETE {ORDERS}/8"
    listed = Scene(NUMBERS, reply([second, first]), TAKEN)
    listed.book(venue_order_id=THEIRS)
    run(listed.venue.executions_since(""))
    assert run(listed.venue.cancel(OURS, THEIRS)) == CancelTaken()
    assert listed.carrier.asked[-1] == f"DELETE {ORDERS}/8"


@pytest.mark.parametrize(
    ("stated", "told"),
    [(0.05, ["7:SEC_FEE"]), (0.06, ["7:SEC_FEE", f"{THEIRS}:commissionAndFee"])],
)
def test_a_fee_that_an_order_and_the_history_state_is_booked_once_and_a_difference_is_told(
    stated: float, told: list[str]
) -> None:
    costs = {"fee": {"feeLegs": [{"feeValues": [{"value": stated, "type": "SEC_FEE"}]}]}}
    done = reply([order(execution(1, 10.0), status="FILLED", commissionAndFee=costs)])
    scene = Scene(NUMBERS, done, reply(HOURS), done, reply([]), reply(account()), reply([FEES]))
    scene.book(venue_order_id=THEIRS)
    page = run(scene.venue.executions_since(""))
    assert isinstance(page, tuple)
    assert [row.fees for row in readable(page[0])] == [()]
    statement = run(scene.venue.statement())
    assert isinstance(statement, AccountStatement)
    assert [each.activity_id for each in statement.activities] == told
    assert sum(each.amount for each in statement.activities) == Decimal("-0.05")
    assert all(each.order_id == OURS for each in statement.activities)


def test_fees_are_compared_only_once_the_history_shows_the_whole_order() -> None:
    costs = {"fee": {"feeLegs": [{"feeValues": [{"value": 0.09, "type": "SEC_FEE"}]}]}}
    part = FEES | {"transferItems": [FEES["transferItems"][1], FEES["transferItems"][2] | {"amount": -4.0}]}
    done = reply([order(execution(1, 10.0), status="FILLED", commissionAndFee=costs)])
    scene = Scene(NUMBERS, reply(HOURS), done, reply([]), reply(account()), reply([part]))
    scene.book(venue_order_id=THEIRS)
    statement = run(scene.venue.statement())
    assert isinstance(statement, AccountStatement)
    assert [each.activity_id for each in statement.activities] == ["7:SEC_FEE"]
