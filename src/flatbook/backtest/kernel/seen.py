"""What we see of the market in the compiled simulator, and what of it wakes."""

from __future__ import annotations

from flatbook.backtest.kernel.tables import (
    AGE,
    ASKED_AT,
    EACH,
    EVERY,
    F0,
    FEATURE,
    FEATURE_COUNT,
    FEATURE_INST,
    FEATURE_KIND,
    FEATURE_MARKS,
    FEATURE_SPAN,
    FEATURES,
    HEARD_AT,
    HIGHS,
    I0,
    INSTRUMENTS,
    IS_FIT,
    K_ASK,
    K_BID,
    K_CLEAR,
    K_INDEX,
    K_MARK,
    K_TRADE,
    LONGER_SILENCE,
    LOWS,
    META_ROW,
    NEVER,
    NEXT_WAKES,
    NOW,
    Q0,
    RANG,
    RANGE_HIGH,
    RANGE_LOW,
    S_ASK,
    S_BID,
    S_INDEX,
    S_MARK,
    S_TRADE,
    SAMPLE_ASK,
    SAMPLE_AT,
    SAMPLE_BID,
    SAMPLE_INST,
    SAMPLE_MARK,
    SAMPLE_NS,
    SAMPLE_TIME,
    SAMPLED,
    SAMPLES_MAX,
    SAW_ASK,
    SAW_ASK_SIZE,
    SAW_BID,
    SAW_BID_SIZE,
    SAW_INDEX,
    SAW_MARK,
    SAW_TRADE,
    SILENCE,
    TIMER,
    UNFIT,
    WAKE_AT,
    WATCHED,
    WOKEN,
    Floats,
    Longs,
)
from flatbook.market.feature_feed import read_feature, take_mid, take_price
from flatbook.market.features import BAR_WIDTH, RINGS

Touch = tuple[int, int, int, int]


def silent_at(t: Longs, k: int) -> int:
    """Returns when an instrument will have been silent for as long as somebody waits for, if nothing comes.

    Gives: nothing for what had been silent so long when it was last asked. What was never seen is silent since then.
    """
    row = I0 + k
    asked = t[row, ASKED_AT]
    since = t[row, HEARD_AT] if t[row, HEARD_AT] > 0 else asked
    at = NEVER
    for column in (SILENCE, LONGER_SILENCE, AGE):
        if t[row, column] > 0 and since + t[row, column] > asked:
            at = min(at, since + t[row, column])
    return int(at)


def next_timer(t: Longs, now: int) -> int:
    """Returns an instant before which time alone wakes nobody, whatever is heard meanwhile."""
    at = int(t[META_ROW, WAKE_AT])
    for k in range(t[META_ROW, INSTRUMENTS]):
        row = I0 + k
        if t[row, WATCHED] == 0:
            continue
        at = min(at, silent_at(t, k))
        for column in (SILENCE, LONGER_SILENCE, AGE):
            if t[row, column] > 0:
                at = min(at, now + t[row, column]) if t[row, HEARD_AT] + t[row, column] <= t[row, ASKED_AT] else at
    return at


def ring_timer(t: Longs, now: int) -> None:
    """Wakes for what time alone has brought about, and finds out when that may be the next time.

    A silence that was broken meanwhile wakes nobody. One that wakes is told once: who is asked knows of it.
    """
    due = int(t[META_ROW, WAKE_AT])
    for k in range(t[META_ROW, INSTRUMENTS]):
        if t[I0 + k, WATCHED] != 0:
            due = min(due, silent_at(t, k))
    if due <= now:
        t[META_ROW, NOW] = now
        t[META_ROW, WOKEN] = 1
        t[META_ROW, RANG] = 1
        if t[META_ROW, WAKE_AT] <= now:
            t[META_ROW, WAKE_AT] = NEVER
        for k in range(t[META_ROW, INSTRUMENTS]):
            t[I0 + k, ASKED_AT] = now
    t[META_ROW, TIMER] = next_timer(t, now)


def see_value(t: Longs, k: int, series: int, value: int) -> None:
    """Takes note of a value of a series, and wakes where it is at its level or beyond."""
    row = t[I0 + k]
    if value <= row[LOWS + series] or value >= row[HIGHS + series]:
        t[META_ROW, WOKEN] = 1


def see_touch(t: Longs, k: int, touch: Touch, at: int) -> None:
    """Takes note of the best of both sides (bid, its size, ask, its size), 0 where a side is empty.

    It wakes at a level, where the book becomes unfit or fit again, and where it was silent for longer than its age.
    """
    row = I0 + k
    bid, bid_size, ask, ask_size = touch
    t[row, SAW_BID] = bid
    t[row, SAW_BID_SIZE] = bid_size
    t[row, SAW_ASK] = ask
    t[row, SAW_ASK_SIZE] = ask_size
    if not 0 < bid < ask:
        if t[row, IS_FIT] != 0:
            t[row, IS_FIT] = 0
            t[META_ROW, UNFIT] += t[row, WATCHED]
            t[META_ROW, WOKEN] |= t[row, WATCHED]
        return
    if t[row, IS_FIT] == 0 or at - t[row, HEARD_AT] >= t[row, AGE]:
        t[META_ROW, UNFIT] -= t[row, WATCHED] * (1 - t[row, IS_FIT])
        t[row, IS_FIT] = 1
        t[META_ROW, WOKEN] |= t[row, WATCHED]
    t[row, HEARD_AT] = at
    if bid <= t[row, LOWS + S_BID] or bid >= t[row, HIGHS + S_BID]:
        t[META_ROW, WOKEN] = 1
    if ask <= t[row, LOWS + S_ASK] or ask >= t[row, HIGHS + S_ASK]:
        t[META_ROW, WOKEN] = 1


def see_number(t: Longs, k: int, kind: int, price: int) -> None:
    """Takes note of a trade, a mark or an index."""
    row = I0 + k
    if kind == K_TRADE:
        t[row, SAW_TRADE] = price
        see_value(t, k, S_TRADE, price)
    elif kind == K_MARK:
        t[row, SAW_MARK] = price
        see_value(t, k, S_MARK, price)
    elif kind == K_INDEX:
        t[row, SAW_INDEX] = price
        see_value(t, k, S_INDEX, price)


def feed_price(t: Longs, fr: Floats, k: int, at: int, trade: tuple[int, int]) -> None:
    """Takes a trade (price, lots) into the features of its instrument."""
    for f in range(t[META_ROW, FEATURES]):
        row = F0 + f
        if t[row, FEATURE_INST] == k:
            numbers = fr[f, : BAR_WIDTH + RINGS * t[row, FEATURE_COUNT]]
            marks = t[row, FEATURE_MARKS:FEATURE]
            pair = (float(trade[0]), float(trade[1]))
            take_price(t[row, FEATURE_KIND], numbers, marks, at, pair, t[row, FEATURE_SPAN])


def feed_mid(t: Longs, fr: Floats, k: int, at: int) -> None:
    """Takes the touch of an instrument into its features, where it is fit."""
    if t[I0 + k, IS_FIT] == 0:
        return
    mid = (t[I0 + k, SAW_BID] + t[I0 + k, SAW_ASK]) * 0.5
    for f in range(t[META_ROW, FEATURES]):
        row = F0 + f
        if t[row, FEATURE_INST] == k:
            numbers = fr[f, : BAR_WIDTH + RINGS * t[row, FEATURE_COUNT]]
            take_mid(t[row, FEATURE_KIND], numbers, t[row, FEATURE_MARKS:FEATURE], at, mid, t[row, FEATURE_SPAN])


def feed_bar(t: Longs, fr: Floats, k: int, at: int, bar: tuple[int, int, int, int]) -> None:
    """Takes a bar (open, volume, close, start) into features as trades: its open, its extremes, and its close."""
    opened, volume, closed, start = bar
    high, low = t[I0 + k, RANGE_HIGH], t[I0 + k, RANGE_LOW]
    first, second = (low, high) if closed >= opened else (high, low)
    feed_price(t, fr, k, start, (opened, 0))
    feed_price(t, fr, k, start, (first, 0))
    feed_price(t, fr, k, start, (second, 0))
    feed_price(t, fr, k, max(start, at - 1), (closed, volume))


def read_feature_at(t: Longs, fr: Floats, f: int, at: int) -> float:
    """Returns a feature as of an instant, below zero before it is ready."""
    row = F0 + f
    numbers = fr[f, : BAR_WIDTH + RINGS * t[row, FEATURE_COUNT]]
    return read_feature(t[row, FEATURE_KIND], numbers, t[row, FEATURE_MARKS:FEATURE], at, t[row, FEATURE_SPAN])


def end_message(t: Longs, k: int, at: int) -> None:
    """Takes note that a whole message was seen."""
    t[META_ROW, NOW] = at
    if t[I0 + k, EVERY] > 0:
        t[I0 + k, EVERY] -= 1
        if t[I0 + k, EVERY] == 0:
            t[META_ROW, WOKEN] = 1
    if t[META_ROW, NEXT_WAKES] != 0:
        t[META_ROW, NEXT_WAKES] = 0
        t[META_ROW, WOKEN] = 1
    if t[META_ROW, EACH] != 0:
        t[META_ROW, WOKEN] = 1


def shows_book(kind: int) -> bool:
    """Whether a row is of a book with levels."""
    return kind in (K_BID, K_ASK, K_CLEAR)


def sample(t: Longs, at: int) -> None:
    """Keeps what is seen of each instrument, as of the last regular instant not after `at`. Needs: room."""
    for k in range(t[META_ROW, INSTRUMENTS]):
        if t[META_ROW, SAMPLED] >= SAMPLES_MAX:
            break
        row, seen = t[Q0 + t[META_ROW, SAMPLED]], t[I0 + k]
        row[SAMPLE_TIME] = t[META_ROW, SAMPLE_AT]
        row[SAMPLE_INST] = k
        row[SAMPLE_BID] = seen[SAW_BID]
        row[SAMPLE_ASK] = seen[SAW_ASK]
        row[SAMPLE_MARK] = seen[SAW_MARK]
        t[META_ROW, SAMPLED] += 1
    t[META_ROW, SAMPLE_AT] = at - at % t[META_ROW, SAMPLE_NS] + t[META_ROW, SAMPLE_NS]


COMPILED = (
    silent_at,
    next_timer,
    ring_timer,
    see_value,
    see_touch,
    see_number,
    feed_price,
    feed_mid,
    feed_bar,
    read_feature_at,
    end_message,
    shows_book,
    sample,
)
"""What a compiler of arrays must be given, each after what it calls."""
