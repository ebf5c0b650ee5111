"""A simulated node behind HTTP, over TCP."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import aiohttp
from aiohttp import web

from flatbook.sim.evm.node import NodeTerms
from flatbook.sim.evm.server import NodeServer
from tests.unit.sim.evm.scene import Chain, Faulty, Wall, fill, node_of

HEAD = {"jsonrpc": "2.0", "id": 7, "method": "eth_blockNumber"}
rested: list[int] = []


async def rest(ms: int) -> None:
    rested.append(ms)


def asked(faults: Faulty, ask: Callable[[aiohttp.ClientSession, str], Coroutine[None, None, Any]]) -> Any:
    chain = Chain(Wall())
    chain.grow(fill(1))
    rested.clear()

    async def scene() -> Any:
        server = NodeServer(node_of(chain, faults, terms=NodeTerms(calls_max=3)), rest=rest).runner()
        await server.setup()
        site = web.TCPSite(server, "127.0.0.1", 0)
        await site.start()
        port = server.addresses[0][1]
        try:
            async with aiohttp.ClientSession() as session:
                return await ask(session, f"http://127.0.0.1:{port}/")
        finally:
            await server.cleanup()

    return asyncio.run(scene())


def posted(faults: Faulty, body: Any) -> Any:
    async def ask(session: aiohttp.ClientSession, url: str) -> Any:
        async with session.post(url, json=body) as response:
            return await response.json()

    return asked(faults, ask)


def test_a_call_is_answered_by_its_id() -> None:
    assert posted(Faulty(), HEAD) == {"jsonrpc": "2.0", "id": 7, "result": "0x1"}
    assert rested == [10]


def test_a_batch_is_answered_at_once_and_takes_as_long_as_one_call() -> None:
    answers = posted(Faulty(), [HEAD, {**HEAD, "id": 8, "method": "eth_chainId"}])
    assert [(answer["id"], answer["result"]) for answer in answers] == [(7, "0x1"), (8, "0x2105")]
    assert rested == [10]


def test_a_batch_that_is_too_long_is_refused_whole() -> None:
    assert posted(Faulty(), [HEAD] * 4)["error"] == {"code": -32005, "message": "batch limit 3 exceeded"}


def test_an_answer_may_leave_a_call_out() -> None:
    faults = Faulty()
    faults.leaving_out = True
    assert [answer["id"] for answer in posted(faults, [HEAD, {**HEAD, "id": 8}])] == [7]


def test_what_is_no_call_is_refused() -> None:
    async def ask(session: aiohttp.ClientSession, url: str) -> Any:
        async with session.post(url, data=b"{") as response:
            return await response.json()

    assert asked(Faulty(), ask)["error"]["code"] == -32700
    assert posted(Faulty(), "head")["error"]["code"] == -32602
    assert posted(Faulty(), {**HEAD, "method": "eth_mine"})["error"]["code"] == -32601
