"""Recordings that are kept by others are read by their formats."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from flatbook.backtest.refused import TapeRefused
from flatbook.backtest.tape_file import FileTape
from flatbook.market.depth import Unread, UnreadFor, Unused
from flatbook.market.ticks import Kind, Product, Told
from flatbook.services.tape_archives import Read, bitstamp_told, bybit_told, hyperliquid_told
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
    assert isinstance(whole, Told)
    assert isinstance(sold, Told)
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


def heard(tmp_path: Path, name: str, content: str) -> list[Told | Unused | str | None]:
    (tmp_path / name).write_text(content)
    (recording,) = recordings_of([tmp_path / name])
    return [told.reason.value if isinstance(told, Unread) else told for _, told in recording.heard()]


TARDIS = "exchange,symbol,timestamp,local_timestamp,id,side,price,amount\n"
TRADE_OF_BYBIT = b'{"topic":"publicTrade.X","ts":2,"data":[{"T":1,"s":"X","S":"Buyer","v":"1","p":"1"}]}'
BOOK_OF_BYBIT = b'{"topic":"orderbook.1.X","type":"checkpoint","ts":2,"data":{"s":"X","b":[],"a":[],"u":7}}'
TRADE_OF_HYPERLIQUID = b'{"channel":"trades","data":[{"coin":"X","side":"X","px":"1","sz":"2","time":5,"tid":9}]}'


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("b,X,1582329602111000\n", "malformed"),
        ("b,X,1582329602111000,abc,1,buy,1,1\n", "off_grid"),
        ("b,X,1582329602111000,1582329602111001,1,bought,1,1\n", "unknown_word"),
    ],
)
def test_a_row_of_tardis_that_cannot_be_read_is_counted(tmp_path: Path, row: str, reason: str) -> None:
    assert heard(tmp_path, "t.csv", TARDIS + row) == [reason]


def test_tardis_itself_does_not_know_the_side_of_some_trades(tmp_path: Path) -> None:
    (told,) = heard(tmp_path, "t.csv", TARDIS + "b,X,1582329602111000,1582329602111001,1,unknown,1,1\n")
    assert isinstance(told, Told)
    assert told.ticks[0].p2 == 0


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ('["-100.0","1.0",1616663113.5,"b","l","",1]', "off_grid"),
        ('["100.0","1.0","NaN","b","l","",1]', "off_grid"),
        ('["100.0","1.0",1616663113.5,"q","l","",1]', "unknown_word"),
    ],
)
def test_a_trade_of_kraken_that_cannot_be_read_is_counted(tmp_path: Path, row: str, reason: str) -> None:
    assert heard(tmp_path, "k.json", f'{{"error":[],"result":{{"X":[{row}],"last":"1"}}}}') == [reason]


def test_a_line_of_binance_that_nests_without_end_is_counted(tmp_path: Path) -> None:
    depth = '{"E":1,"s":"X","U":1,"u":2,"b":[],"a":[]}'
    lines = [f'{{"stream":"x@depth","data":{depth}}}', '{"stream":"x@depth","data":' + "[" * 100_000]
    assert heard(tmp_path, "b.jsonl", "\n".join(lines))[1] == "malformed"


@pytest.mark.parametrize(
    ("read", "line"),
    [(bybit_told, TRADE_OF_BYBIT), (bybit_told, BOOK_OF_BYBIT), (hyperliquid_told, TRADE_OF_HYPERLIQUID)],
)
def test_a_word_that_is_not_known_is_not_guessed_at(read: Read, line: bytes) -> None:
    assert [told.reason.value for told in read(line) if isinstance(told, Unread)] == ["unknown_word"]


@pytest.mark.parametrize("price", ['"NaN"', "-3.5"])
def test_a_trade_of_bitstamp_at_no_price_is_counted(tmp_path: Path, price: str) -> None:
    assert heard(tmp_path, "s.log", f'trade {{"price": {price}, "amount": 0.5, "id": 3}}\n') == ["off_grid"]


def test_a_line_that_is_no_text_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "b.jsonl"
    path.write_bytes(b'{"topic":"orderbook.1.X"}\n{"topic":"orderbook.1.\xff"}\n')
    (recording,) = recordings_of([path])
    assert [getattr(told, "reason", None) for _, told in recording.heard()] == [
        UnreadFor.UNKNOWN_WORD,
        UnreadFor.MALFORMED,
    ]


def test_an_archive_of_lobster_with_a_time_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "LOBSTER_SampleFile_AAPL_2012-06-21_1.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("m_message_1.csv", "abc,1,16,18,5853300,1\n")
        archive.writestr("m_orderbook_1.csv", "5859400,200,5853300,18\n")
    with pytest.raises(TapeRefused, match="is damaged"):
        rows_of(tmp_path, path)


def test_a_recording_whose_time_leaps_and_comes_back_is_refused(tmp_path: Path) -> None:
    line = '{{"topic":"orderbook.500.X","type":"{}","ts":{},"data":{{"s":"X","b":[["1.5","3"]],"a":[],"u":{}}}}}\n'
    told = ((1_733_011_200_000, 7, "snapshot"), (4_102_444_800_000, 8, "delta"), (1_733_011_200_800, 9, "delta"))
    content = "".join(line.format(kind, at, number) for at, number, kind in told)
    with pytest.raises(TapeRefused, match="goes back from 2100-01-01T00:00:00"):
        rows(tmp_path, "b.jsonl", content)
