"""The network of a world on bytes: hosts that serve, the faulty links to them, and the sessions of the desk's lives."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from flatbook.engine.ports import Clock
from flatbook.sim.loop import inside
from flatbook.sim.network.connections import Switchboard
from flatbook.sim.network.connector import SimulatedConnector
from flatbook.sim.network.wire_faults import InjectedLink
from flatbook.sim.world.outside import Outside
from flatbook.venues.event_stream import SessionEvents
from flatbook.venues.http import Request, SessionHttp

PORT = 443
CLOSE_S_MAX = 1


class WireNetwork:
    """Connects processes with hosts. A link is between a process, whatever its life, and a host."""

    def __init__(self, seed: str, outside: Outside) -> None:
        self._seed, self._outside = seed, outside
        self._https: list[SessionHttp] = []
        self._links: dict[tuple[str, str], InjectedLink] = {}
        self._served: dict[str, str] = {}
        self._board = Switchboard(outside.loop, self._link)
        self._serving: list[asyncio.Task[None]] = []
        self.closing: list[Callable[[], Awaitable[None]]] = []

    def serve(self, runner: Callable[[], web.ServerRunner], host: str, process: str) -> None:
        """Lets a process serve a host from now on. `runner` makes the server, within the loop."""
        self._served[host] = process
        self._serving.append(self._outside.loop.create_task(_serve(runner, host), context=inside(process)))

    def http(
        self,
        host: str,
        clock: Clock,
        *,
        authorize: Callable[[], Mapping[str, str]] = dict,
        sign: Callable[[Request], Request] | None = None,
    ) -> SessionHttp:
        """Returns a way to a host with connections of its own. `sign` signs each request, where something does."""
        http = SessionHttp(f"https://{host}", clock, connect=SimulatedConnector, authorize=authorize, sign=sign)
        self._https.append(http)
        return http

    def events(self, host: str, clock: Clock, *, authorize: Callable[[], Mapping[str, str]]) -> SessionEvents:
        """Returns a way to the streams of events of a host; each stream has a connection of its own."""
        return SessionEvents(f"https://{host}", clock, connect=SimulatedConnector, authorize=authorize)

    async def rest(self, ms: int) -> None:
        """Lets a span of time pass. Units: ms."""
        rested = self._outside.loop.create_future()
        timer = self._outside.loop.call_later(ms * 0.001, rested.set_result, None)
        try:
            await rested
        finally:
            timer.cancel()

    def lose(self, process: str) -> None:
        """Breaks the connections of a process that has ended, as its kernel does."""
        self._board.lose(process, silently=False)

    def close(self) -> None:
        """Closes the sessions of all lives, after the end of the world."""
        self._outside.loop.run_until_complete(self._close())

    async def _close(self) -> None:
        for close in (*self.closing, *(http.close for http in self._https)):
            try:
                await asyncio.wait_for(close(), CLOSE_S_MAX)
            except TimeoutError:
                continue

    def _link(self, process: str, host: str) -> InjectedLink:
        """Returns the link of a process with a host. Its name, and so its chance, is that of both."""
        caller = process.partition("#")[0] or "outside"
        key = (caller, host)
        if key not in self._links:
            name = f"{caller}-{self._served.get(host, host)}"
            self._links[key] = InjectedLink(name, self._seed, self._outside.loop, self._outside.injection)
        return self._links[key]


async def _serve(runner: Callable[[], web.ServerRunner], host: str) -> None:
    server = runner()
    await server.setup()
    await web.TCPSite(server, host, PORT).start()
