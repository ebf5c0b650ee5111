"""One symbol of which nothing comes leaves the other books of its connection as they are, and is asked for again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from itertools import pairwise

import pytest
from aiohttp import web

from flatbook.market.depth import BookSync, Grid, Unfit
from flatbook.sim.loop import VirtualLoop
from flatbook.sim.network.connector import SimulatedConnector
from flatbook.sim.world.process import LoopClock
from flatbook.venues.book_stream import BookFeed, BookStream
from flatbook.venues.websocket import SessionSocket
from tests.unit.venues.book_speech import SPEECHES, Speech
from tests.unit.venues.stream_scene import URL, outcome_of, rest

GOOD, DEAD = "BTCUSDT", "GONEUSDT"


class Venue:
    """Tells of the good symbol twice a second; of the other one a whole book once it was asked for often enough.

    With `refuses_all` a message that asks for the other one is refused whole.
    """

    def __init__(self, speech: Speech, *, lives_after: int = 10**9, refuses_all: bool = False) -> None:
        self._speech, self._lives_after, self._refuses_all = speech, lives_after, refuses_all
        self.conversations = 0
        self.asked: list[tuple[float, str]] = []

    async def serve(self, request: web.BaseRequest) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.conversations += 1
        telling = asyncio.create_task(self._tell(socket))
        async for message in socket:
            text, now = str(message.data), asyncio.get_running_loop().time()
            is_taken_back = "unsubscribe" in text
            if DEAD in text:
                self.asked.append((now, "taken back" if is_taken_back else "asked"))
                if self._refuses_all:
                    continue
            if GOOD in text and not is_taken_back:
                await socket.send_str(json.dumps(self._speech.whole(GOOD)))
                self._is_told = True
            if sum(word == "asked" for _, word in self.asked) >= self._lives_after and DEAD in text:
                await socket.send_str(json.dumps(self._speech.whole(DEAD)))
        telling.cancel()
        return socket

    async def _tell(self, socket: web.WebSocketResponse) -> None:
        self._is_told, number = False, 0
        while not socket.closed:
            await rest(0.5)
            if self._is_told:
                number += 1
                await socket.send_str(json.dumps(self._speech.change(GOOD, number)))
            else:
                await socket.send_str("{}")


def kept(venue: Venue, feed: BookFeed, seconds: int) -> tuple[list[tuple[str, Unfit | None]], BookStream]:
    """Keeps both books for a while. Returns what became of them, in order, and the stream."""
    fits: list[tuple[str, Unfit | None]] = []
    streams: list[BookStream] = []

    async def client(loop: VirtualLoop) -> None:
        clock = LoopClock(loop)
        socket = SessionSocket(URL, clock, connect=SimulatedConnector, beat=feed.beat)
        stream = BookStream(feed, dict.fromkeys((GOOD, DEAD), Grid(1, 0)), socket, None, clock)
        streams.append(stream)

        def changed(symbol: str, sync: BookSync) -> None:
            if (symbol, sync.unfit) not in fits[-1:]:
                fits.append((symbol, sync.unfit))

        stream.changed = changed
        keeping = asyncio.create_task(stream.keep())
        await asyncio.sleep(seconds)
        fits.append(("end", stream.books.by_symbol[GOOD].unfit))
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)

    run: Callable[[VirtualLoop], Coroutine[None, None, object]] = client
    outcome_of(run, venue.serve)
    return fits[: fits.index(next(each for each in fits if each[0] == "end")) + 1], streams[0]


@pytest.mark.parametrize("name", SPEECHES)
def test_a_symbol_of_which_nothing_comes_is_asked_for_at_growing_rests_and_the_others_stay(name: str) -> None:
    venue = Venue(SPEECHES[name])
    fits, stream = kept(venue, SPEECHES[name].feed, 120)
    assert venue.conversations == 1
    assert {unfit for symbol, unfit in fits if symbol != DEAD} == {None}
    assert {unfit for symbol, unfit in fits if symbol == DEAD} == {Unfit.NO_WHOLE}
    waited = [then - taken for (taken, said), (then, _) in pairwise(venue.asked) if said == "taken back"]
    assert (4 <= len(waited) <= 6, waited, waited[-1] > 8 * waited[0] > 8) == (True, sorted(waited), True)
    assert stream.left == {}


@pytest.mark.parametrize("name", SPEECHES)
def test_a_symbol_that_comes_to_life_is_fit_over_the_same_connection(name: str) -> None:
    venue = Venue(SPEECHES[name], lives_after=2)
    fits, stream = kept(venue, SPEECHES[name].feed, 60)
    assert (DEAD, None) in fits
    assert (venue.conversations, stream.parked) == (1, {})


def test_where_one_symbol_has_all_refused_each_is_asked_for_by_itself() -> None:
    venue = Venue(SPEECHES["bybit"], refuses_all=True)
    fits, stream = kept(venue, SPEECHES["bybit"].feed, 60)
    assert venue.conversations == 2
    assert fits[-1] == ("end", None)
    assert stream.left == {Unfit.NO_WHOLE: 1}
