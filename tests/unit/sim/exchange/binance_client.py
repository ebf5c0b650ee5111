"""A client by hand for tests of the simulated Binance: it signs as the documentation says, and keeps what it saw."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from typing import Any
from urllib.parse import urlencode

import aiohttp

from flatbook.sim.network.connector import SimulatedConnector
from flatbook.values.instants import NS_PER_MS
from tests.exchange import KEY, SECRET, URL, WS_URL, Scene


class Client:
    """A session with one key. Answers are (status, content)."""

    def __init__(self, scene: Scene, key: str = KEY, secret: str = SECRET) -> None:
        self._scene, self._key, self._secret = scene, key, secret
        self._session = aiohttp.ClientSession(connector=SimulatedConnector())
        self.headers: dict[str, str] = {}

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    def signed(self, **params: object) -> str:
        """Returns a query with a time stamp and a signature."""
        query = urlencode({**params, "timestamp": params.get("timestamp", self._scene.now() // NS_PER_MS)})
        return f"{query}&signature={hmac.new(self._secret.encode(), query.encode(), hashlib.sha256).hexdigest()}"

    async def ask(self, method: str, path: str, query: str = "") -> tuple[int, Any]:
        """Asks for a path with the key."""
        url = f"{URL}{path}" + (f"?{query}" if query else "")
        async with self._session.request(method, url, headers={"X-MBX-APIKEY": self._key}) as answer:
            self.headers = dict(answer.headers)
            return answer.status, await answer.json(content_type=None)

    async def call(self, method: str, path: str, **params: object) -> tuple[int, Any]:
        """Asks for a path with a signature."""
        return await self.ask(method, path, self.signed(**params))

    async def order(self, path: str = "/fapi/v1/order", **params: object) -> tuple[int, Any]:
        """Places a limit order to buy, but for what is stated otherwise."""
        words: dict[str, object] = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC"}
        words |= {"quantity": "0.010", "price": "49000.0"} | params
        return await self.call("POST", path, **{name: value for name, value in words.items() if value is not None})

    async def listen(self, path: str, into: list[Any], *, say: object = None) -> asyncio.Task[None]:
        """Opens a stream whose messages are put into a list until it ends."""
        socket = await self._session.ws_connect(f"{WS_URL}{path}")
        if say is not None:
            await socket.send_json(say)

        async def reading() -> None:
            async for message in socket:
                into.extend([message.json()])
            into.append("closed")

        return asyncio.get_running_loop().create_task(reading())
