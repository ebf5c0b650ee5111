"""Rows that change nothing but what is seen, as most do: they are gone through at once."""

from __future__ import annotations

from typing import Any

from flatbook.backtest.kernel.tables import (
    AGE,
    ASK,
    ASK_SIZE,
    ASK_TAKEN,
    AT_TRADE,
    BID,
    BID_SIZE,
    BID_TAKEN,
    BUY_HIGH,
    EACH,
    EVERY,
    FEATURES,
    HEARD_AT,
    HIGHS,
    I0,
    IS_DEEP,
    IS_FIT,
    K_QUOTE,
    K_TRADE,
    LOWS,
    META_ROW,
    NEXT_WAKES,
    NOW,
    PASSES,
    S_ASK,
    S_BID,
    S_TRADE,
    SAFE_HIGH,
    SAFE_LOW,
    SAW_ASK,
    SAW_ASK_SIZE,
    SAW_BID,
    SAW_BID_SIZE,
    SAW_TRADE,
    SELL_LOW,
    UNDOING,
    WOKEN,
    Longs,
)
from flatbook.market.ticks import LAST


def may_skim(t: Longs) -> bool:
    """Whether rows that change nothing but what is seen may be gone through at once."""
    head = t[META_ROW]
    quiet = head[FEATURES] == 0 and head[EACH] == 0 and head[PASSES] == 0 and head[UNDOING] == 0
    return bool(quiet and head[NEXT_WAKES] == 0 and head[WOKEN] == 0)


def skim_quote(t: Longs, row: int, touch: tuple[int, int, int, int], at: int) -> bool:
    """Takes a touch (bid, its size, ask, its size) there and here. Gives: False where it does more than be seen."""
    bid, bid_size, ask, ask_size = touch
    # Whether a price moves is a coin: where nothing was taken of what is displayed, it need not be known.
    if t[row, BID_TAKEN] != 0 or t[row, ASK_TAKEN] != 0:
        return False
    if not t[row, SAFE_LOW] <= bid + ask <= t[row, SAFE_HIGH]:
        return False
    if not 0 < bid < ask or bid <= t[row, BUY_HIGH] or ask >= t[row, SELL_LOW] or at - t[row, HEARD_AT] >= t[row, AGE]:
        return False
    if bid <= t[row, LOWS + S_BID] or bid >= t[row, HIGHS + S_BID]:
        return False
    if ask <= t[row, LOWS + S_ASK] or ask >= t[row, HIGHS + S_ASK]:
        return False
    t[row, BID] = t[row, SAW_BID] = bid
    t[row, BID_SIZE] = t[row, SAW_BID_SIZE] = bid_size
    t[row, ASK] = t[row, SAW_ASK] = ask
    t[row, ASK_SIZE] = t[row, SAW_ASK_SIZE] = ask_size
    t[row, HEARD_AT] = at
    return True


def skim_trade(t: Longs, row: int, price: int) -> bool:
    """Takes a trade there and here. Gives: False where it does more than be seen."""
    if t[row, BUY_HIGH] >= price or t[row, SELL_LOW] <= price:
        return False
    if not t[row, SAFE_LOW] <= 2 * price <= t[row, SAFE_HIGH]:
        return False
    if price <= t[row, LOWS + S_TRADE] or price >= t[row, HIGHS + S_TRADE]:
        return False
    t[row, SAW_TRADE] = t[row, AT_TRADE] = price
    return True


def skim(t: Longs, c: tuple[Any, ...], v: int, until: int) -> int:
    """Goes through quotes and trades that come to none of our orders and wake nobody, as long as nothing else is due.

    Needs: all rows before `v` were seen. Gives: the first row that is left, which is to be looked at from all sides.
    """
    ts, local_ts, kinds, insts, p1, q1, p2, q2, flags = c
    now, last = t[META_ROW, NOW], len(ts) - 1
    while v < last:
        comes, row, is_taken = local_ts[v], I0 + insts[v], False
        if ts[v] >= until or comes >= until or comes > ts[v + 1] or t[row, EVERY] != 0:
            break
        if kinds[v] == K_TRADE:
            is_taken = skim_trade(t, row, p1[v])
        elif kinds[v] == K_QUOTE and t[row, IS_DEEP] == 0 and t[row, IS_FIT] != 0:
            is_taken = skim_quote(t, row, (p1[v], q1[v], p2[v], q2[v]), comes)
        if not is_taken:
            break
        if flags[v] & LAST:
            now = comes
        v += 1
    t[META_ROW, NOW] = now
    return v


COMPILED = (may_skim, skim_quote, skim_trade, skim)
"""What a compiler of arrays must be given, each after what it calls."""
