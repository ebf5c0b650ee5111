"""The trades of OKX, those of one taker at one price together. Source: okx.com/docs-v5, Trades channel."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from flatbook.venues.book_stream import text_of_json
from flatbook.venues.told_stream import SIDES, ToldFeed, Traded, frame_of, instant_of_ms

CHANNEL, PING = "trades", "ping"


class _Trade(msgspec.Struct, rename="camel"):
    inst_id: str
    px: str
    sz: str
    side: str
    ts: str


class _Arg(msgspec.Struct):
    channel: str


class _Frame(msgspec.Struct):
    arg: _Arg
    data: list[_Trade]


_frame = msgspec.json.Decoder(_Frame)


def read_frame(frame: bytes) -> tuple[Traded, ...]:
    """Returns the trades that a frame holds; nothing for any other frame."""
    told = frame_of(_frame, frame)
    if told is None or told.arg.channel != CHANNEL:
        return ()
    return tuple(
        Traded(each.inst_id, each.px, each.sz, SIDES[each.side], at)
        for each in told.data
        if each.side in SIDES and (at := instant_of_ms(each.ts)) is not None
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
