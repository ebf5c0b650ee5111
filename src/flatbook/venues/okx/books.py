"""The books of OKX: a whole book first, then changes that name the one before, and a checksum of the best levels.

Of the best few levels alone each message is a whole book. Since 2026-06-23 the checksum is 0, which says nothing.

Source: okx.com/docs-v5, Order book channel. Numbers stand in the checksum without idle zeros.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import msgspec

from flatbook.market.depth import (
    UNREADABLE,
    Depth,
    Follows,
    Grid,
    Heard,
    Update,
    crc_of,
    levels,
    text_of,
    unknown,
    unread,
)
from flatbook.market.orderbook import OrderBook
from flatbook.venues.book_stream import BookFeed, text_of_json
from flatbook.venues.told_stream import instant_of_ms

BOOKS = ("books", "books-l2-tbt", "books50-l2-tbt", "books-rpi")
BEST = ("books5", "bbo-tbt")
SNAPSHOT, UPDATE = "snapshot", "update"
CHECKED = 25
PING, PONG = "ping", b"pong"


class _Arg(msgspec.Struct, frozen=True):
    channel: str
    inst_id: str = msgspec.field(name="instId", default="")


class _Told(msgspec.Struct):
    bids: list[tuple[str, str, str, str]]
    asks: list[tuple[str, str, str, str]]
    checksum: int | None = None
    ts: str = ""
    seq_id: int = msgspec.field(name="seqId", default=0)
    before: int = msgspec.field(name="prevSeqId", default=0)


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
        action = SNAPSHOT if head.arg.channel in BEST and bytes(head.data) else head.action
        if head.arg.channel not in (*BOOKS, *BEST) or not action or grid is None:
            return ()
        if action not in (SNAPSHOT, UPDATE):
            return (unknown("a book with the action", action, symbol),)
        return tuple(_update(symbol, told, grid, is_whole=action == SNAPSHOT) for told in _told.decode(head.data))
    except UNREADABLE as error:
        return (unread(error, symbol),)


def _update(symbol: str, told: _Told, grid: Grid, *, is_whole: bool) -> Update:
    depth = Depth(levels(told.bids, grid), levels(told.asks, grid), told.seq_id, told.seq_id, told.before)
    return Update(symbol, is_whole, depth, told.checksum or None, instant_of_ms(told.ts) or 0)


def rule(last: int, _is_fresh: bool, change: Depth) -> Follows:
    """Each change names the number before it, which is its own where nothing has changed; old recordings have none."""
    if change.before == last:
        return Follows.NEXT
    return Follows.OLD if change.last == last else Follows.GAP


def checksum(book: OrderBook, grid: Grid) -> int:
    """Returns the checksum of a book as OKX makes it."""
    return crc_of(book, grid, count=CHECKED, shown=_bare)


def _bare(units: int, decimals: int) -> str:
    text = text_of(units, decimals)
    return text.rstrip("0").rstrip(".") if "." in text else text


def _asked(op: str, symbols: Sequence[str]) -> tuple[str, ...]:
    args = [{"channel": BOOKS[0], "instId": symbol} for symbol in symbols]
    return (text_of_json({"op": op, "args": args}),)


FEED = BookFeed(
    name="okx",
    host="wss://ws.okx.com:8443",
    path=lambda _symbols: "/ws/v5/public",
    opening=partial(_asked, "subscribe"),
    closing=partial(_asked, "unsubscribe"),
    read=read_frame,
    rule=rule,
    checksum=checksum,
    beat=PING,
)
