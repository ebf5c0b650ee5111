"""aiohttp's client and server over the simulated network."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from random import Random

import aiohttp
import pytest
from aiohttp import web

from flatbook.sim.loop import VirtualLoop
from flatbook.sim.network.connections import Switchboard
from flatbook.sim.network.connector import SimulatedConnector
from flatbook.sim.network.link import CalmLink, Loss, Way
from flatbook.values.instants import Instant
from tests.unit.sim.network.scene import HOST, MS, PORT, START, ScriptedLink, world

URL = f"https://{HOST}/orders"
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]
Client = Callable[[aiohttp.ClientSession], Coroutine[None, None, object]]
SILENT = ["ConnectionTimeoutError"]
DATE = "Mon, 01 Dec 2025 14:30:00 GMT"


async def served(answer: Answer, client: Client) -> object:
    """Returns what a client makes of a session while a server answers in the same world."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, HOST, PORT).start()
    timeout = aiohttp.ClientTimeout(total=30, sock_connect=5)
    async with aiohttp.ClientSession(connector=SimulatedConnector(limit=4), timeout=timeout) as session:
        outcome = await client(session)
    await asyncio.sleep(1)
    await runner.cleanup()
    return outcome


def outcome_of(link: ScriptedLink | None, client: Client) -> tuple[object, list[str]]:
    loop, board = world(link)
    heard: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        heard.append(f"{request.method} {request.path} {(await request.text())}")
        return web.json_response({"heard": len(heard)}, headers={"Date": DATE})

    outcome = loop.run_until_complete(served(answer, client))
    loop.run_forever()
    assert (board.open_connections(), loop.faults) == (0, [])
    return outcome, heard


async def post_twice(session: aiohttp.ClientSession) -> list[object]:
    seen: list[object] = []
    for number in range(2):
        try:
            async with session.post(URL, json={"n": number}) as response:
                seen.append((response.status, await response.json()))
        except (aiohttp.ClientError, TimeoutError) as error:
            seen.append(type(error).__name__)
        seen.append(asyncio.get_running_loop().time())
    return seen


def test_a_session_and_a_server_talk_in_virtual_time_over_one_connection() -> None:
    outcome, heard = outcome_of(None, post_twice)
    assert outcome == [(200, {"heard": 1}), 0.04, (200, {"heard": 2}), 0.06]
    assert heard == ['POST /orders {"n": 0}', 'POST /orders {"n": 1}']


@pytest.mark.parametrize(
    ("link", "outcome", "heard"),
    [
        (ScriptedLink(resolves=False), ["ClientConnectorDNSError", 0.0] * 2, 0),
        (ScriptedLink(refuses=True), ["ClientConnectorError", 0.02, "ClientConnectorError", 0.04], 0),
        (ScriptedLink(losses={1: Loss.THIS_WAY, 2: Loss.THIS_WAY}), [*SILENT, 5.0, *SILENT, 10.0], 0),
        (ScriptedLink(losses={3: Loss.THIS_WAY}), ["TimeoutError", 30.0, (200, {"heard": 1}), 30.04], 1),
        (ScriptedLink(losses={4: Loss.THIS_WAY}), ["TimeoutError", 30.0, (200, {"heard": 2}), 30.04], 2),
        (ScriptedLink(losses={3: Loss.BOTH_WAYS}), ["TimeoutError", 30.0, (200, {"heard": 1}), 30.04], 1),
        (
            ScriptedLink(cuts={Way.REQUEST: 60}),
            ["ClientOSError", 0.03, "ClientOSError", 0.06],
            0,
        ),
        (ScriptedLink(cuts={Way.ANSWER: 60}), ["ClientOSError", 0.040001, "ClientOSError", 0.080002], 2),
    ],
)
def test_each_fault_of_the_network_reaches_the_session_as_its_own_error(
    link: ScriptedLink, outcome: list[object], heard: int
) -> None:
    seen, requests = outcome_of(link, post_twice)
    assert (seen, len(requests)) == (outcome, heard)


def test_a_request_that_lingers_is_served_after_the_client_gave_up() -> None:
    link = ScriptedLink(delays_ns={Way.REQUEST: 20_000 * MS, Way.ANSWER: 0})
    loop, _ = world(link)
    served_at: list[float] = []

    async def answer(request: web.Request) -> web.Response:
        await request.read()
        served_at.append(loop.time())
        return web.Response()

    async def patient(session: aiohttp.ClientSession) -> object:
        timeout = aiohttp.ClientTimeout(total=23)
        with pytest.raises(TimeoutError):
            await session.post(URL, data=b"x", timeout=timeout)
        await asyncio.sleep(60)
        return loop.time()

    assert loop.run_until_complete(served(answer, patient)) == 83.0
    assert served_at == [40.0]


def test_an_idle_connection_is_closed_after_fifteen_seconds() -> None:
    loop, board = world()

    async def client(session: aiohttp.ClientSession) -> list[int]:
        seen = []
        await (await session.get(URL)).read()
        for _ in range(2):
            await asyncio.sleep(8)
            seen.append(board.open_connections())
        return seen

    async def answer(request: web.Request) -> web.Response:
        return web.Response()

    assert loop.run_until_complete(served(answer, client)) == [2, 0]


def test_more_requests_than_connections_wait_for_their_turn() -> None:
    loop, _ = world()

    async def client(session: aiohttp.ClientSession) -> float:
        await asyncio.gather(*(one(session) for _ in range(9)))
        return loop.time()

    async def one(session: aiohttp.ClientSession) -> None:
        async with session.get(URL) as response:
            await response.read()

    async def answer(request: web.Request) -> web.Response:
        await asyncio.sleep(1)
        return web.Response()

    assert loop.run_until_complete(served(answer, client)) == 3.08


def trace_of_a_run() -> str:
    """Returns all that a busy world does, for another process to compare."""
    loop = VirtualLoop(Instant(START), order=Random(9))
    chance = Random(4)

    class Shaky(ScriptedLink):
        def delay_ns(self, way: Way) -> int:
            return chance.randrange(50 * MS)

        def loss(self, way: Way) -> Loss:
            return Loss.THIS_WAY if chance.random() < 0.05 else Loss.NONE

    link = Shaky()
    Switchboard(loop, lambda _process, host: link if host == HOST else CalmLink())
    seen: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        body = await request.text()
        seen.append(f"{body}@{loop.instant - START}")
        return web.Response(text=body, headers={"Date": DATE})

    async def worker(session: aiohttp.ClientSession, name: str) -> None:
        for number in range(8):
            try:
                async with session.post(URL, data=f"{name}{number}") as response:
                    seen.append(f"{response.status} {await response.text()}@{loop.instant - START}")
            except (aiohttp.ClientError, TimeoutError) as error:
                seen.append(f"{type(error).__name__}@{loop.instant - START}")

    async def client(session: aiohttp.ClientSession) -> None:
        await asyncio.gather(*(worker(session, name) for name in "abcdef"))

    loop.run_until_complete(served(answer, client))
    return " ".join([*seen, str(loop.callbacks_run)])


def test_the_same_run_gives_the_same_trace_twice() -> None:
    first = trace_of_a_run()
    assert "TimeoutError" in first
    assert first == trace_of_a_run()


@pytest.mark.real
def test_two_hash_seeds_give_the_same_trace() -> None:
    root = Path(__file__).parents[4]

    def in_process(hash_seed: str) -> str:
        code = "from tests.unit.sim.network.test_connector import trace_of_a_run; print(trace_of_a_run())"
        paths = os.pathsep.join((str(root), str(root / "src")))
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=root,
            env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": paths},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    assert in_process("1") == in_process("2") == trace_of_a_run()
