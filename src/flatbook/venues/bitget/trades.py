"""The trades of Bitget. The first message tells past ones, newest first, and is left out.

Source: bitget.com/api-doc, Trading Channel of spot and of futures.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from flatbook.market.depth import Unread, unknown
from flatbook.venues.bitget.books import PING, PONG, SNAPSHOT, UPDATE
from flatbook.venues.book_stream import text_of_json
from flatbook.venues.told_stream import SIDES, ToldFeed, Traded, instant_of_digits, reader_of, side_of, traded

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


class _Channel(msgspec.Struct, frozen=True):
    channel: str = ""


class _Head(msgspec.Struct):
    action: str = ""
    arg: _Channel = _Channel()


_read = reader_of(_Frame, _Head, lambda head: head.arg.channel == CHANNEL and bool(head.action), PONG)


def read_frame(frame: bytes) -> tuple[Traded | Unread, ...]:
    """Returns the trades that a frame holds, oldest first; nothing for any other frame."""
    told = _read(frame)
    if isinstance(told, tuple):
        return told
    if told.arg.channel != CHANNEL or told.action == SNAPSHOT:
        return ()
    symbol = told.arg.inst_id
    if told.action != UPDATE:
        return (unknown("trades with the action", told.action, symbol),)
    return tuple(
        traded(symbol, each.price, each.size, side_of(each.side, SIDES), instant_of_digits(each.ts))
        for each in reversed(told.data)
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
