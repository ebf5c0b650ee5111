"""Recordings of Binance become tapes, whichever of its markets they are of, and files go on where another ends."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest

from flatbook.backtest.refused import TapeRefused
from flatbook.backtest.tape_doctor import examine
from flatbook.backtest.tape_file import FileTape
from flatbook.market.ticks import Kind, Product
from flatbook.services.tape_sources import Stated, recordings_of
from flatbook.services.tapes import make_tape, surveyed
from flatbook.sim import tapes

SHARED = os.environ.get("FLATBOOK_SHARED")
MS = 1_700_000_000_000
LINES = 3_000


def depth(local: int, at: int, first: int, last: int, bids: str, asks: str) -> str:
    told = f'"e":"depthUpdate","E":{MS + at},"s":"BTCUSDT","U":{first},"u":{last},"b":[{bids}],"a":[{asks}]'
    return f'{MS + local}000000 {{"stream":"btcusdt@depth@100ms","data":{{{told}}}}}'


def trade(local: int, at: int, seq: int) -> str:
    told = f'"e":"trade","E":{MS + at},"T":{MS + at},"s":"BTCUSDT","t":{seq},"p":"100.20","q":"0.5","m":false'
    return f'{MS + local}000000 {{"stream":"btcusdt@trade","data":{{{told}}}}}'


FIRST = (
    depth(0, 10, 1, 2, '["100.10","1"]', ""),
    f'{MS + 1}000000 {{"lastUpdateId":2,"bids":[["100.10","1"]],"asks":[["100.20","2.5"]]}}',
    trade(3, 12, 1),
)
SECOND = (depth(100, 110, 3, 4, "", '["100.20","2"]'), trade(105, 112, 2))


def recorded(path: Path, *lines: str) -> Path:
    path.write_bytes(gzip.compress("\n".join(lines).encode() + b"\n"))
    return path


def test_files_of_one_market_are_one_recording(tmp_path: Path) -> None:
    paths = [recorded(tmp_path / "a.gz", *FIRST), recorded(tmp_path / "b.gz", *SECOND)]
    (recording,) = recordings_of(paths)
    found = surveyed(recording)
    head = make_tape(tmp_path / "t.parquet", [found])
    (instrument,) = head.instruments
    assert (instrument.id, instrument.product, str(instrument.tick)) == ("binance:BTCUSDT", Product.SPOT, "0.1")
    assert (str(instrument.lot), instrument.quote) == ("0.1", "USDT")
    (columns,) = FileTape(tmp_path / "t.parquet").chunks()
    assert columns.kind.tolist() == [Kind.CLEAR, Kind.BID, Kind.ASK, Kind.TRADE, Kind.ASK, Kind.TRADE]
    assert columns.p1.tolist() == [0, 1001, 1002, 1002, 1002, 1002]
    assert columns.q1.tolist() == [0, 10, 25, 5, 20, 5]
    assert [origin.name for origin in head.origins] == ["a.gz", "b.gz"]


def aggregate(local: int, at: int, seq: int) -> str:
    return trade(local, at, seq).replace("trade", "aggTrade").replace('"t":', '"a":')


def taken(path: Path, *lines: str) -> tuple[int, dict[str, int]]:
    """Returns how many trades a recording brings to its tape, and what is counted."""
    (recording,) = recordings_of([recorded(path.with_suffix(".gz"), *lines)])
    head = make_tape(path, [surveyed(recording)])
    return sum(cover.rows for cover in head.covers if cover.kind == Kind.TRADE), dict(head.counts)


def test_sums_of_trades_are_taken_where_trades_do_not_stand_one_by_one(tmp_path: Path) -> None:
    sums = aggregate(106, 113, 1), aggregate(107, 114, 2)
    alone = taken(tmp_path / "a.parquet", *FIRST[:2], SECOND[0], *sums)
    both = taken(tmp_path / "b.parquet", *FIRST[:2], *sums, *FIRST[2:], *SECOND)
    assert (alone[0], alone[1].get("unused_aggTrade")) == (2, None)
    assert (both[0], both[1].get("unused_aggTrade")) == (2, 2)


def test_the_recording_of_the_demo_becomes_a_tape_with_its_trades(tmp_path: Path) -> None:
    demo = Path(tapes.__file__).parent / "tape" / "btcusdt.jsonl.gz"
    lines = (line.decode().strip() for line in gzip.decompress(demo.read_bytes()).splitlines()[:200])
    trades, counts = taken(tmp_path / "demo.parquet", *lines)
    assert trades > 50
    assert not any(name.startswith("un") for name in counts)


def test_another_product_than_that_of_the_recording_is_refused(tmp_path: Path) -> None:
    path = recorded(tmp_path / "a.gz", *FIRST)
    with pytest.raises(TapeRefused, match=r"a[.]gz says itself that it is of spot: leave --product out"):
        recordings_of([path], Stated(product=Product.LINEAR))
    assert len(recordings_of([path], Stated(product=Product.SPOT))) == 1


def test_another_venue_or_symbol_than_that_of_the_recording_is_refused(tmp_path: Path) -> None:
    path = recorded(tmp_path / "a.gz", *FIRST)
    with pytest.raises(TapeRefused, match=r"a[.]gz says itself that it is of binance: leave --venue out"):
        recordings_of([path], Stated(venue="okx"))
    (recording,) = recordings_of([path], Stated(symbol="ETHUSDT"))
    with pytest.raises(TapeRefused, match=r"a[.]gz says itself that it is of BTCUSDT: leave --symbol out"):
        surveyed(recording)
    (recording,) = recordings_of([path], Stated(venue="binance", symbol="BTCUSDT"))
    assert list(surveyed(recording).survey.symbols) == ["BTCUSDT"]


def test_a_clock_that_stood_behind_is_set_right_and_said(tmp_path: Path) -> None:
    (recording,) = recordings_of([recorded(tmp_path / "a.gz", *FIRST, *SECOND)])
    head = make_tape(tmp_path / "t.parquet", [surveyed(recording)])
    assert head.clocks[0].offset_ns == 11_000_000
    assert "recorded time plus 11 ms" in head.clocks[0].rule
    (columns,) = FileTape(tmp_path / "t.parquet").chunks()
    assert ((columns.local_ts - columns.ts) // 10**6).tolist() == [2, 2, 2, 2, 1, 4]


def test_a_line_that_is_cut_off_is_counted_and_a_book_after_it_is_not_guessed(tmp_path: Path) -> None:
    cut = depth(50, 60, 3, 3, '["100.10","2"]', "")[:-20]
    (recording,) = recordings_of(
        [recorded(tmp_path / "a.gz", *FIRST, cut, *(SECOND[0].replace('"U":3', '"U":4'), SECOND[1]))]
    )
    head = make_tape(tmp_path / "t.parquet", [surveyed(recording)])
    assert (head.counts["unread_malformed"], head.counts["book_gap"]) == (1, 1)
    assert {finding.ill.value for finding in examine(FileTape(tmp_path / "t.parquet")).findings} == {
        "unread",
        "book_lost",
    }


def test_a_file_that_is_cut_off_or_of_no_known_format_is_refused(tmp_path: Path) -> None:
    whole = recorded(tmp_path / "a.gz", *FIRST, *SECOND * 50)
    (tmp_path / "cut.gz").write_bytes(whole.read_bytes()[:-12])
    (recording,) = recordings_of([tmp_path / "cut.gz"])
    with pytest.raises(TapeRefused, match="cut off or damaged"):
        surveyed(recording)
    with pytest.raises(TapeRefused, match="of no format"):
        recordings_of([recorded(tmp_path / "x.gz", "what", "is", "this")])


@pytest.mark.skipif(SHARED is None, reason="no FLATBOOK_SHARED")
@pytest.mark.parametrize(
    ("names", "product", "offset_ms"),
    [
        (["hftbt_spot_btcusdt_20240808"], Product.SPOT, 1275),
        (["hftbt_usdm_btcusdt_20240808"], Product.LINEAR, 1271),
        (["hftbt_cm_btcusd_perp_20240808"], Product.INVERSE, 1272),
    ],
)
def test_what_was_recorded_at_binance_replays_to_the_quotes(
    tmp_path: Path, names: list[str], product: Product, offset_ms: int
) -> None:
    paths = []
    for name in names:
        with gzip.open(Path(str(SHARED)) / "data" / "2_orderbook" / f"{name}.gz", "rt") as whole:
            paths.append(recorded(tmp_path / f"{name}.gz", *(next(whole).strip() for _ in range(LINES))))
    (recording,) = recordings_of(paths)
    head = make_tape(tmp_path / "t.parquet", [surveyed(recording)])
    examined = examine(FileTape(tmp_path / "t.parquet"))
    looked = examined.looked[0]
    assert head.instruments[0].product is product
    assert abs(head.clocks[0].offset_ns // 10**6 - offset_ms) < 5
    assert (examined.findings, looked.crossed, looked.whole_books) == ((), 0, 1)
    assert looked.equal >= looked.compared - 2 > 90
