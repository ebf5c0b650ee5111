"""New blocks as a node tells them, in virtual time, with a server that does as a script says."""

from __future__ import annotations

import asyncio

import msgspec
import pytest
from aiohttp import web

from flatbook.sim.loop import VirtualLoop
from flatbook.sim.network.connector import SimulatedConnector
from flatbook.sim.world.process import LoopClock
from flatbook.values.instants import NS_PER_S
from flatbook.venues.evm.heads import Heads
from flatbook.venues.websocket import SessionSocket
from tests.unit.venues.stream_scene import URL, Serve, outcome_of

HEAD = '{"jsonrpc":"2.0","method":"eth_subscription","params":{"subscription":"0x1","result":{"number":"0x5"}}}'
SUBSCRIBED = '{"jsonrpc":"2.0","id":1,"result":"0x1"}'


def hints_of(serve: Serve, *, seconds: int) -> list[int]:
    """Returns at which seconds there was a hint."""
    hints: list[int] = []

    async def client(loop: VirtualLoop) -> object:
        clock = LoopClock(loop)
        start = clock.now()
        heads = Heads(SessionSocket(URL, clock, connect=SimulatedConnector), "/v2/a-key")
        following = asyncio.create_task(heads.follow(lambda: hints.append((clock.now() - start) // NS_PER_S), clock))
        await asyncio.sleep(seconds)
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        return heads.told

    outcome_of(client, serve)
    return hints


async def opened(request: web.BaseRequest) -> web.WebSocketResponse:
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    return socket


def test_each_head_is_a_hint_and_the_subscription_is_asked_for_by_its_name() -> None:
    asked: list[tuple[str, object]] = []

    async def serve(request: web.BaseRequest) -> web.StreamResponse:
        socket = await opened(request)
        asked.append((request.path, msgspec.json.decode((await socket.receive()).data)["params"]))
        await socket.send_str(SUBSCRIBED)
        for _ in range(3):
            await asyncio.sleep(2)
            await socket.send_str(HEAD)
        await socket.receive()
        return socket

    assert hints_of(serve, seconds=9) == [2, 4, 6]
    assert asked == [("/v2/a-key", ["newHeads"])]


@pytest.mark.parametrize("told", ["no JSON", "[" * 2_000, '{"method": 5}', SUBSCRIBED, '"eth_subscription"'])
def test_what_is_no_head_is_no_hint(told: str) -> None:
    async def serve(request: web.BaseRequest) -> web.StreamResponse:
        socket = await opened(request)
        await socket.receive()
        await socket.send_str(told)
        await socket.receive()
        return socket

    assert hints_of(serve, seconds=9) == []


def test_a_connection_that_ends_is_a_hint_and_is_opened_again_after_a_while() -> None:
    async def serve(request: web.BaseRequest) -> web.StreamResponse:
        socket = await opened(request)
        await socket.receive()
        await socket.close()
        return socket

    assert hints_of(serve, seconds=25) == [0, 10, 20]
