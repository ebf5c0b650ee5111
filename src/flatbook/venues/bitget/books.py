"""The books of Bitget: a whole book first, then changes, and a checksum of the best levels.

Source: bitget.com/api-doc, Depth Channel. Numbers stand in the checksum with all the decimals of the symbol: the grid
of a book must be that of its symbol.

Nothing is numbered, and a checksum, which may be left out or 0, covers the best levels only: a frame that cannot be
read may have held a change that nobody would miss, so that its book is asked for anew, and its connection is left where
not even the symbol can be read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import msgspec

from flatbook.market.depth import (
    UNREADABLE,
    Depth,
    Grid,
    Heard,
    Leave,
    Update,
    crc_of,
    in_one_row,
    levels,
    text_of,
    unknown,
    unread,
)
from flatbook.market.orderbook import OrderBook
from flatbook.venues.book_stream import BookFeed, text_of_json
from flatbook.venues.told_stream import instant_of_ms

BOOKS = "books"
TOLD_IN = (BOOKS, "books1", "books5", "books15")
"""The first tells changes, the others the best few levels as a whole book each time."""
SNAPSHOT, UPDATE = "snapshot", "update"
CHECKED = 25
PING, PONG = "ping", b"pong"


class _Arg(msgspec.Struct, frozen=True):
    channel: str
    inst_id: str = msgspec.field(name="instId", default="")


class _Told(msgspec.Struct):
    bids: list[tuple[str, str]]
    asks: list[tuple[str, str]]
    checksum: int | None = None
    ts: str = ""


class _Frame(msgspec.Struct):
    arg: _Arg = _Arg(channel="")
    action: str = ""
    data: msgspec.Raw = msgspec.Raw()


_frame = msgspec.json.Decoder(_Frame)
_told = msgspec.json.Decoder(list[_Told])


def read_frame(frame: bytes, grids: Mapping[str, Grid]) -> tuple[Heard, ...]:
    """Returns what a frame says of a book; nothing for what is about something else."""
    if frame == PONG:
        return ()
    symbol = None
    try:
        head = _frame.decode(frame)
        symbol = head.arg.inst_id
        grid = grids.get(symbol)
        if head.arg.channel not in TOLD_IN or not head.action or grid is None:
            return ()
        if head.action not in (SNAPSHOT, UPDATE):
            return (unknown("a book with the action", head.action, symbol),)
        return tuple(_update(head, told, grid) for told in _told.decode(head.data))
    except UNREADABLE as error:
        return (unread(error), Leave()) if symbol is None else (unread(error, symbol),)


def _update(head: _Frame, told: _Told, grid: Grid) -> Update:
    depth = Depth(levels(told.bids, grid), levels(told.asks, grid))
    is_whole, happened_at = head.action == SNAPSHOT, instant_of_ms(told.ts) or 0
    return Update(head.arg.inst_id, is_whole, depth, told.checksum or None, happened_at)


def checksum(book: OrderBook, grid: Grid) -> int:
    """Returns the checksum of a book as Bitget makes it."""
    return crc_of(book, grid, count=CHECKED, shown=text_of)


def _feed(market: str) -> BookFeed:
    return BookFeed(
        name="bitget",
        host="wss://ws.bitget.com",
        path=lambda _symbols: "/v2/ws/public",
        opening=partial(_asked, "subscribe", market),
        closing=partial(_asked, "unsubscribe", market),
        read=read_frame,
        rule=in_one_row,
        checksum=checksum,
        beat=PING,
    )


def _asked(op: str, market: str, symbols: Sequence[str]) -> tuple[str, ...]:
    args = [{"instType": market, "channel": BOOKS, "instId": symbol} for symbol in symbols]
    return (text_of_json({"op": op, "args": args}),)


SPOT, USDT_FUTURES = _feed("SPOT"), _feed("USDT-FUTURES")
