"""Positions that the venue of the compiled simulator closes by force, once an account has too little for them."""

from __future__ import annotations

from flatbook.backtest.kernel.margin import (
    equity_of,
    maintenance_of,
    mark_of,
    pay,
    value_of,
)
from flatbook.backtest.kernel.queues import settle_report, take_report_row
from flatbook.backtest.kernel.resting import end
from flatbook.backtest.kernel.tables import (
    CANCELED,
    COIN,
    FORCED,
    FORCED_COUNT,
    HIGH,
    I0,
    INST,
    INSTRUMENTS,
    LEVERAGE,
    META_ROW,
    NEVER,
    NUMBER,
    O0,
    POSITION,
    REP_COUNT,
    REP_KIND,
    REP_NUMBER,
    REP_PRICE,
    REP_QTY,
    REP_VENUE_TIME,
    REPORT_NS,
    RESTING,
    SAFE_HIGH,
    SAFE_LOW,
    STATE,
    V0,
    Longs,
)
from flatbook.matcher.margin import is_liquidated


def positions_in(t: Longs, coin: int) -> int:
    """Returns on how many instruments an account has a position that margin in a coin stands behind."""
    count = 0
    for k in range(t[META_ROW, INSTRUMENTS]):
        if t[V0 + k, COIN] == coin and t[V0 + k, LEVERAGE] > 0 and t[I0 + k, POSITION] != 0:
            count += 1
    return count


def stay_safe(t: Longs, coin: int, left: int) -> None:
    """Notes between which marks nothing of a coin is closed by force: each position may lose its share of what is left.

    A move of the mark costs a position no more than its worth of it and its rate of maintenance, which is below one.
    """
    count = positions_in(t, coin)
    for k in range(t[META_ROW, INSTRUMENTS]):
        if t[V0 + k, COIN] != coin:
            continue
        t[I0 + k, SAFE_LOW] = -NEVER
        t[I0 + k, SAFE_HIGH] = NEVER
        if t[V0 + k, LEVERAGE] > 0 and t[I0 + k, POSITION] != 0:
            mark, each = mark_of(t, k), 2 * value_of(t, k, abs(t[I0 + k, POSITION]), 1)
            room = left // count // each
            t[I0 + k, SAFE_LOW] = mark - room
            t[I0 + k, SAFE_HIGH] = mark + room


def next_margined(t: Longs, coin: int, after: int) -> int:
    """Returns the next order after a number that rests on a margined instrument paid in a coin; -1 for none."""
    found = -1
    for slot in range(t[META_ROW, HIGH]):
        order = t[O0 + slot]
        row = V0 + order[INST]
        if order[STATE] != RESTING or order[NUMBER] <= after or t[row, COIN] != coin or t[row, LEVERAGE] == 0:
            continue
        if found < 0 or order[NUMBER] < t[O0 + found, NUMBER]:
            found = slot
    return found


def close(t: Longs, k: int, time: int) -> None:
    """Closes a position at the mark, and tells it."""
    lots, mark = t[I0 + k, POSITION], mark_of(t, k)
    t[I0 + k, POSITION] = 0
    t[V0 + k, FORCED_COUNT] += 1
    pay(t, k, mark, -lots, 0)
    row = take_report_row(t, time + t[META_ROW, REPORT_NS])
    t[row, REP_KIND] = FORCED
    t[row, REP_NUMBER] = k
    t[row, REP_PRICE] = mark
    t[row, REP_QTY] = -lots
    t[row, REP_COUNT] = t[V0 + k, FORCED_COUNT]
    t[row, REP_VENUE_TIME] = time
    settle_report(t)


def liquidate(t: Longs, coin: int, time: int) -> None:
    """Takes all orders of a coin back, and closes all positions."""
    after = 0
    while True:
        slot = next_margined(t, coin, after)
        if slot < 0:
            break
        after = t[O0 + slot, NUMBER]
        end(t, slot, CANCELED, time)
    for k in range(t[META_ROW, INSTRUMENTS]):
        if t[V0 + k, COIN] == coin and t[V0 + k, LEVERAGE] > 0 and t[I0 + k, POSITION] != 0:
            close(t, k, time)


def check_margin(t: Longs, k: int, time: int) -> None:
    """Closes by force what an account holds in the coin of an instrument where its margin is not enough."""
    if t[I0 + k, SAFE_LOW] == -NEVER:
        return
    coin, mark = t[V0 + k, COIN], mark_of(t, k)
    if t[I0 + k, SAFE_LOW] <= mark <= t[I0 + k, SAFE_HIGH]:
        return
    equity, needed = equity_of(t, coin), maintenance_of(t, coin)
    if positions_in(t, coin) > 0 and is_liquidated(equity, needed):
        liquidate(t, coin, time)
        stay_safe(t, coin, 0)
    else:
        stay_safe(t, coin, equity - needed)


COMPILED = (positions_in, stay_safe, next_margined, close, liquidate, check_margin)
"""What a compiler of arrays must be given, each after what it calls."""
