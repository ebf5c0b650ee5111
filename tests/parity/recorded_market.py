"""The public streams of Binance as a recording told them, served anew in virtual time.

Each frame leaves when the recorder heard it; the whole book answers whoever asks for one. Trades are told in the words
of the stream that a desk subscribes to: one aggregate each.
"""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from aiohttp import web

from flatbook.sim.loop import VirtualLoop
from flatbook.values.instants import Instant

APART_NS = 100_000
NS_PER_US = 1_000


class Frame(NamedTuple):
    """A line of a recording. Units: ns."""

    at: Instant
    text: str


def frames_of(path: Path) -> list[Frame]:
    """Returns the lines of a recording whose times are in microseconds or nanoseconds, no two at nearly one instant."""
    frames: list[Frame] = []
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            told, _, text = line.rstrip("\n").partition(" ")
            at = int(told) * (NS_PER_US if len(told) == 16 else 1)
            frames.append(Frame(Instant(max(at, frames[-1].at + APART_NS if frames else 0)), text))
    return frames


def write_frames(frames: list[Frame], path: Path) -> None:
    """Writes a recording again."""
    with gzip.open(path, "wt", encoding="utf-8") as lines:
        lines.writelines(f"{frame.at} {frame.text}\n" for frame in frames)


class RecordedMarket:
    """Serves a recording: depth, trades and marks over sockets, the whole book over HTTP."""

    def __init__(self, loop: VirtualLoop, frames: list[Frame]) -> None:
        self._loop, self._frames = loop, frames
        self._sockets: dict[str, web.WebSocketResponse] = {}
        self._whole: asyncio.Future[str] = loop.create_future()

    def runner(self) -> web.AppRunner:
        """Returns what serves it, to be given a site."""
        app = web.Application()
        app.router.add_get("/{way:.*}stream", self._stream)
        app.router.add_get("/{way:.*}depth", self._depth)
        return web.AppRunner(app)

    async def play(self) -> None:
        """Tells all frames, each at its time. Needs: the streams are subscribed to."""
        for frame in self._frames:
            gone = self._loop.create_future()
            self._loop.call_at_instant(frame.at, gone.set_result, None)
            await gone
            for name, text in _told(frame.text):
                await self._tell(name, text)

    async def _tell(self, name: str, text: str) -> None:
        if name == "whole":
            self._whole.set_result(text)
        else:
            await self._sockets[name].send_str(text)

    async def _stream(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self._sockets[request.query["streams"].split("@")[1]] = socket
        async for _ in socket:
            pass
        return socket

    async def _depth(self, _request: web.Request) -> web.Response:
        return web.Response(text=await self._whole, content_type="application/json")


def _told(text: str) -> Iterator[tuple[str, str]]:
    if text.startswith('{"lastUpdateId"'):
        yield "whole", text
    elif "@depth" in text[:60]:
        yield "depth", text
    elif "@markPrice" in text[:60]:
        yield "markPrice", text
    elif "@trade" in text[:60]:
        frame = json.loads(text)
        yield "aggTrade", json.dumps({"stream": "aggTrade", "data": {**frame["data"], "e": "aggTrade"}})
