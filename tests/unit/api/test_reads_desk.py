"""What the API says of the desk as a whole: the same as the command line does."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient

from flatbook.api.site import Site
from flatbook.ops.clock import SystemClock
from flatbook.ops.config import load
from tests.unit.cli.scene import call


def told_by(verb: str, home: Path, *words: str) -> dict[str, Any]:
    """Returns what a verb of the command line says, without the name of its schema."""
    body = call(verb, *words, "--json", "--home", str(home)).body()
    del body["schema"]
    return body


def answered(api: TestClient[Any], path: str) -> dict[str, Any]:
    """Returns what a route answers, without what only a process that folded the whole journal knows.

    That is when it was last read, and since when exposure is open.
    """
    response = api.get(f"/api/v1{path}")
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    for name in ("seen_at", "age_s_max"):
        body["as_of"].pop(name, None)
    for told in (body, *body.get("nets", ())):
        told.pop("open_since", None)
    return body


SAME = ("status", "positions", "pnl", "capacity", "offers")


@pytest.mark.parametrize("verb", SAME)
def test_the_api_says_what_the_command_line_says(api: TestClient[Any], demo: Path, verb: str) -> None:
    assert answered(api, f"/{verb}") == told_by(verb, demo)


@pytest.mark.parametrize("verb", ["status", "positions", "pnl"])
def test_the_past_is_the_same_on_both(api: TestClient[Any], demo: Path, verb: str) -> None:
    told = told_by(verb, demo, "--at", "12")
    assert told["as_of"]["seq"] == 12
    assert answered(api, f"/{verb}?at=12") == told


def test_a_desk_of_the_demo_says_so(api: TestClient[Any]) -> None:
    told = api.get("/api/v1/meta").json()
    assert (told["mode"], told["recorded"]) == ("DEMO", True)


@pytest.mark.parametrize(
    ("folder", "config", "called"),
    [
        (".flatbook", None, "flatbook"),
        (".flatbook", ".flatbook/flatbook.toml", "flatbook"),
        (".flatbook/demo", ".flatbook/demo/flatbook.toml", "flatbook --home {}/.flatbook/demo"),
        (".flatbook", "other.toml", "flatbook --config {}/other.toml"),
    ],
)
def test_a_shell_is_told_how_to_reach_this_desk_and_no_other(
    demo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str, config: str | None, called: str
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    home = shutil.copytree(demo, tmp_path / folder)
    stated = None if config is None else tmp_path / config
    site = Site(load(home, environment={}), SystemClock(), config=stated)
    assert site.called == called.format(tmp_path)


def test_without_an_engine_the_health_is_not_good(api: TestClient[Any]) -> None:
    body = api.get("/api/v1/health").json()
    assert body["ok"] is False
    assert {part["name"]: part["state"] for part in body["parts"]}["journal"] == "good"


def test_what_only_an_engine_could_say_is_unknown_without_one(api: TestClient[Any]) -> None:
    parts = {(part["kind"], part["name"]): part for part in api.get("/api/v1/parts").json()["parts"]}
    price, account = parts["price", "COIN by paper-bars"], parts["account", "paper"]
    assert (price["state"], price["age_s"], price["age_s_max"]) == ("unknown", None, 300)
    assert (account["state"], account["age_s"]) == ("unknown", None)
    assert (parts["engine", "engine"]["state"], parts["journal", "journal"]["state"]) == ("bad", "good")


def test_what_is_measured_of_the_api_is_told_and_what_an_engine_would_say_is_unknown(api: TestClient[Any]) -> None:
    gauges = {(each["of"], each["name"]): each for each in api.get("/api/v1/parts").json()["gauges"]}
    assert gauges["engine", "journal_fsync_median"] == {
        "of": "engine",
        "name": "journal_fsync_median",
        "value": None,
        "most": 50_000,
        "unit": "us",
        "state": "unknown",
        "of_which": "",
    }
    assert gauges["api", "memory"]["value"] > 5_000_000
    streams = gauges["api", "streams"]
    assert (streams["value"], streams["most"], streams["state"]) == (0, 256, "good")


def test_what_is_asked_of_one_owner_is_of_no_other(api: TestClient[Any]) -> None:
    assert answered(api, "/positions?owner=nobody")["positions"] == []
    assert answered(api, "/positions?owner=desk")["positions"] != []


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/status?at=99999", 422, "no_such_moment"),
        ("/status?at=yesterday", 422, "no_such_moment"),
        ("/status?at=" + "9" * 70, 422, "invalid"),
        ("/nowhere", 404, "not_found"),
    ],
)
def test_a_refusal_is_a_problem_with_a_code(api: TestClient[Any], path: str, status: int, code: str) -> None:
    response = api.get(f"/api/v1{path}")
    assert (response.status_code, response.headers["content-type"]) == (status, "application/problem+json")
    assert response.json()["code"] == code
    assert response.json()["type"] == f"urn:flatbook:problem:{code}"


def test_another_method_is_refused_with_those_that_are_allowed(api: TestClient[Any]) -> None:
    response = api.post("/api/v1/status", content=json.dumps({}))
    assert (response.status_code, response.json()["code"]) == (405, "method_not_allowed")
    assert "GET" in response.headers["allow"]


def test_positions_of_one_underlying_are_those_of_the_list_that_is_narrowed_to_it(api: TestClient[Any]) -> None:
    told = api.get("/api/v1/positions/COIN").json()
    assert told["positions"] == api.get("/api/v1/positions?symbol=COIN").json()["positions"]
    assert {net["underlying"] for net in told["nets"]} == {"COIN"}
    nobody = api.get("/api/v1/positions/NONE")
    assert (nobody.status_code, nobody.json()["code"]) == (404, "not_found")
