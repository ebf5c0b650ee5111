"""The replay of recorded December 2025: the production engine on a tape, and a report whose numbers are known."""

from __future__ import annotations

import contextlib
import io
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from flatbook.cli.app import main
from flatbook.services.demo_home import HomeRefused
from flatbook.services.replay import make_home

pytestmark = pytest.mark.real

PARTS = {
    "edge": "260.9858",
    "waiting": "-0.022055",
    "gap": "-150.7644",
    "slippage": "-11.2467",
    "netting": "-24.2465",
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("replay")


@pytest.fixture(scope="module")
def body(home: Path) -> dict[str, Any]:
    """Runs the replay once over what is shipped, and gives what it reports."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        assert main(["replay", "--json", "--home", str(home)]) == 0
    found: dict[str, Any] = json.loads(out.getvalue())
    return found


def test_fills_of_the_regular_session_wait_for_the_next_minute_and_all_others_for_the_next_session(
    body: dict[str, Any],
) -> None:
    lines = {line.pop("session"): line for line in body["latency"]}
    assert {name: (line["fills"], line["hedged"], line["netted"], line["open"]) for name, line in lines.items()} == {
        "overnight": (14, 5, 9, 0),
        "early": (12, 6, 6, 0),
        "regular": (50, 46, 2, 2),
        "late": (5, 3, 2, 0),
    }
    assert {name: (line["half_s"], line["most_s"]) for name, line in lines.items()} == {
        "overnight": (40_662, 40_662),
        "early": (1_672, 2_266),
        "regular": (48, 91),
        "late": (50_659, 61_060),
    }


def test_what_was_exposed_is_known_by_session(body: dict[str, Any]) -> None:
    exposure = body["exposure"]
    assert exposure["usd_max"].startswith("6042.396656")
    assert exposure["usd_mean"] == "225.300167"
    means = {line["session"]: line["usd_mean"] for line in exposure["sessions"]}
    assert means == {
        "closed": "4.915596",
        "overnight": "470.183152",
        "early": "569.215746",
        "regular": "4.126015",
        "late": "51.370327",
    }
    parts = [Decimal(line["usd_seconds"]) for line in exposure["sessions"]]
    assert sum(parts) == Decimal(exposure["usd_seconds"])


def test_the_market_moved_over_nights_and_weekends_against_what_was_held(body: dict[str, Any]) -> None:
    gaps = {gap["closed_at"]: gap for gap in body["gaps"]}
    assert len(gaps) == 13
    weekend = gaps["2025-12-12T21:00:00Z"]
    assert (weekend["weekend"], weekend["opened_at"]) == (True, "2025-12-15T14:30:00Z")
    assert (weekend["shares"], weekend["close"], weekend["open"]) == ("0.0365779297870761", "267.345", "268.15")
    worst = gaps["2025-12-17T21:00:00Z"]
    assert (worst["close"], worst["open"], worst["usd"][:9]) == (
        "243.77",
        "252.89",
        "-185.7018",
    )


def test_the_parts_add_up_to_the_ledger(body: dict[str, Any]) -> None:
    parts = {part: Decimal(usd) for part, usd in body["parts_usd"].items()}
    costs = sum(Decimal(usd) for usd in body["costs_usd"].values())
    assert body["adds_up"] is True
    assert sum(parts.values()) - costs == Decimal(body["net_usd"])
    assert {part: str(usd)[: len(PARTS[part])] for part, usd in parts.items() if usd} == PARTS


def test_the_desk_of_the_replay_ends_flat_and_every_verb_that_looks_works_on_it(
    home: Path, body: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["status", "--exit-code", "--home", str(home / "replay")]) == 0
    assert main(["export", "hedges", "--totals", "--to", str(home / "hedges.csv"), "--home", str(home / "replay")]) == 0
    assert main(["report", "--home", str(home / "replay")]) == 0
    assert "the parts add up to the ledger" in capsys.readouterr().out
    assert body["schema"] == "flatbook.replay.v1"


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(HomeRefused):
        make_home(tmp_path, None)
    assert (tmp_path / "mine").read_text() == "mine"
