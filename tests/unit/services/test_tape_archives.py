"""Recordings that are kept by others are read by their formats."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from flatbook.backtest.refused import TapeRefused
from flatbook.backtest.tape_file import FileTape
from flatbook.market.depth import Unread
from flatbook.market.ticks import Kind, Product
from flatbook.services.tape_archives import bitstamp_told, hyperliquid_told
from flatbook.services.tape_sources import Stated, recordings_of
from flatbook.services.tapes import make_tape, surveyed


def rows(tmp_path: Path, name: str, content: str) -> list[tuple[int, ...]]:
    (tmp_path / name).write_text(content)
    return rows_of(tmp_path, tmp_path / name)


def rows_of(tmp_path: Path, path: Path) -> list[tuple[int, ...]]:
    head = make_tape(tmp_path / "t.parquet", [surveyed(each) for each in recordings_of([path])])
    (columns,) = FileTape(tmp_path / "t.parquet").chunks()
    assert head.instruments[0].venue != ""
    taken = (columns.kind, columns.p1, columns.q1, columns.p2, columns.q2)
    return list(zip(*(column.tolist() for column in taken), strict=True))


def test_books_of_bybit_follow_their_numbers(tmp_path: Path) -> None:
    book = '{{"s":"X","b":[["1.5","{}"]],"a":[],"u":{},"seq":9}}'
    line = '{{"topic":"orderbook.500.X","type":"{}","ts":2,"data":' + book + ',"cts":1}}\n'
    content = line.format("snapshot", 3, 7) + line.format("delta", 4, 8) + line.format("delta", 5, 10)
    assert rows(tmp_path, "b.jsonl", content) == [(0, 0, 0, 0, 0), (1, 15, 3, 0, 0), (1, 15, 4, 0, 0), (0, 0, 0, 0, 0)]


def test_hyperliquid_shows_whole_books_and_trades() -> None:
    book = b'{"channel":"l2Book","data":{"coin":"X","time":5,"levels":[[{"px":"1","sz":"2","n":1}],[]]}}'
    trade = b'{"channel":"trades","data":[{"coin":"X","side":"A","px":"1","sz":"2","time":5,"tid":9}]}'
    (whole,), (sold,) = hyperliquid_told(book), hyperliquid_told(trade)
    assert whole.depth is not None
    assert (whole.depth.is_whole, whole.happened_at) == (True, 5_000_000)
    assert sold.ticks[0].p2 == -1
    assert list(hyperliquid_told(b'{"channel":"subscriptionResponse","data":{}}')) == []


def test_bitstamp_of_2015_told_numbers_that_were_floats() -> None:
    (trade,) = bitstamp_told(b'trade {"price": 236.46999999999997, "amount": 0.5, "id": 3}')
    assert (trade.ticks[0].p1, trade.ticks[0].p2) == (236_470_000_000_000, 0)
    assert list(bitstamp_told(b'order_created {"price": "1"}')) == []


def test_trades_of_tardis_and_kraken(tmp_path: Path) -> None:
    header = "exchange,symbol,timestamp,local_timestamp,id,side,price,amount\n"
    wrong = "binance-futures,X,1582329602111000,1582329602418379,2,buy,abc,1\n"
    right = "binance-futures,X,1582329602111000,1582329602418379,1,sell,9682.5,0.1\n"
    assert rows(tmp_path, "t.csv", header + right + wrong) == [(Kind.TRADE, 96825, 1, -1, 0)]
    kraken = '{"error": [], "result": {"XBTUSDT": [["1.5","2","3"]], "last": "9"}}'
    with pytest.raises(TapeRefused, match="no answer of Kraken"):
        rows(tmp_path, "k.json", kraken)
    kraken = '{"error": [], "result": {"XBTUSDT": [["1.5","2",1762795433.9717445,"b","l","",7]], "last": "9"}}'
    assert rows(tmp_path, "k.json", kraken) == [(Kind.TRADE, 15, 2, 1, 0)]


def test_lobster_shows_quotes_and_what_was_executed(tmp_path: Path) -> None:
    path = tmp_path / "LOBSTER_SampleFile_AAPL_2012-06-21_1.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("m_message_1.csv", "34200.5,1,16,18,5853300,1\n34201,4,16,3,5853300,1\n")
        archive.writestr("m_orderbook_1.csv", "5859400,200,5853300,18\n9999999999,0,5853300,15\n")
    assert rows_of(tmp_path, path) == [
        (Kind.QUOTE, 58533, 18, 58594, 200),
        (Kind.TRADE, 58533, 3, -1, 0),
        (Kind.QUOTE, 58533, 15, 0, 0),
    ]
    (columns,) = FileTape(tmp_path / "t.parquet").chunks()
    assert int(columns.ts[0]) == 1_340_285_400_500_000_000


def test_what_is_of_no_known_format_is_refused_with_what_is_known(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    with pytest.raises(TapeRefused, match="hftbacktest"):
        recordings_of([tmp_path / "x.csv"])


def test_a_person_states_what_a_file_of_bars_does_not(tmp_path: Path) -> None:
    (tmp_path / "b.csv").write_text("ts,open,high,low,close\n1700002800,1,1,1,1\n1700006400,1,1,1,1\n")
    (recording,) = recordings_of([tmp_path / "b.csv"], Stated("okx", "BTC-USDT", Product.LINEAR))
    found = surveyed(recording)
    head = make_tape(tmp_path / "t.parquet", [found])
    assert (head.instruments[0].id, head.instruments[0].product) == ("okx:BTC-USDT", Product.LINEAR)
    assert not any(isinstance(told, Unread) for _, told in recording.heard())
