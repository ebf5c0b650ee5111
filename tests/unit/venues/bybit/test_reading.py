"""What Bybit logged besides executions is told by its name, also where nobody here knows what it is."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from flatbook.engine.reports import AccountStatement, Activity
from flatbook.events.activities import ActivityKind
from flatbook.values.instants import later
from flatbook.venues.http import Carried
from tests.unit.venues.bybit.sample import EMPTY, NOW_MS, booked, page, reply, run, scene

LOG = "/v5/account/transaction-log"


def stated(*answers: Carried) -> AccountStatement:
    """Returns a statement beside which the log answers so to each of its five questions."""
    venue, _, _ = scene({LOG: list(answers)})
    statement = run(venue.statement())
    assert isinstance(statement, AccountStatement)
    return statement


def told(*lines: dict[str, Any]) -> list[tuple[ActivityKind, str, Decimal]]:
    """Returns what lines are that nobody asked for by name."""
    activities = stated(EMPTY, EMPTY, EMPTY, EMPTY, page(*lines)).activities
    return [(each.kind, each.venue_kind, each.amount) for each in activities]


@pytest.mark.parametrize(
    ("kind", "means"),
    [
        ("SETTLEMENT", ActivityKind.FUNDING),
        ("INTEREST", ActivityKind.INTEREST),
        ("TRANSFER_IN", ActivityKind.TRANSFER),
        ("TRANSFER_OUT", ActivityKind.TRANSFER),
        ("FEE_REFUND", ActivityKind.FEE),
        ("FLEXIBLE_STAKING_SUBSCRIPTION", ActivityKind.TRANSFER),
        ("FIXED_STAKING_REFUND", ActivityKind.TRANSFER),
        ("AIRDROP", ActivityKind.OTHER),
        ("BONUS_RECOLLECT", ActivityKind.OTHER),
        ("CURRENCY_SELL", ActivityKind.OTHER),
        ("AUTO_DEDUCTION", ActivityKind.OTHER),
        ("A_KIND_OF_TOMORROW", ActivityKind.OTHER),
    ],
)
def test_each_kind_of_line_is_booked_under_its_name(kind: str, means: ActivityKind) -> None:
    assert told(booked(type=kind, change="-1.25")) == [(means, kind, Decimal("-1.25"))]


@pytest.mark.parametrize("kind", ["TRADE", "LIQUIDATION", "ADL", "DELIVERY"])
def test_what_executions_tell_is_left_out_and_what_they_do_not_is_told(kind: str) -> None:
    assert told(booked(type=kind, category="linear"), booked(type=kind, category="spot")) == []
    assert told(booked(type=kind, category="option", change="-3")) == [(ActivityKind.OTHER, kind, Decimal(-3))]


def test_a_settlement_that_realised_something_is_no_funding() -> None:
    mixed = booked(funding="-0.5", cashFlow="12", change="11.5")
    assert told(mixed) == [(ActivityKind.OTHER, "SETTLEMENT", Decimal("11.5"))]


def test_a_line_that_is_found_by_its_name_and_among_the_news_is_one() -> None:
    line = booked()
    assert len(stated(page(line), EMPTY, EMPTY, EMPTY, page(line)).activities) == 1


def test_news_are_read_since_they_were_read_last_and_are_told_for_days() -> None:
    news = page(booked(type="AIRDROP", id="a", transactionTime=str(NOW_MS)))
    venue, carrier, clock = scene({LOG: [EMPTY, EMPTY, EMPTY, EMPTY, news, EMPTY]})
    counts = []
    for days in (0, 1, 5, 2):
        clock.at = later(clock.at, seconds=days * 86_400)
        carrier.answers["/v5/market/time"] = [reply({"timeNano": str(clock.at)})]
        statement = run(venue.statement())
        assert isinstance(statement, AccountStatement)
        counts.append(len(statement.activities))
    assert counts == [1, 1, 1, 0]
    asked = [dict(request.query) for request in carrier.requests if request.path == LOG]
    starts = [int(each["startTime"]) - NOW_MS for each in asked if "type" not in each]
    assert starts[:3] == [60_000 - 7 * 86_400_000, -60_000, 86_400_000 - 60_000]


def settlements(*numbers: int) -> Carried:
    """Returns a page of settlements that are an hour apart, of which more than a page is stated."""
    lines = [booked(id=f"s{each}", transactionTime=str(NOW_MS - each * 360_000)) for each in numbers]
    return page(*lines, cursor="on" if len(numbers) == 50 else "")


def test_more_settlements_than_a_thousand_are_read_to_their_end_once_and_told_for_days() -> None:
    """Ten contracts whose funding is settled each hour: 1200 payments in five days."""
    first = [settlements(*range(start, start + 50)) for start in range(0, 1_200, 50)]
    venue, carrier, clock = scene({LOG: [*first, *[EMPTY] * 9]})
    counts = []
    for minutes in (0, 20):
        clock.at = later(clock.at, seconds=minutes * 60)
        carrier.answers["/v5/market/time"] = [reply({"timeNano": str(clock.at)})]
        statement = run(venue.statement())
        assert isinstance(statement, AccountStatement)
        counts.append(len(statement.activities))
    assert counts == [1_200, 1_200]
    asked = [dict(request.query) for request in carrier.requests if request.path == LOG]
    named = [each for each in asked if each.get("type") == "SETTLEMENT"]
    assert len(named) == 25 + 1
    assert int(named[-1]["startTime"]) == NOW_MS - 3_600_000


def test_what_is_asked_for_up_to_now_ends_by_the_clock_of_bybit_and_not_by_ours() -> None:
    """Simulated world 7000393: our clock stood 20 s behind, and what happened meanwhile was listed by nobody."""
    venue, carrier, clock = scene({LOG: [EMPTY], "/v5/execution/list": [EMPTY]})
    carrier.answers["/v5/market/time"] = [reply({"timeNano": str(later(clock.at, seconds=20))})]
    run(venue.statement())
    run(venue.executions_since(""))
    ends = {
        request.path: int(dict(request.query)["endTime"]) - NOW_MS
        for request in carrier.requests
        if request.path in (LOG, "/v5/execution/list")
    }
    assert ends == {LOG: 20_000, "/v5/execution/list": 20_000}


def test_a_line_of_the_news_that_cannot_be_read_is_no_statement() -> None:
    venue, _, _ = scene({LOG: [EMPTY, EMPTY, EMPTY, EMPTY, page(booked(type="AIRDROP", change="much"))]})
    assert not isinstance(run(venue.statement()), AccountStatement)


def test_news_beyond_the_pages_that_are_read_make_no_statement_fail() -> None:
    endless = page(booked(type="AIRDROP"), cursor="on")
    activities = stated(EMPTY, EMPTY, EMPTY, EMPTY, endless).activities
    assert [type(each) for each in activities] == [Activity]
