"""What makes rows unfit for a tape: looked at before they are written, and again whenever they are read."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

import numpy as np

from flatbook.backtest.kernel import block as at
from flatbook.backtest.kernel.native import native
from flatbook.backtest.kernel.scan import Rows
from flatbook.backtest.tape import Columns, Longs
from flatbook.market.ticks import LAST, NOTIONAL_BOUND, TICK_PARTS, Kind

KINDS = len(Kind)
_BID, _ASK, _QUOTE, _TRADE = int(Kind.BID), int(Kind.ASK), int(Kind.QUOTE), int(Kind.TRADE)
_MARK, _INDEX, _FUNDING, _RANGE = int(Kind.MARK), int(Kind.INDEX), int(Kind.FUNDING), int(Kind.RANGE)


class TapeFlaw(Enum):
    """Why a row is no row of a tape."""

    BACKWARDS = "time_goes_backwards"
    SEEN_TOO_EARLY = "seen_before_it_happened"
    SEEN_BACKWARDS = "local_time_goes_backwards"
    UNKNOWN_KIND = "unknown_kind"
    UNKNOWN_INSTRUMENT = "unknown_instrument"
    OUT_OF_BOUNDS = "number_out_of_bounds"
    CROSSED = "crossed_quote"
    UNKNOWN_SIDE = "unknown_side"
    SPLIT_MESSAGE = "message_of_two_instants"


_FLAWS = tuple(TapeFlaw)


class Found(NamedTuple):
    """The first row with a flaw, and how many have it."""

    flaw: TapeFlaw
    row: int
    rows: int


class Before(NamedTuple):
    """What the rows so far ended with. `is_open` says that their last message goes on."""

    ts: int = 0
    local_ts: int = 0
    is_open: bool = False


def ends_with(columns: Columns, before: Before) -> Before:
    """Returns what rows end with; what was before them where there are none."""
    if not columns.rows:
        return before
    return Before(int(columns.ts[-1]), int(columns.local_ts[-1]), not columns.flags[-1] & LAST)


def flaws_of(columns: Columns, instruments: int, before: Before) -> tuple[Found, ...]:
    """Returns what is wrong with rows that follow others, each flaw with its first row."""
    kept = at.scanned(columns)
    rows, firsts = np.zeros(len(_FLAWS), np.int64), np.zeros(len(_FLAWS), np.int64)
    block = np.zeros(at.BLOCK, np.int64)
    at.point_at(block, kept)
    block[[at.FLAW_ROWS, at.FLAW_FIRSTS, at.FLAWS]] = rows.ctypes.data, firsts.ctypes.data, len(_FLAWS)
    block[at.ARGUMENTS : at.ARGUMENTS + 4] = instruments, before.ts, before.local_ts, before.is_open
    native()(block.ctypes.data, at.CHECK_ROWS)
    return tuple(Found(flaw, int(firsts[i]), int(rows[i])) for i, flaw in enumerate(_FLAWS) if rows[i])


def is_too_much(price: int, size: int) -> bool:
    """Returns whether a price times a size could leave 63 bits."""
    return price > 0 and size > NOTIONAL_BOUND // price


def count_flaw(flaw: int, row: int, found: tuple[Longs, Longs]) -> None:
    """Counts a row with a flaw, and notes the first of each."""
    rows, firsts = found
    if rows[flaw] == 0:
        firsts[flaw] = row
    rows[flaw] += 1


def flaw_of_row(kind: int, at: int, p1: int, q1: int, p2: int, q2: int) -> int:
    """Returns the number of the flaw of a row by its kind, -1 where it has none."""
    if kind < 0 or kind >= KINDS:
        return 3
    if kind == _QUOTE:
        bad = p1 < 0 or q1 < 0 or p2 < 0 or q2 < 0 or is_too_much(p1, q1) or is_too_much(p2, q2)
        return 5 if bad else 6 if 0 < p2 <= p1 else -1
    if kind == _TRADE:
        return 5 if p1 <= 0 or q1 <= 0 or is_too_much(p1, q1) else 7 if not -1 <= p2 <= 1 else -1
    if kind in (_BID, _ASK):
        return 5 if p1 <= 0 or q1 < 0 or is_too_much(p1, q1) else -1
    if kind in (_MARK, _INDEX):
        return 5 if p1 < 0 or not 0 <= q1 < TICK_PARTS else -1
    if kind == _FUNDING:
        return 5 if q1 < at or p2 < 0 or q2 < 0 else -1
    if kind >= _RANGE:
        return 5 if p1 <= 0 or q1 < 0 or p2 <= 0 or q2 > at or is_too_much(p1, q1) else -1
    return -1


def check_rows(c: Rows, instruments: int, before: tuple[int, int, int], found: tuple[Longs, Longs]) -> None:
    """Counts the rows with each flaw, in the order of TapeFlaw, and notes the first of each."""
    tss, local_tss, kinds, insts, p1, q1, p2, q2, flags = c
    ts, local_ts, is_open = before
    for i in range(len(tss)):
        now, seen = tss[i], local_tss[i]
        if now < ts:
            count_flaw(0, i, found)
        if seen < now:
            count_flaw(1, i, found)
        if seen < local_ts:
            count_flaw(2, i, found)
        if not 0 <= insts[i] < instruments:
            count_flaw(4, i, found)
        if is_open != 0 and now != ts:
            count_flaw(8, i, found)
        ts, local_ts, is_open = now, seen, 1 - (flags[i] & LAST)
        flaw = flaw_of_row(kinds[i] + 0, now, p1[i], q1[i], p2[i], q2[i])
        if flaw >= 0:
            count_flaw(flaw, i, found)


COMPILED = (is_too_much, flaw_of_row, count_flaw, check_rows)
"""What a compiler of arrays must be given, each after what it calls."""
