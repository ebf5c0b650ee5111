"""Our orders as the desk of a backtest knows them: what is sent, what may still execute, and at which prices."""

from __future__ import annotations

from flatbook.backtest.kernel import desk_table as desk
from flatbook.backtest.kernel.tables import ORDERS_MAX, Longs


def order_row(d: Longs, number: int) -> int:
    """Returns the row of an order that is live; -1 where it is not."""
    near = desk.D0 + number % desk.NEAR
    if d[near, desk.O_NUMBER] == number:
        return int(near)
    for k in range(d[desk.DESK_ROW, desk.PROBES]):
        row = desk.FAR_ROWS + (number + k) % ORDERS_MAX
        if d[row, desk.O_NUMBER] == number:
            return int(row)
    return -1


def free_row(d: Longs, number: int) -> int:
    """Returns a free row for an order. Needs: fewer than all are taken."""
    near, k = desk.D0 + number % desk.NEAR, 0
    if d[near, desk.O_NUMBER] == 0:
        return int(near)
    while d[desk.FAR_ROWS + (number + k) % ORDERS_MAX, desk.O_NUMBER] != 0:
        k += 1
    d[desk.DESK_ROW, desk.PROBES] = max(d[desk.DESK_ROW, desk.PROBES], k + 1)
    return int(desk.FAR_ROWS + (number + k) % ORDERS_MAX)


def link(d: Longs, order: int, standing: int) -> None:
    """Puts an order behind the others of its standing."""
    newest = d[standing, desk.FINAL_ONE]
    d[order, desk.BEFORE], d[order, desk.NEXT] = newest, 0
    if newest != 0:
        d[newest, desk.NEXT] = order
    else:
        d[standing, desk.FIRST] = order
    d[standing, desk.FINAL_ONE] = order
    d[standing, desk.LIVE] += 1
    d[desk.DESK_ROW, desk.ALIVE] += 1
    d[standing, desk.CHANGES] += 1


def unlink(d: Longs, order: int, standing: int) -> None:
    """Takes an order that has ended from among the others, and finds the best prices of those anew."""
    before, after = d[order, desk.BEFORE], d[order, desk.NEXT]
    if before != 0:
        d[before, desk.NEXT] = after
    else:
        d[standing, desk.FIRST] = after
    if after != 0:
        d[after, desk.BEFORE] = before
    else:
        d[standing, desk.FINAL_ONE] = before
    gone = d[desk.DESK_ROW, desk.GONE]
    if gone < desk.GONE_MAX:
        d[desk.K0 + gone // desk.DESK_WIDTH, gone % desk.DESK_WIDTH] = d[order, desk.O_NUMBER]
        d[desk.DESK_ROW, desk.GONE] = gone + 1
    d[order, desk.O_NUMBER] = 0
    d[standing, desk.LIVE] -= 1
    d[desk.DESK_ROW, desk.ALIVE] -= 1
    d[standing, desk.CHANGES] += 1
    find_best(d, standing)


def find_best(d: Longs, standing: int) -> None:
    """Finds the best prices at which orders of a standing may rest."""
    high, low, order = -desk.NOTHING, desk.NOTHING, d[standing, desk.FIRST]
    while order != 0:
        if d[order, desk.PENDING] == 0 and d[order, desk.O_SIGN] > 0:
            high = max(high, d[order, desk.O_PRICE])
        elif d[order, desk.PENDING] == 0:
            low = min(low, d[order, desk.O_PRICE])
        order = d[order, desk.NEXT]
    d[standing, desk.HIGH_BUY] = high
    d[standing, desk.LOW_SELL] = low


def keep_order(d: Longs, wish: Longs) -> None:
    """Keeps an order that is sent."""
    number, standing = wish[desk.W_NUMBER], wish[desk.W_STANDING]
    order = free_row(d, number)
    row = d[order]
    row[desk.O_NUMBER] = number
    row[desk.STANDING] = standing
    row[desk.COUNTED] = wish[desk.W_COUNTED]
    row[desk.O_SIGN] = wish[desk.W_SIGN]
    row[desk.O_PRICE] = wish[desk.W_PRICE]
    row[desk.LOTS] = wish[desk.W_LOTS]
    row[desk.QTY_DECIMALS] = wish[desk.W_DECIMALS]
    row[desk.FILLED_LOTS] = row[desk.PENDING] = row[desk.ATTEMPT] = row[desk.CANCEL_AT] = 0
    row[desk.STATUS] = desk.INTENDED
    row[desk.CHANGED_AT] = wish[desk.W_NOW]
    row[desk.O_CHANGES] = 0
    link(d, order, standing)
    rests(d, order, standing)


def let_go(d: Longs, order: int, now: int) -> None:
    """Notes that the cancel of an order is sent."""
    row = d[order]
    row[desk.PENDING] = 1
    row[desk.ATTEMPT] += 1
    row[desk.CANCEL_AT] = row[desk.CHANGED_AT] = now
    row[desk.O_CHANGES] += 1
    if row[desk.STATUS] != desk.INTENDED:
        row[desk.STATUS] = desk.CANCELING
    standing = row[desk.STANDING]
    d[standing, desk.CHANGES] += 1
    find_best(d, standing)


def rests(d: Longs, order: int, standing: int) -> None:
    """Counts what an order may still bring, and its price among the best."""
    leaves = d[order, desk.LOTS] - d[order, desk.FILLED_LOTS]
    if d[order, desk.O_SIGN] > 0:
        d[standing, desk.BUY_LEAVES] += leaves
        if d[order, desk.PENDING] == 0:
            d[standing, desk.HIGH_BUY] = max(d[standing, desk.HIGH_BUY], d[order, desk.O_PRICE])
    else:
        d[standing, desk.SELL_LEAVES] += leaves
        if d[order, desk.PENDING] == 0:
            d[standing, desk.LOW_SELL] = min(d[standing, desk.LOW_SELL], d[order, desk.O_PRICE])


COMPILED = (order_row, free_row, link, find_best, unlink, rests, keep_order, let_go)
"""What a compiler of arrays must be given, each after what it calls."""
