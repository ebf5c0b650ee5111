"""Server-sent events of a simulated broker: one answer that goes on for as long as its client listens."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from flatbook.sim.network.http_stream import Say, Talk

WAITING_MAX = 10_000
HEADERS = {"Content-Type": "text/event-stream", "Cache-Control": "no-cache"}


async def carry_events(request: web.BaseRequest, opened: Callable[[Say], Talk]) -> web.StreamResponse:
    """Carries what is said on one stream until either side ends it. A client that reads too slowly loses some."""
    response = web.StreamResponse(headers=HEADERS)
    await response.prepare(request)
    waiting: asyncio.Queue[str | bytes | None] = asyncio.Queue(WAITING_MAX + 1)

    def say(message: str | bytes | None) -> None:
        if message is None or waiting.qsize() < WAITING_MAX:
            with contextlib.suppress(asyncio.QueueFull):
                waiting.put_nowait(message)

    talk = opened(say)
    try:
        while (message := await waiting.get()) is not None:
            await response.write(message.encode() if isinstance(message, str) else message)
    except ConnectionError:
        return response
    finally:
        talk.gone()
    return response
