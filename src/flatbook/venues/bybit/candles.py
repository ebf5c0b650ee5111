"""Past candles at Bybit, newest first in its answers. Source: bybit-exchange.github.io, v5/market/kline."""

from __future__ import annotations

import msgspec

from flatbook.values.instants import NS_PER_MS, Instant
from flatbook.venues.bybit.wire import URL
from flatbook.venues.http import Request
from flatbook.venues.past_candles import CANDLES_MAX, PastCandle, PastCandles

WORDS = {60: "1", 180: "3", 300: "5", 900: "15", 1_800: "30", 3_600: "60", 14_400: "240", 86_400: "D"}
FIELDS = 6


class _Listed(msgspec.Struct):
    rows: list[list[str]] = msgspec.field(name="list")


class _Answer(msgspec.Struct):
    ret_code: int = msgspec.field(name="retCode")
    result: _Listed


_answer = msgspec.json.Decoder(_Answer)


def read_candles(body: bytes) -> tuple[PastCandle, ...] | None:
    """Returns the candles of an answer, oldest first; None where it cannot be read or is a refusal."""
    try:
        told = _answer.decode(body)
        return None if told.ret_code else tuple(_candle(row) for row in reversed(told.result.rows))
    except (msgspec.MsgspecError, ValueError):
        return None


def _candle(row: list[str]) -> PastCandle:
    if len(row) < FIELDS:
        raise ValueError(f"a candle of {len(row)} fields")
    opened, high, low, close, volume = (float(each) for each in row[1:FIELDS])
    return PastCandle(Instant(int(row[0]) * NS_PER_MS), (opened, high, low, close, volume))


def _of(category: str) -> PastCandles:
    def request(symbol: str, word: str, count: int) -> Request:
        limit = str(min(count, CANDLES_MAX))
        query = (("category", category), ("symbol", symbol), ("interval", word), ("limit", limit))
        return Request(method="GET", path="/v5/market/kline", query=query)

    return PastCandles(host=URL, words=WORDS, request=request, read=read_candles)


SPOT, LINEAR = _of("spot"), _of("linear")
