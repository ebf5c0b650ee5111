"""Past settlements of funding at USD-M, and the mark of the minute that begins with one.

Source: developers.binance.com, Get Funding Rate History (oldest first, the mark left out of old ones) and Mark Price
Kline/Candlestick Data.
"""

from __future__ import annotations

import msgspec

from flatbook.values.instants import NS_PER_MS, Instant
from flatbook.venues.http import Request
from flatbook.venues.past_funding import PastFunding, Settlement, Turn

LIMIT = 1_000


class _Row(msgspec.Struct, rename="camel"):
    funding_time: int
    funding_rate: str
    mark_price: str = ""


_rows = msgspec.json.Decoder(list[_Row])
_candles = msgspec.json.Decoder(list[list[int | str]])


def read_settlements(body: bytes) -> tuple[Settlement, ...] | None:
    """Returns the settlements of an answer, oldest first; None where it cannot be read."""
    try:
        rows = _rows.decode(body)
    except msgspec.MsgspecError:
        return None
    found = [Settlement(Instant(row.funding_time * NS_PER_MS), row.funding_rate, row.mark_price) for row in rows]
    return tuple(sorted(found))


def read_mark(body: bytes) -> str | None:
    """Returns the mark at which the first candle of an answer opens; None where there is none."""
    try:
        return str(_candles.decode(body)[0][1])
    except (msgspec.MsgspecError, IndexError):
        return None


def _request(symbol: str, since: Instant, until: Instant, _page: int) -> Request:
    span = (("startTime", str(since // NS_PER_MS)), ("endTime", str(until // NS_PER_MS)))
    return Request(method="GET", path="/fapi/v1/fundingRate", query=(("symbol", symbol), *span, ("limit", str(LIMIT))))


def _request_mark(symbol: str, at: Instant) -> Request:
    query = (("symbol", symbol), ("interval", "1m"), ("startTime", str(at // NS_PER_MS)), ("limit", "1"))
    return Request(method="GET", path="/fapi/v1/markPriceKlines", query=query)


USD_M = PastFunding(
    host="https://fapi.binance.com",
    request=_request,
    read=read_settlements,
    request_mark=_request_mark,
    read_mark=read_mark,
    limit=LIMIT,
    turn=Turn.FORTH,
)
