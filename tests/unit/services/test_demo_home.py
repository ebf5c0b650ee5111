"""The home of the demo: a hedge on a tape, and a grid beside it that begins when the tape has ended."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest

from flatbook.ops.config import load, missing_files
from flatbook.ops.config_read import ConfigRefused
from flatbook.ops.config_seats import grid_seats
from flatbook.services.demo_home import add_grid, hedge_alone, make_home
from flatbook.sim.tapes.demo_tape import load_demo_tape
from tests.conftest import SHARED_ABSENT
from tools import make_market_tape


def test_the_tape_is_replayed_without_the_grid_that_comes_after_it(tmp_path: Path) -> None:
    home = tmp_path / "demo"
    make_home(home, load_demo_tape())
    add_grid(home)
    whole = load(home, environment={})
    assert missing_files(whole) == ()
    assert list(grid_seats(whole.config)) == ["maker"]
    assert list(hedge_alone(home).config.accounts) == ["paper"]
    assert hedge_alone(home).config.grid == {}


def test_the_shipped_market_is_what_the_tool_cuts() -> None:
    shared = os.environ.get("FLATBOOK_SHARED")
    if not shared:
        pytest.skip(SHARED_ABSENT)
    lines = make_market_tape.cut_of(make_market_tape.messages_of(Path(shared) / make_market_tape.SOURCE))
    assert b"".join(lines) == gzip.decompress(make_market_tape.FILE.read_bytes())


PERPETUAL = ('symbol = "BTCUSDT"', 'symbol = "BTCUSDT"\nproduct = "linear_perp"')


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ([("recording =", 'base_url = "http://127.0.0.1:1"\nrecording =')], "is played instead of watching"),
        ([PERPETUAL, ('exchange = "binance"', 'exchange = "binance"\nmarket = "usdm"')], "it plays spot"),
        ([("recording =", "# recording =")], "a tape is no time for nodes and brokers"),
    ],
)
def test_a_recording_stands_for_a_spot_market_alone(tmp_path: Path, changes: list[tuple[str, str]], said: str) -> None:
    home = tmp_path / "demo"
    make_home(home, load_demo_tape())
    add_grid(home)
    fragment = home / "flatbook.d" / "grid.toml"
    for old, new in changes:
        fragment.write_text(fragment.read_text("ascii").replace(old, new), "ascii")
    with pytest.raises(ConfigRefused, match=said):
        load(home, environment={})
