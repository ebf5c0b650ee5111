"""Sessions in the words of each venue, made from one random walk: whole books, changes, old ones and deletions."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from typing import NamedTuple

from flatbook.market.depth import Grid, text_of
from flatbook.values.instants import instant_of_text, later, text_of_instant
from flatbook.venues.bitget import books as bitget
from flatbook.venues.okx import books as okx
from tests.captures import venues
from tests.captures.files import Line
from tests.captures.walk import GRID, Change, walk

SYMBOL_MADE = "BTCUSDT"
STEP_MS = 100
"""How far apart a venue dates what it tells: as far as tests let it come."""

SAID_FROM = instant_of_text("2026-08-09T21:05:50Z")
STAMPED_FROM = 1_641_343_695_000_000


class Made(NamedTuple):
    """A session of a venue: its feed, what came, its one symbol and the grid of that, and the last step of the walk."""

    feed: venues.Feed
    lines: list[Line]
    symbol: str
    grid: Grid
    last: Change


def made(name: str, seed: int = 1, count: int = 60) -> Made:
    """Returns a made session of a venue."""
    feed, symbol = FEEDS[name], SYMBOLS.get(name, SYMBOL_MADE)
    steps = walk(random.Random(seed), count)
    lines = [
        Line(float(number), is_frame, url, json.dumps(told, separators=(",", ":")))
        for number, (is_frame, url, told) in enumerate(WRITERS[name](steps, symbol))
    ]
    return Made(feed, lines, symbol, GRID, steps[-1])


Said = Iterator[tuple[bool, str, object]]


def _rows(levels: list[tuple[int, int]]) -> list[list[str]]:
    return [[text_of(units, decimals) for units, decimals in zip(level, GRID, strict=True)] for level in levels]


def _binance(changes: list[Change], symbol: str, *, spot: bool) -> Said:
    before = 0
    for place, change in enumerate(changes):
        first, last = 10 * place + 1, 10 * place + 10
        if place == 3:
            sides = {"bids": _rows(change.bids_before), "asks": _rows(change.asks_before)}
            yield False, f"https://made/depth?symbol={symbol}&limit=1000", {"lastUpdateId": last - 5, **sides}
        told = {
            "e": "depthUpdate",
            "E": place * STEP_MS,
            "s": symbol,
            "U": first,
            "u": last,
            **({} if spot else {"pu": before}),
        }
        before = last
        url = "wss://stream.binance.com/stream" if spot else "wss://fstream.binance.com/stream"
        sides = {"b": _rows(change.bids), "a": _rows(change.asks)}
        yield True, url, {"stream": f"{symbol.lower()}@depth", "data": {**told, **sides}}


def _bybit(changes: list[Change], symbol: str) -> Said:
    for place, change in enumerate(changes):
        is_whole = place in (0, len(changes) // 2)
        sides = (change.bids_after, change.asks_after) if is_whole else (change.bids, change.asks)
        told = {
            "s": symbol,
            "b": _rows(sides[0]),
            "a": _rows(sides[1]),
            "u": 1 if place == 0 else place + 1,
            "seq": place,
        }
        kind = "snapshot" if is_whole else "delta"
        url = "wss://stream.bybit.com/v5/public/spot"
        yield True, url, {"topic": f"orderbook.50.{symbol}", "type": kind, "ts": place * STEP_MS, "data": told}


def _okx(changes: list[Change], symbol: str) -> Said:
    for place, change in enumerate(changes):
        bids, asks = (change.bids_after, change.asks_after) if place == 0 else (change.bids, change.asks)
        numbers = {"seqId": place + 7, "prevSeqId": -1 if place == 0 else place + 6, "ts": str(place * STEP_MS)}
        sides = {"bids": [[*row, "0", "1"] for row in _rows(bids)], "asks": [[*row, "0", "1"] for row in _rows(asks)]}
        told = {**sides, **numbers, "checksum": okx.checksum(change.book(), GRID)}
        arg = {"channel": "books", "instId": symbol}
        yield (
            True,
            "wss://ws.okx.com/ws/v5/public",
            {
                "arg": arg,
                "action": "snapshot" if place == 0 else "update",
                "data": [told],
            },
        )


def _bitget(changes: list[Change], symbol: str) -> Said:
    for place, change in enumerate(changes):
        bids, asks = (change.bids_after, change.asks_after) if place == 0 else (change.bids, change.asks)
        summed = {"ts": str(place * STEP_MS), "checksum": bitget.checksum(change.book(), GRID)}
        told = {"bids": _rows(bids), "asks": _rows(asks), **summed}
        arg = {"instType": "SPOT", "channel": "books", "instId": symbol}
        action = "snapshot" if place == 0 else "update"
        yield True, "wss://ws.bitget.com/v2/ws/public", {"action": action, "arg": arg, "data": [told]}


def _gate(changes: list[Change], symbol: str) -> Said:
    for place, change in enumerate(changes):
        first, last = 10 * place + 1, 10 * place + 10
        if place == 3:
            whole = {"id": last - 5, "bids": _rows(change.bids_before), "asks": _rows(change.asks_before)}
            yield False, f"https://made/spot/order_book?currency_pair={symbol}&limit=100&with_id=true", whole
        told = {
            "t": place * STEP_MS,
            "s": symbol,
            "U": first,
            "u": last,
            "b": _rows(change.bids),
            "a": _rows(change.asks),
        }
        head = {"time": place, "channel": "spot.order_book_update", "event": "update"}
        yield True, "wss://api.gateio.ws/ws/v4/", {**head, "result": told}


def _gemini(changes: list[Change], symbol: str) -> Said:
    for place, change in enumerate(changes):
        bids, asks = (change.bids_after, change.asks_after) if place == 0 else (change.bids, change.asks)
        rows = [["buy", *row] for row in _rows(bids)] + [["sell", *row] for row in _rows(asks)]
        told = {"type": "l2_updates", "symbol": symbol, "changes": rows}
        yield (
            True,
            "wss://api.gemini.com/v2/marketdata",
            told | ({"trades": [], "auction_events": []} if not place else {}),
        )


def _coinbase(changes: list[Change], symbol: str) -> Said:
    for place, change in enumerate(changes):
        bids, asks = (change.bids_after, change.asks_after) if place == 0 else (change.bids, change.asks)
        updates = [
            {"side": side, "event_time": "2026-08-09T21:05:50Z", "price_level": price, "new_quantity": size}
            for side, levels in (("bid", bids), ("offer", asks))
            for price, size in _rows(levels)
        ]
        event = {"type": "snapshot" if place == 0 else "update", "product_id": symbol, "updates": updates}
        head = {
            "channel": "l2_data",
            "timestamp": text_of_instant(later(SAID_FROM, ms=place * STEP_MS)),
            "sequence_num": place,
        }
        yield True, "wss://advanced-trade-ws.coinbase.com", {**head, "events": [event]}


def _bitstamp(changes: list[Change], symbol: str) -> Said:
    for place, change in enumerate(changes):
        stamp = {"timestamp": "1641343695", "microtimestamp": str(STAMPED_FROM + place * STEP_MS * 1_000)}
        if place == 3:
            before = {"timestamp": "1641343695", "microtimestamp": str(STAMPED_FROM + place * STEP_MS * 1_000 - 1)}
            sides = {"bids": _rows(change.bids_before), "asks": _rows(change.asks_before)}
            yield False, f"https://made/api/v2/order_book/{symbol.lower()}", {**before, **sides}
        told = {**stamp, "bids": _rows(change.bids), "asks": _rows(change.asks)}
        channel = f"diff_order_book_{symbol.lower()}"
        yield True, "wss://ws.bitstamp.net", {"data": told, "channel": channel, "event": "data"}


def told_trade(name: str, price: str, qty: str, side: str) -> str:
    """Returns a trade in the words of a venue, from who took: "buy" or "sell"."""
    symbol, at = SYMBOLS.get(name, SYMBOL_MADE), 1_641_343_721_269
    stamp = {"id": 7, "timestamp": str(at // 1_000)}
    words: dict[str, object] = {
        "okx": {
            "arg": {"channel": "trades", "instId": symbol},
            "data": [{"instId": symbol, "tradeId": "7", "px": price, "sz": qty, "side": side, "ts": str(at)}],
        },
        "bitget": {
            "action": "update",
            "arg": {"instType": "SPOT", "channel": "trade", "instId": symbol},
            "data": [{"ts": str(at), "price": price, "size": qty, "side": side, "tradeId": "7"}],
        },
        "gate": {
            "time": at // 1_000,
            "channel": "spot.trades",
            "event": "update",
            "result": {
                "id": 7,
                "create_time_ms": f"{at}.2642",
                "side": side,
                "currency_pair": symbol,
                "amount": qty,
                "price": price,
            },
        },
        "gemini": {
            "type": "trade",
            "symbol": symbol,
            "event_id": 7,
            "timestamp": at,
            "price": price,
            "quantity": qty,
            "side": side,
        },
        "coinbase": {
            "channel": "market_trades",
            "timestamp": "2022-01-05T00:48:41.3Z",
            "events": [
                {
                    "type": "update",
                    "trades": [
                        {
                            "product_id": symbol,
                            "trade_id": "7",
                            "price": price,
                            "size": qty,
                            "time": "2022-01-05T00:48:41.269Z",
                            "side": "SELL" if side == "buy" else "BUY",
                        }
                    ],
                }
            ],
        },
        "bitstamp": {
            "data": {
                **stamp,
                "amount_str": qty,
                "price_str": price,
                "type": 0 if side == "buy" else 1,
                "microtimestamp": f"{at}000",
            },
            "channel": f"live_trades_{symbol.lower()}",
            "event": "trade",
        },
    }
    return json.dumps(words[name], separators=(",", ":"))


SYMBOLS = {"okx": "BTC-USDT", "gate": "BTC_USDT", "coinbase": "BTC-USD", "bitstamp": "BTCUSD", "gemini": "BTCUSD"}
FEEDS = {
    "binance": venues.SPOT,
    "binanceusdm": venues.USD_M,
    "bybit": venues.BYBIT,
    "okx": venues.OKX,
    "bitget": venues.BITGET,
    "gate": venues.GATE,
    "gemini": venues.GEMINI,
    "coinbase": venues.COINBASE,
    "bitstamp": venues.BITSTAMP,
}
WRITERS: dict[str, Callable[[list[Change], str], Said]] = {
    "binance": lambda changes, symbol: _binance(changes, symbol, spot=True),
    "binanceusdm": lambda changes, symbol: _binance(changes, symbol, spot=False),
    "bybit": _bybit,
    "okx": _okx,
    "bitget": _bitget,
    "gate": _gate,
    "gemini": _gemini,
    "coinbase": _coinbase,
    "bitstamp": _bitstamp,
}
