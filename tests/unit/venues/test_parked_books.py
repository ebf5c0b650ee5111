"""One symbol of which nothing comes leaves the other books of its connection as they are, and is asked for again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from itertools import pairwise
from typing import Any, NamedTuple

import pytest
from aiohttp import web

from flatbook.market.depth import BookSync, Grid, Unfit
from flatbook.sim.loop import VirtualLoop
from flatbook.sim.network.connector import SimulatedConnector
from flatbook.sim.world.process import LoopClock
from flatbook.venues.bitget import books as bitget
from flatbook.venues.book_stream import BookFeed, BookStream
from flatbook.venues.bybit import books as bybit
from flatbook.venues.coinbase import books as coinbase
from flatbook.venues.gemini import books as gemini
from flatbook.venues.okx import books as okx
from flatbook.venues.websocket import SessionSocket
from tests.unit.venues.stream_scene import URL, outcome_of, rest

PAST: dict[str, Any] = {"trades": [], "auction_events": []}
GOOD, DEAD = "BTCUSDT", "GONEUSDT"


class Speech(NamedTuple):
    """A feed, and how its venue says a whole book, and a change with a number, of a symbol."""

    feed: BookFeed
    whole: Callable[[str], dict[str, Any]]
    change: Callable[[str, int], dict[str, Any]]


def _bybit(symbol: str, kind: str, number: int) -> dict[str, Any]:
    book = {"s": symbol, "b": [["100.1", "2"]], "a": [["100.2", "3"]] if kind == "snapshot" else [], "u": number}
    return {"topic": f"orderbook.50.{symbol}", "type": kind, "ts": 1, "data": book}


def _args(symbol: str, action: str, **row: Any) -> dict[str, Any]:
    asks = [["100.2", "3", "0", "1"]] if action == "snapshot" else []
    told = {"bids": [["100.1", "2", "0", "1"]], "asks": asks, **row}
    return {"arg": {"channel": "books", "instId": symbol}, "action": action, "data": [told]}


def _bitget(symbol: str, action: str) -> dict[str, Any]:
    asks = [["100.2", "3"]] if action == "snapshot" else []
    return _args(symbol, action) | {"data": [{"bids": [["100.1", "2"]], "asks": asks}]}


def _coinbase(symbol: str, kind: str) -> dict[str, Any]:
    sides = [("bid", "100.1"), ("offer", "100.2")]
    told = [{"side": side, "price_level": price, "new_quantity": "2"} for side, price in sides]
    return {"channel": "l2_data", "events": [{"type": kind, "product_id": symbol, "updates": told}]}


def _gemini(symbol: str, more: dict[str, Any]) -> dict[str, Any]:
    changes = [["buy", "100.1", "2"], ["sell", "100.2", "3"]]
    return {"type": "l2_updates", "symbol": symbol, "changes": changes, **more}


SPEECHES = {
    "bybit": Speech(bybit.LINEAR, lambda s: _bybit(s, "snapshot", 5), lambda s, n: _bybit(s, "delta", 5 + n)),
    "okx": Speech(
        okx.FEED,
        lambda s: _args(s, "snapshot", seqId=5, prevSeqId=-1),
        lambda s, n: _args(s, "update", seqId=5 + n, prevSeqId=4 + n),
    ),
    "bitget": Speech(bitget.SPOT, lambda s: _bitget(s, "snapshot"), lambda s, _: _bitget(s, "update")),
    "gemini": Speech(
        gemini.FEED, lambda s: _gemini(s, {"trades": [], "auction_events": []}), lambda s, _: _gemini(s, {})
    ),
    "coinbase": Speech(coinbase.FEED, lambda s: _coinbase(s, "snapshot"), lambda s, _: _coinbase(s, "update")),
}


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
