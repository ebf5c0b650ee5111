"""The edge of server-sent events: one answer that goes on, line by line, until it ends or falls silent.

Source: WHATWG HTML, Server-sent events: lines of `data:` make an event that an empty line ends, and a line that begins
with a colon is a comment, which tells that the server lives.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import urlencode

import aiohttp

from flatbook.engine.ports import Clock
from flatbook.venues.http import Request
from flatbook.venues.silence import Line, Patience, StreamEnd, unless_silent

KIND = "text/event-stream"
EVENT_BYTES_MAX = 1_048_576
EVENTS_PATIENCE = Patience(beat_s=15, silence_s=90)

_NO_TIMEOUTS = aiohttp.ClientTimeout(total=None, connect=None, sock_connect=None, sock_read=None)

HearEvent = Callable[[bytes], None]


class EventLines:
    """Puts events together from pieces of bytes, wherever they are cut."""

    def __init__(self, hear: HearEvent, comment: HearEvent) -> None:
        self._hear, self._comment = hear, comment
        self._rest = b""
        self._event: list[bytes] = []

    def take(self, piece: bytes) -> bool:
        """Takes a piece of the stream; returns whether what is held is still within EVENT_BYTES_MAX."""
        *lines, self._rest = (self._rest + piece).split(b"\n")
        for line in lines:
            self._take_line(line.removesuffix(b"\r"))
        return len(self._rest) + sum(map(len, self._event)) <= EVENT_BYTES_MAX

    def _take_line(self, line: bytes) -> None:
        if not line:
            event, self._event = self._event, []
            if event:
                self._hear(b"\n".join(event))
        elif line.startswith(b":"):
            self._comment(line[1:].strip())
        elif line.startswith(b"data:"):
            self._event.append(line[5:].removeprefix(b" "))


class SessionEvents:
    """Follows streams of events with aiohttp. Needs: as SessionHttp."""

    def __init__(
        self,
        base_url: str,
        clock: Clock,
        *,
        connect: Callable[[], aiohttp.BaseConnector],
        authorize: Callable[[], Mapping[str, str]],
        patience: Patience = EVENTS_PATIENCE,
    ) -> None:
        self._base_url = base_url
        self._clock = clock
        self._connect = connect
        self._authorize = authorize
        self._patience = patience

    async def follow(self, request: Request, hear: HearEvent, comment: HearEvent) -> StreamEnd:
        """Asks for a stream and hands each event and each comment on, until it ends.

        Gives: how it ended; REFUSED where the answer is no stream of events. It never raises for what the other end or
        the network does.
        """
        line = Line(self._clock)
        lines = EventLines(hear, comment)
        ended = await unless_silent(self._read(request, line, lines), line, self._clock, self._patience, _nothing)
        return StreamEnd.SILENT if ended is None else ended

    async def _read(self, request: Request, line: Line, lines: EventLines) -> StreamEnd:
        headers = {"User-Agent": "flatbook", "Accept": KIND, "Accept-Encoding": "identity", **self._authorize()}
        session = aiohttp.ClientSession(
            connector=self._connect(), timeout=_NO_TIMEOUTS, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False
        )
        is_connected = False
        query = "?" + urlencode(request.query) if request.query else ""
        try:
            async with session.get(
                self._base_url + request.path + query, headers=headers, allow_redirects=False
            ) as response:
                is_connected = True
                if response.status != 200 or response.content_type != KIND:
                    return StreamEnd.REFUSED
                async for piece in response.content.iter_any():
                    line.hear()
                    if not lines.take(piece):
                        return StreamEnd.CLOSED
        except (aiohttp.ClientError, OSError):
            return StreamEnd.CLOSED if is_connected else StreamEnd.NO_CONNECTION
        finally:
            await session.close()
        return StreamEnd.CLOSED


async def _nothing() -> None:
    """Asks for nothing: comments come by themselves."""
