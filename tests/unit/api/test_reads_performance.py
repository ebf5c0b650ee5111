"""How the newest days went, and what the desk holds to: the same numbers as profit and loss and the report have."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from litestar.testing import TestClient

from flatbook.api.answers.objectives import DETECTION, ERRORS, ms_up, objective_body
from flatbook.api.app import create_app
from flatbook.api.reads import READS
from flatbook.ops.control_socket import ControlServer, Doors
from flatbook.values.instants import NS_PER_S, instant_of_text
from tests.unit.api.conftest import ENDS_AT, site_of
from tests.unit.api.test_live import refused
from tests.unit.api.test_reads_desk import answered

NOW = instant_of_text(ENDS_AT)


@contextmanager
def beside(home: Path, **status: Any) -> Iterator[TestClient[Any]]:
    """Gives a client of the API over a home whose engine says how it stands."""
    site = site_of(home)
    with tempfile.TemporaryDirectory(prefix="fb-") as place:
        site.live.path = Path(place) / "run" / "engine.sock"
        doors = Doors(on_command=refused, status=lambda: status, metrics=str, market=dict, candles=lambda _: None)
        server = ControlServer(site.live.path, doors)
        with TestClient(create_app(site, READS)) as client, client.portal() as portal:
            portal.call(server.start)
            portal.call(site.live.look)
            yield client
            portal.call(server.close)


def chain(blocks: int | None) -> dict[str, Any]:
    """Returns what an engine says of a chain that is some blocks behind."""
    return {"source": "raindex", "node": None, "tag": None, "blocks": blocks, "seconds": None, "share_seconds": None}


def objectives(client: TestClient[Any]) -> dict[str, tuple[int | None, str]]:
    told = client.get("/api/v1/objectives").json()["objectives"]
    return {each["name"]: (each["value"], each["state"]) for each in told}


def test_the_newest_days_are_those_of_profit_and_loss(api: TestClient[Any]) -> None:
    pnl, week = answered(api, "/pnl"), answered(api, "/performance?days=7")
    assert (week["first"], week["last"]) == ("2025-11-28", "2025-12-04")
    assert week["total"] == pnl["total"]
    assert [point["running_net_usd"] for point in week["points"]] == [day["running_net_usd"] for day in pnl["days"]]
    assert answered(api, "/performance")["total"] == pnl["today"]


def test_the_parts_are_those_of_the_report_and_add_up_to_the_net(api: TestClient[Any]) -> None:
    report, week = api.get("/api/v1/report").json(), answered(api, "/performance?days=7")
    assert week["parts_usd"] == report["parts_usd"]
    parts = sum(Decimal(usd) for usd in week["parts_usd"].values())
    costs = sum(Decimal(cost["usd"]) for cost in week["total"]["costs"].values())
    assert parts - costs == Decimal(week["total"]["net_usd"]) == Decimal("114.8533378")


def test_fills_that_were_seen_are_those_of_the_report(api: TestClient[Any]) -> None:
    (hedge,) = answered(api, "/performance?days=7")["strategies"]
    sessions = api.get("/api/v1/report").json()["latency"]
    for ours, theirs in {"seen": "fills", "taken": "hedged", "netted": "netted", "open": "open"}.items():
        assert hedge[ours] == sum(line[theirs] for line in sessions)
    assert (hedge["owner"], hedge["kind"], hedge["seen"], hedge["taken"], hedge["rate_pct"]) == (
        "desk",
        "hedge",
        54,
        40,
        "74.1",
    )
    assert hedge["hedging"] == {"count": 40, "p50_ms": "37766", "p95_ms": "204633"}


def test_a_day_goes_by_the_hour_to_the_same_net(api: TestClient[Any]) -> None:
    day = answered(api, "/performance?days=1")
    assert [point["at"] for point in day["points"] if point["net_usd"] != "0"] == [
        "2025-12-04T15:00:00Z",
        "2025-12-04T16:00:00Z",
    ]
    assert day["points"][-1]["running_net_usd"] == day["total"]["net_usd"] == "5.8145469"


def test_of_an_owner_that_there_is_not_nothing_is_told(api: TestClient[Any]) -> None:
    nobody = answered(api, "/performance?days=7&owner=nobody")
    assert (nobody["strategies"], nobody["points"], nobody["total"]["slices"]) == ([], [], 0)


@pytest.mark.parametrize("days", ["0", "367", "week"])
def test_days_that_are_no_number_of_days_are_refused(api: TestClient[Any], days: str) -> None:
    assert api.get(f"/api/v1/performance?days={days}").json()["code"] == "invalid"


def test_an_objective_is_good_up_to_its_bound_and_critical_beyond_the_other() -> None:
    states = {value: objective_body(DETECTION, value).state.value for value in (0, 30_000, 30_001, 120_000, 120_001)}
    assert states == {0: "good", 30_000: "good", 30_001: "warn", 120_000: "warn", 120_001: "critical"}
    assert objective_body(ERRORS, 1).state.value == "warn"
    assert msgspec.to_builtins(objective_body(DETECTION, None, 0)) == {
        "name": "detection_p95",
        "value": None,
        "unit": "ms",
        "good_max": 30_000,
        "critical_above": 120_000,
        "state": "unknown",
        "samples": 0,
    }


def test_a_bound_that_is_just_missed_is_missed() -> None:
    assert (ms_up(30 * NS_PER_S), ms_up(30 * NS_PER_S + 1), ms_up(None)) == (30_000, 30_001, None)


def test_objectives_are_those_of_the_last_day_by_the_engines_clock(demo: Path) -> None:
    with beside(demo, now=NOW, chains=[chain(31), chain(4)]) as client:
        assert objectives(client) == {
            "detection_p95": (9_108, "good"),
            "exposure_window_p95": (59_892, "good"),
            "errors": (0, "good"),
            "warnings": (0, "good"),
            "open_exposure_age": (0, "good"),
            "block_lag": (31, "warn"),
        }


def test_what_was_not_seen_for_a_day_or_is_not_said_is_unknown(demo: Path) -> None:
    with beside(demo, now=NOW + 8 * 24 * 3600 * NS_PER_S, chains=[chain(None)]) as client:
        told = objectives(client)
    assert told["detection_p95"] == told["exposure_window_p95"] == told["block_lag"] == (None, "unknown")


def test_without_an_engine_no_objective_is_good(api: TestClient[Any]) -> None:
    assert {state for _, state in objectives(api).values()} == {"unknown"}
