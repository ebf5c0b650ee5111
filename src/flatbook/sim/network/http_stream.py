"""The streams of a simulated broker: WebSockets on the same server, and what is said on them.

Pure desks talk: a desk is told what it hears, and says what it wants through a line. Nothing here has a clock; who lets
the time of the broker pass makes its desk say what is new.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from aiohttp import WSMsgType, web

from flatbook.sim.network.event_lines import carry_events
from flatbook.values.instants import Instant

if TYPE_CHECKING:
    from flatbook.sim.network.http_broker import Ask

WAITING_MAX = 1_000
HEARD_BYTES_MAX = 65_536

Say = Callable[[str | bytes | None], None]


class Talk(Protocol):
    """One open stream as the broker sees it."""

    def hear(self, said: str | bytes, now: Instant) -> None:
        """Takes what the client said."""

    def gone(self) -> None:
        """Forgets the stream: it is closed."""


class StreamDesk(Protocol):
    """The part of a broker that streams. Pure: no bytes travel."""

    def is_stream(self, ask: Ask) -> bool:
        """Whether a request asks for a stream."""

    def open(self, ask: Ask, say: Say, now: Instant) -> Talk:
        """Opens a stream. `say` sends one message, text or bytes; None closes after all that was said before."""


class _Line:
    """What waits to be sent on a stream. A client that does not read is cut off."""

    def __init__(self, response: web.WebSocketResponse) -> None:
        self._response = response
        self._waiting: asyncio.Queue[str | bytes | None] = asyncio.Queue(WAITING_MAX + 1)
        self._is_closed = False

    def say(self, message: str | bytes | None) -> None:
        """Puts a message in line; too many, or the end, close the line."""
        if self._is_closed:
            return
        self._is_closed = message is None or self._waiting.qsize() >= WAITING_MAX
        self._waiting.put_nowait(None if self._is_closed else message)

    async def send(self) -> None:
        """Sends what is put in line until the end of the line."""
        while (message := await self._waiting.get()) is not None:
            if isinstance(message, str):
                await self._response.send_str(message)
            else:
                await self._response.send_bytes(message)
        await self._response.close()


async def carry(
    request: web.BaseRequest, opened: Callable[[Say], Talk], now: Callable[[], Instant]
) -> web.StreamResponse:
    """Carries one stream until either side ends it: a socket where the request asks for one, else events."""
    if request.headers.get("Upgrade", "").lower() != "websocket":
        return await carry_events(request, opened)
    response = web.WebSocketResponse(max_msg_size=HEARD_BYTES_MAX)
    try:
        await response.prepare(request)
    except ConnectionError:  # whoever asked has gone already
        return response
    line = _Line(response)
    talk = opened(line.say)
    sending = asyncio.get_running_loop().create_task(_until_lost(line))
    try:
        async for message in response:
            if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                talk.hear(message.data, now())
    finally:
        talk.gone()
        line.say(None)
        sending.cancel()
    return response


async def _until_lost(line: _Line) -> None:
    try:
        await line.send()
    except ConnectionError:
        return
