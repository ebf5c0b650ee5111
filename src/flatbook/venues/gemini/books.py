"""The books of Gemini's market data v2: the first message of a symbol is its whole book.

Nothing is numbered and nothing is summed up: a frame that cannot be read may have held a change that nobody would miss,
so that its book is asked for anew, and its connection is left where not even the symbol can be read.

Source: docs.gemini.com/websocket-api, Market Data Version 2. The first message alone has trades, and what has auctions
also has auction events.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import msgspec

from flatbook.market.depth import UNREADABLE, Depth, Grid, Heard, Leave, Update, in_one_row, levels, unknown, unread
from flatbook.venues.book_stream import BookFeed, text_of_json

UPDATES = "l2_updates"
BUY, SELL = "buy", "sell"


class _Frame(msgspec.Struct):
    type: str = ""
    symbol: str = ""
    changes: msgspec.Raw = msgspec.Raw()
    trades: msgspec.Raw = msgspec.Raw()


_frame = msgspec.json.Decoder(_Frame)
_changes = msgspec.json.Decoder(list[tuple[str, str, str]])


def read_frame(frame: bytes, grids: Mapping[str, Grid]) -> tuple[Heard, ...]:
    """Returns what a frame says of a book; nothing for what is about something else."""
    symbol = None
    try:
        head = _frame.decode(frame)
        symbol = head.symbol
        grid = grids.get(symbol)
        if head.type != UPDATES or grid is None:
            return ()
        changes = _changes.decode(head.changes)
        if any(side not in (BUY, SELL) for side, _, _ in changes):
            return (unknown("sides", ", ".join(side for side, _, _ in changes), symbol),)
        bids = levels([(price, size) for side, price, size in changes if side == BUY], grid)
        asks = levels([(price, size) for side, price, size in changes if side == SELL], grid)
    except UNREADABLE as error:
        return (unread(error), Leave()) if symbol is None else (unread(error, symbol),)
    return (Update(head.symbol, bool(bytes(head.trades)), Depth(bids, asks)),)


def opening(symbols: Sequence[str]) -> tuple[str, ...]:
    """Returns what asks for books, with which trades come."""
    return _asked("subscribe", symbols)


def _asked(what: str, symbols: Sequence[str]) -> tuple[str, ...]:
    wanted = [{"name": "l2", "symbols": list(symbols)}]
    return (text_of_json({"type": what, "subscriptions": wanted}),)


FEED = BookFeed(
    name="gemini",
    host="wss://api.gemini.com",
    path=lambda _symbols: "/v2/marketdata",
    opening=opening,
    closing=partial(_asked, "unsubscribe"),
    read=read_frame,
    rule=in_one_row,
)
