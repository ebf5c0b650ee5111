"""Trades and marks as exchanges tell them: what each frame says, and that any bytes say something."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flatbook.market.depth import Unread, UnreadFor
from flatbook.values.instants import Instant
from flatbook.values.instruments import Side
from flatbook.venues.binance import marks as binance_marks
from flatbook.venues.binance import trades as binance
from flatbook.venues.bitget import marks as bitget_marks
from flatbook.venues.bitget import trades as bitget
from flatbook.venues.bitstamp import trades as bitstamp
from flatbook.venues.bybit import marks as bybit_marks
from flatbook.venues.bybit import trades as bybit
from flatbook.venues.coinbase import trades as coinbase
from flatbook.venues.gate import trades as gate
from flatbook.venues.gemini import trades as gemini
from flatbook.venues.okx import trades as okx
from flatbook.venues.told_stream import Marked, ToldFeed, Traded


def test_a_trade_of_binance_is_read_alone_or_with_others_and_no_other_stream() -> None:
    """Source: developers.binance.com, Aggregate Trade Streams and Trade Streams."""
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
    trade = Traded("BTCUSDT", "0.001", "100", Side.SELL, Instant(1_672_515_782_136_000_000))
    assert binance.read_frame(frame) == (trade,)
    assert binance.read_frame(frame.replace(b'"aggTrade"', b'"trade"')) == (trade,)
    assert binance.read_frame(frame.replace(b'"aggTrade"', b'"bookTicker"')) == ()


def test_trades_of_bybit_are_read_in_their_order() -> None:
    """Source: bybit-exchange.github.io/docs/v5/websocket/public/trade."""
    rows = [
        {"T": 1672304486865, "s": "BTCUSDT", "S": "Buy", "v": "0.001", "p": "16578.50", "L": "PlusTick", "BT": False},
        {"T": 1672304486866, "s": "BTCUSDT", "S": "Sell", "v": "0.002", "p": "16578.00", "L": "MinusTick", "BT": False},
    ]
    frame = json.dumps({"topic": "publicTrade.BTCUSDT", "type": "snapshot", "ts": 1, "data": rows}).encode()
    assert [(each.price, each.qty) for each in bybit.read_frame(frame) if isinstance(each, Traded)] == [
        ("16578.50", "0.001"),
        ("16578.00", "0.002"),
    ]
    assert bybit.read_frame(frame.replace(b"publicTrade", b"tickers")) == ()


# Source: recorded by cryptofeed (NOTICE), that of Bitget as its documentation has it.
RECORDED: list[tuple[ToldFeed[Traded], str, Traded]] = [
    (
        okx.FEED,
        (
            '{"arg":{"channel":"trades","instId":"BTC-USDT"},"data":[{"instId":"BTC-USDT","tradeId":"338476375",'
            '"px":"30227.6","sz":"0.00000088","side":"buy","ts":"1652459235576"}]}'
        ),
        Traded("BTC-USDT", "30227.6", "0.00000088", Side.BUY, Instant(1_652_459_235_576_000_000)),
    ),
    (
        bitget.SPOT,
        (
            '{"action":"update","arg":{"instType":"SPOT","channel":"trade","instId":"BTCUSDT"},"data":[{"ts":"1695709835822",'
            '"price":"26293.4","size":"0.0013","side":"sell","tradeId":"1000000000"}],"ts":1695711090682}'
        ),
        Traded("BTCUSDT", "26293.4", "0.0013", Side.SELL, Instant(1_695_709_835_822_000_000)),
    ),
    (
        gate.FEED,
        (
            '{"time":1619093543,"channel":"spot.trades","event":"update","result":{"id":816995772,"create_time":1619093543,'
            '"create_time_ms":"1619093543708.2642","side":"sell","currency_pair":"DIS_USDT","amount":"0.2010000000",'
            '"price":"121.5800000000"}}'
        ),
        Traded("DIS_USDT", "121.5800000000", "0.2010000000", Side.SELL, Instant(1_619_093_543_708_000_000)),
    ),
    (
        gemini.FEED,
        (
            '{"event_id":1764551741927787,"price":"65206.29","quantity":"0.00007667","side":"buy","symbol":"BTCUSD",'
            '"tid":2840141017904557,"timestamp":1786313195817,"type":"trade"}'
        ),
        Traded("BTCUSD", "65206.29", "0.00007667", Side.BUY, Instant(1_786_313_195_817_000_000)),
    ),
    (
        coinbase.FEED,
        (
            '{"channel":"market_trades","timestamp":"2026-08-09T21:06:12.255598355Z","sequence_num":1006,"events":[{"type":'
            '"update","trades":[{"product_id":"BTC-USD","trade_id":"1068572137","price":"65083.67","size":"0.00038028",'
            '"time":"2026-08-09T21:06:12.15207Z","side":"SELL"}]}]}'
        ),
        Traded("BTC-USD", "65083.67", "0.00038028", Side.BUY, Instant(1_786_309_572_152_070_000)),
    ),
    (
        bitstamp.FEED,
        (
            '{"data":{"id":216000506,"timestamp":"1641343721","amount":2.73248242,"amount_str":"2.73248242","price":3800.8,'
            '"price_str":"3800.80","type":1,"microtimestamp":"1641343721269000","buy_order_id":1443875826053121,'
            '"sell_order_id":1443875826118657},"channel":"live_trades_ethusd","event":"trade"}'
        ),
        Traded("ETHUSD", "3800.80", "2.73248242", Side.SELL, Instant(1_641_343_721_269_000_000)),
    ),
]


def reasons_in(feed: ToldFeed[Any], frame: str) -> list[UnreadFor]:
    """Returns why what a frame holds cannot be read; nothing else must be in it."""
    heard = feed.read(frame.encode())
    assert all(isinstance(each, Unread) for each in heard)
    return [each.reason for each in heard]


@pytest.mark.parametrize(("feed", "frame", "traded"), RECORDED)
def test_a_recorded_trade_is_read_with_who_took_and_nothing_past_or_else_is(
    feed: ToldFeed[Traded], frame: str, traded: Traded
) -> None:
    assert feed.read(frame.encode())[:1] == (traded,)
    assert feed.read(frame.replace("trade", "quote").encode()) == ()
    assert reasons_in(feed, frame[:-9]) == [UnreadFor.MALFORMED]


@given(st.binary(), st.sampled_from([feed for feed, _, _ in RECORDED]))
def test_any_bytes_are_no_trade_and_raise_nothing(frame: bytes, feed: ToldFeed[Traded]) -> None:
    assert [each for each in feed.read(frame) if isinstance(each, Traded)] == []


@pytest.mark.parametrize(("feed", "past"), [(bitget.SPOT, RECORDED[1][1]), (coinbase.FEED, RECORDED[4][1])])
def test_trades_of_the_past_which_come_first_are_left_out(feed: ToldFeed[Traded], past: str) -> None:
    assert feed.read(past.replace('"update"', '"snapshot"').encode()) == ()


def test_a_trade_in_usd_at_coinbase_is_one_of_the_market_in_usdc_as_well() -> None:
    """Its markets in USD and in USDC are one book, and what is asked for in USDC is told in USD."""
    _, frame, traded = RECORDED[4]
    assert coinbase.FEED.read(frame.encode()) == (traded, traded._replace(symbol="BTC-USDC"))
    assert coinbase.FEED.read(frame.replace("BTC-USD", "BTC-EUR").encode()) == (traded._replace(symbol="BTC-EUR"),)


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
    never = {"symbol": "BTCUSDT", "fundingRate": "0.1", "nextFundingTime": "0"}
    assert bybit_marks.read_frame(frame(never)) == (Marked("BTCUSDT", "", "0.1", None),)


@given(st.binary(max_size=200))
def test_any_bytes_are_trades_and_marks_or_nothing(frame: bytes) -> None:
    assert isinstance(binance.read_frame(frame), tuple)
    assert isinstance(bybit.read_frame(frame), tuple)
    assert isinstance(binance_marks.read_frame(frame), tuple)
    assert isinstance(bybit_marks.read_frame(frame), tuple)


def test_a_ticker_of_bitget_tells_the_mark_and_the_next_settlement() -> None:
    """Source: bitget.com/api-doc, Market Channel of futures."""
    told = {
        "action": "snapshot",
        "arg": {"instType": "USDT-FUTURES", "channel": "ticker", "instId": "BTCUSDT"},
        "data": [
            {
                "instId": "BTCUSDT",
                "lastPr": "27000.5",
                "fundingRate": "0.000010",
                "nextFundingTime": "1695722400000",
                "markPrice": "27000.0",
                "symbolType": 1,
                "ts": "1695715383021",
            }
        ],
        "ts": 1695715383039,
    }
    frame = json.dumps(told).encode()
    mark = Marked("BTCUSDT", "27000.0", "0.000010", Instant(1_695_722_400_000_000_000))
    assert bitget_marks.read_frame(frame) == (mark,)
    assert bitget_marks.read_frame(frame.replace(b'"ticker"', b'"books"')) == ()
    assert bitget_marks.read_frame(b"pong") == ()
