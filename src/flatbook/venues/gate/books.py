"""The books of Gate: changes in a stream, whole books over REST and, now and then, in the stream itself.

The second version of the stream begins with a whole book.

Source: gate.io/docs/developers/apiv4/ws, "How to maintain local order book" and Order Book V2; announcement 44678 of
2025-04: what is `full` takes the place of the book.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import msgspec

from flatbook.market.depth import UNREADABLE, Depth, Follows, Grid, Heard, Unread, Update, levels, unread
from flatbook.values.instants import NS_PER_MS
from flatbook.venues.book_stream import BookFeed, WholeByRest, text_of_json
from flatbook.venues.http import Request

CHANGES, CHANGES_V2 = "spot.order_book_update", "spot.obu"
UPDATE = "update"


class _Frame(msgspec.Struct):
    channel: str = ""
    event: str = ""
    result: msgspec.Raw = msgspec.Raw()


class _Change(msgspec.Struct):
    s: str
    u: int
    U: int = 0
    full: bool = False
    b: list[tuple[str, str]] | None = None
    a: list[tuple[str, str]] | None = None
    t: int = 0


class _Whole(msgspec.Struct):
    id: int
    bids: list[tuple[str, str]]
    asks: list[tuple[str, str]]


class Dialect(NamedTuple):
    """How the books of a kind of market are written: the market that a stream of each channel is of, and its levels."""

    market_of: Mapping[str, Callable[[str], str]]
    change: msgspec.json.Decoder[Any]
    whole: msgspec.json.Decoder[Any]
    rows: Callable[[Any], Sequence[tuple[str, str]]]


_frame = msgspec.json.Decoder(_Frame)


def read_change(frame: bytes, grids: Mapping[str, Grid], dialect: Dialect) -> tuple[Heard, ...]:
    """Returns the change of a book that a frame holds; nothing for what is about something else."""
    symbol, rows = None, dialect.rows
    try:
        head = _frame.decode(frame)
        market_of = dialect.market_of.get(head.channel)
        if market_of is None or head.event != UPDATE:
            return ()
        change = dialect.change.decode(head.result)
        symbol = market_of(change.s)
        grid = grids.get(symbol)
        if grid is None:
            return ()
        bids, asks = levels(rows(change.b or ()), grid), levels(rows(change.a or ()), grid)
    except UNREADABLE as error:
        return (unread(error, symbol),)
    depth = Depth(bids, asks, change.U or change.u, change.u)
    return (Update(symbol, change.full, depth, None, change.t * NS_PER_MS),)


def pair_of(stream: str) -> str:
    """Returns the market of a stream of the second version, which is written ob.MARKET.LEVELS."""
    return stream.partition(".")[2].rpartition(".")[0]


def read_book(symbol: str, body: bytes, grid: Grid, dialect: Dialect) -> Update | Unread:
    """Returns the book that the answer to `GET order_book` with its id holds."""
    try:
        told = dialect.whole.decode(body)
        bids, asks = levels(dialect.rows(told.bids), grid), levels(dialect.rows(told.asks), grid)
    except UNREADABLE as error:
        return unread(error)
    return Update(symbol, True, Depth(bids, asks, told.id, told.id))


def rule(last: int, _is_fresh: bool, change: Depth) -> Follows:
    """A change covers the number after the last one; what it repeats is absolute and does no harm."""
    if change.last <= last:
        return Follows.OLD
    return Follows.NEXT if change.first <= last + 1 else Follows.GAP


def _opening(symbols: Sequence[str]) -> tuple[str, ...]:
    """Asks for each book; the time in a message without a signature has no meaning."""
    said = {"time": 0, "channel": CHANGES, "event": "subscribe"}
    return tuple(text_of_json({**said, "payload": [symbol, "100ms"]}) for symbol in symbols)


def _request(symbol: str) -> Request:
    wanted = (("currency_pair", symbol), ("limit", "100"), ("with_id", "true"))
    return Request(method="GET", path="/api/v4/spot/order_book", query=wanted)


BEAT = text_of_json({"time": 0, "channel": "spot.ping"})

SPOT = Dialect({CHANGES: str, CHANGES_V2: pair_of}, msgspec.json.Decoder(_Change), msgspec.json.Decoder(_Whole), tuple)
read_frame, read_whole = partial(read_change, dialect=SPOT), partial(read_book, dialect=SPOT)
FEED = BookFeed(
    name="gate",
    host="wss://api.gateio.ws",
    path=lambda _symbols: "/ws/v4/",
    opening=_opening,
    read=read_frame,
    rule=rule,
    beat=BEAT,
    whole=WholeByRest(host="https://api.gateio.ws", request=_request, read=read_whole),
)
