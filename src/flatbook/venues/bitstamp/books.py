"""The books of Bitstamp: changes in a stream, stamped by the microsecond; whole books over REST.

Source: bitstamp.net/websocket/v2, Live full order book (diff_order_book), and GET /api/v2/order_book.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from flatbook.market.depth import Depth, Follows, Grid, Heard, OffGrid, Unread, Update, levels, scaled, unread

CHANNEL = "diff_order_book_"
CHANGES = "data"


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
    try:
        head = _frame.decode(frame)
        symbol = head.channel.removeprefix(CHANNEL)
        grid = grids.get(symbol)
        if symbol == head.channel or head.event != CHANGES or grid is None:
            return ()
        return (Update(symbol, False, _depth(_told.decode(head.data), grid)),)
    except (msgspec.MsgspecError, OffGrid) as error:
        return (unread(error),)


def read_whole(symbol: str, body: bytes, grid: Grid) -> Update | Unread:
    """Returns the book that the answer to `GET order_book` holds."""
    try:
        return Update(symbol, True, _depth(_told.decode(body), grid))
    except (msgspec.MsgspecError, OffGrid) as error:
        return unread(error)


def _depth(told: _Told, grid: Grid) -> Depth:
    at = scaled(told.microtimestamp, 0)
    return Depth(levels(told.bids, grid), levels(told.asks, grid), at, at)


def rule(last: int, _is_fresh: bool, change: Depth) -> Follows:
    """A change is newer than the last one; nothing tells whether one is missing between them."""
    return Follows.NEXT if change.last > last else Follows.OLD
