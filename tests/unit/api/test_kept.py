"""Answers that are kept for a moment: the same bytes for all, never older than the journal, and to nobody uninvited."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flatbook.api.access_scopes import Lane
from flatbook.api.kept import kept_routes
from tests.unit.api.door_scene import Door, opened, until
from tests.unit.api.test_follow import commit

POSITIONS = "/api/v1/positions"


@pytest.fixture(scope="module")
def door(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """Gives an application over a copy of the demo desk whose journal a test may write to."""
    home = shutil.copytree(demo, tmp_path_factory.mktemp("kept") / "home")
    with opened(home) as door:
        yield door


def price(answer: Any) -> str:
    """Returns what the first net of an answer is valued at."""
    told: str = answer.json()["nets"][0]["price"]
    return told


def test_a_commit_changes_what_is_answered_and_its_name(door: Door) -> None:
    reader = door.token("", "read")
    before = door.client.get(POSITIONS, headers=reader)
    commit(door.site.follower.path, "313")
    until(lambda: price(door.client.get(POSITIONS, headers=reader)) == "313", "the new price")
    after = door.client.get(POSITIONS, headers=reader)
    assert before.headers["etag"] != after.headers["etag"]
    assert after.headers["cache-control"] == "no-store"


def test_whoever_has_the_answer_already_is_told_so_while_the_journal_stands(door: Door) -> None:
    reader = door.token("", "read")
    known = door.client.get(POSITIONS, headers=reader).headers["etag"]
    asked = {**reader, "if-none-match": f'"other", {known}'}
    again = [door.client.get(POSITIONS, headers=asked) for _ in range(2)]
    assert [(each.status_code, each.content, each.headers["etag"]) for each in again] == [(304, b"", known)] * 2
    assert door.client.get(POSITIONS, headers={**reader, "if-none-match": '"other"'}).status_code == 200


def test_what_follows_from_more_than_the_journal_has_no_name(door: Door) -> None:
    reader = door.token("", "read")
    follows = dict(kept_routes(door.app))
    told = [follows.get(f"/api/v1/{path}", "not kept") for path in ("orders", "config", "status", "audit")]
    assert told == ["journal", "config", None, "not kept"]
    assert "etag" not in door.client.get("/api/v1/status", headers=reader).headers


@pytest.mark.parametrize("path", ["config", "channels", "accounts", "instruments"])
def test_the_configuration_keeps_its_name_whatever_the_journal_says(door: Door, path: str) -> None:
    reader = door.token("", "read")
    first = door.client.get(f"/api/v1/{path}", headers=reader)
    commit(door.site.follower.path, "317")
    until(lambda: price(door.client.get(POSITIONS, headers=reader)) == "317", "the new price")
    again = door.client.get(f"/api/v1/{path}", headers={**reader, "if-none-match": first.headers["etag"]})
    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
    assert first.headers["etag"] != door.client.get(POSITIONS, headers=reader).headers["etag"]


def test_a_kept_answer_is_told_to_nobody_without_a_right_and_counts_as_any_other(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = door.token("flood", "read")
    assert door.client.get(POSITIONS, headers=reader).status_code == 200
    assert door.client.get(POSITIONS).json()["code"] == "unauthenticated"
    now = door.clock.now()
    monkeypatch.setattr(door.clock, "now", lambda: now)
    for _ in range(600):
        door.access.rates.wait_ns("token:flood", Lane.READ, now)
    answers = [door.client.get(POSITIONS, headers=reader) for _ in range(3)]
    assert [each.json()["code"] for each in answers] == ["too_many_requests"] * 3


def test_a_refused_question_is_refused_each_time_whatever_it_says_to_have(door: Door) -> None:
    reader = door.token("", "read")
    known = door.client.get(POSITIONS, headers=reader).headers["etag"]
    asked = {**reader, "if-none-match": known}
    answers = [door.client.get("/api/v1/orders?limit=none", headers=asked) for _ in range(2)]
    assert [(each.status_code, each.json()["code"]) for each in answers] == [(422, "invalid")] * 2
