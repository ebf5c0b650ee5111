"""Grids whose recorded market is never played are named at a start, with why."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from msgspec.structs import replace

from flatbook.ops.config import load
from flatbook.ops.config_shape import ClockKind, ClockSection
from flatbook.services.demo_home import MARKET_FILE, add_grid, make_home
from flatbook.services.unplayed import unplayed
from flatbook.sim.tapes.demo_tape import load_demo_tape

HEAD = '1764000000000000000 {"recorded":"binance","symbols":["ETHUSDT"]}\n1764000000000000000 {"stream":"x"}\n'


def said(home: Path, *, on_tape: bool = False) -> list[tuple[str, str]]:
    """Returns what is said of the demo's desk with its grid."""
    loaded = load(home, environment={})
    system = replace(loaded.config, clock=ClockSection(kind=ClockKind.SYSTEM))
    return list(unplayed(loaded if on_tape else replace(loaded, config=system)))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "demo"
    make_home(folder, load_demo_tape())
    add_grid(folder)
    return folder


def test_on_a_tape_a_recording_begins_when_the_desk_ends(home: Path) -> None:
    ((name, why),) = said(home, on_tape=True)
    assert name.startswith("BTC/USDT@")
    assert why.startswith("it begins when the tape has ended, at 20")
    assert why.endswith("and the desk ends then too: set the clock to system, or run the demo, which stays")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, None),
        ("", "holds no frame: record it again"),
        ("no frame\n", "holds no frame: record it again"),
        (HEAD, "is of ETHUSDT at binance, and tells nothing of BTCUSDT: name another one"),
        (HEAD.replace("ETHUSDT", "BTCUSDT"), None),
    ],
)
def test_a_recording_of_nothing_or_of_others_is_named(home: Path, content: str | None, says: str | None) -> None:
    if content is not None:
        (home / "recordings" / MARKET_FILE).write_bytes(gzip.compress(content.encode()))
    found = [why.removeprefix(f"recordings/{MARKET_FILE} ") for _, why in said(home)]
    assert found == ([] if says is None else [says])


def test_a_recording_without_a_head_is_known_by_its_frames(home: Path) -> None:
    stated = next(each for each in home.rglob("*.toml") if 'symbol = "BTCUSDT"' in each.read_text())
    stated.write_text(stated.read_text().replace('symbol = "BTCUSDT"', 'symbol = "BTCUSDD"'))
    ((_, why),) = said(home)
    assert why.startswith(f"recordings/{MARKET_FILE} is of BTCUSDT, and tells nothing of BTCUSDD: correct the symbol")


def test_a_recording_that_cannot_be_read_is_named(home: Path) -> None:
    (home / "recordings" / MARKET_FILE).write_bytes(b"no gzip at all")
    ((_, why),) = said(home)
    assert "cannot be read (Not a gzipped file" in why
