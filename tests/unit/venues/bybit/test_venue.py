"""The adapter: what it sends to Bybit, what it does not send, and what it makes of the replies."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from flatbook.engine.ports import ApprovedOrder, FillSource, IdRule, OrderVenue
from flatbook.engine.reports import (
    Absent,
    Accepted,
    AccountStatement,
    CancelTaken,
    CancelTooLate,
    Execution,
    NotSent,
    OrderReport,
    Rejected,
    Unknown,
    VenueStatus,
)
from flatbook.events.activities import ActivityKind
from flatbook.events.orders import NotSentReason, OrderStyle, RejectReason, UnknownReason
from flatbook.values.ids import AccountId, AssetId, InstrumentId, VenueOrderId
from flatbook.values.instants import NS_PER_MS, SECONDS_PER_DAY, later
from flatbook.values.instruments import Side
from flatbook.values.money import Price, Quantity
from flatbook.venues.http import Carried, Reply
from tests.unit.venues.bybit.sample import (
    ACCOUNT,
    EMPTY,
    HTML,
    KEY,
    LINEAR_LISTED,
    NOW,
    NOW_MS,
    OURS,
    PERP,
    PLACED,
    SPOT,
    SPOT_LISTED,
    THEIRS,
    approved,
    execution,
    order,
    page,
    position,
    refusal,
    reply,
    run,
    scene,
)

CREATE, CANCEL, CANCEL_ALL = "/v5/order/create", "/v5/order/cancel", "/v5/order/cancel-all"
PRESENT, PAST, EXECUTIONS = "/v5/order/realtime", "/v5/order/history", "/v5/execution/list"
REFUSED_LOCALLY = NotSent(reason=NotSentReason.REFUSED_LOCALLY)
UNREADABLE = Unknown(reason=UnknownReason.UNREADABLE)
SERVER_FAULT = Unknown(reason=UnknownReason.SERVER_FAULT)
TIMED_OUT = Unknown(reason=UnknownReason.TIMED_OUT)
NEVER_LEFT = NotSent(reason=NotSentReason.NO_CONNECTION)


def test_the_adapter_is_a_venue_of_the_engine() -> None:
    venue: OrderVenue = scene({})[0]
    assert venue.card.id_rule is IdRule.WINDOW
    assert venue.card.fill_source is FillSource.EXECUTIONS
    assert (venue.card.name, venue.card.request_window_s, venue.card.place_timeout_s) == ("bybit", 5, 10)


def test_an_order_is_sent_once_as_bybit_wants_it_and_is_pending() -> None:
    venue, carrier, _ = scene({CREATE: [PLACED]})
    answer = run(venue.place(approved()))
    at = later(NOW, ms=7)
    assert answer == Accepted(venue_order_id=VenueOrderId(THEIRS), pending=True, happened_at=at)
    assert carrier.asked == [f"POST {CREATE}"]
    assert carrier.body() == {
        "category": "linear",
        "symbol": "BTCUSDT",
        "side": "Buy",
        "orderType": "Limit",
        "qty": "0.003",
        "price": "26864.4",
        "timeInForce": "GTC",
        "orderLinkId": OURS,
        "smpType": "CancelMaker",
        "positionIdx": 0,
        "reduceOnly": False,
    }


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"style": OrderStyle.POST_ONLY}, {"timeInForce": "PostOnly", "orderType": "Limit"}),
        ({"style": OrderStyle.IOC}, {"timeInForce": "IOC", "orderType": "Limit"}),
        ({"reduce_only": True, "side": Side.SELL}, {"reduceOnly": True, "side": "Sell"}),
        ({"limit": None}, {"orderType": "Market", "timeInForce": "IOC"}),
        ({"instrument": SPOT}, {"category": "spot", "isLeverage": 0}),
        ({"instrument": SPOT, "limit": None}, {"orderType": "Market", "marketUnit": "baseCoin", "qty": "0.003"}),
    ],
)
def test_styles_and_markets_have_words_of_their_own(changes: dict[str, Any], expected: dict[str, Any]) -> None:
    venue, carrier, _ = scene({CREATE: [PLACED]})
    run(venue.place(approved(**changes)))
    body = carrier.body()
    assert {name: body.get(name) for name in expected} == expected
    assert ("positionIdx" in body) == (body["category"] == "linear")


def test_a_request_lives_no_longer_than_its_order_may() -> None:
    venue, carrier, _ = scene({CREATE: [PLACED]})
    run(venue.place(approved()))
    run(venue.place(approved(good_until=later(NOW, ms=1200))))
    windows = [dict(request.headers)["X-BAPI-RECV-WINDOW"] for request in carrier.requests]
    assert windows == ["5000", "1200"]


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        (approved(account=AccountId("other")), REFUSED_LOCALLY),
        (approved(instrument=InstrumentId("bybit:ETHUSDT")), REFUSED_LOCALLY),
        (approved(qty=Quantity(Decimal("0.0031"))), REFUSED_LOCALLY),
        (approved(limit=Price(Decimal("26864.45"))), REFUSED_LOCALLY),
        (approved(good_until=NOW), NotSent(reason=NotSentReason.EXPIRED)),
    ],
)
def test_an_order_that_cannot_be_sent_never_leaves(stated: ApprovedOrder, expected: NotSent) -> None:
    venue, carrier, _ = scene({})
    assert run(venue.place(stated)) == expected
    assert carrier.requests == []


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (TIMED_OUT, TIMED_OUT),
        (NEVER_LEFT, NEVER_LEFT),
        (HTML, UNREADABLE),
        (refusal(10016), SERVER_FAULT),
        (refusal(170007), SERVER_FAULT),
        (refusal(10000), SERVER_FAULT),
        (refusal(77_777), UNREADABLE),
        (Reply(status=502, headers={}, body=b"bad gateway"), SERVER_FAULT),
        (Reply(status=404, headers={}, body=b""), UNREADABLE),
        (reply({"orderId": THEIRS, "orderLinkId": "another"}), UNREADABLE),
        (reply({"orderId": "", "orderLinkId": OURS}), UNREADABLE),
        (reply({"orderId": THEIRS}), UNREADABLE),
        (reply([]), UNREADABLE),
    ],
)
def test_what_proves_nothing_leaves_the_order_unknown_and_it_is_not_sent_again(
    answer: Carried, expected: Unknown | NotSent
) -> None:
    venue, carrier, _ = scene({CREATE: [answer]})
    assert run(venue.place(approved())) == expected
    assert carrier.asked == [f"POST {CREATE}"]


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (110007, RejectReason.INSUFFICIENT_FUNDS),
        (170131, RejectReason.INSUFFICIENT_FUNDS),
        (110072, RejectReason.DUPLICATE_ID),
        (170141, RejectReason.DUPLICATE_ID),
        (170218, RejectReason.WOULD_TAKE),
        (10006, RejectReason.RATE_LIMITED),
        (110003, RejectReason.INVALID_PRICE),
        (110094, RejectReason.INVALID_QUANTITY),
        (110999, RejectReason.OTHER),
        (10003, RejectReason.RESTRICTED),
    ],
)
def test_a_code_of_bybit_says_why_an_order_was_turned_down(code: int, reason: RejectReason) -> None:
    venue, _, _ = scene({CREATE: [refusal(code, "because")]})
    answer = run(venue.place(approved()))
    assert isinstance(answer, Rejected)
    assert (answer.reason, answer.code, answer.message) == (reason, str(code), "because")


def test_after_a_refused_key_nothing_is_placed_until_the_account_was_read_anew_but_exits_pass() -> None:
    venue, carrier, _ = scene({CREATE: [refusal(10003, "API key is invalid."), PLACED]})
    run(venue.place(approved()))
    assert run(venue.place(approved())) == REFUSED_LOCALLY
    assert isinstance(run(venue.place(approved(reduce_only=True))), Accepted)
    assert venue.standing.flaw == "10003: API key is invalid."
    assert carrier.asked == [f"POST {CREATE}"] * 2


def test_nothing_is_placed_before_the_account_was_read() -> None:
    venue, carrier, _ = scene({CREATE: [PLACED]}, stated=False)
    assert run(venue.place(approved())) == REFUSED_LOCALLY
    assert carrier.requests == []


def test_where_bybit_asks_to_wait_orders_and_reads_do_and_cancels_pass() -> None:
    limited = reply({}, code=10006, message="Too many visits!", x_bapi_limit="10", x_bapi_limit_status="0")
    venue, carrier, _ = scene({CREATE: [limited], CANCEL: [PLACED]})
    run(venue.place(approved()))
    assert run(venue.place(approved())) == REFUSED_LOCALLY
    assert run(venue.find(OURS)) == REFUSED_LOCALLY
    assert run(venue.cancel(OURS, VenueOrderId(THEIRS), PERP)) == CancelTaken()
    assert carrier.asked == [f"POST {CREATE}", f"POST {CANCEL}"]


def test_after_a_403_nothing_is_sent_for_bybit_has_banned_the_address() -> None:
    venue, carrier, clock = scene({CREATE: [Reply(status=403, headers={}, body=b"access too frequent")]})
    answer = run(venue.place(approved()))
    assert isinstance(answer, Rejected)
    assert answer.reason is RejectReason.RATE_LIMITED
    assert run(venue.cancel(OURS, None)) == REFUSED_LOCALLY
    clock.at = later(clock.at, seconds=119)
    assert run(venue.place(approved())) == NotSent(reason=NotSentReason.EXPIRED)
    assert len(carrier.requests) == 1


def test_a_cancel_goes_by_our_id_for_the_answer_to_a_place_may_have_named_another_order() -> None:
    venue, carrier, _ = scene({CREATE: [PLACED], CANCEL: [PLACED]})
    run(venue.place(approved()))
    assert run(venue.cancel(OURS, VenueOrderId(THEIRS), PERP)) == CancelTaken()
    assert carrier.body() == {"category": "linear", "symbol": "BTCUSDT", "orderLinkId": OURS}
    assert run(venue.cancel(OURS, None, PERP)) == CancelTaken()
    assert carrier.body() == {"category": "linear", "symbol": "BTCUSDT", "orderLinkId": OURS}


def test_an_order_whose_instrument_is_known_is_looked_for_in_its_market_only() -> None:
    venue, carrier, _ = scene({PRESENT: [EMPTY], PAST: [EMPTY]})
    assert run(venue.find(OURS, SPOT)) == Absent()
    assert [dict(each.query)["category"] for each in carrier.requests] == ["spot", "spot"]
    everywhere, asked, _ = scene({PRESENT: [EMPTY, EMPTY], PAST: [EMPTY, EMPTY]})
    assert run(everywhere.find(OURS, InstrumentId("not ours any more"))) == Absent()
    assert [dict(each.query)["category"] for each in asked.requests] == ["linear", "spot", "linear", "spot"]


def test_a_cancel_of_an_order_from_before_the_start_looks_up_its_market() -> None:
    venue, carrier, _ = scene({PRESENT: [EMPTY, page(order())], PAST: [EMPTY], CANCEL: [PLACED]})
    assert run(venue.cancel(OURS, None)) == CancelTaken()
    assert carrier.asked == [f"GET {PRESENT}", f"GET {PRESENT}", f"POST {CANCEL}"]
    assert carrier.body() == {"category": "spot", "symbol": "BTCUSDT", "orderLinkId": OURS}


@pytest.mark.parametrize("code", [110001, 170213, 110008, 110010, 170142])
def test_a_cancel_of_what_is_not_there_any_more_is_too_late_and_no_end(code: int) -> None:
    venue, _, _ = scene({CREATE: [PLACED], CANCEL: [refusal(code, "Order does not exist.")]})
    run(venue.place(approved()))
    assert run(venue.cancel(OURS, VenueOrderId(THEIRS), PERP)) == CancelTooLate(
        message=f"{code}: Order does not exist."
    )


def test_everything_is_canceled_market_by_market_and_one_that_fails_is_told() -> None:
    venue, carrier, _ = scene({CANCEL_ALL: [refusal(10016), reply({"list": [], "success": "1"})]})
    assert run(venue.cancel_all()) == SERVER_FAULT
    assert [carrier.body(0), carrier.body(1)] == [{"category": "linear", "settleCoin": "USDT"}, {"category": "spot"}]


@pytest.mark.parametrize("said", [{"list": [], "success": "0"}, {"list": [], "success": 1}, []])
def test_a_success_that_says_that_it_failed_canceled_nothing(said: Any) -> None:
    venue, _, _ = scene({CANCEL_ALL: [reply({"list": []}), reply(said)]})
    assert isinstance(run(venue.cancel_all()), Unknown)


def test_an_order_is_found_among_present_ones_with_all_its_executions() -> None:
    filled = order(orderStatus="PartiallyFilled", cumExecQty="0.002")
    pages: list[Carried] = [page(execution(2, "0.001"), cursor="more"), page(execution(1, "0.001")), EMPTY]
    venue, carrier, _ = scene({PRESENT: [page(filled)], EXECUTIONS: pages})
    report = run(venue.find(OURS))
    assert isinstance(report, OrderReport)
    assert (report.status, report.filled_qty, report.complete) == (VenueStatus.OPEN, Decimal("0.002"), True)
    assert [each.execution_id[-1] for each in report.executions] == ["1", "2"]
    assert dict(carrier.requests[1].query)["orderId"] == THEIRS
    assert dict(carrier.requests[2].query)["cursor"] == "more"


def test_executions_that_do_not_add_up_leave_the_report_incomplete() -> None:
    filled = order(orderStatus="Filled", cumExecQty="0.003")
    venue, _, _ = scene({PRESENT: [page(filled)], EXECUTIONS: [page(execution(1, "0.001"))]})
    report = run(venue.find(OURS))
    assert isinstance(report, OrderReport)
    assert (report.status, report.complete, len(report.executions)) == (VenueStatus.FILLED, False, 1)


def test_an_order_is_absent_only_where_no_list_of_any_market_has_it() -> None:
    venue, carrier, _ = scene({PRESENT: [EMPTY], PAST: [EMPTY]})
    assert run(venue.find(OURS)) == Absent()
    asked = [(request.path, dict(request.query)["category"]) for request in carrier.requests]
    assert asked == [(PRESENT, "linear"), (PRESENT, "spot"), (PAST, "linear"), (PAST, "spot")]


def test_an_order_whose_history_cannot_be_read_is_not_absent() -> None:
    venue, _, _ = scene({PRESENT: [EMPTY], PAST: [EMPTY, refusal(10016)]})
    assert run(venue.find(OURS)) == SERVER_FAULT


def test_an_order_of_another_id_is_no_answer() -> None:
    venue, _, _ = scene({PRESENT: [page(order(orderLinkId="another"))]})
    assert run(venue.find(OURS)) == UNREADABLE


def test_a_post_only_order_that_would_have_taken_was_rejected_and_not_canceled_by_us() -> None:
    ended = order(orderStatus="Cancelled", rejectReason="EC_PostOnlyWillTakeLiquidity")
    venue, _, _ = scene({PRESENT: [EMPTY], PAST: [page(ended)]})
    report = run(venue.find(OURS))
    assert isinstance(report, OrderReport)
    assert (report.status, report.rejected) == (VenueStatus.REJECTED, RejectReason.WOULD_TAKE)
    assert report.status_text == "Cancelled: EC_PostOnlyWillTakeLiquidity"


def test_a_statement_says_what_is_held_owed_and_booked() -> None:
    venue, carrier, _ = scene({}, stated=True)
    stated = run(venue.statement())
    assert isinstance(stated, AccountStatement)
    assert [(each.instrument, each.qty) for each in stated.holdings] == [
        (SPOT, Decimal("0.5")),
        (PERP, Decimal("-0.300")),
    ]
    assert [(each.asset, each.total, each.available) for each in stated.balances] == [
        (AssetId("USDT"), Decimal("9684.46297164"), Decimal("9584.46297164"))
    ]
    assert [(each.kind, each.amount, each.instrument) for each in stated.activities] == [
        (ActivityKind.FUNDING, Decimal("-0.003676"), PERP)
    ]
    assert [each.order_id for each in stated.open_orders] == [OURS]
    assert stated.untradable == ()
    assert stated.clock is not None
    assert (stated.clock.earliest, stated.clock.latest) == (NOW, NOW)
    assert "GET /v5/account/info" not in carrier.asked


def test_what_was_booked_is_read_again_until_the_log_has_caught_up_with_the_coins_and_after_a_while() -> None:
    venue, carrier, clock = scene({})
    counts = []
    for seconds in (0, 1, 4, 1, 300):
        clock.at = later(clock.at, seconds=seconds)
        run(venue.statement())
        counts.append(carrier.asked.count("GET /v5/account/transaction-log"))
    assert counts == [5, 10, 15, 15, 20]


@pytest.mark.parametrize(
    ("path", "answers", "flaw"),
    [
        (
            "/v5/account/info",
            [reply(ACCOUNT | {"unifiedMarginStatus": 1})],
            "the account is not a unified one (unifiedMarginStatus 1)",
        ),
        (
            "/v5/user/query-api",
            [reply(KEY | {"permissions": KEY["permissions"] | {"Wallet": ["Withdraw"]}})],  # type: ignore[operator]
            "the key may withdraw: make one that may only trade",
        ),
        *(
            (
                "/v5/user/query-api",
                [reply(KEY | {"permissions": KEY["permissions"] | {"Wallet": ["AccountTransfer", right]}})],  # type: ignore[operator]
                "the key may send money to other accounts: make one that may only trade",
            )
            for right in ("SubMemberTransfer", "SubMemberTransferList")
        ),
        ("/v5/user/query-api", [reply(KEY | {"readOnly": 1})], "the key may only read"),
        ("/v5/user/query-api", [reply(KEY | {"userID": 5})], "the key is of the account 5, not of 24617703"),
        (
            "/v5/user/query-api",
            [reply(KEY | {"permissions": {"Spot": ["SpotTrade"]}})],
            "the key may not trade contracts",
        ),
        (
            "/v5/position/list",
            [page(position(positionIdx=1), position(positionIdx=2))],
            "BTCUSDT is in hedge mode: set the position mode to one-way",
        ),
    ],
)
def test_an_account_that_something_speaks_against_states_nothing_and_places_nothing(
    path: str, answers: list[Carried], flaw: str
) -> None:
    venue, carrier, _ = scene({path: answers, CREATE: [PLACED]}, stated=True)
    assert venue.standing.flaw is not None
    assert run(venue.statement()) == UNREADABLE
    assert venue.standing.flaw == flaw
    assert run(venue.place(approved())) == REFUSED_LOCALLY
    assert f"POST {CREATE}" not in carrier.asked


@pytest.mark.parametrize(
    ("listed", "reason"),
    [
        (LINEAR_LISTED | {"status": "Settling"}, "Bybit says that it is Settling"),
        (LINEAR_LISTED | {"contractType": "LinearFutures"}, "it is a LinearFutures, not a linear perpetual"),
        (LINEAR_LISTED | {"settleCoin": "USDC"}, "it is paid in USDC and a contract is 1 BTC"),
        (LINEAR_LISTED | {"priceFilter": {"tickSize": "0.25"}}, "its tick is 0.25, and 0.1 is configured"),
        (
            LINEAR_LISTED | {"lotSizeFilter": {"minOrderQty": "0.002", "qtyStep": "0.001"}},
            "its qty_min is 0.002, and 0.001 is configured",
        ),
    ],
)
def test_an_instrument_that_is_not_as_it_is_configured_is_untradable_but_may_be_left(
    listed: dict[str, Any], reason: str
) -> None:
    answers: dict[str, list[Carried]] = {
        "/v5/market/instruments-info": [reply({"list": [listed]}), reply({"list": [SPOT_LISTED]})],
        CREATE: [PLACED],
    }
    venue, _, _ = scene(answers)
    assert venue.standing.reasons == {PERP: reason}
    assert run(venue.place(approved())) == REFUSED_LOCALLY
    assert isinstance(run(venue.place(approved(reduce_only=True))), Accepted)
    assert isinstance(run(venue.place(approved(instrument=SPOT))), Accepted)


def test_executions_come_once_under_a_cursor_that_moves_and_again_under_an_older_one() -> None:
    perp = [page(execution(2, "0.001"), execution(1, "0.002")), EMPTY]
    venue, carrier, _ = scene({EXECUTIONS: [perp[0], EMPTY, perp[0], EMPTY, perp[0], EMPTY]})
    first = run(venue.executions_since(""))
    assert isinstance(first, tuple)
    lines, cursor = first
    assert [line.execution_id[-1] for line in lines] == ["1", "2"]
    assert cursor == f"{NOW_MS - 10_000}.1"
    assert run(venue.executions_since(cursor)) == ((), cursor)
    again = run(venue.executions_since(""))
    assert isinstance(again, tuple)
    assert len(again[0]) == 2
    span = dict(carrier.requests[0].query)
    assert int(span["endTime"]) - int(span["startTime"]) == 7 * SECONDS_PER_DAY * 1000


def test_an_execution_that_shows_late_is_handed_over_although_the_cursor_has_passed_it() -> None:
    late = execution(1, "0.002", execTime=str(NOW_MS - 3000))
    venue, _, clock = scene(
        {EXECUTIONS: [page(execution(2, "0.001")), EMPTY, page(late, execution(2, "0.001")), EMPTY]}
    )
    first = run(venue.executions_since(""))
    assert isinstance(first, tuple)
    clock.at = later(clock.at, seconds=2)
    second = run(venue.executions_since(first[1]))
    assert isinstance(second, tuple)
    assert [line.execution_id[-1] for line in second[0]] == ["1"]


def test_a_page_with_an_execution_that_has_no_name_is_unknown() -> None:
    venue, _, _ = scene({EXECUTIONS: [page(execution(1, "0.001", execId=""))]})
    assert run(venue.executions_since("")) == UNREADABLE


def test_a_window_with_more_than_is_read_at_once_is_cut() -> None:
    endless = page(execution(1, "0.001"), cursor="more")
    venue, carrier, _ = scene({EXECUTIONS: [*[endless] * 50, page(execution(2, "0.001")), EMPTY]})
    answer = run(venue.executions_since(""))
    assert isinstance(answer, tuple)
    assert [line.execution_id[-1] for line in answer[0]] == ["2"]
    spans = [dict(carrier.requests[number].query) for number in (0, 50)]
    widths = [int(span["endTime"]) - int(span["startTime"]) for span in spans]
    assert widths == [604_800_000, 75_600_000]


def test_what_only_moved_money_is_no_execution() -> None:
    venue, _, _ = scene({EXECUTIONS: [page(execution(1, "0.300", execType="Funding")), EMPTY]})
    assert run(venue.executions_since("5.3")) == ((), f"{NOW_MS}.3")


def test_the_signature_follows_bybits_clock_and_a_clock_that_cannot_be_read_states_nothing() -> None:
    time = reply({"timeSecond": "1", "timeNano": str(NOW + 3 * NS_PER_MS)})
    venue, _, _ = scene({"/v5/market/time": [time, reply({"timeNano": "soon"})]})
    assert isinstance(run(venue.statement()), AccountStatement)
    assert venue._ahead.ns == 3 * NS_PER_MS
    assert run(venue.statement()) == UNREADABLE


def test_an_execution_is_read_with_its_fee_and_who_made_it() -> None:
    stated = execution(1, "0.003", execPnl="1.25", isMaker=True, execFee="-0.01", side="Sell")
    venue, _, _ = scene({EXECUTIONS: [page(stated), EMPTY]})
    answer = run(venue.executions_since(""))
    assert isinstance(answer, tuple)
    (line,) = answer[0]
    assert isinstance(line, Execution)
    assert msgspec.structs.asdict(line.fees[0]) == {"asset": "USDT", "amount": Decimal("-0.01")}
    assert (line.realised, line.maker, line.forced, line.order_id) == (Decimal("1.25"), True, None, OURS)


LOG = "/v5/account/transaction-log"


@pytest.mark.parametrize(
    ("log", "realised"),
    [
        ([page({"tradeId": "fill-1", "cashFlow": "1.25"})], "1.25"),
        ([page({"tradeId": "fill-1", "cashFlow": "1.25"}, cursor="more"), page({"tradeId": "another"})], "1.25"),
        ([page({"tradeId": "another", "cashFlow": "9"})], None),
        ([page({"tradeId": "fill-1", "cashFlow": "much"})], None),
        ([page({"tradeId": "fill-1", "cashFlow": 1.25})], None),
        ([HTML], None),
        ([refusal(10016)], None),
        ([SERVER_FAULT], None),
    ],
)
def test_what_a_polled_execution_realised_is_read_from_the_log(log: list[Any], realised: str | None) -> None:
    old = execution(1, "0.003", execId="fill-1", closedSize="0.003", execTime=str(NOW_MS - 20_000))
    venue, carrier, _ = scene({EXECUTIONS: [page(old), EMPTY], LOG: log})
    answer = run(venue.executions_since(""))
    assert isinstance(answer, tuple)
    (line,) = answer[0]
    assert isinstance(line, Execution)
    assert line.realised == (None if realised is None else Decimal(realised))
    query = next(dict(each.query) for each in carrier.requests if each.path == LOG)
    assert (query["type"], query["category"]) == ("TRADE", "linear")


@pytest.mark.parametrize("log", [HTML, refusal(10016), page({"tradeId": "another", "cashFlow": "9"})])
def test_an_execution_of_a_moment_ago_is_left_to_the_next_poll_where_the_log_does_not_have_it_yet(log: Any) -> None:
    young = execution(1, "0.003", execId="fill-1", closedSize="0.003", execTime=str(NOW_MS - 19_999))
    logged = page({"tradeId": "fill-1", "cashFlow": "7"})
    venue, _, _ = scene({EXECUTIONS: [page(young), EMPTY, page(young), EMPTY], LOG: [log, logged]})
    assert run(venue.executions_since("")) == UNREADABLE
    answer = run(venue.executions_since(""))
    assert isinstance(answer, tuple)
    assert [line.realised for line in answer[0] if isinstance(line, Execution)] == [Decimal(7)]


@pytest.mark.parametrize(
    ("made", "logged"),
    [("AdlTrade", "ADL"), ("BustTrade", "LIQUIDATION"), ("Settle", "DELIVERY"), ("Delivery", "DELIVERY")],
)
def test_what_a_forced_execution_realised_is_read_from_the_log_of_its_kind(made: str, logged: str) -> None:
    stated = execution(1, "0.003", execId="fill-1", closedSize="0.003", execType=made)
    line = page({"tradeId": "fill-1", "cashFlow": "-0.5"})
    venue, carrier, _ = scene({EXECUTIONS: [page(stated), EMPTY], LOG: [line]})
    answer = run(venue.executions_since(""))
    assert isinstance(answer, tuple)
    assert [each.realised for each in answer[0] if isinstance(each, Execution)] == [Decimal("-0.5")]
    assert [dict(each.query)["type"] for each in carrier.requests if each.path == LOG] == [logged]


def test_what_closes_nothing_realised_nothing_and_asks_for_no_log() -> None:
    venue, carrier, _ = scene({EXECUTIONS: [page(execution(1, "0.003", closedSize="0")), EMPTY]})
    answer = run(venue.executions_since(""))
    assert isinstance(answer, tuple)
    assert [line.realised for line in answer[0] if isinstance(line, Execution)] == [Decimal(0)]
    assert LOG not in [each.path for each in carrier.requests]
