"""Past candles at Binance, spot and USD-M.

Source: developers.binance.com, Kline/Candlestick Data of spot and of USD-M: intervals, limit, rows of text numbers.
"""

from __future__ import annotations

import msgspec

from flatbook.values.instants import NS_PER_MS, Instant
from flatbook.venues.http import Request
from flatbook.venues.past_candles import CANDLES_MAX, PastCandle, PastCandles

WORDS = {60: "1m", 180: "3m", 300: "5m", 900: "15m", 1_800: "30m", 3_600: "1h", 14_400: "4h", 86_400: "1d"}
FIELDS = 6
_rows = msgspec.json.Decoder(list[list[int | str]])


def read_candles(body: bytes) -> tuple[PastCandle, ...] | None:
    """Returns the candles of an answer, oldest first; None where it cannot be read."""
    try:
        return tuple(_candle(row) for row in _rows.decode(body))
    except (msgspec.MsgspecError, ValueError):
        return None


def _candle(row: list[int | str]) -> PastCandle:
    if len(row) < FIELDS:
        raise ValueError(f"a candle of {len(row)} fields")
    opened, high, low, close, volume = (float(each) for each in row[1:FIELDS])
    return PastCandle(Instant(int(row[0]) * NS_PER_MS), (opened, high, low, close, volume))


def _at(host: str, path: str) -> PastCandles:
    def request(symbol: str, word: str, count: int) -> Request:
        limit = str(min(count, CANDLES_MAX))
        return Request(method="GET", path=path, query=(("symbol", symbol), ("interval", word), ("limit", limit)))

    return PastCandles(host=host, words=WORDS, request=request, read=read_candles)


SPOT = _at("https://api.binance.com", "/api/v3/klines")
USD_M = _at("https://fapi.binance.com", "/fapi/v1/klines")
