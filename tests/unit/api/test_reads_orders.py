"""Lists that grow: the same rows as on the command line, page by page, and the story of each."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient

from flatbook.api.app import create_app
from flatbook.api.reads import READS
from flatbook.events.orders import ForeignOrderSeen, IntentRefused
from flatbook.projections.fold import Recorded
from flatbook.values.ids import Seq
from flatbook.values.instants import Instant
from tests.unit.api.conftest import site_of
from tests.unit.api.door_scene import until
from tests.unit.api.test_reads_desk import answered, told_by
from tests.unit.events.samples import SAMPLES


def rows_of_all_pages(api: TestClient[Any], path: str, rows: str, limit: int) -> list[dict[str, Any]]:
    """Returns the rows of all pages, the newest first."""
    body = answered(api, f"{path}?limit={limit}")
    found: list[dict[str, Any]] = body[rows]
    while body["next"] is not None:
        assert len(body[rows]) == limit
        body = answered(api, f"{path}?limit={limit}&cursor={body['next']}")
        found += body[rows]
    return found


@pytest.mark.parametrize("verb", ["orders", "trades"])
def test_all_pages_together_are_what_the_command_line_lists(api: TestClient[Any], demo: Path, verb: str) -> None:
    told = told_by(verb, demo, "--limit", "0")
    assert told["found"] > 14
    assert rows_of_all_pages(api, f"/{verb}", verb, 7) == told[verb][::-1]
    assert answered(api, f"/{verb}")["found"] == told["found"]


def test_all_pages_of_events_are_the_journal(api: TestClient[Any]) -> None:
    last = answered(api, "/status")["as_of"]["seq"]
    assert [event["seq"] for event in rows_of_all_pages(api, "/events", "events", 50)] == list(range(last, 0, -1))


def test_events_are_chosen_by_type_and_subject_and_moment(api: TestClient[Any]) -> None:
    filled = answered(api, "/events?type=order_filled&limit=500")["events"]
    assert [event["type"] for event in filled] == ["order_filled"] * len(filled)
    about = answered(api, f"/events?subject={filled[0]['subject']}")["events"]
    assert {event["subject"] for event in about} == {filled[0]["subject"]}
    then = answered(api, f"/events?at={filled[1]['recorded_at']}&type=order_filled")
    assert then["events"][0]["seq"] == filled[1]["seq"]
    assert answered(api, "/events?at=5")["events"][0]["seq"] == 5


def test_an_order_is_found_by_its_id_and_its_story_tells_what_why_tells(api: TestClient[Any], demo: Path) -> None:
    newest = answered(api, "/orders?limit=1")["orders"][0]
    assert api.get(f"/api/v1/orders/{newest['order_id']}").json() == newest
    story, told = answered(api, f"/story?ref={newest['order_id']}"), told_by_why(newest["order_id"], demo)
    assert [event.pop("subject") for event in story["events"]][-1] == f"order:{newest['order_id']}"
    for event in told["events"]:
        del event["subject"]
    assert story == told


def told_by_why(ref: str, home: Path) -> dict[str, Any]:
    """Returns what `flatbook why` says of a reference."""
    return told_by("why", home, ref)


def test_an_execution_tells_how_long_each_step_took(api: TestClient[Any]) -> None:
    newest = answered(api, "/executions?limit=1")["executions"][0]
    story = answered(api, f"/story?ref={newest['order_id']}")["latencies"][0]
    for name in ("seen_ms", "decided_ms", "accepted_ms", "executed_ms", "total_ms"):
        assert newest[name] == story[name] != None  # noqa: E711


def test_the_cycle_of_an_order_has_the_times_of_its_execution_and_what_it_closed(api: TestClient[Any]) -> None:
    newest = answered(api, "/executions?limit=1")["executions"][0]
    cycle = answered(api, f"/executions/{newest['order_id']}")
    assert cycle["execution"] == newest
    legs = {leg["step"]: leg for leg in cycle["legs"]}
    assert list(legs) == ["happened", "seen", "intended", "submitted", "acknowledged", "filled", "hedged"]
    assert (legs["seen"]["after_ms"], legs["acknowledged"]["after_ms"], legs["filled"]["total_ms"]) == (
        newest["seen_ms"],
        newest["accepted_ms"],
        newest["total_ms"],
    )
    story = answered(api, f"/story?ref={newest['order_id']}")
    assert [(each["fill"], each["qty"]) for each in cycle["closed"]] == [
        (each["opening"], each["qty"]) for each in story["slices"]
    ]


def test_of_an_order_that_there_is_not_no_cycle_is_told(api: TestClient[Any]) -> None:
    assert api.get("/api/v1/executions/fbnone").json()["code"] == "not_found"


def test_orders_and_trades_of_some_days_are_those_that_were_decided_or_happened_on_them(api: TestClient[Any]) -> None:
    for path, rows, field in (("/orders", "orders", "decided_at"), ("/trades", "trades", "at")):
        everything = rows_of_all_pages(api, path, rows, 50)
        of_day = answered(api, f"{path}?first=2025-12-03&last=2025-12-03&limit=500")
        # New York is five hours behind, and nothing happened at night.
        assert of_day[rows] == [row for row in everything if row[field].startswith("2025-12-03")]
        assert of_day["found"] == len(of_day[rows]) > 10


def test_days_in_the_wrong_order_are_refused(api: TestClient[Any]) -> None:
    for path in ("/orders", "/trades", "/sums/orders", "/sums/trades"):
        assert api.get(f"/api/v1{path}?first=2025-12-03&last=2025-12-02").json()["code"] == "invalid"


def test_sums_are_those_of_all_pages_and_slippage_is_that_of_profit_and_loss(api: TestClient[Any]) -> None:
    orders, sums = rows_of_all_pages(api, "/orders", "orders", 50), answered(api, "/sums/orders")
    assert sums["orders"] == len(orders) == answered(api, "/orders")["found"]
    for outcome, count in sums["outcomes"].items():
        assert count == len([order for order in orders if order["outcome"] == outcome])
    known = [Decimal(order["slippage_usd"]) for order in orders if order["slippage_usd"] is not None]
    (line,) = answered(api, "/pnl")["lines"]
    assert Decimal(sums["slippage_usd"]) == sum(known) == Decimal(line["slippage_usd"])
    assert sums["decided"] == len(known)
    trades = answered(api, "/sums/trades")
    assert trades["trades"] == answered(api, "/trades")["found"]
    assert trades["fees"] == sums["fees"] == {"USD": answered(api, "/pnl")["total"]["cost_usd"]}
    assert answered(api, "/sums/orders?status=canceled")["orders"] == sums["outcomes"]["canceled"] == 1


def test_sums_of_the_past_are_those_of_what_was_known_then(api: TestClient[Any]) -> None:
    for path, count in (("orders", "orders"), ("trades", "trades")):
        assert answered(api, f"/sums/{path}?at=60")[count] == answered(api, f"/{path}?at=60&limit=500")["found"]


FILTERS = [
    "owner=desk",
    "owner=nobody",
    "symbol=COIN&status=filled",
    "account=paper&status=canceled",
    "status=filled&owner=desk&instrument=COIN/USD@paper",
    "instrument=nowhere&status=filled",
    "symbol=COIN&account=nowhere",
]


@pytest.mark.parametrize("chosen", FILTERS)
def test_orders_that_are_chosen_are_those_of_all_that_have_these_values(api: TestClient[Any], chosen: str) -> None:
    names = {"symbol": "underlying"}
    wanted = {names.get(name, name): value for name, value in (each.split("=") for each in chosen.split("&"))}
    every = rows_of_all_pages(api, "/orders", "orders", 50)
    expected = [order for order in every if all(order[name] == value for name, value in wanted.items())]
    body, found = answered(api, f"/orders?{chosen}&limit=7"), list[dict[str, Any]]()
    assert body["found"] == len(expected)
    found += body["orders"]
    while body["next"] is not None:
        body = answered(api, f"/orders?{chosen}&limit=7&cursor={body['next']}")
        found += body["orders"]
    assert found == expected
    assert len(expected) > 14 or "nowhere" in chosen or "nobody" in chosen or "canceled" in chosen


@pytest.mark.parametrize("chosen", ["owner=desk", "symbol=COIN", "owner=nobody", "owner=desk&symbol=NONE"])
def test_trades_that_are_chosen_are_those_of_all(api: TestClient[Any], chosen: str) -> None:
    every = rows_of_all_pages(api, "/trades", "trades", 50)
    expected = [] if "nobody" in chosen or "NONE" in chosen else every
    body, found = answered(api, f"/trades?{chosen}&limit=9"), list[dict[str, Any]]()
    assert body["found"] == len(expected)
    found += body["trades"]
    while body["next"] is not None:
        body = answered(api, f"/trades?{chosen}&limit=9&cursor={body['next']}")
        found += body["trades"]
    assert found == expected
    one = answered(api, f"/trades?ref={every[3]['ref']}")
    assert (one["found"], one["trades"], one["next"]) == (1, [every[3]], None)


def test_what_is_refused_or_not_ours_stands_on_the_first_page_of_all_orders_alone(demo: Path) -> None:
    site = site_of(demo)
    with TestClient(create_app(site, READS)) as client:
        until(lambda: site.follower.caught_up, "the journal")
        for number, event in enumerate(SAMPLES):
            if isinstance(event, IntentRefused | ForeignOrderSeen):
                site.folds.orders.apply(Recorded(Seq(number), Instant(0), event))
        first = client.get("/api/v1/orders?limit=2").json()
        second = client.get(f"/api/v1/orders?limit=2&cursor={first['next']}").json()
        chosen = client.get("/api/v1/orders?limit=2&owner=desk").json()
    assert [each["rule"] for each in first["refused"]] == ["notional_max"]
    assert [each["venue_order_id"] for each in first["foreign"]] == ["V-1"]
    assert (len(second["orders"]), second["refused"], second["foreign"]) == (2, [], [])
    assert (len(chosen["orders"]), chosen["refused"], chosen["foreign"]) == (2, [], [])


def test_orders_are_chosen_by_status(api: TestClient[Any]) -> None:
    found, filled = answered(api, "/orders")["found"], answered(api, "/orders?status=filled")["found"]
    assert (answered(api, "/orders?status=open")["found"], 0 < filled <= found) == (0, True)


def test_a_cursor_of_another_list_is_refused_and_not_taken_for_the_end_of_this_one(api: TestClient[Any]) -> None:
    for of, asked in (("events", "orders"), ("orders", "events"), ("trades", "executions"), ("executions", "trades")):
        cursor = answered(api, f"/{of}?limit=1")["next"]
        assert answered(api, f"/{of}?limit=1&cursor={cursor}")[of] != []
        told = api.get(f"/api/v1/{asked}?cursor={cursor}")
        assert (told.status_code, told.json()["code"]) == (422, "bad_cursor")
        assert told.json()["detail"] == f"this cursor is of a page of {of}, not of {asked}"
        assert api.get(f"/api/v1/{of}?cursor={cursor}!").json()["code"] == "bad_cursor"


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/orders?cursor=abc", 422, "bad_cursor"),
        ("/orders?limit=0", 422, "invalid"),
        ("/orders?limit=ten", 422, "invalid"),
        ("/orders?status=lost", 422, "invalid"),
        ("/orders/nosuchorder", 404, "not_found"),
        ("/story?ref=fill:", 422, "ambiguous"),
        ("/story?ref=nothing-has-this", 404, "not_found"),
        ("/story", 422, "invalid"),
        ("/events?type=order_sold", 422, "invalid"),
        ("/pnl?first=2025-12-03&last=2025-12-01", 422, "invalid"),
        ("/pnl?first=december", 422, "invalid"),
        ("/reports/..%2f..%2fflatbook.toml", 404, "not_found"),
    ],
)
def test_what_cannot_be_answered_is_a_problem(api: TestClient[Any], path: str, status: int, code: str) -> None:
    response = api.get(f"/api/v1{path}")
    assert (response.status_code, response.json()["code"]) == (status, code)
