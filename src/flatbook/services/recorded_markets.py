"""The markets that can be recorded: how each is told over one connection, and what is known of its symbols."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from flatbook.market.ticks import Product
from flatbook.venues.binance import books as binance_books
from flatbook.venues.binance import trades as binance_trades
from flatbook.venues.bitget import books as bitget_books
from flatbook.venues.bitget import trades as bitget_trades
from flatbook.venues.bitstamp import books as bitstamp_books
from flatbook.venues.bitstamp import trades as bitstamp_trades
from flatbook.venues.book_stream import BookFeed
from flatbook.venues.bybit import books as bybit_books
from flatbook.venues.bybit import trades as bybit_trades
from flatbook.venues.coinbase import books as coinbase_books
from flatbook.venues.coinbase import trades as coinbase_trades
from flatbook.venues.gate import books as gate_books
from flatbook.venues.gate import trades as gate_trades
from flatbook.venues.gemini import books as gemini_books
from flatbook.venues.gemini import trades as gemini_trades
from flatbook.venues.okx import books as okx_books
from flatbook.venues.okx import trades as okx_trades
from flatbook.venues.told_stream import ToldFeed, Traded

QUOTES = ("USDT", "USDC", "USD", "EUR", "GBP", "BTC", "ETH")


class Recorded(NamedTuple):
    """One market: its books and trades, as one connection tells both, its venue, and what is traded there."""

    books: BookFeed
    trades: ToldFeed[Traded]
    venue: str
    product: Product = Product.SPOT


def _both(books: BookFeed, trades: ToldFeed[Traded]) -> BookFeed:
    """Returns a feed of books that asks for trades too.

    Sums are not compared: they are of texts with the decimals of a symbol, which a recorder does not know.
    """

    def opening(symbols: Sequence[str]) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*books.opening(symbols), *trades.opening(symbols))))

    return msgspec.structs.replace(books, opening=opening, checksum=None)


def _binance(prefix: str) -> Callable[[Sequence[str]], str]:
    kinds = ("depth@100ms", "trade", "bookTicker")

    def path(symbols: Sequence[str]) -> str:
        streams = "/".join(f"{symbol.lower()}@{kind}" for symbol in symbols for kind in kinds)
        return f"{prefix}/stream?streams={streams}"

    return path


def _market(books: BookFeed, trades: ToldFeed[Traded], product: Product = Product.SPOT) -> Recorded:
    return Recorded(_both(books, trades), trades, books.name, product)


_replaced = msgspec.structs.replace
# Source: Binance change log, 2026-04-23: USD-M streams of depth, trades and best prices stand under /public.
MARKETS: Mapping[str, Recorded] = {
    "binance": Recorded(_replaced(binance_books.SPOT, path=_binance("")), binance_trades.SPOT, "binance"),
    "binanceusdm": Recorded(
        _replaced(binance_books.USD_M, path=_binance("/public")), binance_trades.USD_M, "binanceusdm", Product.LINEAR
    ),
    "bybit-linear": _market(bybit_books.LINEAR, bybit_trades.LINEAR, Product.LINEAR),
    "bybit-spot": _market(bybit_books.SPOT, bybit_trades.SPOT),
    "okx": _market(okx_books.FEED, okx_trades.FEED),
    "gate": _market(gate_books.FEED, gate_trades.FEED),
    "bitget": _market(bitget_books.SPOT, bitget_trades.SPOT),
    "bitget-linear": _market(bitget_books.USDT_FUTURES, bitget_trades.USDT_FUTURES, Product.LINEAR),
    "gemini": _market(gemini_books.FEED, gemini_trades.FEED),
    "coinbase": _market(coinbase_books.FEED, coinbase_trades.FEED),
    "bitstamp": _market(bitstamp_books.FEED, bitstamp_trades.FEED),
}


def quote_of(symbol: str) -> str:
    """Returns in what prices of a symbol are; nothing where its name does not tell."""
    for joint in ("-", "_", "/"):
        if joint in symbol:
            return symbol.split(joint)[1]
    return next((quote for quote in QUOTES if symbol.endswith(quote)), "")
