"""A server of streams in virtual time: what it says and when is a script."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine

from aiohttp import web

from flatbook.sim.loop import VirtualLoop
from flatbook.sim.network.connections import Switchboard
from flatbook.sim.network.link import CalmLink, LinkFaults
from flatbook.sim.network.served import runner_of
from flatbook.values.instants import NS_PER_S, instant_of_text

START = instant_of_text("2026-06-02T14:00:00Z")
HOST = "stream.example"
URL = f"https://{HOST}"

Serve = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


def outcome_of(
    client: Callable[[VirtualLoop], Coroutine[None, None, object]], serve: Serve, link: LinkFaults | None = None
) -> tuple[object, int]:
    """Returns what a client came to, and how many seconds it took."""
    loop = VirtualLoop(START)
    Switchboard(loop, lambda _process, _host: link or CalmLink())

    async def scene() -> tuple[object, int]:
        runner = runner_of(serve)
        await runner.setup()
        await web.TCPSite(runner, HOST, 443).start()
        outcome = await client(loop)
        took_s = (loop.instant - START) // NS_PER_S
        await runner.cleanup()
        return outcome, took_s

    seen = loop.run_until_complete(scene())
    assert loop.faults == []
    loop.close()
    return seen


async def rest(seconds: float) -> None:
    """Lets virtual time pass."""
    await asyncio.sleep(seconds)
