"""Past settlements of funding of perpetuals in USDT at Gate, and the mark of the minute that begins with one.

Source: gate.com/docs/developers/apiv4, Futures market historical funding rate (newest first, `r` at second `t`) and
Futures market K-line chart, where `mark_` before a contract asks for its mark.
"""

from __future__ import annotations

import msgspec

from flatbook.values.instants import MS_END, NS_PER_S, Instant
from flatbook.venues.gate.futures import REST, SETTLED_IN
from flatbook.venues.http import Request
from flatbook.venues.past_funding import PastFunding, Settlement, Turn

LIMIT = 1_000
MINUTE_S = 60


class _Row(msgspec.Struct):
    t: int
    r: str


class _Candle(msgspec.Struct):
    t: int
    o: str


_rows = msgspec.json.Decoder(list[_Row])
_candles = msgspec.json.Decoder(list[_Candle])


def read_settlements(body: bytes) -> tuple[Settlement, ...] | None:
    """Returns the settlements of an answer, oldest first; None where it cannot be read."""
    try:
        rows = _rows.decode(body)
    except msgspec.MsgspecError:
        return None
    if not all(0 < row.t < MS_END // 1_000 for row in rows):
        return None
    return tuple(sorted(Settlement(Instant(row.t * NS_PER_S), row.r) for row in rows))


def read_mark(body: bytes) -> str | None:
    """Returns the mark at which the oldest candle of an answer opens; None where there is none."""
    try:
        return min(_candles.decode(body), key=lambda candle: candle.t).o
    except (msgspec.MsgspecError, ValueError):
        return None


def _request(symbol: str, since: Instant, until: Instant, _page: int) -> Request:
    span = (("from", str(since // NS_PER_S)), ("to", str(until // NS_PER_S)), ("limit", str(LIMIT)))
    return Request(method="GET", path=f"{SETTLED_IN}/funding_rate", query=(("contract", symbol), *span))


def _request_mark(symbol: str, at: Instant) -> Request:
    start = at // NS_PER_S
    span = (("from", str(start)), ("to", str(start + MINUTE_S)), ("interval", "1m"))
    return Request(method="GET", path=f"{SETTLED_IN}/candlesticks", query=(("contract", f"mark_{symbol}"), *span))


USDT = PastFunding(
    host=REST,
    request=_request,
    read=read_settlements,
    request_mark=_request_mark,
    read_mark=read_mark,
    limit=LIMIT,
    turn=Turn.BACK,
)
