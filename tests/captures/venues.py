"""Which feed of ours reads which recorded session, and which class of the other client does."""

from __future__ import annotations

import re
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

LEVEL = re.compile(r'\["(?:(?:buy|sell)", ?"?)?"?(\d+(?:\.\d+)?)", ?"(\d+(?:\.\d+)?)"')
PRICED = re.compile(r'"price_level": ?"(\d+(?:\.\d+)?)", ?"new_quantity": ?"(\d+(?:\.\d+)?)"')


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

BYBIT, OKX, BITGET = Feed("bybit", bybit.SPOT), Feed("okx", okx.FEED), Feed("bitget", bitget.SPOT)
GATE, GEMINI = Feed("gate", gate.FEED, r"currency_pair=(\w+)"), Feed("gemini", gemini.FEED)
COINBASE = Feed("coinbase", coinbase.FEED)

FEEDS: tuple[tuple[str, Feed | None], ...] = (
    ("cf_BINANCE_FUTURES", USD_M),
    ("cf_BINANCE_DELIVERY", COIN_M),
    ("cf_BINANCE", SPOT),
    ("hftbt_spot", SPOT),
    ("hftbt_usdm", USD_M),
    ("hftbt_cm", COIN_M),
    ("cf_BYBIT", BYBIT),
    ("bybit_", BYBIT),
    ("hftbt_bybit", BYBIT),
    ("cf_OKX", OKX),
    ("cf_OKEX", OKX),
    ("cf_BITGET", BITGET),
    ("cf_GATEIO_FUTURES", None),
    ("cf_GATE", GATE),
    ("cf_GEMINI", GEMINI),
    ("cf_COINBASE", COINBASE),
    ("cf_BITSTAMP", BITSTAMP),
)
HOSTS: tuple[tuple[str, Feed], ...] = (
    ("fstream.binance", USD_M),
    ("dstream.binance", COIN_M),
    ("stream.binance", SPOT),
    ("stream.bybit.com", BYBIT),
    ("ws.okx.com", OKX),
    ("ws.okex.com", OKX),
    ("ws.bitget.com", BITGET),
    ("api.gateio.ws/ws/v4", GATE),
    ("api.gemini.com/v2", GEMINI),
    ("advanced-trade-ws.coinbase.com", COINBASE),
    ("ws.bitstamp.net", BITSTAMP),
)
RETIRED = re.compile(
    r"bybit\.com/realtime|ws-feed\.pro\.coinbase|ws-feed\.exchange|ok[ecx]+\.com(:\d+)?/ws/v3|real\.okex"
    r"|gate\.io/v[34]|gemini\.com/v1|pusher"
)


def feed_of(name: str, lines: list[Line]) -> Feed:
    """Returns how a recording is read: its name says so, or where its frames came from.

    Errors: NoBook where no feed of ours reads it.
    """
    urls = {line.url for line in lines if line.is_frame and line.url}
    found = [feed for start, feed in FEEDS if name.startswith(start)]
    found += [feed for host, feed in HOSTS if any(host in url for url in urls)]
    if not found or found[0] is None:
        raise NoBook("the venue has no native feed")
    return found[0]


def feed_named(client: str) -> Feed:
    """Returns the feed of a venue by the name that the other client has for it."""
    return next(feed for _, feed in FEEDS if feed is not None and feed.client == client)


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


NAMES = re.compile(r'"(?:s|symbol|instId|product_id)": ?"([^"]+)"|"channel": ?"diff_order_book_([^"]+)"')
BOOK_WORDS = re.compile(r'depthUpdate|"orderbook\.|order_book|"books|l2_updates|l2_data')
ASKED = re.compile(r"(?:symbol=|currency_pair=|/order_book/)(\w+)")


def _parts(line: Line) -> list[tuple[str, str]]:
    if line.is_frame and BOOK_WORDS.search(line.text) is None:
        return []
    named = NAMES.search(line.text) if line.is_frame else ASKED.search(line.url)
    if named is None:
        return []
    return [((named[1] or named[2] if line.is_frame else named[1]).upper(), line.text)]


def is_retired(lines: list[Line]) -> bool:
    """Whether the frames are of a version that its venue has taken out of service."""
    return any(RETIRED.search(url) for url in {line.url for line in lines if line.is_frame})


def connections(lines: list[Line]) -> list[list[Line]]:
    """Returns what came over each connection, with the answers over REST about its symbols.

    One symbol may be told of by two of them: as the spot and the perp of one name, or before and after a break. Answers
    about a symbol that no frame is about go to the first one.
    """
    symbols: dict[str, set[str]] = {}
    for line in lines:
        if line.is_frame:
            symbols.setdefault(line.conn or line.url, set()).update(symbol for symbol, _ in _parts(line))
    of_none = {asked for line in lines if (asked := _asked(line)) is not None}.difference(*symbols.values())
    first = next(iter(symbols), "")
    symbols.setdefault(first, set()).update(of_none)
    return [[line for line in lines if _is_of(line, conn, about)] for conn, about in symbols.items()]


def _is_of(line: Line, conn: str, symbols: set[str]) -> bool:
    if line.is_frame:
        return (line.conn or line.url) == conn
    asked = _asked(line)
    return asked is None or asked in symbols


def _asked(line: Line) -> str | None:
    """Returns the symbol whose whole book was asked for over REST."""
    found = None if line.is_frame else ASKED.search(line.url)
    return None if found is None else found[1].upper()


SUBSCRIBED, PRODUCT = re.compile(r'"level2": ?\[([^\]]*)\]'), re.compile(r'"product_id": ?"([^"]+)"')


def is_filtered(name: str, lines: list[Line]) -> bool:
    """Whether frames about other symbols were taken out: the name says so, or nothing came of what was asked for."""
    if "_only" in name:
        return True
    frames = [line.text for line in lines if line.is_frame]
    asked = {
        symbol for text in frames for found in SUBSCRIBED.findall(text) for symbol in re.findall(r'"([^"]+)"', found)
    }
    came = {symbol for text in frames if "l2_data" in text for symbol in PRODUCT.findall(text)}
    return bool(came) and not asked <= {*came, ""}
