"""What Binance tells of its markets, spot, USD-M and COIN-M: depth, trades, best prices, marks and rates of funding.

Source: developers.binance.com, "WebSocket Streams" of spot, "Websocket Market Streams" of USD-M and COIN-M futures.
"""

from __future__ import annotations

import re
from typing import Annotated

import msgspec

from flatbook.market.depth import UNREADABLE, Depth, Rule, Unread, Unused, Update, levels, scaled, unknown, unread
from flatbook.market.ticks import FINE, FINE_DECIMALS, RATE_DECIMALS, Kind, Product, Tick, Told
from flatbook.values.instants import MS_END, NS_PER_MS
from flatbook.venues.binance.books import futures_rule, spot_rule
from flatbook.venues.binance.trades import BESIDE_BOOK, IN_BOOK

_UNHEARD = re.compile(r"kline|forceOrder|ticker|miniTicker|markPrice@arr|indexPrice")
AGGREGATES = "aggTrade"

Levels = list[tuple[str, str]]
Ms = Annotated[int, msgspec.Meta(gt=0, lt=MS_END)]
MsOrNone = Annotated[int, msgspec.Meta(ge=0, lt=MS_END)]
"""Milliseconds since 1970; of the second 0 where they are left out."""


class _Frame(msgspec.Struct):
    stream: str
    data: msgspec.Raw


class _Change(msgspec.Struct):
    E: Ms
    s: str
    U: int
    u: int
    b: Levels
    a: Levels
    T: MsOrNone = 0
    pu: int = 0
    ps: str = ""


class _Trade(msgspec.Struct):
    E: Ms
    T: Ms
    s: str
    t: int
    p: str
    q: str
    m: bool
    X: str = ""


class _Aggregate(msgspec.Struct):
    E: Ms
    T: Ms
    s: str
    p: str
    q: str
    m: bool
    a: int = 0


class _Best(msgspec.Struct):
    u: int
    s: str
    b: str
    B: str
    a: str
    A: str
    T: MsOrNone = 0
    E: MsOrNone = 0


class _Mark(msgspec.Struct):
    E: Ms
    s: str
    p: str
    i: str = ""
    r: str = ""
    T: MsOrNone = 0


class _Whole(msgspec.Struct):
    last_update_id: int = msgspec.field(name="lastUpdateId")
    bids: Levels
    asks: Levels
    E: MsOrNone = 0
    T: MsOrNone = 0


class _Kept(msgspec.Struct):
    whole: str
    data: msgspec.Raw


_frame = msgspec.json.Decoder(_Frame)
_kept = msgspec.json.Decoder(_Kept)
_whole = msgspec.json.Decoder(_Whole)
_change = msgspec.json.Decoder(_Change)
_trade = msgspec.json.Decoder(_Trade)
_aggregate = msgspec.json.Decoder(_Aggregate)
_best = msgspec.json.Decoder(_Best)
_mark = msgspec.json.Decoder(_Mark)


def read_told(frame: bytes) -> Told | Unread | Unused | None:
    """Returns what a frame of a combined stream tells, or that it is of a stream that we do not use.

    Nothing of a trade that met no order. Trades come one by one and in sums of one taker, `aggTrade`: whoever hears
    both must leave out one of them.
    """
    try:
        told = _frame.decode(frame)
        stream = told.stream.partition("@")[2]
        if stream.startswith("depth"):
            return _depth(_change.decode(told.data), stream)
        if stream == "trade":
            return _of_trade(_trade.decode(told.data))
        if stream == AGGREGATES:
            return _of_aggregate(_aggregate.decode(told.data))
        if stream == "bookTicker":
            return _of_best(_best.decode(told.data))
        if stream.startswith("markPrice"):
            return _of_mark(_mark.decode(told.data))
    except UNREADABLE as error:
        return unread(error)
    unheard = _UNHEARD.search(stream)
    return unknown("stream", stream) if unheard is None else Unused(unheard[0])


def read_whole(symbol: str, body: bytes) -> Told | Unread:
    """Returns the book that the answer to `GET depth` holds."""
    try:
        told = _whole.decode(body)
        depth = Depth(levels(told.bids, FINE), levels(told.asks, FINE), told.last_update_id, told.last_update_id)
    except UNREADABLE as error:
        return unread(error)
    return Told(
        symbol=symbol,
        stream="depth",
        happened_at=(told.T or told.E) * NS_PER_MS,
        sent_at=told.E * NS_PER_MS,
        seq=told.last_update_id,
        depth=Update(symbol, True, depth),
    )


def read_recorded_whole(line: bytes) -> Told | Unread:
    """Returns the book of a line in which a recorder of ours named the symbol of an answer to `GET depth`."""
    try:
        kept = _kept.decode(line)
    except UNREADABLE as error:
        return unread(error)
    return read_whole(kept.whole, bytes(kept.data))


def market_of(frame: bytes) -> tuple[Product, str] | None:
    """Returns the product and the name of the venue that a frame with a change of a book is of; None for any other."""
    try:
        told = _frame.decode(frame)
        if not told.stream.partition("@")[2].startswith("depth"):
            return None
        change = _change.decode(told.data)
    except UNREADABLE:
        return None
    if change.ps:
        return Product.INVERSE, "binancecoinm"
    return (Product.LINEAR, "binanceusdm") if change.pu else (Product.SPOT, "binance")


def rule_of(product: Product) -> Rule:
    """Returns how changes of a book follow one another."""
    return spot_rule if product is Product.SPOT else futures_rule


def contract_size_of(product: Product, symbol: str) -> int:
    """Returns what a contract is worth. Units: USD for COIN-M, base otherwise.

    Source: Binance, "COIN-M futures contract specifications": 100 USD for BTC, 10 USD for all others.
    """
    if product is not Product.INVERSE:
        return 1
    return 100 if symbol.startswith("BTC") else 10


def quote_of(product: Product, symbol: str) -> str:
    """Returns the asset in which prices are stated; nothing where the symbol does not tell."""
    if product is Product.INVERSE:
        return "USD"
    pair = symbol.partition("_")[0]
    quotes = ("USDT", "USDC", "FDUSD", "TUSD", "BUSD", "BTC", "ETH", "BNB", "EUR", "TRY")
    return next((quote for quote in quotes if pair.endswith(quote)), "")


def _depth(change: _Change, stream: str) -> Told:
    depth = Depth(levels(change.b, FINE), levels(change.a, FINE), change.U, change.u, change.pu)
    return Told(
        symbol=change.s,
        stream=stream,
        happened_at=(change.T or change.E) * NS_PER_MS,
        sent_at=change.E * NS_PER_MS,
        seq=change.u,
        depth=Update(change.s, False, depth),
    )


def _of_trade(trade: _Trade) -> Told | Unread | None:
    """Returns a trade; nothing of those with the insurance fund, which no order in the book met."""
    if trade.X in BESIDE_BOOK:
        return None
    if trade.X not in IN_BOOK:
        return unknown("a trade of kind", trade.X, trade.s)
    tick = Tick(Kind.TRADE, _fine(trade.p), _fine(trade.q), -1 if trade.m else 1)
    at, sent = trade.T * NS_PER_MS, trade.E * NS_PER_MS
    return Told(symbol=trade.s, stream="trade", happened_at=at, sent_at=sent, seq=trade.t, ticks=(tick,))


def _of_aggregate(trade: _Aggregate) -> Told:
    tick = Tick(Kind.TRADE, _fine(trade.p), _fine(trade.q), -1 if trade.m else 1)
    at, sent = trade.T * NS_PER_MS, trade.E * NS_PER_MS
    return Told(symbol=trade.s, stream=AGGREGATES, happened_at=at, sent_at=sent, seq=trade.a, ticks=(tick,))


def _of_best(best: _Best) -> Told:
    tick = Tick(Kind.QUOTE, _fine(best.b), _fine(best.B), _fine(best.a), _fine(best.A))
    at, sent = best.T * NS_PER_MS, best.E * NS_PER_MS
    return Told(symbol=best.s, stream="bookTicker", happened_at=at, sent_at=sent, seq=best.u, ticks=(tick,))


def _of_mark(mark: _Mark) -> Told | Unread:
    at, price = mark.E * NS_PER_MS, _fine(mark.p)
    ticks = [Tick(Kind.MARK, price)]
    if mark.i:
        ticks.append(Tick(Kind.INDEX, _fine(mark.i)))
    if mark.r and mark.T:
        ticks.append(Tick(Kind.FUNDING, rate_of(mark.r), mark.T * NS_PER_MS, price))
    return Told(symbol=mark.s, stream="markPrice", happened_at=at, sent_at=at, ticks=tuple(ticks))


def rate_of(text: str) -> int:
    """Returns a rate of funding. Units: 1e-12.

    Errors: OffGrid.
    """
    sign, digits = (-1, text[1:]) if text.startswith("-") else (1, text)
    return sign * scaled(digits, RATE_DECIMALS)


def _fine(text: str) -> int:
    return scaled(text, FINE_DECIMALS)
