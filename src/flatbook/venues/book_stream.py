"""The books of a venue over its public stream: a conversation, and whole books over REST where the stream has none.

A book that has lost its place is asked for anew at once, and the others stay as they are: over REST, where the venue
has not asked to wait, or over the same connection where whole books come first in the stream, by taking back what was
asked for and asking again. So is one that stays crossed: no venue matches like that for long, and a change that was
missed looks the same. So is one of which anything could not be read: no later change would make up for it, and none
may be readable that shows the gap. Nothing is read from a book while it says why it is unfit, and no change of it is
taken before its whole book. A venue that cannot be asked to take back is left for a new connection, and so is one
whose own numbers have a gap.

One symbol of which no whole book comes, while others are fit, is parked: the venue is asked to tell nothing of it, and
then to tell of it anew, at rests that grow, over the same connection. So is one that loses its place again within
RENEWED_S_MIN. Where a whole conversation brings nothing, each symbol is asked for by a message of its own in the next
one: a venue may refuse all for the sake of one. Conversations that do not end with all books follow one another at
rests that grow.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

import msgspec

from flatbook.engine.ports import Clock
from flatbook.engine.rest import rest_until
from flatbook.market.depth import Books, BookSync, Checksum, Grid, Heard, Leave, Rule, Unfit, Unread, Update
from flatbook.values.instants import Instant, later
from flatbook.venues.http import Http, Reply, Request
from flatbook.venues.pace import TOO_MANY, Pace, pace_after
from flatbook.venues.rate_budget import BANNED
from flatbook.venues.silence import StreamEnd
from flatbook.venues.websocket import SessionSocket

WHOLE_TIMEOUT_S = 10
WHOLE_TRIES_MAX = 8
RECONNECT_S = 2
RECONNECT_DOUBLINGS_MAX = 7
CROSSED_S_MAX = 5
WHOLE_S_MAX = 5
PARKED_DOUBLINGS_MAX = 7
RENEWED_S_MIN = 30
GARBLED_MAX = 10

AWAITED = (Unfit.NO_BOOK, Unfit.DISCONNECTED, Unfit.UNREAD, Unfit.NO_WHOLE)

Changed = Callable[[str, BookSync], None]


class WholeByRest(msgspec.Struct, frozen=True, kw_only=True):
    """How a whole book is asked for over REST, and what the answer says."""

    host: str
    request: Callable[[str], Request]
    read: Callable[[str, bytes, Grid], Update | Unread]


class BookFeed(msgspec.Struct, frozen=True, kw_only=True):
    """How a venue tells its books.

    `beat` is the text that asks for a sign of life, None where the protocol's own ping does. `overlaps` as in BookSync.
    `closing` takes back what `opening` asked for; None where nothing does, or where whole books come over REST.
    """

    name: str
    host: str
    path: Callable[[Sequence[str]], str]
    opening: Callable[[Sequence[str]], tuple[str, ...]]
    read: Callable[[bytes, Mapping[str, Grid]], tuple[Heard, ...]]
    rule: Rule
    checksum: Checksum | None = None
    overlaps: bool = False
    beat: str | None = None
    whole: WholeByRest | None = None
    closing: Callable[[Sequence[str]], tuple[str, ...]] | None = None


class BookStream:
    """Keeps the books of some symbols in step with one connection.

    Needs: `http` reaches the feed's REST host, where it has one. `changed` hears of each book that moved, and of each
    that may not be read any more. `opened` counts the conversations that stood, `left` those that were left for what
    had become of a book, and `renewed` the books that were asked for anew over the same connection, by why. `parked`
    are the symbols that are not asked for now, with the instant of the next time.
    """

    def __init__(
        self, feed: BookFeed, grids: Mapping[str, Grid], socket: SessionSocket, http: Http | None, clock: Clock
    ) -> None:
        if feed.whole is not None and http is None:
            raise ValueError(f"the books of {feed.name} begin over REST: give it a way there")
        self.books = books_of(feed, grids)
        self.changed: Changed = _nothing
        self.name = feed.name
        self._feed, self._grids, self._socket, self._http, self._clock = feed, dict(grids), socket, http, clock
        self._asking: dict[str, asyncio.Task[None]] = {}
        self._crossed_at: dict[str, Instant] = {}
        self._missing: dict[str, Instant] = {}
        self.parked: dict[str, Instant] = {}
        self._parks: dict[str, int] = {}
        self._deaf_to: dict[str, None] = {}
        self._renewed_at: dict[str, Instant] = {}
        self._answers: tuple[str, ...] = ()
        self._is_one_by_one = False
        self._unread_before = self._garbled = self.opened = 0
        self._pace = Pace()
        self.left, self.renewed = dict[Unfit, int](), dict[Unfit, int]()

    async def follow(self) -> StreamEnd:
        """Holds one conversation and returns how it ended; all books are unfit then."""
        symbols = tuple(self._grids)
        self._missing, self._answers = dict.fromkeys(symbols, self._whole_by()), ()
        self.parked.clear()
        self._deaf_to.clear()
        try:
            opening = self._opening(symbols)
            return await self._socket.converse(self._feed.path(symbols), opening, self._hear, self._opened)
        finally:
            asking, self._asking = tuple(self._asking.values()), {}
            for task in asking:
                task.cancel()
            await asyncio.gather(*asking, return_exceptions=True)
            self.books.lose(Unfit.DISCONNECTED)
            for symbol, sync in self.books.by_symbol.items():
                self._tell(symbol, sync)

    def _opening(self, symbols: tuple[str, ...]) -> tuple[str, ...]:
        each = self._feed.opening
        if not self._is_one_by_one:
            return each(symbols)
        return tuple(dict.fromkeys(text for symbol in symbols for text in each((symbol,))))

    async def keep(self) -> None:
        """Holds one conversation after the other, for ever: at once but for a short rest, at growing ones in vain."""
        in_vain = 0
        while True:
            await self.follow()
            self._is_one_by_one = len(self._missing) == len(self._grids) > 1
            in_vain = min(in_vain + 1, RECONNECT_DOUBLINGS_MAX) if self._missing else 0
            rest_s = RECONNECT_S << max(0, in_vain - 1)
            await self._clock.sleep_until(rest_until(self._clock.now(), rest_s, "books", self._feed.name))

    def _opened(self) -> None:
        """Asks for whole books at once: of a symbol in which nothing happens no change would ever make it ask."""
        self.opened += 1
        self._missing = dict.fromkeys(self._missing, self._whole_by())
        self._unread_before, self._garbled = sum(self.books.unread.values()), 0
        if self._feed.whole is not None:
            for symbol, sync in self.books.by_symbol.items():
                self._begin_asking(symbol, sync)

    def _begin_asking(self, symbol: str, sync: BookSync) -> None:
        if symbol not in self._asking:
            self._asking[symbol] = asyncio.create_task(self._ask(symbol, sync))

    def _hear(self, frame: bytes) -> tuple[str, ...] | None:
        for heard in self._feed.read(frame, self._grids):
            if self._deaf_to and self._is_deaf_to(heard):
                continue
            before = self.books.gaps
            self.books.take(heard)
            if isinstance(heard, Leave):
                return None
            if self.books.gaps > before:
                self._count(self.left, Unfit.GAP)
                return None
            if isinstance(heard, Update):
                self._garbled = 0
                if not self._heard(heard.symbol):
                    return None
            elif isinstance(heard, Unread) and not self._lose_unread(heard.symbol):
                return None
        if not (self._leave_no_crossed() and self._misses_none()):
            return None
        if self.parked:
            self._ask_parked()
        answers, self._answers = self._answers, ()
        return answers

    def _is_deaf_to(self, heard: Heard) -> bool:
        """Whether nothing is heard of what is said: of a symbol whose whole book is to come first, or that is parked.

        With a whole book it is back. That a whole one could not be read is heard of a symbol that was asked for.
        """
        symbol = heard.symbol if isinstance(heard, Update | Unread) else None
        if symbol is None or symbol not in self._deaf_to:
            return False
        if isinstance(heard, Unread):
            return symbol in self.parked
        if not (isinstance(heard, Update) and heard.is_whole):
            return True
        del self._deaf_to[symbol]
        self.parked.pop(symbol, None)
        return False

    def _renew(self, symbol: str, why: Unfit) -> bool:
        """Asks anew for one book that has lost its place, over the same connection. Returns whether that can be done.

        Gives: one that was asked for anew within RENEWED_S_MIN is parked before.
        """
        closing = self._feed.closing
        if closing is None or self._feed.whole is not None:
            return False
        now, last = self._clock.now(), self._renewed_at.get(symbol)
        self._count(self.renewed, why)
        self._renewed_at[symbol] = now
        if last is not None and now < later(last, seconds=RENEWED_S_MIN):
            self._park((symbol,))
        else:
            self._answers += closing((symbol,))
            self._ask_for((symbol,))
        return True

    def _ask_for(self, symbols: Sequence[str]) -> None:
        """Asks for the books of some symbols, of which nothing is heard before their whole ones."""
        self._deaf_to |= dict.fromkeys(symbols)
        self._missing |= dict.fromkeys(symbols, self._whole_by())
        self._answers += self._feed.opening(symbols)

    def _whole_by(self) -> Instant:
        return later(self._clock.now(), seconds=WHOLE_S_MAX)

    def _park(self, symbols: Sequence[str]) -> None:
        """Has nothing told of some symbols for a while; the others stay as they are."""
        now, closing = self._clock.now(), self._feed.closing
        for symbol in symbols:
            parks = self._parks[symbol] = min(self._parks.get(symbol, 0) + 1, PARKED_DOUBLINGS_MAX + 1)
            self.parked[symbol] = rest_until(now, RECONNECT_S << (parks - 1), "parked", symbol)
            self._missing.pop(symbol, None)
        self._deaf_to |= dict.fromkeys(symbols)
        self._answers += () if closing is None else closing(symbols)

    def _ask_parked(self) -> None:
        """Asks anew for the symbols that have been parked for long enough."""
        now = self._clock.now()
        due = tuple(symbol for symbol, until in self.parked.items() if until <= now)
        if not due:
            return
        for symbol in due:
            del self.parked[symbol]
        self._ask_for(due)

    @staticmethod
    def _count(counts: dict[Unfit, int], why: Unfit) -> None:
        counts[why] = counts.get(why, 0) + 1

    def _lose_unread(self, symbol: str | None) -> bool:
        """Has a book asked for of which something was unread; all, where nothing can be read. Returns whether to stay.

        A symbol whose whole book was not read is not asked for at once: the next one would hardly be readable.
        """
        sync = self.books.by_symbol.get(symbol or "")
        if symbol is not None and sync is not None:
            if symbol not in self._missing and self._renew(symbol, Unfit.UNREAD):
                self._tell(symbol, sync)
                return True
            self._missing.setdefault(symbol, self._whole_by())
            return self._heard(symbol)
        self._garbled += 1
        if self._garbled < GARBLED_MAX:
            return True
        self.books.lose(Unfit.UNREAD)
        self._missing |= dict.fromkeys(self._grids, self._whole_by())
        self._count(self.left, Unfit.UNREAD)
        return False

    def _misses_none(self) -> bool:
        """Says of whole books that should have come first why they have not. Returns whether to stay."""
        if not self._missing or self._feed.whole is not None:
            return True
        now = self._clock.now()
        overdue = tuple(symbol for symbol, whole_by in self._missing.items() if whole_by <= now)
        if not overdue:
            return True
        is_unread = sum(self.books.unread.values()) > self._unread_before
        why = Unfit.UNREAD if is_unread else Unfit.NO_WHOLE
        for symbol in overdue:
            self.books.by_symbol[symbol].lose(why)
            self._tell(symbol, self.books.by_symbol[symbol])
        if self._feed.closing is not None and len(self._missing) + len(self.parked) < len(self._grids):
            self._park(overdue)
            return True
        self._count(self.left, why)
        return False

    def _heard(self, symbol: str) -> bool:
        """Tells of a book, and asks for a whole one where it has lost its place. Returns whether to stay."""
        sync = self.books.by_symbol.get(symbol)
        if sync is None:
            return True
        self._tell(symbol, sync)
        if not sync.needs_whole:
            return True
        if self._feed.whole is None:
            if sync.unfit is None or sync.unfit in AWAITED or self._renew(symbol, sync.unfit):
                return True
            self._count(self.left, sync.unfit)
            return False
        self._begin_asking(symbol, sync)
        return True

    async def _ask(self, symbol: str, sync: BookSync) -> None:
        try:
            for tries in range(WHOLE_TRIES_MAX):
                if not sync.needs_whole:
                    return
                while self._clock.now() < self._pace.held_until:
                    await self._clock.sleep_until(rest_until(self._pace.held_until, 1, "held", symbol))
                if await self._take_whole(symbol) and not sync.needs_whole:
                    self._tell(symbol, sync)
                    return
                await self._clock.sleep_until(rest_until(self._clock.now(), 2**tries, "whole", symbol))
        finally:
            self._asking.pop(symbol, None)

    async def _take_whole(self, symbol: str) -> bool:
        whole, http = self._feed.whole, self._http
        if whole is None or http is None:
            return False
        reply = await http.send(whole.request(symbol), later(self._clock.now(), seconds=WHOLE_TIMEOUT_S))
        if isinstance(reply, Reply):
            told = msgspec.structs.replace(reply, status=TOO_MANY) if reply.status == BANNED else reply
            self._pace = pace_after(self._pace, told, self._clock.now())
        if not isinstance(reply, Reply) or reply.status != 200 or not self.books.by_symbol[symbol].needs_whole:
            return False
        return self.books.take(whole.read(symbol, reply.body, self._grids[symbol])) is not None

    def _leave_no_crossed(self) -> bool:
        """Asks anew for the books that have been crossed for too long. Returns whether to stay."""
        if not self._crossed_at:
            return True
        since = later(self._clock.now(), seconds=-CROSSED_S_MAX)
        overdue = [symbol for symbol, crossed_at in self._crossed_at.items() if crossed_at <= since]
        for symbol in overdue:
            self.books.lose_crossed(symbol)
        stays = [self._heard(symbol) for symbol in overdue]
        return all(stays)

    def _tell(self, symbol: str, sync: BookSync) -> None:
        if sync.unfit is Unfit.CROSSED:
            self._crossed_at.setdefault(symbol, self._clock.now())
        elif self._crossed_at:
            self._crossed_at.pop(symbol, None)
        if sync.unfit is None and (self._missing or self._parks):
            self._missing.pop(symbol, None)
            self._parks.pop(symbol, None)
        self.changed(symbol, sync)


def books_of(feed: BookFeed, grids: Mapping[str, Grid]) -> Books:
    """Returns the books of some symbols, before anything was told, as a venue keeps them in step."""
    holds = feed.whole is not None
    return Books(grids, feed.rule, feed.checksum, overlaps=feed.overlaps, holds=holds)


def text_of_json(content: object) -> str:
    """Returns JSON as venues are told it."""
    return msgspec.json.encode(content).decode()


def _nothing(_symbol: str, _sync: BookSync) -> None:
    return
