"""What a venue tells of its markets over a public stream besides books: trades, and marks with rates of funding.

Each is heard as it comes, and none that was missed is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, NamedTuple, TypeVar

import msgspec

from flatbook.engine.ports import Clock
from flatbook.engine.rest import rest_until
from flatbook.values.instants import Instant
from flatbook.values.instruments import Side
from flatbook.venues.book_stream import RECONNECT_S
from flatbook.venues.silence import StreamEnd
from flatbook.venues.websocket import SessionSocket

Said = TypeVar("Said")


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


def _nothing(_said: object) -> None:
    return
