"""The displayed market of the compiled simulator: levels by price in a ring of slots, and what was taken from them.

The ring holds one level for each price modulo its length. Where two prices share a slot the one nearer to the market
stays; the other is left out and counted.
"""

from __future__ import annotations

from flatbook.backtest.kernel.tables import (
    ASK,
    ASK_LEVELS,
    ASK_SIZE,
    ASK_TAKEN,
    BID,
    BID_LEVELS,
    BID_SIZE,
    BID_TAKEN,
    FAR_LEVELS,
    I0,
    IS_DEEP,
    LOST,
    META_ROW,
    U0,
    UNDO_MAX,
    UNDOING,
    UNDONE,
    Longs,
)
from flatbook.matcher.rule import UNSEEN

L_PRICE, L_SIZE, L_TAKEN = 0, 1, 2


def keep_level(t: Longs, lv: Longs, side: int, slot: int) -> None:
    """Keeps a level as it is, so that it can be put back."""
    if t[META_ROW, UNDOING] == 0:
        return
    if t[META_ROW, UNDONE] == UNDO_MAX:
        t[META_ROW, UNDOING] = LOST
        return
    row = t[U0 + t[META_ROW, UNDONE]]
    row[0] = side
    row[1] = slot
    for column in range(3):
        row[2 + column] = lv[side, slot, column]
    t[META_ROW, UNDONE] += 1


def put_back_levels(t: Longs, lv: Longs) -> None:
    """Puts back all levels that were kept, the last one first."""
    while t[META_ROW, UNDONE] > 0:
        t[META_ROW, UNDONE] -= 1
        row = t[U0 + t[META_ROW, UNDONE]]
        for column in range(3):
            lv[row[0], row[1], column] = row[2 + column]


def level_at(t: Longs, lv: Longs, k: int, sign: int, price: int) -> int:
    """Returns how much is displayed at a price: bid (+1) or asked (-1); UNSEEN where that is not known."""
    row = t[I0 + k]
    if row[IS_DEEP] != 0:
        side = 2 * k if sign > 0 else 2 * k + 1
        level = lv[side, price & (lv.shape[1] - 1)]
        return int(level[L_SIZE]) if level[L_PRICE] == price else 0
    best = row[BID] if sign > 0 else row[ASK]
    if best == price:
        return int(row[BID_SIZE] if sign > 0 else row[ASK_SIZE])
    if best == 0 or (best - price) * sign > 0:
        return UNSEEN
    return 0


def next_best(t: Longs, lv: Longs, k: int, sign: int, price: int) -> int:
    """Returns the best price of a side that is worse than a price that was its best; 0 where there is none."""
    if t[I0 + k, BID_LEVELS if sign > 0 else ASK_LEVELS] == 0:
        return 0
    return price_behind(lv, 2 * k if sign > 0 else 2 * k + 1, sign, price)


def price_behind(lv: Longs, side: int, sign: int, price: int) -> int:
    """Returns the nearest price with a level behind another; 0 where there is none. Needs: one, or it looks long."""
    slots = lv.shape[1]
    for step in range(1, slots):
        p = price - sign * step
        level = lv[side, p & (slots - 1)]
        if level[L_PRICE] == p and level[L_SIZE] > 0:
            return p
    return 0


def set_level(t: Longs, lv: Longs, k: int, sign: int, price: int, size: int) -> int:
    """Sets how much is displayed at a price of a side, and returns how much it was."""
    row = t[I0 + k]
    side = 2 * k if sign > 0 else 2 * k + 1
    count, best, best_size = (BID_LEVELS, BID, BID_SIZE) if sign > 0 else (ASK_LEVELS, ASK, ASK_SIZE)
    slot = price & (lv.shape[1] - 1)
    level = lv[side, slot]
    before = 0
    if level[L_SIZE] > 0:
        if level[L_PRICE] == price:
            before = level[L_SIZE]
        elif size == 0:
            return 0
        else:
            t[META_ROW, FAR_LEVELS] += 1
            if (level[L_PRICE] - price) * sign > 0:
                return 0
            row[count] -= 1
    elif size == 0:
        return 0
    keep_level(t, lv, side, slot)
    level[L_PRICE] = price
    level[L_SIZE] = size
    if before == 0:
        level[L_TAKEN] = 0
        row[count] += 1
    if size == 0:
        row[count] -= 1
        if row[best] == price:
            at = next_best(t, lv, k, sign, price)
            row[best] = at
            row[best_size] = level_at(t, lv, k, sign, at) if at != 0 else 0
    elif row[best] == 0 or (price - row[best]) * sign >= 0:
        row[best] = price
        row[best_size] = size
    return int(before)


def clear_levels(t: Longs, lv: Longs, k: int) -> None:
    """Forgets all that is displayed of an instrument."""
    row = t[I0 + k]
    if row[IS_DEEP] != 0:
        slots = lv.shape[1]
        for side in range(2 * k, 2 * k + 2):
            left = row[BID_LEVELS] if side == 2 * k else row[ASK_LEVELS]
            for slot in range(slots):
                if left == 0:
                    break
                if lv[side, slot, L_SIZE] > 0:
                    keep_level(t, lv, side, slot)
                    lv[side, slot, L_SIZE] = 0
                    left -= 1
    for column in (BID, BID_SIZE, ASK, ASK_SIZE, BID_TAKEN, ASK_TAKEN, BID_LEVELS, ASK_LEVELS):
        row[column] = 0


def take_from(t: Longs, lv: Longs, k: int, sign: int, limit: int, want: int) -> tuple[int, int]:
    """Takes from the best level of the bids (+1) or asks (-1) that has something left, not beyond a limit.

    Gives: its price and how much was taken of it, at most what is wanted; 0 where nothing is left.
    """
    row = t[I0 + k]
    price = row[BID] if sign > 0 else row[ASK]
    if row[IS_DEEP] == 0:
        taken = BID_TAKEN if sign > 0 else ASK_TAKEN
        if price == 0 or (price - limit) * sign < 0:
            return 0, 0
        got = min(want, (row[BID_SIZE] if sign > 0 else row[ASK_SIZE]) - row[taken])
        if got <= 0:
            return 0, 0
        row[taken] += got
        return price, got
    side = 2 * k if sign > 0 else 2 * k + 1
    slots = lv.shape[1]
    left = row[BID_LEVELS if sign > 0 else ASK_LEVELS]
    while left > 0 and price > 0 and (price - limit) * sign >= 0:
        level = lv[side, price & (slots - 1)]
        if level[L_PRICE] == price and level[L_SIZE] > 0:
            left -= 1
            got = min(want, level[L_SIZE] - level[L_TAKEN])
            if got > 0:
                keep_level(t, lv, side, price & (slots - 1))
                level[L_TAKEN] += got
                return price, got
        price -= sign
    return 0, 0


COMPILED = (keep_level, put_back_levels, level_at, price_behind, next_best, set_level, clear_levels, take_from)
"""What a compiler of arrays must be given, each after what it calls."""
