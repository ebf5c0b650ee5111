"""The server itself: where it listens, how it ends, and a client of its stream that does not read."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from flatbook.api.access import Access, names_of
from flatbook.api.access_scopes import Scope
from flatbook.api.access_tokens import create_token
from flatbook.api.app import create_app
from flatbook.api.courtesy import NICE
from flatbook.api.door import guarded_app
from flatbook.api.hub import LAG_MAX, Hub
from flatbook.api.reads import READS
from flatbook.api.serve import HEADERS_TIMEOUT_MS, HOST, BindRefused, check_free, check_loopback, serve_app
from flatbook.ops.clock import SystemClock
from flatbook.ops.config_api import ApiSection
from tests.ports import free_port
from tests.unit.api.conftest import site_of
from tests.unit.cli.scene import call

FRAMES, TEXT = 1_200, "x" * 20_000


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.4", "::", "example.com", ""])
def test_every_address_but_this_machines_is_refused(host: str) -> None:
    with pytest.raises(BindRefused):
        check_loopback(host)


LOOPBACKS = [
    ("127.0.0.1", "127.0.0.1"),
    ("localhost", "127.0.0.1"),
    ("127.0.0.2", "127.0.0.2"),
    ("::1", "::1"),
    ("::1%lo", "::1"),
]


@pytest.mark.parametrize(("host", "address"), LOOPBACKS)
def test_this_machine_is_served(host: str, address: str) -> None:
    assert check_loopback(host) == address


@pytest.mark.parametrize(
    ("own", "port", "name"),
    [("127.0.0.2", 8787, "127.0.0.2:8787"), ("[::1]", 8787, "[::1]:8787"), ("127.0.0.1", 80, "localhost")],
)
def test_the_link_that_is_told_leads_to_a_door_that_answers_to_its_name(own: str, port: int, name: str) -> None:
    names = names_of(own, port)
    assert name in names
    assert ("127.0.0.1" in names, f"127.0.0.1:{port}" in names) == (port == 80, True)


def test_the_command_line_refuses_to_listen_elsewhere(demo: Path) -> None:
    told = call("api", "--host", "0.0.0.0", "--home", str(demo))
    assert (told.code, "not this machine" in told.err) == (6, True)


@pytest.mark.parametrize("port", ["0", "-1", "65536", "99999"])
def test_a_port_that_there_is_not_is_refused_as_a_wrong_option(tmp_path: Path, port: str) -> None:
    told = call("api", f"--port={port}", "--home", str(tmp_path))
    assert (told.code, "must be from 1 to 65535" in told.err) == (2, True)


def test_a_port_that_is_taken_is_not_shared(demo: Path) -> None:
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match="in use"):
            check_free(HOST, port)
        assert call("api", "--port", str(port), "--home", str(demo)).code == 1


@pytest.mark.real
def test_a_process_beside_an_engine_stands_behind_it_and_ends_with_its_input(demo: Path, tmp_path: Path) -> None:
    home = shutil.copytree(demo, tmp_path / "home")
    words = [sys.executable, "-m", "flatbook", "api", "--beside", "--home", str(home), "--port", str(free_port())]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert b"/#once=" in process.stdout.readline()
        threads = [int(thread.name) for thread in Path(f"/proc/{process.pid}/task").iterdir()]
        assert {os.getpriority(os.PRIO_PROCESS, thread) for thread in threads} == {NICE}
        process.stdin.close()
        assert process.wait(60) == 0


def served(home: Path, hub: Hub, meet: Callable[[Any], Awaitable[None]]) -> None:
    """Serves a home on a port, and lets a client of its stream meet it."""

    async def scene() -> None:
        over, port, listens = asyncio.Event(), free_port(), asyncio.Event()
        app = create_app(site_of(home), READS, hub=hub)
        serving = asyncio.create_task(serve_app(app, HOST, port, over, listens.set))
        await listens.wait()
        async with aiohttp.ClientSession() as session:
            await meet(await session.ws_connect(f"http://{HOST}:{port}/api/v1/stream", max_msg_size=0))
        over.set()
        await serving

    asyncio.run(asyncio.wait_for(scene(), 60))


def test_six_hundred_connections_that_ask_nothing_stand_before_nobody() -> None:
    async def answered(scope: Any, _receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body", "body": b""})

    async def scene() -> bytes:
        over, port, listens = asyncio.Event(), free_port(), asyncio.Event()
        serving = asyncio.create_task(serve_app(answered, HOST, port, over, listens.set))
        await listens.wait()
        idle = [await asyncio.open_connection(HOST, port) for _ in range(600)]
        reader, writer = await asyncio.open_connection(HOST, port)
        writer.write(b"POST /halt HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n")
        line = await asyncio.wait_for(reader.readline(), HEADERS_TIMEOUT_MS / 2_000)
        for _, each in (*idle, (reader, writer)):
            each.close()
        over.set()
        await serving
        return line

    assert asyncio.run(asyncio.wait_for(scene(), 60)).startswith(b"HTTP/1.1 204")


@pytest.mark.parametrize(("hard", "soft", "room"), [(20_000, 4_608, 4_096), (1_024, 1_024, 512), (600, 600, 300)])
def test_as_many_connections_may_be_open_as_leave_files_for_the_rest(hard: int, soft: int, room: int) -> None:
    asked = (
        "import resource; from flatbook.api.serve import room_for_connections;"
        f"resource.setrlimit(resource.RLIMIT_NOFILE, (200, {hard}));"
        "print(room_for_connections(), resource.getrlimit(resource.RLIMIT_NOFILE)[0])"
    )
    told = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert told.stdout.split() == [str(room), str(soft)]


UNREADABLE = [
    (b"\x00\x01 nonsense\r\n\r\n", 400),
    (b"GET /api/v1/health\r\n\r\n", 400),
    (b"GET /api/v1/health HTTP/3.0\r\nhost: x\r\n\r\n", 400),
    (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", None),
    (b"POST / HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab", 400),
    (b"GET /" + b"a" * 65_540 + b" HTTP/1.1\r\nhost: x\r\n\r\n", 414),
    (b"GET / HTTP/1.1\r\n" + b"".join(b"h%d: 1\r\n" % number for number in range(101)) + b"\r\n", 431),
]


def test_what_is_no_request_at_all_is_answered_by_a_status_alone_and_the_connection_ends() -> None:
    """The server below the application says so itself: no request of it exists, so that it has no problem to tell."""

    async def never(scope: Any, _receive: Any, _send: Any) -> None:
        assert scope["type"] == "lifespan"

    async def scene() -> list[int | None]:
        over, port, listens, said = asyncio.Event(), free_port(), asyncio.Event(), list[int | None]()
        serving = asyncio.create_task(serve_app(never, HOST, port, over, listens.set))
        await listens.wait()
        for sent, _ in UNREADABLE:
            reader, writer = await asyncio.open_connection(HOST, port)
            writer.write(sent)
            head, rest, body = (await reader.read()).partition(b"\r\n\r\n")
            if head:
                assert (b"content-length: 0" in head, rest, body) == (True, b"\r\n\r\n", b"")
            said.append(int(head.split()[1]) if head else None)
            writer.close()
            await writer.wait_closed()
        over.set()
        await serving
        return said

    assert asyncio.run(asyncio.wait_for(scene(), 60)) == [status for _, status in UNREADABLE]


async def _read(stream: Any) -> list[dict[str, Any]]:
    """Returns the messages that come next, all that go out together."""
    return [json.loads(line) for line in (await stream.receive_str(timeout=60)).split("\n")]


def test_a_client_that_did_not_read_is_told_the_full_state_and_not_all_it_missed(demo: Path) -> None:
    hub, kinds = Hub(), list[str]()

    async def meet(stream: Any) -> None:
        assert (await _read(stream))[0]["type"] == "snapshot"
        for _ in range(FRAMES):
            hub.append("log", [TEXT])
            hub.notify()
            await asyncio.sleep(0)
        last, seq = hub.seq, 0
        while seq < last:
            told = await _read(stream)
            seq = max(each["seq"] for each in told)
            kinds.extend(each["type"] for each in told)

    served(demo, hub, meet)
    assert "snapshot" in kinds
    assert len(kinds) < FRAMES - LAG_MAX


FRAME_BYTES_MAX, MESSAGE_BYTES_MAX, PIECE = 16 * 1024 * 1024, 64 * 1024 * 1024, b"a" * (1024 * 1024)
HANDSHAKE = (
    b"GET / HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\n"
    b"sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)
TEXT_FRAME, MORE_FRAME, LAST = 0x01, 0x00, 0x80


BROKEN_OFF = (
    b"transfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
    b"transfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\n{}\r\n0\r\n\r\n",
    b"transfer-encoding: chunked\r\ncontent-length: 2\r\n\r\n{}",
    b"content-length: 3\r\n\r\n{}",
)


def test_a_body_that_breaks_off_is_a_bad_request_and_noted_as_such(demo: Path, tmp_path: Path) -> None:
    async def scene() -> list[tuple[bytes, str]]:
        over, port, listens, said = asyncio.Event(), free_port(), asyncio.Event(), list[tuple[bytes, str]]()
        site = site_of(demo)
        access = Access(tmp_path / "door", SystemClock(), host=HOST, port=port, user="me", section=ApiSection())
        token = create_token(access.file, "t", Scope.TRADE, days=1, now=access.clock.now())
        gate, _ = guarded_app(site, access, READS)
        serving = asyncio.create_task(serve_app(gate, HOST, port, over, listens.set))
        await listens.wait()
        head = f"POST /api/v1/previews/halt HTTP/1.1\r\nhost: {HOST}:{port}\r\nauthorization: Bearer {token}\r\n"
        for rest in BROKEN_OFF:
            reader, writer = await asyncio.open_connection(HOST, port)
            writer.write(head.encode() + b"content-type: application/json\r\n" + rest)
            writer.write_eof()
            status, _, body = (await reader.read()).partition(b"\r\n")
            said.append((status, json.loads(body.partition(b"\r\n\r\n")[2])["code"] if body else ""))
            writer.close()
        over.set()
        await serving
        noted = access.trail.latest(before=None, limit=10)
        assert [(each.actor, each.act, each.code, each.times) for each in noted] == [
            ("token:t", "POST /api/v1/previews/halt", "bad_request", len(BROKEN_OFF))
        ]
        access.close()
        return said

    assert asyncio.run(asyncio.wait_for(scene(), 60)) == [(b"HTTP/1.1 400 Bad Request", "bad_request")] * 4


def frame_head(kind: int, length: int) -> bytes:
    """Returns the head of a frame of RFC 6455 that a client sends, with a mask that changes nothing."""
    return bytes([kind, 0xFF]) + length.to_bytes(8, "big") + bytes(4)


def test_a_message_that_a_client_never_ends_is_bounded_by_the_server_and_the_connection_goes() -> None:
    """So a listener who speaks holds at most 64 MiB of this process, and a frame is refused by its head."""
    ends = list[str]()

    async def listening(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.accept"})
            ends.append((await receive())["type"])

    async def scene() -> int:
        over, port, listens = asyncio.Event(), free_port(), asyncio.Event()
        serving = asyncio.create_task(serve_app(listening, HOST, port, over, listens.set))
        await listens.wait()
        reader, writer = await _shaken(port)
        writer.write(frame_head(TEXT_FRAME | LAST, FRAME_BYTES_MAX + 1))
        assert await reader.read() == b"\x88\x00"
        writer.close()
        _, writer = await _shaken(port)
        sent = await _speak_on(writer)
        over.set()
        await serving
        return sent

    sent = asyncio.run(asyncio.wait_for(scene(), 60))
    assert MESSAGE_BYTES_MAX <= sent < 2 * MESSAGE_BYTES_MAX
    assert ends == ["websocket.disconnect", "websocket.disconnect"]


async def _shaken(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection(HOST, port)
    writer.write(HANDSHAKE)
    assert b" 101 " in await reader.readuntil(b"\r\n\r\n")
    return reader, writer


async def _speak_on(writer: asyncio.StreamWriter) -> int:
    """Sends one message in pieces until the connection is gone. Returns how many bytes were sent."""
    sent, kind = 0, TEXT_FRAME
    try:
        while sent < 2 * MESSAGE_BYTES_MAX:
            writer.write(frame_head(kind, len(PIECE)) + PIECE)
            await writer.drain()
            sent, kind = sent + len(PIECE), MORE_FRAME
    except ConnectionError:
        writer.close()
    return sent
