"""The scan of a tape: two clocks over its rows, and a stop only where a strategy wants to be asked.

The venue's clock matches each row as it happens; ours sees it when it has come to us. Of what falls on one instant the
order is: what arrives at the venue, what reports say, what we see, what time alone brings, and then what the venue
does next. A strategy is asked once for all that one instant brought.

The same functions run compiled (`flatbook.backtest.kernel.compiled`) and, as slowly as they read, in Python.
"""

from __future__ import annotations

from typing import Any

from flatbook.backtest.kernel.levels import clear_levels, set_level
from flatbook.backtest.kernel.liquidation import check_margin
from flatbook.backtest.kernel.margin import pay_funding
from flatbook.backtest.kernel.passing import Kept, has_undo_room, pass_by
from flatbook.backtest.kernel.queues import drop_first, settle_report, take_report_row
from flatbook.backtest.kernel.resting import (
    arrive,
    cancel_arrives,
    cross,
    cut_all,
    expire,
    level_moves,
    touch_moves,
    trade_meets,
)
from flatbook.backtest.kernel.seen import (
    end_message,
    feed_bar,
    feed_mid,
    feed_price,
    ring_timer,
    sample,
    see_number,
    see_touch,
    shows_book,
)
from flatbook.backtest.kernel.skimming import Place, Row, may_skim, skim_rows
from flatbook.backtest.kernel.tables import (
    A0,
    ARR_KIND,
    ARR_NUMBER,
    ARR_SLOT,
    ARR_TIME,
    ARRIVAL,
    ARRIVALS,
    ASK,
    ASK_SIZE,
    ASK_TAKEN,
    AT_MARK,
    AT_TRADE,
    BID,
    BID_SIZE,
    BID_TAKEN,
    BUY_HIGH,
    BUY_LOW,
    COUNTER,
    CROWDED,
    ENDED,
    EXPIRES_AT,
    FEATURES,
    FILLS,
    FINAL,
    FULL,
    G0,
    HEAP_MAX,
    I0,
    INST,
    INSTRUMENTS,
    IS_DEEP,
    K_ASK,
    K_BAR,
    K_BID,
    K_CLEAR,
    K_FUNDING,
    K_INDEX,
    K_MARK,
    K_QUOTE,
    K_RANGE,
    K_TRADE,
    META_ROW,
    MORE_ROWS,
    NEVER,
    NOW,
    O0,
    ORDERS_MAX,
    PAID,
    PLACE,
    POSITION,
    R0,
    RANGE_HIGH,
    RANGE_LOW,
    REP_KIND,
    REP_LEFT,
    REP_NUMBER,
    REP_PRICE,
    REP_QTY,
    REP_TIME,
    REP_VENUE_TIME,
    REP_WATCH,
    REPORT,
    REPORT_NS,
    REPORTS,
    RING_FULL,
    RING_MAX,
    RING_ROOM,
    RINGED,
    SAMPLE_AT,
    SAMPLED,
    SAMPLES_MAX,
    SAW_MARK,
    SEEN_AT,
    SELL_HIGH,
    SELL_LOW,
    TIMER,
    UNDOING,
    VENUE_AT,
    VENUE_NOW,
    WAKE_ON,
    WOKE,
    WOKEN,
    Floats,
    Longs,
)
from flatbook.market.ticks import LAST

MARKET_BUY, MARKET_SELL = NEVER, 0
"""The prices of orders that take any price."""

Rows = tuple[Any, ...]
"""The columns of a tape that are scanned, in the order of COLUMNS."""

COLUMNS = ("ts", "local_ts", "kind", "inst", "p1", "q1", "p2", "q2", "flags")


def take_arrival(t: Longs, lv: Longs) -> None:
    """Lets what comes to the venue next arrive."""
    drop_first(t, A0, t[META_ROW, ARRIVALS], ARRIVAL)
    t[META_ROW, ARRIVALS] -= 1
    row = A0 + t[META_ROW, ARRIVALS]
    if t[row, ARR_KIND] == PLACE:
        arrive(t, lv, t[row, ARR_SLOT], t[row, ARR_TIME])
        check_margin(t, t[O0 + t[row, ARR_SLOT], INST], t[row, ARR_TIME])
    else:
        cancel_arrives(t, t[row, ARR_SLOT], t[row, ARR_NUMBER], t[row, ARR_TIME])


def take_report(t: Longs) -> None:
    """Lets the next report come to us: it waits in the ring, and wakes where it is asked for."""
    drop_first(t, R0, t[META_ROW, REPORTS], REPORT)
    t[META_ROW, REPORTS] -= 1
    row, kept = R0 + t[META_ROW, REPORTS], G0 + t[META_ROW, RINGED]
    for column in range(REPORT):
        t[kept, column] = t[row, column]
    t[META_ROW, RINGED] += 1
    t[META_ROW, NOW] = t[row, REP_TIME]
    if (t[META_ROW, WAKE_ON] >> t[row, REP_KIND]) & 1 or t[row, REP_WATCH] != 0:
        t[META_ROW, WOKEN] = 1


def quote_moves(t: Longs, k: int, bids: tuple[int, int], asks: tuple[int, int]) -> None:
    """Takes a new touch as the market of an instrument, and moves our orders in their queues."""
    row = t[I0 + k]
    if row[BUY_HIGH] >= bids[0] or bids[0] == 0:
        same = row[BID] == bids[0]
        level_moves(t, k, 1, bids[0], (row[BID_SIZE] if same else bids[1], bids[1]))
        touch_moves(t, k, 1, bids[0])
    if row[SELL_LOW] <= asks[0] or asks[0] == 0:
        same = row[ASK] == asks[0]
        level_moves(t, k, -1, asks[0], (row[ASK_SIZE] if same else asks[1], asks[1]))
        touch_moves(t, k, -1, asks[0] if asks[0] > 0 else NEVER)
    if row[BID] != bids[0]:
        row[BID_TAKEN] = 0
    if row[ASK] != asks[0]:
        row[ASK_TAKEN] = 0
    row[BID] = bids[0]
    row[BID_SIZE] = bids[1]
    row[ASK] = asks[0]
    row[ASK_SIZE] = asks[1]


def level_is_set(t: Longs, lv: Longs, k: int, sign: int, price: int, size: int) -> None:
    """Takes a new size at a price into a book, and moves our orders there in their queue."""
    before = set_level(t, lv, k, sign, price, size)
    row = I0 + k
    if sign > 0:
        if t[row, BUY_LOW] <= price <= t[row, BUY_HIGH]:
            level_moves(t, k, sign, price, (before, size))
    elif t[row, SELL_LOW] <= price <= t[row, SELL_HIGH]:
        level_moves(t, k, sign, price, (before, size))


def market_crosses(t: Longs, lv: Longs, k: int, time: int) -> None:
    """Executes our orders to which the other side of the market has come."""
    row, before = I0 + k, t[META_ROW, FILLS]
    if 0 < t[row, ASK] <= t[row, BUY_HIGH]:
        cross(t, lv, k, 1, time)
    if t[row, BID] > 0 and t[row, BID] >= t[row, SELL_LOW]:
        cross(t, lv, k, -1, time)
    if t[META_ROW, FILLS] != before:
        cut_all(t, lv, k, time)


def trade_happens(t: Longs, lv: Longs, k: int, trade: tuple[int, int, int], time: int) -> None:
    """Lets a trade (price, lots, sign of its taker) meet our orders on the side that its taker hit."""
    price, qty, taker = trade
    before = t[META_ROW, FILLS]
    if taker <= 0 and t[I0 + k, BUY_HIGH] >= price:
        trade_meets(t, k, 1, price, qty, (time, -taker))
    if taker >= 0 and t[I0 + k, SELL_LOW] <= price:
        trade_meets(t, k, -1, price, qty, (time, taker))
    if t[META_ROW, FILLS] != before:
        cut_all(t, lv, k, time)


def funding_is_paid(t: Longs, k: int, terms: tuple[int, int], time: int) -> None:
    """Tells what position funding was paid on, at a rate and a mark; the last mark, or the middle, without one."""
    if t[I0 + k, POSITION] == 0:
        return
    mark = terms[1]
    if mark == 0:
        mark = t[I0 + k, SAW_MARK] if t[I0 + k, SAW_MARK] > 0 else (t[I0 + k, BID] + t[I0 + k, ASK]) // 2
    pay_funding(t, k, terms[0], mark)
    row = take_report_row(t, time + t[META_ROW, REPORT_NS])
    t[row, REP_KIND] = PAID
    t[row, REP_NUMBER] = k
    t[row, REP_PRICE] = terms[0]
    t[row, REP_LEFT] = mark
    t[row, REP_QTY] = t[I0 + k, POSITION]
    t[row, REP_VENUE_TIME] = time
    settle_report(t)


def is_quiet(t: Longs, k: int, bid: int, ask: int) -> bool:
    """Whether a touch comes to none of our orders."""
    row = I0 + k
    high, low = t[row, BUY_HIGH], t[row, SELL_LOW]
    return bool(bid > 0 and ask > 0 and high < bid and high < ask and low > ask and low > bid)


def quote_happens(t: Longs, lv: Longs, k: int, bids: tuple[int, int], asks: tuple[int, int], time: int) -> None:
    """Takes a new touch as the market of an instrument."""
    row = I0 + k
    if is_quiet(t, k, bids[0], asks[0]):
        if t[row, BID] != bids[0]:
            t[row, BID_TAKEN] = 0
        if t[row, ASK] != asks[0]:
            t[row, ASK_TAKEN] = 0
        t[row, BID] = bids[0]
        t[row, BID_SIZE] = bids[1]
        t[row, ASK] = asks[0]
        t[row, ASK_SIZE] = asks[1]
    else:
        quote_moves(t, k, bids, asks)
        market_crosses(t, lv, k, time)


def book_is_whole(t: Longs, lv: Longs, tops: Longs, at: tuple[int, int, int]) -> None:
    """Keeps the touch of a book at the end of a message, and matches. `at` is instrument, row of the tape and time."""
    k, i, time = at
    row = I0 + k
    tops[i, 0] = t[row, BID]
    tops[i, 1] = t[row, BID_SIZE]
    tops[i, 2] = t[row, ASK]
    tops[i, 3] = t[row, ASK_SIZE]
    market_crosses(t, lv, k, time)


def venue_row(t: Longs, lv: Longs, tops: Longs, row: Row, at: Place) -> None:
    """Lets one row happen at the venue. `at` is its place on the tape, its time, and its flags."""
    k, kind, price, qty, p2, q2 = row
    i, time, flags = at
    deep = t[I0 + k, IS_DEEP] != 0
    if kind == K_QUOTE:
        if not deep:
            quote_happens(t, lv, k, (price, qty), (p2, q2), time)
    elif kind == K_TRADE:
        t[I0 + k, AT_TRADE] = price
        if t[I0 + k, BUY_HIGH] >= price or t[I0 + k, SELL_LOW] <= price:
            trade_happens(t, lv, k, (price, qty, p2), time)
    elif kind == K_BID:
        level_is_set(t, lv, k, 1, price, qty)
    elif kind == K_ASK:
        level_is_set(t, lv, k, -1, price, qty)
    elif kind == K_CLEAR:
        clear_levels(t, lv, k)
    elif kind == K_MARK:
        t[I0 + k, AT_MARK] = price
    elif kind == K_FUNDING and qty == time:
        funding_is_paid(t, k, (price, p2), time)
    if flags & LAST:
        if deep and shows_book(kind):
            book_is_whole(t, lv, tops, (k, i, time))
        check_margin(t, k, time)


def seen_row(t: Longs, tops: Longs, fr: Floats, row: Row, at: Place) -> bool:
    """Lets one row be seen, and says whether its message is over. `at` is its place, when it comes, and its flags."""
    k, kind, p1, q1, p2, q2 = row
    i, time, flags = at
    deep = t[I0 + k, IS_DEEP] != 0
    if kind == K_QUOTE:
        if not deep:
            see_touch(t, k, (p1, q1, p2, q2), time)
    elif kind in (K_TRADE, K_MARK, K_INDEX):
        see_number(t, k, kind, p1)
    elif kind == K_CLEAR and not deep:
        see_touch(t, k, (0, 0, 0, 0), time)
    ends = flags & LAST != 0
    if ends and deep and shows_book(kind):
        see_touch(t, k, (tops[i, 0], tops[i, 1], tops[i, 2], tops[i, 3]), time)
    if t[META_ROW, FEATURES] != 0 or kind == K_RANGE:
        feed(t, fr, row, time, ends)
    if ends:
        end_message(t, k, time)
    return ends


def feed(t: Longs, fr: Floats, row: Row, time: int, ends: bool) -> None:
    """Takes a row that was seen into the features."""
    k, kind, p1, q1, p2, q2 = row
    if kind == K_TRADE:
        feed_price(t, fr, k, time, (p1, q1))
    elif kind == K_RANGE:
        t[I0 + k, RANGE_HIGH] = p1
        t[I0 + k, RANGE_LOW] = p2
    elif kind == K_BAR:
        feed_bar(t, fr, k, time, (p1, q1, p2, q2))
    elif ends and (shows_book(kind) or kind == K_QUOTE):
        feed_mid(t, fr, k, time)


def next_message(t: Longs, closed_at: int) -> int:
    """Returns when the next message arrives, here or there; the venue takes none after it has closed."""
    at = NEVER
    if t[META_ROW, ARRIVALS] > 0 and t[A0, ARR_TIME] <= closed_at:
        at = t[A0, ARR_TIME]
    if t[META_ROW, EXPIRES_AT] <= closed_at:
        at = min(at, t[META_ROW, EXPIRES_AT])
    if t[META_ROW, REPORTS] > 0:
        at = min(at, t[R0, REP_TIME])
    return at


def take_message(t: Longs, lv: Longs, at: int) -> None:
    """Lets the next message arrive: at the venue before it does with us."""
    if t[META_ROW, EXPIRES_AT] <= at:
        expire(t)
    elif t[META_ROW, ARRIVALS] > 0 and t[A0, ARR_TIME] <= at:
        take_arrival(t, lv)
    else:
        take_report(t)


def must_stop(t: Longs) -> int:
    """Returns why a scan must stop for want of room, -1 where it need not."""
    if t[META_ROW, SAMPLED] + t[META_ROW, INSTRUMENTS] > SAMPLES_MAX:
        return RING_FULL
    ringed = t[META_ROW, RINGED]
    if ringed >= RING_MAX - RING_ROOM and (t[META_ROW, WOKEN] == 0 or ringed >= RING_MAX):
        return RING_FULL
    if t[META_ROW, REPORTS] + ORDERS_MAX > HEAP_MAX:
        return CROWDED
    return -1


def begin_rows(t: Longs, ts: Longs) -> int:
    """Returns the instant up to which all is known that these rows tell of the venue."""
    if len(ts) > 0:
        t[META_ROW, VENUE_NOW] = ts[len(ts) - 1]
    return int(t[META_ROW, VENUE_NOW])


def see_next(t: Longs, tops: Longs, fr: Floats, p: Kept, row: Row, at: Place) -> int:
    """Lets the next row be seen. Returns why a scan must stop before it or after it, -1 where it need not."""
    if at[1] >= t[META_ROW, SAMPLE_AT]:
        why = must_stop(t)
        if why >= 0:
            return why
        sample(t, at[1])
    if seen_row(t, tops, fr, row, at) and t[META_ROW, WOKEN] != 0:
        return pass_by(t, fr, p, row[0])
    return -1


def scan(t: Longs, lv: Longs, tops: Longs, fr: Floats, p: Kept, c: Rows) -> int:
    """Goes on through the rows until something wakes, or there is no more to go on with. Returns why it stopped.

    Needs: `tops` as long as the rows where there are books. Rows before SEEN_AT are not read again.
    """
    ts, local_ts, kinds, insts, p1, q1, p2, q2, flags = c
    rows, v, s = len(ts), int(t[META_ROW, VENUE_AT]), int(t[META_ROW, SEEN_AT])
    closed = t[META_ROW, FINAL] != 0
    bound = begin_rows(t, ts)
    why = -1
    # Adding a whole number makes a wide one of a narrow column, so that each function is compiled once.
    while why < 0:
        over = v == rows
        happens = ts[v] if not over else (NEVER if closed else bound)
        comes = local_ts[s] if s < v else NEVER
        sees = s < v and comes <= happens
        at = next_message(t, bound if over and closed else NEVER)
        if may_skim(t):
            until = min(at, t[META_ROW, TIMER], t[META_ROW, SAMPLE_AT])
            v, s = skim_rows(t, lv, tops, c, (v, s), until)
            over = v == rows
            happens = ts[v] if not over else (NEVER if closed else bound)
            comes = local_ts[s] if s < v else NEVER
            sees = s < v and comes <= happens
            at = next_message(t, bound if over and closed else NEVER)
        if t[META_ROW, WOKEN] != 0 and at > t[META_ROW, NOW] and comes > t[META_ROW, NOW]:
            why = WOKE
        elif at <= comes and at <= happens and at < NEVER:
            why = must_stop(t)
            if why < 0:
                take_message(t, lv, at)
        elif t[META_ROW, TIMER] < comes and t[META_ROW, TIMER] <= happens and not (over and closed and s == v):
            ring_timer(t, t[META_ROW, TIMER])
        elif not sees and over:
            why = ENDED if closed else MORE_ROWS
        elif not sees and t[META_ROW, UNDOING] != 0 and not has_undo_room(t, insts[v] + 0, kinds[v] + 0):
            why = FULL
        else:
            if not sees:
                turn = t[META_ROW, COUNTER]
                row = (insts[v] + 0, kinds[v] + 0, p1[v], q1[v], p2[v], q2[v])
                venue_row(t, lv, tops, row, (v, happens, flags[v] + 0))
                v += 1
                # Most rows are seen before anything else comes: that they are needs no other look.
                comes = local_ts[s]
                sees = s + 1 == v and comes < at and t[META_ROW, COUNTER] == turn and t[META_ROW, WOKEN] == 0
                sees = sees and comes <= t[META_ROW, TIMER] and v < rows and comes <= ts[v]
            if sees:
                row = (insts[s] + 0, kinds[s] + 0, p1[s], q1[s], p2[s], q2[s])
                why = see_next(t, tops, fr, p, row, (s, comes, flags[s] + 0))
                if why in (-1, WOKE, FULL):
                    s += 1
    t[META_ROW, VENUE_AT] = v
    t[META_ROW, SEEN_AT] = s
    return why


COMPILED = (
    take_arrival,
    take_report,
    quote_moves,
    level_is_set,
    market_crosses,
    trade_happens,
    funding_is_paid,
    is_quiet,
    quote_happens,
    book_is_whole,
    venue_row,
    feed,
    seen_row,
    next_message,
    take_message,
    must_stop,
    begin_rows,
    see_next,
    scan,
)
"""What a compiler of arrays must be given, each after what it calls."""
