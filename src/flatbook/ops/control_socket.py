"""The one door to a running engine: a unix socket that only its owner may use, with a lane for stopping.

Whoever is at the door may crowd it, yet not close it: idle connections make room for new ones, none of those whose
first request may still be on its way, and halt and kill wait for no other command. `GET /metrics` is answered as HTTP
too.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec

from flatbook.engine.inputs import STOPPING, Command
from flatbook.engine.run import CommandAnswer, EngineFailed
from flatbook.ops.control_wire import (
    PATH_BYTES_MAX,
    REQUEST_BYTES_MAX,
    AnyRequest,
    CandlesRequest,
    CommandRequest,
    Fault,
    MarketRequest,
    MetricsRequest,
    PingRequest,
    RequestRefused,
    StatusRequest,
    read_request,
    write_answer,
    write_fault,
)

FOLDER_MODE = 0o700
SOCKET_MODE = 0o600
HTTP_LINES_MAX = 64
PONG = "pong"


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """What one door lets in. Units: seconds; connections, requests of a connection, and commands that wait.

    `begin_s` is how long a new connection has for its first request before it counts as idle.
    """

    connections_max: int = 32
    stop_connections_max: int = 8
    requests_max: int = 16
    commands_max: int = 64
    begin_s: float = 1
    idle_s: float = 60
    answer_s: float = 10
    write_s: float = 5


class Doors(msgspec.Struct, frozen=True, kw_only=True):
    """What is behind the door."""

    on_command: Callable[[Command], Awaitable[CommandAnswer]]
    status: Callable[[], dict[str, Any]]
    metrics: Callable[[], str]
    market: Callable[[], Any] = dict
    candles: Callable[[str], Any] = lambda _instrument: {}


class SocketTaken(Exception):
    """The socket cannot be made: an engine listens on it already, or something else is in its place."""


class Connection:
    """One connection: its writer, the requests it waits for, and until when its first one may be on its way."""

    def __init__(self, writer: asyncio.StreamWriter, begin_s: float) -> None:
        self.writer = writer
        self.tasks: dict[asyncio.Task[None], None] = {}
        self._lock = asyncio.Lock()
        self._begins_by: float | None = asyncio.get_running_loop().time() + begin_s

    @property
    def is_idle(self) -> bool:
        """Whether nothing is lost when it is sent away: what it asked is answered, or it never asked."""
        if self.tasks:
            return False
        return self._begins_by is None or asyncio.get_running_loop().time() >= self._begins_by

    def asks(self, task: asyncio.Task[None]) -> None:
        """Keeps a request until it is answered."""
        self._begins_by = None
        self.tasks[task] = None
        task.add_done_callback(self.ended)

    async def write(self, line: bytes, write_s: float) -> None:
        """Writes one line; who does not read is cut off."""
        async with self._lock:
            try:
                self.writer.write(line)
                await asyncio.wait_for(self.writer.drain(), write_s)
            except (OSError, TimeoutError):
                self.cut()

    def ended(self, task: asyncio.Task[None]) -> None:
        """Forgets a request that was answered; one that broke ends the connection, so that nobody waits for it."""
        self.tasks.pop(task, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.cut()
            context = {"message": "a request could not be answered", "exception": error}
            asyncio.get_running_loop().call_exception_handler(context)

    def cut(self) -> None:
        """Ends the connection without waiting for its far end."""
        self.writer.transport.abort()


class ControlServer:
    """Listens on the socket of one engine."""

    def __init__(self, path: Path, doors: Doors, bounds: Bounds | None = None) -> None:
        self._path = path
        self._doors = doors
        self._bounds = bounds or Bounds()
        self._connections: dict[Connection, None] = {}
        self._serving: dict[asyncio.Task[None], None] = {}
        self._commands: dict[asyncio.Future[CommandAnswer], None] = {}
        self._server: asyncio.Server | None = None
        self._inode: tuple[int, int] | None = None

    async def start(self) -> None:
        """Makes the socket and listens.

        Errors: SocketTaken; OSError when the folder cannot be used.
        """
        listening = bound_socket(self._path)
        self._inode = _inode(self._path)
        self._server = await asyncio.start_unix_server(self._serve, sock=listening, limit=REQUEST_BYTES_MAX)

    async def close(self) -> None:
        """Stops listening, tells who still waits, ends all connections, and removes the socket if it still is ours."""
        if self._server is None:
            return
        self._server.close()
        for command in tuple(self._commands):
            command.cancel()
        await asyncio.gather(*(task for each in self._connections for task in each.tasks), return_exceptions=True)
        for connection in tuple(self._connections):
            connection.cut()
        await asyncio.gather(*self._serving, return_exceptions=True)
        with contextlib.suppress(FileNotFoundError):
            if _inode(self._path) == self._inode:
                self._path.unlink()
        self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection, serving = Connection(writer, self._bounds.begin_s), asyncio.current_task()
        assert serving is not None
        self._serving[serving] = None
        only_stop = self._is_full()
        try:
            if len(self._connections) >= self._bounds.connections_max + self._bounds.stop_connections_max:
                await connection.write(write_fault("", Fault.BUSY, "too many connections"), self._bounds.write_s)
                return
            self._connections[connection] = None
            await self._read(reader, connection, only_stop=only_stop)
        finally:
            self._connections.pop(connection, None)
            self._serving.pop(serving, None)
            writer.close()

    def _is_full(self) -> bool:
        """Returns whether only stopping is let in. The oldest idle connection is sent away then, if there is one."""
        if len(self._connections) < self._bounds.connections_max:
            return False
        idle = next((connection for connection in self._connections if connection.is_idle), None)
        if idle is not None:
            self._connections.pop(idle)
            idle.cut()
        return len(self._connections) >= self._bounds.connections_max

    async def _read(self, reader: asyncio.StreamReader, connection: Connection, *, only_stop: bool) -> None:
        while True:
            try:
                line = await asyncio.wait_for(reader.readuntil(b"\n"), self._bounds.idle_s)
            except asyncio.LimitOverrunError:
                text = f"a request has at most {REQUEST_BYTES_MAX} bytes"
                await connection.write(write_fault("", Fault.TOO_LARGE, text), self._bounds.write_s)
                break
            except (asyncio.IncompleteReadError, OSError, TimeoutError):
                break
            if line.startswith(b"GET "):
                await self._serve_http(line, reader, connection)
                break
            if not await self._take(line, connection, only_stop=only_stop):
                break
        await asyncio.gather(*connection.tasks, return_exceptions=True)

    async def _take(self, line: bytes, connection: Connection, *, only_stop: bool) -> bool:
        """Starts to answer one line. Returns whether more may follow on this connection."""
        bounds = self._bounds
        try:
            request = read_request(line)
        except RequestRefused as error:
            await connection.write(write_fault("", Fault.MALFORMED, str(error)), bounds.write_s)
            return False
        stopping = is_stopping(request)
        if (only_stop or len(connection.tasks) >= bounds.requests_max) and not stopping:
            await connection.write(write_fault(request.id, Fault.BUSY, "too many requests"), bounds.write_s)
            return True
        connection.asks(asyncio.create_task(self._answer(request, connection)))
        return True

    async def _answer(self, request: AnyRequest, connection: Connection) -> None:
        line = await self._command(request) if isinstance(request, CommandRequest) else self._said(request)
        await connection.write(line, self._bounds.write_s)

    def _said(self, request: StatusRequest | MarketRequest | CandlesRequest | MetricsRequest | PingRequest) -> bytes:
        match request:
            case StatusRequest():
                return write_answer(request.id, self._doors.status())
            case MarketRequest():
                return write_answer(request.id, self._doors.market())
            case CandlesRequest():
                return write_answer(request.id, self._doors.candles(request.instrument))
            case MetricsRequest():
                return write_answer(request.id, self._doors.metrics())
            case PingRequest():
                return write_answer(request.id, PONG)

    async def _command(self, request: CommandRequest) -> bytes:
        """Carries out a command. Once handed over it goes on, whoever still waits for the answer."""
        if len(self._commands) >= self._bounds.commands_max and not is_stopping(request):
            return write_fault(request.id, Fault.BUSY, f"{len(self._commands)} commands wait already")
        command = asyncio.ensure_future(self._doors.on_command(request.command))
        self._commands[command] = None
        command.add_done_callback(self._forget)
        try:
            answer = await asyncio.wait_for(asyncio.shield(command), self._bounds.answer_s)
        except TimeoutError:
            text = f"taken, and not carried out within {self._bounds.answer_s:g} s: give it again with the same key"
            return write_fault(request.id, Fault.TIMED_OUT, text)
        except EngineFailed:
            return write_fault(request.id, Fault.STOPPING, "the engine failed before it answered: see its log")
        except asyncio.CancelledError:
            if not command.cancelled():
                raise
            return write_fault(request.id, Fault.STOPPING, "the engine stops: give it again with the same key")
        return write_answer(request.id, answer)

    def _forget(self, command: asyncio.Future[CommandAnswer]) -> None:
        self._commands.pop(command, None)
        if not command.cancelled():
            command.exception()

    async def _serve_http(self, first: bytes, reader: asyncio.StreamReader, connection: Connection) -> None:
        """Answers GET /metrics, so that what reads metrics over HTTP can read them here."""
        bounds = self._bounds
        try:
            for _ in range(HTTP_LINES_MAX):
                if not (await asyncio.wait_for(reader.readuntil(b"\n"), bounds.idle_s)).strip():
                    break
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError, TimeoutError):
            return
        found = first.split()[1:2] == [b"/metrics"]
        body = self._doors.metrics().encode() if found else b"only /metrics is here\n"
        status = b"200 OK" if found else b"404 Not Found"
        head = b"HTTP/1.1 %s\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n" % status
        head += b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(body)
        await connection.write(head + body, bounds.write_s)


def _inode(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_dev, status.st_ino


def is_stopping(request: AnyRequest) -> bool:
    """Returns whether a request stops new risk: it takes the lane that nothing else may fill."""
    return isinstance(request, CommandRequest) and request.command.verb in STOPPING


def bound_socket(path: Path) -> socket.socket:
    """Returns a socket at a path, in a folder that only its owner may enter; what a dead engine left is removed.

    Errors: SocketTaken, with what to do; OSError when the folder cannot be used.
    """
    if len(os.fsencode(path)) > PATH_BYTES_MAX:
        raise SocketTaken(f"{path} is longer than {PATH_BYTES_MAX} bytes: choose a shorter FLATBOOK_HOME")
    path.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    path.parent.chmod(FOLDER_MODE)
    _remove_stale(path)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listening.bind(os.fspath(path))
        path.chmod(SOCKET_MODE)
    except OSError:
        listening.close()
        raise
    return listening


def _remove_stale(path: Path) -> None:
    try:
        is_socket = stat.S_ISSOCK(path.lstat().st_mode)
    except FileNotFoundError:
        return
    if not is_socket:
        raise SocketTaken(f"{path} is no socket: move it away")
    if is_alive(path):
        raise SocketTaken(f"an engine listens on {path} already: stop that one first")
    path.unlink(missing_ok=True)


def is_alive(path: Path) -> bool:
    """Returns whether somebody listens on a socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
        asking.settimeout(1)
        try:
            asking.connect(os.fspath(path))
        except (ConnectionRefusedError, FileNotFoundError):
            return False
        except OSError:
            return True
    return True
