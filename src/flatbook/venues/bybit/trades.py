"""The trades of Bybit. Source: bybit-exchange.github.io/docs/v5/websocket/public/trade."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from flatbook.values.instants import NS_PER_MS, Instant
from flatbook.values.instruments import Side
from flatbook.venues.book_stream import text_of_json
from flatbook.venues.bybit.books import SUBSCRIBED_MAX
from flatbook.venues.trade_stream import Traded, TradeFeed

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
    try:
        told = _frame.decode(frame)
    except (msgspec.MsgspecError, RecursionError):
        return ()
    if not told.topic.startswith(TOPIC):
        return ()
    return tuple(
        Traded(each.s, each.p, each.v, SIDES[each.S], Instant(each.T * NS_PER_MS))
        for each in told.data
        if each.S in SIDES
    )


def _opening(symbols: Sequence[str]) -> tuple[str, ...]:
    topics = [TOPIC + symbol for symbol in symbols]
    return tuple(
        text_of_json({"op": "subscribe", "args": topics[first : first + SUBSCRIBED_MAX]})
        for first in range(0, len(topics), SUBSCRIBED_MAX)
    )


def _feed(market: str) -> TradeFeed:
    return TradeFeed(
        name="bybit",
        host="wss://stream.bybit.com",
        path=lambda _symbols: f"/v5/public/{market}",
        opening=_opening,
        read=read_frame,
        beat='{"op":"ping"}',
    )


SPOT, LINEAR = _feed("spot"), _feed("linear")
