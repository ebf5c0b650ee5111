"""A recorded market in place of a real one: the frames of a recording, heard at the pace at which they came.

They are read as if a venue told them now, again and again: at its end a recording begins anew, with its whole book.
What a desk slept through is not made up for.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import msgspec

from flatbook.engine.ports import Clock
from flatbook.market.depth import UNREADABLE, Grid, Heard, Unfit, Unread, UnreadFor, Update, unread
from flatbook.services.tape_lines import HEAD, WHOLE, decode_kept
from flatbook.values.instants import NS_PER_S, Instant
from flatbook.venues.book_stream import BookFeed, Changed, books_of
from flatbook.venues.told_stream import ToldFeed, Traded

LATE_NS_MAX = 2 * NS_PER_S
AGAIN_NS = NS_PER_S // 2


class PlayedBooks:
    """The books and trades of a recording. `changed` hears of each book that moved, `heard` of each trade.

    `name` is that of the venue, and `unread` counts by reason what trades cannot be read.

    Needs: a recording as `flatbook data record` writes it. `begins_at` is when it is played first; None is at once.
    """

    def __init__(
        self,
        path: Path,
        ways: tuple[BookFeed, ToldFeed[Traded]],
        grids: Mapping[str, Grid],
        clock: Clock,
        begins_at: Instant | None = None,
    ) -> None:
        self._feed, self._trades = ways
        self.name, self.unread = self._trades.name, dict.fromkeys(UnreadFor, 0)
        self.books = books_of(self._feed, grids)
        self.changed: Changed = lambda _symbol, _sync: None
        self.heard: Callable[[Traded], None] = lambda _said: None
        self._path, self._grids, self._clock, self._begins_at = path, dict(grids), clock, begins_at

    async def keep(self) -> None:
        """Plays the recording again and again, for ever. When it is left, no book of it may be read any more.

        Errors: OSError where it cannot be read.
        """
        if self._begins_at is not None:
            await self._clock.sleep_until(self._begins_at)
        try:
            while True:
                await self._play()
                await self._clock.sleep_until(Instant(self._clock.now() + AGAIN_NS))
        finally:
            self.books.lose(Unfit.DISCONNECTED)
            for symbol, sync in self.books.by_symbol.items():
                self.changed(symbol, sync)

    async def _play(self) -> None:
        ahead: int | None = None
        for at, frame in frames_of(self._path):
            now = self._clock.now()
            if ahead is None or now - (at + ahead) > LATE_NS_MAX:
                ahead = now - at
            await self._clock.sleep_until(Instant(at + ahead))
            self._hear(frame, ahead)

    def _hear(self, frame: bytes, ahead: int) -> None:
        """Hears a frame as if it were told now: what is dated in it is moved by as much as the frame is."""
        for told in self._read(frame):
            heard = told
            if isinstance(told, Update) and told.happened_at:
                heard = msgspec.structs.replace(told, happened_at=told.happened_at + ahead)
            if self.books.take(heard) is not None and isinstance(heard, Update):
                self.changed(heard.symbol, self.books.by_symbol[heard.symbol])
        for traded in self._trades.read(frame):
            if isinstance(traded, Unread):
                self.unread[traded.reason] += 1
            else:
                self.heard(traded)

    def _read(self, frame: bytes) -> tuple[Heard, ...]:
        """Returns what a frame says of books; a whole one that was asked for names its symbol."""
        whole = self._feed.whole
        if whole is None or not frame.startswith(WHOLE):
            return self._feed.read(frame, self._grids)
        try:
            told = decode_kept(frame)
        except UNREADABLE as error:
            return (unread(error),)
        grid = self._grids.get(told.whole)
        return () if grid is None else (whole.read(told.whole, bytes(told.data), grid),)


def frames_of(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yields the frames of a recording with the times at which they were heard; a line that is none is passed over.

    Units: nanoseconds.
    Errors: OSError.
    """
    with gzip.open(path, "rb") as file:
        for line in file:
            stamp, _, frame = line.rstrip().partition(b" ")
            if stamp.isdigit() and frame and not frame.startswith(HEAD):
                yield int(stamp), frame
