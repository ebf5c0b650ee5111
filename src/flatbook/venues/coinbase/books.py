"""The books of Coinbase Advanced Trade: a whole book first, then changes; the connection numbers all its messages.

A message that cannot be read is a hole in those numbers, which the next one shows; an event off the grid, or with a
word that nobody here knows, has its number, and says whose book is lost. A market in USDC shares the book of the one
in USD, and is told under its name, whichever was asked for.

Source: docs.cdp.coinbase.com, Advanced Trade WebSocket, level2 channel.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from flatbook.market.depth import (
    UNREADABLE,
    Depth,
    Grid,
    Heard,
    Numbered,
    OffGrid,
    Update,
    in_one_row,
    levels,
    unknown,
    unread,
)
from flatbook.values.instants import InstantRefused, instant_of_text
from flatbook.venues.book_stream import BookFeed, text_of_json

CHANNEL = "l2_data"
SNAPSHOT, UPDATE = "snapshot", "update"
BID, OFFER = "bid", "offer"
IN_USD, SHARED_TAIL = "-USD", "C"
# Source: GET market/products of 2026-08-09, `alias`: all others of 401 markets in USD and in USDC share one book.
APART = ("USDT-USD",)


class _Level(msgspec.Struct):
    side: str
    price_level: str
    new_quantity: str


class _Event(msgspec.Struct):
    type: str
    product_id: str
    updates: list[_Level]


class _Frame(msgspec.Struct):
    channel: str = ""
    sequence_num: int | None = None
    timestamp: str = ""
    events: msgspec.Raw = msgspec.Raw()


_frame = msgspec.json.Decoder(_Frame)
_events = msgspec.json.Decoder(list[_Event])


def read_frame(frame: bytes, grids: Mapping[str, Grid]) -> tuple[Heard, ...]:
    """Returns the number of a frame in its connection, then what it says of books."""
    try:
        head = _frame.decode(frame)
        numbered = () if head.sequence_num is None else (Numbered(head.sequence_num),)
        if head.channel != CHANNEL:
            return numbered
        return (*numbered, *_heard(_events.decode(head.events), grids, _instant_of(head.timestamp)))
    except UNREADABLE as error:
        return (unread(error),)


def _instant_of(text: str) -> int:
    """Returns an instant; 0 where it is left out, and where it cannot be one."""
    try:
        return instant_of_text(text) if text else 0
    except InstantRefused:
        return 0


def _heard(events: list[_Event], grids: Mapping[str, Grid], happened_at: int) -> Iterator[Heard]:
    for event in events:
        for symbol in names_of(event.product_id):
            grid = grids.get(symbol)
            if grid is not None:
                yield _event(event, symbol, grid, happened_at)


def names_of(product: str) -> tuple[str, ...]:
    """Returns the markets of which what is said of a product is told: its own, and of one in USD that in USDC."""
    is_shared = product.endswith(IN_USD) and product not in APART
    return (product, product + SHARED_TAIL) if is_shared else (product,)


def _event(event: _Event, symbol: str, grid: Grid, happened_at: int) -> Heard:
    if event.type not in (SNAPSHOT, UPDATE) or any(each.side not in (BID, OFFER) for each in event.updates):
        return unknown("an event of type", event.type, symbol)
    try:
        bids, asks = (
            levels([(each.price_level, each.new_quantity) for each in event.updates if each.side == side], grid)
            for side in (BID, OFFER)
        )
    except OffGrid as error:
        return unread(error, symbol)
    return Update(symbol, event.type == SNAPSHOT, Depth(bids, asks), None, happened_at)


def opening_of(channel: str, symbols: Sequence[str]) -> tuple[str, ...]:
    """Returns what asks for a channel and for heartbeats, without which an idle connection is closed."""
    said = {"type": "subscribe", "product_ids": list(symbols)}
    return tuple(text_of_json({**said, "channel": asked}) for asked in (channel, "heartbeats"))


def _opening(symbols: Sequence[str]) -> tuple[str, ...]:
    return opening_of("level2", symbols)


def _closing(symbols: Sequence[str]) -> tuple[str, ...]:
    """Returns what takes books back; heartbeats stay."""
    return (text_of_json({"type": "unsubscribe", "product_ids": list(symbols), "channel": "level2"}),)


FEED = BookFeed(
    name="coinbase",
    host="wss://advanced-trade-ws.coinbase.com",
    path=lambda _symbols: "/",
    opening=_opening,
    closing=_closing,
    read=read_frame,
    rule=in_one_row,
)
