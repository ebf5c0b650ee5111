"""Rows that change nothing but what is seen, as most do: they are gone through at once."""

from __future__ import annotations

from typing import Any

from flatbook.backtest.kernel.levels import L_PRICE, L_SIZE, L_TAKEN, price_behind
from flatbook.backtest.kernel.tables import (
    AGE,
    ASK,
    ASK_LEVELS,
    ASK_SIZE,
    ASK_TAKEN,
    AT_TRADE,
    BID,
    BID_LEVELS,
    BID_SIZE,
    BID_TAKEN,
    BUY_HIGH,
    BUY_LOW,
    EACH,
    EVERY,
    FEATURES,
    HEARD_AT,
    HIGHS,
    I0,
    IS_DEEP,
    IS_FIT,
    K_ASK,
    K_BID,
    K_QUOTE,
    K_TRADE,
    LOWS,
    META_ROW,
    NEVER,
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
    SELL_HIGH,
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


def skim_levels(t: Longs, lv: Longs, c: tuple[Any, ...], v: int, until: int) -> int:
    """Goes through changes of one book as `skim` does, with what it shows at hand. Gives: the first row that is left.

    A row whose touch does more than be seen is left with its level set already: setting it again changes nothing. Each
    side is looked at as if it were the bids: a price counts with the sign of its side.
    """
    ts, local_ts, kinds, insts, p1, q1, _, _, flags = c
    k, mask, last = insts[v], lv.shape[1] - 1, len(ts) - 1
    row = t[I0 + k]
    buy_low, buy_high, sell_low, sell_high = row[BUY_LOW], row[BUY_HIGH], row[SELL_LOW], row[SELL_HIGH]
    bid_over, bid_under = max(0, row[LOWS + S_BID]), min(row[HIGHS + S_BID], sell_low)
    ask_over, ask_under = max(row[LOWS + S_ASK], buy_high), row[HIGHS + S_ASK]
    safe_low, safe_high = row[SAFE_LOW], row[SAFE_HIGH]
    bid, bid_size, ask, ask_size = row[BID], row[BID_SIZE], row[ASK], row[ASK_SIZE]
    bids, asks, heard, age = row[BID_LEVELS], row[ASK_LEVELS], row[HEARD_AT], row[AGE]
    saw_bid, saw_bid_size, saw_ask, saw_ask_size = row[SAW_BID], row[SAW_BID_SIZE], row[SAW_ASK], row[SAW_ASK_SIZE]
    low_step, high_step = sell_low - buy_low, sell_high - buy_high
    sbid, sask = bid, -ask if ask > 0 else -NEVER
    while v < last:
        comes, side, price, size = local_ts[v], kinds[v] - K_BID, p1[v], q1[v]
        if comes > ts[v + 1] or ts[v] >= until or comes >= until or insts[v] != k or not 0 <= side <= 1:
            break
        if buy_low + side * low_step <= price <= buy_high + side * high_step:
            break
        level = lv[2 * k + side, price & mask]
        had = level[L_SIZE]
        if had > 0 and level[L_PRICE] != price:
            break
        level[L_PRICE] = price
        level[L_SIZE] = size
        level[L_TAKEN] = level[L_TAKEN] if had > 0 else 0
        more = (1 if size > 0 else 0) - (1 if had > 0 else 0)
        sign, best = 1 - 2 * side, sbid + side * (sask - sbid)
        bids, asks = bids + more * (1 - side), asks + more * side
        if price * sign >= best and (size > 0 or had > 0):
            if size == 0:
                price = price_behind(lv, 2 * k + side, sign, price) if (bids if side == 0 else asks) > 0 else 0
                size = lv[2 * k + side, price & mask, L_SIZE] if price > 0 else 0
            if side == 0:
                bid, bid_size = price, size
                sbid = bid
            else:
                ask, ask_size = price, size
                sask = -ask if ask > 0 else -NEVER
        if flags[v] & LAST:
            if not (bid_over < bid < bid_under and max(bid, ask_over) < ask < ask_under and comes - heard < age):
                break
            if not safe_low <= bid + ask <= safe_high:
                break
            saw_bid, saw_bid_size, saw_ask, saw_ask_size, heard = bid, bid_size, ask, ask_size, comes
        v += 1
    row[BID], row[BID_SIZE], row[ASK], row[ASK_SIZE] = bid, bid_size, ask, ask_size
    row[BID_LEVELS], row[ASK_LEVELS], row[HEARD_AT] = bids, asks, heard
    row[SAW_BID], row[SAW_BID_SIZE], row[SAW_ASK], row[SAW_ASK_SIZE] = saw_bid, saw_bid_size, saw_ask, saw_ask_size
    return v


def skim(t: Longs, lv: Longs, c: tuple[Any, ...], v: int, until: int) -> int:
    """Goes through rows that come to none of our orders and wake nobody, as long as nothing else is due.

    Needs: all rows before `v` were seen. Gives: the first row that is left, which is to be looked at from all sides.
    """
    ts, local_ts, kinds, insts, p1, q1, p2, q2, flags = c
    now, last = t[META_ROW, NOW], len(ts) - 1
    while v < last:
        comes, row, kind, is_taken = local_ts[v], I0 + insts[v], kinds[v], False
        if ts[v] >= until or comes >= until or comes > ts[v + 1] or t[row, EVERY] != 0:
            break
        if kind == K_TRADE:
            is_taken = skim_trade(t, row, p1[v])
        elif t[row, IS_FIT] != 0 and t[row, IS_DEEP] == 0:
            is_taken = kind == K_QUOTE and skim_quote(t, row, (p1[v], q1[v], p2[v], q2[v]), comes)
        elif t[row, IS_FIT] != 0 and (kind in (K_BID, K_ASK)):
            first, v = v, skim_levels(t, lv, c, v, until)
            now = max(now, t[row, HEARD_AT])
            if v > first:
                continue
        if not is_taken:
            break
        if flags[v] & LAST:
            now = comes
        v += 1
    t[META_ROW, NOW] = now
    return v


COMPILED = (may_skim, skim_quote, skim_trade, skim_levels, skim)
"""What a compiler of arrays must be given, each after what it calls."""
