from __future__ import annotations

import csv
import json
import os
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.unit.cli.scene import call
from tests.unit.services.backtest_scene import PLAN, write_plan, write_tape
from tests.unit.services.test_backtest_home import FITS

DEAR = PLAN.replace('fee = "0.0001"', 'fee = "0.005"')
SHARED = os.environ.get("FLATBOOK_SHARED")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which a backtest was run."""
    home = tmp_path_factory.mktemp("home")
    tape, plan = write_tape(home / "t.parquet"), write_plan(home / "plan.toml")
    told = call("backtest", str(plan), "--data", str(tape), "--out", str(home / "run"), "--json", "--home", str(home))
    assert told.code == 0, told.err
    (home / "told.json").write_text(told.out)
    return home


def test_a_grid_over_a_tape_earns_in_parts_that_add_up(made: Path) -> None:
    told = call("backtest", str(made / "plan.toml"), "--data", str(made / "t.parquet"), "--home", str(made))
    assert told.code == 0
    assert told.out.splitlines()[-1] == f"report: {made}/backtests/plan-t-1/report.html"
    body = json.loads((made / "told.json").read_text())
    (parts,) = body["parts"]
    assert (body["schema"], body["adds_up"], body["is_whole"], body["rows"]) == (
        "flatbook.backtest.v1",
        True,
        True,
        601,
    )
    assert parts["executions"] > 10
    assert parts["net"] == parts["change"]
    assert body["orders"]["maker_share"] == 1.0
    assert body["queue"]["executions"] == parts["executions"]


def test_a_run_without_orders_says_why_its_grid_was_held(made: Path, tmp_path: Path) -> None:
    plan = write_plan(tmp_path / "dear.toml", PLAN.replace('fee = "0.0001"', 'fee = "0.02"\natr_scale_pct = 1'))
    told = call(
        "backtest", str(plan), "--data", str(made / "t.parquet"), "--out", str(tmp_path / "run"), "--home", str(made)
    )
    why = "the grid of grid on binance:BTCUSDT-PERP was held (no_book 11, no_profit 11): a cycle would not pay its fees"
    assert told.code == 0
    assert f"NO ORDERS: {why}" in told.out
    assert f"No orders: {why}" in (tmp_path / "run" / "report.html").read_text()
    assert json.loads((tmp_path / "run" / "report.json").read_text())["held"][0]["newest"] == "no_profit"


def test_the_run_of_a_hidden_home_is_not_hidden(tmp_path: Path) -> None:
    home = tmp_path / ".flatbook"
    tape = write_tape(tmp_path / "t.parquet")
    home.mkdir()
    (home / "flatbook.toml").write_text(FITS)
    told = call("backtest", "--data", str(tape), "--json", "--home", str(home))
    assert told.body()["folder"] == f"{home}/backtests/flatbook-t-1"


def test_a_run_leaves_a_page_tables_and_a_journal_that_other_verbs_read(made: Path) -> None:
    run = made / "run"
    body = json.loads((made / "told.json").read_text())
    rows = list(csv.DictReader((run / "executions.csv").read_text().splitlines()))
    assert len(rows) == body["parts"][0]["executions"] == pq.read_table(run / "executions.parquet").num_rows
    assert sum(float(row["spread"]) for row in rows) == pytest.approx(float(body["parts"][0]["spread"]))
    assert "<svg" in (run / "report.html").read_text()
    assert (
        pq.read_table(run / "curve.parquet").num_rows
        == len(list(csv.DictReader((run / "curve.csv").read_text().splitlines())))
        > 5
    )
    assert call("events", "verify", "--home", str(run)).code == 0
    assert (run / "plan.toml").read_text() == PLAN


def test_the_folder_of_a_run_is_no_desk_that_crashed(made: Path, tmp_path: Path) -> None:
    run = made / "run"
    told = call("status", "--home", str(run)).out
    assert "engine: none, this is a finished backtest\n" in told
    assert "ended without a stop" not in told
    assert "d ago" not in told
    refused = call("grid", "slots", "--home", str(run))
    assert (refused.code, "flatbook init" in refused.err) == (4, False)
    assert "a finished backtest stands here; --config FILE names the configuration of the desk" in refused.err
    config = tmp_path / "flatbook.toml"
    config.write_text(FITS)
    assert call("grid", "slots", "--home", str(run), "--config", str(config)).code == 0


def test_the_same_plan_and_tape_give_the_same_journal(made: Path, tmp_path: Path) -> None:
    words = ("backtest", str(made / "plan.toml"), "--data", str(made / "t.parquet"), "--out", str(tmp_path / "again"))
    assert call(*words, "--home", str(made)).code == 0
    tails = [
        call("events", "tail", "-n", "3", "--json", "--home", str(home)).out
        for home in (made / "run", tmp_path / "again")
    ]
    assert tails[0] == tails[1]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ("[cash]", "toml"),
        (PLAN.replace('underlying = "BTC"\n', ""), "underlying"),
        (PLAN.replace("BTCUSDT-PERP", "ETHUSDT-PERP"), "not on the tape"),
        (PLAN.replace('kind = "grid"', 'kind = "nobody:makes"'), "nobody"),
        (PLAN.replace("step = 10", "step = 0"), "step"),
        (PLAN + 'colour = "red"\n', "colour"),
        (PLAN.replace("open_orders_max = 50", "open_orders_max = 9"), "which would lock it: state orders_max"),
        (PLAN.replace('amount = "1"', 'amount = "0.01"'), "a level trades only 0.01; the least order is"),
        (PLAN.replace('amount = "1"', 'amount = "21"'), "a level trades 21, more than the inventory_max of 20"),
        (
            DEAR,
            "at 104, the first price of the tape, a step of 1 does not pay its two fees: it must be more than 1.0452",
        ),
        (
            PLAN.replace("step = 10", "step = 9000")
            .replace("arithmetic", "geometric")
            .replace('"0.0001"\nord', '"0.005"\nord'),
            "a step of 0.9 does not pay its two fees",
        ),
        (
            PLAN.replace("size = {type", "size = {typ"),
            "there is no key strategies.grid.params.size.typ; did you mean type?",
        ),
    ],
)
def test_a_plan_that_does_not_fit_says_where(made: Path, tmp_path: Path, wrong: str, says: str) -> None:
    plan = write_plan(tmp_path / "p.toml", wrong)
    told = call(
        "backtest", str(plan), "--data", str(made / "t.parquet"), "--out", str(tmp_path / "x"), "--home", str(made)
    )
    assert told.code in (1, 4)
    assert says in told.err
    assert not (tmp_path / "x").exists()


def test_a_strategy_of_ones_own_that_breaks_leaves_nothing_behind(made: Path, tmp_path: Path) -> None:
    own = PLAN[: PLAN.index("[strategies.grid.params]")]
    own = own.replace('"grid"', '"tests.unit.services.backtest_scene:seat_that_breaks"')
    plan = write_plan(tmp_path / "own.toml", f'{own}[strategies.grid.params]\nsays = "broken"\n')
    with pytest.raises(ArithmeticError, match="broken"):
        call(
            "backtest", str(plan), "--data", str(made / "t.parquet"), "--out", str(tmp_path / "x"), "--home", str(made)
        )
    assert not (tmp_path / "x").exists()


@pytest.mark.skipif(SHARED is None, reason="no FLATBOOK_SHARED")
def test_what_was_recorded_at_binance_is_backtested_with_a_report(tmp_path: Path) -> None:
    source = Path(str(SHARED)) / "data" / "2_orderbook" / "hftbt_usdm_btcusdt_20230404.gz"
    tape, out = tmp_path / "u.parquet", tmp_path / "run"
    assert call("data", "convert", str(source), "--out", str(tape), "--home", str(tmp_path)).code == 0
    text = PLAN.replace("binance:BTCUSDT-PERP", "binanceusdm:BTCUSDT").replace('amount = "1"', 'amount = "0.01"')
    plan = write_plan(tmp_path / "p.toml", text.replace("0.0001", "0.000001"))
    told = call("backtest", str(plan), "--data", str(tape), "--out", str(out), "--json", "--home", str(tmp_path)).body()
    assert (told["adds_up"], told["is_whole"], told["without_middle"]) == (True, True, 0)
    assert told["parts"][0]["executions"] > 0
