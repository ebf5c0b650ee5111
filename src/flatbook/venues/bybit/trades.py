"""The trades of Bybit. Source: bybit-exchange.github.io/docs/v5/websocket/public/trade."""

from __future__ import annotations

import msgspec

from flatbook.market.depth import Unread
from flatbook.values.instruments import Side
from flatbook.venues.bybit.books import topics_of
from flatbook.venues.told_stream import ToldFeed, Traded, instant_of_count, reader_of, side_of, traded

TOPIC = "publicTrade."
SIDES = {"Buy": Side.BUY, "Sell": Side.SELL}


class _Trade(msgspec.Struct):
    s: str
    p: str
    v: str
    T: int
    S: str


class _Frame(msgspec.Struct):
    topic: str
    data: list[_Trade]


class _Head(msgspec.Struct):
    topic: str = ""


_read = reader_of(_Frame, _Head, lambda head: head.topic.startswith(TOPIC))


def read_frame(frame: bytes) -> tuple[Traded | Unread, ...]:
    """Returns the trades that a frame holds, oldest first; nothing for any other frame."""
    told = _read(frame)
    if isinstance(told, tuple):
        return told
    if not told.topic.startswith(TOPIC):
        return ()
    return tuple(traded(each.s, each.p, each.v, side_of(each.S, SIDES), instant_of_count(each.T)) for each in told.data)


def _feed(market: str) -> ToldFeed[Traded]:
    return ToldFeed(
        name="bybit",
        host="wss://stream.bybit.com",
        path=lambda _symbols: f"/v5/public/{market}",
        opening=topics_of(TOPIC),
        read=read_frame,
        beat='{"op":"ping"}',
    )


SPOT, LINEAR = _feed("spot"), _feed("linear")
