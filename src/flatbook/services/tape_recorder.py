"""Records what a venue tells of its markets, as it came, for tapes: frames with the time at which each was heard.

The books are followed meanwhile, so that a whole one is asked for, and recorded, wherever one begins anew.
"""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from flatbook.engine.ports import Clock
from flatbook.market.depth import Grid, Heard, Unread, Update
from flatbook.market.ticks import FINE
from flatbook.services.recorded_markets import MARKETS
from flatbook.services.tape_lines import Head
from flatbook.services.venue_refusals import refusal_of
from flatbook.values.instants import NS_PER_S, Instant
from flatbook.venues.book_stream import BookFeed, BookStream, WholeByRest
from flatbook.venues.http import Http, SessionHttp, tls_connector
from flatbook.venues.websocket import SessionSocket

SAVED_EVERY_NS = 5 * NS_PER_S


class Recorder:
    """A file that frames are written to, each with the time at which it was heard; saved every few seconds.

    Gives: no file where nothing was heard of a market. `is_connected` says whether a conversation with the venue ever
    stood, `unheard` of which symbols nothing was told, `is_kept` whether the file is left, and `refused` in what words
    the venue refused one of them; `is_over` is set then.
    """

    def __init__(self, path: Path, clock: Clock, market: str, symbols: Sequence[str]) -> None:
        self.frames = self.bytes = 0
        self.is_connected = False
        self.unheard = dict.fromkeys(symbols)
        self.refused: str | None = None
        self.is_over = asyncio.Event()
        self._trades = MARKETS[market].trades
        self._head = msgspec.json.encode(Head(recorded=market, symbols=tuple(symbols)))
        self.is_kept = False
        self.path = path
        self._clock = clock
        self._file = gzip.open(path, "xb")  # noqa: SIM115 (closed by whoever records)
        self._saved_at = clock.now()

    def hear(self, frame: bytes) -> None:
        """Writes a frame, after a line that says whose it is."""
        now = self._clock.now()
        if not self.frames:
            self._file.write(b"%d %s\n" % (now, self._head))
        self._file.write(b"%d %s\n" % (now, frame.replace(b"\n", b" ")))
        self.frames, self.bytes = self.frames + 1, self.bytes + len(frame)
        if now - self._saved_at >= SAVED_EVERY_NS:
            self._file.flush()
            self._saved_at = now

    def note(self, frame: bytes, heard: Sequence[Heard]) -> None:
        """Takes note of which symbols were told of, and of what the venue refuses before it told of all."""
        if not self.unheard:
            return
        told = [each.symbol for each in heard if isinstance(each, Update)]
        told += [each.symbol for each in self._trades.read(frame) if not isinstance(each, Unread)]
        for symbol in told:
            self.is_kept = True
            self.unheard.pop(symbol, None)
        refused = None if told else refusal_of(frame)
        if refused is not None and self.unheard:
            self.refused = refused
            self.is_over.set()

    def close(self) -> None:
        """Ends the file."""
        self._file.close()
        if not self.is_kept:
            self.path.unlink(missing_ok=True)


def recorded_feed(feed: BookFeed, recorder: Recorder) -> BookFeed:
    """Returns a feed that writes down all it hears, trades and best prices among it."""

    def read(frame: bytes, grids: Mapping[str, Grid]) -> tuple[Heard, ...]:
        recorder.hear(frame)
        heard = feed.read(frame, grids)
        recorder.note(frame, heard)
        return heard

    return msgspec.structs.replace(feed, read=read, whole=_recorded_whole(feed.whole, recorder))


def _recorded_whole(whole: WholeByRest | None, recorder: Recorder) -> WholeByRest | None:
    if whole is None:
        return None

    def read(symbol: str, body: bytes, grid: Grid) -> Update | Unread:
        recorder.hear(b'{"whole":%s,"data":%s}' % (msgspec.json.encode(symbol), body))
        heard = whole.read(symbol, body, grid)
        recorder.note(b"", (heard,))
        return heard

    return msgspec.structs.replace(whole, read=read)


async def record_until(
    feed: BookFeed, symbols: Sequence[str], recorder: Recorder, until: Instant, clock: Clock, *, url: str | None = None
) -> None:
    """Records some symbols of a feed until an instant, or until the venue refuses one of them.

    `url` stands for both addresses of the venue.
    """
    socket = SessionSocket(url or _as_http(feed.host), clock, connect=tls_connector, beat=feed.beat)
    http = None
    if feed.whole is not None:
        http = SessionHttp(url or feed.whole.host, clock, connect=tls_connector, authorize=dict)
    stream = stream_of(feed, symbols, recorder, (socket, http), clock)
    try:
        await follow_until(stream, until, clock, recorder.is_over)
    finally:
        recorder.is_connected = stream.opened > 0
        if http is not None:
            await http.close()


def _as_http(host: str) -> str:
    """Returns the address of a WebSocket as the client library wants it."""
    return host.replace("wss://", "https://", 1).replace("ws://", "http://", 1)


async def follow_until(stream: BookStream, until: Instant, clock: Clock, is_over: asyncio.Event) -> None:
    """Follows a stream until an instant, over broken connections too, or until it is over."""
    works = [asyncio.create_task(stream.keep()), asyncio.create_task(_until_over(until, clock, is_over))]
    try:
        await is_over.wait()
    finally:
        for work in works:
            work.cancel()
        await asyncio.gather(*works, return_exceptions=True)


async def _until_over(until: Instant, clock: Clock, is_over: asyncio.Event) -> None:
    await clock.sleep_until(until)
    is_over.set()


def stream_of(
    feed: BookFeed, symbols: Sequence[str], recorder: Recorder, ways: tuple[SessionSocket, Http | None], clock: Clock
) -> BookStream:
    """Returns the stream that is followed while it is recorded; what its ticks are does not matter here."""
    return BookStream(recorded_feed(feed, recorder), dict.fromkeys(symbols, FINE), ways[0], ways[1], clock)
