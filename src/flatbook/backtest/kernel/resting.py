"""Our orders at the venue of the compiled simulator: how they arrive, rest, execute and leave."""

from __future__ import annotations

from flatbook.backtest.kernel.levels import level_at, take_from
from flatbook.backtest.kernel.margin import lacks_margin, pay
from flatbook.backtest.kernel.queues import next_turn, settle_report, take_report_row
from flatbook.backtest.kernel.tables import (
    ADDS,
    AHEAD,
    AHEAD_FIRST,
    ARRIVED_AT,
    ASK,
    BID,
    BUY_HIGH,
    BUY_LOW,
    CANCELED,
    CUT,
    DUE_AT,
    EXECUTED,
    EXPIRED,
    EXPIRES_AT,
    FILLED,
    FILLS,
    FREE,
    FRONT,
    HIGH,
    I0,
    INST,
    IOC,
    KEY,
    LACKS,
    LEFT,
    LOTS_LEAST,
    META_ROW,
    NEVER,
    NUMBER,
    O0,
    POSITION,
    POST_ONLY,
    PRICE,
    REDUCES,
    REJECTED,
    REP_AHEAD,
    REP_COUNT,
    REP_KIND,
    REP_LEFT,
    REP_MAKER,
    REP_NUMBER,
    REP_PRICE,
    REP_QTY,
    REP_VENUE_TIME,
    REP_WAITED,
    REP_WATCH,
    REPORT_NS,
    REPORT_SPREAD,
    RESTING,
    SEED,
    SELL_HIGH,
    SELL_LOW,
    SHARE,
    SIGN,
    SMALL,
    STATE,
    STYLE,
    TAKES,
    TRADED,
    TURN,
    WATCH,
    WORKING,
    WORTH_LEAST,
    Longs,
)
from flatbook.matcher.rule import (
    REPORTING,
    UNSEEN,
    after_level,
    after_trade,
    goes_through,
    latency,
    left_without_trade,
    reached,
    takes,
)


def tell(t: Longs, slot: int, kind: int, time: int) -> int:
    """Sends a report about an order on its way to us, and returns its row. `settle_report` must follow."""
    order = O0 + slot
    delay = latency(t[META_ROW, SEED], t[order, KEY], REPORTING, t[META_ROW, REPORT_NS], t[META_ROW, REPORT_SPREAD])
    row = take_report_row(t, time + delay)
    t[row, REP_KIND] = kind
    t[row, REP_NUMBER] = t[order, NUMBER]
    t[row, REP_VENUE_TIME] = time
    t[row, REP_LEFT] = t[order, LEFT] + t[order, CUT]
    t[row, REP_COUNT] = t[order, EXECUTED]
    t[row, REP_WATCH] = t[order, WATCH]
    return row


def bounds_anew(t: Longs, k: int) -> None:
    """Finds anew between which prices our orders of an instrument rest, and when the next of all orders expires."""
    buy_high, buy_low, sell_low, sell_high, expires = -NEVER, NEVER, NEVER, -NEVER, NEVER
    for slot in range(t[META_ROW, HIGH]):
        order = t[O0 + slot]
        if order[STATE] != RESTING:
            continue
        expires = min(expires, order[DUE_AT])
        if order[INST] != k:
            continue
        if order[SIGN] > 0:
            buy_high, buy_low = max(buy_high, order[PRICE]), min(buy_low, order[PRICE])
        else:
            sell_high, sell_low = max(sell_high, order[PRICE]), min(sell_low, order[PRICE])
    row = t[I0 + k]
    row[BUY_HIGH] = buy_high
    row[BUY_LOW] = buy_low
    row[SELL_LOW] = sell_low
    row[SELL_HIGH] = sell_high
    t[META_ROW, EXPIRES_AT] = expires


def leave(t: Longs, slot: int) -> None:
    """Takes an order that has ended out of the table."""
    t[O0 + slot, STATE] = FREE
    while t[META_ROW, HIGH] > 0 and t[O0 + t[META_ROW, HIGH] - 1, STATE] == FREE:
        t[META_ROW, HIGH] -= 1
    bounds_anew(t, t[O0 + slot, INST])


def execute(t: Longs, slot: int, price: int, qty: int, time: int) -> None:
    """Executes a part of an order at a price. One that executes before it rests takes, one that rests makes."""
    order = t[O0 + slot]
    makes = order[STATE] == RESTING
    order[LEFT] -= qty
    order[EXECUTED] += 1
    t[I0 + order[INST], POSITION] += order[SIGN] * qty
    pay(t, order[INST], 2 * price, order[SIGN] * qty, 1 if makes else 0)
    t[META_ROW, FILLS] += 1
    row = tell(t, slot, FILLED, time)
    t[row, REP_PRICE] = price
    t[row, REP_QTY] = qty
    t[row, REP_MAKER] = 1 if makes else 0
    t[row, REP_AHEAD] = order[AHEAD_FIRST]
    t[row, REP_WAITED] = time - order[ARRIVED_AT]
    settle_report(t)
    if makes and order[LEFT] == 0:
        go(t, slot, time)


def go(t: Longs, slot: int, time: int) -> None:
    """Lets an order go of which nothing is left; what was cut off it has expired."""
    if t[O0 + slot, CUT] > 0:
        tell(t, slot, EXPIRED, time)
        settle_report(t)
    leave(t, slot)


def may_reduce(t: Longs, slot: int) -> int:
    """Returns by how many lots an order may reduce the position that its account holds."""
    order = t[O0 + slot]
    return int(max(-t[I0 + order[INST], POSITION] * order[SIGN], 0))


def cut(t: Longs, slot: int) -> bool:
    """Cuts an order that may only reduce down to the position. Gives: whether there was more of it."""
    order = t[O0 + slot]
    over = order[LEFT] - may_reduce(t, slot)
    if order[REDUCES] == 0 or over <= 0:
        return False
    order[LEFT] -= over
    order[CUT] += over
    return True


def refuse(t: Longs, slot: int, why: int, time: int) -> None:
    """Turns an order down that arrived."""
    row = tell(t, slot, REJECTED, time)
    t[row, REP_PRICE] = why
    settle_report(t)
    leave(t, slot)


def is_small(t: Longs, slot: int) -> bool:
    """Whether an order is below the least of its market, valued at its limit, or at the touch where it has none."""
    order = t[O0 + slot]
    market, price, lots = t[I0 + order[INST]], order[PRICE], order[LEFT]
    if price == NEVER:
        price = market[ASK]
    elif price == 0:
        price = market[BID]
    is_little = order[REDUCES] == 0 and 0 < price <= market[WORTH_LEAST] // lots and price * lots < market[WORTH_LEAST]
    return bool(lots < market[LOTS_LEAST] or is_little)


def arrive(t: Longs, lv: Longs, slot: int, time: int) -> None:
    """Lets an order arrive at the venue: it is turned down, takes what it can, and rests or ends."""
    order = t[O0 + slot]
    k, sign, price = order[INST], order[SIGN], order[PRICE]
    order[ARRIVED_AT] = time
    order[AHEAD_FIRST] = 0
    market = t[I0 + k]
    crosses = takes(sign, price, market[BID], market[ASK])
    if is_small(t, slot):
        refuse(t, slot, SMALL, time)
        return
    if order[STYLE] == POST_ONLY and crosses:
        refuse(t, slot, TAKES, time)
        return
    if order[REDUCES] != 0 and may_reduce(t, slot) == 0:
        refuse(t, slot, ADDS, time)
        return
    if lacks_margin(t, slot):
        refuse(t, slot, LACKS, time)
        return
    tell(t, slot, WORKING, time)
    settle_report(t)
    before = order[EXECUTED]
    cut(t, slot)
    while crosses and order[LEFT] > 0:
        at, got = take_from(t, lv, k, -sign, price, order[LEFT])
        if got == 0:
            break
        execute(t, slot, at, got, time)
    if order[LEFT] == 0:
        go(t, slot, time)
    elif order[STYLE] == IOC or order[DUE_AT] <= time:
        end(t, slot, EXPIRED, time)
    else:
        rest(t, lv, slot)
    if order[EXECUTED] != before:
        cut_all(t, lv, k, time)


def rest(t: Longs, lv: Longs, slot: int) -> None:
    """Puts an order behind all that is displayed at its price."""
    order = t[O0 + slot]
    ahead = level_at(t, lv, order[INST], order[SIGN], order[PRICE])
    if ahead == UNSEEN and t[META_ROW, FRONT] != 0:
        ahead = 0
    order[AHEAD] = ahead
    order[AHEAD_FIRST] = ahead
    order[TRADED] = 0
    order[TURN] = next_turn(t)
    order[STATE] = RESTING
    bounds_anew(t, order[INST])


def next_by_number(t: Longs, k: int, after: int) -> int:
    """Returns the next order of an instrument after a number that rests and may only reduce; -1 for none."""
    found = -1
    for slot in range(t[META_ROW, HIGH]):
        order = t[O0 + slot]
        if order[STATE] != RESTING or order[INST] != k or order[REDUCES] == 0 or order[NUMBER] <= after:
            continue
        if found < 0 or order[NUMBER] < t[O0 + found, NUMBER]:
            found = slot
    return found


def cut_all(t: Longs, lv: Longs, k: int, time: int) -> None:
    """Cuts the orders that may only reduce once a position has moved: they go behind all at their price, or end."""
    after = 0
    while True:
        slot = next_by_number(t, k, after)
        if slot < 0:
            return
        after = t[O0 + slot, NUMBER]
        if cut(t, slot):
            if t[O0 + slot, LEFT] == 0:
                go(t, slot, time)
            else:
                rest(t, lv, slot)


def cancel_arrives(t: Longs, slot: int, number: int, time: int) -> None:
    """Lets a cancel arrive: it ends an order that still rests, and comes too late for any other."""
    order = t[O0 + slot]
    if order[STATE] == RESTING and order[NUMBER] == number:
        end(t, slot, CANCELED, time)


def end(t: Longs, slot: int, kind: int, time: int) -> None:
    """Ends an order that rests."""
    tell(t, slot, kind, time)
    settle_report(t)
    leave(t, slot)


def expire(t: Longs) -> None:
    """Ends one order whose time is over, the oldest of those that are due together."""
    found = -1
    for slot in range(t[META_ROW, HIGH]):
        if t[O0 + slot, STATE] != RESTING or t[O0 + slot, DUE_AT] > t[META_ROW, EXPIRES_AT]:
            continue
        if found < 0 or t[O0 + slot, NUMBER] < t[O0 + found, NUMBER]:
            found = slot
    if found >= 0:
        end(t, found, EXPIRED, t[O0 + found, DUE_AT])


def next_in_turn(t: Longs, k: int, sign: int, after: tuple[int, int]) -> int:
    """Returns the order that executes next after one of a price and turn: by price, then by turn; -1 for none.

    Needs: prices in `after` and here count as better the higher `sign * price` is.
    """
    found = -1
    for slot in range(t[META_ROW, HIGH]):
        order = t[O0 + slot]
        if order[STATE] != RESTING or order[INST] != k or order[SIGN] != sign:
            continue
        rank, turn = sign * order[PRICE], order[TURN]
        if rank > after[0] or (rank == after[0] and turn <= after[1]):
            continue
        if found >= 0:
            best = t[O0 + found]
            if rank < sign * best[PRICE] or (rank == sign * best[PRICE] and turn > best[TURN]):
                continue
        found = slot
    return found


def trade_meets(t: Longs, k: int, sign: int, price: int, qty: int, at: tuple[int, int]) -> None:
    """Lets a trade meet our orders of one side. `at` is its time, and whether its taker is known to have hit them."""
    time, hits = at
    rest_of, here, after = qty, 0, (NEVER, 0)
    while True:
        slot = next_in_turn(t, k, sign, after)
        if slot < 0:
            return
        order = t[O0 + slot]
        after = (sign * order[PRICE], order[TURN])
        got = 0
        if goes_through(sign, order[PRICE], price):
            order[AHEAD] = 0
            got = min(order[LEFT], rest_of)
            if order[REDUCES] != 0:
                got = min(got, may_reduce(t, slot))
        elif order[PRICE] == price and hits != 0:
            got = max(0, min(order[LEFT], reached(order[AHEAD], qty) - here, rest_of))
            if order[REDUCES] != 0:
                got = min(got, may_reduce(t, slot))
            here += got
            order[AHEAD] = after_trade(order[AHEAD], qty)
            order[TRADED] += qty
        elif order[PRICE] != price:
            return
        if got > 0:
            rest_of -= got
            execute(t, slot, order[PRICE], got, time)


def level_moves(t: Longs, k: int, sign: int, price: int, sizes: tuple[int, int]) -> None:
    """Moves our orders at a price forward in their queue once it shows another size. `sizes`: before, and now."""
    before, size = sizes
    for slot in range(t[META_ROW, HIGH]):
        order = t[O0 + slot]
        if order[STATE] == RESTING and order[INST] == k and order[SIGN] == sign and order[PRICE] == price:
            gone = left_without_trade(before, size, order[TRADED])
            order[AHEAD] = after_level(order[AHEAD], gone, size, t[META_ROW, SHARE])
            order[TRADED] = 0


def touch_moves(t: Longs, k: int, sign: int, best: int) -> None:
    """Moves our orders that are better than the best of their side to the front: nobody is displayed there."""
    for slot in range(t[META_ROW, HIGH]):
        order = t[O0 + slot]
        if order[STATE] == RESTING and order[INST] == k and order[SIGN] == sign and (order[PRICE] - best) * sign > 0:
            order[AHEAD] = 0
            order[TRADED] = 0


def cross(t: Longs, lv: Longs, k: int, sign: int, time: int) -> None:
    """Executes our orders of one side to which the other side of the market has come."""
    market = t[I0 + k]
    after = (NEVER, 0)
    while True:
        slot = next_in_turn(t, k, sign, after)
        if slot < 0:
            return
        order = t[O0 + slot]
        price = order[PRICE]
        after = (sign * price, order[TURN])
        if not takes(sign, price, market[BID], market[ASK]):
            return
        whole, most = 0, order[LEFT]
        if order[REDUCES] != 0:
            most = min(most, may_reduce(t, slot))
        while whole < most:
            _, got = take_from(t, lv, k, -sign, price, most - whole)
            if got == 0:
                break
            whole += got
        if whole == 0 and most > 0:
            return
        if whole > 0:
            execute(t, slot, price, whole, time)


COMPILED = (
    tell,
    bounds_anew,
    leave,
    go,
    may_reduce,
    cut,
    refuse,
    execute,
    rest,
    next_by_number,
    cut_all,
    end,
    is_small,
    arrive,
    cancel_arrives,
    expire,
    next_in_turn,
    trade_meets,
    level_moves,
    touch_moves,
    cross,
)
"""What a compiler of arrays must be given, each after what it calls."""
