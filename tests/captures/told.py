"""What a line of a recording tells of books: in which stream, of which market, and at which levels."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from flatbook.venues.bitget import books as bitget
from flatbook.venues.gate import books as gate
from flatbook.venues.gate import futures
from flatbook.venues.okx import books as okx
from tests.captures.files import Line

WORDS = re.compile(r"depthUpdate|orderbook|order_book|\.obu|books|bbo-tbt|l2_")
NUMBER = re.compile(r"\d+(?:\.(\d+))?")
BY_PATH = re.compile(r"/order_book/([^/]+)")
ASKED_BY = ("symbol", "currency_pair", "contract")
NO_TELLING = (LookupError, TypeError, AttributeError, ValueError, RecursionError)

Level = tuple[str, str]


class Told(NamedTuple):
    """What is told of one book. `stream` names the channel without its market, `levels` are prices and sizes."""

    stream: str
    symbol: str
    levels: list[Level]


Telling = Callable[[Any], Iterator[Told]]


def told_in(line: Line, telling: Telling) -> list[Told]:
    """Returns what a line tells of books; nothing where it cannot be read, or is about something else."""
    if line.is_frame and WORDS.search(line.text) is None:
        return []
    try:
        message = json.loads(line.text)
        if line.is_frame:
            return list(telling(message))
        asked = asked_of(line)
        return [] if asked is None else [Told("", asked, _levels(message["bids"], message["asks"]))]
    except NO_TELLING:
        return []


def asked_of(line: Line) -> str | None:
    """Returns the market whose whole book was asked for over REST."""
    if line.is_frame:
        return None
    parts = urlsplit(line.url)
    found = BY_PATH.search(parts.path)
    if found is not None:
        return unquote(found[1]).upper()
    if not parts.path.rstrip("/").endswith(("/depth", "/order_book")):
        return None
    query = parse_qs(parts.query)
    return next((query[name][0].upper() for name in ASKED_BY if name in query), None)


def decimals_of(number: str) -> int:
    """Returns how many decimals a number shows; none where it is no plain one."""
    found = NUMBER.fullmatch(number)
    return 0 if found is None else len(found[1] or "")


def _levels(*sides: list[Any]) -> list[Level]:
    rows = [row for side in sides for row in side or ()]
    return [(str(row["p"]), str(row["s"])) if isinstance(row, dict) else (str(row[0]), str(row[1])) for row in rows]


def of_binance(message: Any) -> Iterator[Told]:
    """Yields what a message of Binance tells, of a single stream or a combined one."""
    told = message.get("data", message)
    if told.get("e") == "depthUpdate":
        stream = message.get("stream", "").partition("@")[2]
        yield Told(stream, told["s"], _levels(told["b"], told["a"]))


def of_bybit(message: Any) -> Iterator[Told]:
    """Yields what a message of Bybit tells."""
    name, _, rest = str(message.get("topic", "")).partition(".")
    levels, _, _ = rest.partition(".")
    if name == "orderbook" and levels.isdigit():
        told = message["data"]
        yield Told(levels, told["s"], _levels(told["b"], told["a"]))


def of_okx(message: Any) -> Iterator[Told]:
    """Yields what a message of OKX tells."""
    arg = message.get("arg", {})
    if arg.get("channel") in (*okx.BOOKS, *okx.BEST) and "data" in message:
        sides = [told[side] for told in message["data"] for side in ("bids", "asks")]
        yield Told(arg["channel"], arg["instId"], _levels(*sides))


def of_bitget(message: Any) -> Iterator[Told]:
    """Yields what a message of Bitget tells: one name may be a market of several products."""
    arg = message.get("arg", {})
    if arg.get("channel") in bitget.TOLD_IN and "action" in message:
        sides = [told[side] for told in message["data"] for side in ("bids", "asks")]
        yield Told(f"{arg['instType']} {arg['channel']}", arg["instId"], _levels(*sides))


def of_gate(message: Any) -> Iterator[Told]:
    """Yields what a message of Gate tells, of spot markets or of contracts."""
    channel, told = message.get("channel"), message.get("result")
    if message.get("event") != "update":
        return
    if channel in (gate.CHANGES, futures.CHANGES):
        yield Told(channel, told["s"], _levels(told.get("b"), told.get("a")))
    elif channel == gate.CHANGES_V2:
        yield Told(told["s"], gate.pair_of(told["s"]), _levels(told.get("b"), told.get("a")))


def of_gemini(message: Any) -> Iterator[Told]:
    """Yields what a message of Gemini tells."""
    if message.get("type") == "l2_updates":
        yield Told("l2", message["symbol"], _levels([row[1:] for row in message["changes"]]))


def of_coinbase(message: Any) -> Iterator[Told]:
    """Yields what a message of Coinbase tells, which may be about several markets."""
    if message.get("channel") == "l2_data":
        for event in message["events"]:
            levels = [(str(each["price_level"]), str(each["new_quantity"])) for each in event["updates"]]
            yield Told("level2", event["product_id"], levels)


def of_bitstamp(message: Any) -> Iterator[Told]:
    """Yields what a message of Bitstamp tells."""
    stream, _, symbol = str(message.get("channel", "")).rpartition("_")
    if message.get("event") == "data" and stream == "diff_order_book":
        told = message["data"]
        yield Told(stream, symbol.upper(), _levels(told["bids"], told["asks"]))


def as_combined(text: str) -> str:
    """Returns a frame of a single stream of Binance as one of a combined stream, for which we ask."""
    if '"stream"' in text[:12] or '"depthUpdate"' not in text:
        return text
    try:
        told = json.loads(text)
        is_alone = told.get("e") == "depthUpdate"
    except NO_TELLING:
        return text
    return json.dumps({"stream": "@depth", "data": told}) if is_alone else text
