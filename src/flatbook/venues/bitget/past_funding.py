"""Past settlements of funding of perpetuals in USDT at Bitget, and the mark of the minute that begins with one.

Source: bitget.com/api-doc, Get Historical Funding Rates (newest first, in pages of 100 at most; it takes no span) and
Get Historical Mark Price Candlestick (oldest first).
"""

from __future__ import annotations

import msgspec

from flatbook.values.instants import NS_PER_MS, Instant
from flatbook.venues.http import Request
from flatbook.venues.past_funding import PastFunding, Settlement, Turn, settlements_of

URL = "https://api.bitget.com"
SUCCESS, LIMIT = "00000", 100
MINUTE_MS = 60_000
MARKET = ("productType", "usdt-futures")


class _Row(msgspec.Struct, rename="camel"):
    funding_rate: str
    funding_time: str


class _Told(msgspec.Struct):
    code: str
    data: msgspec.Raw = msgspec.Raw(b"[]")


_told = msgspec.json.Decoder(_Told)
_rates = msgspec.json.Decoder(list[_Row])
_candles = msgspec.json.Decoder(list[list[str]])


def read_settlements(body: bytes) -> tuple[Settlement, ...] | None:
    """Returns the settlements of an answer, oldest first; None where it cannot be read or is a refusal."""
    try:
        told = _told.decode(body)
        rows = _rates.decode(told.data) if told.code == SUCCESS else None
    except msgspec.MsgspecError:
        return None
    return None if rows is None else settlements_of((row.funding_time, row.funding_rate) for row in rows)


def read_mark(body: bytes) -> str | None:
    """Returns the mark at which the oldest candle of an answer opens; None where there is none, or a refusal."""
    try:
        told = _told.decode(body)
        return _candles.decode(told.data)[0][1] if told.code == SUCCESS else None
    except (msgspec.MsgspecError, IndexError):
        return None


def _request(symbol: str, _since: Instant, _until: Instant, page: int) -> Request:
    query = (("symbol", symbol), MARKET, ("pageSize", str(LIMIT)), ("pageNo", str(page)))
    return Request(method="GET", path="/api/v2/mix/market/history-fund-rate", query=query)


def _request_mark(symbol: str, at: Instant) -> Request:
    start = at // NS_PER_MS
    span = (("granularity", "1m"), ("startTime", str(start)), ("endTime", str(start + MINUTE_MS)), ("limit", "2"))
    return Request(
        method="GET", path="/api/v2/mix/market/history-mark-candles", query=(("symbol", symbol), MARKET, *span)
    )


USDT_FUTURES = PastFunding(
    host=URL,
    request=_request,
    read=read_settlements,
    request_mark=_request_mark,
    read_mark=read_mark,
    limit=LIMIT,
    turn=Turn.PAGE,
)
