"""Byte connections in memory, under the virtual loop: what TCP promises, and how it breaks the promise."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections import deque
from collections.abc import Callable, Iterable
from contextvars import Context, copy_context
from functools import partial
from typing import Any, TypeVar

from flatbook.sim.loop import PROCESS, VirtualLoop
from flatbook.sim.network.link import LinkFaults, Loss, Way
from flatbook.values.instants import NS_PER_S, Instant

HIGH_WATER_BYTES = 64 * 1024
UNREAD_BYTES_MAX = 64 * 1024 * 1024
CONNECT_NS_MAX = 127 * NS_PER_S
EVENT_GAP_NS = 1_000
PORT_OF_FIRST_CLIENT = 40_000

_P = TypeVar("_P", bound=asyncio.BaseProtocol)


class ConnectionEnd(asyncio.Transport):
    """One end of a connection: what its protocol writes travels to the other end.

    Bytes count as written until the other protocol has taken them, so that a reader that pauses or hangs holds the
    writer back, as the buffers of two kernels do. What is under way when an end closes or aborts still arrives. Two
    things never happen to an end at one instant: whoever waits for the first has run before the second.
    """

    def __init__(
        self, board: Switchboard, way: Way, faults: LinkFaults, context: Context, peers: tuple[Any, Any]
    ) -> None:
        self._facts: dict[str, object] = {"sockname": peers[0], "peername": peers[1]}
        super().__init__(self._facts)
        self._board, self._way, self._faults, self._context = board, way, faults, context
        self._loop = board.loop
        self.process = context.get(PROCESS, "")
        self.peer = self
        self._protocol: asyncio.BaseProtocol | None = None
        self._lands_at = 0
        self._under_way = 0
        self._breaks_after = faults.cut_after(way)
        self._sent = 0
        self._low, self._high = HIGH_WATER_BYTES // 4, HIGH_WATER_BYTES
        self._held: deque[bytes | None] = deque()
        self._events: deque[Callable[[], None]] = deque()
        self._stirred_at = Instant(0)
        self._is_reading = self._is_paused = self._is_closing = self._is_lost = self._has_ended = False
        self.is_silent = False

    def open(self, protocol: asyncio.BaseProtocol) -> None:
        """Gives the end its protocol and lets bytes in."""
        self._protocol, self._is_reading = protocol, True
        protocol.connection_made(self)
        self._take_held()

    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        """Sends bytes; after a close nothing is sent.

        Errors: BufferError when the writer goes on for UNREAD_BYTES_MAX although it was told to pause.
        """
        if self._is_closing or self._has_ended or not data:
            return
        whole = bytes(data)
        if self._under_way + len(whole) > UNREAD_BYTES_MAX:
            raise BufferError(
                f"{self._under_way} bytes are unread and more are written: the writer ignores pause_writing"
            )
        self._under_way += len(whole)
        self._lose()
        if not self.is_silent:
            self._send(whole)
        if self._under_way > self._high and not self._is_paused and self._protocol is not None:
            self._is_paused = True
            self._protocol.pause_writing()

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview[Any]]) -> None:
        """Sends the pieces as one write."""
        self.write(b"".join(list_of_data))

    def _lose(self) -> None:
        if self.is_silent:
            return
        loss = self._faults.loss(self._way)
        if loss is not Loss.NONE:
            self.is_silent = True
            self.peer.is_silent = self.peer.is_silent or loss is Loss.BOTH_WAYS

    def _send(self, whole: bytes) -> None:
        rest = None if self._breaks_after is None else self._breaks_after - self._sent
        passing = whole if rest is None else whole[:rest]
        self._sent += len(whole)
        if passing:
            self._at_peer(self.peer.arrive, passing, self._loop.instant)
        if rest is not None and rest <= len(whole):
            self._at_peer(self.peer.lose, ConnectionResetError(errno.ECONNRESET, "cut on the way"))
            near_error = ConnectionResetError(errno.ECONNRESET, "cut on the way")
            self._loop.call_at_instant(Instant(self._lands_at), self.lose, near_error, context=self._context)
            self.is_silent = True

    def _at_peer(self, act: Callable[..., None], *args: object) -> None:
        """Lets something happen at the other end, after all that was sent before it."""
        if self.is_silent:
            return
        arrives = self._loop.instant + self._faults.delay_ns(self._way)
        self._lands_at = max(self._lands_at, arrives)
        self._loop.call_at_instant(Instant(self._lands_at), act, *args, context=self.peer._context)

    def arrive(self, piece: bytes | None, written_at: Instant | None = None) -> None:
        """Takes bytes from the other end, or its end of file as None; `written_at` is kept as an extra of the end."""
        self._stir(partial(self._arrived, piece, written_at))

    def _stir(self, event: Callable[[], None]) -> None:
        """Lets an event happen now, or a little later when another one has happened at this instant."""
        if self._events or self._stirred_at == self._loop.instant:
            self._events.append(event)
            if len(self._events) == 1:
                self._stir_later()
            return
        self._stirred_at = self._loop.instant
        event()

    def _stir_later(self) -> None:
        at = Instant(self._loop.instant + EVENT_GAP_NS)
        self._loop.call_at_instant(at, self._next_event, context=self._context)

    def _next_event(self) -> None:
        self._stirred_at = self._loop.instant
        event = self._events.popleft()
        if self._events:
            self._stir_later()
        event()

    def _arrived(self, piece: bytes | None, written_at: Instant | None) -> None:
        if written_at is not None:
            self._facts["written_at"] = written_at
        if self._is_lost or self._is_closing:
            if piece is not None:
                self._at_peer(self.peer.lose, ConnectionResetError(errno.ECONNRESET, "reset by the other end"))
            return
        if not self._is_reading or self._held:
            self._held.append(piece)
            return
        self._take(piece)

    def _take(self, piece: bytes | None) -> None:
        assert isinstance(self._protocol, asyncio.Protocol)
        if piece is None:
            if not self._protocol.eof_received():
                self.close()
            return
        self.peer.was_read(len(piece))
        self._protocol.data_received(piece)

    def _take_held(self) -> None:
        while self._held and self._is_reading and not self._is_closing:
            self._take(self._held.popleft())

    def was_read(self, count: int) -> None:
        """Hears that the other end took bytes; the writer goes on when few are left."""
        self._under_way -= count
        if self._is_paused and self._under_way <= self._low:
            self._is_paused = False
            self._loop.call_soon(self._resume_writing, context=self._context)

    def _resume_writing(self) -> None:
        if self._protocol is not None and not self._is_paused and not self._is_lost:
            self._protocol.resume_writing()

    def lose(self, error: Exception | None) -> None:
        """Ends the connection here; the protocol hears of it once."""
        self._stir(partial(self._end, error))

    def _end(self, error: Exception | None) -> None:
        self._is_closing = True
        if self._is_lost:
            return
        self._is_lost = True
        self._held.clear()
        self._board.forget(self)
        if self._protocol is not None:
            self._protocol.connection_lost(error)

    def die(self, *, silently: bool) -> None:
        """Ends as the end of a lost process does: its protocol hears nothing, the other end a reset or nothing."""
        if not self._is_lost and not silently:
            self._at_peer(self.peer.lose, ConnectionResetError(errno.ECONNRESET, "the process is gone"))
        self.is_silent = self._is_closing = self._is_lost = True
        self._board.forget(self)

    def close(self) -> None:
        """Closes after what was written: the other end sees the end of file."""
        if not self._is_closing:
            self.write_eof()
            self._is_closing = True
            self._loop.call_soon(self.lose, None, context=self._context)

    def abort(self) -> None:
        """Breaks the connection: the other end sees a reset after what is under way."""
        if not self._is_lost:
            error = ConnectionResetError(errno.ECONNRESET, "aborted by the other end")
            self._at_peer(self.peer.lose, error)
            self._is_closing = True
            self._loop.call_soon(self.lose, None, context=self._context)

    def write_eof(self) -> None:
        """Says that nothing more will be written."""
        if not self._has_ended and not self._is_closing:
            self._has_ended = True
            self._at_peer(self.peer.arrive, None)

    def can_write_eof(self) -> bool:
        """Returns True: each way ends by itself."""
        return True

    def is_closing(self) -> bool:
        """Returns whether the end is closed or about to be."""
        return self._is_closing

    def is_reading(self) -> bool:
        """Returns whether bytes are let in."""
        return self._is_reading and not self._is_closing

    def pause_reading(self) -> None:
        """Holds what arrives."""
        self._is_reading = False

    def resume_reading(self) -> None:
        """Lets in what arrived meanwhile, then what comes."""
        if not self._is_reading and not self._is_closing:
            self._is_reading = True
            self._loop.call_soon(self._take_held, context=self._context)

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Sets when the writer is told to pause and to go on. Units: bytes."""
        self._high = HIGH_WATER_BYTES if high is None else high
        self._low = self._high // 4 if low is None else low

    def get_write_buffer_size(self) -> int:
        """Returns how much the other end has not taken. Units: bytes."""
        return self._under_way

    def get_write_buffer_limits(self) -> tuple[int, int]:
        """Returns (low, high). Units: bytes."""
        return self._low, self._high

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Changes the protocol."""
        self._protocol = protocol

    def get_protocol(self) -> asyncio.BaseProtocol:
        """Returns the protocol.

        Errors: RuntimeError before the connection is open.
        """
        if self._protocol is None:
            raise RuntimeError("the connection has no protocol yet")
        return self._protocol


class ListeningPort(asyncio.AbstractServer):
    """A port of a host at which connections are taken."""

    def __init__(
        self, board: Switchboard, address: tuple[str, int], factory: Callable[[], asyncio.BaseProtocol]
    ) -> None:
        self._board, self._address = board, address
        self.factory = factory
        self.context = copy_context()
        self.process = self.context.get(PROCESS, "")
        self.sockets: tuple[socket.socket, ...] = ()

    def get_loop(self) -> VirtualLoop:
        """Returns the loop of the world."""
        return self._board.loop

    def is_serving(self) -> bool:
        """Returns whether connections are taken."""
        return self._board.listening.get(self._address) is self

    async def start_serving(self) -> None:
        """Takes connections, as it does from the start."""
        self._board.listening.setdefault(self._address, self)

    async def serve_forever(self) -> None:
        """Takes connections until it is canceled."""
        await self.start_serving()
        await self._board.loop.create_future()

    def close(self) -> None:
        """Takes no new connection; those that are open stay."""
        if self.is_serving():
            del self._board.listening[self._address]

    async def wait_closed(self) -> None:
        """Returns at once: closing needs no time."""


class Switchboard:
    """The network of a world: hosts by name, and the connections between them.

    `faults_of` gives the faults between a process (by its name) and a host, asked at each attempt to connect.
    """

    def __init__(self, loop: VirtualLoop, faults_of: Callable[[str, str], LinkFaults]) -> None:
        self.loop = loop
        self._faults_of = faults_of
        self.listening: dict[tuple[str, int], ListeningPort] = {}
        self._ends: dict[ConnectionEnd, None] = {}
        self._hosts: dict[str, None] = {}
        self._clients = PORT_OF_FIRST_CLIENT
        loop.network = self

    def listen(self, factory: Callable[[], asyncio.BaseProtocol], host: str, port: int) -> ListeningPort:
        """Opens a port of a host for the process that calls.

        Errors: OSError when the port is taken.
        """
        if (host, port) in self.listening:
            raise OSError(errno.EADDRINUSE, f"{host}:{port} is taken")
        self._hosts[host] = None
        opened = self.listening[host, port] = ListeningPort(self, (host, port), factory)
        return opened

    async def connect(self, factory: Callable[[], _P], host: str, port: int) -> tuple[ConnectionEnd, _P]:
        """Connects the process that calls with a port of a host.

        Errors: socket.gaierror when the name is not found; ConnectionRefusedError; TimeoutError when nobody answers.
        """
        faults = self._faults_of(PROCESS.get(), host)
        if host not in self._hosts or not faults.resolves():
            raise socket.gaierror(socket.EAI_AGAIN, f"the name {host} is not found")
        await self._travel(faults, Way.REQUEST)
        port_there = self.listening.get((host, port))
        if port_there is None or faults.refuses():
            await self._travel(faults, Way.ANSWER)
            raise ConnectionRefusedError(errno.ECONNREFUSED, f"{host}:{port} refuses the connection")
        near, far = self._pair(faults, port_there, (host, port))
        self.loop.call_soon(_accept, port_there, far, context=port_there.context)
        try:
            await self._travel(faults, Way.ANSWER)
        except (asyncio.CancelledError, TimeoutError):
            near.abort()
            raise
        if near.is_closing():
            raise ConnectionResetError(errno.ECONNRESET, f"{host}:{port} reset the connection")
        protocol = factory()
        near.open(protocol)
        return near, protocol

    def lose(self, process: str, *, silently: bool) -> None:
        """Ends all that a process had open: with a reset, as its kernel does, or silently, as a lost machine."""
        for address, port in list(self.listening.items()):
            if port.process == process:
                del self.listening[address]
        for end in list(self._ends):
            if end.process == process:
                end.die(silently=silently)

    def forget(self, end: ConnectionEnd) -> None:
        """Drops an end that is closed."""
        self._ends.pop(end, None)

    def open_connections(self) -> int:
        """Returns how many ends are open."""
        return len(self._ends)

    async def _travel(self, faults: LinkFaults, way: Way) -> None:
        """Waits as long as the first packets of a connection travel.

        Errors: TimeoutError after CONNECT_NS_MAX when they are lost.
        """
        is_lost = faults.loss(way) is not Loss.NONE
        wait_ns = CONNECT_NS_MAX if is_lost else faults.delay_ns(way)
        arrived = self.loop.create_future()
        timer = self.loop.call_at_instant(Instant(self.loop.instant + wait_ns), arrived.set_result, None)
        try:
            await arrived
        finally:
            timer.cancel()
        if is_lost:
            raise TimeoutError(errno.ETIMEDOUT, "nobody answers")

    def _pair(
        self, faults: LinkFaults, port: ListeningPort, server: tuple[str, int]
    ) -> tuple[ConnectionEnd, ConnectionEnd]:
        self._clients += 1
        client = (PROCESS.get() or "outside", self._clients)
        near = ConnectionEnd(self, Way.REQUEST, faults, copy_context(), (client, server))
        far = ConnectionEnd(self, Way.ANSWER, faults, port.context.copy(), (server, client))
        near.peer, far.peer = far, near
        self._ends[near] = self._ends[far] = None
        return near, far


def _accept(port: ListeningPort, end: ConnectionEnd) -> None:
    if not end.is_closing():
        end.open(port.factory())
