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
from flatbook.values.instants import NS_PER_S, Instant
from flatbook.venues.binance import books as binance
from flatbook.venues.book_stream import BookFeed, BookStream, WholeByRest, text_of_json
from flatbook.venues.bybit import books as bybit
from flatbook.venues.http import Http, SessionHttp, tls_connector
from flatbook.venues.websocket import SessionSocket

SAVED_EVERY_NS = 5 * NS_PER_S


class Recorder:
    """A file that frames are written to, each with the time at which it was heard; saved every few seconds.

    Gives: no file where nothing was heard. `is_connected` says whether a conversation with the venue ever stood.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        self.frames = self.bytes = 0
        self.is_connected = False
        self._path = path
        self._clock = clock
        self._file = gzip.open(path, "xb")  # noqa: SIM115 (closed by whoever records)
        self._saved_at = clock.now()

    def hear(self, frame: bytes) -> None:
        """Writes a frame."""
        now = self._clock.now()
        self._file.write(b"%d %s\n" % (now, frame.replace(b"\n", b" ")))
        self.frames, self.bytes = self.frames + 1, self.bytes + len(frame)
        if now - self._saved_at >= SAVED_EVERY_NS:
            self._file.flush()
            self._saved_at = now

    def close(self) -> None:
        """Ends the file."""
        self._file.close()
        if not self.frames:
            self._path.unlink(missing_ok=True)


def recorded_feed(feed: BookFeed, recorder: Recorder) -> BookFeed:
    """Returns a feed that writes down all it hears, trades and best prices among it."""

    def read(frame: bytes, grids: Mapping[str, Grid]) -> tuple[Heard, ...]:
        recorder.hear(frame)
        return feed.read(frame, grids)

    return msgspec.structs.replace(feed, read=read, whole=_recorded_whole(feed.whole, recorder))


def _recorded_whole(whole: WholeByRest | None, recorder: Recorder) -> WholeByRest | None:
    if whole is None:
        return None

    def read(symbol: str, body: bytes, grid: Grid) -> Update | Unread:
        recorder.hear(b'{"whole":%s,"data":%s}' % (msgspec.json.encode(symbol), body))
        return whole.read(symbol, body, grid)

    return msgspec.structs.replace(whole, read=read)


def _binance_streams(symbols: Sequence[str], prefix: str) -> str:
    kinds = ("depth@100ms", "trade", "bookTicker")
    return f"{prefix}/stream?streams=" + "/".join(f"{symbol.lower()}@{kind}" for symbol in symbols for kind in kinds)


def _bybit_opening(symbols: Sequence[str]) -> tuple[str, ...]:
    trades = [f"publicTrade.{symbol}" for symbol in symbols]
    return (*bybit.LINEAR.opening(symbols), text_of_json({"op": "subscribe", "args": trades}))


# Source: Binance change log, 2026-04-23: USD-M streams of depth, trades and best prices stand under /public.
FEEDS: Mapping[str, BookFeed] = {
    "binance": msgspec.structs.replace(binance.SPOT, path=lambda symbols: _binance_streams(symbols, "")),
    "binanceusdm": msgspec.structs.replace(binance.USD_M, path=lambda symbols: _binance_streams(symbols, "/public")),
    "bybit-linear": msgspec.structs.replace(bybit.LINEAR, opening=_bybit_opening),
    "bybit-spot": msgspec.structs.replace(bybit.SPOT, opening=_bybit_opening),
}


async def record_until(
    feed: BookFeed, symbols: Sequence[str], recorder: Recorder, until: Instant, clock: Clock, *, url: str | None = None
) -> None:
    """Records some symbols of a feed until an instant. `url` stands for both addresses of the venue."""
    socket = SessionSocket(url or _as_http(feed.host), clock, connect=tls_connector, beat=feed.beat)
    http = None
    if feed.whole is not None:
        http = SessionHttp(url or feed.whole.host, clock, connect=tls_connector, authorize=dict)
    stream = stream_of(feed, symbols, recorder, (socket, http), clock)
    try:
        await follow_until(stream, until, clock)
    finally:
        recorder.is_connected = stream.opened > 0
        if http is not None:
            await http.close()


def _as_http(host: str) -> str:
    """Returns the address of a WebSocket as the client library wants it."""
    return host.replace("wss://", "https://", 1).replace("ws://", "http://", 1)


async def follow_until(stream: BookStream, until: Instant, clock: Clock) -> None:
    """Follows a stream until an instant, over broken connections too."""
    keeping = asyncio.create_task(stream.keep())
    try:
        await clock.sleep_until(until)
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)


def stream_of(
    feed: BookFeed, symbols: Sequence[str], recorder: Recorder, ways: tuple[SessionSocket, Http | None], clock: Clock
) -> BookStream:
    """Returns the stream that is followed while it is recorded; what its ticks are does not matter here."""
    return BookStream(recorded_feed(feed, recorder), dict.fromkeys(symbols, FINE), ways[0], ways[1], clock)
