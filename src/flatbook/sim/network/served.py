"""Serving from inside a world: what breaks in a server there breaks the world, and is no answer of the server."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType

from aiohttp import web

CLOSE_S_MAX = 1
"""How long an end of serving waits for answers that go on, such as streams of events whose client is gone."""

Answer = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class Telling:
    """A block in which nothing of the product runs: the loop hears of an exception that leaves it, unless cancelled.

    The exception goes on its way, where the product or its libraries may bear it. The report makes the world red.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, what: str) -> None:
        self._loop, self._what = loop, what

    def __enter__(self) -> None:
        """Begins the block."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Tells what broke."""
        if error is not None and not isinstance(error, asyncio.CancelledError):
            told = f"{self._what} broke: {type(error).__name__}: {error}"
            self._loop.call_exception_handler({"message": told, "exception": error})


def runner_of(answer: Answer) -> web.ServerRunner:
    """Returns what serves answers: set up, then given a site such as `web.TCPSite`.

    aiohttp makes an answer 500 of an exception, which the product bears like any other: a world would stay green though
    an injector or a server of ours broke. So the loop hears of it first.
    """

    async def told(request: web.BaseRequest) -> web.StreamResponse:
        with Telling(asyncio.get_running_loop(), "a simulated server"):
            return await answer(request)

    return web.ServerRunner(web.Server(told, access_log=None), shutdown_timeout=CLOSE_S_MAX)
