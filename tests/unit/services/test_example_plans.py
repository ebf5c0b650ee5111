"""The plans that are carried as examples fit the tapes that they are for, and print what the how-to says."""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path

import pytest

from benchmarks.peer_tape import BEGIN_NS, write_peer_tape
from flatbook.backtest.tape import TapeInstrument
from flatbook.backtest.tape_file import Message, memory_tape
from flatbook.market.ticks import Kind, Product
from flatbook.services.backtest_plan import read_plan
from tests.tidy.reading import ROOT
from tests.unit.cli.scene import call

SHARED = os.environ.get("FLATBOOK_SHARED")
PLANS = ROOT / "examples" / "backtests"
MARKETS = {
    "binance-usdm": ("binanceusdm:BTCUSDT", Product.LINEAR, "0.1", "0.001", "USDT"),
    "binance-spot": ("binance:BTCUSDT", Product.SPOT, "0.01", "0.000001", "USDT"),
    "binance-coinm": ("binancecoinm:BTCUSD_PERP", Product.INVERSE, "0.1", "1", "USD"),
}


def test_there_is_a_plan_for_each_session_and_for_the_tape_of_the_peers() -> None:
    assert sorted(path.stem for path in PLANS.glob("*.toml")) == sorted([*MARKETS, "peers"])


@pytest.mark.parametrize("name", list(MARKETS))
def test_a_plan_fits_the_market_that_it_is_for(name: str) -> None:
    market, product, tick, lot, quote = MARKETS[name]
    venue, _, symbol = market.partition(":")
    instrument = TapeInstrument(
        id=market, venue=venue, symbol=symbol, product=product, tick=Decimal(tick), lot=Decimal(lot), quote=quote
    )
    bid = int(61_800 / float(tick))
    tape = memory_tape([Message(BEGIN_NS, BEGIN_NS, [(Kind.QUOTE, 0, bid, 9, bid + 1, 9, 1)])], (instrument,))
    (seat,) = read_plan(PLANS / f"{name}.toml", tape).seats
    assert seat.owner == "grid"


def test_the_plan_of_the_peers_trades_both_of_their_markets(tmp_path: Path) -> None:
    write_peer_tape(tmp_path / "p.parquet", 0.01)
    run = call("backtest", str(PLANS / "peers.toml"), "--data", str(tmp_path / "p.parquet"), "--home", str(tmp_path))
    assert run.code == 0, run.err
    assert f"{12_000:,} rows of tape" in run.out


@pytest.mark.skipif(SHARED is None, reason="no FLATBOOK_SHARED")
def test_a_recorded_session_prints_what_the_how_to_says(tmp_path: Path) -> None:
    source = Path(str(SHARED)) / "data" / "2_orderbook" / "hftbt_spot_btcusdt_20240808.gz"
    tape = tmp_path / "spot.parquet"
    assert call("data", "convert", str(source), "--out", str(tape), "--home", str(tmp_path)).code == 0
    run = call("backtest", str(PLANS / "binance-spot.toml"), "--data", str(tape), "--home", str(tmp_path))
    said = (ROOT / "docs" / "how-to" / "backtest.md").read_text()
    printed = [line for line in run.out.splitlines() if line.startswith(("  binance:BTCUSDT", "net ", "orders "))]
    assert len(printed) == 3
    assert all(line in said for line in printed)
