"""A recorded session of Binance, with its whole depth: the compiled scan and its oracle trade it alike."""

from __future__ import annotations

import gzip
import os
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest
from msgspec.structs import replace

from benchmarks.peer_seat import seat_of, terms_of
from flatbook.backtest.kernel.market import CompiledMarket
from flatbook.backtest.plain_market import PlainMarket
from flatbook.backtest.run import Plan, drive, observe, places_of
from flatbook.backtest.tape_file import FileTape
from flatbook.backtest.terms import FeeRates, Latency
from flatbook.journal.memory import MemoryJournal, MemoryStore
from flatbook.services.tape_sources import recordings_of
from flatbook.services.tapes import make_tape, surveyed

SHARED = os.environ.get("FLATBOOK_SHARED")
LINES = 3_000
MS = 1_000_000


def cut(source: Path, target: Path) -> Path:
    """Writes the first lines of a recording."""
    with gzip.open(source, "rt") as whole, gzip.open(target, "wt") as part:
        part.writelines(line for _, line in zip(range(LINES), whole, strict=False))
    return target


@pytest.mark.skipif(SHARED is None, reason="no FLATBOOK_SHARED")
@pytest.mark.parametrize("name", ["hftbt_usdm_btcusdt_20230404", "hftbt_spot_btcusdt_20240808"])
def test_a_recorded_session_is_traded_alike_by_scan_oracle_and_engine(tmp_path: Path, name: str) -> None:
    path = cut(Path(str(SHARED)) / "data" / "2_orderbook" / f"{name}.gz", tmp_path / f"{name}.gz")
    make_tape(tmp_path / "tape.parquet", [surveyed(each) for each in recordings_of([path])])
    tape = FileTape(tmp_path / "tape.parquet")
    seat = seat_of(tape, offset=0)
    slow = Latency(least_ns=2 * MS, spread_ns=5 * MS)
    fees = {each.id: FeeRates(maker=Decimal("0.0002"), taker=Decimal("0.0005")) for each in seat.instruments}
    terms = replace(terms_of(), front=False, placing=slow, canceling=slow, reporting=slow, fees=fees)
    stores = []
    for kind, is_direct in ((CompiledMarket, True), (PlainMarket, True), (CompiledMarket, False)):
        market, store = kind(tape, terms), MemoryStore()
        observe(market, (seat,), terms, places_of(tape))
        drive(market, Plan(tape, (seat,), terms), MemoryJournal(store), is_direct=is_direct)
        stores.append(store)
    counted = Counter(type(event).__name__ for row in MemoryJournal(stores[0]).read() for event in row.events)
    assert counted["OrderFilled"] > 20
    assert stores[0].link == stores[1].link == stores[2].link
