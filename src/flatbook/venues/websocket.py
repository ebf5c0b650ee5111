"""The WebSocket edge: one conversation over a connection, until it ends or falls silent.

Nothing is decided by the time of the event loop: pings and the end of patience come by the clock of the desk. What a
venue tells this way may be doubled, out of order or missing: whoever listens takes it as a hint.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from typing import Literal

import aiohttp

from flatbook.engine.ports import Clock
from flatbook.venues.silence import Line, Patience, StreamEnd, unless_silent

MESSAGE_BYTES_MAX = 16_777_216  # Source: a recorded first message of Coinbase has 5 MB
CLOSE_S_MAX = 1
SOCKET_PATIENCE = Patience(beat_s=10, silence_s=30)

_NO_TIMEOUTS = aiohttp.ClientTimeout(total=None, connect=None, sock_connect=None, sock_read=None)
_CLOSING = aiohttp.ClientWSTimeout(ws_receive=None, ws_close=CLOSE_S_MAX)
_TEXT, _BYTES, _PING = aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY, aiohttp.WSMsgType.PING
_ENDS = (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSING, aiohttp.WSMsgType.CLOSED)

_Socket = aiohttp.ClientWebSocketResponse[Literal[False]]  # its messages are bytes, of text too

Hear = Callable[[bytes], tuple[str, ...] | None]


class SessionSocket:
    """Holds conversations with aiohttp. `connect` makes the connector: TLS in production, memory in the simulator.

    Needs: `authorize` returns headers of the handshake that prove who we are; it is called for each conversation and
    nothing of it is kept. `base_url` is scheme and host, http for ws and https for wss included. `beat` asks for a sign
    of life where the venue wants a text for it.
    """

    def __init__(
        self,
        base_url: str,
        clock: Clock,
        *,
        connect: Callable[[], aiohttp.BaseConnector],
        authorize: Callable[[], Mapping[str, str]] = dict,
        patience: Patience = SOCKET_PATIENCE,
        beat: str | None = None,
    ) -> None:
        self._base_url = base_url
        self._clock = clock
        self._connect = connect
        self._authorize = authorize
        self._patience, self._beat = patience, beat

    async def converse(
        self, path: str, opening: tuple[str, ...], hear: Hear, opened: Callable[[], None] | None = None
    ) -> StreamEnd:
        """Connects, says what opens the conversation, and hands each message to `hear`, whose answers are sent.

        Needs: an answer of None hangs up. `opened` is called once the conversation stands.
        Gives: how it ended; it never raises for what the other end or the network does. Messages of text and of bytes
        are one; one above MESSAGE_BYTES_MAX ends the conversation.
        """
        line = Line(self._clock)
        talk = _Talk(line, hear, self._beat, opened)
        ended = await unless_silent(self._hold(path, opening, talk), line, self._clock, self._patience, talk.ping)
        return StreamEnd.SILENT if ended is None else ended

    async def _hold(self, path: str, opening: tuple[str, ...], talk: _Talk) -> StreamEnd:
        headers = {"User-Agent": "flatbook", **self._authorize()}
        session = aiohttp.ClientSession(
            connector=self._connect(), timeout=_NO_TIMEOUTS, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False
        )
        try:
            async with session.ws_connect(
                self._base_url + path,
                headers=headers,
                autoping=False,
                timeout=_CLOSING,
                max_msg_size=MESSAGE_BYTES_MAX + 1,  # aiohttp refuses what is as long as this
                decode_text=False,
            ) as socket:
                await talk.hold(socket, opening)
        except aiohttp.WSServerHandshakeError:
            return StreamEnd.REFUSED
        except (aiohttp.ClientError, OSError):
            return StreamEnd.CLOSED if talk.is_connected else StreamEnd.NO_CONNECTION
        finally:
            await session.close()
        return StreamEnd.CLOSED


class _Talk:
    """One conversation under way."""

    def __init__(self, line: Line, hear: Hear, beat: str | None, opened: Callable[[], None] | None) -> None:
        self._line, self._hear, self._beat, self._opened = line, hear, beat, opened
        self._socket: _Socket | None = None

    @property
    def is_connected(self) -> bool:
        return self._socket is not None

    async def hold(self, socket: _Socket, opening: tuple[str, ...]) -> None:
        self._socket = socket
        for text in opening:
            await socket.send_str(text)
        if self._opened is not None:
            self._opened()
        receive, hear, note = socket.receive, self._hear, self._line.hear
        while True:  # not `async for`, which takes a quarter of the time that a short frame takes
            message = await receive()
            note()
            kind = message.type
            if kind is _TEXT or kind is _BYTES:
                answers = hear(message.data)
                if answers is None:
                    return
                for text in answers:
                    await socket.send_str(text)
            elif kind is _PING:
                await socket.pong(message.data)
            elif kind in _ENDS:
                return

    async def ping(self) -> None:
        if self._socket is None or self._socket.closed:
            return
        with contextlib.suppress(aiohttp.ClientError, OSError):
            await (self._socket.ping() if self._beat is None else self._socket.send_str(self._beat))
