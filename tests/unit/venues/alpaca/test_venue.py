"""The adapter: what it sends, what it does not send, and what it makes of the replies."""

from __future__ import annotations

import asyncio
from datetime import date
from decimal import Decimal

import pytest

from flatbook.engine.ports import ApprovedOrder, FillSource, IdRule, OrderVenue
from flatbook.engine.reports import (
    Absent,
    Accepted,
    AccountStatement,
    CancelTaken,
    CancelTooLate,
    MarketHours,
    NotSent,
    OrderReport,
    Rejected,
    Unknown,
    UnreadableExecution,
    VenueStatus,
)
from flatbook.events.activities import ActivityKind
from flatbook.events.orders import NotSentReason, RejectReason, UnknownReason
from flatbook.values.ids import AccountId, InstrumentId, OrderId, VenueOrderId
from flatbook.values.instants import instant_of_text, later
from flatbook.values.money import Price, Quantity
from flatbook.venues.alpaca import venue as adapter
from flatbook.venues.alpaca.wire import trading_api
from flatbook.venues.http import Carried, Reply, Request
from tests.desk import readable
from tests.unit.venues.alpaca.sample import (
    ASSET,
    BROKER,
    DAY,
    HTML,
    INSTRUMENT,
    NOT_FOUND,
    OURS,
    REGULAR,
    THEIRS,
    Carrier,
    account,
    approved,
    charged,
    fill,
    market,
    order,
    position,
    refusal,
    reply,
    run,
    scene,
)

TIMED_OUT = Unknown(reason=UnknownReason.TIMED_OUT)
SERVER_FAULT = Unknown(reason=UnknownReason.SERVER_FAULT)
UNREADABLE = Unknown(reason=UnknownReason.UNREADABLE)
NEVER_LEFT = NotSent(reason=NotSentReason.NO_CONNECTION)
REFUSED_LOCALLY = NotSent(reason=NotSentReason.REFUSED_LOCALLY)
EXPIRED = NotSent(reason=NotSentReason.EXPIRED)
TAKEN = Reply(status=204, headers={}, body=b"")
THEIR_ID = VenueOrderId(THEIRS)
ORDERS = BROKER.orders
FILLS = "/v1/accounts/activities/FILL"
BY_CLIENT_ID = f"{ORDERS}:by_client_order_id"
HALT = reply({"message": "too many requests."}, 429, retry_after="20")


def test_the_adapter_is_a_venue_of_the_engine() -> None:
    venue: OrderVenue = scene()[0]
    assert venue.card.id_rule is IdRule.FOR_EVER
    assert venue.card.fill_source is FillSource.EXECUTIONS
    assert (venue.card.name, venue.card.request_window_s, venue.card.place_timeout_s) == ("alpaca", 30, 10)


def test_an_order_is_sent_once_and_is_given_up_after_its_time_out() -> None:
    venue, carrier, _ = scene(reply(order(status="accepted")))
    answer = run(venue.place(approved()))
    assert isinstance(answer, Accepted)
    assert (answer.venue_order_id, answer.pending) == (THEIRS, True)
    assert carrier.asked == [f"POST {ORDERS}"]
    assert carrier.timeouts == [later(REGULAR, seconds=10)]


def test_the_trading_api_is_spoken_where_it_is_configured() -> None:
    venue, carrier, _ = scene(reply(order()), TAKEN, api=trading_api())
    run(venue.place(approved()))
    run(venue.cancel(OURS, THEIR_ID))
    assert carrier.asked == ["POST /v2/orders", f"DELETE /v2/orders/{THEIRS}"]


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        (approved(account=AccountId("other")), REFUSED_LOCALLY),
        (approved(instrument=InstrumentId("alpaca:TSLA")), REFUSED_LOCALLY),
        (approved(qty=Quantity(Decimal("0.0000000001"))), REFUSED_LOCALLY),
        (approved(limit=Price(Decimal("210.123"))), REFUSED_LOCALLY),
        (approved(good_until=REGULAR), EXPIRED),
    ],
)
def test_an_order_that_cannot_be_sent_never_leaves(stated: ApprovedOrder, expected: NotSent) -> None:
    venue, carrier, _ = scene()
    assert run(venue.place(stated)) == expected
    assert carrier.requests == []


@pytest.mark.parametrize(
    ("at", "extended_hours", "limit", "leaves"),
    [
        ("2025-12-01T13:00:00Z", False, "210", False),
        ("2025-12-01T13:00:00Z", True, "210", True),
        ("2025-12-01T13:00:00Z", True, None, False),
        ("2025-12-01T20:59:40Z", False, "210", False),
        ("2025-12-01T20:59:40Z", True, None, False),
        ("2025-12-01T22:00:00Z", False, "210", False),
        ("2025-12-02T00:59:40Z", True, "210", False),
        ("2025-11-28T21:30:00Z", True, "210", True),
        ("2025-11-28T22:00:00Z", True, "210", False),
    ],
)
def test_no_order_is_left_to_a_session_that_is_not_open_yet(
    at: str, extended_hours: bool, limit: str | None, leaves: bool
) -> None:
    now = instant_of_text(at)
    venue, carrier, _ = scene(SERVER_FAULT, at=now, extended_hours=extended_hours)
    price = None if limit is None else Price(Decimal(limit))
    answer = run(venue.place(approved(limit=price, good_until=later(now, seconds=600))))
    assert answer == (SERVER_FAULT if leaves else REFUSED_LOCALLY)
    assert len(carrier.requests) == leaves


@pytest.mark.parametrize("lost", [TIMED_OUT, NEVER_LEFT])
def test_what_the_edge_knows_of_a_lost_request_is_the_answer_of_every_call(lost: Unknown | NotSent) -> None:
    venue, carrier, _ = scene(*[lost] * 6)
    assert run(venue.place(approved())) == lost
    assert run(venue.cancel(OURS, THEIR_ID)) == lost
    assert run(venue.cancel(OURS, None)) == lost
    assert run(venue.find(OURS)) == lost
    assert run(venue.executions_since("")) == lost
    assert run(venue.statement()) == lost
    assert carrier.answers == []


def test_an_id_that_is_taken_is_rejected_so_that_the_engine_asks_for_its_order() -> None:
    venue, carrier, _ = scene(refusal(422, 40010001, "client_order_id must be unique"))
    answer = run(venue.place(approved()))
    assert isinstance(answer, Rejected)
    assert answer.reason is RejectReason.DUPLICATE_ID
    assert len(carrier.requests) == 1


def test_a_cancel_goes_by_alpacas_id_and_asks_for_it_where_it_is_not_known() -> None:
    venue, carrier, _ = scene(TAKEN, reply(order()), TAKEN)
    assert run(venue.cancel(OURS, THEIR_ID)) == CancelTaken()
    assert run(venue.cancel(OURS, None)) == CancelTaken()
    assert carrier.asked == [f"DELETE {ORDERS}/{THEIRS}", f"GET {BY_CLIENT_ID}", f"DELETE {ORDERS}/{THEIRS}"]


@pytest.mark.parametrize(
    ("answer", "expected"), [(NOT_FOUND, CancelTooLate(message="order not found")), (HTML, UNREADABLE)]
)
def test_a_cancel_of_an_order_that_cannot_be_found_deletes_nothing(answer: Reply, expected: object) -> None:
    venue, carrier, _ = scene(answer)
    assert run(venue.cancel(OURS, None)) == expected
    assert carrier.asked == [f"GET {BY_CLIENT_ID}"]


def test_an_order_without_executions_is_found_in_one_request() -> None:
    venue, carrier, _ = scene(reply(order()))
    report = run(venue.find(OURS))
    assert isinstance(report, OrderReport)
    assert (report.status, report.complete, report.executions) == (VenueStatus.OPEN, True, ())
    assert carrier.asked == [f"GET {BY_CLIENT_ID}"]


def test_an_order_is_found_with_its_executions() -> None:
    venue, carrier, _ = scene(
        reply(order(status="filled", filled_qty="10.5")), reply([fill(2, "0.5"), fill(1, "10", type="partial_fill")])
    )
    report = run(venue.find(OURS))
    assert isinstance(report, OrderReport)
    assert (report.status, report.complete) == (VenueStatus.FILLED, True)
    assert [(execution.order_id, execution.qty) for execution in report.executions] == [
        (OURS, Decimal(10)),
        (OURS, Decimal("0.5")),
    ]
    assert carrier.asked == [f"GET {BY_CLIENT_ID}", f"GET {FILLS}"]
    assert ("order_id", THEIRS) in carrier.requests[1].query


@pytest.mark.parametrize("second", [TIMED_OUT, HTML, reply([]), reply([fill(1, "2")])])
def test_an_order_whose_executions_cannot_be_read_still_says_how_much_is_filled(second: Carried) -> None:
    venue, _, _ = scene(reply(order(status="canceled", filled_qty="4.5")), second)
    report = run(venue.find(OURS))
    assert isinstance(report, OrderReport)
    assert (report.status, report.filled_qty, report.complete) == (VenueStatus.CANCELED, Decimal("4.5"), False)


def test_an_order_that_alpaca_does_not_have_is_absent() -> None:
    venue, _, _ = scene(NOT_FOUND)
    assert run(venue.find(OURS)) == Absent()


def test_executions_carry_our_client_id_which_is_asked_for_once_for_each_order() -> None:
    theirs = order(id="other", client_order_id="somebody")
    venue, carrier, _ = scene(
        reply([fill(1, "1"), fill(2, "2", order_id="other"), fill(3, "3")]),
        reply(order()),
        reply(theirs),
        reply([fill(4, "4")]),
    )
    page = run(venue.executions_since(""))
    assert not isinstance(page, Unknown | NotSent)
    executions, cursor = readable(page[0]), page[1]
    assert [(execution.order_id, execution.qty) for execution in executions] == [
        (OURS, Decimal(1)),
        ("somebody", Decimal(2)),
        (OURS, Decimal(3)),
    ]
    assert cursor == "20251201100003977::8efc7b9a-8b2b-4000-9955-d36e7db0df73"
    run(venue.executions_since(cursor))
    assert carrier.asked == [f"GET {FILLS}", f"GET {ORDERS}/{THEIRS}", f"GET {ORDERS}/other", f"GET {FILLS}"]
    assert ("after", "2025-11-24T15:00:00Z") in carrier.requests[0].query
    assert ("page_token", cursor) in carrier.requests[3].query


def test_an_order_that_was_found_need_not_be_asked_for_again() -> None:
    venue, carrier, _ = scene(reply(order()), reply([fill(1, "1")]))
    run(venue.find(OURS))
    page = run(venue.executions_since("1"))
    assert not isinstance(page, Unknown | NotSent)
    assert readable(page[0])[0].order_id == OURS
    assert len(carrier.requests) == 2


def test_an_answer_that_names_the_order_of_a_neighbour_gives_it_no_fills() -> None:
    """Alpaca answers the place request with the id of another order of ours, before and after we know that one."""
    second = approved(order_id=OrderId("fbtwo"))
    confused = reply(order(client_order_id="fbtwo"))
    venue, _, _ = scene(confused, reply([fill(1, "1")]), reply(order()), confused, confused)
    assert isinstance(run(venue.place(second)), Accepted)
    page = run(venue.executions_since(""))
    assert not isinstance(page, Unknown | NotSent)
    assert readable(page[0])[0].order_id == OURS
    assert run(venue.place(second)) == UNREADABLE
    assert run(venue.find(second.order_id)) == UNREADABLE


def test_the_end_of_the_executions_keeps_the_cursor() -> None:
    venue, _, _ = scene(reply([]))
    assert run(venue.executions_since("2025::8efc")) == ((), "2025::8efc")


@pytest.mark.parametrize("failed", [TIMED_OUT, UNREADABLE, NEVER_LEFT])
def test_a_page_ends_before_the_execution_whose_order_cannot_be_had(failed: Unknown | NotSent) -> None:
    lines = [fill(1, "1"), fill(2, "2", order_id="other"), fill(3, "3")]
    venue, _, _ = scene(reply(lines), reply(order()), failed, reply(lines[1:]), failed)
    page = run(venue.executions_since(""))
    assert not isinstance(page, Unknown | NotSent)
    assert [execution.qty for execution in readable(page[0])] == [Decimal(1)]
    assert page[1] == "20251201100001977::8efc7b9a-8b2b-4000-9955-d36e7db0df71"
    assert run(venue.executions_since(page[1])) == failed


def test_an_order_that_is_missing_right_after_its_execution_is_no_strangers_yet() -> None:
    executed_at = instant_of_text("2025-12-01T15:00:01.977Z")
    lines = reply([fill(1, "1")])
    venue, _, clock = scene(lines, NOT_FOUND, lines, NOT_FOUND, at=later(executed_at, seconds=4))
    assert run(venue.executions_since("")) == UNREADABLE
    clock.at = later(executed_at, seconds=5)
    page = run(venue.executions_since(""))
    assert not isinstance(page, Unknown | NotSent)
    assert readable(page[0])[0].order_id is None


def test_a_fill_that_cannot_be_read_is_passed_on_by_its_id_and_the_cursor_moves_on() -> None:
    bad = fill(2, "2") | {"qty": "2,5"}
    venue, carrier, _ = scene(reply([fill(1, "1"), bad]), reply(order()))
    page = run(venue.executions_since(""))
    assert not isinstance(page, Unknown | NotSent)
    (sound, unreadable), cursor = page
    assert readable((sound,))[0].qty == Decimal(1)
    assert isinstance(unreadable, UnreadableExecution)
    assert (unreadable.execution_id, unreadable.instrument) == (cursor, "alpaca:AAPL")
    assert carrier.answers == []


def test_a_page_of_many_orders_is_read_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter, "LOOKUPS_MAX", 2)
    monkeypatch.setattr(adapter, "CLIENT_IDS_MAX", 2)
    lines = [fill(number, "1", order_id=f"order-{number}") for number in (1, 2, 3)]
    answers = [reply(order(id=f"order-{number}", client_order_id=f"ours-{number}")) for number in (1, 2, 3)]
    venue, carrier, _ = scene(reply(lines), *answers[:2], reply(lines[2:]), answers[2])
    first = run(venue.executions_since(""))
    assert not isinstance(first, Unknown | NotSent)
    second = run(venue.executions_since(first[1]))
    assert not isinstance(second, Unknown | NotSent)
    assert [execution.order_id for execution in readable(first[0] + second[0])] == ["ours-1", "ours-2", "ours-3"]
    assert carrier.answers == []


def test_a_statement_is_read_part_by_part_and_is_dated_before_the_first() -> None:
    parts = (reply([order()]), reply([position()]), reply(account()), reply([charged()]))
    venue, carrier, clock = scene(*parts, *market())
    carrier.takes_s = 2
    statement = run(venue.statement())
    assert isinstance(statement, AccountStatement)
    assert (statement.stated_at, clock.now()) == (REGULAR, later(REGULAR, seconds=14))
    reads = (
        ORDERS,
        BROKER.positions,
        BROKER.account,
        BROKER.activities,
        "/v1/calendar",
        "/v1/clock",
        "/v1/assets/AAPL",
    )
    assert carrier.asked == [f"GET {path}" for path in reads]
    assert [(each.kind, each.venue_kind, each.amount) for each in statement.activities] == [
        (ActivityKind.FEE, "FEE TAF", Decimal("-0.02"))
    ]


def test_what_was_booked_is_read_page_after_page_and_a_list_without_end_is_no_statement() -> None:
    pages = [reply([charged(f"x::{page}-{number}") for number in range(100)]) for page in range(5)]
    calm = (reply([]), reply([]), reply(account()))
    venue, carrier, _ = scene(*calm, *pages[:2], reply([charged("last")]), *market())
    statement = run(venue.statement())
    assert isinstance(statement, AccountStatement)
    assert len(statement.activities) == 201
    tokens = [dict(request.query).get("page_token") for request in carrier.requests[3:6]]
    assert tokens == [None, "x::0-99", "x::1-99"]
    venue, _, _ = scene(*calm, *pages)
    assert isinstance(run(venue.statement()), Unknown)


@pytest.mark.parametrize("before", [0, 1, 2, 3, 4])
def test_a_statement_stops_at_the_read_that_fails(before: int) -> None:
    replies = (reply([]), reply([]), reply(account()), reply([]))
    venue, carrier, _ = scene(*replies[:before], TIMED_OUT)
    assert run(venue.statement()) == TIMED_OUT
    assert len(carrier.requests) == before + 1


def test_while_alpaca_asks_to_wait_nothing_but_cancels_is_sent() -> None:
    venue, carrier, clock = scene(HALT, TAKEN, reply(order()), TAKEN, reply(order()))
    answer = run(venue.place(approved()))
    assert isinstance(answer, Rejected)
    assert answer.reason is RejectReason.RATE_LIMITED
    clock.at = later(REGULAR, seconds=19)
    assert run(venue.place(approved())) == REFUSED_LOCALLY
    assert run(venue.find(OURS)) == REFUSED_LOCALLY
    assert run(venue.executions_since("")) == REFUSED_LOCALLY
    assert run(venue.statement()) == REFUSED_LOCALLY
    assert run(venue.cancel(OURS, THEIR_ID)) == CancelTaken()
    assert run(venue.cancel(OURS, None)) == CancelTaken()
    assert len(carrier.requests) == 4
    clock.at = later(REGULAR, seconds=20)
    assert isinstance(run(venue.find(OURS)), OrderReport)


def test_requests_under_way_are_bounded_and_cancels_pass_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter, "ASKING_MAX", 1)
    venue, _, _ = scene()

    class Waiting:
        def __init__(self) -> None:
            self.go = asyncio.Event()

        async def send(self, request: Request, timeout_at: object) -> Carried:
            if request.method == "DELETE":
                return TAKEN
            await self.go.wait()
            return reply(order())

    async def talk() -> list[object]:
        carrier = Waiting()
        venue._http = carrier
        first = asyncio.create_task(venue.find(OURS))
        await asyncio.sleep(0)
        second, canceled = await venue.find(OrderId("fbtwo")), await venue.cancel(OURS, THEIR_ID)
        carrier.go.set()
        return [await first, second, canceled]

    first, second, canceled = asyncio.run(talk())
    assert isinstance(first, OrderReport)
    assert second == REFUSED_LOCALLY
    assert canceled == CancelTaken()


def test_nothing_is_pushed_yet() -> None:
    venue, _, _ = scene()
    pushed: list[object] = []
    assert run(venue.watch(pushed.append)) is False
    assert pushed == []


def stated_with(*replies: Reply | Unknown) -> tuple[AccountStatement, OrderVenue, Carrier]:
    venue, carrier, _ = scene(reply([]), reply([]), reply(account(cash_withdrawable="4000.5")), reply([]), *replies)
    statement = run(venue.statement())
    assert isinstance(statement, AccountStatement)
    return statement, venue, carrier


def test_a_statement_says_when_the_market_is_open_what_the_clock_shows_and_what_is_settled() -> None:
    statement, _, _ = stated_with(*market())
    assert statement.hours == MarketHours(
        trade_date=date(2025, 12, 1),
        opens_at=instant_of_text("2025-12-01T14:30:00Z"),
        closes_at=instant_of_text("2025-12-01T21:00:00Z"),
    )
    assert statement.untradable == ()
    shown = instant_of_text("2025-12-01T15:00:10.25Z")
    assert statement.clock is not None
    assert (statement.clock.earliest, statement.clock.latest) == (shown, shown)
    assert statement.funds is not None
    assert (statement.funds.settled, statement.funds.borrowable) == (Decimal("4000.5"), (INSTRUMENT.id,))


@pytest.mark.parametrize(
    "asset",
    [reply({}, 500), reply(ASSET | {"tradable": False}), reply(ASSET | {"status": "inactive"}), TIMED_OUT],
)
def test_a_share_that_is_not_tradable_or_not_known_is_stated_as_such(asset: Reply | Unknown) -> None:
    statement, _, _ = stated_with(*market()[:2], asset)
    assert statement.untradable == (INSTRUMENT.id,)


def test_nothing_is_sent_while_alpaca_holds_the_market_closed() -> None:
    closed = reply([])
    _, venue, carrier = stated_with(closed, *market()[1:])
    assert run(venue.place(approved())) == REFUSED_LOCALLY
    short = reply([DAY | {"close": "09:45"}])
    _, venue, carrier = stated_with(short, *market()[1:])
    assert run(venue.place(approved())) == REFUSED_LOCALLY
    _, venue, carrier = stated_with(*market())
    carrier.answers.append(reply(order()))
    assert isinstance(run(venue.place(approved())), Accepted)
