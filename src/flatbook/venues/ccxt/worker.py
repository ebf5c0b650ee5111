"""The worker: ccxt in a process of its own, asked over its standard input and heard over its standard output.

Started by an interpreter that has ccxt, as a program and never as a module of ours: it imports nothing of ours, and
ccxt only where it runs. One JSON object is a line; numbers travel as text. What is asked has a number, and so have its
answers:

    {"id": 7, "do": "place", "at": "kraken", ...}     a question, to the exchange that was opened under a name
    {"id": 7, "left": true}                           written before the first byte of its request leaves
    {"id": 7, "ok": ...} or {"id": 7, "error": [classes], "text": ..., "left": bool}
    {"beat": 3}                                       every BEAT_S: the worker lives
    {"book": "BTC/USD", "at": "kraken", ...}          what is watched, the newest only

Nothing is ever sent twice. A request that carries a mark of ccxt's authors is not sent.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import importlib
import json
import os
import re
import sys
from decimal import Decimal
from typing import Any

LINE_BYTES_MAX = 1_048_576
TASKS_MAX = 64
BEAT_S = 5
BOOK_LEVELS = 50
BOOK_REST_MS = 20
WATCH_REST_S = 2
TEXT_MAX = 300
TRADES_LEAST = 50
TRADE_CALLS_MAX = 100
WINDOW_MS = 86_400_000
TICK_SIZE = 4
# Headers that name who gets a share of the fees; they are not signed. Those below them stand in what is signed.
TAG_HEADERS = ("Referer", "X-Gate-Channel-Id", "X-CHANNEL-API-CODE", "X-SOURCE-KEY")
TAG_OPTIONS = ("broker", "brokerId", "partner", "affiliate", "tag", "defaultBroker", "refId")
KEYS = ("apiKey", "secret", "password", "uid")
NEVER_LEFT = ("ClientConnectorError", "gaierror")
MARKS = re.compile(r"ccxt|x-TKT5PX2F|x-cvBPrNm9|x-xcKtGhcu|6b9ad766b55dBCDE|AA1ef14811", re.IGNORECASE)

asked: contextvars.ContextVar[Asked | None] = contextvars.ContextVar("asked", default=None)


class Marked(Exception):
    """A request carries a mark that is not ours."""


class Asked:
    """One question under way: how many requests it made, and the id of ours that it may carry."""

    def __init__(self, number: int, own: str) -> None:
        self.number, self.own = number, own
        self.requests = 0

    def has_left(self, error: BaseException) -> bool:
        """Returns whether a byte may have left, given the error that it ended with."""
        return self.requests > 1 or (self.requests == 1 and not never_left(error))


class Voice:
    """Says lines on what was standard output when the program began; whatever else prints, prints to the errors."""

    def __init__(self) -> None:
        self._out = os.fdopen(os.dup(1), "wb", buffering=0)
        os.dup2(2, 1)

    def say(self, content: dict[str, Any]) -> None:
        """Writes a line as a whole."""
        line = memoryview(json.dumps(content, default=str).encode() + b"\n")
        while line:
            line = line[self._out.write(line) or 0 :]


class Exchange:
    """One exchange that was opened, with its markets read."""

    def __init__(self, told: dict[str, Any], client: Any, voice: Voice) -> None:
        self.name, self.told, self.client, self._voice = told["at"], told, client, voice
        self.watcher: Any = None
        self._fetch = client.fetch
        client.fetch = self.fetch
        self.watching: dict[str, asyncio.Task[None]] = {}
        self.books: dict[str, Any] = {}
        self.stirred: list[str] = []

    async def fetch(self, url: str, method: str = "GET", headers: Any = None, body: Any = None) -> Any:
        """Sends what ccxt made, without the tags of its authors, and says so before it leaves."""
        kept = {name: value for name, value in (headers or {}).items() if name not in TAG_HEADERS}
        question = asked.get()
        carried = f"{url} {kept} {body or ''}"
        if question is not None and question.own:
            carried = carried.replace(question.own, "")
        if MARKS.search(carried):
            raise Marked(f"{method} {bare(url)} carries a mark of ccxt")
        if question is not None:
            if not question.requests:
                self._voice.say({"id": question.number, "left": True})
            question.requests += 1
        return await self._fetch(url, method, kept, body)


def never_left(error: BaseException) -> bool:
    """Returns whether an error proves that there was no connection to send over."""
    found = [each for each in (error, error.__cause__) if each is not None]
    return any(each.__name__ in NEVER_LEFT for chained in found for each in type(chained).mro())


def bare(url: str) -> str:
    """Returns an address without its query, which may hold signatures."""
    return re.sub(r"[?&]\S+", "", url)


def trader_of(told: dict[str, Any]) -> Any:
    """Returns a client of ccxt that keeps numbers as they came.

    With Decimal ccxt loses every fee, for its `safe_string` knows none. Source: ccxt 4.5.90, base/exchange.py.
    """
    made = client_of(told)
    made.number = str
    return made


def watcher_of(told: dict[str, Any]) -> Any:
    """Returns a client of ccxt for books, without keys: there prices must be numbers, for books are sorted by them."""
    return client_of({name: value for name, value in told.items() if name not in KEYS})


def client_of(told: dict[str, Any]) -> Any:
    """Returns a client of ccxt as it is wanted here: no pace and no repetition of its own, no tags."""
    ccxt = importlib.import_module("ccxt.pro")
    made = getattr(ccxt, told["exchange"])(
        {
            **{name: told[name] for name in KEYS if told.get(name)},
            "enableRateLimit": False,
            "newUpdates": True,
            "timeout": told.get("timeout_ms", 10_000),
            "options": {"maxRetriesOnFailure": 0, **told.get("options", {})},
        }
    )
    made.maxRetriesOnFailure = 0
    for name in TAG_OPTIONS:
        made.options.pop(name, None)
    if told.get("sandbox"):
        made.set_sandbox_mode(True)
    if told.get("base_url"):
        made.urls = moved(made.urls, told["base_url"])
    return made


def moved(urls: Any, base: str) -> Any:
    """Returns addresses with their hosts replaced."""
    if isinstance(urls, dict):
        return {name: moved(value, base) for name, value in urls.items()}
    if isinstance(urls, list):
        return [moved(value, base) for value in urls]
    if not isinstance(urls, str):
        return urls
    there = re.sub(r"^http", "ws", base) if urls.startswith("ws") else base
    return re.sub(r"^(https?|wss?)://[^/]+", there, urls)


def text_of(number: Any) -> str | None:
    """Returns a number as plain text."""
    return None if number is None else format(Decimal(str(number)), "f")


def order_of(order: dict[str, Any]) -> dict[str, Any]:
    """Returns what is told of an order."""
    return {
        "id": order.get("id"),
        "client_id": order.get("clientOrderId"),
        "symbol": order.get("symbol"),
        "side": order.get("side"),
        "status": order.get("status"),
        "amount": text_of(order.get("amount")),
        "filled": text_of(order.get("filled")),
        "ms": order.get("lastUpdateTimestamp") or order.get("lastTradeTimestamp") or order.get("timestamp"),
        "created_ms": order.get("timestamp"),
    }


def trade_of(trade: dict[str, Any]) -> dict[str, Any]:
    """Returns what is told of a trade."""
    fees = trade.get("fees") or ([trade["fee"]] if trade.get("fee") else [])
    return {
        "id": trade.get("id"),
        "order": trade.get("order"),
        "symbol": trade.get("symbol"),
        "side": trade.get("side"),
        "amount": text_of(trade.get("amount")),
        "price": text_of(trade.get("price")),
        "maker": None if trade.get("takerOrMaker") is None else trade["takerOrMaker"] == "maker",
        "fees": [[fee.get("currency"), text_of(fee["cost"])] for fee in fees if fee.get("cost") is not None],
        "ms": trade.get("timestamp"),
    }


def step_of(client: Any, stated: Any) -> str | None:
    """Returns a precision as the smallest step; classes that state decimals are rare."""
    if stated is None or client.precisionMode == TICK_SIZE:
        return text_of(stated)
    return text_of(Decimal(1).scaleb(-int(stated)))


async def trades_since(client: Any, symbol: str, since: int) -> dict[str, Any]:
    """Returns all trades of a symbol since an instant, by their ids, whichever way the exchange turns its pages.

    Asks forward from the newest trade or, where a page has room, from a day later: some exchanges tell of a window
    only, so that an empty page says nothing of what came after it. Then asks back from the oldest trade, until a page
    brings nothing new: some tell the newest ones first.
    """
    found: dict[str, Any] = {}
    start, now = since, client.milliseconds()
    for _ in range(TRADE_CALLS_MAX):
        page = await client.fetch_my_trades(symbol, start)
        fresh = [trade for trade in page if trade["id"] not in found]
        found |= {trade["id"]: trade for trade in fresh}
        times = [trade["timestamp"] for trade in fresh if trade["timestamp"] is not None]
        start = max(times) if times and len(page) >= TRADES_LEAST else start + WINDOW_MS
        if start >= now:
            return found if len(found) < TRADES_LEAST else await _before(client, symbol, since, found)
    raise ValueError("more trades than are read at once")


async def _before(client: Any, symbol: str, since: int, found: dict[str, Any]) -> dict[str, Any]:
    for _ in range(TRADE_CALLS_MAX):
        until = min(trade["timestamp"] or since for trade in found.values())
        page = await client.fetch_my_trades(symbol, since, None, {"until": until})
        fresh = {trade["id"]: trade for trade in page if trade["id"] not in found}
        if not fresh:
            return found
        found |= fresh
    raise ValueError("more trades than are read at once")


class Desk:
    """What the worker has opened, and what it does when it is asked."""

    def __init__(self, voice: Voice) -> None:
        self._voice = voice
        self._open: dict[str, Exchange] = {}

    async def answer(self, told: dict[str, Any]) -> Any:
        """Does what a question wants."""
        do = {
            "open": self.open,
            "place": self.place,
            "cancel": self.cancel,
            "order": self.order,
            "orders": self.orders,
            "trades": self.trades,
            "trades_of": self.trades_of,
            "wallet": self.wallet,
            "time": self.time,
            "watch": self.watch,
        }[told["do"]]
        return await do(told)

    async def open(self, told: dict[str, Any]) -> Any:
        """Makes a client and reads the markets that are wanted."""
        old = self._open.pop(told["at"], None)
        if old is not None:
            await close(old)
        exchange = Exchange(told, trader_of(told), self._voice)
        await exchange.client.load_markets()
        self._open[told["at"]] = exchange
        client = exchange.client
        markets = {symbol: client.markets.get(symbol) for symbol in told["symbols"]}
        return {
            "has": sorted(name for name, value in client.has.items() if value),
            "rate_limit_ms": text_of(client.rateLimit),
            "markets": {symbol: self._market(client, found) for symbol, found in markets.items() if found is not None},
        }

    def _market(self, client: Any, market: dict[str, Any]) -> dict[str, Any]:
        return {
            "base": market["base"],
            "quote": market["quote"],
            "settle": market.get("settle"),
            "active": market.get("active") is not False,
            "kind": market.get("type"),
            "inverse": bool(market.get("inverse")),
            "contract_size": text_of(market.get("contractSize") or 1),
            "tick": step_of(client, market["precision"]["price"]),
            "lot": step_of(client, market["precision"]["amount"]),
            "qty_min": text_of(market["limits"]["amount"]["min"]),
            "notional_min": text_of(market["limits"]["cost"]["min"]),
        }

    async def place(self, told: dict[str, Any]) -> Any:
        """Sends an order once."""
        client = self._open[told["at"]].client
        price = None if told["price"] is None else Decimal(told["price"])
        amount = Decimal(told["amount"])
        if Decimal(client.amount_to_precision(told["symbol"], amount)) != amount:
            raise ValueError("ccxt would send another quantity")
        if price is not None and Decimal(client.price_to_precision(told["symbol"], price)) != price:
            raise ValueError("ccxt would send another price")
        order = await client.create_order(
            told["symbol"], told["kind"], told["side"], amount, price, dict(told["params"])
        )
        return order_of(order)

    async def cancel(self, told: dict[str, Any]) -> Any:
        """Asks to cancel an order."""
        client = self._open[told["at"]].client
        await client.cancel_order(told["order"], told["symbol"], dict(told.get("params", {})))
        return {}

    async def order(self, told: dict[str, Any]) -> Any:
        """Asks for an order by the exchange's id."""
        client = self._open[told["at"]].client
        return order_of(await client.fetch_order(told["order"], told["symbol"]))

    async def orders(self, told: dict[str, Any]) -> Any:
        """Asks for the orders of a symbol: those that work, or those that have ended since an instant."""
        client, symbol = self._open[told["at"]].client, told["symbol"]
        if told["which"] == "open":
            return [order_of(order) for order in await client.fetch_open_orders(symbol)]
        wanted = client.fetch_closed_orders if client.has.get("fetchClosedOrders") else client.fetch_orders
        return [order_of(order) for order in await wanted(symbol, told["since_ms"])]

    async def trades(self, told: dict[str, Any]) -> Any:
        """Asks for all trades of a symbol since an instant, whichever way the exchange turns its pages."""
        client, symbol, since = self._open[told["at"]].client, told["symbol"], told["since_ms"]
        found = await trades_since(client, symbol, since)
        return [trade_of(trade) for trade in sorted(found.values(), key=lambda trade: trade["timestamp"] or 0)]

    async def trades_of(self, told: dict[str, Any]) -> Any:
        """Asks for the trades of one order, among all: some classes want more than its id for a list of its own."""
        client, symbol = self._open[told["at"]].client, told["symbol"]
        found = await trades_since(client, symbol, told["since_ms"])
        return [trade_of(trade) for trade in found.values() if trade.get("order") == told["order"]]

    async def wallet(self, told: dict[str, Any]) -> Any:
        """Asks for coins, and for positions where contracts are traded."""
        client = self._open[told["at"]].client
        coins = await client.fetch_balance()
        positions = await client.fetch_positions(told["contracts"]) if told["contracts"] else []
        return {
            "coins": {
                coin: [text_of(coins[coin].get("total")), text_of(coins[coin].get("free"))]
                for coin in coins.get("total", {})
                if coins[coin].get("total") is not None
            },
            "positions": [
                [found["symbol"], found["side"], text_of(found["contracts"])]
                for found in positions
                if found.get("contracts") is not None and Decimal(str(found["contracts"]))
            ],
        }

    async def time(self, told: dict[str, Any]) -> Any:
        """Asks for the exchange's clock, where it has one."""
        client = self._open[told["at"]].client
        return await client.fetch_time() if client.has.get("fetchTime") else None

    async def watch(self, told: dict[str, Any]) -> Any:
        """Begins to tell the books of symbols, and goes on until it is asked to watch others."""
        exchange = self._open[told["at"]]
        for task in exchange.watching.values():
            task.cancel()
        if exchange.watcher is None:
            exchange.watcher = watcher_of(exchange.told)
            await exchange.watcher.load_markets()
        exchange.books.clear()
        exchange.watching = {
            symbol: asyncio.get_running_loop().create_task(self._tell(exchange, symbol)) for symbol in told["symbols"]
        }
        return {}

    async def _tell(self, exchange: Exchange, symbol: str) -> None:
        while True:
            watched = asyncio.get_running_loop().create_task(self._tell_until_it_breaks(exchange, symbol))
            await asyncio.gather(watched, return_exceptions=True)
            error = None if watched.cancelled() else watched.exception()
            exchange.books.pop(symbol, None)
            self._voice.say({"book": symbol, "at": exchange.name, "lost": type(error).__name__})
            exchange.watcher.orderbooks.pop(symbol, None)
            await asyncio.sleep(WATCH_REST_S)

    async def _tell_until_it_breaks(self, exchange: Exchange, symbol: str) -> None:
        """Watches without a pause, for what comes while nobody waits is not told; what is said is the newest only."""
        loop = asyncio.get_running_loop()
        while True:
            exchange.books[symbol] = await exchange.watcher.watch_order_book(symbol)
            if symbol not in exchange.stirred:
                exchange.stirred.append(symbol)
                loop.call_later(BOOK_REST_MS / 1000, self._say_book, exchange, symbol)

    def _say_book(self, exchange: Exchange, symbol: str) -> None:
        if symbol in exchange.stirred:
            exchange.stirred.remove(symbol)
        book = exchange.books.get(symbol)
        if book is None:
            return
        sides = {
            side: [[text_of(level[0]), text_of(level[1])] for level in book[side][:BOOK_LEVELS]]
            for side in ("bids", "asks")
        }
        self._voice.say({"book": symbol, "at": exchange.name, **sides, "ms": book.get("timestamp")})

    def tell_again(self) -> None:
        """Tells every book that stands once more, so that one on which nothing happens is not taken for lost."""
        for exchange in self._open.values():
            for symbol in exchange.books:
                self._say_book(exchange, symbol)

    async def close(self) -> None:
        """Closes all connections."""
        for exchange in self._open.values():
            await close(exchange)


async def close(exchange: Exchange) -> None:
    """Closes the connections of one exchange."""
    for task in exchange.watching.values():
        task.cancel()
    for client in (exchange.client, exchange.watcher):
        if client is not None:
            await client.close()


class Loop:
    """Takes questions line by line, and answers each when it is done."""

    def __init__(self, voice: Voice) -> None:
        self._voice, self._desk = voice, Desk(voice)
        self._tasks: dict[int, asyncio.Task[Any]] = {}

    async def run(self) -> None:
        """Runs until standard input ends."""
        reader = asyncio.StreamReader(limit=LINE_BYTES_MAX)
        loop = asyncio.get_running_loop()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin.buffer)
        beating = loop.create_task(self._beat())
        while line := await reader.readline():
            told = json.loads(line)
            if len(self._tasks) >= TASKS_MAX:
                self._voice.say({"id": told["id"], "error": ["TooMany"], "text": "too many questions", "left": False})
                continue
            self._start(told)
        beating.cancel()
        for task in tuple(self._tasks.values()):
            task.cancel()
        await self._desk.close()

    def _start(self, told: dict[str, Any]) -> None:
        question = Asked(int(told["id"]), str(told.get("params", {}).get("clientOrderId", "")))
        context = contextvars.copy_context()
        context.run(asked.set, question)
        task = asyncio.get_running_loop().create_task(self._desk.answer(told), context=context)
        self._tasks[question.number] = task
        task.add_done_callback(lambda done: self._end(question, done))

    def _end(self, question: Asked, task: asyncio.Task[Any]) -> None:
        self._tasks.pop(question.number, None)
        if task.cancelled():
            return
        error = task.exception()
        if error is None:
            self._voice.say({"id": question.number, "ok": task.result()})
            return
        classes = [each.__name__ for each in type(error).mro() if each is not object]
        text = bare(str(error))[:TEXT_MAX]
        self._voice.say({"id": question.number, "error": classes, "text": text, "left": question.has_left(error)})

    async def _beat(self) -> None:
        number = 0
        while True:
            number += 1
            self._voice.say({"beat": number})
            self._desk.tell_again()
            await asyncio.sleep(BEAT_S)


def main() -> None:
    """Runs the worker until whoever started it is gone."""
    voice = Voice()
    voice.say({"ccxt": importlib.import_module("ccxt").__version__})
    with contextlib.suppress(BrokenPipeError, KeyboardInterrupt):
        asyncio.run(Loop(voice).run())


if __name__ == "__main__":
    main()
