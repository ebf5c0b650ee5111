"""Trades and marks as Binance and Bybit tell them: what each frame says, and that any bytes say something."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from flatbook.values.instants import Instant
from flatbook.values.instruments import Side
from flatbook.venues.binance import marks as binance_marks
from flatbook.venues.binance import trades as binance
from flatbook.venues.bybit import marks as bybit_marks
from flatbook.venues.bybit import trades as bybit
from flatbook.venues.told_stream import Marked, Traded


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


def test_each_market_is_asked_where_its_trades_and_marks_are_told() -> None:
    assert binance.SPOT.path(("BTCUSDT", "ETHUSDT")) == "/stream?streams=btcusdt@aggTrade/ethusdt@aggTrade"
    assert binance.USD_M.path(("BTCUSDT",)) == "/market/stream?streams=btcusdt@aggTrade"
    assert bybit.LINEAR.path(("BTCUSDT",)) == "/v5/public/linear"
    assert binance_marks.USD_M.path(("BTCUSDT",)) == "/market/stream?streams=btcusdt@markPrice@1s"
    assert bybit_marks.LINEAR.opening(("BTCUSDT",)) == ('{"op":"subscribe","args":["tickers.BTCUSDT"]}',)
    assert bybit.LINEAR.opening(("BTCUSDT",)) == ('{"op":"subscribe","args":["publicTrade.BTCUSDT"]}',)


def test_a_mark_of_binance_is_read_with_its_next_settlement_and_no_other_stream() -> None:
    """Source: developers.binance.com, Mark Price Stream."""
    told = {
        "e": "markPriceUpdate",
        "E": 1562305380000,
        "s": "BTCUSDT",
        "p": "11794.15000000",
        "i": "11784.62659091",
        "P": "11784.25641265",
        "r": "0.00038167",
        "T": 1562306400000,
    }
    frame = json.dumps({"stream": "btcusdt@markPrice@1s", "data": told}).encode()
    settles_at = Instant(1_562_306_400_000_000_000)
    assert binance_marks.read_frame(frame) == (Marked("BTCUSDT", "11794.15000000", "0.00038167", settles_at),)
    assert binance_marks.read_frame(frame.replace(b"markPriceUpdate", b"aggTrade")) == ()
    assert binance_marks.read_frame(frame.replace(b"1562306400000", b"0")) == (
        Marked("BTCUSDT", "11794.15000000", "0.00038167", None),
    )


def test_a_ticker_of_bybit_states_all_at_first_and_then_what_changed() -> None:
    """Source: bybit-exchange.github.io/docs/v5/websocket/public/ticker."""
    whole = {
        "symbol": "BTCUSDT",
        "lastPrice": "17216.00",
        "markPrice": "17217.33",
        "nextFundingTime": "1673280000000",
        "fundingRate": "-0.000212",
        "bid1Price": "17215.50",
    }

    def frame(ticker: dict[str, str], topic: str = "tickers.BTCUSDT") -> bytes:
        return json.dumps({"topic": topic, "type": "delta", "data": ticker, "cs": 24987956059, "ts": 1}).encode()

    settles_at = Instant(1_673_280_000_000_000_000)
    assert bybit_marks.read_frame(frame(whole)) == (Marked("BTCUSDT", "17217.33", "-0.000212", settles_at),)
    assert bybit_marks.read_frame(frame({"symbol": "BTCUSDT", "markPrice": "17218"})) == (Marked("BTCUSDT", "17218"),)
    assert bybit_marks.read_frame(frame({"symbol": "BTCUSDT", "bid1Price": "17215.00"})) == ()
    assert bybit_marks.read_frame(frame(whole, "kline.1.BTCUSDT")) == ()
    beyond = {"symbol": "BTCUSDT", "fundingRate": "0.1", "nextFundingTime": "9" * 40}
    assert bybit_marks.read_frame(frame(beyond)) == (Marked("BTCUSDT", "", "0.1", None),)


@given(st.binary(max_size=200))
def test_any_bytes_are_trades_and_marks_or_nothing(frame: bytes) -> None:
    assert isinstance(binance.read_frame(frame), tuple)
    assert isinstance(bybit.read_frame(frame), tuple)
    assert isinstance(binance_marks.read_frame(frame), tuple)
    assert isinstance(bybit_marks.read_frame(frame), tuple)
