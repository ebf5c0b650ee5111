"""A simulated broker behind HTTP: aiohttp's server, over connections in memory as well as over TCP.

The broker has no clock: `now` says the time, `rest` lets a span of it pass. What the faults say may spoil an answer
after its request had its effect.
"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Protocol

import msgspec
from aiohttp import web

from flatbook.sim.alpaca.faults import BrokerFaults, Spoiling
from flatbook.sim.network.http_stream import StreamDesk, carry
from flatbook.sim.network.served import runner_of
from flatbook.values.instants import NS_PER_S, Instant

SILENCE_MS = 86_400_000
HTML = b"<!DOCTYPE html><html><head><title>Service</title></head><body><h1>Please sign in</h1></body></html>"
JSON = "application/json; charset=UTF-8"

Now = Callable[[], Instant]
Rest = Callable[[int], Awaitable[None]]


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """A request. Names of headers are in lower case; the path is still quoted, and so is the whole `raw_query`."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""
    raw_query: str = ""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """An answer; `content` is None where there is none."""

    status: int
    content: object
    headers: dict[str, str]


Arrived = Callable[[Ask, str, Instant, int], None]


class BrokerFront(Protocol):
    """The desk of a broker at which requests arrive. Pure: no bytes travel."""

    def verb_of(self, ask: Ask) -> str:
        """Returns the name by which faults know a request."""

    def ask(self, ask: Ask, now: Instant) -> Told:
        """Takes one request, lets it have its effect, and returns the answer."""


class HttpBroker:
    """A broker that answers HTTP requests, and streams where it has a desk for that.

    `fault_text` is the body of its own errors of the server.
    Units: `rest` is called with ms. `arrived` hears of each request before it has its effect: what is asked, the host
    it came from, when it was sent, and the number of the copy, above zero where something on the way repeated it.
    """

    def __init__(
        self,
        desk: BrokerFront,
        faults: BrokerFaults,
        *,
        now: Now,
        rest: Rest,
        fault_text: object,
        streams: StreamDesk | None = None,
    ) -> None:
        self._desk, self._faults, self._streams = desk, faults, streams
        self._now, self._rest = now, rest
        self._fault_text = fault_text
        self.arrived: Arrived | None = None

    def runner(self) -> web.ServerRunner:
        """Returns what serves it: set up, then given a site such as `web.TCPSite`."""
        return runner_of(self._answer)

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        try:
            body = await request.read()
        except ConnectionError:
            return self._html(400)
        ask = Ask(
            method=request.method,
            path=request.rel_url.raw_path,
            query=dict(request.query),
            headers={name.lower(): value for name, value in request.headers.items()},
            body=body,
            raw_query=request.rel_url.raw_query_string,
        )
        verb = self._desk.verb_of(ask)
        if thinks_ms := self._faults.thinks_ms(verb):
            await self._rest(thinks_ms)
        spoiling = self._faults.spoils(verb)
        if spoiling is Spoiling.UNAVAILABLE:
            return self._html(503)
        streams = self._streams
        if streams is not None and streams.is_stream(ask):
            return await carry(request, lambda say: streams.open(ask, say, self._now()), self._now)
        copies = 2 if self._faults.repeats(verb) else 1
        told = [self._take(ask, request, copy) for copy in range(copies)][-1]
        return await self._written(told, spoiling, request)

    def _take(self, ask: Ask, request: web.BaseRequest, copy: int) -> Told:
        if self.arrived is not None:
            way = request.transport
            peer, sent_at = (way.get_extra_info("peername"), way.get_extra_info("written_at")) if way else (None, None)
            self.arrived(ask, str(peer[0]) if peer else "", self._now() if sent_at is None else sent_at, copy)
        return self._desk.ask(ask, self._now())

    async def _written(self, told: Told, spoiling: Spoiling, request: web.BaseRequest) -> web.StreamResponse:
        content = b"" if told.content is None else msgspec.json.encode(told.content)
        match spoiling:
            case Spoiling.NONE:
                return self._response(told.status, content, JSON, told.headers)
            case Spoiling.HTML_200 | Spoiling.HTML_503:
                return self._html(200 if spoiling is Spoiling.HTML_200 else 503)
            case Spoiling.SERVER_ERROR:
                text = msgspec.json.encode(self._fault_text)
                return self._response(500, text, JSON, told.headers)
            case Spoiling.TRUNCATED:
                return self._response(told.status, content[: len(content) // 2], JSON, told.headers)
            case Spoiling.GARBLED:
                return self._response(told.status, bytes(byte ^ 0x55 for byte in content), JSON, told.headers)
            case Spoiling.CUT:
                return await self._cut(told, content, request)
            case _:
                pass
        await self._rest(SILENCE_MS)
        return self._html(504)

    async def _cut(self, told: Told, content: bytes, request: web.BaseRequest) -> web.StreamResponse:
        """Sends half of an answer, then breaks the connection."""
        response = web.StreamResponse(status=told.status, headers=self._headers(JSON, told.headers))
        response.content_length = len(content)
        with contextlib.suppress(ConnectionResetError):
            await response.prepare(request)
            await response.write(content[: len(content) // 2])
        if request.transport is not None:
            request.transport.abort()
        return response

    def _html(self, status: int) -> web.Response:
        return self._response(status, HTML, "text/html", {})

    def _response(self, status: int, content: bytes, kind: str, headers: dict[str, str]) -> web.Response:
        if not content:
            return web.Response(status=status, headers=self._headers(None, headers))
        return web.Response(status=status, body=content, headers=self._headers(kind, headers))

    def _headers(self, kind: str | None, headers: dict[str, str]) -> dict[str, str]:
        at = datetime.fromtimestamp(self._now() // NS_PER_S, tz=UTC)
        stated = {"Date": at.strftime("%a, %d %b %Y %H:%M:%S GMT"), "Server": "nginx", **headers}
        return stated if kind is None else {**stated, "Content-Type": kind}
