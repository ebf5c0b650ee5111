"""Books over the protocol of each venue, in virtual time, from a server that gaps, breaks off and falls silent."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
from collections.abc import Awaitable, Callable, Coroutine
from itertools import pairwise

import msgspec
import pytest
from aiohttp import web

from flatbook.market.depth import BookSync, Unfit, text_of
from flatbook.sim.loop import VirtualLoop
from flatbook.sim.network.connector import SimulatedConnector
from flatbook.sim.world.process import LoopClock
from flatbook.venues.book_stream import RECONNECT_S, BookStream
from flatbook.venues.http import SessionHttp
from flatbook.venues.silence import Patience, StreamEnd
from flatbook.venues.websocket import SessionSocket
from tests.captures.files import Line
from tests.captures.made import WRITERS, Made, made
from tests.captures.walk import GRID, walk
from tests.unit.venues.stream_scene import START, URL, Serve, outcome_of

PATIENCE = Patience(beat_s=5, silence_s=20)
NAMES = sorted(WRITERS)
STREAMED = ("bybit", "okx", "bitget", "gemini", "coinbase")
BID_HIGH = {
    "binance": ('"b":[', '["70000.00","{size}"],'),
    "binanceusdm": ('"b":[', '["70000.00","{size}"],'),
    "bybit": ('"b":[', '["70000.00","{size}"],'),
    "gate": ('"b":[', '["70000.00","{size}"],'),
    "bitstamp": ('"bids":[', '["70000.00","{size}"],'),
    "gemini": ('"changes":[', '["buy","70000.00","{size}"],'),
    "coinbase": ('"updates":[', '{{"side":"bid","price_level":"70000.00","new_quantity":"{size}"}},'),
}

Play = Callable[[web.WebSocketResponse, int], Awaitable[None]]


class Exchange:
    """Serves a made session: frames as `play` has them, and whole books over REST, the first ones refused."""

    def __init__(self, session: Made, play: Play, *, refused: int = 0, wait_s: int = 0) -> None:
        self.session, self._play, self._refused = session, play, refused
        self._headers = {"Retry-After": str(wait_s)} if wait_s else {}
        self.asked_at: list[float] = []
        self.conversations = 0
        self.opened_with: list[str] = []
        self.asked: list[str] = []
        self._said: asyncio.Future[None] | None = None

    async def serve(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answers one request."""
        if request.headers.get("Upgrade", "").lower() != "websocket":
            self.asked.append(request.rel_url.path_qs)
            self.asked_at.append(asyncio.get_running_loop().time())
            if len(self.asked) <= self._refused:
                return web.Response(status=429, headers=self._headers)
            whole = next(line for line in self.session.lines if not line.is_frame)
            return web.Response(body=whole.text.encode(), content_type="application/json")
        socket = web.WebSocketResponse(autoping=False)
        await socket.prepare(request)
        self.conversations += 1
        for _ in self.session.feed.feed.opening((self.session.symbol,)):
            self.opened_with.append((await socket.receive()).data)
        await self._play(socket, self.conversations)
        return socket


def frames(session: Made) -> list[Line]:
    return [line for line in session.lines if line.is_frame]


async def say(socket: web.WebSocketResponse, lines: list[Line]) -> None:
    """Says frames a tenth of a second apart."""
    for line in lines:
        await socket.send_str(line.text)
        await asyncio.sleep(0.1)


async def say_while_heard(socket: web.WebSocketResponse, lines: list[Line]) -> None:
    """Says frames until the other end hangs up."""
    with contextlib.suppress(ConnectionResetError):
        await say(socket, lines)


def followed(
    exchange: Exchange, then: Callable[[BookStream], Coroutine[None, None, object]]
) -> tuple[object, BookSync, list[Unfit | None]]:
    """Returns what came of following, the book at the end, and how fit it was at each change of that."""
    session, fits = exchange.session, list[Unfit | None]()
    kept: list[BookStream] = []

    async def client(loop: VirtualLoop) -> object:
        clock = LoopClock(loop)
        socket = SessionSocket(URL, clock, connect=SimulatedConnector, patience=PATIENCE, beat=session.feed.feed.beat)
        http = SessionHttp(URL, clock, connect=SimulatedConnector, authorize=dict)
        stream = BookStream(session.feed.feed, {session.symbol: session.grid}, socket, http, clock)
        kept.append(stream)

        def changed(_symbol: str, sync: BookSync) -> None:
            if not fits or fits[-1] is not sync.unfit:
                fits.append(sync.unfit)

        stream.changed = changed
        try:
            return await then(stream)
        finally:
            await http.close()

    serve: Serve = exchange.serve
    outcome, _ = outcome_of(client, serve)
    return outcome, kept[0].books.by_symbol[session.symbol], fits


async def once(stream: BookStream) -> object:
    return await stream.follow()


def held(sync: BookSync) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    return list(sync.book.bids()), list(sync.book.asks())


def at_the_end(session: Made) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    return session.last.bids_after, session.last.asks_after


@pytest.mark.parametrize("name", NAMES)
def test_a_stream_leads_to_the_book_of_the_venue_and_its_end_makes_it_unfit(name: str) -> None:
    session = made(name)

    async def play(socket: web.WebSocketResponse, _time: int) -> None:
        await say(socket, frames(session))
        await socket.close()

    exchange = Exchange(session, play)
    outcome, sync, fits = followed(exchange, once)
    assert (outcome, held(sync)) == (StreamEnd.CLOSED, at_the_end(session))
    assert (fits[-2], fits[-1], sync.unfit) == (None, Unfit.DISCONNECTED, Unfit.DISCONNECTED)
    assert all(msgspec.json.decode(text) for text in exchange.opened_with)
    assert all(session.symbol in text.upper() for text in exchange.opened_with)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in STREAMED])
def test_a_whole_book_that_is_refused_is_asked_for_again_with_growing_rests(name: str) -> None:
    session = made(name, count=200)

    async def play(socket: web.WebSocketResponse, _time: int) -> None:
        await say(socket, frames(session))
        await socket.close()

    exchange = Exchange(session, play, refused=3)
    _, sync, fits = followed(exchange, once)
    assert len(exchange.asked) == 4
    assert (fits[0], held(sync)) == (Unfit.NO_BOOK, at_the_end(session))


@pytest.mark.parametrize("name", ["binance", "gate", "bitstamp"])
def test_a_venue_that_asked_to_wait_is_not_asked_for_a_whole_book_before(name: str) -> None:
    session = made(name, count=400)

    async def play(socket: web.WebSocketResponse, _time: int) -> None:
        await say(socket, frames(session))
        await socket.close()

    exchange = Exchange(session, play, refused=2, wait_s=12)
    _, sync, fits = followed(exchange, once)
    waited = [after - before for before, after in pairwise(exchange.asked_at)][:2]
    assert all(12 <= each <= 16 for each in waited)
    assert (None in fits, held(sync)) == (True, at_the_end(session))


@pytest.mark.parametrize("name", ["binance", "binanceusdm", "gate"])
def test_after_a_gap_the_whole_book_is_asked_for_and_the_stream_goes_on(name: str) -> None:
    session = made(name)

    async def play(socket: web.WebSocketResponse, _time: int) -> None:
        lines = frames(session)
        await say(socket, lines[:10] + lines[11:])
        await socket.close()

    exchange = Exchange(session, play)
    _, _, fits = followed(exchange, once)
    assert exchange.conversations == 1
    assert Unfit.GAP in fits
    assert len(exchange.asked) > 1


@pytest.mark.parametrize("name", ["bybit", "okx", "bitget", "coinbase"])
def test_after_a_gap_a_venue_that_tells_no_whole_book_again_is_left_and_all_begins_anew(name: str) -> None:
    session = made(name)

    async def play(socket: web.WebSocketResponse, time: int) -> None:
        lines = frames(session)
        await say(socket, lines if time > 1 else lines[:10] + lines[11:])
        await socket.close()

    async def twice(stream: BookStream) -> object:
        keeping = asyncio.create_task(stream.keep())
        await asyncio.sleep(3 * RECONNECT_S + 10)
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        return None

    exchange = Exchange(session, play)
    _, sync, fits = followed(exchange, twice)
    assert exchange.conversations >= 2
    assert fits[:1] == [None]
    assert held(sync) == at_the_end(session)


class Slow(Exchange):
    """Takes its time with whole books over REST."""

    async def serve(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answers one request."""
        if request.headers.get("Upgrade", "").lower() != "websocket":
            await asyncio.sleep(3)
        return await super().serve(request)


def test_a_whole_book_in_the_stream_of_gate_takes_the_place_of_the_book_and_no_older_one_that_of_it() -> None:
    session, place = made("gate", count=100), 10
    change = walk(random.Random(1), 100)[place]
    whole = frames(session)[place]
    told = json.loads(whole.text)
    told["result"] |= {side: sides_of(levels) for side, levels in (("b", change.bids_after), ("a", change.asks_after))}
    told["result"] |= {"full": True}
    del told["result"]["U"]

    async def play(socket: web.WebSocketResponse, _time: int) -> None:
        lines = frames(session)
        await say(socket, [*lines[:place], whole._replace(text=json.dumps(told)), *lines[place + 1 :]])
        await socket.close()

    exchange = Slow(session, play)
    _, sync, fits = followed(exchange, once)
    assert (len(exchange.asked), held(sync)) == (1, at_the_end(session))
    assert fits == [Unfit.NO_BOOK, None, Unfit.DISCONNECTED]


def sides_of(levels: list[tuple[int, int]]) -> list[list[str]]:
    return [[text_of(units, decimals) for units, decimals in zip(level, GRID, strict=True)] for level in levels]


def kept_for(seconds: int) -> Callable[[BookStream], Coroutine[None, None, object]]:
    """Returns what keeps books for a while, and how often a conversation was left for what."""

    async def keep(stream: BookStream) -> object:
        keeping = asyncio.create_task(stream.keep())
        await asyncio.sleep(seconds)
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        return stream.left

    return keep


@pytest.mark.parametrize("name", ["bybit", "okx"])
def test_a_first_book_that_cannot_be_read_is_asked_for_anew_in_seconds_by_its_name_and_counted(name: str) -> None:
    session = made(name, count=150)

    async def play(socket: web.WebSocketResponse, time: int) -> None:
        first, *others = frames(session)
        await say_while_heard(socket, [first if time > 1 else first._replace(text=first.text[:-9]), *others])
        await asyncio.sleep(10_000)

    exchange = Exchange(session, play)
    left, sync, fits = followed(exchange, kept_for(40))
    assert (left, exchange.conversations) == ({Unfit.UNREAD: 1}, 2)
    assert fits[:4] == [Unfit.NO_BOOK, Unfit.UNREAD, Unfit.DISCONNECTED, None]
    assert held(sync) == at_the_end(session)


@pytest.mark.parametrize("name", ["bybit", "okx"])
def test_a_whole_book_that_never_comes_is_asked_for_at_growing_rests(name: str) -> None:
    session = made(name, count=150)

    async def play(socket: web.WebSocketResponse, _time: int) -> None:
        await say_while_heard(socket, frames(session)[1:60])
        await asyncio.sleep(10_000)

    exchange = Exchange(session, play)
    left, sync, fits = followed(exchange, kept_for(120))
    assert exchange.conversations == 6  # after some 0, 9, 20, 35, 58 and 97 seconds
    assert (left, sync.unfit) == ({Unfit.NO_WHOLE: 6}, Unfit.DISCONNECTED)
    assert None not in fits


@pytest.mark.parametrize("name", ["binance", "binanceusdm", "gate", "bybit", "coinbase"])
def test_changes_that_cannot_be_read_lose_their_book_by_name_although_nothing_shows_a_gap(name: str) -> None:
    session = made(name, count=150)

    async def play(socket: web.WebSocketResponse, _time: int) -> None:
        lines = frames(session)
        off_grid = [crossing(session, line, "0.123456789012345") for line in lines[10:80]]
        await say_while_heard(socket, [*lines[:10], *off_grid])
        await asyncio.sleep(10_000)

    exchange = Exchange(session, play)
    left, _, fits = followed(exchange, kept_for(30))
    assert [fit for fit in fits if fit is not Unfit.NO_BOOK][:2] == [None, Unfit.UNREAD]
    assert left == ({} if session.feed.feed.whole is not None else {Unfit.UNREAD: 1})
    assert exchange.conversations == (1 if session.feed.feed.whole is not None else 2)


def crossing(session: Made, line: Line, size: str) -> Line:
    """Returns a frame with a bid that crosses the book, or that takes it away."""
    start, sides = BID_HIGH[session.feed.client]
    assert start in line.text
    return line._replace(text=line.text.replace(start, start + sides.format(size=size), 1))


async def crossed_at_the_end(stream: BookStream) -> object:
    return await stream.follow(), stream.books.crossed


@pytest.mark.parametrize("name", list(BID_HIGH))
def test_a_book_that_stays_crossed_is_asked_for_anew_over_the_same_connection(name: str) -> None:
    session = made(name, count=150)

    async def play(socket: web.WebSocketResponse, _time: int) -> None:
        lines = frames(session)
        await say(socket, [*lines[:10], crossing(session, lines[10], "1"), *lines[11:100]])
        await (asyncio.sleep(10_000) if name in STREAMED else socket.close())

    exchange = Exchange(session, play)
    outcome, _, fits = followed(exchange, crossed_at_the_end)
    assert outcome == (StreamEnd.SILENT if name in STREAMED else StreamEnd.CLOSED, 1)
    assert [fit for fit in fits if fit is not Unfit.NO_BOOK][:3] == [None, Unfit.CROSSED, Unfit.CROSSED_TOO_LONG]
    assert len(exchange.asked) >= (0 if name in STREAMED else 2)


@pytest.mark.parametrize("name", list(BID_HIGH))
def test_a_book_that_is_crossed_for_less_than_the_bound_is_left_to_mend_itself(name: str) -> None:
    session = made(name, count=150)

    async def play(socket: web.WebSocketResponse, _time: int) -> None:
        lines = frames(session)
        there, gone = crossing(session, lines[10], "1"), crossing(session, lines[55], "0")
        await say(socket, [*lines[:10], there, *lines[11:55], gone, *lines[56:]])
        await socket.close()

    exchange = Exchange(session, play)
    outcome, sync, fits = followed(exchange, crossed_at_the_end)
    assert (outcome, held(sync)) == ((StreamEnd.CLOSED, 0), at_the_end(session))
    assert fits[-4:] == [None, Unfit.CROSSED, None, Unfit.DISCONNECTED]


@pytest.mark.parametrize("name", NAMES)
def test_a_stream_that_falls_silent_is_given_up_and_its_books_are_unfit(name: str) -> None:
    session = made(name)

    async def play(socket: web.WebSocketResponse, _time: int) -> None:
        await say(socket, frames(session)[:20])
        await asyncio.sleep(10_000)

    outcome, sync, _ = followed(Exchange(session, play), once)
    assert (outcome, sync.unfit) == (StreamEnd.SILENT, Unfit.DISCONNECTED)


def test_a_venue_that_asks_for_a_new_connection_is_left_at_once() -> None:
    session = made("bitstamp")

    async def play(socket: web.WebSocketResponse, _time: int) -> None:
        await say(socket, frames(session)[:20])
        await socket.send_str('{"event":"bts:request_reconnect","channel":"","data":""}')
        await asyncio.sleep(10_000)

    outcome, sync, _ = followed(Exchange(session, play), once)
    assert (outcome, sync.unfit) == (StreamEnd.CLOSED, Unfit.DISCONNECTED)


@pytest.mark.parametrize(("name", "beat"), [("okx", "ping"), ("bitget", "ping"), ("bybit", '{"op":"ping"}')])
def test_a_sign_of_life_is_asked_for_in_the_words_of_the_venue(name: str, beat: str) -> None:
    session, said = made(name), list[str]()

    async def play(socket: web.WebSocketResponse, _time: int) -> None:
        await say(socket, frames(session)[:5])
        said.append((await socket.receive()).data)
        await socket.send_str("pong" if beat == "ping" else '{"op":"pong","success":true}')
        await socket.close()

    _, sync, _ = followed(Exchange(session, play), once)
    assert said == [beat]
    assert sync.dropped == 0


def test_a_feed_whose_books_begin_over_rest_needs_a_way_there() -> None:
    session = made("binance")
    loop = VirtualLoop(START)
    clock = LoopClock(loop)
    socket = SessionSocket(URL, clock, connect=SimulatedConnector)
    with pytest.raises(ValueError, match="the books of binance begin over REST: give it a way there"):
        BookStream(session.feed.feed, {session.symbol: session.grid}, socket, None, clock)
    loop.close()
