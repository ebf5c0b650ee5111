"""The trades of Bybit. Source: bybit-exchange.github.io/docs/v5/websocket/public/trade."""

from __future__ import annotations

import msgspec

from flatbook.values.instants import NS_PER_MS, Instant
from flatbook.values.instruments import Side
from flatbook.venues.bybit.books import topics_of
from flatbook.venues.told_stream import ToldFeed, Traded, frame_of

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


_frame = msgspec.json.Decoder(_Frame)


def read_frame(frame: bytes) -> tuple[Traded, ...]:
    """Returns the trades that a frame holds, oldest first; nothing for any other frame."""
    told = frame_of(_frame, frame)
    if told is None or not told.topic.startswith(TOPIC):
        return ()
    return tuple(
        Traded(each.s, each.p, each.v, SIDES[each.S], Instant(each.T * NS_PER_MS))
        for each in told.data
        if each.S in SIDES
    )


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
