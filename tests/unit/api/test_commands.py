"""Commands over HTTP to a real engine: done once, journalled with who and why, previewed, verified."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.api.door_scene import LOOKS, Door, desk_home, engine_over, opened
from tests.unit.cli.scene import call

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    with desk_home() as folder, engine_over(folder):
        yield folder


@pytest.fixture(scope="module")
def door(home: Path) -> Iterator[Door]:
    with opened(home) as door:
        yield door


@pytest.fixture(scope="module")
def risk(door: Door) -> dict[str, str]:
    return door.token("risk", "risk")


def latest(home: Path, kind: str) -> dict[str, Any]:
    """Returns the latest event of a type in the journal of a desk."""
    body = call("events", "tail", "-n", "1", "--type", kind, "--json", "--home", str(home)).body()
    event: dict[str, Any] = body["events"][0]
    return event


def lifted(door: Door, risk: dict[str, str], halt_id: str, key: str) -> None:
    """Takes a halt back as its preview shows it, once the journal was read up to it."""
    preview: dict[str, Any] = {}
    for _ in range(LOOKS):
        preview = door.client.post(
            "/api/v1/previews/lift", json={"reason": "r", "halt_id": halt_id}, headers=risk
        ).json()
        if preview["effect"]["halts"]:
            break
    body = {"reason": "done", "halt_id": halt_id, "expected_version": preview["version"]}
    assert door.give("lift", body, key, risk).status_code == 200


def test_a_halt_is_done_and_journalled_with_who_and_why(door: Door, home: Path, risk: dict[str, str]) -> None:
    answer = door.give("halt", {"reason": "news"}, "halt-0001", risk)
    assert answer.status_code == 200
    event = latest(home, "command_accepted")
    assert (event["actor"], event["reason"], event["verb"]) == ("token:risk", "news", "halt")
    assert event["key"] == "token:risk/halt-0001"
    assert answer.json()["seq"] >= 1
    lifted(door, risk, answer.json()["halt_id"], "lift-0001")
