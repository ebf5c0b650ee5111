"""Books kept in step with the stream of a venue: a whole book, then changes that follow one another without a gap.

What a venue numbers, and how, differs: a rule says how a change follows what was applied last. A change that is older
than the book is dropped; one that leaves a gap makes the book unfit, and it stays so until a whole book has come.
"""

from __future__ import annotations

from binascii import crc32
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from functools import lru_cache
from itertools import islice, zip_longest
from typing import NamedTuple

import msgspec

from flatbook.market.orderbook import Level, OrderBook
from flatbook.values.instants import InstantRefused
from flatbook.values.money import NumberRefused

HELD_MAX = 10_000
GRIDS_KNOWN_MAX = 256
TEXTS_KNOWN_MAX, TEXT_KNOWN_MAX = 16_384, 64
DIGITS_MAX = 38
WORD = 2**32


class Grid(NamedTuple):
    """How many decimals a tick and a lot of a book have."""

    price_decimals: int
    size_decimals: int


class OffGrid(ValueError):
    """A text is no number of the grid of its book."""


class UnknownWord(ValueError):
    """A word of a venue has no meaning here."""


# What reading a frame may raise: JSON that is nested too deep ends in a RecursionError, and text that is not UTF-8 in
# an error of Python's own.
UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, OffGrid, InstantRefused, RecursionError)


class Follows(Enum):
    """How a change stands to what was applied last."""

    NEXT = "next"
    OLD = "old"
    GAP = "gap"


class Unfit(Enum):
    """Why a book must not be read."""

    NO_BOOK = "no_book"
    GAP = "gap"
    CROSSED = "crossed"
    CROSSED_TOO_LONG = "crossed_too_long"
    CHECKSUM = "checksum"
    TOO_MANY_HELD = "too_many_held"
    UNREAD = "unread"
    NO_WHOLE = "no_whole"
    DISCONNECTED = "disconnected"


class Depth(msgspec.Struct, frozen=True, gc=False):
    """Levels as a venue states them, and its numbers around them.

    `first` and `last` are the numbers of the first and last change in it, `before` that of the message before it; zero
    where the venue does not say. Units: ticks and lots.
    """

    bids: list[Level]
    asks: list[Level]
    first: int = 0
    last: int = 0
    before: int = 0


class Update(msgspec.Struct, frozen=True, gc=False):
    """What a frame says of one book: a whole book or a change, and the checksum that the book must have after it.

    Units: `happened_at` in ns by the venue's clock, 0 where it does not say.
    """

    symbol: str
    is_whole: bool
    depth: Depth
    checksum: int | None = None
    happened_at: int = 0


class UnreadFor(Enum):
    """Why a frame, or a part of it, cannot be read."""

    MALFORMED = "malformed"
    OFF_GRID = "off_grid"
    UNKNOWN_WORD = "unknown_word"
    NO_NUMBER = "no_number"
    NO_INSTANT = "no_instant"


_REASONS: tuple[tuple[type[Exception], UnreadFor], ...] = (
    (OffGrid, UnreadFor.OFF_GRID),
    (UnknownWord, UnreadFor.UNKNOWN_WORD),
    (NumberRefused, UnreadFor.NO_NUMBER),
    (InstantRefused, UnreadFor.NO_INSTANT),
)


class Unread(msgspec.Struct, frozen=True, gc=False):
    """A frame, or a part of it, that cannot be read. `symbol` is whose book it tells of, where that much is known."""

    reason: UnreadFor
    detail: str
    symbol: str | None = None


class Unused(msgspec.Struct, frozen=True, gc=False):
    """A frame of a stream that is known and of no use here."""

    stream: str


class Numbered(msgspec.Struct, frozen=True, gc=False):
    """The number that a frame has among all of its connection."""

    number: int


class Leave(msgspec.Struct, frozen=True, gc=False):
    """This connection must be left for a new one: the venue asks for it, or nothing else would tell what was missed."""


Heard = Update | Numbered | Unread | Leave

_NEXT, _CROSSED = Follows.NEXT, Unfit.CROSSED

Rule = Callable[[int, bool, Depth], Follows]
"""How a change follows: the number applied last, whether it was that of a whole book, and the change."""

Checksum = Callable[[OrderBook, Grid], int]
_Pair = tuple[str, str]


class BookSync:
    """One book, where it stands in the stream of its venue, and why it must not be read, where that is so.

    `happened_at` is when that happened which it took last, by the venue's clock; 0 where that does not say.

    With `overlaps` a whole book is taken once a change has come that it holds already: where nothing but time is
    numbered, nothing else tells that no change is missing between the two. `holds` tells whether changes that come
    before a whole book are kept for it: where whole books come in the stream itself they are older than it.
    """

    def __init__(
        self, grid: Grid, rule: Rule, checksum: Checksum | None = None, *, overlaps: bool = False, holds: bool = True
    ) -> None:
        self.book, self.grid = OrderBook(), grid
        self.unfit: Unfit | None = Unfit.NO_BOOK
        self.last = self.happened_at = 0
        self.dropped = 0
        self._rule, self._checksum, self._overlaps, self._holds = rule, checksum, overlaps, holds
        self._waiting: Depth | None = None
        self._held: deque[Depth] = deque()
        self._is_fresh = False

    def take(self, update: Update) -> bool:
        """Takes a whole book or a change. Returns whether the book holds it now."""
        if not (self._whole(update.depth) if update.is_whole else self._change(update.depth)):
            return False
        self.happened_at = update.happened_at
        if update.checksum is not None and self._checksum is not None and not self.needs_whole:
            self.unfit = self.unfit if self._checksum(self.book, self.grid) == update.checksum else Unfit.CHECKSUM
        return True

    def lose(self, why: Unfit) -> None:
        """Makes the book unfit until a whole one comes, as after a broken connection."""
        self.unfit, self._waiting = why, None
        self._held.clear()

    @property
    def needs_whole(self) -> bool:
        """Whether only a whole book makes this one fit again."""
        return self.unfit is not None and self.unfit is not _CROSSED

    def _whole(self, depth: Depth) -> bool:
        if self._overlaps and not any(change.last <= depth.last for change in self._held):
            self._waiting = depth
            return False
        self._replace(depth)
        return True

    def _replace(self, depth: Depth) -> None:
        self.book.replace(depth.bids, depth.asks)
        self.last, self._is_fresh, self.unfit, self._waiting = depth.last, True, None, None
        if self.book.is_crossed:
            self.unfit = _CROSSED
        held, self._held = self._held, deque()
        for change in held:
            self._change(change)

    def _change(self, depth: Depth) -> bool:
        unfit = self.unfit
        if unfit is not None and unfit is not _CROSSED:
            self._hold(depth)
            return self._waiting is not None and self._whole(self._waiting)
        follows = self._rule(self.last, self._is_fresh, depth)
        if follows is not _NEXT:
            return self._passes_over(depth, follows)
        book = self.book
        book.change(depth.bids, depth.asks)
        self.last, self._is_fresh = depth.last, False
        self.unfit = _CROSSED if book.best_bid >= book.best_ask > 0 else None
        return True

    def _passes_over(self, depth: Depth, follows: Follows) -> bool:
        """Drops a change that is older than the book, and holds one that leaves a gap."""
        if follows is Follows.OLD:
            self.dropped += 1
        else:
            self.unfit = Unfit.GAP
            self._hold(depth)
        return False

    def _hold(self, depth: Depth) -> None:
        """Keeps a change for the whole book that is asked for, which may be older than it."""
        if not self._holds:
            return
        if len(self._held) >= HELD_MAX:
            self._held.clear()
            self.unfit = Unfit.TOO_MANY_HELD
        self._held.append(depth)


class Books:
    """The books of one connection to a venue, and what could not be read there.

    `unread` counts by reason, `gaps` counts breaks in the numbers of the connection itself, `crossed` counts books that
    stayed crossed for too long.
    """

    def __init__(
        self,
        grids: Mapping[str, Grid],
        rule: Rule,
        checksum: Checksum | None = None,
        *,
        overlaps: bool = False,
        holds: bool = True,
    ) -> None:
        self.by_symbol = {
            symbol: BookSync(grid, rule, checksum, overlaps=overlaps, holds=holds) for symbol, grid in grids.items()
        }
        self.unread: dict[UnreadFor, int] = dict.fromkeys(UnreadFor, 0)
        self.gaps = self.crossed = 0
        self._number: int | None = None

    def take(self, heard: Heard) -> BookSync | None:
        """Takes what a frame says. Returns the book that holds it now, None where none does."""
        if isinstance(heard, Unread):
            self._lose_unread(heard)
            return None
        if isinstance(heard, Numbered):
            self._count(heard.number)
            return None
        if isinstance(heard, Leave):
            self.lose(Unfit.DISCONNECTED)
            return None
        sync = self.by_symbol.get(heard.symbol)
        return sync if sync is not None and sync.take(heard) else None

    def _lose_unread(self, heard: Unread) -> None:
        """Counts what could not be read, and loses the book that it tells of: it may have held a change."""
        self.unread[heard.reason] += 1
        sync = self.by_symbol.get(heard.symbol or "")
        if sync is not None:
            sync.lose(Unfit.UNREAD)

    def lose(self, why: Unfit) -> None:
        """Makes all books unfit, as when their connection broke."""
        self._number = None
        for sync in self.by_symbol.values():
            sync.lose(why)

    def lose_crossed(self, symbol: str) -> None:
        """Makes a book unfit that has been crossed for too long: no change is known to mend it."""
        self.crossed += 1
        self.by_symbol[symbol].lose(Unfit.CROSSED_TOO_LONG)

    def _count(self, number: int) -> None:
        if self._number is not None and number != self._number + 1:
            self.gaps += 1
            self.lose(Unfit.GAP)
        self._number = number


def unread(error: Exception, symbol: str | None = None) -> Unread:
    """Returns what an error of decoding or of numbers means for the book of a symbol, where that is known."""
    return Unread(reason_of(error), str(error), symbol)


def reason_of(error: Exception) -> UnreadFor:
    """Returns why something is unread, from the error of reading it."""
    return next((reason for kind, reason in _REASONS if isinstance(error, kind)), UnreadFor.MALFORMED)


def unknown(what: str, word: object, symbol: str | None = None) -> Unread:
    """Returns that a word of a venue has no meaning here."""
    return Unread(UnreadFor.UNKNOWN_WORD, f"{what} {str(word)[:40]!r}", symbol)


def scaled(text: str, decimals: int) -> int:
    """Returns the number that a text states, in units of its last decimal.

    Errors: OffGrid where it is no plain number at or above zero, or has more digits or decimals than there are.
    """
    whole, _, part = text.partition(".")
    if len(part) != decimals:
        part = part.rstrip("0").ljust(decimals, "0")
    digits = whole + part
    if not whole or len(part) > decimals or not digits.isdigit() or not digits.isascii() or len(digits) > DIGITS_MAX:
        raise OffGrid(f"{text[:40]!r} is no number with at most {decimals} decimals")
    return int(digits)


class _Sizes(dict[str, int]):
    """The units of texts that were read before: venues tell the same prices and sizes again and again.

    It forgets all of them when they become too many, and remembers none that is longer than a number needs.
    """

    def __init__(self, decimals: int) -> None:
        self._decimals = decimals

    def __missing__(self, text: str) -> int:
        units = self.units_of(text)
        if len(self) >= TEXTS_KNOWN_MAX:
            self.clear()
        if len(text) <= TEXT_KNOWN_MAX:
            self[text] = units
        return units

    def units_of(self, text: str) -> int:
        """Returns what a text states that was not read before. Errors: OffGrid."""
        return scaled(text, self._decimals)


class _Prices(_Sizes):
    """As sizes, but that a price of nothing is none."""

    def units_of(self, text: str) -> int:
        """Returns what a text states that was not read before. Errors: OffGrid."""
        if not (ticks := super().units_of(text)):
            raise OffGrid("a price of zero is none")
        return ticks


@lru_cache(maxsize=GRIDS_KNOWN_MAX)
def _known(grid: Grid) -> tuple[_Prices, _Sizes]:
    return _Prices(grid.price_decimals), _Sizes(grid.size_decimals)


def levels(rows: Sequence[Sequence[str]], grid: Grid) -> list[Level]:
    """Returns rows that begin with price and size in ticks and lots.

    Errors: OffGrid, also for a price of nothing.
    """
    prices, sizes = _known(grid)
    return [(prices[row[0]], sizes[row[1]]) for row in rows]


def both_levels(bids: Sequence[_Pair], asks: Sequence[_Pair], grid: Grid) -> tuple[list[Level], list[Level]]:
    """Returns both sides of a message as `levels` does, of rows that are price and size alone. Errors: OffGrid."""
    prices, sizes = _known(grid)
    return [(prices[px], sizes[size]) for px, size in bids], [(prices[px], sizes[size]) for px, size in asks]


def text_of(units: int, decimals: int) -> str:
    """Returns a number of the grid as text with all of its decimals."""
    if not decimals:
        return str(units)
    digits = str(units).rjust(decimals + 1, "0")
    return f"{digits[:-decimals]}.{digits[-decimals:]}"


def crc_of(book: OrderBook, grid: Grid, *, count: int, shown: Callable[[int, int], str]) -> int:
    """Returns the CRC-32 of the best levels of a book, bid and ask by turns, as the signed number that venues send.

    Needs: `shown` writes a number of units of so many decimals as the venue does.
    """
    sides = zip_longest(islice(book.bids(), count), islice(book.asks(), count))
    best = (level for pair in sides for level in pair if level is not None)
    text = ":".join(shown(units, decimals) for level in best for units, decimals in zip(level, grid, strict=True))
    found = crc32(text.encode())
    return found - WORD if found >= WORD // 2 else found


def in_one_row(_last: int, _is_fresh: bool, _change: Depth) -> Follows:
    """The rule of a venue that numbers nothing: what comes follows."""
    return Follows.NEXT
