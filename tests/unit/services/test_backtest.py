"""A plan that asks its strategies after every message leaves the journal of one that asks them on their wakes."""

from __future__ import annotations

import json
from contextlib import closing
from functools import partial
from pathlib import Path

from flatbook.journal.sqlite_reader import open_reader
from flatbook.services.backtest import JOURNAL, run_backtest
from flatbook.services.backtest_plan import read_plan
from tests.unit.services.backtest_scene import PLAN, write_plan, write_tape


def test_a_grid_that_is_asked_after_every_message_trades_as_on_its_wakes(tmp_path: Path) -> None:
    tape = write_tape(tmp_path / "tape.parquet")
    kept = []
    for name, line in (("wakes", ""), ("each", "ask_each = true")):
        plan = write_plan(tmp_path / f"{name}.toml", f"{line}\n{PLAN}")
        run_backtest(partial(read_plan, plan), tape, tmp_path / name, lambda _done, _of: True)
        with closing(open_reader(tmp_path / name / JOURNAL)) as journal:
            kept.append([event for row in journal.read() for event in row.events])
    assert len(kept[0]) > 100
    assert kept[1] == kept[0]
    stops = [json.loads((tmp_path / name / "report.json").read_text())["run"]["stops"] for name in ("wakes", "each")]
    assert stops[0]["woken"] < stops[1]["woken"]
