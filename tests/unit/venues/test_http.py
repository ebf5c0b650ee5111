"""The HTTP edge against servers on this machine that answer, break off, lie and keep silent."""

from __future__ import annotations

import asyncio
import gzip
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

import aiohttp
import msgspec
import pytest
from aiohttp import web

from flatbook.engine.reports import NotSent, Unknown
from flatbook.events.orders import NotSentReason, UnknownReason
from flatbook.ops.clock import SystemClock
from flatbook.values.instants import Instant, instant_of_seconds, later
from flatbook.venues import http
from flatbook.venues.alpaca.wire import broker_headers
from flatbook.venues.http import Carried, Reply, Request, SessionHttp, query_text, tls_connector

pytestmark = pytest.mark.real

GET = Request(method="GET", path="/v2/orders", query=(("status", "open"), ("page_token", "1::a+b c")))
POST = Request(method="POST", path="/v2/orders", body=b'{"symbol":"AAPL"}')
DELETE = Request(method="DELETE", path="/v2/orders/one")
NEVER_LEFT = NotSent(reason=NotSentReason.NO_CONNECTION)
DISCONNECTED = Unknown(reason=UnknownReason.DISCONNECTED)
TIMED_OUT = Unknown(reason=UnknownReason.TIMED_OUT)
UNREADABLE = Unknown(reason=UnknownReason.UNREADABLE)

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Called:
    """A clock whose waits end when the test says so."""

    def __init__(self) -> None:
        self.rung = asyncio.Event()

    def now(self) -> Instant:
        return Instant(0)

    async def sleep_until(self, at: Instant) -> None:
        await self.rung.wait()


def no_headers() -> dict[str, str]:
    return {}


async def head_of(reader: asyncio.StreamReader) -> bytes:
    return await reader.readuntil(b"\r\n\r\n")


def answering(answer: bytes) -> Talk:
    """Reads a request, answers with these bytes and closes."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await head_of(reader)
        if head.startswith(b"POST"):
            await reader.readexactly(len(POST.body))
        writer.write(answer)
        await writer.drain()

    return talk


async def resetting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await head_of(reader)
    writer.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    writer.transport.abort()


@asynccontextmanager
async def serving(talk: Talk) -> AsyncIterator[str]:
    async def closing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(closing, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        await server.wait_closed()


@asynccontextmanager
async def edge(
    url: str,
    clock: SystemClock | Called | None = None,
    authorize: Callable[[], Mapping[str, str]] = no_headers,
    sign: Callable[[Request], Request] | None = None,
) -> AsyncIterator[SessionHttp]:
    carrier = SessionHttp(url, clock or SystemClock(), connect=aiohttp.TCPConnector, authorize=authorize, sign=sign)
    try:
        yield carrier
    finally:
        await carrier.close()


async def sent_to(talk: Talk, request: Request) -> Carried:
    async with serving(talk) as url, edge(url) as carrier:
        return await carrier.send(request, later(SystemClock().now(), seconds=30))


@asynccontextmanager
async def application(handle: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def test_a_request_arrives_as_it_was_written_with_the_credentials_of_the_moment() -> None:
    seen: list[tuple[str, str, bytes, str | None, str | None]] = []
    words = ["first", "second"]

    def credentials() -> dict[str, str]:
        return broker_headers("key", words.pop(0))

    async def handle(request: web.Request) -> web.Response:
        body, headers = await request.read(), request.headers
        seen.append((request.method, request.path_qs, body, headers.get("Authorization"), headers.get("Content-Type")))
        return web.json_response({"message": "no"}, status=403, headers={"X-RateLimit-Reset": "5", "X-Other": "1"})

    async def talk() -> list[Carried]:
        async with application(handle) as url, edge(url, authorize=credentials) as carrier:
            until = later(SystemClock().now(), seconds=30)
            return [await carrier.send(GET, until), await carrier.send(POST, until)]

    for reply in asyncio.run(talk()):
        assert isinstance(reply, Reply)
        kept = {"content-type": "application/json; charset=utf-8", "x-ratelimit-reset": "5"}
        assert reply.headers == kept | {"date": reply.headers["date"]}
        assert (reply.status, reply.body) == (403, b'{"message": "no"}')
    assert seen == [
        ("GET", "/v2/orders?status=open&page_token=1%3A%3Aa%2Bb%20c", b"", "Basic a2V5OmZpcnN0", None),
        ("POST", "/v2/orders", POST.body, "Basic a2V5OnNlY29uZA==", "application/json"),
    ]


def test_a_signed_request_travels_byte_for_byte_as_it_was_signed() -> None:
    seen: list[tuple[str, str | None]] = []

    async def handle(request: web.Request) -> web.Response:
        seen.append((request.path_qs, request.headers.get("X-Sign")))
        return web.json_response({})

    def sign(request: Request) -> Request:
        query = (*request.query, ("timestamp", "5"))
        signed = msgspec.structs.replace(request, query=query)
        return msgspec.structs.replace(signed, headers=(("X-Sign", query_text(signed)),))

    async def talk() -> None:
        async with application(handle) as url, edge(url, sign=sign) as carrier:
            await carrier.send(GET, later(SystemClock().now(), seconds=30))

    asyncio.run(talk())
    travelled = "status=open&page_token=1%3A%3Aa%2Bb%20c&timestamp=5"
    assert seen == [(f"/v2/orders?{travelled}", travelled)]


def test_no_credentials_show_in_what_is_printed() -> None:
    carrier = SessionHttp("http://x", SystemClock(), connect=aiohttp.TCPConnector, authorize=lambda: {"A": "word"})
    assert "word" not in f"{carrier!r} {vars(carrier)!r} {POST!r}"


def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    seen: list[str] = []

    async def handle(request: web.Request) -> web.Response:
        seen.append(request.path)
        return web.Response(status=301, headers={"Location": "/elsewhere"})

    async def talk() -> Carried:
        async with application(handle) as url, edge(url) as carrier:
            return await carrier.send(POST, later(SystemClock().now(), seconds=30))

    answer = asyncio.run(talk())
    assert isinstance(answer, Reply)
    assert answer.status == 301
    assert seen == ["/v2/orders"]


def test_html_is_an_answer_with_its_kind() -> None:
    page = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>"
    assert asyncio.run(sent_to(answering(page), GET)) == Reply(
        status=200, headers={"content-type": "text/html"}, body=b"<html>"
    )


@pytest.mark.parametrize("request_", [GET, POST, DELETE])
@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b"", DISCONNECTED),
        (b"HTTP/1.1 200 OK\r\nContent-Le", DISCONNECTED),
        (b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"id":', DISCONNECTED),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{}", DISCONNECTED),
        (b"HTTP/1.1 abc OK\r\n\r\n", UNREADABLE),
        (b"\0\1\2\3 nothing like it\r\n\r\n", UNREADABLE),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n", UNREADABLE),
    ],
)
def test_an_answer_that_breaks_off_or_is_no_http_leaves_the_request_unknown(
    request_: Request, answer: bytes, expected: Unknown
) -> None:
    assert asyncio.run(sent_to(answering(answer), request_)) == expected


@pytest.mark.parametrize("request_", [GET, POST, DELETE])
def test_a_reset_after_the_request_leaves_it_unknown(request_: Request) -> None:
    assert asyncio.run(sent_to(resetting, request_)) == DISCONNECTED


def test_a_body_beyond_the_bound_is_unreadable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "BODY_BYTES_MAX", 1_000)
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
    at_the_bound = head + b"Content-Length: 1000\r\n\r\n" + b"1" * 1_000
    assert isinstance(asyncio.run(sent_to(answering(at_the_bound), GET)), Reply)
    beyond = head + b"Content-Length: 1001\r\n\r\n" + b"1" * 1_001
    assert asyncio.run(sent_to(answering(beyond), GET)) == UNREADABLE


def test_nothing_is_unpacked_so_that_a_small_answer_stays_small() -> None:
    packed = gzip.compress(b"0" * 1_000_000)
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed)
    answer = asyncio.run(sent_to(answering(head + packed), GET))
    assert isinstance(answer, Reply)
    assert answer.body == packed


@pytest.mark.parametrize("request_", [GET, POST, DELETE])
def test_where_nobody_listens_nothing_left(request_: Request) -> None:
    async def talk() -> Carried:
        async with serving(resetting) as url:
            pass
        async with edge(url) as carrier:
            return await carrier.send(request_, later(SystemClock().now(), seconds=30))

    assert asyncio.run(talk()) == NEVER_LEFT


def test_a_name_that_does_not_resolve_means_that_nothing_left() -> None:
    class Nowhere(aiohttp.abc.AbstractResolver):
        async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[aiohttp.abc.ResolveResult]:
            raise OSError("no such name")

        async def close(self) -> None:
            pass

    async def talk() -> Carried:
        carrier = SessionHttp(
            "http://broker.invalid",
            SystemClock(),
            connect=lambda: aiohttp.TCPConnector(resolver=Nowhere()),
            authorize=no_headers,
        )
        sent = await carrier.send(POST, later(SystemClock().now(), seconds=30))
        await carrier.close()
        return sent

    assert asyncio.run(talk()) == NEVER_LEFT


def test_a_server_that_does_not_speak_tls_never_sees_the_request() -> None:
    seen: list[bytes] = []

    async def plainly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.read(4_096))
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async def talk() -> Carried:
        async with serving(plainly) as url:
            carrier = SessionHttp(
                url.replace("http:", "https:"), SystemClock(), connect=tls_connector, authorize=no_headers
            )
            sent = await carrier.send(POST, later(SystemClock().now(), seconds=30))
            await carrier.close()
            return sent

    assert asyncio.run(talk()) == NEVER_LEFT
    assert not [part for part in seen if b"AAPL" in part or b"POST" in part]


def test_silence_after_the_request_is_a_time_out() -> None:
    async def talk() -> tuple[Carried, bytes]:
        clock, arrived = Called(), asyncio.get_running_loop().create_future()

        async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            arrived.set_result(await head_of(reader))
            clock.rung.set()
            await reader.read()

        async with serving(silent) as url, edge(url, clock) as carrier:
            return await carrier.send(POST, Instant(1)), await arrived

    answer, head = asyncio.run(talk())
    assert answer == TIMED_OUT
    assert head.startswith(b"POST /v2/orders HTTP/1.1\r\n")


def test_a_time_out_before_there_is_a_connection_means_that_nothing_left() -> None:
    async def talk() -> Carried:
        clock = Called()

        class Hanging(aiohttp.abc.AbstractResolver):
            async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[aiohttp.abc.ResolveResult]:
                clock.rung.set()
                await asyncio.get_running_loop().create_future()
                return []

            async def close(self) -> None:
                pass

        carrier = SessionHttp(
            "http://broker.invalid",
            clock,
            connect=lambda: aiohttp.TCPConnector(resolver=Hanging()),
            authorize=no_headers,
        )
        sent = await carrier.send(POST, Instant(1))
        await carrier.close()
        return sent

    assert asyncio.run(talk()) == NEVER_LEFT


def test_a_caller_who_is_cancelled_is_cancelled() -> None:
    async def talk() -> bool:
        clock, arrived = Called(), asyncio.Event()

        async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await head_of(reader)
            arrived.set()
            await reader.read()

        async with serving(silent) as url, edge(url, clock) as carrier:
            sending = asyncio.create_task(carrier.send(POST, Instant(1)))
            await arrived.wait()
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
            return sending.cancelled()

    assert asyncio.run(talk()) is True


def test_a_post_on_a_kept_connection_that_was_closed_is_unknown_and_is_sent_once() -> None:
    """The second request goes over the connection of the first, which the server closes when it comes."""
    heads: list[bytes] = []

    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await head_of(reader))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        heads.append(await head_of(reader))

    async def talk() -> list[Carried]:
        async with serving(once) as url, edge(url) as carrier:
            until = later(SystemClock().now(), seconds=30)
            return [await carrier.send(GET, until), await carrier.send(POST, until)]

    first, second = asyncio.run(talk())
    assert isinstance(first, Reply)
    assert second == DISCONNECTED
    assert [head.split(b" ")[0] for head in heads] == [b"GET", b"POST"]


def test_a_read_is_asked_again_on_a_new_connection_and_is_unknown_when_there_is_none() -> None:
    """The first connection was in use, so that a refused second one proves nothing about the request."""
    servers: list[asyncio.Server] = []

    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        await head_of(reader)
        servers[0].close()
        writer.close()

    async def talk() -> list[Carried]:
        servers.append(await asyncio.start_server(once, "127.0.0.1", 0))
        async with edge(f"http://127.0.0.1:{servers[0].sockets[0].getsockname()[1]}") as carrier:
            until = later(SystemClock().now(), seconds=30)
            return [await carrier.send(GET, until), await carrier.send(DELETE, until)]

    first, second = asyncio.run(talk())
    assert isinstance(first, Reply)
    assert second == DISCONNECTED


def test_a_credential_that_would_break_the_headers_is_not_sent() -> None:
    async def talk() -> Carried:
        async with edge("http://127.0.0.1:9", authorize=lambda: {"APCA-API-KEY-ID": "a\r\nX: b"}) as carrier:
            return await carrier.send(GET, later(SystemClock().now(), seconds=30))

    assert asyncio.run(talk()) == NotSent(reason=NotSentReason.REFUSED_LOCALLY)


@pytest.mark.parametrize(
    ("stated", "second"),
    [
        ("Sat, 28 Nov 2026 04:43:08 GMT", 1_795_840_988),
        ("Sat, 28 Nov 2026 05:43:08 +0100", 1_795_840_988),
        ("yesterday", None),
        ("", None),
        ("Sat, 99 Nov 99999999999999 04:43:08 GMT", None),
    ],
)
def test_the_clock_of_a_server_is_read_by_the_second(stated: str, second: int | None) -> None:
    reply = Reply(status=200, headers={"date": stated}, body=b"")
    clock = http.clock_of(reply, asked_at=Instant(5), answered_at=Instant(9))
    found = None if clock is None else (clock.asked_at, clock.answered_at, clock.earliest, clock.latest)
    at = None if second is None else instant_of_seconds(second)
    assert found == (None if at is None else (5, 9, at, later(at, seconds=1)))
