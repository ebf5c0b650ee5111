"""Looks through a tape for what a backtest must not be run on: gaps, crossed books, wrong units, wrong clocks."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from enum import Enum

import msgspec
import numpy as np

from flatbook.backtest.tape import Columns, Tape, TapeHead
from flatbook.market.orderbook import OrderBook
from flatbook.market.ticks import LAST, Kind
from flatbook.values.instants import NS_PER_S

GAP_S = 60
LEAP_TIMES = 10
JUMP = 2
STEPS_MIN = 2
LATENCIES_MAX = 1_000_000
QUOTES_HELD_MAX = 100_000
_DEPTH = (Kind.CLEAR, Kind.BID, Kind.ASK)
_BOOK = frozenset((Kind.BID, Kind.ASK, Kind.QUOTE))
_LOOKED_AT = np.array([Kind.CLEAR, Kind.BID, Kind.ASK, Kind.QUOTE])


class Ill(Enum):
    """What makes a tape, or the recording that it was made of, unfit."""

    GAP = "gap"
    NO_BOOK = "no_book"
    BOOK_LOST = "book_lost"
    CROSSED = "crossed"
    QUOTES_DIFFER = "quotes_differ"
    UNITS = "units"
    OUT_OF_ORDER = "out_of_order"
    REPEATED = "repeated"
    UNREAD = "unread"
    OFF_GRID = "off_grid"
    CLOCK = "clock"


_ILL_COUNTS = {
    "book_gap": Ill.BOOK_LOST,
    "book_checksum": Ill.BOOK_LOST,
    "book_too_many_held": Ill.BOOK_LOST,
    "book_crossed": Ill.CROSSED,
    "crossed_quote": Ill.CROSSED,
    "repeated": Ill.REPEATED,
    "late": Ill.OUT_OF_ORDER,
    "stream_time_backwards": Ill.OUT_OF_ORDER,
    "off_grid": Ill.OFF_GRID,
    "cut_to_lot": Ill.OFF_GRID,
    "time_astray": Ill.CLOCK,
    "time_leaps_at_end": Ill.CLOCK,
    "unread_malformed": Ill.UNREAD,
    "unread_off_grid": Ill.UNREAD,
    "unread_unknown_word": Ill.UNREAD,
}


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong: what, of which instrument, how often, and in words."""

    ill: Ill
    inst: int | None
    count: int
    says: str


class Looked(msgspec.Struct, kw_only=True):
    """What was seen of one instrument.

    Units: ns; `longest` is the longest silence and begins at `longest_at`, `usual` is the step in the middle,
    `last_step` the way to the last instant.
    """

    inst: int
    rows: int = 0
    gaps: int = 0
    longest: int = 0
    longest_at: int = 0
    last_ts: int = 0
    last_step: int = 0
    trades: int = 0
    whole_books: int = 0
    crossed: int = 0
    compared: int = 0
    equal: int = 0
    jumps: int = 0
    without_book: int = 0
    last_trade: int = 0
    usual: int = 0


class Examined(msgspec.Struct, frozen=True, kw_only=True):
    """What the doctor says of a tape. Units: `latency` in ns, the middle one of what each message took to be seen."""

    head: TapeHead
    looked: tuple[Looked, ...]
    latency: int
    findings: tuple[Finding, ...]


class _Replay:
    """One instrument's book as its rows make it, beside what its quotes say."""

    def __init__(self, looked: Looked) -> None:
        self.looked, self.book = looked, OrderBook()
        self.quotes: deque[tuple[int, int, int]] = deque(maxlen=QUOTES_HELD_MAX)
        self.quote: tuple[int, int, int] | None = None

    def take(self, kind: int, p1: int, q1: int, p2: int, seq: int) -> None:
        if kind == Kind.BID:
            self.book.set_bid(p1, q1)
        elif kind == Kind.ASK:
            self.book.set_ask(p1, q1)
        elif kind == Kind.CLEAR:
            self.book.replace((), ())
        elif seq:
            self.quotes.append((seq, p1, p2))

    def end(self, kind: int, seq: int) -> None:
        """Looks at the book when a message about it has ended."""
        looked = self.looked
        if kind == Kind.CLEAR:
            looked.without_book += 1
        looked.crossed += self.book.is_crossed
        while self.quotes and self.quotes[0][0] <= seq:
            self.quote = self.quotes.popleft()
        if self.quote is not None and self.book.best_bid and seq:
            looked.compared += 1
            looked.equal += self.quote[1:] == (self.book.best_bid, self.book.best_ask)


def examine(tape: Tape, *, gap_s: int = GAP_S) -> Examined:
    """Reads a tape and returns what is wrong with it.

    Units: a silence of an instrument longer than `gap_s` is a gap, and than half as long again as its usual step.
    Errors: TapeRefused where it is no tape.
    """
    looked = [Looked(inst=inst) for inst in range(len(tape.head.instruments))]
    replays = [_Replay(each) for each in looked]
    latencies: list[int] = []
    for columns in tape.chunks():
        for each in looked:
            _look(each, columns, gap_s * NS_PER_S)
        _replay(columns, replays)
        if len(latencies) < LATENCIES_MAX:
            latencies += (columns.local_ts - columns.ts)[columns.flags & LAST != 0].tolist()
    latency = sorted(latencies)[len(latencies) // 2] if latencies else 0
    findings = (*_of_counts(tape.head), *(found for each in looked for found in _of_looked(tape.head, each)))
    return Examined(head=tape.head, looked=tuple(looked), latency=latency, findings=findings)


def without_trades(head: TapeHead) -> tuple[int, ...]:
    """Returns the instruments that have a book and no trades: no fault, but orders fill there less often."""
    places = range(len(head.instruments))
    kinds = {place: head.kinds_of(place) for place in places}
    return tuple(place for place in places if kinds[place] & _BOOK and Kind.TRADE not in kinds[place])


def _look(looked: Looked, columns: Columns, gap_ns: int) -> None:
    mine = columns.inst == looked.inst
    ts = columns.ts[mine]
    if not len(ts):
        return
    steps = np.diff(ts, prepend=looked.last_ts or ts[0])
    if not looked.usual and len(steps) > STEPS_MIN:
        looked.usual = int(np.median(steps[1:]))
    gap_ns = max(gap_ns, looked.usual * 3 // 2)
    longest = int(np.argmax(steps))
    if steps[longest] > looked.longest:
        looked.longest, looked.longest_at = int(steps[longest]), int(ts[longest] - steps[longest])
    looked.rows, looked.gaps, looked.last_ts = (
        looked.rows + len(ts),
        looked.gaps + int((steps > gap_ns).sum()),
        int(ts[-1]),
    )
    moved = steps[steps > 0]
    looked.last_step = int(moved[-1]) if len(moved) else looked.last_step
    prices = columns.p1[mine & (columns.kind == Kind.TRADE)]
    if len(prices):
        before = np.concatenate(([looked.last_trade or prices[0]], prices[:-1]))
        looked.jumps += int(((prices > before * JUMP) | (before > prices * JUMP)).sum())
        looked.trades, looked.last_trade = looked.trades + len(prices), int(prices[-1])


def _replay(columns: Columns, replays: list[_Replay]) -> None:
    at = np.flatnonzero(np.isin(columns.kind, _LOOKED_AT))
    names = ("kind", "inst", "p1", "q1", "p2", "seq", "flags")
    fields = [getattr(columns, name)[at].tolist() for name in names]
    for kind, inst, p1, q1, p2, seq, flags in zip(*fields, strict=True):
        replay = replays[inst]
        replay.take(kind, p1, q1, p2, seq)
        replay.looked.whole_books += kind == Kind.CLEAR and not flags & LAST
        if flags & LAST and kind in _DEPTH:
            replay.end(kind, seq)


def _of_counts(head: TapeHead) -> Iterator[Finding]:
    found: Counter[Ill] = Counter()
    said: dict[Ill, list[str]] = {}
    for name, count in head.counts.items():
        if (ill := _ILL_COUNTS.get(name)) is not None:
            found[ill] += count
            said.setdefault(ill, []).append(f"{name} {count}")
    for ill, count in found.items():
        yield Finding(ill=ill, inst=None, count=count, says=", ".join(said[ill]))


def _of_looked(head: TapeHead, looked: Looked) -> Iterator[Finding]:
    inst, kinds = looked.inst, head.kinds_of(looked.inst)
    if looked.gaps:
        says = f"{looked.gaps} silences, the longest of {looked.longest // NS_PER_S} s"
        yield Finding(ill=Ill.GAP, inst=inst, count=looked.gaps, says=says)
    if looked.gaps and looked.last_step == looked.longest > LEAP_TIMES * looked.usual > 0:
        says = f"the last row stands {looked.last_step // NS_PER_S} s after the one before: is its time right?"
        yield Finding(ill=Ill.CLOCK, inst=inst, count=1, says=says)
    if looked.crossed:
        says = f"crossed after {looked.crossed} messages"
        yield Finding(ill=Ill.CROSSED, inst=inst, count=looked.crossed, says=says)
    if looked.compared and looked.equal * 100 < looked.compared * 99:
        says = f"the best of the book is that of the quotes at {looked.equal} of {looked.compared} changes"
        yield Finding(ill=Ill.QUOTES_DIFFER, inst=inst, count=looked.compared - looked.equal, says=says)
    if looked.jumps:
        says = f"{looked.jumps} trades at twice or half the price of the one before"
        yield Finding(ill=Ill.UNITS, inst=inst, count=looked.jumps, says=says)
    lost = head.counts.get("depth_without_book", 0)
    if lost and not looked.whole_books and not kinds & {Kind.BID, Kind.ASK} and len(head.instruments) == 1:
        says = f"{lost} changes of a book whose beginning is missing"
        yield Finding(ill=Ill.NO_BOOK, inst=inst, count=lost, says=says)
