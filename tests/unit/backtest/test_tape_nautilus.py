"""Files of a nautilus catalogue are read as its writer makes them."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flatbook.backtest.refused import TapeRefused
from flatbook.backtest.tape_nautilus import is_of_catalogue, read_catalogue
from flatbook.market.depth import Unread
from flatbook.market.ticks import Kind, Tick, Told

UNIT = 10**12
ID = {b"instrument_id": b"BTCUSDT-PERP.BINANCE", b"price_precision": b"1", b"size_precision": b"3"}
# What nautilus_trader 1.221 wrote of a price of 100.1 and of a size of 1.500.
PRICE, SIZE = b"\x00\x80*L2D\xe4\r" + bytes(8), b"\x00\x80\xa1\xa7kJ5\x00" + bytes(8)


def raw(number: float, size: int = 16) -> bytes:
    return round(number * 10**3 * 10 ** (13 if size == 16 else 6)).to_bytes(size, "little", signed=True)


def catalogue(path: Path, columns: dict[str, list[object]], more: dict[bytes, bytes] | None = None) -> Path:
    def column(values: list[object]) -> pa.Array:
        if isinstance(values[0], bytes):
            return pa.array(values, pa.binary(len(values[0])))
        return pa.array(values)

    table = pa.table({name: column(values) for name, values in columns.items()})
    pq.write_table(table.replace_schema_metadata(ID | (more or {})), path)
    return path


def test_quotes_and_trades_come_in_the_order_in_which_they_were_seen(tmp_path: Path) -> None:
    quotes = catalogue(
        tmp_path / "q.parquet",
        {
            "bid_price": [PRICE],
            "ask_price": [raw(100.2)],
            "bid_size": [SIZE],
            "ask_size": [raw(2)],
            "ts_event": [3],
            "ts_init": [9],
        },
    )
    trades = catalogue(
        tmp_path / "t.parquet",
        {
            "price": [PRICE],
            "size": [raw(0.5)],
            "aggressor_side": [2],
            "trade_id": ["7"],
            "ts_event": [4],
            "ts_init": [5],
        },
    )
    assert is_of_catalogue(quotes)
    (first, trade), (second, quote) = read_catalogue([quotes, trades])
    assert isinstance(trade, Told)
    assert isinstance(quote, Told)
    assert (first, second, trade.symbol) == (5, 9, "BTCUSDT-PERP.BINANCE")
    assert trade.ticks == (Tick(Kind.TRADE, 1001 * UNIT // 10, UNIT // 2, -1),)
    assert quote.ticks == (Tick(Kind.QUOTE, 1001 * UNIT // 10, 15 * UNIT // 10, 1002 * UNIT // 10, 2 * UNIT),)


def changes(tmp_path: Path, price: bytes = PRICE, order_id: int = 0) -> Path:
    return catalogue(
        tmp_path / "d.parquet",
        {
            "action": [4, 1, 3],
            "side": [0, 1, 2],
            "price": [raw(0), price, raw(100.2)],
            "size": [raw(0), SIZE, raw(0)],
            "order_id": [0, order_id, 0],
            "flags": [0, 0, 128],
            "sequence": [1, 1, 1],
            "ts_event": [3, 3, 3],
            "ts_init": [4, 4, 4],
        },
    )


def test_changes_of_a_book_at_once_are_one_message(tmp_path: Path) -> None:
    ((seen, told),) = read_catalogue([changes(tmp_path)])
    assert isinstance(told, Told)
    assert told.depth is not None
    assert (seen, told.happened_at, told.seq, told.depth.is_whole) == (4, 3, 1, True)
    assert told.depth.depth.bids == [(1001 * UNIT // 10, 15 * UNIT // 10)]
    assert told.depth.depth.asks == [(1002 * UNIT // 10, 0)]


def test_a_book_of_single_orders_is_refused_and_a_number_beyond_the_grid_unread(tmp_path: Path) -> None:
    with pytest.raises(TapeRefused, match="single orders"):
        list(read_catalogue([changes(tmp_path, order_id=7)]))
    ((_, told),) = read_catalogue([changes(tmp_path, price=(1).to_bytes(16, "little"))])
    assert isinstance(told, Unread)


def test_bars_know_how_long_they_are(tmp_path: Path) -> None:
    at = 120 * 10**9
    path = catalogue(
        tmp_path / "b.parquet",
        {
            "open": [raw(2, 8)],
            "high": [raw(4, 8)],
            "low": [raw(1, 8)],
            "close": [raw(3, 8)],
            "volume": [raw(5, 8)],
            "ts_event": [at],
            "ts_init": [at],
        },
        {b"bar_type": b"BTCUSDT-PERP.BINANCE-1-MINUTE-LAST-EXTERNAL"},
    )
    ((_, told),) = read_catalogue([path])
    assert isinstance(told, Told)
    assert told.ticks == (
        Tick(Kind.RANGE, 4 * UNIT, 0, UNIT, 60 * 10**9),
        Tick(Kind.BAR, 2 * UNIT, 5 * UNIT, 3 * UNIT, 60 * 10**9),
    )
