"""What a venue tells of its markets over a public stream besides books: trades, and marks with rates of funding.

Each is heard as it comes, and none that was missed is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, NamedTuple, TypeVar

import msgspec

from flatbook.engine.ports import Clock
from flatbook.engine.rest import rest_until
from flatbook.values.instants import NS_PER_MS, Instant
from flatbook.values.instruments import Side
from flatbook.venues.book_stream import RECONNECT_S
from flatbook.venues.silence import StreamEnd
from flatbook.venues.websocket import SessionSocket

Frame = TypeVar("Frame")
Said = TypeVar("Said")

SIDES = {"buy": Side.BUY, "sell": Side.SELL}
DIGITS_MAX = 18
NS_PER_US = 1_000


class Traded(NamedTuple):
    """A trade of others. `taker` is who came and traded against what rested.

    Units: price and quantity as the venue writes them; `at` by the venue's clock.
    """

    symbol: str
    price: str
    qty: str
    taker: Side
    at: Instant


class Marked(NamedTuple):
    """The mark of a perpetual and its next settlement of funding. What did not change may be left out, as empty text.

    Units: as the venue writes them; the rate is a fraction, and longs pay it where it is above zero.
    """

    symbol: str
    mark: str = ""
    rate: str = ""
    settles_at: Instant | None = None


class ToldFeed(msgspec.Struct, Generic[Said], frozen=True, kw_only=True):
    """How a venue tells something. `read` takes any bytes, and returns nothing for what is about something else."""

    name: str
    host: str
    path: Callable[[Sequence[str]], str]
    opening: Callable[[Sequence[str]], tuple[str, ...]]
    read: Callable[[bytes], tuple[Said, ...]]
    beat: str | None = None


class ToldStream(Generic[Said]):
    """Hears what is told of some symbols over one connection. `heard` is told each."""

    def __init__(self, feed: ToldFeed[Said], symbols: Sequence[str], socket: SessionSocket, clock: Clock) -> None:
        self.heard: Callable[[Said], None] = _nothing
        self._feed, self._symbols, self._socket, self._clock = feed, tuple(symbols), socket, clock

    async def follow(self) -> StreamEnd:
        """Holds one conversation and returns how it ended."""
        return await self._socket.converse(
            self._feed.path(self._symbols), self._feed.opening(self._symbols), self._hear
        )

    async def keep(self) -> None:
        """Holds one conversation after the other, for ever."""
        while True:
            await self.follow()
            await self._clock.sleep_until(rest_until(self._clock.now(), RECONNECT_S, "told", self._feed.name))

    def _hear(self, frame: bytes) -> tuple[str, ...]:
        for said in self._feed.read(frame):
            self.heard(said)
        return ()


def frame_of(decoder: msgspec.json.Decoder[Frame], frame: bytes) -> Frame | None:
    """Returns what a frame says; None where it is about something else, and where it cannot be read."""
    try:
        return decoder.decode(frame)
    except (msgspec.MsgspecError, RecursionError):
        return None


def instant_of_ms(text: str) -> Instant | None:
    """Returns an instant that is written in ms; None where it is left out, and where it cannot be one."""
    return _instant(text, NS_PER_MS)


def instant_of_us(text: str) -> Instant | None:
    """Returns an instant that is written in microseconds; None where it cannot be one."""
    return _instant(text, NS_PER_US)


def _instant(text: str, unit_ns: int) -> Instant | None:
    is_one = text.isascii() and text.isdigit() and len(text) <= DIGITS_MAX
    return Instant(int(text) * unit_ns) if is_one and int(text) else None


def _nothing(_said: object) -> None:
    return
