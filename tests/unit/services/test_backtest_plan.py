"""Plans of backtests that cannot be run are refused with where, why and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from flatbook.backtest.tape_file import FileTape, Message, memory_tape
from flatbook.market.ticks import Kind
from flatbook.services.backtest_plan import PlanRefused, read_plan
from tests.unit.backtest.scenes import PERP
from tests.unit.services.backtest_scene import BEGIN, PLAN, S, write_plan, write_tape


@pytest.mark.parametrize(
    ("plan", "says"),
    [
        (b"\xff\xfe\x00bad", "no text in UTF-8 .*: save it as UTF-8"),
        (PLAN.replace('"10000"', '"NaN"').encode(), "cash.USDT: 'NaN' is not a decimal number"),
        (
            PLAN.replace('maker = "0.0001"\n', "").encode(),
            "instruments.binance:BTCUSDT-PERP.maker is missing: state it",
        ),
        (
            PLAN.replace("leverage = 10\n", "").encode(),
            "instruments.binance:BTCUSDT-PERP: a contract needs margin: state leverage",
        ),
        (PLAN.replace("leverage = 10", "leverage = 250").encode(), "BTCUSDT-PERP: a leverage is a whole number from 1"),
        (PLAN.replace('"0.005"', '"0.1"').encode(), "BTCUSDT-PERP: maintenance is above zero, and less than an order"),
        (
            PLAN.replace("leverage = 10", 'leverage = 10\ntiers = {50000 = "0.004"}').encode(),
            "BTCUSDT-PERP: tiers must rise",
        ),
        (
            PLAN.replace("leverage = 10", 'leverage = 10\ntiers = {much = "0.01"}').encode(),
            "BTCUSDT-PERP: .*much.* is not a decimal number",
        ),
        (b"a = " + b"[" * 10_000, "nests too deep|Invalid value"),
        (
            PLAN.replace('USDT = "10000"', 'USDC = "5"').encode(),
            r"the grid of grid on binance:BTCUSDT-PERP trades in USDT, of which the account has none \(5 USDC\): state",
        ),
        (PLAN.replace("[marks]", "[mark]").encode(), r"there is no key mark; did you mean marks\?"),
        (
            PLAN.replace("taker", "takr").replace('"10000"', '"NaN"').encode(),
            r"there is no key instruments.binance:BTCUSDT-PERP.takr; did you mean taker\?",
        ),
        (
            PLAN.replace("spacing", "spaceing").encode(),
            r"there is no key strategies.grid.params.spaceing; did you mean spacing\?",
        ),
        (PLAN.replace('kind = "grid"', 'kind = "os:getcwd"').encode(), "strategies.grid.kind: os:getcwd takes no such"),
        (PLAN.replace('kind = "grid"', 'kind = "no:where"').encode(), "strategies.grid.kind: No module named 'no'"),
        (PLAN.replace('kind = "grid"', 'kind = "builtins:max"').encode(), "strategies.grid.kind"),
    ],
)
def test_a_plan_that_cannot_be_run_is_refused(tmp_path: Path, plan: bytes, says: str) -> None:
    tape = FileTape(write_tape(tmp_path / "tape.parquet", seconds=5))
    (tmp_path / "plan.toml").write_bytes(plan)
    with pytest.raises(PlanRefused, match=says):
        read_plan(tmp_path / "plan.toml", tape)


def test_a_tape_of_bars_alone_is_refused_for_a_grid(tmp_path: Path) -> None:
    tape = memory_tape([Message(BEGIN, BEGIN, [(Kind.BAR, 0, 1000, 5, 1001, 0, 0)])], (PERP,))
    plan = write_plan(tmp_path / "plan.toml")
    with pytest.raises(PlanRefused, match="has no book on the tape, only bar: a grid quotes by a book: make a tape of"):
        read_plan(plan, tape)


def test_a_tape_from_before_what_a_desk_believes_is_refused_and_not_run_without_a_report(tmp_path: Path) -> None:
    quotes = [(Kind.QUOTE, 0, 10_000, 5, 10_001, 5, 0)]
    plan, days = write_plan(tmp_path / "plan.toml"), (1_199_145_599 * S, 1_199_145_600 * S)
    old, new = (memory_tape([Message(at, at, quotes)], (PERP,)) for at in days)
    with pytest.raises(PlanRefused, match=r"begins at 2007-12-31T23:59:59Z: .* before 2008-01-01T00:00:00Z$"):
        read_plan(plan, old)
    assert read_plan(plan, new).seats[0].owner == "grid"
