"""The crowd before an API: streams that read all they are told, and requests at an even rate, on a core of its own.

python -m benchmarks.api_load URL STREAMS RATE SECONDS TOKEN...
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from contextlib import suppress
from typing import Any

import aiohttp

PATH = "/api/v1/positions"
STREAM = "/api/v1/stream"
CONNECT_AT_ONCE = 20
OK = 200


class Crowd:
    """What a crowd met: how long answers took, how many there were of each kind, and what its streams were told."""

    def __init__(self) -> None:
        self.took_ms: list[float] = []
        self.statuses: dict[int, int] = {}
        self.told = 0
        self.bytes = 0
        self.streams = 0

    async def ask(self, session: aiohttp.ClientSession, url: str, token: str) -> None:
        """Asks for the positions once."""
        begun = time.perf_counter()
        try:
            async with session.get(url + PATH, headers={"authorization": f"Bearer {token}"}) as answer:
                await answer.read()
                status = answer.status
        except (aiohttp.ClientError, TimeoutError):
            status = 0
        self.took_ms.append((time.perf_counter() - begun) * 1_000)
        self.statuses[status] = self.statuses.get(status, 0) + 1

    async def listen(self, session: aiohttp.ClientSession, url: str, token: str) -> None:
        """Reads a stream until it is cancelled."""
        headers = {"authorization": f"Bearer {token}"}
        async with session.ws_connect(url + STREAM, headers=headers, max_msg_size=0, autoping=True) as stream:
            self.streams += 1
            async for message in stream:
                self.told += 1
                self.bytes += len(message.data)

    def body(self) -> dict[str, Any]:
        """Returns what was met."""
        return {
            "took_ms": self.took_ms,
            "statuses": self.statuses,
            "told": self.told,
            "bytes": self.bytes,
            "streams": self.streams,
        }


async def crowd(url: str, streams: int, rate: int, seconds: float, tokens: list[str]) -> dict[str, Any]:
    """Runs a crowd for a while. Units: rate in requests a second, begun evenly whatever the answers do."""
    met = Crowd()
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=30)) as session:
        listening = []
        for number in range(streams):
            listening.append(asyncio.create_task(met.listen(session, url, tokens[number % len(tokens)])))
            if number % CONNECT_AT_ONCE == 0:
                await asyncio.sleep(0.05)
        asking, begun = [], time.perf_counter()
        for number in range(int(rate * seconds)):
            await asyncio.sleep(max(0.0, begun + number / rate - time.perf_counter()))
            asking.append(asyncio.create_task(met.ask(session, url, tokens[number % len(tokens)])))
        await asyncio.gather(*asking)
        for task in listening:
            task.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*listening, return_exceptions=True)
    return met.body()


def main() -> None:
    """Runs a crowd on the last core and prints what it met."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    url, streams, rate, seconds, *tokens = sys.argv[1:]
    print(json.dumps(asyncio.run(crowd(url, int(streams), int(rate), float(seconds), tokens))), flush=True)


if __name__ == "__main__":
    main()
