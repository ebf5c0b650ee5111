"""Which feed of ours reads which recorded session, and which class of the other client does."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from flatbook.market.depth import Grid
from flatbook.venues.binance import books as binance
from flatbook.venues.bitget import books as bitget
from flatbook.venues.bitstamp import books as bitstamp
from flatbook.venues.book_stream import BookFeed
from flatbook.venues.bybit import books as bybit
from flatbook.venues.coinbase import books as coinbase
from flatbook.venues.gate import books as gate
from flatbook.venues.gemini import books as gemini
from flatbook.venues.okx import books as okx
from tests.captures.files import Line, NoBook

LEVEL = re.compile(r'\["(?:(?:buy|sell)","?)?"?(\d+(?:\.\d+)?)","(\d+(?:\.\d+)?)"')
PRICED = re.compile(r'"price_level":"(\d+(?:\.\d+)?)","new_quantity":"(\d+(?:\.\d+)?)"')


class Feed(NamedTuple):
    """How a recording is read, by us and by the other client.

    `asked` finds the symbol in the address of a question for a whole book.
    """

    client: str
    feed: BookFeed
    asked: str = r"(?!)"


DEPTH = r"/depth\?symbol=(\w+)"
SPOT = Feed("binance", binance.SPOT, DEPTH)
USD_M = Feed("binanceusdm", binance.USD_M, DEPTH)
COIN_M = Feed("binancecoinm", binance.USD_M, DEPTH)
BITSTAMP = Feed("bitstamp", bitstamp.FEED, r"/order_book/(\w+)")

FEEDS: tuple[tuple[str, Feed], ...] = (
    ("cf_BINANCE_FUTURES", USD_M),
    ("cf_BINANCE_DELIVERY", COIN_M),
    ("cf_BINANCE", SPOT),
    ("hftbt_spot", SPOT),
    ("hftbt_usdm", USD_M),
    ("hftbt_cm", COIN_M),
    ("cf_BYBIT", Feed("bybit", bybit.SPOT)),
    ("bybit_", Feed("bybit", bybit.SPOT)),
    ("cf_OKX", Feed("okx", okx.FEED)),
    ("cf_BITGET", Feed("bitget", bitget.SPOT)),
    ("cf_GATE", Feed("gate", gate.FEED, r"currency_pair=(\w+)")),
    ("cf_GEMINI", Feed("gemini", gemini.FEED)),
    ("cf_COINBASE", Feed("coinbase", coinbase.FEED)),
    ("cf_BITSTAMP", BITSTAMP),
)


def feed_of(path: Path) -> Feed:
    """Returns how a recording is read.

    Errors: NoBook where no feed of ours reads it.
    """
    for start, feed in FEEDS:
        if path.name.startswith(start):
            return feed
    raise NoBook("the venue has no native feed")


def feed_named(client: str) -> Feed:
    """Returns the feed of a venue by the name that the other client has for it."""
    return next(feed for _, feed in FEEDS if feed.client == client)


def grids_of(lines: list[Line]) -> dict[str, Grid]:
    """Returns the grids of all symbols: as many decimals as a recording shows of each."""
    decimals: dict[str, list[int]] = {}
    for line in lines:
        for symbol, text in _parts(line):
            found = decimals.setdefault(symbol, [0, 0])
            for levels in (LEVEL, PRICED):
                for pair in levels.findall(text):
                    for place, number in enumerate(pair):
                        found[place] = max(found[place], len(number.partition(".")[2]))
    return {symbol: Grid(*found) for symbol, found in decimals.items()}


NAMES = re.compile(r'"(?:s|symbol|instId|product_id)":"([^"]+)"|"channel":"diff_order_book_([^"]+)"')
BOOK_WORDS = re.compile(r'depthUpdate|"orderbook\.|order_book|"books|l2_updates|l2_data')
ASKED = re.compile(r"(?:symbol=|currency_pair=|/order_book/)(\w+)")


def _parts(line: Line) -> list[tuple[str, str]]:
    if line.is_frame and BOOK_WORDS.search(line.text) is None:
        return []
    named = NAMES.search(line.text) if line.is_frame else ASKED.search(line.url)
    if named is None:
        return []
    return [(named[1] or named[2] if line.is_frame else named[1], line.text)]


def is_retired(lines: list[Line]) -> bool:
    """Whether the frames are of a version that its venue has taken out of service."""
    urls = {line.url for line in lines if line.is_frame}
    return any(re.search(r"bybit\.com/realtime|ws-feed\.pro\.coinbase|ws-feed\.exchange", url) for url in urls)
