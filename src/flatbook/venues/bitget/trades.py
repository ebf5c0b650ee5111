"""The trades of Bitget. The first message tells past ones, newest first, and is left out.

Source: bitget.com/api-doc, Trading Channel of spot and of futures.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from flatbook.venues.bitget.books import PING, UPDATE
from flatbook.venues.book_stream import text_of_json
from flatbook.venues.told_stream import SIDES, ToldFeed, Traded, frame_of, instant_of_ms

CHANNEL = "trade"


class _Trade(msgspec.Struct):
    ts: str
    price: str
    size: str
    side: str


class _Arg(msgspec.Struct, rename="camel"):
    channel: str
    inst_id: str


class _Frame(msgspec.Struct):
    action: str
    arg: _Arg
    data: list[_Trade]


_frame = msgspec.json.Decoder(_Frame)


def read_frame(frame: bytes) -> tuple[Traded, ...]:
    """Returns the trades that a frame holds, oldest first; nothing for any other frame."""
    told = frame_of(_frame, frame)
    if told is None or told.arg.channel != CHANNEL or told.action != UPDATE:
        return ()
    return tuple(
        Traded(told.arg.inst_id, each.price, each.size, SIDES[each.side], at)
        for each in reversed(told.data)
        if each.side in SIDES and (at := instant_of_ms(each.ts)) is not None
    )


def _feed(market: str) -> ToldFeed[Traded]:
    def opening(symbols: Sequence[str]) -> tuple[str, ...]:
        args = [{"instType": market, "channel": CHANNEL, "instId": symbol} for symbol in symbols]
        return (text_of_json({"op": "subscribe", "args": args}),)

    return ToldFeed(
        name="bitget",
        host="wss://ws.bitget.com",
        path=lambda _symbols: "/v2/ws/public",
        opening=opening,
        read=read_frame,
        beat=PING,
    )


SPOT, USDT_FUTURES = _feed("SPOT"), _feed("USDT-FUTURES")
