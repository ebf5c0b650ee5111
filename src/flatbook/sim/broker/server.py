"""The paper broker behind a unix socket, so that it can live in another process than the engine."""

from __future__ import annotations

import asyncio
from pathlib import Path

from flatbook.engine.ports import Clock
from flatbook.sim.broker.broker import Broker
from flatbook.values.instants import Instant
from flatbook.venues.paper.wire import read_message, write_message

SOCKET_MODE = 0o600
CONNECTIONS_MAX = 256
SILENCE_S_MAX = 120


class BrokerServer:
    """Serves one broker over one socket, in the time of a clock."""

    def __init__(self, broker: Broker, clock: Clock) -> None:
        self._broker = broker
        self._clock = clock
        self._connections = 0
        self._server: asyncio.Server | None = None

    async def start(self, path: Path) -> None:
        """Listens on a socket that only this user may use; a socket file left over from before is replaced.

        Errors: OSError when the folder cannot be written or the path is too long for a socket.
        """
        self._server = await asyncio.start_unix_server(self._connected, str(path))
        path.chmod(SOCKET_MODE)  # noqa: ASYNC240

    async def close(self) -> None:
        """Stops listening; the broker stays open."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections += 1
        try:
            if self._connections <= CONNECTIONS_MAX:
                await self._exchange(reader, writer)
        except OSError:
            return
        finally:
            self._connections -= 1
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await read_message(reader)
        if request is None:
            return
        served = self._broker.serve(request, self._clock.now())
        if served is None:
            await self._stay_silent(reader)
            return
        await self._clock.sleep_until(Instant(self._clock.now() + served.after_ns))
        await write_message(writer, served.body)

    async def _stay_silent(self, reader: asyncio.StreamReader) -> None:
        """Keeps the connection without a word until the client leaves, at most SILENCE_S_MAX."""
        try:
            await asyncio.wait_for(reader.read(1), SILENCE_S_MAX)
        except TimeoutError:
            return
