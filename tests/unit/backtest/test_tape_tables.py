"""Bars and rates of funding are read under the names that people use, and what is not sure is refused."""

from __future__ import annotations

import gzip
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flatbook.backtest.tape_tables import instant_of, read_table, symbols_of, table_of
from flatbook.market.depth import Unread, Unused
from flatbook.market.ticks import Kind, Tick, Told
from flatbook.values.instants import InstantRefused

HOUR = 3600 * 10**9
T = 1_700_002_800 * 10**9
UNIT = 10**12


def told(path: Path, only: str = "", symbol: str = "S") -> list[Told | Unread | Unused | None]:
    table = table_of(path)
    assert table is not None
    return [what for _, what in read_table(table, only, symbol)]


def test_a_bar_stands_at_its_end(tmp_path: Path) -> None:
    path = tmp_path / "b.csv"
    path.write_text(
        f"date,open,high,low,close,volume,n_trades\n{T // 10**9},10,12,9,11,5,3\n{T // 10**9 + 3600},11,11,11,11,0,0\n"
    )
    first, second = told(path)
    assert isinstance(first, Told)
    assert (first.symbol, first.happened_at) == ("S", T + HOUR)
    assert first.ticks == (
        Tick(Kind.RANGE, 12 * UNIT, 3, 9 * UNIT, T),
        Tick(Kind.BAR, 10 * UNIT, 5 * UNIT, 11 * UNIT, T),
    )
    assert isinstance(second, Told)


def test_spot_perpetual_and_rates_stand_side_by_side(tmp_path: Path) -> None:
    names = [prefix + name for prefix in ("spot_", "perp_") for name in ("open", "high", "low", "close")]
    columns = {name: [10.5, None] for name in names} | {"funding_rate": [None, 0.0001]}
    stamps = pa.array([T // 10**6, (T + HOUR) // 10**6], pa.timestamp("ms", tz="UTC"))
    pq.write_table(pa.table({"ts": stamps, **columns}), tmp_path / "j.parquet")
    found = [each for each in told(tmp_path / "j.parquet") if isinstance(each, Told)]
    assert [(each.symbol, each.stream) for each in found] == [("S", "bars"), ("S-PERP", "bars"), ("S-PERP", "funding")]
    assert found[2].ticks == (Tick(Kind.FUNDING, 100_000_000, T + HOUR),)


def test_rates_of_several_venues_are_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "f.csv.gz"
    rows = "2020-01-01 00:00:00+00:00,a,X,-0.0001,\n2020-01-01 00:00:00+00:00,b,X,0.5,7.5\n"
    path.write_bytes(gzip.compress(f"ts,venue,symbol,funding_rate,mark_price\n{rows}".encode()))
    table = table_of(path)
    assert table is not None
    assert symbols_of(table) == ("a:X", "b:X")
    (second,) = told(path, "b:X")
    assert isinstance(second, Told)
    assert second.ticks == (Tick(Kind.FUNDING, UNIT // 2, 1_577_836_800 * 10**9, 75 * UNIT // 10, 0),)


@pytest.mark.parametrize("row", ["10,9,12,11", "nan,12,9,11", "inf,12,9,11", "-1,12,-9,11", "x,12,9,11"])
def test_a_bar_that_cannot_be_says_why(tmp_path: Path, row: str) -> None:
    path = tmp_path / "b.csv"
    good = "\n".join(f"{T // 10**9 + 3600 * number},10,12,9,11" for number in range(2))
    path.write_text(f"ts,open,high,low,close\n{good}\n{T // 10**9 + 7200},{row}\n")
    assert isinstance(told(path)[2], Unread)


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(InstantRefused, match="no zone"):
        instant_of("2023-01-01 00:00:00")
    assert instant_of("1700002800000") == T
    assert instant_of("2023-11-14T23:00:00Z") == T


def test_a_file_of_something_else_is_no_table(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("a,b\n1,2\n")
    assert table_of(path) is None
    assert table_of(tmp_path / "x.txt") is None
