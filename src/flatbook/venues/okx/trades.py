"""The trades of OKX, those of one taker at one price together. Source: okx.com/docs-v5, Trades channel."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from flatbook.market.depth import Unread
from flatbook.venues.book_stream import text_of_json
from flatbook.venues.okx.books import PONG
from flatbook.venues.told_stream import SIDES, ToldFeed, Traded, instant_of_digits, reader_of, side_of, traded

CHANNEL, PING = "trades", "ping"


class _Trade(msgspec.Struct, rename="camel"):
    inst_id: str
    px: str
    sz: str
    side: str
    ts: str


class _Arg(msgspec.Struct, frozen=True):
    channel: str = ""


class _Frame(msgspec.Struct):
    arg: _Arg
    data: list[_Trade]


class _Head(msgspec.Struct):
    arg: _Arg = _Arg()
    event: str = ""


_read = reader_of(_Frame, _Head, lambda head: head.arg.channel == CHANNEL and not head.event, PONG)


def read_frame(frame: bytes) -> tuple[Traded | Unread, ...]:
    """Returns the trades that a frame holds; nothing for any other frame."""
    told = _read(frame)
    if isinstance(told, tuple):
        return told
    if told.arg.channel != CHANNEL:
        return ()
    return tuple(
        traded(each.inst_id, each.px, each.sz, side_of(each.side, SIDES), instant_of_digits(each.ts))
        for each in told.data
    )


def _opening(symbols: Sequence[str]) -> tuple[str, ...]:
    args = [{"channel": CHANNEL, "instId": symbol} for symbol in symbols]
    return (text_of_json({"op": "subscribe", "args": args}),)


FEED = ToldFeed(
    name="okx",
    host="wss://ws.okx.com:8443",
    path=lambda _symbols: "/ws/v5/public",
    opening=_opening,
    read=read_frame,
    beat=PING,
)
