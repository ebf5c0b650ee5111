"""What our account has at the venue of the compiled simulator, and what its orders and positions need.

Kept only where the terms state margins. Amounts are in parts of the coin that an instrument is paid in, few enough for
each fee and each half tick of a lot to be a whole number of them.
"""

from __future__ import annotations

from flatbook.backtest.kernel.tables import (
    ASK,
    AT_MAKER,
    AT_MAKER_OVER,
    AT_MARK,
    AT_TAKER,
    AT_TAKER_OVER,
    AT_TRADE,
    BID,
    CASH,
    COIN,
    FEE_PARTS,
    HIGH,
    I0,
    IN_KIND,
    INST,
    INSTRUMENTS,
    LEFT,
    LEVERAGE,
    MAINTENANCE,
    META_ROW,
    NEVER,
    O0,
    PART_UNIT,
    POSITION,
    PRICE,
    REDUCES,
    RESTING,
    SAFE_LOW,
    SIGN,
    STATE,
    T0,
    TIER_ABOVE,
    TIER_MORE,
    TIERS,
    TIERS_AT,
    V0,
    Longs,
)
from flatbook.matcher.margin import is_turned_down, led_to
from flatbook.matcher.rule import MILLION

FAR = 2**60
"""What an amount is taken for that a number cannot hold: nobody has so much."""


def mark_of(t: Longs, k: int) -> int:
    """Returns the mark of an instrument: what was told, else the middle, else the last trade. Units: half ticks."""
    row = I0 + k
    if t[row, AT_MARK] > 0:
        return int(2 * t[row, AT_MARK])
    if t[row, BID] > 0 and t[row, ASK] > 0:
        return int(t[row, BID] + t[row, ASK])
    return int(2 * t[row, AT_TRADE])


def value_of(t: Longs, k: int, lots: int, mark: int) -> int:
    """Returns what lots are worth at a mark, and FAR where that is more. Needs: neither is below zero."""
    each = mark * t[V0 + k, PART_UNIT]
    if each == 0 or lots <= FAR // each:
        return int(lots * each)
    return FAR


def look_again(t: Longs, coin: int) -> None:
    """Has what an account holds in a coin looked at anew at the end of the next message of each instrument."""
    for k in range(t[META_ROW, INSTRUMENTS]):
        if t[V0 + k, COIN] == coin:
            t[I0 + k, SAFE_LOW] = NEVER


def pay(t: Longs, k: int, half_ticks: int, lots: int, maker: int) -> None:
    """Moves the cash of an account by an execution, and by its fee. Units: `lots` are signed."""
    row, coin = V0 + k, t[V0 + k, COIN]
    if coin == 0:
        return
    product = half_ticks * abs(lots)
    fee, over = t[row, AT_TAKER], t[row, AT_TAKER_OVER]
    if maker != 0:
        fee, over = t[row, AT_MAKER], t[row, AT_MAKER_OVER]
    t[coin, CASH] -= half_ticks * lots * t[row, PART_UNIT]
    if t[row, IN_KIND] == 0 or lots < 0:
        t[coin, CASH] += (-product * fee) // over * t[row, FEE_PARTS]
    if t[I0 + k, AT_TRADE] == 0:
        t[I0 + k, AT_TRADE] = half_ticks >> 1
    look_again(t, coin)


def pay_funding(t: Longs, k: int, rate: int, mark: int) -> None:
    """Moves the cash of an account by funding on its position, cut against it. Units: rate in 1e-12, mark in ticks."""
    row, coin = V0 + k, t[V0 + k, COIN]
    if coin == 0:
        return
    worth = -2 * mark * t[I0 + k, POSITION] * t[row, PART_UNIT]
    if rate < 0:
        worth, rate = -worth, -rate
    billions, rest = worth // (MILLION * MILLION), worth % (MILLION * MILLION)
    amount = billions * rate + (rest // MILLION * rate + rest % MILLION * rate // MILLION) // MILLION
    t[coin, CASH] += amount // t[row, FEE_PARTS] * t[row, FEE_PARTS]
    look_again(t, coin)


def equity_of(t: Longs, coin: int) -> int:
    """Returns what an account has in a coin, with what its positions gained."""
    equity = t[coin, CASH]
    for k in range(t[META_ROW, INSTRUMENTS]):
        if t[V0 + k, COIN] == coin and t[V0 + k, LEVERAGE] > 0:
            lots = t[I0 + k, POSITION]
            worth = value_of(t, k, abs(lots), mark_of(t, k))
            equity += worth if lots > 0 else -worth
    return int(equity)


def to_stay(t: Longs, k: int, worth: int) -> tuple[int, int]:
    """Returns what is worth so much needs to stay, each part by its tier: whole parts, and what is left in 1e-6."""
    row = t[V0 + k]
    whole, rest = worth // MILLION * row[MAINTENANCE], worth % MILLION * row[MAINTENANCE]
    for n in range(T0 + row[TIERS_AT], T0 + row[TIERS_AT] + row[TIERS]):
        over = max(worth - t[n, TIER_ABOVE], 0)
        whole += over // MILLION * t[n, TIER_MORE]
        rest += over % MILLION * t[n, TIER_MORE]
    return int(whole), int(rest)


def maintenance_of(t: Longs, coin: int) -> int:
    """Returns what the positions of an account need to stay."""
    needed = 0
    for k in range(t[META_ROW, INSTRUMENTS]):
        if t[V0 + k, COIN] == coin and t[V0 + k, LEVERAGE] > 0:
            whole, rest = to_stay(t, k, value_of(t, k, abs(t[I0 + k, POSITION]), mark_of(t, k)))
            needed += whole - (-rest) // MILLION
    return int(needed)


def initial_of(t: Longs, k: int, slot: int) -> int:
    """Returns the initial margin of an instrument, with an order that arrives there; -1 for none."""
    position, buys, sells, extra = t[I0 + k, POSITION], 0, 0, slot if slot >= 0 and t[O0 + slot, INST] == k else -1
    for other in range(t[META_ROW, HIGH]):
        order = t[O0 + other]
        if order[INST] != k or order[REDUCES] != 0 or (order[STATE] != RESTING and other != extra):
            continue
        if order[SIGN] > 0:
            buys += order[LEFT]
        else:
            sells += order[LEFT]
    mark = mark_of(t, k)
    if mark == 0 and extra >= 0 and t[O0 + extra, PRICE] != NEVER:
        mark = 2 * t[O0 + extra, PRICE]
    worth, cut_to = value_of(t, k, led_to(position, buys, sells), mark), t[V0 + k, FEE_PARTS]
    needed = worth // t[V0 + k, LEVERAGE]
    if t[V0 + k, TIERS] > 0:
        whole, rest = to_stay(t, k, worth)
        needed = max(needed, whole + rest // MILLION)
    return int(needed // cut_to * cut_to)


def lacks_margin(t: Longs, slot: int) -> bool:
    """Whether an order that arrives is turned down for want of margin."""
    order = t[O0 + slot]
    coin, before, needed = t[V0 + order[INST], COIN], 0, 0
    if coin == 0 or order[REDUCES] != 0 or t[V0 + order[INST], LEVERAGE] == 0:
        return False
    for k in range(t[META_ROW, INSTRUMENTS]):
        if t[V0 + k, COIN] == coin and t[V0 + k, LEVERAGE] > 0:
            before += initial_of(t, k, -1)
            needed += initial_of(t, k, slot)
    return is_turned_down(before, needed, equity_of(t, coin))


COMPILED = (
    mark_of,
    value_of,
    look_again,
    pay,
    pay_funding,
    equity_of,
    to_stay,
    maintenance_of,
    initial_of,
    lacks_margin,
)
"""What a compiler of arrays must be given, each after what it calls."""
