"""The books of Binance, spot and USD-M: changes in a stream, whole books over REST.

Source: developers.binance.com, "How to manage a local order book correctly", spot and USD-M futures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from flatbook.market.depth import UNREADABLE, Depth, Follows, Grid, Heard, Unread, Update, both_levels, unread
from flatbook.values.instants import NS_PER_MS
from flatbook.venues.book_stream import BookFeed, WholeByRest
from flatbook.venues.http import Request

DEPTH = "@depth"
_NEXT, _OLD, _GAP = Follows.NEXT, Follows.OLD, Follows.GAP  # the name of a member is looked up slowly


class _Change(msgspec.Struct, gc=False):
    s: str
    U: int
    u: int
    b: list[tuple[str, str]]
    a: list[tuple[str, str]]
    pu: int = 0
    E: int = 0


class _Frame(msgspec.Struct, gc=False):
    stream: str
    data: _Change


class _Stream(msgspec.Struct):
    stream: str


class _Whole(msgspec.Struct):
    last_update_id: int = msgspec.field(name="lastUpdateId")
    bids: list[tuple[str, str]]
    asks: list[tuple[str, str]]


_frame = msgspec.json.Decoder(_Frame)
_stream = msgspec.json.Decoder(_Stream)
_whole = msgspec.json.Decoder(_Whole)


def read_frame(frame: bytes, grids: Mapping[str, Grid]) -> tuple[Heard, ...]:
    """Returns the change of a book that a frame of a combined stream holds; nothing for any other stream."""
    symbol = None
    try:
        told = _frame.decode(frame)
        change = told.data
        symbol = change.s
        grid = grids.get(symbol)
        if grid is None or DEPTH not in told.stream:
            return ()
        bids, asks = both_levels(change.b, change.a, grid)
    except UNREADABLE as error:
        return (unread(error, symbol),) if _is_of_book(frame) else ()
    depth = Depth(bids, asks, change.U, change.u, change.pu)
    return (Update(symbol, False, depth, None, change.E * NS_PER_MS),)


def _is_of_book(frame: bytes) -> bool:
    """Whether a frame that cannot be read is of a book, as far as it tells."""
    try:
        return DEPTH in _stream.decode(frame).stream
    except UNREADABLE:
        return True


def read_whole(symbol: str, body: bytes, grid: Grid) -> Update | Unread:
    """Returns the book that the answer to `GET depth` holds."""
    try:
        told = _whole.decode(body)
        bids, asks = both_levels(told.bids, told.asks, grid)
    except UNREADABLE as error:
        return unread(error)
    return Update(symbol, True, Depth(bids, asks, told.last_update_id, told.last_update_id))


def spot_rule(last: int, is_fresh: bool, change: Depth) -> Follows:
    """Spot: the first change covers the number after the book's, each later one begins there."""
    if change.last <= last:
        return _OLD
    follows = change.first <= last + 1 if is_fresh else change.first == last + 1
    return _NEXT if follows else _GAP


def futures_rule(last: int, is_fresh: bool, change: Depth) -> Follows:
    """USD-M: the first change covers the book's number, each later one names the one before it."""
    if change.last < last or (change.last == last and not is_fresh):
        return _OLD
    follows = change.first <= last or change.before == last if is_fresh else change.before == last
    return _NEXT if follows else _GAP


def _streams(symbols: Sequence[str], prefix: str) -> str:
    return f"{prefix}/stream?streams=" + "/".join(f"{symbol.lower()}@depth@100ms" for symbol in symbols)


def _nothing_said(_symbols: Sequence[str]) -> tuple[str, ...]:
    return ()


def _depth_at(path: str) -> WholeByRest:
    host = "https://api.binance.com" if path.startswith("/api") else "https://fapi.binance.com"

    def request(symbol: str) -> Request:
        return Request(method="GET", path=path, query=(("symbol", symbol), ("limit", "1000")))

    return WholeByRest(host=host, request=request, read=read_whole)


SPOT = BookFeed(
    name="binance",
    host="wss://stream.binance.com:9443",
    path=lambda symbols: _streams(symbols, ""),
    opening=_nothing_said,
    read=read_frame,
    rule=spot_rule,
    whole=_depth_at("/api/v3/depth"),
)
# Source: Binance change log, 2026-04-23: USD-M streams of books stand under /public.
USD_M = BookFeed(
    name="binanceusdm",
    host="wss://fstream.binance.com",
    path=lambda symbols: _streams(symbols, "/public"),
    opening=_nothing_said,
    read=read_frame,
    rule=futures_rule,
    whole=_depth_at("/fapi/v1/depth"),
)
