"""The books of Bitstamp: changes in a stream, stamped by the microsecond; whole books over REST.

A time tells what is older and not what is missing: a frame that cannot be read may have held a change that nobody would
miss, so that its book is asked for anew, and its connection is left where not even the symbol can be read.

Markets are written in small letters there, and in capitals by us.

Source: bitstamp.net/websocket/v2, Live full order book (diff_order_book), and GET /api/v2/order_book.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from flatbook.market.depth import UNREADABLE, Depth, Follows, Grid, Heard, Leave, Unread, Update, levels, scaled, unread
from flatbook.venues.book_stream import BookFeed, WholeByRest, text_of_json
from flatbook.venues.http import Request
from flatbook.venues.told_stream import NS_PER_US

CHANNEL = "diff_order_book_"
CHANGES, RECONNECT = "data", "bts:request_reconnect"


class _Told(msgspec.Struct):
    microtimestamp: str
    bids: list[tuple[str, str]]
    asks: list[tuple[str, str]]


class _Frame(msgspec.Struct):
    channel: str = ""
    event: str = ""
    data: msgspec.Raw = msgspec.Raw()


_frame = msgspec.json.Decoder(_Frame)
_told = msgspec.json.Decoder(_Told)


def read_frame(frame: bytes, grids: Mapping[str, Grid]) -> tuple[Heard, ...]:
    """Returns the change of a book that a frame holds; nothing for what is about something else."""
    symbol = None
    try:
        head = _frame.decode(frame)
        if head.event == RECONNECT:
            return (Leave(),)
        symbol = head.channel.removeprefix(CHANNEL).upper()
        grid = grids.get(symbol)
        if not head.channel.startswith(CHANNEL) or head.event != CHANGES or grid is None:
            return ()
        depth = _depth(_told.decode(head.data), grid)
        return (Update(symbol, False, depth, None, depth.last * NS_PER_US),)
    except UNREADABLE as error:
        return (unread(error), Leave()) if symbol is None else (unread(error, symbol),)


def read_whole(symbol: str, body: bytes, grid: Grid) -> Update | Unread:
    """Returns the book that the answer to `GET order_book` holds."""
    try:
        depth = _depth(_told.decode(body), grid)
        return Update(symbol, True, depth, None, depth.last * NS_PER_US)
    except UNREADABLE as error:
        return unread(error)


def _depth(told: _Told, grid: Grid) -> Depth:
    at = scaled(told.microtimestamp, 0)
    return Depth(levels(told.bids, grid), levels(told.asks, grid), at, at)


def rule(last: int, _is_fresh: bool, change: Depth) -> Follows:
    """A change is newer than the last one; nothing tells whether one is missing between them."""
    return Follows.NEXT if change.last > last else Follows.OLD


BEAT = text_of_json({"event": "bts:heartbeat"})


def opening_of(channel: str, symbols: Sequence[str]) -> tuple[str, ...]:
    """Returns what asks for a channel of each symbol, whose name begins so."""
    said = "bts:subscribe"
    return tuple(text_of_json({"event": said, "data": {"channel": f"{channel}{symbol.lower()}"}}) for symbol in symbols)


def _opening(symbols: Sequence[str]) -> tuple[str, ...]:
    return opening_of(CHANNEL, symbols)


def _request(symbol: str) -> Request:
    return Request(method="GET", path=f"/api/v2/order_book/{symbol.lower()}/")


FEED = BookFeed(
    name="bitstamp",
    host="wss://ws.bitstamp.net",
    path=lambda _symbols: "/",
    opening=_opening,
    read=read_frame,
    rule=rule,
    overlaps=True,
    beat=BEAT,
    whole=WholeByRest(host="https://www.bitstamp.net", request=_request, read=read_whole),
)
