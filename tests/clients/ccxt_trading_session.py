"""A session of a stock ccxt client with a simulated exchange: what it read, as JSON on standard output.

Run by the interpreter of .venv-clients/ccxt, never imported by us; the client's files are as they were installed, and
only its `urls` say where the exchange is. Usage: ccxt_trading_session.py URL CLASS SYMBOL KEY SECRET OTHER_KEY
OTHER_SECRET.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable
from typing import Any

import ccxt.pro  # type: ignore[import-not-found]
from ccxt.base.errors import BaseError  # type: ignore[import-not-found]
from installed import files_changed  # type: ignore[import-not-found]

HOSTS = ("https://api.binance.com", "https://fapi.binance.com", "https://api.{hostname}")
STREAMS = ("wss://stream.binance.com:9443", "wss://fstream.binance.com", "wss://ws-api.binance.com:443")
STREAMS_TOO = ("wss://stream.{hostname}", "wss://stream.bybit.com")
TYPES = {"binance": ["spot"], "binanceusdm": ["linear"], "bybit": ["spot", "linear"]}
WAIT_S = 10


def redirected(urls: Any, url: str) -> Any:
    """Returns the addresses of a client with our host in the place of the exchange's."""
    if isinstance(urls, dict):
        return {name: redirected(value, url) for name, value in urls.items()}
    if not isinstance(urls, str):
        return urls
    for host in HOSTS:
        if urls.startswith(host):
            return url + urls.removeprefix(host)
    for host in (*STREAMS, *STREAMS_TOO):
        if urls.startswith(host):
            return url.replace("http", "ws", 1) + urls.removeprefix(host)
    return urls


def client(name: str, url: str, key: str, secret: str) -> Any:
    """Returns a client that goes to our address."""
    options = {"fetchMarkets": {"types": TYPES[name]}, "fetchCurrencies": False}
    made = getattr(ccxt.pro, name)({"apiKey": key, "secret": secret, "enableRateLimit": False, "options": options})
    made.urls["api"] = redirected(made.urls["api"], url)
    return made


async def refusal(asked: Awaitable[Any]) -> list[str]:
    """Returns the class and the words of an error."""
    try:
        await asked
    except BaseError as error:
        return [type(error).__name__, str(error)[:160]]
    return ["none", ""]


def seen(order: Any) -> list[Any]:
    """Returns what is stated of an order."""
    return [
        order["status"],
        order["side"],
        order["type"],
        order["price"],
        order["amount"],
        order["filled"],
        order["average"],
    ]


async def main(url: str, name: str, symbol: str, *keys: str) -> None:
    """Trades, and tells what was seen."""
    one, two = client(name, url, *keys[:2]), client(name, url, *keys[2:])
    told: dict[str, Any] = {"files changed": files_changed("ccxt")}
    try:
        await one.load_markets()
        market = one.market(symbol)
        told["market"] = [market["precision"], market["limits"]["amount"]["min"], market["limits"]["cost"]["min"]]
        balance = await one.fetch_balance()
        told["balance"] = [balance["USDT"]["total"], balance["USDT"]["free"]]
        book = await one.fetch_order_book(symbol)
        told["book"] = [book["bids"][0][:2], book["asks"][0][:2]]
        placed = await one.create_order(symbol, "limit", "buy", 0.01, 49000, {"clientOrderId": "first-1"})
        told["placed"] = [placed["status"], placed["clientOrderId"]]
        told["open"] = [seen(order) for order in await one.fetch_open_orders(symbol)]
        told["canceled"] = (await one.cancel_order(placed["id"], symbol))["status"]
        bought = await one.create_order(symbol, "market", "buy", 0.02)
        told["bought"] = seen(await one.fetch_order(bought["id"], symbol))
        told["my trades"] = [
            [t["side"], t["price"], t["amount"], t["takerOrMaker"], t["fee"]] for t in await one.fetch_my_trades(symbol)
        ]
    finally:
        await one.close()
        await two.close()
    sys.stdout.write(json.dumps(told))


asyncio.run(main(*sys.argv[1:]))
