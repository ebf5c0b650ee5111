"""A node with faults: a server before anvil that passes calls and WebSocket words on, unless it is told otherwise.

It runs in a thread of its own, so that a test and a desk in another process can use it; the test sets its faults.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import aiohttp
from aiohttp import WSMsgType, web

from tests.real.anvil import Anvil

START_S = 10
STALL_S_MAX = 60
STALL_STEP_S = 0.05
BODY_BYTES_MAX = 64 * 1024 * 1024
TAGS = ("latest", "pending", "safe", "finalized")

Call = dict[str, Any]


class NodeProxy:
    """One way to a chain. `url` and `ws_url` are for the code under test; the rest are its faults.

    `lag`: it shows the chain as it was so many blocks ago. `refusing`: it answers 503. `stalled`: it takes requests and
    does not answer until it no longer is. `deaf`: its WebSockets stay open and say nothing. `cut` closes them all.
    """

    def __init__(self, chain: Anvil) -> None:
        self.lag = 0
        self.refusing = self.stalled = self.deaf = False
        self.url = self.ws_url = ""
        self.asked = 0
        self._chain = chain
        self._sockets: list[web.WebSocketResponse] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._over: asyncio.Event | None = None
        self._serving = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Starts to serve, and returns when it does."""
        self._thread.start()
        assert self._serving.wait(START_S), "the proxy does not start"

    def stop(self) -> None:
        """Ends all connections and the thread."""
        assert self._loop is not None
        assert self._over is not None
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(START_S)

    def cut(self) -> None:
        """Closes every WebSocket that is open."""
        assert self._loop is not None
        asyncio.run_coroutine_threadsafe(self._close_sockets(), self._loop).result(START_S)

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        self._session = aiohttp.ClientSession()
        app = web.Application(client_max_size=BODY_BYTES_MAX)
        app.router.add_post("/", self._answer)
        app.router.add_get("/", self._talk)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        port = runner.addresses[0][1]
        self.url, self.ws_url = f"http://127.0.0.1:{port}", f"ws://127.0.0.1:{port}"
        self._serving.set()
        await self._over.wait()
        await self._close_sockets()
        await runner.cleanup()
        await self._session.close()

    async def _close_sockets(self) -> None:
        sockets, self._sockets = self._sockets, []
        for socket in sockets:
            with suppress(ConnectionError):
                await socket.close()

    # Calls.

    async def _answer(self, request: web.Request) -> web.Response:
        self.asked += 1
        stated = json.loads(await request.read())
        for _ in range(int(STALL_S_MAX / STALL_STEP_S)):
            if not self.stalled:
                break
            await asyncio.sleep(STALL_STEP_S)
        if self.refusing or self.stalled:
            return web.Response(status=503)
        calls: list[Call] = stated if isinstance(stated, list) else [stated]
        answers = await self._answers_of(calls)
        return web.json_response(answers if isinstance(stated, list) else answers[0])

    async def _answers_of(self, calls: list[Call]) -> list[Call]:
        if not self.lag:
            return await self._pass(calls)
        tip = await self._tip()
        answers = []
        for call in calls:
            answer = _before(call, tip)
            answers.append((await self._pass([call]))[0] if answer is None else answer)
        return answers

    async def _pass(self, calls: list[Call]) -> list[Call]:
        async with self._session.post(self._chain.url, json=calls) as reply:
            found: list[Call] = await reply.json()
        return found

    async def _tip(self) -> int:
        (answer,) = await self._pass([{"jsonrpc": "2.0", "id": 0, "method": "eth_blockNumber", "params": []}])
        return max(0, int(answer["result"], 16) - self.lag)

    # WebSockets.

    async def _talk(self, request: web.Request) -> web.WebSocketResponse:
        ours = web.WebSocketResponse()
        await ours.prepare(request)
        self._sockets.append(ours)
        async with self._session.ws_connect(self._chain.ws_url) as theirs:
            saying = asyncio.create_task(self._say(theirs, ours))
            async for message in ours:
                if message.type is WSMsgType.TEXT:
                    await theirs.send_str(message.data)
            saying.cancel()
        return ours

    async def _say(self, theirs: aiohttp.ClientWebSocketResponse, ours: web.WebSocketResponse) -> None:
        async for message in theirs:
            if message.type is WSMsgType.TEXT and not self.deaf:
                with suppress(ConnectionError):
                    await ours.send_str(message.data)


def _before(call: Call, tip: int) -> Call | None:
    """Returns what a node that has only the blocks up to `tip` answers by itself; else changes what is passed on."""

    def told(result: object) -> Call:
        return {"jsonrpc": "2.0", "id": call.get("id"), "result": result}

    method, params = call["method"], call["params"]
    if method == "eth_blockNumber":
        return told(hex(tip))
    if method == "eth_getBlockByNumber":
        if params[0] in ("latest", "pending"):
            call["params"] = [hex(tip), *params[1:]]
        elif params[0] not in TAGS and int(params[0], 16) > tip:
            return told(None)
    if method == "eth_getLogs" and "fromBlock" in params[0]:
        first, last = params[0]["fromBlock"], params[0].get("toBlock", "latest")
        if first not in TAGS and int(first, 16) > tip:
            return told([])
        if last in ("latest", "pending") or (last not in TAGS and int(last, 16) > tip):
            call["params"] = [{**params[0], "toBlock": hex(tip)}]
    return None


@contextmanager
def proxied(chain: Anvil) -> Iterator[NodeProxy]:
    """Gives one more way to a chain, without faults at first."""
    proxy = NodeProxy(chain)
    proxy.start()
    try:
        yield proxy
    finally:
        proxy.stop()
