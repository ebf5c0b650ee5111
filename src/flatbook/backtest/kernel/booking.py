"""Books what a simulator tells of orders, where it is plain, and writes the events that the engine would write of it.

A venue may tell anything, so that the engine looks at each report from all sides. A simulator tells what is right by
construction: of an order that we sent, once, in order, in whole ticks and lots. What is not plain is left to the
engine.
"""

from __future__ import annotations

from flatbook.backtest.kernel import desk_table as desk
from flatbook.backtest.kernel.letters import (
    DIGIT,
    ID_DIGITS,
    SCRATCH,
    Texts,
    put_decimal,
    put_digits,
    put_laid_out,
    put_name,
    put_parts,
    put_piece,
    put_whole,
    wrote,
)
from flatbook.backtest.kernel.live_orders import order_row, unlink
from flatbook.backtest.kernel.sums import LONG_MAX, LOTS_MAX, Sum, add, less, share, size, worth
from flatbook.backtest.kernel.tables import (
    CANCELED,
    EXPIRED,
    FILLED,
    G0,
    HEARD_AT,
    HELD,
    I0,
    IS_FIT,
    META_ROW,
    NOW,
    PASSES,
    REP_AHEAD,
    REP_COUNT,
    REP_KIND,
    REP_LEFT,
    REP_MAKER,
    REP_NUMBER,
    REP_PRICE,
    REP_QTY,
    REP_TIME,
    REP_VENUE_TIME,
    REP_WAITED,
    RING_MAX,
    RINGED,
    WOKE,
    WORKING,
    Longs,
)
from flatbook.backtest.kernel.wishes import pass_all, take_shapes, take_wishes


def put_times(k: Texts, at: int, pieces: int, row: Longs) -> int:
    """Writes when something happened, and when it was seen."""
    w, p, x = k[0], k[1], k[2]
    at = put_whole(w, put_piece(w, at, p, x, pieces + desk.HAPPENED_AT), row[REP_VENUE_TIME])
    return put_whole(w, put_piece(w, at, p, x, pieces + desk.SEEN_AT), row[REP_TIME])


def accept(d: Longs, k: Texts, row: Longs, order: int) -> bool:
    """Books that an order was accepted: news of one that was not heard of. A cancel that waited for it is sent now."""
    w, p, x = k[0], k[1], k[2]
    is_late = d[order, desk.PENDING] != 0
    if d[order, desk.STATUS] != desk.INTENDED or (is_late and d[desk.DESK_ROW, desk.LATE] == desk.LATE_MAX):
        return False
    standing = d[order, desk.STANDING]
    pieces = (standing - desk.S0) * desk.PIECES
    at = put_piece(w, d[desk.DESK_ROW, desk.WRITTEN], p, x, pieces + desk.ACCEPTED_HEAD)
    at = put_digits(w, at, d[order, desk.COUNTED], ID_DIGITS)
    at = put_name(w, put_piece(w, at, p, x, pieces + desk.ACCEPTED_VENUE_ID), d[order, desk.O_NUMBER], 0)
    wrote(d, put_times(k, at, pieces, row), row[REP_TIME])
    d[order, desk.STATUS] = desk.ACCEPTED
    d[order, desk.CHANGED_AT] = row[REP_TIME]
    d[order, desk.O_CHANGES] += 1
    d[standing, desk.CHANGES] += 1
    if is_late:
        d[order, desk.STATUS] = desk.CANCELING
        d[desk.L0, d[desk.DESK_ROW, desk.LATE]] = d[order, desk.O_NUMBER]
        d[desk.DESK_ROW, desk.LATE] += 1
        d[desk.DESK_ROW, desk.CALLS] = 1
    return True


def realise(d: Longs, standing: int, sign: int, ticks: int, lots: int) -> Sum:
    """Returns what an execution realises against what its account entered at. Needs: it closes some of it."""
    entry = d[standing, desk.ENTRY]
    held, cost = abs(d[entry, desk.ENTRY_LOTS]), (d[entry, desk.COST], d[entry, desk.COST_PARTS])
    closed = min(lots, held)
    if lots < held:
        cost = share(cost, lots, held)
    got = worth(d, standing, ticks * closed)
    return add(less(got) if sign > 0 else got, less(cost))


def is_in_reach(d: Longs, standing: int, ticks: int, lots: int) -> bool:
    """Whether all that is made of an execution is far from what a number can hold."""
    if not (0 < ticks < d[standing, desk.TICKS_BOUND] and 0 < lots < min(LOTS_MAX, d[standing, desk.LOTS_BOUND])):
        return False
    if ticks >= LONG_MAX // lots:
        return False
    product, entry = ticks * lots, d[standing, desk.ENTRY]
    units = max(d[standing, desk.UNIT], abs(d[standing, desk.MAKER_FEE]), abs(d[standing, desk.TAKER_FEE]))
    if product >= LONG_MAX // units or abs(d[standing, desk.QTY]) + lots >= LOTS_MAX:
        return False
    if abs(d[entry, desk.ENTRY_LOTS]) + lots >= LOTS_MAX or abs(d[entry, desk.COST]) >= LONG_MAX // (4 * lots):
        return False
    sums = max(abs(d[standing, desk.DAY_CASH]), abs(d[standing, desk.DAY_FEES]), abs(d[standing, desk.DAY_LOTS]))
    return bool(sums < LONG_MAX - max(product * units, lots))


def fee_of(d: Longs, standing: int, product: int, made: int) -> int:
    """Returns the fee of ticks times lots in the last of its decimals, rounded against us."""
    fee, over = d[standing, desk.TAKER_FEE], d[standing, desk.TAKER_OVER]
    if made != 0:
        fee, over = d[standing, desk.MAKER_FEE], d[standing, desk.MAKER_OVER]
    return int(-((-product * fee) // over))


def put_fee(k: Texts, at: int, standing: int, fee: tuple[int, int]) -> int:
    """Writes the fees of an execution. `fee` is the rate, and the amount: one that is nothing keeps its sign."""
    w, p, x = k[0], k[1], k[2]
    pieces = (standing - desk.S0) * desk.PIECES
    if fee[0] == 0:
        return put_piece(w, at, p, x, pieces + desk.NO_FEES)
    at = put_piece(w, at, p, x, pieces + desk.FEE_HEAD)
    if fee[1] == 0:
        w[at + SCRATCH] = DIGIT
        return put_laid_out(w, at, 1, desk.FEE_DECIMALS, fee[0] < 0)
    return put_decimal(w, at, fee[1], desk.FEE_DECIMALS)


def put_filled(d: Longs, k: Texts, row: Longs, order: int, told: tuple[int, int, int, Sum]) -> None:
    """Writes an execution. `told` is the rate and the amount of its fee, and whether and what it realises."""
    w, p, x = k[0], k[1], k[2]
    standing = d[order, desk.STANDING]
    pieces = (standing - desk.S0) * desk.PIECES
    at = put_piece(w, d[desk.DESK_ROW, desk.WRITTEN], p, x, pieces + desk.FILLED_HEAD)
    at = put_piece(w, put_digits(w, at, d[order, desk.COUNTED], ID_DIGITS), p, x, pieces + desk.FILLED_ID)
    at = put_piece(w, put_name(w, at, d[order, desk.O_NUMBER], row[REP_COUNT]), p, x, pieces + desk.SIDE_KEY)
    at = put_piece(w, at, p, x, pieces + (desk.BUY if d[order, desk.O_SIGN] > 0 else desk.SELL))
    at = put_piece(w, at, p, x, pieces + desk.QTY_KEY)
    at = put_decimal(w, at, row[REP_QTY] * d[standing, desk.LOT], d[standing, desk.LOT_DECIMALS])
    at = put_piece(w, at, p, x, pieces + desk.PRICE_KEY)
    at = put_decimal(w, at, row[REP_PRICE] * d[standing, desk.TICK], d[standing, desk.TICK_DECIMALS])
    at = put_fee(k, put_piece(w, at, p, x, pieces + desk.FEES_KEY), standing, (told[0], told[1]))
    at = put_piece(w, at, p, x, pieces + desk.REALISED_KEY)
    if d[standing, desk.IS_SPOT] != 0:
        at = put_piece(w, at, p, x, pieces + desk.NO_REALISED)
    elif told[2] == 0:
        at = put_piece(w, at, p, x, pieces + desk.NONE_REALISED)
    else:
        whole, parts = size(told[3])
        at = put_parts(w, at, whole, parts, told[3][0] < 0)
    at = put_piece(w, at, p, x, pieces + desk.MAKER_KEY)
    at = put_piece(w, at, p, x, pieces + (desk.MADE if row[REP_MAKER] != 0 else desk.TOOK))
    wrote(d, put_times(k, at, pieces, row), row[REP_TIME])


def fill(d: Longs, k: Texts, row: Longs, order: int) -> bool:
    """Books an execution, and moves what is read of the position of its owner and its account."""
    standing, ticks, lots, time = d[order, desk.STANDING], row[REP_PRICE], row[REP_QTY], row[REP_TIME]
    if not is_in_reach(d, standing, ticks, lots):
        return False
    happened = min(time, row[REP_VENUE_TIME])
    if happened < d[desk.DESK_ROW, desk.DAY_FROM] or happened >= d[desk.DESK_ROW, desk.DAY_UNTIL]:
        d[desk.DESK_ROW, desk.WHY] = desk.NEW_DAY
        return False
    sign, entry, made = d[order, desk.O_SIGN], d[standing, desk.ENTRY], row[REP_MAKER]
    rate = d[standing, desk.MAKER_FEE] if made != 0 else d[standing, desk.TAKER_FEE]
    fee = fee_of(d, standing, ticks * lots, made)
    closes = 1 if d[standing, desk.IS_SPOT] == 0 and d[entry, desk.ENTRY_LOTS] * sign < 0 else 0
    got = (0, 0)
    if closes != 0:
        got = realise(d, standing, sign, ticks, lots)
    put_filled(d, k, row, order, (rate, fee, closes, got))
    if d[standing, desk.IS_SPOT] == 0:
        enter(d, standing, sign * lots, ticks * lots, got)
    count_day(d, standing, sign * lots, ticks * lots, fee)
    keep_execution(d, k[3], row, standing)
    d[standing, desk.QTY] += sign * lots
    d[standing, desk.FILLS_SEEN] += 1
    executes(d, order, standing, lots, time)
    return True


def executes(d: Longs, order: int, standing: int, lots: int, time: int) -> None:
    """Takes what was executed off what an order may still bring; one of which all was executed is live no more."""
    d[standing, desk.BUY_LEAVES if d[order, desk.O_SIGN] > 0 else desk.SELL_LEAVES] -= lots
    d[order, desk.FILLED_LOTS] += lots
    if d[order, desk.FILLED_LOTS] >= d[order, desk.LOTS]:
        unlink(d, order, standing)
        return
    d[order, desk.STATUS] = desk.CANCELING if d[order, desk.PENDING] != 0 else desk.PARTIAL
    d[order, desk.CHANGED_AT] = time
    d[order, desk.O_CHANGES] += 1
    d[standing, desk.CHANGES] += 1


def enter(d: Longs, standing: int, lots: int, product: int, realised: Sum) -> None:
    """Moves what an account entered at. `lots` are signed."""
    entry = d[standing, desk.ENTRY]
    moved = worth(d, standing, product)
    cost = add((d[entry, desk.COST], d[entry, desk.COST_PARTS]), add(realised, moved if lots > 0 else less(moved)))
    d[entry, desk.ENTRY_LOTS] += lots
    if d[entry, desk.ENTRY_LOTS] == 0:
        cost = (0, 0)
    d[entry, desk.COST] = cost[0]
    d[entry, desk.COST_PARTS] = cost[1]


def count_day(d: Longs, standing: int, lots: int, product: int, fee: int) -> None:
    """Counts an execution in the result of its day. `lots` are signed."""
    day = d[desk.DESK_ROW, desk.DAY]
    if d[standing, desk.IS_VALUED] == 0 or d[standing, desk.DAY_AT] > day:
        return
    if d[standing, desk.DAY_AT] < day:
        d[standing, desk.DAY_AT] = day
        d[standing, desk.DAY_CASH] = d[standing, desk.DAY_FEES] = d[standing, desk.DAY_LOTS] = 0
    d[standing, desk.DAY_CASH] -= product if lots > 0 else -product
    d[standing, desk.DAY_FEES] += fee
    d[standing, desk.DAY_LOTS] += lots


def keep_execution(d: Longs, q: Longs, row: Longs, standing: int) -> None:
    """Keeps how long an order that executed had waited, and behind what."""
    at = d[desk.DESK_ROW, desk.EXECUTED]
    q[at, 0] = row[REP_TIME]
    q[at, 1] = d[standing, desk.ON_TAPE]
    q[at, 2] = row[REP_AHEAD]
    q[at, 3] = row[REP_WAITED]
    q[at, 4] = row[REP_MAKER]
    d[desk.DESK_ROW, desk.EXECUTED] = at + 1
    if at >= desk.EXECUTIONS_KEPT:
        d[desk.DESK_ROW, desk.CALLS] = 1


def end_with_rest(d: Longs, k: Texts, row: Longs, order: int) -> bool:
    """Books that an order ended with a rest, where we have seen all of its executions."""
    w, p, x = k[0], k[1], k[2]
    filled, standing = d[order, desk.LOTS] - row[REP_LEFT], d[order, desk.STANDING]
    if filled != d[order, desk.FILLED_LOTS]:
        return False
    pieces = (standing - desk.S0) * desk.PIECES
    at = put_piece(w, d[desk.DESK_ROW, desk.WRITTEN], p, x, pieces + desk.DONE_HEAD)
    at = put_piece(w, put_digits(w, at, d[order, desk.COUNTED], ID_DIGITS), p, x, pieces + desk.END_KEY)
    at = put_piece(w, at, p, x, pieces + (desk.BY_CANCEL if row[REP_KIND] == CANCELED else desk.BY_TIME))
    at = put_piece(w, at, p, x, pieces + desk.FILLED_QTY_KEY)
    units, decimals = filled * d[standing, desk.LOT], d[standing, desk.LOT_DECIMALS]
    for _ in range(d[order, desk.QTY_DECIMALS] - decimals):
        units *= 10
    at = put_decimal(w, at, units, d[order, desk.QTY_DECIMALS])
    wrote(d, put_times(k, at, pieces, row), row[REP_TIME])
    d[standing, desk.BUY_LEAVES if d[order, desk.O_SIGN] > 0 else desk.SELL_LEAVES] -= row[REP_LEFT]
    unlink(d, order, standing)
    return True


def touch(d: Longs, seat: int, kind: int) -> None:
    """Notes that a seat was touched, where a report of this kind wakes it."""
    if (d[seat, desk.WAKES_ON] >> kind) & 1 and d[seat, desk.TOUCHED] == 0:
        d[desk.DESK_ROW, desk.TOUCHES] += 1
        d[seat, desk.TOUCHED] = d[desk.DESK_ROW, desk.TOUCHES]
        d[desk.DESK_ROW, desk.CALLS] = 1


def book_report(d: Longs, k: Texts, row: Longs) -> bool:
    """Books one report. Gives: False where it is not plain."""
    kind, order, booked = row[REP_KIND], -1, False
    if kind in (WORKING, FILLED, CANCELED, EXPIRED):
        order = order_row(d, row[REP_NUMBER])
    if order < 0:
        return False
    seat = d[d[order, desk.STANDING], desk.SEAT]
    if kind == WORKING:
        booked = accept(d, k, row, order)
    elif kind == FILLED:
        booked = fill(d, k, row, order)
    else:
        booked = end_with_rest(d, k, row, order)
    if booked:
        touch(d, seat, kind)
    return booked


def book(d: Longs, k: Texts, ring: Longs) -> None:
    """Books the reports that were told, up to the first that is not plain; those booked before are passed over."""
    d[desk.DESK_ROW, desk.WHY] = desk.PLAIN
    while d[desk.DESK_ROW, desk.BOOKED] < d[desk.DESK_ROW, desk.TOLD]:
        if not book_report(d, k, ring[d[desk.DESK_ROW, desk.BOOKED]]):
            if d[desk.DESK_ROW, desk.WHY] == desk.PLAIN:
                d[desk.DESK_ROW, desk.WHY] = desk.NOT_PLAIN
            return
        d[desk.DESK_ROW, desk.BOOKED] += 1


def book_ring(t: Longs, d: Longs, k: Texts) -> None:
    """Books the reports that have come; once all of them are booked, none of them is told."""
    d[desk.DESK_ROW, desk.TOLD] = t[META_ROW, RINGED]
    book(d, k, t[G0 : G0 + RING_MAX])
    if d[desk.DESK_ROW, desk.WHY] == desk.PLAIN:
        t[META_ROW, RINGED] = d[desk.DESK_ROW, desk.BOOKED] = 0


def keep_and_book(d: Longs, k: Texts, ring: Longs) -> int:
    """Keeps what is wanted and books what was told, where a simulator does neither. Gives: HELD where it must not."""
    if d[desk.DESK_ROW, desk.WISHES] != 0:
        take_shapes(d)
        if not pass_all(d):
            return HELD
        take_wishes(d, k)
    book(d, k, ring)
    return -1


def is_blind(t: Longs, d: Longs) -> bool:
    """Whether a book is unfit or too old on which orders stand."""
    for standing in range(desk.S0, desk.S0 + d[desk.DESK_ROW, desk.STANDINGS]):
        row = d[standing]
        seen = t[I0 + row[desk.ON_TAPE]]
        if row[desk.LIVE] != 0 and (seen[IS_FIT] == 0 or t[META_ROW, NOW] - seen[HEARD_AT] >= row[desk.AGE_NS]):
            return True
    return False


def book_woken(t: Longs, d: Longs, k: Texts, why: int) -> None:
    """Books what has come, where somebody is woken, all is plain, and the scan is none that is gone back on."""
    if why == WOKE and d[desk.DESK_ROW, desk.READY] != 0 and t[META_ROW, PASSES] == 0:
        if t[META_ROW, RINGED] != 0:
            book_ring(t, d, k)
        d[desk.DESK_ROW, desk.BLIND] = 1 if is_blind(t, d) else 0
        d[desk.DESK_ROW, desk.LOOKED_AT] = t[META_ROW, NOW] if t[META_ROW, RINGED] == 0 else 0


def stop_at(t: Longs, d: Longs, why: int) -> int:
    """Returns the instant of a stop at which all is booked and nothing is to be done but to ask; else why it is one."""
    head, now = d[desk.DESK_ROW], t[META_ROW, NOW]
    is_plain = why == WOKE and head[desk.LOOKED_AT] == now and head[desk.BLIND] == 0 and head[desk.CALLS] == 0
    return int(now if is_plain else why)


COMPILED = (
    put_times,
    accept,
    realise,
    is_in_reach,
    fee_of,
    put_fee,
    put_filled,
    executes,
    enter,
    count_day,
    keep_execution,
    fill,
    end_with_rest,
    touch,
    book_report,
    book,
    book_ring,
    keep_and_book,
    is_blind,
    book_woken,
    stop_at,
)
"""What a compiler of arrays must be given, each after what it calls."""
