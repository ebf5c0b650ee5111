"""What a venue tells of its markets over a public stream besides books: trades, and marks with rates of funding.

Each is heard as it comes, and none that was missed is asked for. What cannot be read, or has a word that nobody here
knows, is told to nobody, and counted by its reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Generic, NamedTuple, TypeVar

import msgspec

from flatbook.engine.ports import Clock
from flatbook.engine.rest import rest_until
from flatbook.market.depth import UNREADABLE, Unread, UnreadFor, unknown, unread
from flatbook.values.instants import NS_PER_MS, Instant, later
from flatbook.values.instruments import Side
from flatbook.venues.book_stream import RECONNECT_S
from flatbook.venues.http import Http, Reply, Request
from flatbook.venues.silence import StreamEnd
from flatbook.venues.websocket import SessionSocket

Frame = TypeVar("Frame")
Head = TypeVar("Head")
Said = TypeVar("Said")
Word = TypeVar("Word", str, int)

SIDES = {"buy": Side.BUY, "sell": Side.SELL}
DIGITS_MAX = 18
NS_PER_US = 1_000
TEXT_MAX = 40
ANSWER_S, HTTP_OK = 10, 200
_SIZE = re.compile(r"(?!0*\.?0*$)[0-9]{1,20}(?:\.[0-9]{1,18})?", re.ASCII)
_RATE = re.compile(r"-?[0-9]{1,20}(?:\.[0-9]{1,18})?", re.ASCII)


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


class AskedFeed(msgspec.Struct, Generic[Said], frozen=True, kw_only=True):
    """What of it is asked for over REST again and again, because no stream tells it. Units: seconds."""

    host: str
    request: Callable[[str], Request]
    read: Callable[[str, bytes], Said | Unread]
    every_s: int


class ToldFeed(msgspec.Struct, Generic[Said], frozen=True, kw_only=True):
    """How a venue tells something.

    `read` takes any bytes, says why it cannot read what is of this, and returns nothing for what is about something
    else. `asked` is what is asked for beside.
    """

    name: str
    host: str
    path: Callable[[Sequence[str]], str]
    opening: Callable[[Sequence[str]], tuple[str, ...]]
    read: Callable[[bytes], tuple[Said | Unread, ...]]
    beat: str | None = None
    asked: AskedFeed[Said] | None = None


class ToldStream(Generic[Said]):
    """Hears what is told of some symbols over one connection. `heard` is told each, `unread` counts by reason."""

    def __init__(self, feed: ToldFeed[Said], symbols: Sequence[str], socket: SessionSocket, clock: Clock) -> None:
        self.heard: Callable[[Said], None] = _nothing
        self.name, self.unread = feed.name, dict.fromkeys(UnreadFor, 0)
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

    async def keep_asking(self, asked: AskedFeed[Said], http: Http) -> None:
        """Asks for what no stream tells, of one symbol after the other, for ever. Needs: `http` reaches its host."""
        while True:
            for symbol in self._symbols:
                reply = await http.send(asked.request(symbol), later(self._clock.now(), seconds=ANSWER_S))
                if isinstance(reply, Reply) and reply.status == HTTP_OK:
                    self._take(asked.read(symbol, reply.body))
            await self._clock.sleep_until(rest_until(self._clock.now(), asked.every_s, "asked", self._feed.name))

    def _hear(self, frame: bytes) -> tuple[str, ...]:
        for said in self._feed.read(frame):
            self._take(said)
        return ()

    def _take(self, said: Said | Unread) -> None:
        if isinstance(said, Unread):
            self.unread[said.reason] += 1
        else:
            self.heard(said)


def reader_of(
    content: type[Frame], head: type[Head], is_of_it: Callable[[Head], bool], pong: bytes | None = None
) -> Callable[[bytes], Frame | tuple[Unread, ...]]:
    """Returns what reads frames of one kind: their content, else why it cannot be read, nothing of any other frame.

    Needs: `head` takes all that comes over such a connection but for `pong`; `is_of_it` says whether it is of the kind.
    """
    contents, heads = msgspec.json.Decoder(content), msgspec.json.Decoder(head)

    def read(frame: bytes) -> Frame | tuple[Unread, ...]:
        try:
            return contents.decode(frame)
        except UNREADABLE as error:
            return (unread(error),) if frame != pong and of_it(frame) else ()

    def of_it(frame: bytes) -> bool:
        """Whether a frame that cannot be read is of the kind, as far as it tells."""
        try:
            return is_of_it(heads.decode(frame))
        except UNREADABLE:
            return True

    return read


def traded(symbol: str, price: str, qty: str, taker: Side | Unread, at: Instant | Unread) -> Traded | Unread:
    """Returns a trade, or why it is none that can be read."""
    if isinstance(taker, Unread):
        return msgspec.structs.replace(taker, symbol=symbol)
    if isinstance(at, Unread):
        return msgspec.structs.replace(at, symbol=symbol)
    for text in (price, qty):
        if _SIZE.fullmatch(text) is None:
            return Unread(UnreadFor.NO_NUMBER, f"{text[:TEXT_MAX]!r} is no number above zero", symbol)
    return Traded(symbol, price, qty, taker, at)


def marked(symbol: str, mark: str, rate: str, settles_at: Instant | Unread | None) -> Marked | Unread:
    """Returns a mark, or why it is none that can be read. An empty text says that nothing changed."""
    if isinstance(settles_at, Unread):
        return msgspec.structs.replace(settles_at, symbol=symbol)
    for text, form in ((mark, _SIZE), (rate, _RATE)):
        if text and form.fullmatch(text) is None:
            return Unread(UnreadFor.NO_NUMBER, f"{text[:TEXT_MAX]!r} is no mark and no rate", symbol)
    return Marked(symbol, mark, rate, settles_at)


def side_of(word: Word, sides: Mapping[Word, Side]) -> Side | Unread:
    """Returns the side that a venue means by a word, or that the word is not known."""
    side = sides.get(word)
    return unknown("a trade of side", word) if side is None else side


def instant_of_count(count: int, unit_ns: int = NS_PER_MS) -> Instant | Unread:
    """Returns an instant that is told as a number, or why it is none. Units: `unit_ns` is what one is worth."""
    if not 0 < count < 10**DIGITS_MAX:
        return Unread(UnreadFor.NO_INSTANT, f"{count} is no instant")
    return Instant(count * unit_ns)


def instant_of_digits(text: str, unit_ns: int = NS_PER_MS) -> Instant | Unread:
    """Returns an instant that is told as text, or why it is none. Units: `unit_ns` is what one is worth."""
    at = _instant(text, unit_ns)
    return Unread(UnreadFor.NO_INSTANT, f"{text[:TEXT_MAX]!r} is no instant") if at is None else at


def settling_of(text: str) -> Instant | Unread | None:
    """Returns when funding is settled next, in ms; None where it is left out, or never will be."""
    return instant_of_digits(text) if text.strip("0") else None


def instant_of_ms(text: str) -> Instant | None:
    """Returns an instant that is written in ms; None where it is left out, and where it cannot be one."""
    return _instant(text, NS_PER_MS)


def _instant(text: str, unit_ns: int) -> Instant | None:
    is_one = text.isascii() and text.isdigit() and len(text) <= DIGITS_MAX
    return Instant(int(text) * unit_ns) if is_one and int(text) else None


def _nothing(_said: object) -> None:
    return
