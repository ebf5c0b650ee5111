"""Addresses without a version answer as those of the present one, to the same people, and `/health` stays a page."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.api.door_scene import Door, opened


@pytest.fixture(scope="module")
def traded(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """Gives the door of a desk that has traded."""
    home = tmp_path_factory.mktemp("aliases") / "desk"
    shutil.copytree(demo, home, ignore=shutil.ignore_patterns("run"))
    with opened(home) as door:
        yield door


def without_age(body: dict[str, Any]) -> dict[str, Any]:
    """Returns an answer without when the journal was last read."""
    body["as_of"].pop("seen_at")
    return body


@pytest.mark.parametrize(
    ("alias", "path"),
    [
        ("/positions", "/positions"),
        ("/positions/COIN", "/positions?symbol=COIN"),
        ("/positions/COIN?owner=desk", "/positions?symbol=COIN&owner=desk"),
        ("/trades?limit=2", "/trades?limit=2"),
        ("/executions", "/executions"),
        ("/accumulators", "/accumulators"),
    ],
)
def test_an_address_without_a_version_answers_as_that_of_the_present_one(traded: Door, alias: str, path: str) -> None:
    reader = traded.token("", "read")
    plain, whole = (traded.client.get(each, headers=reader) for each in (alias, f"/api/v1{path}"))
    assert (plain.status_code, plain.headers["cache-control"]) == (200, "no-store")
    assert without_age(plain.json()) == without_age(whole.json())


def test_it_is_open_to_nobody_else_and_refuses_what_that_refuses(traded: Door) -> None:
    assert traded.client.get("/positions").json()["code"] == "unauthenticated"
    reader = traded.token("", "read")
    for path, status in (
        ("/positions/NONE", 404),
        ("/positions/COIN?symbol=COIN", 422),
        ("/positions/CO%26owner=x", 404),
        ("/positions/a/b", 404),
        ("/positions/", 404),
        ("/trades?x=1", 422),
        ("/orders/x", 404),
    ):
        assert traded.client.get(path, headers=reader).status_code == status, path
    assert traded.client.post("/positions", headers=reader, json={}).status_code in (404, 405)


def test_health_is_told_to_programs_and_shown_to_people(traded: Door) -> None:
    told = traded.client.get("/health", headers={"accept": "application/json"})
    assert {part["name"] for part in told.json()["parts"]} >= {"journal", "engine"}
    assert traded.client.head("/health", headers={"accept": "*/*"}).headers["content-type"] == "application/json"
    shown = traded.client.get("/health", headers={"accept": "text/html,application/xhtml+xml"})
    assert shown.json()["code"] == "not_found", "the page is left to the console, which this door does not serve"
