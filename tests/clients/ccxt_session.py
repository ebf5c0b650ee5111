"""ccxt's venue classes over a recorded session: tells what their books hold after each line of it.

Run by the interpreter of .venv-clients/ccxt, never imported by us; the client's files are as they were installed. Reads
one JSON array a line, [is_frame, url, text, markets that it is about], after [CLASS] for each part, and writes one
a line, [part, line, market, digest or null]. What a class asks over REST is answered when the recording comes to that
answer, each answer once; nothing else that it asks is answered.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import sys
from array import array
from collections.abc import Callable
from typing import Any

import ccxt.pro  # type: ignore[import-not-found]
from ccxt.base.errors import BaseError  # type: ignore[import-not-found]

URLS = {
    "binance": "wss://stream.binance.com/ws",
    "binanceusdm": "wss://fstream.binance.com/ws",
    "binancecoinm": "wss://dstream.binance.com/ws",
}
IDLE_TURNS, TRIES_MAX = 12, 1_000_000
WATCHED = {"watchOrderBook": {"snapshotDelay": 0, "checksum": True, "maxRetries": TRIES_MAX}}
BY_REST = ("binance", "binanceusdm", "binancecoinm", "gate", "bitstamp")
IN_STREAM = ("spot.obu",)
# The class knows two rules of numbers; COIN-M is numbered as USD-M is.
KINDS = {"binance": "spot", "binanceusdm": "linear", "binancecoinm": "linear"}
UNREADABLE = (LookupError, TypeError, AttributeError, ValueError, ArithmeticError)


class Answers:
    """Answers over REST by market, each given once: when the recording has come to it, or at once where it had."""

    def __init__(self) -> None:
        self._futures: dict[str, asyncio.Future[Any]] = {}

    async def of(self, name: str) -> Any:
        """Returns the next answer about a market."""
        key = _bare(name)
        answer = await self._futures.setdefault(key, asyncio.get_running_loop().create_future())
        self._futures.pop(key, None)
        return answer

    def give(self, name: str, told: Any) -> None:
        """Gives an answer; a second one that nobody waits for takes the place of the first."""
        future = self._futures.setdefault(_bare(name), asyncio.get_running_loop().create_future())
        if future.done():
            future = self._futures[_bare(name)] = asyncio.get_running_loop().create_future()
        future.set_result(told)


def _bare(name: str) -> str:
    return re.sub(r"[\W_]", "", name.upper())


def read(text: str) -> Any:
    """Returns what a text says; nothing where it is no JSON, as a plain pong is not."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


async def idle() -> None:
    """Lets everything run that can."""
    for _ in range(IDLE_TURNS):
        await asyncio.sleep(0)


async def load(exchange: Any, lines: list[list[Any]]) -> None:
    """Takes markets from the recording where the class can read them; it makes up the others by their ids."""
    answers = {url.split("?")[0]: read(text) for is_frame, url, text, _ in lines if not is_frame}

    async def fetch(url: str, method: str = "GET", headers: Any = None, body: Any = None) -> Any:
        found = answers.get(url.split("?", maxsplit=1)[0])
        if found is None:
            raise ccxt.NetworkError(f"not in the recording: {url}")
        return found

    exchange.fetch = fetch
    try:
        await exchange.load_markets()
    except (BaseError, *UNREADABLE) as error:
        sys.stderr.write(f"markets by their ids: {type(error).__name__}: {str(error)[:200]}\n")
        exchange.markets, exchange.markets_by_id, exchange.symbols, exchange.ids = {}, {}, [], []


def answer_from(exchange: Any, answers: Answers) -> None:
    """Lets the class wait for the answer in the recording when it asks for a whole book, and ask for nothing else."""

    async def fetch_order_book(symbol: str, limit: Any = None, params: Any = None) -> Any:
        told = await answers.of(exchange.markets.get(symbol, {}).get("id", symbol))
        names = ("p", "s") if any(isinstance(row, dict) for row in (*told["bids"], *told["asks"])) else (0, 1)
        book = exchange.parse_order_book(told, symbol, None, "bids", "asks", *names)
        book["nonce"] = exchange.safe_integer_n(told, ["lastUpdateId", "id", "microtimestamp"])
        return book

    async def ask(*_arguments: Any, **_named: Any) -> Any:
        raise ccxt.NetworkError("a recording cannot be asked")

    exchange.fetch_order_book = exchange.fetch_rest_order_book_safe = fetch_order_book
    exchange.watch = exchange.watch_multiple = ask
    if exchange.id == "bitstamp":
        exchange.get_cache_index = first_after
    elif exchange.id == "gate":
        exchange.get_cache_index = next_or(exchange.get_cache_index)


def first_after(book: Any, changes: list[Any]) -> int:
    """Returns the first held change that is newer than a whole book of Bitstamp; -1 while none is known to be older.

    The class looks for one that is exactly as old, and where there is none it drops all, the newer ones too.
    """
    stamps = [int(change["microtimestamp"]) for change in changes]
    if not stamps or book["nonce"] < stamps[0]:
        return -1
    return next((place for place, stamp in enumerate(stamps) if stamp > book["nonce"]), len(stamps))


def next_or(first_of: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Returns what finds the first held change of Gate that a whole book lacks.

    The class takes a change that begins right behind the book to be one behind a gap.
    """

    def found(book: Any, changes: list[Any]) -> Any:
        return 0 if changes and book["nonce"] + 1 == changes[0]["U"] else first_of(book, changes)

    return found


def kind_of(name: str, url: str, message: Any) -> str | None:
    """Returns of which kind a class takes the market of a message to be, as one id may be that of several."""
    if name == "bybit":
        return "spot" if "spot" in url else "contract"
    if name == "bitget":
        return "spot" if str(message["arg"]["instType"]).lower() == "spot" else "contract"
    if name == "gate":
        return "spot" if "/spot/" in url or str(message.get("channel", "")).startswith("spot") else "contract"
    return "swap" if name in ("binanceusdm", "binancecoinm") else None if name == "okx" else "spot"


def symbol_of(exchange: Any, market_id: str, kind: str | None) -> str:
    """Returns the client's name of a market."""
    name = exchange.id
    wanted = market_id.lower() if name in ("gemini", "bitstamp") else market_id
    return str(exchange.safe_market(wanted, None, "_" if name == "gate" else None, kind)["symbol"])


def subscribe(exchange: Any, client: Any, symbol: str, message: Any) -> None:
    """Does once what subscribing would have done, and again what it would do where a whole book comes anew."""
    name = exchange.id
    hashed = {"okx": f"{message.get('arg', {}).get('channel')}:", "coinbase": "level2::"}.get(name, "orderbook:")
    if client.subscriptions.get(hashed + symbol) == "resync" or hashed + symbol not in client.subscriptions:
        client.subscriptions[hashed + symbol] = {"symbol": symbol}
    if name == "bitget" and message.get("action") == "snapshot":
        exchange.orderbooks.pop(symbol, None)
    if symbol in exchange.orderbooks or name not in BY_REST or message.get("channel") in IN_STREAM:
        return
    if name == "bitstamp":
        exchange.orderbooks[symbol] = exchange.order_book()
        return
    wanted = {"symbol": symbol, "limit": 1000, "type": KINDS.get(name)}
    exchange.handle_order_book_subscription(client, {}, wanted)


def as_known(message: Any) -> Any:
    """Returns a whole book in the first stream of Gate as one in its second, as the class knows none in the first."""
    told = message.get("result")
    if message.get("channel") != "spot.order_book_update" or not told.get("full"):
        return message
    return {**message, "channel": "spot.obu", "result": {**told, "s": f"ob.{told['s']}.0"}}


def tell(exchange: Any, at: tuple[int, int], market_id: str, symbol: str) -> None:
    """Writes what a book holds; null while it waits for a whole one."""
    book = exchange.orderbooks.get(symbol)
    digest = None
    if book is not None and not (exchange.id in BY_REST and book["nonce"] is None):
        summed = hashlib.blake2b(digest_size=12)
        for side in ("bids", "asks"):
            summed.update(array("d", [part for level in book[side] for part in level[:2]]).tobytes())
            summed.update(b"|")
        digest = summed.hexdigest()
    sys.stdout.write(json.dumps([*at, market_id, digest]) + "\n")


def hear(exchange: Any, url: str, message: Any, symbols: list[str]) -> None:
    """Gives a frame to the class; a book that it refuses is gone."""
    try:
        for symbol in symbols:
            subscribe(exchange, exchange.client(url), symbol, message)
        exchange.handle_message(exchange.client(url), as_known(message))
    except (BaseError, *UNREADABLE) as error:
        sys.stderr.write(f"refused: {type(error).__name__}: {str(error)[:200]}\n")
        for symbol in symbols:
            exchange.orderbooks.pop(symbol, None)


async def play(part: int, name: str, lines: list[list[Any]]) -> None:
    """Feeds a venue class with a part of a session."""
    exchange, answers = getattr(ccxt.pro, name)({"enableRateLimit": False, "options": WATCHED}), Answers()
    await load(exchange, lines)
    answer_from(exchange, answers)
    for number, (is_frame, url, text, markets) in enumerate(lines):
        message = read(text) if markets else None
        if not isinstance(message, dict):
            continue
        kind = kind_of(name, url, message)
        symbols = {market_id: symbol_of(exchange, market_id, kind) for market_id in markets}
        if is_frame:
            hear(exchange, url or URLS.get(name, ""), message, list(symbols.values()))
        else:
            answers.give(markets[0], message)
        await idle()
        for market_id, symbol in symbols.items():
            tell(exchange, (part, number), market_id, symbol)
    await exchange.close()


async def main() -> None:
    """Plays each part of the session on standard input."""
    parts: list[tuple[str, list[list[Any]]]] = []
    for line in map(json.loads, sys.stdin):
        if len(line) == 1:
            parts.append((line[0], []))
        else:
            parts[-1][1].append(line)
    for number, (name, lines) in enumerate(parts):
        await play(number, name, lines)


asyncio.run(main())
