"""Messages that a scan goes past while strategies are asked about all of them together afterwards.

Where a strategy is asked after every message, most of its answers change nothing. The scan keeps what each message
showed and goes on, until anything else happens than a message. Where an answer turns out to want something, all is put
back as it was and the scan goes as far as the message of that answer.
"""

from __future__ import annotations

from flatbook.backtest.kernel.levels import put_back_levels
from flatbook.backtest.kernel.seen import read_feature_at
from flatbook.backtest.kernel.tables import (
    A0,
    ARRIVALS,
    ASK_LEVELS,
    BID_LEVELS,
    F0,
    FEATURES,
    FULL,
    HEARD_AT,
    HIGH,
    I0,
    INSTRUMENTS,
    IS_DEEP,
    IS_FIT,
    K_CLEAR,
    META_ROW,
    NOW,
    O0,
    P_ASK,
    P_ASK_SIZE,
    P_BID,
    P_BID_SIZE,
    P_HEARD,
    P_INST,
    P_TIME,
    PASSED,
    PASSES,
    R0,
    RANG,
    REPORTS,
    RINGED,
    SAW_ASK,
    SAW_ASK_SIZE,
    SAW_BID,
    SAW_BID_SIZE,
    UNDO_ROOM,
    UNDOING,
    UNDONE,
    UNFIT,
    V0,
    WIDTH,
    WOKE,
    WOKEN,
    Floats,
    Longs,
)

Kept = tuple[Longs, Floats]
"""What messages showed: whole numbers by column and message, and features by number and message."""


def keep_sight(t: Longs, kept: Longs, at: int, k: int) -> None:
    """Keeps how an instrument looks now in a place; a bid of 0 where its book is unfit."""
    row = t[I0 + k]
    kept[P_TIME, at] = t[META_ROW, NOW]
    kept[P_INST, at] = k
    kept[P_BID, at] = row[SAW_BID] * row[IS_FIT]
    kept[P_BID_SIZE, at] = row[SAW_BID_SIZE]
    kept[P_ASK, at] = row[SAW_ASK]
    kept[P_ASK_SIZE, at] = row[SAW_ASK_SIZE]
    kept[P_HEARD, at] = row[HEARD_AT]


def pass_by(t: Longs, fr: Floats, p: Kept, k: int) -> int:
    """Keeps what a message of an instrument showed. Returns why the scan must stop at it, -1 where it need not."""
    if t[META_ROW, PASSES] == 0 or t[META_ROW, RANG] + t[META_ROW, UNFIT] + t[META_ROW, RINGED] != 0:
        return WOKE
    at = t[META_ROW, INSTRUMENTS] + t[META_ROW, PASSED]
    keep_sight(t, p[0], at, k)
    for f in range(t[META_ROW, FEATURES]):
        p[1][f, at] = read_feature_at(t, fr, f, t[META_ROW, NOW])
    t[META_ROW, WOKEN] = 0
    t[META_ROW, PASSED] += 1
    return FULL if t[META_ROW, PASSED] == t[META_ROW, PASSES] else -1


def has_undo_room(t: Longs, k: int, kind: int) -> bool:
    """Whether what a row of the tape changes in the books can be put back."""
    need = t[I0 + k, BID_LEVELS] + t[I0 + k, ASK_LEVELS] if kind == K_CLEAR else 1
    return bool(t[META_ROW, UNDONE] + need <= UNDO_ROOM)


def copy_rows(source: Longs, first: int, target: Longs, at: int, count: int) -> int:
    """Copies rows of one table into another, and returns the row behind them there."""
    for row in range(count):
        for column in range(WIDTH):
            target[at + row, column] = source[first + row, column]
    return at + count


def copy_numbers(source: Floats, target: Floats) -> None:
    """Copies all rows of features."""
    for row in range(source.shape[0]):
        for column in range(source.shape[1]):
            target[row, column] = source[row, column]


def keep_state(t: Longs, fr: Floats, kept: Longs, kept_fr: Floats) -> None:
    """Keeps all that a scan changes but the books, which are kept level by level as they change."""
    at = copy_rows(t, META_ROW, kept, 0, 1)
    at = copy_rows(t, I0, kept, at, t[META_ROW, INSTRUMENTS])
    at = copy_rows(t, V0, kept, at, t[META_ROW, INSTRUMENTS])
    at = copy_rows(t, F0, kept, at, t[META_ROW, FEATURES])
    at = copy_rows(t, O0, kept, at, t[META_ROW, HIGH])
    at = copy_rows(t, A0, kept, at, t[META_ROW, ARRIVALS])
    copy_rows(t, R0, kept, at, t[META_ROW, REPORTS])
    copy_numbers(fr, kept_fr)


def put_back_state(t: Longs, fr: Floats, kept: Longs, kept_fr: Floats) -> None:
    """Puts back all that was kept but the books."""
    copy_rows(kept, 0, t, META_ROW, 1)
    at = 1
    copy_rows(kept, at, t, I0, t[META_ROW, INSTRUMENTS])
    at += t[META_ROW, INSTRUMENTS]
    copy_rows(kept, at, t, V0, t[META_ROW, INSTRUMENTS])
    at += t[META_ROW, INSTRUMENTS]
    copy_rows(kept, at, t, F0, t[META_ROW, FEATURES])
    at += t[META_ROW, FEATURES]
    copy_rows(kept, at, t, O0, t[META_ROW, HIGH])
    at += t[META_ROW, HIGH]
    copy_rows(kept, at, t, A0, t[META_ROW, ARRIVALS])
    copy_rows(kept, at + t[META_ROW, ARRIVALS], t, R0, t[META_ROW, REPORTS])
    copy_numbers(kept_fr, fr)


def begin_passing(t: Longs, fr: Floats, p: Kept, kept: Longs, kept_fr: Floats) -> None:
    """Begins to go past at most PASSES messages: all is kept as it is, and how each instrument looks."""
    t[META_ROW, PASSED] = 0
    t[META_ROW, UNDONE] = 0
    t[META_ROW, UNDOING] = 0
    for k in range(t[META_ROW, INSTRUMENTS]):
        keep_sight(t, p[0], k, k)
        t[META_ROW, UNDOING] |= t[I0 + k, IS_DEEP]
    if t[META_ROW, PASSES] > 1:
        keep_state(t, fr, kept, kept_fr)
    else:
        t[META_ROW, UNDOING] = 0


def go_back(t: Longs, lv: Longs, fr: Floats, kept: Longs, kept_fr: Floats) -> None:
    """Puts all back as it was when this began."""
    put_back_levels(t, lv)
    put_back_state(t, fr, kept, kept_fr)
    t[META_ROW, UNDOING] = 0


COMPILED = (
    keep_sight,
    pass_by,
    has_undo_room,
    copy_rows,
    copy_numbers,
    keep_state,
    put_back_state,
    begin_passing,
    go_back,
)
"""What a compiler of arrays must be given, each after what it calls."""
