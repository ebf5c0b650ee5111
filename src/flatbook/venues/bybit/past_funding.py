"""Past settlements of funding of linear perpetuals at Bybit, and the mark of the minute that begins with one.

Source: bybit-exchange.github.io, v5/market/history-fund-rate (newest first, at most 200, both ends of the span wanted)
and v5/market/mark-kline.
"""

from __future__ import annotations

import msgspec

from flatbook.values.instants import NS_PER_MS, Instant
from flatbook.venues.bybit.wire import URL
from flatbook.venues.http import Request
from flatbook.venues.past_funding import PastFunding, Settlement, Turn, settlements_of

LIMIT = 200
MINUTE_MS = 60_000


class _Row(msgspec.Struct, rename="camel"):
    funding_rate: str
    funding_rate_timestamp: str


class _Rates(msgspec.Struct):
    rows: list[_Row] = msgspec.field(name="list")


class _Candles(msgspec.Struct):
    rows: list[list[str]] = msgspec.field(name="list")


class _Told(msgspec.Struct, rename="camel"):
    ret_code: int
    result: msgspec.Raw


_told = msgspec.json.Decoder(_Told)
_rates = msgspec.json.Decoder(_Rates)
_candles = msgspec.json.Decoder(_Candles)


def read_settlements(body: bytes) -> tuple[Settlement, ...] | None:
    """Returns the settlements of an answer, oldest first; None where it cannot be read or is a refusal."""
    try:
        told = _told.decode(body)
        rows = None if told.ret_code else _rates.decode(told.result).rows
    except msgspec.MsgspecError:
        return None
    return None if rows is None else settlements_of((row.funding_rate_timestamp, row.funding_rate) for row in rows)


def read_mark(body: bytes) -> str | None:
    """Returns the mark at which the oldest candle of an answer opens; None where there is none, or a refusal."""
    try:
        told = _told.decode(body)
        return None if told.ret_code else _candles.decode(told.result).rows[-1][1]
    except (msgspec.MsgspecError, IndexError):
        return None


def _request(symbol: str, since: Instant, until: Instant, _page: int) -> Request:
    span = (("startTime", str(since // NS_PER_MS)), ("endTime", str(until // NS_PER_MS)))
    query = (("category", "linear"), ("symbol", symbol), *span, ("limit", str(LIMIT)))
    return Request(method="GET", path="/v5/market/funding/history", query=query)


def _request_mark(symbol: str, at: Instant) -> Request:
    start = at // NS_PER_MS
    span = (("interval", "1"), ("start", str(start)), ("end", str(start + MINUTE_MS)), ("limit", "2"))
    return Request(
        method="GET", path="/v5/market/mark-price-kline", query=(("category", "linear"), ("symbol", symbol), *span)
    )


LINEAR = PastFunding(
    host=URL,
    request=_request,
    read=read_settlements,
    request_mark=_request_mark,
    read_mark=read_mark,
    limit=LIMIT,
    turn=Turn.BACK,
)
