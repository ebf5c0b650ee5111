"""A window in which a desk traded on paper, recorded meanwhile, is compared with the simulator by cause."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.parity.paper_desk import CONFIG, RECORDED, PaperDesk
from tests.parity.recorded_market import frames_of, write_frames
from tests.unit.cli.scene import call


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose desk traded on paper, with the tape of what was told meanwhile."""
    home = tmp_path_factory.mktemp("home")
    frames = frames_of(RECORDED)
    PaperDesk(CONFIG, home, frames).run()
    write_frames(frames, home / "told.gz")
    steps = ("--tick", "0.1", "--lot", "0.001")
    assert call("data", "convert", str(home / "told.gz"), *steps, "--out", str(tape_of(home))).code == 0
    return home


def tape_of(home: Path) -> Path:
    return home / "tape.parquet"


def compared(home: Path, *words: str) -> dict[str, Any]:
    told = call("compare", str(home), *words, "--json", "--home", str(home))
    assert told.code == 0, told.err
    return told.body()


def test_the_grids_of_a_home_are_backtested_by_its_configuration_alone(home: Path) -> None:
    told = call("backtest", "--data", str(tape_of(home)), "--home", str(home), "--json").body()
    (part,) = told["parts"]
    assert (part["instrument"], told["adds_up"], told["orders"]["intended"]) == ("BTC-PERP", True, 68)
    assert told["run"]["names"] == {"binanceusdm:BTCUSDT": "BTC-PERP"}
    assert told["start_usd"] == "1000000"
    assert (Path(told["folder"]) / "desk.json").exists()


def test_a_paper_window_differs_from_the_simulator_by_causes_that_add_up(home: Path) -> None:
    told = compared(home, "--data", str(tape_of(home)))
    assert told["orders"] == {
        "traded": 62,
        "simulated": 68,
        "matched": 62,
        "at_another_price": 0,
        "not_compared": 0,
    }
    causes = {row["cause"]: (row["orders"], Decimal(row["amount"])) for row in told["causes"]}
    assert {cause: orders for cause, (orders, _) in causes.items()} == {
        "latency": 1,
        "queue": 2,
        "missed_fills": 2,
        "price": 0,
        "size": 0,
        "fees": 14,
        "data_gaps": 0,
    }
    assert sum(amount for _, amount in causes.values()) == Decimal(told["difference"]) == Decimal("0.12699535")


def test_a_backtest_that_was_run_before_is_compared_with_again(home: Path) -> None:
    first = compared(home, "--data", str(tape_of(home)))
    again = compared(home, "--against", first["against"])
    assert again == first


def test_a_comparison_wants_a_tape_or_a_backtest(home: Path) -> None:
    told = call("compare", str(home), "--home", str(home))
    assert told.code == 2
    assert "--data TAPE" in told.err
