"""How the market at an account is told over public streams: its books, its trades and, of perpetuals, its marks."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

import msgspec

from flatbook.ops.config_accounts import (
    AccountSection,
    BinanceAccount,
    BybitAccount,
    CcxtAccount,
    Environment,
    PaperExchangeAccount,
    WatchedExchange,
)
from flatbook.services.live_binance import SOCKET_OF, binance_hosts
from flatbook.services.live_exchanges import urls_of
from flatbook.services.paper_exchanges import watched_account
from flatbook.values.instruments import Product
from flatbook.venues.binance import books as binance_books
from flatbook.venues.binance import marks as binance_marks
from flatbook.venues.binance import trades as binance_trades
from flatbook.venues.bitget import books as bitget_books
from flatbook.venues.bitget import marks as bitget_marks
from flatbook.venues.bitget import trades as bitget_trades
from flatbook.venues.bitstamp import books as bitstamp_books
from flatbook.venues.bitstamp import trades as bitstamp_trades
from flatbook.venues.book_stream import BookFeed
from flatbook.venues.bybit import books as bybit_books
from flatbook.venues.bybit import marks as bybit_marks
from flatbook.venues.bybit import trades as bybit_trades
from flatbook.venues.coinbase import books as coinbase_books
from flatbook.venues.coinbase import trades as coinbase_trades
from flatbook.venues.gate import books as gate_books
from flatbook.venues.gate import futures as gate_futures
from flatbook.venues.gate import trades as gate_trades
from flatbook.venues.gemini import books as gemini_books
from flatbook.venues.gemini import trades as gemini_trades
from flatbook.venues.okx import books as okx_books
from flatbook.venues.okx import marks as okx_marks
from flatbook.venues.okx import trades as okx_trades
from flatbook.venues.told_stream import Marked, ToldFeed, Traded

SPOT_STREAMS = {
    Environment.LIVE: "wss://stream.binance.com:9443",
    Environment.SANDBOX: "wss://stream.testnet.binance.vision",
}


class Feeds(msgspec.Struct, frozen=True, kw_only=True):
    """How books, trades and, of perpetuals, marks of one market are told, at the hosts of one environment."""

    books: BookFeed
    trades: ToldFeed[Traded]
    marks: ToldFeed[Marked] | None = None


WATCHED: Mapping[WatchedExchange, Feeds] = {
    WatchedExchange.OKX: Feeds(books=okx_books.FEED, trades=okx_trades.FEED),
    WatchedExchange.GATE: Feeds(books=gate_books.FEED, trades=gate_trades.FEED),
    WatchedExchange.BITGET: Feeds(books=bitget_books.SPOT, trades=bitget_trades.SPOT),
    WatchedExchange.GEMINI: Feeds(books=gemini_books.FEED, trades=gemini_trades.FEED),
    WatchedExchange.COINBASE: Feeds(books=coinbase_books.FEED, trades=coinbase_trades.FEED),
    WatchedExchange.BITSTAMP: Feeds(books=bitstamp_books.FEED, trades=bitstamp_trades.FEED),
}

PERPETUALS: Mapping[WatchedExchange, Feeds] = {
    WatchedExchange.BITGET: Feeds(
        books=bitget_books.USDT_FUTURES, trades=bitget_trades.USDT_FUTURES, marks=bitget_marks.USDT_FUTURES
    ),
    WatchedExchange.OKX: Feeds(books=okx_books.FEED, trades=okx_trades.FEED, marks=okx_marks.FEED),
    WatchedExchange.GATE: Feeds(books=gate_futures.BOOKS, trades=gate_futures.TRADED, marks=gate_futures.MARKED),
}

# Source: docs of each, instruments; what stands between the coins of a spot market in its name.
JOINED = {
    WatchedExchange.OKX: "-",
    WatchedExchange.GATE: "_",
    WatchedExchange.BITGET: "",
    WatchedExchange.GEMINI: "",
    WatchedExchange.COINBASE: "-",
    WatchedExchange.BITSTAMP: "",
}


def feeds_of(account: AccountSection, product: Product) -> Feeds | None:
    """Returns how the books and trades at an account are told; None where no public stream of ours tells them."""
    if isinstance(account, PaperExchangeAccount):
        stands = watched_account(account)
        return _watched(account.exchange, product, account.base_url) if stands is None else feeds_of(stands, product)
    if isinstance(account, CcxtAccount):
        return None if account.watched is None else _watched(account.watched, Product.SPOT, account.base_url)
    if isinstance(account, BinanceAccount):
        return _binance_feeds(account, product)
    return _bybit_feeds(account, product) if isinstance(account, BybitAccount) else None


def _watched(exchange: WatchedExchange, product: Product, base_url: str | None) -> Feeds | None:
    feeds = WATCHED.get(exchange) if product is Product.SPOT else PERPETUALS.get(exchange)
    if base_url is None or feeds is None:
        return feeds
    parts = urlsplit(base_url)
    return _at(feeds, f"{SOCKET_OF[parts.scheme]}://{parts.netloc}", base_url)


def own_symbol(account: AccountSection, symbol: str) -> str:
    """Returns what the streams of an account call a market, whose orders may go under another name of it."""
    if not isinstance(account, CcxtAccount) or account.watched is None:
        return symbol
    return symbol.replace("/", JOINED[account.watched])


def _binance_feeds(account: BinanceAccount, product: Product) -> Feeds:
    hosts = binance_hosts(account)
    if product is Product.SPOT:
        stream = hosts.stream if account.base_url is not None else SPOT_STREAMS[account.environment]
        return _at(Feeds(books=binance_books.SPOT, trades=binance_trades.SPOT), stream, hosts.rest)
    feeds = Feeds(books=binance_books.USD_M, trades=binance_trades.USD_M, marks=binance_marks.USD_M)
    return _at(feeds, hosts.stream, hosts.rest)


def _bybit_feeds(account: BybitAccount, product: Product) -> Feeds:
    feeds = Feeds(books=bybit_books.LINEAR, trades=bybit_trades.LINEAR, marks=bybit_marks.LINEAR)
    if product is Product.SPOT:
        feeds = Feeds(books=bybit_books.SPOT, trades=bybit_trades.SPOT)
    if account.base_url is None and account.environment is Environment.PAPER:
        return feeds
    _, stream = urls_of(account)
    return _at(feeds, stream, "")


def _at(feeds: Feeds, stream: str, rest: str) -> Feeds:
    """Returns the same feeds at other hosts."""
    replaced, books, marks = msgspec.structs.replace, feeds.books, feeds.marks
    whole = None if books.whole is None else replaced(books.whole, host=rest)
    return Feeds(
        books=replaced(books, host=stream, whole=whole),
        trades=replaced(feeds.trades, host=stream),
        marks=None if marks is None else _marks_at(marks, stream, rest),
    )


def _marks_at(marks: ToldFeed[Marked], stream: str, rest: str) -> ToldFeed[Marked]:
    asked = None if marks.asked is None else msgspec.structs.replace(marks.asked, host=rest)
    return msgspec.structs.replace(marks, host=stream, asked=asked)
