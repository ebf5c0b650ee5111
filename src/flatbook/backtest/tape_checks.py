"""What makes rows unfit for a tape: looked at before they are written, and again whenever they are read."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from flatbook.backtest.tape import Columns, Longs
from flatbook.market.ticks import LAST, NOTIONAL_BOUND, TICK_PARTS, Kind

KINDS = len(Kind)
Marks = npt.NDArray[np.bool_]


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
    if not columns.rows:
        return ()
    steps = np.diff(columns.ts, prepend=before.ts)
    goes_on = np.empty(columns.rows, np.bool_)
    goes_on[0], goes_on[1:] = before.is_open, (columns.flags[:-1] & LAST) == 0
    marks = {
        TapeFlaw.BACKWARDS: steps < 0,
        TapeFlaw.SEEN_TOO_EARLY: columns.local_ts < columns.ts,
        TapeFlaw.SEEN_BACKWARDS: np.diff(columns.local_ts, prepend=before.local_ts) < 0,
        TapeFlaw.UNKNOWN_KIND: (columns.kind < 0) | (columns.kind >= KINDS),
        TapeFlaw.UNKNOWN_INSTRUMENT: (columns.inst < 0) | (columns.inst >= instruments),
        TapeFlaw.OUT_OF_BOUNDS: _out_of_bounds(columns),
        TapeFlaw.CROSSED: _is(columns, Kind.QUOTE) & (columns.p1 > 0) & (columns.p2 > 0) & (columns.p1 >= columns.p2),
        TapeFlaw.UNKNOWN_SIDE: _is(columns, Kind.TRADE) & (np.abs(columns.p2) > 1),
        TapeFlaw.SPLIT_MESSAGE: goes_on & (steps > 0),
    }
    return tuple(Found(flaw, int(np.argmax(mark)), int(mark.sum())) for flaw, mark in marks.items() if mark.any())


def _is(columns: Columns, kind: Kind) -> Marks:
    marks: Marks = columns.kind == kind
    return marks


def _out_of_bounds(columns: Columns) -> Marks:
    """Returns where a price or size is none, or where their product could leave 63 bits."""
    kind, p1, q1, p2, q2 = columns.kind, columns.p1, columns.q1, columns.p2, columns.q2
    priced = (kind == Kind.BID) | (kind == Kind.ASK) | (kind == Kind.TRADE) | (kind >= Kind.RANGE)
    quote, marked = kind == Kind.QUOTE, (kind == Kind.MARK) | (kind == Kind.INDEX)
    bad: Marks = (priced & ((p1 <= 0) | (q1 < 0) | _too_much(p1, q1))) | ((kind == Kind.TRADE) & (q1 == 0))
    bad |= quote & ((np.minimum(np.minimum(p1, q1), np.minimum(p2, q2)) < 0) | _too_much(p1, q1) | _too_much(p2, q2))
    bad |= marked & ((p1 < 0) | (q1 < 0) | (q1 >= TICK_PARTS))
    bad |= (kind == Kind.FUNDING) & ((q1 < columns.ts) | (p2 < 0) | (q2 < 0))
    return bad | ((kind >= Kind.RANGE) & ((p2 <= 0) | (q2 > columns.ts)))


def _too_much(prices: Longs, sizes: Longs) -> Marks:
    whole: Marks = sizes > NOTIONAL_BOUND // np.maximum(prices, 1)
    return whole
