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
            asked = msgspec.json.decode(await request.read())
        except msgspec.DecodeError:
            return self._response(_failed(None, PARSE_ERROR, "parse error"))
        except ConnectionError:
            return web.Response(status=400)
        if self._node.terms.request_ms:
            await self._rest(self._node.terms.request_ms)
        self._node.follow()
        if not isinstance(asked, list):
            return self._response(self._one(asked))
        if len(asked) > self._node.terms.calls_max:
            return self._response(_failed(None, TOO_MANY, f"batch limit {self._node.terms.calls_max} exceeded"))
        answers = [self._one(each) for each in asked]
        return self._response(answers[:-1] if self._node.faults.leaves_out() else answers)

    def _one(self, asked: object) -> dict[str, object]:
        if not isinstance(asked, Mapping):
            return _failed(None, PARAMS_WRONG, "invalid request")
        method = str(asked.get("method"))
        self.calls[method] = self.calls.get(method, 0) + 1
        found = self._node.answer(method, asked.get("params", []))
        if isinstance(found, RpcError):
            return _failed(asked.get("id"), found.code, found.message)
        return {"jsonrpc": "2.0", "id": asked.get("id"), "result": found}

    def _response(self, content: object) -> web.Response:
        return web.Response(body=msgspec.json.encode(content), headers={"Content-Type": JSON})


def _failed(number: object, code: int, message: str) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": number, "error": {"code": code, "message": message}}
