"""What the venues of books say in tests: a whole book and a change of a symbol, in the words of each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from flatbook.venues.bitget import books as bitget
from flatbook.venues.book_stream import BookFeed
from flatbook.venues.bybit import books as bybit
from flatbook.venues.coinbase import books as coinbase
from flatbook.venues.gemini import books as gemini
from flatbook.venues.okx import books as okx


class Speech(NamedTuple):
    """A feed, and how its venue says a whole book, and a change with a number, of a symbol."""

    feed: BookFeed
    whole: Callable[[str], dict[str, Any]]
    change: Callable[[str, int], dict[str, Any]]


def _bybit(symbol: str, kind: str, number: int) -> dict[str, Any]:
    book = {"s": symbol, "b": [["100.1", "2"]], "a": [["100.2", "3"]] if kind == "snapshot" else [], "u": number}
    return {"topic": f"orderbook.50.{symbol}", "type": kind, "ts": 1, "data": book}


def _args(symbol: str, action: str, **row: Any) -> dict[str, Any]:
    asks = [["100.2", "3", "0", "1"]] if action == "snapshot" else []
    told = {"bids": [["100.1", "2", "0", "1"]], "asks": asks, **row}
    return {"arg": {"channel": "books", "instId": symbol}, "action": action, "data": [told]}


def _bitget(symbol: str, action: str) -> dict[str, Any]:
    asks = [["100.2", "3"]] if action == "snapshot" else []
    return _args(symbol, action) | {"data": [{"bids": [["100.1", "2"]], "asks": asks}]}


def _coinbase(symbol: str, kind: str) -> dict[str, Any]:
    sides = [("bid", "100.1"), ("offer", "100.2")]
    told = [{"side": side, "price_level": price, "new_quantity": "2"} for side, price in sides]
    return {"channel": "l2_data", "events": [{"type": kind, "product_id": symbol, "updates": told}]}


def _gemini(symbol: str, more: dict[str, Any]) -> dict[str, Any]:
    changes = [["buy", "100.1", "2"], ["sell", "100.2", "3"]]
    return {"type": "l2_updates", "symbol": symbol, "changes": changes, **more}


SPEECHES = {
    "bybit": Speech(bybit.LINEAR, lambda s: _bybit(s, "snapshot", 5), lambda s, n: _bybit(s, "delta", 5 + n)),
    "okx": Speech(
        okx.FEED,
        lambda s: _args(s, "snapshot", seqId=5, prevSeqId=-1),
        lambda s, n: _args(s, "update", seqId=5 + n, prevSeqId=4 + n),
    ),
    "bitget": Speech(bitget.SPOT, lambda s: _bitget(s, "snapshot"), lambda s, _: _bitget(s, "update")),
    "gemini": Speech(
        gemini.FEED, lambda s: _gemini(s, {"trades": [], "auction_events": []}), lambda s, _: _gemini(s, {})
    ),
    "coinbase": Speech(coinbase.FEED, lambda s: _coinbase(s, "snapshot"), lambda s, _: _coinbase(s, "update")),
}
