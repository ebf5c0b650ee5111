"""The crowd before an API: streams that read all they are told, and requests at an even rate, on a core of its own.

python -m benchmarks.api_load URL STREAMS RATE SECONDS TOKEN...

Requests go over connections that stay open, by a client that reads a status and a length and nothing else: it costs a
tenth of what a client of a library does, so that the API is what breaks first.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from contextlib import suppress
from urllib.parse import urlsplit

import aiohttp

PATH = "/api/v1/positions"
STREAM = "/api/v1/stream"
CORE = "BENCH_CROWD_CORE"
CONNECT_AT_ONCE = 20
LINES_MAX = 256
ANSWER_S = 30.0
HEAD_ENDS, LENGTH = b"\r\n\r\n", b"content-length: "
NONE = 0


class Line(asyncio.Protocol):
    """One connection that stays open, with one request at a time on it."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[int] | None = None
        self._came = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Takes the connection."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def ask(self, request: bytes) -> asyncio.Future[int]:
        """Sends a request; its status comes when the whole answer has."""
        assert self._transport is not None
        self._answer = asyncio.get_running_loop().create_future()
        if self._transport.is_closing():  # the server closed it while it rested
            self._answer.set_result(NONE)
        self._transport.write(request)
        return self._answer

    def data_received(self, data: bytes) -> None:
        """Takes what came."""
        self._came += data
        head = self._came.find(HEAD_ENDS)
        if head < 0:
            return
        at = self._came.find(LENGTH, 0, head)
        length = int(self._came[at + len(LENGTH) : self._came.find(b"\r", at)]) if at >= 0 else 0
        if len(self._came) >= head + len(HEAD_ENDS) + length:
            status = int(self._came[9:12])
            self._came.clear()
            self._end(status)

    def connection_lost(self, _error: Exception | None) -> None:
        """Ends the request that was under way, without an answer."""
        self._end(NONE)

    def _end(self, status: int) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(status)


class Crowd:
    """What a crowd met: how long answers took, how many there were of each kind, and what its streams were told."""

    def __init__(self, url: str) -> None:
        self.took_ms: list[float] = []
        self.statuses: dict[int, int] = {}
        self.told = self.bytes = self.streams = 0
        self._url, self._free = url, list[Line]()

    async def ask(self, token: str) -> None:
        """Asks for the positions once."""
        begun, status = time.perf_counter(), NONE
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(ANSWER_S):
                rested = bool(self._free)
                line = self._free.pop() if rested else await self._line()
                status = await line.ask(self._request(token))
                if status == NONE and rested:  # a server may close a connection that rests, just as it is used again
                    line = await self._line()
                    status = await line.ask(self._request(token))
                if status != NONE and len(self._free) < LINES_MAX:
                    self._free.append(line)
        self.took_ms.append((time.perf_counter() - begun) * 1_000)
        self.statuses[status] = self.statuses.get(status, 0) + 1

    def _request(self, token: str) -> bytes:
        where = urlsplit(self._url).netloc
        return f"GET {PATH} HTTP/1.1\r\nhost: {where}\r\nauthorization: Bearer {token}\r\n\r\n".encode()

    async def _line(self) -> Line:
        where = urlsplit(self._url)
        _, line = await asyncio.get_running_loop().create_connection(Line, where.hostname, where.port)
        return line

    async def listen(self, session: aiohttp.ClientSession, token: str) -> None:
        """Reads a stream until it is cancelled."""
        headers = {"authorization": f"Bearer {token}"}
        async with session.ws_connect(self._url + STREAM, headers=headers, max_msg_size=0, autoping=True) as stream:
            self.streams += 1
            async for message in stream:
                self.told += 1
                self.bytes += len(message.data)


async def crowd(met: Crowd, streams: int, rate: int, seconds: float, tokens: list[str]) -> None:
    """Runs a crowd for a while. Units: rate in requests a second, begun evenly whatever the answers do."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        listening = []
        for number in range(streams):
            listening.append(asyncio.create_task(met.listen(session, tokens[number % len(tokens)])))
            if number % CONNECT_AT_ONCE == 0:
                await asyncio.sleep(0.05)
        asking, begun = [], time.perf_counter()
        for number in range(int(rate * seconds)):
            await asyncio.sleep(max(0.0, begun + number / rate - time.perf_counter()))
            asking.append(asyncio.create_task(met.ask(tokens[number % len(tokens)])))
        await asyncio.gather(*asking)
        for task in listening:
            task.cancel()
        await asyncio.gather(*listening, return_exceptions=True)


def main() -> None:
    """Runs a crowd on the core that is named, or the last one, and prints what it met."""
    os.sched_setaffinity(0, {int(os.environ.get(CORE) or max(os.sched_getaffinity(0)))})
    url, streams, rate, seconds, *tokens = sys.argv[1:]
    met = Crowd(url)
    asyncio.run(crowd(met, int(streams), int(rate), float(seconds), tokens))
    told = {name: value for name, value in vars(met).items() if not name.startswith("_")}
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
