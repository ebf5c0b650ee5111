"""One book that loses its place is asked for anew over the same connection, and the others stay fit throughout."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from itertools import groupby
from typing import Any

import pytest
from aiohttp import web

from flatbook.market.depth import BookSync, Grid, Unfit
from flatbook.sim.loop import VirtualLoop
from flatbook.sim.network.connector import SimulatedConnector
from flatbook.sim.world.process import LoopClock
from flatbook.venues.book_stream import BookStream
from flatbook.venues.websocket import SessionSocket
from tests.unit.venues.book_speech import SPEECHES, Speech
from tests.unit.venues.stream_scene import URL, outcome_of, rest

GOOD, LOST = "BTCUSDT", "ETHUSDT"
Spoil = Callable[[Speech, int], dict[str, Any]]


def _gap(speech: Speech, number: int) -> dict[str, Any]:
    return speech.change(LOST, number + 1)


def _checksum(speech: Speech, number: int) -> dict[str, Any]:
    told = speech.change(LOST, number)
    told["data"][0]["checksum"] = 12_345
    return told


def _unread(speech: Speech, number: int) -> dict[str, Any]:
    return json.loads(json.dumps(speech.change(LOST, number)).replace("100.1", "100.123"))


def _crossed(speech: Speech, number: int) -> dict[str, Any]:
    return json.loads(json.dumps(speech.change(LOST, number)).replace("100.1", "100.9"))


CASES = [
    ("bybit", _gap, Unfit.GAP),
    ("okx", _gap, Unfit.GAP),
    ("okx", _checksum, Unfit.CHECKSUM),
    ("bitget", _checksum, Unfit.CHECKSUM),
    *((name, _unread, Unfit.UNREAD) for name in SPEECHES),
    *((name, _crossed, Unfit.CROSSED_TOO_LONG) for name in SPEECHES if name not in ("gemini", "coinbase")),
]


class Venue:
    """Tells of both symbols twice a second; of one it says something spoilt at some seconds of the conversation.

    What it said of a symbol last is still under way when that is taken back: one more change of it comes before the
    next whole book.
    """

    def __init__(self, speech: Speech, spoil: Spoil, *at_s: int) -> None:
        self._speech, self._spoil, self._at_s = speech, spoil, at_s
        self.conversations = 0
        self.said: list[str] = []

    async def serve(self, request: web.BaseRequest) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.conversations += 1
        self._numbers: dict[str, int] = {}
        telling = asyncio.create_task(self._tell(socket))
        async for message in socket:
            text = str(message.data)
            symbols = [symbol for symbol in (GOOD, LOST) if symbol in text]
            if "unsubscribe" in text:
                self.said += symbols
                for symbol in symbols:
                    number = self._numbers.pop(symbol)
                    await socket.send_str(json.dumps(self._speech.change(symbol, number + 7)))
                continue
            for symbol in symbols if symbols and "heartbeats" not in text else ():
                self._numbers[symbol] = 0
                await socket.send_str(json.dumps(self._speech.whole(symbol)))
        telling.cancel()
        return socket

    async def _tell(self, socket: web.WebSocketResponse) -> None:
        for half in range(10_000):
            await rest(0.5)
            for symbol in tuple(self._numbers):
                self._numbers[symbol] += 1
                is_spoilt = symbol == LOST and half in tuple(2 * at_s for at_s in self._at_s)
                told = self._spoil if is_spoilt else self._whole_change(symbol)
                await socket.send_str(json.dumps(told(self._speech, self._numbers[symbol])))

    def _whole_change(self, symbol: str) -> Spoil:
        return lambda speech, number: speech.change(symbol, number)


def kept(venue: Venue, speech: Speech, seconds: int) -> tuple[list[tuple[str, Unfit | None]], BookStream]:
    """Keeps both books for a while. Returns how fit they were one after the other, without repetitions."""
    fits: list[tuple[str, Unfit | None]] = []
    streams: list[BookStream] = []

    async def client(loop: VirtualLoop) -> None:
        clock = LoopClock(loop)
        socket = SessionSocket(URL, clock, connect=SimulatedConnector, beat=speech.feed.beat)
        stream = BookStream(speech.feed, dict.fromkeys((GOOD, LOST), Grid(1, 0)), socket, None, clock)
        streams.append(stream)
        is_over = False

        def changed(symbol: str, sync: BookSync) -> None:
            if not is_over:
                fits.append((symbol, sync.unfit))

        stream.changed = changed
        keeping = asyncio.create_task(stream.keep())
        await asyncio.sleep(seconds)
        is_over = True
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)

    outcome_of(client, venue.serve)
    return fits, streams[0]


def of(symbol: str, fits: list[tuple[str, Unfit | None]]) -> list[Unfit | None]:
    """Returns how fit one book was, without repetitions."""
    return [fit for fit, _ in groupby(unfit for each, unfit in fits if each == symbol)]


@pytest.mark.parametrize(("name", "spoil", "why"), CASES, ids=[f"{name}-{why.value}" for name, _, why in CASES])
def test_a_book_that_lost_its_place_is_renewed_and_the_other_stays_fit(name: str, spoil: Spoil, why: Unfit) -> None:
    venue = Venue(SPEECHES[name], spoil, 3)
    fits, stream = kept(venue, SPEECHES[name], 20)
    between = [] if why is not Unfit.CROSSED_TOO_LONG else [Unfit.CROSSED]
    assert of(LOST, fits) == [None, *between, why, None]
    assert of(GOOD, fits) == [None]
    assert (venue.conversations, venue.said) == (1, [LOST])
    assert (stream.renewed, stream.left, stream.parked) == ({why: 1}, {}, {})
    assert list(stream.books.by_symbol[LOST].book.bids()) == [(1001, 2)]


def test_a_book_that_loses_its_place_again_and_again_is_renewed_at_rests() -> None:
    venue = Venue(SPEECHES["bybit"], _gap, *range(3, 60, 2))
    fits, stream = kept(venue, SPEECHES["bybit"], 60)
    assert of(GOOD, fits) == [None]
    assert venue.conversations == 1
    assert set(of(LOST, fits)) == {None, Unfit.GAP}
    assert stream.renewed == {Unfit.GAP: len(venue.said)}
    assert 8 <= len(venue.said) <= 20
