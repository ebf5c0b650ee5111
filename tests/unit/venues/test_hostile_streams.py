"""What exchanges could say wrongly of trades and marks: each is unread for a reason that has a name, never guessed.

One table for all of them: a frame as the venue writes it, and where its side, price, size and instant stand in it.
"""

from __future__ import annotations

import asyncio
from typing import Any, NamedTuple

import pytest

from flatbook.market.depth import Unread, UnreadFor
from flatbook.values.instants import Instant
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
from flatbook.venues.silence import StreamEnd
from flatbook.venues.told_stream import ToldFeed, ToldStream
from flatbook.venues.websocket import SessionSocket

MALFORMED, WORD = UnreadFor.MALFORMED, UnreadFor.UNKNOWN_WORD
NUMBER, INSTANT = UnreadFor.NO_NUMBER, UnreadFor.NO_INSTANT


class Told(NamedTuple):
    """A frame with one trade or mark, and what stands for what in it. `kind` is a word that tells its kind."""

    feed: ToldFeed[Any]
    frame: str
    side: str
    price: str
    size: str
    at: str
    kind: str = ""


TRADES = {
    "binance": Told(
        binance.SPOT,
        '{"stream":"btcusdt@aggTrade","data":{"e":"aggTrade","s":"BTCUSDT","p":"1.5","q":"0.2","T":1672515782136,"m":true}}',
        "true",
        '"1.5"',
        '"0.2"',
        "1672515782136",
    ),
    "bybit": Told(
        bybit.LINEAR,
        '{"topic":"publicTrade.BTCUSDT","type":"snapshot","data":[{"T":1672304486865,"s":"BTCUSDT","S":"Buy","v":"0.2","p":"1.5"}]}',
        '"Buy"',
        '"1.5"',
        '"0.2"',
        "1672304486865",
    ),
    "okx": Told(
        okx.FEED,
        '{"arg":{"channel":"trades","instId":"BTC-USDT"},"data":[{"instId":"BTC-USDT","px":"1.5","sz":"0.2","side":"buy","ts":"1652459235576"}]}',
        '"buy"',
        '"1.5"',
        '"0.2"',
        '"1652459235576"',
    ),
    "gate": Told(
        gate.FEED,
        '{"channel":"spot.trades","event":"update","result":{"create_time_ms":"1619093543708.2642","side":"sell","currency_pair":"A_USDT","amount":"0.2","price":"1.5"}}',
        '"sell"',
        '"1.5"',
        '"0.2"',
        '"1619093543708.2642"',
    ),
    "bitget": Told(
        bitget.SPOT,
        '{"action":"update","arg":{"instType":"SPOT","channel":"trade","instId":"A"},"data":[{"ts":"1695709835822","price":"1.5","size":"0.2","side":"sell"}]}',
        '"sell"',
        '"1.5"',
        '"0.2"',
        '"1695709835822"',
        '"update"',
    ),
    "gemini": Told(
        gemini.FEED,
        '{"price":"1.5","quantity":"0.2","side":"buy","symbol":"BTCUSD","timestamp":1786313195817,"type":"trade"}',
        '"buy"',
        '"1.5"',
        '"0.2"',
        "1786313195817",
    ),
    "coinbase": Told(
        coinbase.FEED,
        '{"channel":"market_trades","events":[{"type":"update","trades":[{"product_id":"A","price":"1.5","size":"0.2","time":"2026-08-09T21:06:12.15207Z","side":"SELL"}]}]}',
        '"SELL"',
        '"1.5"',
        '"0.2"',
        '"2026-08-09T21:06:12.15207Z"',
        '"update"',
    ),
    "bitstamp": Told(
        bitstamp.FEED,
        '{"data":{"amount_str":"0.2","price_str":"1.5","type":1,"microtimestamp":"1641343721269000"},"channel":"live_trades_ethusd","event":"trade"}',
        '"type":1',
        '"1.5"',
        '"0.2"',
        '"1641343721269000"',
    ),
}
MARKS = {
    "binance": Told(
        binance_marks.USD_M,
        '{"stream":"btcusdt@markPrice@1s","data":{"e":"markPriceUpdate","s":"BTCUSDT","p":"1.5","r":"0.2","T":1562306400000}}',
        "",
        '"1.5"',
        '"0.2"',
        "1562306400000",
    ),
    "bybit": Told(
        bybit_marks.LINEAR,
        '{"topic":"tickers.A","data":{"symbol":"A","markPrice":"1.5","fundingRate":"0.2","nextFundingTime":"1673280000000"}}',
        "",
        '"1.5"',
        '"0.2"',
        '"1673280000000"',
    ),
    "bitget": Told(
        bitget_marks.USDT_FUTURES,
        '{"action":"snapshot","arg":{"channel":"ticker"},"data":[{"instId":"A","markPrice":"1.5","fundingRate":"0.2","nextFundingTime":"1695722400000"}]}',
        "",
        '"1.5"',
        '"0.2"',
        '"1695722400000"',
    ),
}
ALL = {**TRADES, **{f"{name}-marks": told for name, told in MARKS.items()}}
NO_NUMBERS = (
    '"abc"',
    '"NaN"',
    '"-1"',
    '"1e5"',
    '"1,5"',
    '"0x1"',
    '"1."',
    '" 1"',
    '"\\u0661"',
    '"123456789012345678901"',
)


def reasons(told: Told, old: str, new: str) -> list[UnreadFor]:
    """Returns why a frame with something else in a place cannot be read."""
    assert told.frame.count(old) == 1
    heard = told.feed.read(told.frame.replace(old, new).encode())
    assert all(isinstance(each, Unread) for each in heard)
    return [each.reason for each in heard]


@pytest.mark.parametrize("name", ALL)
def test_a_frame_as_it_should_be_is_read(name: str) -> None:
    heard = ALL[name].feed.read(ALL[name].frame.encode())
    assert heard
    assert not any(isinstance(each, Unread) for each in heard)


@pytest.mark.parametrize("name", TRADES)
def test_a_side_that_nobody_knows_is_no_trade_and_has_its_reason(name: str) -> None:
    told = TRADES[name]
    other = {"binance": '"both"', "bitstamp": '"type":2'}.get(name, '"sideways"')
    assert reasons(told, told.side, other) == [MALFORMED if name == "binance" else WORD]
    cased = {"binance": "1", "bitstamp": '"type":"1"'}.get(name, told.side.swapcase())
    assert reasons(told, told.side, cased) == [MALFORMED if name in ("binance", "bitstamp") else WORD]
    assert reasons(told, told.side, "null" if name != "bitstamp" else '"type":null') == [MALFORMED]


def test_a_trade_of_binance_that_does_not_say_who_took_is_none() -> None:
    assert reasons(TRADES["binance"], ',"m":true', "") == [MALFORMED]
    assert reasons(TRADES["binance"], '"m":true', '"m":true,"X":"SOMETHING"') == [WORD]
    assert reasons(TRADES["binance"], '"m":true', '"m":true,"X":"INSURANCE_FUND"') == []


@pytest.mark.parametrize("name", ["bitget", "coinbase"])
def test_a_kind_of_message_that_nobody_knows_is_no_trade(name: str) -> None:
    assert reasons(TRADES[name], TRADES[name].kind, '"partial"') == [WORD]


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("text", NO_NUMBERS)
def test_a_text_that_is_no_number_is_unread(name: str, text: str) -> None:
    told = ALL[name]
    assert reasons(told, told.price, text) == [NUMBER]
    if name in TRADES:
        assert reasons(told, told.size, text) == [NUMBER]


@pytest.mark.parametrize("name", ALL)
def test_nothing_is_no_price_and_no_size(name: str) -> None:
    told = ALL[name]
    assert reasons(told, told.price, '"0.000"') == [NUMBER]
    if name in TRADES:
        assert reasons(told, told.size, '"0"') == [NUMBER]


@pytest.mark.parametrize("name", ALL)
def test_a_number_in_place_of_a_text_is_unread(name: str) -> None:
    told = ALL[name]
    assert reasons(told, told.price, "1.5") == [MALFORMED]
    assert reasons(told, told.size, "0.2") == [MALFORMED]


@pytest.mark.parametrize("name", ALL)
def test_an_instant_that_is_none_is_unread(name: str) -> None:
    told = ALL[name]
    is_text = told.at.startswith('"')
    assert reasons(told, told.at, told.at.strip('"') if is_text else f'"{told.at}"') == [MALFORMED]
    beyond = '"soon"' if is_text else "-5"
    assert reasons(told, told.at, beyond) == [INSTANT]
    assert reasons(told, told.at, '"' + "9" * 40 + '"' if is_text else "9" * 18 + "9") == [INSTANT]


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("cut", [1, 2, 9, 30])
def test_a_truncated_frame_is_unread(name: str, cut: int) -> None:
    told = ALL[name]
    assert [each.reason for each in told.feed.read(told.frame[:-cut].encode())] == [MALFORMED]


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("answer", [
    '{"event":"subscribe","arg":{"channel":"trades","instId":"BTC-USDT"},"connId":"a"}',
    '{"event":"subscribe","arg":{"instType":"SPOT","channel":"trade","instId":"A"}}',
    '{"channel":"spot.trades","event":"subscribe","result":{"status":"success"}}',
    '{"success":true,"ret_msg":"","op":"subscribe","conn_id":"a"}',
    '{"event":"bts:subscription_succeeded","channel":"live_trades_ethusd","data":{}}',
    '{"channel":"subscriptions","events":[{"subscriptions":{"market_trades":["A"]}}]}',
    '{"type":"heartbeat","timestamp":1,"sequence":1}',
    '{"result":null,"id":1}',
])  # fmt: skip
def test_an_answer_to_what_was_asked_is_neither_told_nor_unread(name: str, answer: str) -> None:
    assert ALL[name].feed.read(answer.encode()) == ()


class _Clock:
    def now(self) -> Instant:
        return Instant(0)

    async def sleep_until(self, instant: Instant) -> None:
        del instant


class _Script(SessionSocket):
    """Says some frames and hangs up."""

    def __init__(self, *frames: str) -> None:
        self._frames = frames

    async def converse(self, path: str, opening: Any, hear: Any, opened: Any = None) -> StreamEnd:
        del path, opening, opened
        for frame in self._frames:
            hear(frame.encode())
        return StreamEnd.CLOSED


@pytest.mark.parametrize("name", TRADES)
def test_what_is_unread_is_counted_by_its_reason_and_told_to_nobody(name: str) -> None:
    told = TRADES[name]
    wrong = told.frame.replace(told.price, '"abc"')
    stream = ToldStream(told.feed, ("A",), _Script(wrong, told.frame, wrong, told.frame[:-3]), _Clock())
    heard: list[Any] = []
    stream.heard = heard.append
    assert asyncio.run(stream.follow()) is StreamEnd.CLOSED
    assert len(heard) == 1
    assert {why: count for why, count in stream.unread.items() if count} == {NUMBER: 2, MALFORMED: 1}
