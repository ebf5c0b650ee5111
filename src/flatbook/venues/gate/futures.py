"""The books, trades and marks of perpetuals in USDT at Gate. Sizes are whole contracts, of a taker who sold below zero.

In books they are texts where decimals were asked for, which stand in recordings.

Source: gate.com/docs/developers/futures/ws, Order Book Update, Trades and Tickers channels; apiv4, Futures order book
and Get a single contract: only that tells when funding is settled next, and it is asked for again and again.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import msgspec

from flatbook.market.depth import UNREADABLE, Unread, UnreadFor, unread
from flatbook.values.instants import MS_END, NS_PER_S, Instant
from flatbook.values.instruments import Side
from flatbook.venues.book_stream import BookFeed, WholeByRest, text_of_json
from flatbook.venues.gate.books import UPDATE, Dialect, read_book, read_change, rule
from flatbook.venues.http import Request
from flatbook.venues.told_stream import (
    AskedFeed,
    Marked,
    ToldFeed,
    Traded,
    instant_of_count,
    marked,
    reader_of,
    traded,
)

CHANGES, TRADES, TICKERS = "futures.order_book_update", "futures.trades", "futures.tickers"
SETTLED_IN = "/api/v4/futures/usdt"
LEVELS = "100"
ASKED_EVERY_S = 60
REST = "https://api.gateio.ws"


class _Level(msgspec.Struct):
    p: str
    s: int | str


class _Change(msgspec.Struct):
    s: str
    u: int
    U: int = 0
    full: bool = False
    b: list[_Level] | None = None
    a: list[_Level] | None = None
    t: int = 0


class _Whole(msgspec.Struct):
    id: int
    bids: list[_Level]
    asks: list[_Level]


class _Trade(msgspec.Struct):
    contract: str
    size: int
    price: str
    create_time_ms: int
    is_internal: bool = False


class _Trades(msgspec.Struct):
    channel: str
    event: str
    result: list[_Trade]


class _Ticker(msgspec.Struct):
    contract: str
    mark_price: str = ""
    funding_rate: str = ""


class _Tickers(msgspec.Struct):
    channel: str
    event: str
    result: list[_Ticker]


class _Contract(msgspec.Struct):
    name: str
    funding_next_apply: int | float
    funding_rate: str = ""


class _Head(msgspec.Struct):
    channel: str = ""
    event: str = ""


_contract = msgspec.json.Decoder(_Contract)
_trades = reader_of(_Trades, _Head, lambda head: (head.channel, head.event) == (TRADES, UPDATE))
_tickers = reader_of(_Tickers, _Head, lambda head: (head.channel, head.event) == (TICKERS, UPDATE))


def _rows(told: Sequence[_Level]) -> list[tuple[str, str]]:
    return [(each.p, str(each.s)) for each in told]


def read_trades(frame: bytes) -> tuple[Traded | Unread, ...]:
    """Returns the trades that a frame holds; nothing for any other frame, and of those that met no order in a book."""
    told = _trades(frame)
    if isinstance(told, tuple):
        return told
    if (told.channel, told.event) != (TRADES, UPDATE):
        return ()
    return tuple(_traded(each) for each in told.result if not each.is_internal)


def _traded(trade: _Trade) -> Traded | Unread:
    taker = Side.SELL if trade.size < 0 else Side.BUY
    return traded(trade.contract, trade.price, str(abs(trade.size)), taker, instant_of_count(trade.create_time_ms))


def read_marks(frame: bytes) -> tuple[Marked | Unread, ...]:
    """Returns what tickers say of marks and of rates; nothing for any other frame."""
    told = _tickers(frame)
    if isinstance(told, tuple):
        return told
    if (told.channel, told.event) != (TICKERS, UPDATE):
        return ()
    return tuple(
        marked(each.contract, each.mark_price, each.funding_rate, None)
        for each in told.result
        if each.mark_price or each.funding_rate
    )


def read_contract(symbol: str, body: bytes) -> Marked | Unread:
    """Returns when the answer to `GET contracts/CONTRACT` says that funding is settled next, and at what rate."""
    try:
        told = _contract.decode(body)
    except UNREADABLE as error:
        return unread(error, symbol)
    if told.name != symbol:
        return Unread(UnreadFor.UNKNOWN_WORD, f"an answer about {told.name[:40]!r}", symbol)
    seconds = told.funding_next_apply
    if not 0 < seconds < MS_END // 1_000 or seconds % 1:
        return Unread(UnreadFor.NO_INSTANT, f"{seconds} is no instant", symbol)
    return marked(symbol, "", told.funding_rate, Instant(int(seconds) * NS_PER_S))


def _said(channel: str, payload: Sequence[str]) -> str:
    """Asks for something; the time in a message without a signature has no meaning."""
    return text_of_json({"time": 0, "channel": channel, "event": "subscribe", "payload": list(payload)})


def _request(symbol: str) -> Request:
    wanted = (("contract", symbol), ("limit", LEVELS), ("with_id", "true"))
    return Request(method="GET", path=f"{SETTLED_IN}/order_book", query=wanted)


def _contract_request(symbol: str) -> Request:
    return Request(method="GET", path=f"{SETTLED_IN}/contracts/{symbol}")


def _path(_symbols: Sequence[str]) -> str:
    return "/v4/ws/usdt"


HOST, BEAT = "wss://fx-ws.gateio.ws", text_of_json({"time": 0, "channel": "futures.ping"})
CONTRACTS = Dialect({CHANGES: str}, msgspec.json.Decoder(_Change), msgspec.json.Decoder(_Whole), _rows)
read_frame, read_whole = partial(read_change, dialect=CONTRACTS), partial(read_book, dialect=CONTRACTS)
BOOKS = BookFeed(
    name="gate",
    host=HOST,
    path=_path,
    opening=lambda symbols: tuple(_said(CHANGES, (symbol, "100ms", LEVELS)) for symbol in symbols),
    read=read_frame,
    rule=rule,
    beat=BEAT,
    whole=WholeByRest(host=REST, request=_request, read=read_whole),
)
TRADED = ToldFeed(
    name="gate", host=HOST, path=_path, opening=lambda symbols: (_said(TRADES, symbols),), read=read_trades, beat=BEAT
)
MARKED = ToldFeed(
    name="gate",
    host=HOST,
    path=_path,
    opening=lambda symbols: (_said(TICKERS, symbols),),
    read=read_marks,
    beat=BEAT,
    asked=AskedFeed(host=REST, request=_contract_request, read=read_contract, every_s=ASKED_EVERY_S),
)
