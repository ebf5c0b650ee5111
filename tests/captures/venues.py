"""Which feed of ours reads which part of a recorded session, and which class of the other client does."""

from __future__ import annotations

import re
from collections.abc import Callable
from math import inf
from typing import NamedTuple

from flatbook.market.depth import Grid
from flatbook.venues.binance import books as binance
from flatbook.venues.bitget import books as bitget
from flatbook.venues.bitstamp import books as bitstamp
from flatbook.venues.book_stream import BookFeed
from flatbook.venues.bybit import books as bybit
from flatbook.venues.coinbase import books as coinbase
from flatbook.venues.gate import books as gate
from flatbook.venues.gate import futures as gate_futures
from flatbook.venues.gemini import books as gemini
from flatbook.venues.okx import books as okx
from tests.captures import told
from tests.captures.files import Line, NoBook, opening_of

NO_FEED = "the venue has no native feed"
RETIRED = "the protocol version is retired"
NO_STREAM = "none of its frames is of a stream of books that is followed"


class Feed(NamedTuple):
    """How a recording is read, by us and by the other client.

    `telling` finds what a frame tells of books, `framed` writes a frame as the venue tells it to us.
    """

    client: str
    feed: BookFeed
    telling: told.Telling
    framed: Callable[[str], str] = str


SPOT = Feed("binance", binance.SPOT, told.of_binance, told.as_combined)
USD_M = Feed("binanceusdm", binance.USD_M, told.of_binance, told.as_combined)
COIN_M = Feed("binancecoinm", binance.USD_M, told.of_binance, told.as_combined)
BYBIT = Feed("bybit", bybit.SPOT, told.of_bybit)
OKX = Feed("okx", okx.FEED, told.of_okx)
BITGET = Feed("bitget", bitget.SPOT, told.of_bitget)
GATE = Feed("gate", gate.FEED, told.of_gate)
GATE_FUTURES = Feed("gate", gate_futures.BOOKS, told.of_gate)
GEMINI = Feed("gemini", gemini.FEED, told.of_gemini)
COINBASE = Feed("coinbase", coinbase.FEED, told.of_coinbase)
BITSTAMP = Feed("bitstamp", bitstamp.FEED, told.of_bitstamp)

HOSTS: tuple[tuple[str, Feed | None], ...] = (
    (r"(?:nb|v)stream\.binance|op-ws\.gate|ws-feed\.exchange\.coinbase|//ws\.gemini\.com", None),
    (r"fstream[\w-]*\.binance", USD_M),
    (r"dstream[\w-]*\.binance", COIN_M),
    (r"stream[\w-]*\.binance", SPOT),
    (r"stream[\w-]*\.by(?:bit|tick)", BYBIT),
    (r"(?:ws\w*|real)\.ok(?:x|ex)\.com", OKX),
    (r"ws\.bitget\.com", BITGET),
    (r"fx-ws[\w-]*\.gate", GATE_FUTURES),
    (r"\.gate(?:io)?\.", GATE),
    (r"\.gemini\.com", GEMINI),
    (r"coinbase", COINBASE),
    (r"ws\.bitstamp\.net|pusher", BITSTAMP),
)
NAMES: tuple[tuple[str, Feed], ...] = (
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
    ("cf_GATEIO_FUTURES", GATE_FUTURES),
    ("cf_GATE_FUTURES", GATE_FUTURES),
    ("cf_GATE", GATE),
    ("cf_GEMINI", GEMINI),
    ("cf_COINBASE", COINBASE),
    ("cf_BITSTAMP", BITSTAMP),
)
OLD = re.compile(
    r"by(?:bit|tick)\.\w+/(?!v5/)|ws-feed\.pro\.coinbase|/ws/v3|real\.ok[ecx]+"
    r"|//ws\.gate(?:io)?\.\w+/v[34]|gemini\.com/v1|pusher"
)


class Part(NamedTuple):
    """What came over one connection in one stream of books, with all that is needed to read it alone.

    That is: the frames of the connection that are about no book, and the answers over REST about its markets.
    """

    feed: Feed
    lines: list[Line]

    def grids(self) -> dict[str, Grid]:
        """Returns the grids of all markets: as many decimals as are shown of each."""
        shown: dict[str, list[int]] = {}
        for line in self.lines:
            for each in told.told_in(line, self.feed.telling):
                most = shown.setdefault(each.symbol, [0, 0])
                for level in each.levels:
                    most[:] = (max(had, told.decimals_of(has)) for had, has in zip(most, level, strict=True))
        return {symbol: Grid(*most) for symbol, most in shown.items()}


def feed_of(name: str, url: str) -> Feed | None:
    """Returns how frames are read: where they came from says so, or the name of their file. None where none can."""
    hosts = [feed for host, feed in HOSTS if re.search(host, url)]
    return hosts[0] if hosts else next((feed for start, feed in NAMES if name.startswith(start)), None)


def parts_of(name: str, lines: list[Line]) -> list[Part]:
    """Returns the parts of a session that can be read each alone.

    One market may be told of by two: as the spot and the perp of one name, at two depths, before and after a break.
    Errors: NoBook where there is none, and why.
    """
    frames: dict[tuple[str, str], list[Line]] = {}
    for line in lines:
        if line.is_frame:
            frames.setdefault((line.conn, line.url), []).append(line)
    fed = [(feed, each) for (_, url), each in frames.items() if (feed := feed_of(name, url)) is not None]
    if not fed:
        raise NoBook(NO_FEED)
    spoken = [(feed, each) for feed, each in fed if OLD.search(each[0].url) is None]
    if not spoken:
        raise NoBook(RETIRED)
    parts = [part for feed, each in spoken for part in _of_connection(feed, each, _beside(each, frames, lines))]
    if not parts:
        raise NoBook(NO_STREAM)
    return parts


def _of_connection(feed: Feed, frames: list[Line], beside: list[Line]) -> list[Part]:
    """Returns a part for each stream of books of a connection.

    Needs: `beside` holds the frames too, with the answers over REST in their place between them.
    """
    tellings = {id(line): told.told_in(line, feed.telling) for line in frames}
    symbols: dict[str, set[str]] = {}
    for each in (each for telling in tellings.values() for each in telling):
        symbols.setdefault(each.stream, set()).add(each.symbol)
    return [
        Part(feed, [line for line in beside if _is_of(line, tellings.get(id(line)), stream, about)])
        for stream, about in symbols.items()
    ]


def _is_of(line: Line, telling: list[told.Told] | None, stream: str, about: set[str]) -> bool:
    if telling is None:
        return told.asked_of(line) in {None, *about}
    return not telling or any(each.stream == stream for each in telling)


def _beside(frames: list[Line], by_connection: dict[tuple[str, str], list[Line]], lines: list[Line]) -> list[Line]:
    """Returns frames and the answers that came before the end of their connection, and after that of the one before."""
    name, times = opening_of(frames[0].conn)
    ends = {opening_of(each[0].conn): each[-1].at for each in by_connection.values()}
    after = max((end for (other, time), end in ends.items() if (other, time < times) == (name, True)), default=-inf)
    is_last = all((other, time > times) != (name, True) for other, time in ends)
    until = inf if is_last else frames[-1].at
    own = {id(line) for line in frames}
    return [line for line in lines if id(line) in own or (not line.is_frame and after < line.at <= until)]


SUBSCRIBED, PRODUCT = re.compile(r'"level2": ?\[([^\]]*)\]'), re.compile(r'"product_id": ?"([^"]+)"')


def is_filtered(name: str, lines: list[Line]) -> bool:
    """Whether frames about other symbols were taken out: the name says so, or nothing came of what was asked for.

    Books in USDC are told as those in USD.
    """
    if "_only" in name:
        return True
    frames = [line.text for line in lines if line.is_frame]
    asked = {
        symbol for text in frames for found in SUBSCRIBED.findall(text) for symbol in re.findall(r'"([^"]+)"', found)
    }
    came = {symbol for text in frames if "l2_data" in text for symbol in PRODUCT.findall(text)}
    return bool(came) and not {symbol.replace("-USDC", "-USD") for symbol in asked} <= {*came, ""}
