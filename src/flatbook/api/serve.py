"""The process of the API: bound to this machine only, one event loop, ended by a signal or with whoever started it."""

from __future__ import annotations

import asyncio
import gc
import ipaddress
import resource
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress

import msgspec
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server.embed import Server
from litestar.types import ASGIApp

from flatbook.api.console import CONSOLE
from flatbook.api.courtesy import step_back
from flatbook.api.door import guarded_app, open_door
from flatbook.api.reads import READS
from flatbook.api.site import Site
from flatbook.ops.clock import SystemClock
from flatbook.ops.config_api import PORT

HOST = "127.0.0.1"
BACKLOG = 512
CONNECTIONS_MAX = 4_096  # idle ones too: more than the browsers of a machine hold, so that a stop finds a place
FILES_SPARE = 512  # for the journal, the door, the engine's socket, and what is written
HEADERS_TIMEOUT_MS = 10_000
START_S, START_AGAIN_S = 30.0, 0.02
GARBAGE_OBJECTS = 200_000
SWITCH_S = 0.001  # what adds up results in a thread lets the event loop in at once
LOCALHOST = "localhost"
EXIT_OK, EXIT_FAILED = 0, 1


class BindRefused(Exception):
    """The API may listen on this machine only."""


def check_loopback(host: str) -> str:
    """Returns an address of this machine.

    Errors: BindRefused for any other address or name.
    """
    if host == LOCALHOST:
        return HOST
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        raise BindRefused(f"{host} is no address: name 127.0.0.1 or ::1") from None
    if not address.is_loopback:
        raise BindRefused(f"{host} is not this machine: the API listens on 127.0.0.1 or ::1 only")
    return str(address).partition("%")[0]  # of a loopback there is one: its zone says nothing


def check_free(host: str, port: int) -> None:
    """Passes when nobody listens there: the server itself would share the port without a word.

    Errors: OSError.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as trying:
        trying.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        trying.bind((host, port))


class Listening(msgspec.Struct, frozen=True, kw_only=True):
    """Where a process listens; `beside` an engine it ends when standard input does."""

    host: str = HOST
    port: int = PORT
    beside: bool = False


def run_site(site: Site, where: Listening, told: Callable[[str], None]) -> int:
    """Serves a desk until a signal comes; beside an engine it stands behind it. Returns the exit code.

    `told` hears the link that logs one person in.

    Errors: BindRefused; OSError when the port is taken; DoorUnusable.
    """
    address = check_loopback(where.host)
    check_free(address, where.port)
    if where.beside:
        step_back()
    return asyncio.run(_run(site, msgspec.structs.replace(where, host=address), told))


async def _run(site: Site, where: Listening, told: Callable[[str], None]) -> int:
    sys.setswitchinterval(SWITCH_S)
    gc.disable()  # until the journal is folded: what it leaves stays
    site.when_whole = _spare_folded
    over, deaths = asyncio.Event(), []
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, over.set)
    ending = asyncio.create_task(_end_of_input(over)) if where.beside else None

    def on_death(error: BaseException) -> None:
        deaths.append(error)
        over.set()

    access = open_door(site, SystemClock(), where.host, where.port)
    try:
        gate, _ = guarded_app(site, access, (*READS, *CONSOLE), on_death=on_death)
        await serve_app(gate, where.host, where.port, over, lambda: told(access.link()))
    finally:
        access.close()
        if ending is not None:
            ending.cancel()
    return EXIT_FAILED if deaths else EXIT_OK


def _spare_folded() -> None:
    """Lets the search for garbage begin, and leave alone what was folded until then."""
    if not gc.isenabled():
        gc.freeze()
        gc.set_threshold(GARBAGE_OBJECTS)
        gc.enable()


async def _end_of_input(over: asyncio.Event) -> None:
    """Waits for the end of standard input, which comes when whoever started this process ends, however it ends."""
    stream = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(stream), sys.stdin)
    while await stream.read(1):
        continue
    over.set()


def room_for_connections() -> int:
    """Returns how many connections may be open at once; as many files are allowed to this process as its user may have.

    The server takes no new connection beyond that, whatever it would ask for.
    """
    wanted = CONNECTIONS_MAX + FILES_SPARE
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if _files(soft) < wanted:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, _files(hard)), hard))
    files = _files(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    return min(CONNECTIONS_MAX, max(files - FILES_SPARE, files // 2))


def _files(limit: int) -> int:
    return sys.maxsize if limit == resource.RLIM_INFINITY else limit


async def serve_app(
    app: ASGIApp, host: str, port: int, over: asyncio.Event, listens: Callable[[], None] = lambda: None
) -> None:
    """Serves an application until it is over. `listens` is called once it can be reached."""
    server = Server(
        app,
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        http=HTTPModes.http1,
        backlog=BACKLOG,
        backpressure=room_for_connections(),
        http1_settings=HTTP1Settings(header_read_timeout=HEADERS_TIMEOUT_MS),
        log_enabled=False,
    )
    serving = asyncio.create_task(server.serve())
    serving.add_done_callback(lambda _: over.set())
    if await _is_reached(host, port, over):
        listens()
    await over.wait()
    if not serving.done():
        server.stop()  # type: ignore[no-untyped-call]
    await serving


async def _is_reached(host: str, port: int, over: asyncio.Event) -> bool:
    """Waits until somebody listens on a port, at most START_S. Returns whether somebody does."""
    for _ in range(int(START_S / START_AGAIN_S)):
        if over.is_set():
            return False
        try:
            _, writer = await asyncio.open_connection(host, port)
        except OSError:
            await asyncio.sleep(START_AGAIN_S)
            continue
        writer.close()
        return True
    return False
