"""Rows that change nothing but what is seen, as most do: they are gone through at once."""

from __future__ import annotations

from typing import Any

from flatbook.backtest.kernel.levels import L_PRICE, L_SIZE, L_TAKEN, price_behind, set_level
from flatbook.backtest.kernel.tables import (
    AGE,
    ASK,
    ASK_LEVELS,
    ASK_OVER,
    ASK_SIZE,
    ASK_TAKEN,
    ASK_UNDER,
    AT_TRADE,
    BID,
    BID_LEVELS,
    BID_OVER,
    BID_SIZE,
    BID_TAKEN,
    BID_UNDER,
    BUY_HIGH,
    BUY_LOW,
    EACH,
    EVERY,
    FEATURES,
    HEARD_AT,
    HIGHS,
    I0,
    INSTRUMENT_BITS,
    INSTRUMENTS,
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
    SKIM_TURN,
    SKIMMED,
    SKIMS,
    TRADE_OVER,
    TRADE_UNDER,
    UNDOING,
    V0,
    WOKEN,
    Longs,
)
from flatbook.market.ticks import LAST

Row = tuple[int, int, int, int, int, int]
"""(instrument, kind, p1, q1, p2, q2)"""

Place = tuple[int, int, int]
"""(place on the tape, time, flags)"""


def may_skim(t: Longs) -> bool:
    """Whether rows that change nothing but what is seen may be gone through at once."""
    head = t[META_ROW]
    quiet = head[FEATURES] == 0 and head[EACH] == 0 and head[PASSES] == 0 and head[UNDOING] == 0
    return bool(quiet and head[NEXT_WAKES] == 0 and head[WOKEN] == 0)


def look_ahead(t: Longs, k: int) -> None:
    """Finds out between which prices rows of an instrument change nothing but what is seen, as long as a skim lasts."""
    row, ahead = t[I0 + k], t[V0 + k]
    # Whether a price moves is a coin: where nothing was taken of what is displayed, it need not be known.
    is_plain = row[IS_FIT] != 0 and row[IS_DEEP] == 0 and row[BID_TAKEN] == 0 and row[ASK_TAKEN] == 0
    ahead[SKIM_TURN] = t[META_ROW, SKIMS]
    ahead[SKIMMED] = 0
    ahead[BID_OVER] = max(0, row[BUY_HIGH], row[LOWS + S_BID])
    ahead[BID_UNDER] = row[HIGHS + S_BID] if is_plain and row[EVERY] == 0 else 0
    ahead[ASK_OVER] = row[LOWS + S_ASK]
    ahead[ASK_UNDER] = min(row[SELL_LOW], row[HIGHS + S_ASK])
    ahead[TRADE_OVER] = max(row[BUY_HIGH], row[LOWS + S_TRADE])
    ahead[TRADE_UNDER] = min(row[SELL_LOW], row[HIGHS + S_TRADE]) if row[EVERY] == 0 else -NEVER


def skims_quote(t: Longs, k: int, bid: int, ask: int, at: int) -> bool:
    """Whether a touch does nothing there but be displayed, and here but be seen."""
    row, ahead = t[I0 + k], t[V0 + k]
    if not ahead[BID_OVER] < bid < ahead[BID_UNDER] or not ahead[ASK_OVER] < ask < ahead[ASK_UNDER] or bid >= ask:
        return False
    return bool(row[SAFE_LOW] <= bid + ask <= row[SAFE_HIGH] and at - row[HEARD_AT] < row[AGE])


def skims_trade(t: Longs, k: int, price: int) -> bool:
    """Whether a trade does nothing but be seen."""
    row, ahead = t[I0 + k], t[V0 + k]
    is_far = ahead[TRADE_OVER] < price < ahead[TRADE_UNDER]
    return bool(is_far and row[SAFE_LOW] <= 2 * price <= row[SAFE_HIGH])


def show_newest(t: Longs) -> None:
    """Has the newest touch that was skimmed of each instrument displayed there as it was seen here."""
    for k in range(t[META_ROW, INSTRUMENTS]):
        if t[V0 + k, SKIM_TURN] == t[META_ROW, SKIMS] and t[V0 + k, SKIMMED] != 0:
            row = t[I0 + k]
            row[BID] = row[SAW_BID]
            row[BID_SIZE] = row[SAW_BID_SIZE]
            row[ASK] = row[SAW_ASK]
            row[ASK_SIZE] = row[SAW_ASK_SIZE]


def skim_touches(t: Longs, c: tuple[Any, ...], v: int, until: int) -> int:
    """Goes through touches and trades as `skim` does. Gives: the first row that is left, or does more than be seen."""
    ts, local_ts, kinds, insts, p1, q1, p2, q2, flags = c
    now, last, turn = t[META_ROW, NOW], len(ts) - 1, t[META_ROW, SKIMS]
    for i in range(max(v, 0), last):
        v = i
        comes, k, kind = local_ts[i], insts[i] & INSTRUMENT_BITS, kinds[i]
        if ts[i] >= until or comes >= until or comes > ts[i + 1]:
            break
        if t[V0 + k, SKIM_TURN] != turn:
            look_ahead(t, k)
        if kind == K_QUOTE:
            bid, ask = p1[i], p2[i]
            if not skims_quote(t, k, bid, ask, comes):
                break
            row = t[I0 + k]
            row[SAW_BID], row[SAW_BID_SIZE], row[SAW_ASK], row[SAW_ASK_SIZE] = bid, q1[i], ask, q2[i]
            row[HEARD_AT] = comes
            t[V0 + k, SKIMMED] = 1
        elif kind == K_TRADE and skims_trade(t, k, p1[i]):
            t[I0 + k, SAW_TRADE] = t[I0 + k, AT_TRADE] = p1[i]
        else:
            break
        if flags[i] & LAST:
            now = comes
        v = i + 1
    t[META_ROW, NOW] = now
    return int(v)


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
    kinds, insts = c[2], c[3]
    t[META_ROW, SKIMS] += 1
    first = -1
    while v > first and v < len(kinds) - 1:
        first = v
        v = skim_touches(t, c, v, until)
        row = t[I0 + insts[v]]
        if kinds[v] in (K_BID, K_ASK) and row[IS_FIT] != 0 and row[EVERY] == 0:
            before, v = v, skim_levels(t, lv, c, v, until)
            if v > before:
                t[META_ROW, NOW] = max(t[META_ROW, NOW], row[HEARD_AT])
    show_newest(t)
    return v


def happens_quietly(t: Longs, lv: Longs, tops: Longs, row: Row, at: tuple[int, int]) -> bool:
    """Lets a row happen at the venue. Gives: False where it does more than change what is displayed.

    `at` is its place and its flags. A level may be set already then: setting it again changes nothing.
    """
    k, kind, price, qty, p2, q2 = row
    market = t[I0 + k]
    if kind == K_TRADE:
        if not (market[BUY_HIGH] < price < market[SELL_LOW] and market[SAFE_LOW] <= 2 * price <= market[SAFE_HIGH]):
            return False
        market[AT_TRADE] = price
        return True
    if kind == K_QUOTE and market[IS_DEEP] == 0:
        if market[BID_TAKEN] != 0 or market[ASK_TAKEN] != 0 or not is_far(market, price, p2):
            return False
        market[BID], market[BID_SIZE], market[ASK], market[ASK_SIZE] = price, qty, p2, q2
        return True
    if kind not in (K_BID, K_ASK):
        return False
    low, high = (market[BUY_LOW], market[BUY_HIGH]) if kind == K_BID else (market[SELL_LOW], market[SELL_HIGH])
    if low <= price <= high:
        return False
    set_level(t, lv, k, 1 if kind == K_BID else -1, price, qty)
    if at[1] & LAST:
        if not is_far(market, market[BID], market[ASK]):
            return False
        i = at[0]
        tops[i, 0], tops[i, 1], tops[i, 2], tops[i, 3] = market[BID], market[BID_SIZE], market[ASK], market[ASK_SIZE]
    return True


def is_far(market: Longs, bid: int, ask: int) -> bool:
    """Whether a touch comes to none of our orders, and to no position."""
    is_quiet = bid > 0 and ask > 0 and market[BUY_HIGH] < min(bid, ask) and market[SELL_LOW] > max(bid, ask)
    return bool(is_quiet and market[SAFE_LOW] <= bid + ask <= market[SAFE_HIGH])


def is_seen_quietly(t: Longs, tops: Longs, row: Row, at: Place) -> bool:
    """Lets a row be seen. Gives: False, and nothing is seen, where it does more."""
    k, kind, p1, q1, p2, q2 = row
    i, comes, flags = at
    seen, is_quiet = t[I0 + k], t[I0 + k, EVERY] == 0
    if kind == K_TRADE:
        is_quiet = is_quiet and seen[LOWS + S_TRADE] < p1 < seen[HIGHS + S_TRADE]
        seen[SAW_TRADE] = p1 if is_quiet else seen[SAW_TRADE]
    elif kind == K_QUOTE and seen[IS_DEEP] == 0:
        is_quiet = is_quiet and sees_touch(seen, (p1, q1, p2, q2), comes)
    elif seen[IS_DEEP] == 0 or kind not in (K_BID, K_ASK):
        is_quiet = False
    elif flags & LAST:
        is_quiet = is_quiet and sees_touch(seen, (tops[i, 0], tops[i, 1], tops[i, 2], tops[i, 3]), comes)
    if is_quiet and flags & LAST:
        t[META_ROW, NOW] = comes
    return bool(is_quiet)


def sees_touch(seen: Longs, touch: tuple[int, int, int, int], at: int) -> bool:
    """Takes a touch as seen. Gives: False, and it is not, where it wakes somebody."""
    bid, bid_size, ask, ask_size = touch
    if seen[IS_FIT] == 0 or not 0 < bid < ask or at - seen[HEARD_AT] >= seen[AGE]:
        return False
    if bid <= seen[LOWS + S_BID] or bid >= seen[HIGHS + S_BID]:
        return False
    if ask <= seen[LOWS + S_ASK] or ask >= seen[HIGHS + S_ASK]:
        return False
    seen[SAW_BID], seen[SAW_BID_SIZE], seen[SAW_ASK], seen[SAW_ASK_SIZE] = bid, bid_size, ask, ask_size
    seen[HEARD_AT] = at
    return True


def skim_behind(
    t: Longs, lv: Longs, tops: Longs, c: tuple[Any, ...], at: tuple[int, int], until: int
) -> tuple[int, int]:
    """Goes through rows as `skim` does where they come to us later than others happen: each of both in its turn.

    `at` is the first row that did not happen, and the first that was not seen. Gives: both, afterwards.
    """
    ts, local_ts, kinds, insts, p1, q1, p2, q2, flags = c
    v, s = at
    rows = len(ts)
    while v < rows:
        sees = s < v and local_ts[s] <= ts[v]
        i = s if sees else v
        instant = local_ts[s] if sees else ts[v]
        if instant >= until:
            break
        row = (insts[i] + 0, kinds[i] + 0, p1[i], q1[i], p2[i], q2[i])
        if sees:
            if not is_seen_quietly(t, tops, row, (i, instant, flags[i] + 0)):
                break
            s += 1
        else:
            if not happens_quietly(t, lv, tops, row, (i, flags[i] + 0)):
                break
            v += 1
    return v, s


def skim_rows(t: Longs, lv: Longs, tops: Longs, c: tuple[Any, ...], at: tuple[int, int], until: int) -> tuple[int, int]:
    """Goes through rows that change nothing but what is seen: `at`, and what this gives, as for `skim_behind`."""
    v, s = at
    if v == s:
        v = skim(t, lv, c, v, until)
        return v, v
    return skim_behind(t, lv, tops, c, at, until)


COMPILED = (
    may_skim,
    look_ahead,
    skims_quote,
    skims_trade,
    skim_touches,
    show_newest,
    skim_levels,
    skim,
    is_far,
    happens_quietly,
    sees_touch,
    is_seen_quietly,
    skim_behind,
    skim_rows,
)
"""What a compiler of arrays must be given, each after what it calls."""
