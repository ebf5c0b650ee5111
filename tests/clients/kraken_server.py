"""A server that speaks as much of Kraken's REST and WebSocket v2 as a spot account needs, for the ccxt worker.

Source: docs.kraken.com, Spot REST and WebSocket v2. Orders rest, or execute at once at the touch when they cross it. As
at the real one, the answer to a new order does not repeat its client id.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import WSMsgType, web

from flatbook.ops.clock import SystemClock
from flatbook.values.instants import NS_PER_S

BID, ASK = Decimal("49999.9"), Decimal("50000.1")
PAIR = {
    "altname": "XBTUSD",
    "wsname": "XBT/USD",
    "aclass_base": "currency",
    "base": "XXBT",
    "aclass_quote": "currency",
    "quote": "ZUSD",
    "lot": "unit",
    "cost_decimals": 5,
    "pair_decimals": 1,
    "lot_decimals": 8,
    "lot_multiplier": 1,
    "leverage_buy": [],
    "leverage_sell": [],
    "fees": [[0, 0.4]],
    "fees_maker": [[0, 0.25]],
    "fee_volume_currency": "ZUSD",
    "ordermin": "0.00005",
    "costmin": "0.5",
    "tick_size": "0.1",
    "status": "online",
}
ASSETS = {
    "XXBT": {"aclass": "currency", "altname": "XBT", "decimals": 10, "display_decimals": 5, "status": "enabled"},
    "ZUSD": {"aclass": "currency", "altname": "USD", "decimals": 4, "display_decimals": 2, "status": "enabled"},
}


class KrakenServer:
    """One account at a made-up Kraken. `placed` keeps what came with each new order, headers too."""

    def __init__(self) -> None:
        self.orders: dict[str, dict[str, Any]] = {}
        self.trades: dict[str, dict[str, Any]] = {}
        self.placed: list[tuple[dict[str, str], dict[str, str]]] = []
        self.sockets: list[web.WebSocketResponse] = []
        self.refuses = ""

    def runner(self) -> web.AppRunner:
        """Returns what serves it."""
        app = web.Application()
        app.router.add_route("*", "/0/{rights}/{call}", self.rest)
        app.router.add_get("/v2", self.socket)
        return web.AppRunner(app)

    async def rest(self, request: web.Request) -> web.Response:
        """Answers a call of the REST API."""
        words = dict(parse_qsl((await request.read()).decode()))
        call = request.match_info["call"]
        if call == "AddOrder":
            self.placed.append((words, dict(request.headers)))
            if self.refuses:
                return web.json_response({"error": [self.refuses]})
        result = {
            "Assets": lambda _words: ASSETS,
            "AssetPairs": lambda _words: {"XXBTZUSD": PAIR},
            "Time": lambda _words: {"unixtime": SystemClock().now() // NS_PER_S, "rfc1123": ""},
            "AddOrder": self.add,
            "CancelOrder": self.cancel,
            "QueryOrders": lambda words: {words["txid"]: self.orders[words["txid"]]},
            "OpenOrders": lambda _words: {"open": self.of("open")},
            "ClosedOrders": lambda _words: {"closed": {**self.of("closed"), **self.of("canceled")}, "count": 1},
            "TradesHistory": lambda _words: {"trades": self.trades, "count": len(self.trades)},
            "BalanceEx": lambda _words: {
                "XXBT": {"balance": "0.5000000000", "hold_trade": "0.1"},
                "ZUSD": {"balance": "1000.0000", "hold_trade": "0.0000"},
            },
        }.get(call)
        if result is None:
            return web.json_response({"error": ["EGeneral:Unknown method"]})
        if call in ("QueryOrders", "CancelOrder") and words.get("txid") not in self.orders:
            return web.json_response({"error": ["EOrder:Unknown order"]})
        return web.json_response({"error": [], "result": result(words)})

    def add(self, words: dict[str, str]) -> dict[str, Any]:
        """Takes an order; it executes whole at the touch where it crosses it."""
        number = len(self.orders) + 1
        txid, now = f"OABCDE-00000-00000{number}", SystemClock().now() // NS_PER_S
        price, crosses = Decimal(words["price"]), Decimal(words["price"]) >= ASK and words["type"] == "buy"
        self.orders[txid] = {
            "refid": None,
            "userref": None,
            "cl_ord_id": words["cl_ord_id"],
            "status": "closed" if crosses else "open",
            "opentm": now,
            "descr": {
                "pair": "XBTUSD",
                "type": words["type"],
                "ordertype": "limit",
                "price": str(price),
                "price2": "0",
                "leverage": "none",
                "order": "",
                "close": "",
            },
            "vol": words["volume"],
            "vol_exec": words["volume"] if crosses else "0.00000000",
            "cost": "0",
            "fee": "0",
            "price": str(ASK) if crosses else "0",
            "misc": "",
            "oflags": words.get("oflags", "fciq"),
        }
        if crosses:
            self.trades[f"TABCDE-00000-00000{number}"] = {
                "ordertxid": txid,
                "pair": "XXBTZUSD",
                "time": now,
                "type": words["type"],
                "ordertype": "limit",
                "price": str(ASK),
                "cost": str(ASK * Decimal(words["volume"])),
                "fee": "2.00001",
                "vol": words["volume"],
                "margin": "0",
                "misc": "",
                "trade_id": number,
                "maker": False,
            }
        return {"descr": {"order": f"{words['type']} {words['volume']} XBTUSD @ limit {price}"}, "txid": [txid]}

    def cancel(self, words: dict[str, str]) -> dict[str, Any]:
        """Cancels an order."""
        self.orders[words["txid"]]["status"] = "canceled"
        return {"count": 1}

    def of(self, status: str) -> dict[str, Any]:
        """Returns the orders in a state."""
        return {txid: order for txid, order in self.orders.items() if order["status"] == status}

    async def socket(self, request: web.Request) -> web.WebSocketResponse:
        """Tells books to whoever subscribes."""
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.sockets.append(socket)
        async for message in socket:
            if message.type is WSMsgType.TEXT and json.loads(message.data).get("method") == "subscribe":
                asked = json.loads(message.data)
                said = {"method": "subscribe", "success": True, "req_id": asked["req_id"]}
                await socket.send_json({**said, "result": {"channel": "book", "symbol": "BTC/USD", "snapshot": True}})
                await self.tell(socket, "snapshot", [(BID, "0.5"), (BID - 1, "2")], [(ASK, "1.25")])
        return socket

    async def tell(
        self, socket: web.WebSocketResponse, kind: str, bids: list[tuple[Decimal, str]], asks: list[tuple[Decimal, str]]
    ) -> None:
        """Tells a book, or a change of it."""
        sides = {
            name: ", ".join(f'{{"price": {price}, "qty": {qty}}}' for price, qty in rows)
            for name, rows in (("bids", bids), ("asks", asks))
        }
        levels = f'"bids": [{sides["bids"]}], "asks": [{sides["asks"]}]'
        stamp = '"checksum": 1, "timestamp": "2026-11-28T08:00:00.000000Z"'
        data = f'[{{"symbol": "BTC/USD", {levels}, {stamp}}}]'
        await socket.send_str(f'{{"channel": "book", "type": "{kind}", "data": {data}}}')
