"""The HTTP edge: one request over a connection, and what is known of it when no answer comes.

Nothing is decided by the time of the event loop: a request is given up when the clock of the desk says so. A request
that lost its connection is Unknown from the moment in which it had one, and NotSent before. aiohttp sends a GET or a
DELETE once more when a connection that was kept open turns out to be closed; it never does that with a POST.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Callable, Mapping, Sequence
from email.utils import mktime_tz, parsedate_tz
from functools import partial
from types import SimpleNamespace
from typing import Any, Protocol
from urllib.parse import quote, urlencode

import aiohttp
import msgspec
from yarl import URL

from flatbook.engine.ports import Clock
from flatbook.engine.reports import AccountStatement, ClockReading, NotSent, Unknown
from flatbook.events.orders import NotSentReason, UnknownReason
from flatbook.values.instants import Instant, instant_of_seconds, later

BODY_BYTES_MAX = 4_194_304
CHUNK_BYTES = 65_536
CONNECTIONS_MAX = 128
JSON = "application/json"
KEPT_HEADERS = (
    "content-type",
    "date",
    "location",
    "retry-after",
    "x-bapi-limit",
    "x-bapi-limit-reset-timestamp",
    "x-bapi-limit-status",
    "x-mbx-order-count-10s",
    "x-mbx-order-count-1d",
    "x-mbx-order-count-1m",
    "x-mbx-used-weight-1m",
    "x-ratelimit-limit",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
)

_PLAIN = re.compile(r"[A-Za-z0-9_.~=&-]*").fullmatch  # Source: RFC 3986, 2.3, and what joins parameters
_UNREADABLE = Unknown(reason=UnknownReason.UNREADABLE)
_NO_TIMEOUTS = aiohttp.ClientTimeout(total=None, connect=None, sock_connect=None, sock_read=None)
_HEADERS = {"Accept": JSON, "Accept-Encoding": "identity", "User-Agent": "flatbook"}


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One request. It carries no credentials: they are added when it is sent. `content_type` is that of its body.

    `query_signed` is the text of the query where one was made to be signed: it travels byte for byte.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    content_type: str = JSON
    headers: tuple[tuple[str, str], ...] = ()
    query_signed: str = ""


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """An answer as it came, whatever its status. `headers` are those of KEPT_HEADERS, in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


Carried = Reply | Unknown | NotSent


def query_text(request: Request) -> str:
    """Returns the query of a request as it travels, percent-encoded in full: what a signature is made over."""
    return request.query_signed or encoded(request.query)


def encoded(params: Sequence[tuple[str, str]]) -> str:
    """Returns parameters as they travel in a query: percent-encoded in full, in their order."""
    text, count = "&".join(map("=".join, params)), len(params)
    if _PLAIN(text) and text.count("=") == count and text.count("&") == count - 1:
        return text  # nothing in it needs encoding, as in most: one look is faster than encoding each
    return urlencode(params, quote_via=quote, safe="")


def clocked(
    statement: AccountStatement | Unknown, reply: Reply, *, asked_at: Instant, answered_at: Instant
) -> AccountStatement | Unknown:
    """Returns a statement with what the clock of its venue showed when it gave a reply that it is made of."""
    if isinstance(statement, Unknown):
        return statement
    clock = clock_of(reply, asked_at=asked_at, answered_at=answered_at)
    return msgspec.structs.replace(statement, clock=clock)


def clock_of(reply: Reply, *, asked_at: Instant, answered_at: Instant) -> ClockReading | None:
    """Returns what the clock of who replied showed, by the second in its Date header; None where there is none.

    Source: RFC 9110, 6.6.1.
    """
    stated = parsedate_tz(reply.headers.get("date", ""))
    if stated is None:
        return None
    try:
        second = instant_of_seconds(mktime_tz(stated))
    except (ValueError, OverflowError):
        return None
    latest = later(second, seconds=1)
    return ClockReading(asked_at=asked_at, answered_at=answered_at, earliest=second, latest=latest)


class Http(Protocol):
    """A way to carry a request to a venue."""

    async def send(self, request: Request, timeout_at: Instant) -> Carried:
        """Carries the request once and returns the reply, or what is known of its fate at `timeout_at`.

        Errors: NotSent when no byte of it left, Unknown when one may have; never raises for them.
        """
        ...


class SessionHttp:
    """Carries requests with aiohttp. `connect` makes the connector: TLS in production, memory in the simulator.

    Needs: `authorize` returns the headers that prove who we are, and `sign` a request with what proves this one; both
    are called for each request and nothing of it is kept. `base_url` is scheme and host.
    """

    def __init__(
        self,
        base_url: str,
        clock: Clock,
        *,
        connect: Callable[[], aiohttp.BaseConnector],
        authorize: Callable[[], Mapping[str, str]] = dict,
        sign: Callable[[Request], Request] | None = None,
    ) -> None:
        self._base_url = base_url
        self._clock = clock
        self._connect = connect
        self._authorize = authorize
        self._sign = sign
        self._session: aiohttp.ClientSession | None = None

    async def send(self, request: Request, timeout_at: Instant) -> Carried:
        """Carries the request once. Redirects are not followed; a body above BODY_BYTES_MAX is unreadable."""
        request = request if self._sign is None else self._sign(request)
        content = {"Content-Type": request.content_type} if request.body else {}
        headers = {**content, **self._authorize(), **dict(request.headers)}
        if not all(value.isprintable() for value in headers.values()):
            return NotSent(reason=NotSentReason.REFUSED_LOCALLY)
        flight = _Flight()
        exchange = asyncio.create_task(self._exchange(request, headers, flight))
        timer = asyncio.create_task(self._sleep(timeout_at))
        timer.add_done_callback(partial(flight.ring, exchange))
        try:
            return await exchange
        except asyncio.CancelledError:
            if not flight.given_up or _is_being_cancelled():
                raise
            return flight.lost(UnknownReason.TIMED_OUT)
        finally:
            timer.cancel()

    async def close(self) -> None:
        """Closes the connections; the next request opens new ones."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _sleep(self, until: Instant) -> None:
        await self._clock.sleep_until(until)

    async def _exchange(self, request: Request, headers: Mapping[str, str], flight: _Flight) -> Carried:
        try:
            async with self._opened().request(
                request.method,
                _target(self._base_url, request),
                data=request.body or None,
                headers=headers,
                allow_redirects=False,
                trace_request_ctx=flight,
            ) as response:
                return await _read(response)
        except aiohttp.ClientResponseError:
            return _UNREADABLE
        except (aiohttp.ClientError, OSError):
            return flight.lost(UnknownReason.DISCONNECTED)

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=self._connect(),
                timeout=_NO_TIMEOUTS,
                cookie_jar=aiohttp.DummyCookieJar(),
                headers=_HEADERS,
                auto_decompress=False,
                trust_env=False,
                trace_configs=[_watching_connections()],
            )
        return self._session


class _Flight:
    """What is known of one request under way."""

    def __init__(self) -> None:
        self.connected = False
        self.given_up = False

    def ring(self, exchange: asyncio.Task[Carried], timer: asyncio.Task[None]) -> None:
        if not timer.cancelled():
            self.given_up = exchange.cancel()

    def lost(self, reason: UnknownReason) -> Unknown | NotSent:
        return Unknown(reason=reason) if self.connected else NotSent(reason=NotSentReason.NO_CONNECTION)


def _watching_connections() -> aiohttp.TraceConfig:
    """Returns what marks a flight as connected before the first byte of its request is written."""

    async def connected(_session: aiohttp.ClientSession, context: SimpleNamespace, _what: Any) -> None:
        context.trace_request_ctx.connected = True

    watching = aiohttp.TraceConfig()
    watching.on_connection_create_end.append(connected)
    watching.on_connection_reuseconn.append(connected)
    return watching


def _target(base_url: str, request: Request) -> URL:
    """Returns where a request goes, its query byte for byte as it was signed: nothing is encoded or decoded again."""
    query = "?" + query_text(request) if request.query else ""
    return URL(base_url + request.path + query, encoded=True)


async def _read(response: aiohttp.ClientResponse) -> Carried:
    body = bytearray()
    async for chunk in response.content.iter_chunked(CHUNK_BYTES):
        body += chunk
        if len(body) > BODY_BYTES_MAX:
            response.close()
            return _UNREADABLE
    headers = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
    return Reply(status=response.status, headers=headers, body=bytes(body))


def _is_being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def tls_connector() -> aiohttp.BaseConnector:
    """Returns the connector of production: TCP with TLS, certificates checked by the system's authorities."""
    return aiohttp.TCPConnector(limit=CONNECTIONS_MAX, ssl=ssl.create_default_context())
