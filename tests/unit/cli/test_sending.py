"""What the engine is told by a verb, and what a verb says where no engine hears it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flatbook.cli.options import Where
from flatbook.cli.sending import send
from flatbook.ops import control_client
from tests.unit.cli.scene import call


@pytest.mark.parametrize(
    ("typed", "told"),
    [("news", "news"), ("k\udcc3\udca4se", "k\u00e4se"), ("caf\udce9", "caf\ufffd")],
    ids=["plain", "a shell without an encoding", "another encoding"],
)
def test_no_stop_fails_for_how_its_reason_is_spelled(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, typed: str, told: str
) -> None:
    heard: list[dict[str, Any]] = []

    def request(_: Path, asked: dict[str, Any], __: float) -> dict[str, Any]:
        heard.append(asked["command"])
        return {"accepted": True, "repeated": False, "seq": 1, "why": None}

    monkeypatch.setattr(control_client, "request", request)
    assert send(Where(home=tmp_path), "halt", {"scope": "all"}, (typed, None)).accepted
    assert heard[0]["reason"] == told


VERBS = ("status", "halt", "run", "token link", "why fb57g6")


@pytest.mark.parametrize("verb", VERBS)
def test_a_home_without_a_desk_says_how_another_is_named(home_of_its_own: Path, verb: str) -> None:
    assert "--home names another desk" in call(*verb.split()).err
    assert str(home_of_its_own) in call(*verb.split()).err


@pytest.mark.parametrize("verb", VERBS)
def test_a_home_with_nothing_but_a_demo_names_that_one(home_of_its_own: Path, verb: str) -> None:
    demo = home_of_its_own / "demo"
    demo.mkdir(parents=True)
    (demo / ".flatbook-demo").touch()
    assert f"--home {demo} is the desk of the demo" in call(*verb.split()).err


def test_a_desk_that_does_not_run_is_no_reason_to_look_for_another(home_of_its_own: Path) -> None:
    call("init")
    assert "--home" not in call("halt").err
