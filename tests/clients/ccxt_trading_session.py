"""A session of a stock ccxt client with a simulated exchange: what it read, as JSON on standard output.

Run by the interpreter of .venv-clients/ccxt, never imported by us; the client's files are as they were installed. It is
given a session of HTTP whose requests go to our address, so that all of its own addresses are those of the exchange.
Usage: ccxt_trading_session.py URL CLASS SYMBOL KEY SECRET OTHER_KEY OTHER_SECRET.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable
from typing import Any

import aiohttp
import ccxt.pro  # type: ignore[import-not-found]
import yarl
from ccxt.base.errors import BaseError  # type: ignore[import-not-found]
from installed import files_changed  # type: ignore[import-not-found]

TYPES = {"binance": ["spot"], "binanceusdm": ["linear"], "bybit": ["spot", "linear"]}
READS = {"acknowledged": True}
LOOKS_MAX = 6_000


class Redirected(aiohttp.ClientSession):
    """A session whose requests all go to one address, whatever exchange they are meant for."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._to = yarl.URL(url)

    async def _request(self, method: str, str_or_url: Any, **more: Any) -> Any:
        asked = yarl.URL(str_or_url, encoded=True)
        scheme = "ws" if asked.scheme.startswith("ws") else "http"
        to = yarl.URL(f"{scheme}://{self._to.authority}{asked.raw_path_qs}", encoded=True)
        return await super()._request(method, to, **more)


def client(name: str, url: str, key: str, secret: str) -> Any:
    """Returns a client that believes that it goes to the exchange."""
    options = {"fetchMarkets": {"types": TYPES[name]}, "fetchCurrencies": False}
    told = {"apiKey": key, "secret": secret, "enableRateLimit": False, "options": options, "session": Redirected(url)}
    return getattr(ccxt.pro, name)(told)


async def refusal(asked: Awaitable[Any]) -> str:
    """Returns the class of an error, such as InsufficientFunds."""
    try:
        await asked
    except BaseError as error:
        return type(error).__name__
    return "none"


def seen(order: Any) -> list[Any]:
    """Returns what is stated of an order."""
    return [order[name] for name in ("clientOrderId", "status", "side", "price", "amount", "filled", "average")]


async def watch(made: Any, symbol: str, told: dict[str, Any]) -> list[asyncio.Task[Any]]:
    """Reads the book from its stream, and lets the client follow our orders and trades."""
    book = await made.watch_order_book(symbol)
    told["watched book"] = [book["bids"][0][:2], book["asks"][0][:2]]
    following = [asyncio.create_task(made.watch_orders(symbol)), asyncio.create_task(made.watch_my_trades(symbol))]
    await asyncio.sleep(0.5)
    return following


async def watched(made: Any, following: list[asyncio.Task[Any]], told: dict[str, Any]) -> None:
    """Tells what the client kept of its streams, once it has heard the last trade."""
    for _ in range(LOOKS_MAX):
        if made.myTrades and made.myTrades[-1]["takerOrMaker"] == "taker":
            break
        await asyncio.sleep(0.01)
    await asyncio.gather(*following)
    kept = {order["clientOrderId"]: [order["status"], order["filled"]] for order in made.orders}
    told["watched orders"] = [kept.get("first-1"), kept.get("maker-1")]
    told["watched trades"] = [[row["side"], row["price"], row["amount"], row["takerOrMaker"]] for row in made.myTrades]


async def trade(one: Any, two: Any, symbol: str, told: dict[str, Any]) -> None:
    """Places, cancels and fills orders of all kinds."""
    placed = await one.create_order(symbol, "limit", "buy", 0.01, 49000, {"clientOrderId": "first-1"})
    told["placed"] = [placed["clientOrderId"], placed["id"] != ""]
    told["open"] = [seen(order) for order in await one.fetch_open_orders(symbol)]
    balance = await one.fetch_balance()
    told["balance while open"] = [balance["USDT"]["total"], balance["USDT"]["used"]]
    told["duplicate"] = await refusal(
        one.create_order(symbol, "limit", "buy", 0.01, 49000, {"clientOrderId": "first-1"})
    )
    await one.cancel_order(placed["id"], symbol)
    told["canceled"] = seen(await one.fetch_order(placed["id"], symbol, READS))
    told["cancel again"] = await refusal(one.cancel_order(placed["id"], symbol))
    maker = await one.create_order(symbol, "limit", "buy", 0.02, 50000, {"postOnly": True, "clientOrderId": "maker-1"})
    await two.create_order(symbol, "limit", "sell", 0.005, 50000, {"timeInForce": "IOC"})
    told["part"] = seen(await one.fetch_order(maker["id"], symbol, READS))
    await two.create_order(symbol, "market", "sell", 0.015)
    told["whole"] = seen(await one.fetch_order(maker["id"], symbol, READS))
    bought = await one.create_order(symbol, "market", "buy", 0.01)
    told["bought"] = seen(await one.fetch_order(bought["id"], symbol, READS))[1:]
    rows = await one.fetch_my_trades(symbol)
    names = ("side", "price", "amount", "takerOrMaker", "cost")
    told["my trades"] = [[row[name] for name in names] + [row["fee"]["cost"], row["fee"]["currency"]] for row in rows]


async def refused(one: Any, symbol: str, told: dict[str, Any]) -> None:
    """Asks for what is refused."""
    crossing = one.create_order(symbol, "limit", "buy", 0.01, 50100, {"postOnly": True, "clientOrderId": "crossing"})
    told["post-only"] = await refusal(crossing)
    if told["post-only"] == "none":
        orders = await one.fetch_canceled_orders(symbol)
        told["post-only"] = next(row["status"] for row in orders if row["clientOrderId"] == "crossing")
    told["too much"] = await refusal(one.create_order(symbol, "limit", "buy", 900, 49000))
    odd = {"quantity": "0.0100001", "qty": "0.0100001"}
    told["bad lot"] = await refusal(one.create_order(symbol, "limit", "buy", 0.01, 49000, odd))
    told["too small"] = await refusal(one.create_order(symbol, "limit", "buy", 0.001, 100))
    told["no order"] = await refusal(one.fetch_order("1234567", symbol, READS))


async def positions(one: Any, symbol: str, told: dict[str, Any]) -> None:
    """Reads the position, and closes it with orders that only reduce."""
    held = [row for row in await one.fetch_positions([symbol]) if row["contracts"]]
    told["position"] = [[row["side"], row["contracts"], row["entryPrice"], row["leverage"]] for row in held]
    told["not reducing"] = await refusal(one.create_order(symbol, "market", "buy", 0.01, None, {"reduceOnly": True}))
    await one.set_leverage(5, symbol)
    resting = await one.create_order(symbol, "limit", "sell", 0.01, 51000, {"reduceOnly": True})
    reduces = (await one.fetch_open_orders(symbol))[0]
    told["reducing"] = [reduces["reduceOnly"], reduces["id"] == resting["id"]]
    await one.cancel_all_orders(symbol)
    told["open after cancel all"] = await one.fetch_open_orders(symbol)
    await one.create_order(symbol, "market", "sell", 0.03, None, {"reduceOnly": True})
    told["position after"] = [row for row in await one.fetch_positions([symbol]) if row["contracts"]]


async def main(url: str, name: str, symbol: str, *keys: str) -> None:
    """Trades, and tells what was seen."""
    one, two = client(name, url, *keys[:2]), client(name, url, *keys[2:])
    told: dict[str, Any] = {"files changed": files_changed("ccxt")}
    sessions = [one.session, two.session]
    try:
        await one.load_markets()
        await two.load_markets()
        market = one.market(symbol)
        limits = market["limits"]
        told["market"] = [market["precision"]["price"], market["precision"]["amount"], limits["cost"]["min"]]
        balance = await one.fetch_balance()
        told["balance"] = [balance["USDT"]["total"], balance["USDT"]["free"]]
        book = await one.fetch_order_book(symbol)
        told["book"] = [book["bids"][0][:2], book["asks"][0][:2]]
        following = await watch(one, symbol, told)
        await trade(one, two, symbol, told)
        await watched(one, following, told)
        await refused(one, symbol, told)
        if market["contract"]:
            await positions(one, symbol, told)
        balance = await one.fetch_balance()
        told["balance after"] = [balance["USDT"]["total"], balance["BTC"]["total"] if "BTC" in balance else None]
    finally:
        for each, session in ((one, sessions[0]), (two, sessions[1])):
            await each.close()
            await session.close()
    sys.stdout.write(json.dumps(told))


asyncio.run(main(*sys.argv[1:]))
