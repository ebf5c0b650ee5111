"""The books of Bybit: a whole book first and whenever its service starts anew, then changes.

Source: bybit-exchange.github.io/docs/v5/websocket/public/orderbook.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec

from flatbook.market.depth import UNREADABLE, Depth, Follows, Grid, Heard, Update, levels, unknown, unread
from flatbook.values.instants import NS_PER_MS
from flatbook.venues.book_stream import BookFeed, text_of_json

TOPIC = "orderbook."
LEVELS, SUBSCRIBED_MAX = 50, 10
SNAPSHOT, DELTA = "snapshot", "delta"


class _Told(msgspec.Struct):
    s: str
    b: list[tuple[str, str]]
    a: list[tuple[str, str]]
    u: int
    seq: int = 0


class _Frame(msgspec.Struct):
    topic: str = ""
    type: str = ""
    ts: int = 0
    data: msgspec.Raw = msgspec.Raw()


_frame = msgspec.json.Decoder(_Frame)
_told = msgspec.json.Decoder(_Told)


def read_frame(frame: bytes, grids: Mapping[str, Grid]) -> tuple[Heard, ...]:
    """Returns what a frame says of a book; nothing for what is about something else."""
    symbol = None
    try:
        head = _frame.decode(frame)
        if not head.topic.startswith(TOPIC):
            return ()
        if head.type not in (SNAPSHOT, DELTA):
            return (unknown("a book of type", head.type, head.topic.rpartition(".")[2]),)
        told = _told.decode(head.data)
        symbol = told.s
        grid = grids.get(symbol)
        if grid is None:
            return ()
        bids, asks = levels(told.b, grid), levels(told.a, grid)
    except UNREADABLE as error:
        return (unread(error, symbol),)
    is_whole = head.type == SNAPSHOT or told.u == 1
    return (Update(symbol, is_whole, Depth(bids, asks, told.u, told.u), None, head.ts * NS_PER_MS),)


def rule(last: int, _is_fresh: bool, change: Depth) -> Follows:
    """Each change has the number after the last one."""
    if change.last <= last:
        return Follows.OLD
    return Follows.NEXT if change.last == last + 1 else Follows.GAP


def topics_of(topic: str, op: str = "subscribe") -> Callable[[Sequence[str]], tuple[str, ...]]:
    """Returns what asks for a topic of some symbols, or takes that back, at most SUBSCRIBED_MAX in a message.

    Source: v5/ws/connect, args limit of spot.
    """

    def opening(symbols: Sequence[str]) -> tuple[str, ...]:
        topics = [topic + symbol for symbol in symbols]
        return tuple(
            text_of_json({"op": op, "args": topics[first : first + SUBSCRIBED_MAX]})
            for first in range(0, len(topics), SUBSCRIBED_MAX)
        )

    return opening


def _feed(market: str) -> BookFeed:
    return BookFeed(
        name="bybit",
        host="wss://stream.bybit.com",
        path=lambda _symbols: f"/v5/public/{market}",
        opening=topics_of(f"{TOPIC}{LEVELS}."),
        closing=topics_of(f"{TOPIC}{LEVELS}.", "unsubscribe"),
        read=read_frame,
        rule=rule,
        beat='{"op":"ping"}',
    )


SPOT, LINEAR = _feed("spot"), _feed("linear")
