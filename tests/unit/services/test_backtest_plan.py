"""Plans of backtests that cannot be run are refused with where, why and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from flatbook.backtest.tape_file import FileTape
from flatbook.services.backtest_plan import PlanRefused, read_plan
from tests.unit.services.backtest_scene import PLAN, write_tape


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
        (b"a = " + b"[" * 10_000, "nests too deep|Invalid value"),
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
