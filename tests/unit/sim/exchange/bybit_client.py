"""A client by hand for tests of the simulated Bybit: it signs as the documentation says, and keeps what it saw."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from typing import Any, Protocol
from urllib.parse import urlencode

import aiohttp

from flatbook.sim.network.connector import SimulatedConnector
from flatbook.values.instants import NS_PER_MS, Instant
from tests.exchange import KEY, SECRET, URL, WS_URL

WINDOW = "5000"


def signature(secret: str, text: str) -> str:
    """Returns the signature of a text."""
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


class Timed(Protocol):
    """Who knows the time and lets it pass."""

    def now(self) -> Instant: ...

    async def pass_ms(self, ms: int) -> None: ...


class Client:
    """A session with one key. Answers are (retCode, result)."""

    def __init__(
        self, scene: Timed, key: str = KEY, secret: str = SECRET, *, connector: aiohttp.BaseConnector | None = None
    ) -> None:
        self._scene, self._key, self._secret = scene, key, secret
        self._session = aiohttp.ClientSession(connector=connector or SimulatedConnector())
        self.url, self.ws_url = (URL, WS_URL) if connector is None else ("http://paper", "ws://paper")
        self.headers: dict[str, str] = {}
        self.category = "linear"
        self._readings: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def get(self, path: str, *, late_ms: int = 0, **params: object) -> tuple[int, Any]:
        """Asks for a path."""
        query = urlencode({"category": self.category, **params})
        return await self._ask("GET", f"{self.url}/v5{path}?{query}", query, None, late_ms)

    async def post(self, path: str, **words: object) -> tuple[int, Any]:
        """Does what a path does."""
        body = json.dumps({"category": self.category, **words})
        return await self._ask("POST", f"{self.url}/v5{path}", body, body, 0)

    async def order(self, **words: object) -> tuple[int, Any]:
        """Places a limit order to buy, but for what is stated otherwise."""
        shared = {"symbol": "BTCUSDT", "side": "Buy", "orderType": "Limit", "qty": "0.01", "price": "49000"}
        return await self.post("/order/create", **{**shared, **words})

    async def listen(self, path: str, into: list[Any], *topics: str, auth: bool = False) -> None:
        """Opens a stream with topics, whose messages are put into a list until it ends."""
        socket = await self._session.ws_connect(f"{self.ws_url}/v5{path}")
        if auth:
            expires = self._scene.now() // NS_PER_MS + 10_000
            args = [self._key, expires, signature(self._secret, f"GET/realtime{expires}")]
            await socket.send_json({"op": "auth", "args": args})
        await socket.send_json({"op": "subscribe", "args": list(topics)})

        async def reading() -> None:
            try:
                async for message in socket:
                    into.extend([message.json()])
                into.append("closed")
            finally:
                await socket.close()

        self._readings.append(asyncio.get_running_loop().create_task(reading()))
        await self._scene.pass_ms(100)

    def stop_listening(self) -> None:
        """Closes all streams."""
        for reading in self._readings:
            reading.cancel()

    async def _ask(self, method: str, url: str, signed: str, body: str | None, late_ms: int) -> tuple[int, Any]:
        stamp = str(self._scene.now() // NS_PER_MS - late_ms)
        headers = {
            "X-BAPI-API-KEY": self._key,
            "X-BAPI-TIMESTAMP": stamp,
            "X-BAPI-RECV-WINDOW": WINDOW,
            "X-BAPI-SIGN": signature(self._secret, f"{stamp}{self._key}{WINDOW}{signed}"),
            "Content-Type": "application/json",
        }
        async with self._session.request(method, url, headers=headers, data=body) as answer:
            self.headers = dict(answer.headers)
            told = await answer.json(content_type=None)
            return told["retCode"], told["result"]
