"""`flatbook compare` judges a desk by a backtest of the same window, on both sides, and only by that."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.unit.cli.scene import call
from tests.unit.services.backtest_scene import BEGIN, PLAN, S, write_plan, write_tape
from tests.unit.services.test_backtest_home import FITS


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which a backtest was run."""
    home = tmp_path_factory.mktemp("home")
    tape, plan = write_tape(home / "t.parquet"), write_plan(home / "plan.toml")
    told = call("backtest", str(plan), "--data", str(tape), "--out", str(home / "run"), "--home", str(home))
    assert told.code == 0, told.err
    return home


def test_a_run_compared_with_itself_does_not_differ(made: Path) -> None:
    told = call("compare", str(made / "run"), "--against", str(made / "run"), "--json", "--home", str(made)).body()
    assert (told["difference"], told["differences"]) == ("0", [])
    assert told["orders"]["traded"] == told["orders"]["matched"] > 10


def test_other_fees_are_the_cause_of_what_differs(made: Path, tmp_path: Path) -> None:
    plan = write_plan(tmp_path / "dear.toml", PLAN.replace('maker = "0.0001"', 'maker = "0.0003"'))
    dear = tmp_path / "dear"
    run = call("backtest", str(plan), "--data", str(made / "t.parquet"), "--out", str(dear), "--home", str(made))
    assert run.code == 0
    told = call("compare", str(dear), "--against", str(made / "run"), "--home", str(made))
    verdict = told.out.splitlines()[-1]
    assert verdict.startswith("what was traded is worse than the backtest by ")
    assert "by -" not in verdict
    assert verdict.endswith("; first cause: fees")


def test_a_desk_that_traded_at_another_time_is_not_compared(made: Path, tmp_path: Path) -> None:
    tape, out = write_tape(tmp_path / "later.parquet", begin=BEGIN + 86_400 * S), tmp_path / "later"
    run = call("backtest", str(made / "plan.toml"), "--data", str(tape), "--out", str(out), "--home", str(made))
    assert run.code == 0
    told = call("compare", str(made / "run"), "--against", str(out), "--home", str(made))
    why = "the desk traded nothing between 2023-11-15T22:13:20Z and 2023-11-15T22:23:19Z: nothing to compare"
    assert (told.code, told.out) == (1, "")
    assert why in told.err


def test_another_tape_than_that_of_the_backtest_cuts_both_sides(made: Path, tmp_path: Path) -> None:
    tape = write_tape(tmp_path / "shorter.parquet", seconds=200)
    run = str(made / "run")
    whole = call("compare", run, "--against", run, "--json", "--home", str(made)).body()["orders"]
    told = call("compare", run, "--against", run, "--data", str(tape), "--json", "--home", str(made)).body()
    assert (told["to"], told["difference"], told["differences"]) == ("2023-11-14T22:16:39Z", "0", [])
    assert 0 < told["orders"]["simulated"] == told["orders"]["traded"] < whole["simulated"]


def test_a_tape_of_another_day_than_the_backtest_is_refused_with_both_spans(made: Path, tmp_path: Path) -> None:
    tape = write_tape(tmp_path / "later.parquet", begin=BEGIN + 86_400 * S)
    run = str(made / "run")
    told = call("compare", run, "--against", run, "--data", str(tape), "--home", str(made))
    assert told.code == 1
    assert (
        "later.parquet runs from 2023-11-15T22:13:20Z to 2023-11-15T22:23:19Z, the backtest from 2023-11-14" in told.err
    )


def test_nothing_is_run_for_a_desk_that_traded_nothing_meanwhile(made: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    (home / "flatbook.toml").write_text(FITS)
    shutil.copy(made / "run" / "journal.sqlite", home / "journal.sqlite")
    tape = write_tape(tmp_path / "later.parquet", begin=BEGIN + 86_400 * S)
    told = call("compare", str(home), "--data", str(tape), "--home", str(home))
    why = "the desk traded nothing between 2023-11-15T22:13:20Z and 2023-11-15T22:23:19Z: nothing to compare"
    assert (told.code, why in told.err, (home / "backtests").exists()) == (1, True, False)
