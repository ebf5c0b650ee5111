"""What the market stood at just before each of some instants: the middle of the best bid and ask on a tape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from flatbook.backtest.tape import Columns, Tape
from flatbook.market.orderbook import OrderBook
from flatbook.market.ticks import LAST, Kind

BEFORE_ALL = -(2**62)
_DEPTH = np.array([Kind.CLEAR, Kind.BID, Kind.ASK])

Middles = npt.NDArray[np.int64]


def middles_before(tape: Tape, instants: Mapping[int, Sequence[int]]) -> dict[int, Middles]:
    """Returns, for each instrument by its place, twice the middle just before each of its instants.

    Quotes are read where there are any, else the book is followed; 0 stands for not known.
    Units: half ticks; instants in ns by the venue's clock, in any order.
    Errors: TapeRefused.
    """
    found = {inst: np.zeros(len(at), np.int64) for inst, at in instants.items()}
    readers: dict[int, _Quotes | _Book] = {}
    for inst, at in instants.items():
        if len(at):
            reader = _Quotes if Kind.QUOTE in tape.head.kinds_of(inst) else _Book
            readers[inst] = reader(inst, np.asarray(at, np.int64), found[inst])
    for columns in tape.chunks() if readers else ():
        for each in readers.values():
            each.take(columns)
    for each in readers.values():
        each.end()
    return found


def first_middle(tape: Tape, inst: int) -> int:
    """Returns twice the first middle of an instrument, from quotes where there are any, else from its book; 0 if none.

    Units: half ticks.
    Errors: TapeRefused.
    """
    has_quotes = Kind.QUOTE in tape.head.kinds_of(inst)
    book = OrderBook()
    for columns in tape.chunks():
        of = np.flatnonzero((columns.inst == inst) & np.isin(columns.kind, Kind.QUOTE if has_quotes else _DEPTH))
        rows = (getattr(columns, name)[of].tolist() for name in ("kind", "p1", "q1", "p2", "flags"))
        for kind, price, size, price_2, flags in zip(*rows, strict=True):
            if kind != Kind.QUOTE:
                _write(book, kind, price, size)
            bid, ask = (price, price_2) if kind == Kind.QUOTE else (book.best_bid, book.best_ask)
            if bid > 0 and ask > 0 and flags & LAST:
                return int(bid + ask)
    return 0


def _write(book: OrderBook, kind: int, price: int, size: int) -> None:
    if kind == Kind.BID:
        book.set_bid(price, size)
    elif kind == Kind.ASK:
        book.set_ask(price, size)
    else:
        book.replace((), ())


class _Quotes:
    """Reads middles from quotes."""

    def __init__(self, inst: int, at: Middles, found: Middles) -> None:
        self._inst, self._at, self._found = inst, at, found
        self._last, self._begins = 0, BEFORE_ALL

    def take(self, columns: Columns) -> None:
        """Fills in the instants that lie within some rows."""
        of = (columns.inst == self._inst) & (columns.kind == Kind.QUOTE) & (columns.p1 > 0) & (columns.p2 > 0)
        known = np.concatenate(([self._last], columns.p1[of] + columns.p2[of]))
        ends = int(columns.ts[-1])
        due = (self._at > self._begins) & (self._at <= ends)
        self._found[due] = known[np.searchsorted(columns.ts[of], self._at[due], side="left")]
        self._last, self._begins = int(known[-1]), ends

    def end(self) -> None:
        """Fills in the instants behind all rows."""
        self._found[self._at > self._begins] = self._last


class _Book:
    """Follows a book from its rows."""

    def __init__(self, inst: int, at: Middles, found: Middles) -> None:
        self._inst, self._found = inst, found
        self._order = np.argsort(at, kind="stable").tolist()
        self._at: list[int] = at[self._order].tolist()
        self._done, self._middle = 0, 0
        self._book = OrderBook()

    def take(self, columns: Columns) -> None:
        """Follows the book through some rows, and fills in the instants among them."""
        of = np.flatnonzero((columns.inst == self._inst) & np.isin(columns.kind, _DEPTH))
        names = ("ts", "kind", "p1", "q1", "flags")
        for ts, kind, price, size, flags in zip(*(getattr(columns, name)[of].tolist() for name in names), strict=True):
            while self._done < len(self._at) and self._at[self._done] <= ts:
                self._fill()
            _write(self._book, kind, price, size)
            if flags & LAST:
                bid, ask = self._book.best_bid, self._book.best_ask
                self._middle = bid + ask if bid and ask else 0

    def end(self) -> None:
        """Fills in the instants behind all rows."""
        while self._done < len(self._at):
            self._fill()

    def _fill(self) -> None:
        self._found[self._order[self._done]] = self._middle
        self._done += 1
