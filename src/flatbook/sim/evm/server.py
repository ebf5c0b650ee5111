"""A simulated node behind HTTP: aiohttp's server, over connections in memory as well as over TCP."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

import msgspec
from aiohttp import web

from flatbook.sim.evm.node import PARAMS_WRONG, RpcError, SimulatedNode
from flatbook.sim.network.served import runner_of

JSON = "application/json"
PARSE_ERROR, TOO_MANY = -32700, -32005

Rest = Callable[[int], Awaitable[None]]


class NodeServer:
    """A node that answers JSON-RPC over HTTP, single calls and batches. Units: `rest` is called with ms."""

    def __init__(self, node: SimulatedNode, *, rest: Rest) -> None:
        self._node, self._rest = node, rest
        self.calls: dict[str, int] = {}

    def runner(self) -> web.ServerRunner:
        """Returns what serves it: set up, then given a site such as `web.TCPSite`."""
        return runner_of(self._answer)

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        try:
            asked = await request.read()
        except ConnectionError:
            return web.Response(status=400)
        if self._node.terms.request_ms:
            await self._rest(self._node.terms.request_ms)
        return web.Response(body=self.answer(asked), headers={"Content-Type": JSON})

    def answer(self, asked: bytes) -> bytes:
        """Returns what the node answers to the body of a request, after it has followed the chain."""
        try:
            calls = msgspec.json.decode(asked)
        except msgspec.DecodeError:
            return msgspec.json.encode(_failed(None, PARSE_ERROR, "parse error"))
        self._node.follow()
        if not isinstance(calls, list):
            return msgspec.json.encode(self._one(calls))
        if len(calls) > self._node.terms.calls_max:
            return msgspec.json.encode(_failed(None, TOO_MANY, f"batch limit {self._node.terms.calls_max} exceeded"))
        answers = [self._one(each) for each in calls]
        return msgspec.json.encode(answers[:-1] if self._node.faults.leaves_out() else answers)

    def _one(self, asked: object) -> dict[str, object]:
        if not isinstance(asked, Mapping):
            return _failed(None, PARAMS_WRONG, "invalid request")
        method = str(asked.get("method"))
        self.calls[method] = self.calls.get(method, 0) + 1
        found = self._node.answer(method, asked.get("params", []))
        if isinstance(found, RpcError):
            return _failed(asked.get("id"), found.code, found.message)
        return {"jsonrpc": "2.0", "id": asked.get("id"), "result": found}


def _failed(number: object, code: int, message: str) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": number, "error": {"code": code, "message": message}}
