"""Each figure of a report by hand, from a tape of two minutes, and the same in every form that it is kept in.

The middle falls from 104.05 to 100.05 within 40 s, rises to 104.05 until the 80th, and falls to 100.15. The grid buys
one at 103, 102 and 101, sells each a unit higher, and buys all three again. Funding of 0.0001 is paid in the 60th
second on the two that it holds, at 102. A program that shares no code with ours added these numbers up.
"""

from __future__ import annotations

import csv
import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.unit.cli.scene import call
from tests.unit.services.backtest_scene import PLAN, write_plan, write_tape

PARTS = ("spread", "inventory", "fees", "funding", "opening")
PRINTED = ["0.45", "-3.00", "-0.09", "-0.02", "0.00", "-2.66"]
NUMBERS = ("qty", "price", "middle", "contract_size", "spread", "fees")
FIGURES = {
    "spread": "0.45",
    "inventory": "-3",
    "fees": "-0.0921",
    "funding": "-0.0204",
    "opening": "0",
    "net": "-2.6625",
    "turnover": "921",
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a backtest whose plan samples every ten seconds."""
    home = tmp_path_factory.mktemp("home")
    tape = write_tape(home / "t.parquet", seconds=120)
    plan = write_plan(home / "plan.toml", PLAN.replace("sample_s = 60", "sample_s = 10"))
    told = call("backtest", str(plan), "--data", str(tape), "--out", str(home / "run"), "--home", str(home))
    assert told.code == 0, told.err
    (home / "run" / "told.txt").write_text(told.out)
    return home / "run"


def body_of(run: Path) -> dict[str, Any]:
    body: dict[str, Any] = json.loads((run / "report.json").read_text())
    return body


def table_of(run: Path, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader((run / f"{name}.csv").read_text().splitlines()))


def test_the_parts_are_those_that_were_added_up_by_hand(run: Path) -> None:
    body = body_of(run)
    assert body["total_usd"] == FIGURES
    (parts,) = body["parts"]
    assert {name: parts[name] for name in FIGURES} == FIGURES
    assert (parts["position"], parts["executions"], parts["change"]) == ("3", 9, "-2.6625")


def test_orders_queue_trades_exposure_and_turnover_are_those_that_were_counted_by_hand(run: Path) -> None:
    body = body_of(run)
    orders, queue, trades = body["orders"], body["queue"], body["trades"]
    assert (orders["intended"], orders["filled"], orders["canceled"], orders["fill_rate"]) == (27, 9, 9, 9 / 27)
    assert (orders["maker_share"], orders["filled_in_part"], orders["rejected"]) == (1.0, 0, {})
    assert (queue["executions"], queue["ahead_median"], queue["waited_median_ns"]) == (9, 0, 30_996_000_000)
    # first in, first out: 102 - 103, 103 - 102 and 104 - 101, each less both of its fees
    assert [trades[name] for name in ("count", "wins", "losses")] == [3, 2, 1]
    assert trades["average_loss"] == pytest.approx(-1 - 0.0103 - 0.0102)
    assert trades["total"] == pytest.approx(3 - 0.0306 - 0.0309)
    assert body["exposure_usd"]["max"] == pytest.approx(3 * 101.95)
    assert body["turnover"]["of_mean_equity"] == pytest.approx(921 / 9999.592746, rel=1e-9)


def test_return_and_drawdown_are_those_of_the_curve(run: Path) -> None:
    equity = [float(row["equity"]) for row in table_of(run, "curve")]
    assert equity[:6] == [10_000, 10_000, 9_999.1397, 9_997.2795, 9_994.4194, 9_996.8194]
    assert equity[-1] == 9_997.3375
    figures = body_of(run)["equity"]
    assert figures["max_drawdown"] == pytest.approx((10_000 - 9_994.4194) / 10_000)
    assert figures["total_return"] == pytest.approx(-2.6625 / 10_000)
    assert (figures["sharpe"], figures["sortino"]) == (None, None)


def test_executions_add_up_to_spread_fees_and_turnover(run: Path) -> None:
    rows = [(row["side"], {name: Decimal(row[name]) for name in NUMBERS}) for row in table_of(run, "executions")]
    assert sum(row["spread"] for _, row in rows) == Decimal("0.45")
    assert sum(row["fees"] for _, row in rows) == Decimal("0.0921")
    assert sum(row["qty"] * row["price"] * row["contract_size"] for _, row in rows) == 921
    signed = [row["qty"] if side == "buy" else -row["qty"] for side, row in rows]
    moved = [qty * (Decimal("100.15") - row["middle"]) for qty, (_, row) in zip(signed, rows, strict=True)]
    assert (sum(signed), sum(moved)) == (3, -3)


def test_every_point_of_the_curve_adds_up(run: Path) -> None:
    for row in table_of(run, "curve"):
        gained = Decimal(row["equity"]) - 10_000
        assert sum(Decimal(row[part]) for part in PARTS) == gained


@pytest.mark.parametrize("name", ["parts", "executions", "curve"])
def test_parquet_holds_what_csv_holds(run: Path, name: str) -> None:
    kept = pq.read_table(run / f"{name}.parquet").to_pylist()
    written = table_of(run, name)
    assert [list(row) for row in kept] == [list(row) for row in written]
    numbers = [key for key, value in kept[0].items() if isinstance(value, Decimal)]
    assert numbers
    assert all(line[key] == Decimal(row[key]) for line, row in zip(kept, written, strict=True) for key in numbers)


def test_the_table_of_parts_is_that_of_the_report(run: Path) -> None:
    (row,) = table_of(run, "parts")
    assert {name: row[name] for name in FIGURES} == FIGURES
    assert sum(Decimal(row[part]) for part in PARTS) == Decimal(row["net"]) == Decimal(row["change"])


def test_the_page_and_the_terminal_add_up_to_the_cent(run: Path) -> None:
    page = (run / "report.html").read_text()
    rows = re.findall(r"<tr><td>(binance:[^<]*|all, USD)</td>(.*?)</tr>", page)
    cells = {name: re.findall(r"<td>([^<]*)</td>", row) for name, row in rows}
    told = next(line.split() for line in (run / "told.txt").read_text().splitlines() if "PERP" in line)
    assert [*cells["binance:BTCUSDT-PERP, USDT"][:6]] == told[2:8] == PRINTED
    assert cells["all, USD"][:6] == told[2:8]
