"""Past settlements of funding of perpetuals at OKX, and the mark of the minute that begins with one.

Source: okx.com/docs-v5, Get funding rate history (newest first; what was settled is `realizedRate`) and Get mark price
candlesticks history.
"""

from __future__ import annotations

import msgspec

from flatbook.values.instants import NS_PER_MS, Instant
from flatbook.venues.http import Request
from flatbook.venues.past_funding import PastFunding, Settlement, Turn, settlements_of

URL = "https://www.okx.com"
SUCCESS, LIMIT = "0", 100
MINUTE_MS = 60_000


class _Row(msgspec.Struct, rename="camel"):
    realized_rate: str
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
    return None if rows is None else settlements_of((row.funding_time, row.realized_rate) for row in rows)


def read_mark(body: bytes) -> str | None:
    """Returns the mark at which the oldest candle of an answer opens; None where there is none, or a refusal."""
    try:
        told = _told.decode(body)
        return _candles.decode(told.data)[-1][1] if told.code == SUCCESS else None
    except (msgspec.MsgspecError, IndexError):
        return None


def _request(symbol: str, since: Instant, until: Instant, _page: int) -> Request:
    span = (("before", str(since // NS_PER_MS)), ("after", str(until // NS_PER_MS + 1)), ("limit", str(LIMIT)))
    return Request(method="GET", path="/api/v5/public/funding-rate-history", query=(("instId", symbol), *span))


def _request_mark(symbol: str, at: Instant) -> Request:
    start = at // NS_PER_MS
    span = (("after", str(start + MINUTE_MS)), ("before", str(start - 1)), ("bar", "1m"), ("limit", "1"))
    return Request(method="GET", path="/api/v5/market/history-mark-price-candles", query=(("instId", symbol), *span))


SWAP = PastFunding(
    host=URL,
    request=_request,
    read=read_settlements,
    request_mark=_request_mark,
    read_mark=read_mark,
    limit=LIMIT,
    turn=Turn.BACK,
)
