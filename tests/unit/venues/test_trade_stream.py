"""Trades of others as Binance and Bybit tell them: what each frame says, and that any bytes say something."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from flatbook.values.instants import Instant
from flatbook.values.instruments import Side
from flatbook.venues.binance import trades as binance
from flatbook.venues.bybit import trades as bybit
from flatbook.venues.trade_stream import Traded


def test_a_trade_of_binance_is_read_and_no_other_stream() -> None:
    """Source: developers.binance.com, Aggregate Trade Streams."""
    told = {
        "e": "aggTrade",
        "E": 2,
        "a": 5933014,
        "s": "BTCUSDT",
        "p": "0.001",
        "q": "100",
        "f": 1,
        "l": 2,
        "T": 1672515782136,
        "m": True,
    }
    frame = json.dumps({"stream": "btcusdt@aggTrade", "data": told}).encode()
    assert binance.read_frame(frame) == (
        Traded("BTCUSDT", "0.001", "100", Side.SELL, Instant(1_672_515_782_136_000_000)),
    )
    assert binance.read_frame(frame.replace(b'"aggTrade"', b'"trade"')) == ()


def test_trades_of_bybit_are_read_in_their_order() -> None:
    """Source: bybit-exchange.github.io/docs/v5/websocket/public/trade."""
    rows = [
        {"T": 1672304486865, "s": "BTCUSDT", "S": "Buy", "v": "0.001", "p": "16578.50", "L": "PlusTick", "BT": False},
        {"T": 1672304486866, "s": "BTCUSDT", "S": "Sell", "v": "0.002", "p": "16578.00", "L": "MinusTick", "BT": False},
    ]
    frame = json.dumps({"topic": "publicTrade.BTCUSDT", "type": "snapshot", "ts": 1, "data": rows}).encode()
    assert [(each.price, each.qty) for each in bybit.read_frame(frame)] == [
        ("16578.50", "0.001"),
        ("16578.00", "0.002"),
    ]
    assert bybit.read_frame(frame.replace(b"publicTrade", b"tickers")) == ()


def test_each_market_is_asked_where_its_trades_are_told() -> None:
    assert binance.SPOT.path(("BTCUSDT", "ETHUSDT")) == "/stream?streams=btcusdt@aggTrade/ethusdt@aggTrade"
    assert binance.USD_M.path(("BTCUSDT",)) == "/market/stream?streams=btcusdt@aggTrade"
    assert bybit.LINEAR.path(("BTCUSDT",)) == "/v5/public/linear"
    assert bybit.LINEAR.opening(("BTCUSDT",)) == ('{"op":"subscribe","args":["publicTrade.BTCUSDT"]}',)


@given(st.binary(max_size=200))
def test_any_bytes_are_trades_or_nothing(frame: bytes) -> None:
    assert isinstance(binance.read_frame(frame), tuple)
    assert isinstance(bybit.read_frame(frame), tuple)
