"""ccxt's venue classes over a recorded session: tells what their books hold after each line of it.

Run by the interpreter of .venv-clients/ccxt, never imported by us; the client's files are as they were installed. Reads
one JSON array a line, [is_frame, url, text], and writes one a line, [line, symbol, digest or null]. What a class asks
over REST is answered when the recording comes to that answer. Usage: ccxt_session.py CLASS.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import sys
from array import array
from collections.abc import Callable, Iterator
from typing import Any

import ccxt.pro  # type: ignore[import-not-found]
from ccxt.base.errors import BaseError  # type: ignore[import-not-found]

ASKED = re.compile(r"(?:symbol=|currency_pair=|/order_book/)(\w+)")
URLS = {"binance": "wss://stream.binance.com/ws", "binanceusdm": "wss://fstream.binance.com/ws"}
COIN_M_URL = "wss://dstream.binance.com/ws"
IDLE_TURNS = 12
WATCHED = {"watchOrderBook": {"snapshotDelay": 0, "checksum": True}}
BY_REST = ("binance", "binanceusdm", "binancecoinm", "gate", "bitstamp")
SPOT = ("binance", "gate", "gemini", "coinbase", "bitstamp", "bitget")
BOOKS = ("books", "books-l2-tbt", "books50-l2-tbt")
# The class knows two rules of numbers; COIN-M is numbered as USD-M is.
UNREADABLE = (LookupError, TypeError, AttributeError, ValueError, ArithmeticError)
KINDS = {"binance": "spot", "binanceusdm": "linear", "binancecoinm": "linear"}
HASHES = {"okx": "books:", "coinbase": "level2::"}


class Answers:
    """Answers over REST by symbol, each given once the recording has come to it."""

    def __init__(self) -> None:
        self._futures: dict[str, asyncio.Future[Any]] = {}

    def of(self, name: str) -> asyncio.Future[Any]:
        """Returns the answer for a symbol, to be waited for."""
        key = re.sub(r"[^A-Z0-9]", "", name.upper())
        return self._futures.setdefault(key, asyncio.get_running_loop().create_future())

    def give(self, name: str, told: Any) -> None:
        """Gives an answer; a second one takes the place of the first."""
        future = self.of(name)
        if future.done():
            del self._futures[re.sub(r"[^A-Z0-9]", "", name.upper())]
            future = self.of(name)
        future.set_result(told)


def of_binance(message: dict[str, Any]) -> Iterator[str]:
    """Yields the market whose book a message of Binance is about."""
    told = message.get("data", {})
    if told.get("e") == "depthUpdate":
        yield told["s"]


def of_bybit(message: dict[str, Any]) -> Iterator[str]:
    """Yields the market whose book a message of Bybit is about."""
    if str(message.get("topic", "")).startswith("orderbook."):
        yield message["data"]["s"]


def of_channel(message: dict[str, Any]) -> Iterator[str]:
    """Yields the market whose book a message of OKX or Bitget is about."""
    if str(message.get("arg", {}).get("channel", "")) in BOOKS and "action" in message:
        yield message["arg"]["instId"]


def of_gate(message: dict[str, Any]) -> Iterator[str]:
    """Yields the market whose book a message of Gate is about."""
    if message.get("channel") == "spot.order_book_update" and message.get("event") == "update":
        yield message["result"]["s"]


def of_gemini(message: dict[str, Any]) -> Iterator[str]:
    """Yields the market whose book a message of Gemini is about."""
    if message.get("type") == "l2_updates":
        yield message["symbol"]


def of_coinbase(message: dict[str, Any]) -> Iterator[str]:
    """Yields the markets whose books a message of Coinbase is about."""
    if message.get("channel") == "l2_data":
        yield from (event["product_id"] for event in message["events"])


def of_bitstamp(message: dict[str, Any]) -> Iterator[str]:
    """Yields the market whose book a message of Bitstamp is about."""
    channel = str(message.get("channel", ""))
    if message.get("event") == "data" and channel.startswith("diff_order_book_"):
        yield channel.removeprefix("diff_order_book_")


TOUCHED: dict[str, Callable[[dict[str, Any]], Iterator[str]]] = {
    "binance": of_binance,
    "binanceusdm": of_binance,
    "binancecoinm": of_binance,
    "bybit": of_bybit,
    "okx": of_channel,
    "bitget": of_channel,
    "gate": of_gate,
    "gemini": of_gemini,
    "coinbase": of_coinbase,
    "bitstamp": of_bitstamp,
}


def read(text: str) -> Any:
    """Returns what a text says; nothing where it is no JSON, as a plain pong is not."""
    try:
        return json.loads(text)
    except ValueError:
        return None


async def idle() -> None:
    """Lets everything run that can."""
    for _ in range(IDLE_TURNS):
        await asyncio.sleep(0)


async def load(exchange: Any, lines: list[list[Any]]) -> None:
    """Takes markets from the recording where the class can read them; it makes up the others by their ids."""
    answers = {url.split("?")[0]: read(text) for is_frame, url, text in lines if not is_frame}

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
    """Lets the class wait for the answer in the recording when it asks for a whole book."""

    async def fetch_order_book(symbol: str, limit: Any = None, params: Any = None) -> Any:
        told = await answers.of(exchange.markets.get(symbol, {}).get("id", symbol))
        book = exchange.parse_order_book(told, symbol)
        book["nonce"] = exchange.safe_integer_n(told, ["lastUpdateId", "id", "microtimestamp"])
        return book

    exchange.fetch_order_book = exchange.fetch_rest_order_book_safe = fetch_order_book


def symbol_of(exchange: Any, market_id: str) -> str:
    """Returns the client's name of a market."""
    name = exchange.id
    wanted = market_id.lower() if name in ("gemini", "bitstamp") else market_id
    kind = None if name == "okx" else "spot" if name in SPOT else "swap"
    return str(exchange.safe_market(wanted, None, "_" if name == "gate" else None, kind)["symbol"])


def subscribe(exchange: Any, client: Any, market_id: str) -> None:
    """Does once what subscribing would have done."""
    name, symbol = exchange.id, symbol_of(exchange, market_id)
    client.subscriptions.setdefault(HASHES.get(name, "orderbook:") + symbol, {"symbol": symbol})
    if symbol in exchange.orderbooks or name not in BY_REST:
        return
    if name == "bitstamp":
        exchange.orderbooks[symbol] = exchange.order_book()
        return
    wanted = {"symbol": symbol, "limit": 1000, "type": KINDS.get(name)}
    exchange.handle_order_book_subscription(client, {}, wanted)


def tell(exchange: Any, number: int, market_id: str) -> None:
    """Writes what a book holds; null while it waits for a whole one."""
    book = exchange.orderbooks.get(symbol_of(exchange, market_id))
    digest = None
    if book is not None and not (exchange.id in BY_REST and book["nonce"] is None):
        summed = hashlib.blake2b(digest_size=12)
        for side in ("bids", "asks"):
            summed.update(array("d", [part for level in book[side] for part in level[:2]]).tobytes())
            summed.update(b"|")
        digest = summed.hexdigest()
    sys.stdout.write(json.dumps([number, market_id, digest]) + "\n")


def hear(exchange: Any, url: str, message: Any) -> list[str]:
    """Gives a frame to the class. Returns the markets that it is about; a book that the class refuses is gone."""
    touched: list[str] = []
    try:
        touched = list(TOUCHED[exchange.id](message)) if isinstance(message, dict) else []
        for market_id in touched:
            subscribe(exchange, exchange.client(url), market_id)
        if touched:
            exchange.handle_message(exchange.client(url), message)
    except (BaseError, *UNREADABLE) as error:
        sys.stderr.write(f"refused: {type(error).__name__}: {str(error)[:200]}\n")
        for market_id in touched:
            exchange.orderbooks.pop(symbol_of(exchange, market_id), None)
    return touched


async def main(name: str) -> None:
    """Feeds a venue class with the session on standard input."""
    lines = [json.loads(line) for line in sys.stdin]
    exchange, answers = getattr(ccxt.pro, name)({"enableRateLimit": False, "options": WATCHED}), Answers()
    await load(exchange, lines)
    answer_from(exchange, answers)
    for number, (is_frame, url, text) in enumerate(lines):
        told = read(text)
        if is_frame:
            touched = hear(exchange, url or URLS.get(name, COIN_M_URL), told)
        elif (asked := ASKED.search(url)) is not None and isinstance(told, dict):
            answers.give(asked[1], told)
            touched = [asked[1]]
        else:
            continue
        await idle()
        for market_id in touched:
            tell(exchange, number, market_id)
    await exchange.close()


asyncio.run(main(sys.argv[1]))
