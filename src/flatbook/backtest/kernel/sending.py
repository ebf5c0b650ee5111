"""What we send to the venue of the compiled simulator: orders, and cancels after them."""

from __future__ import annotations

from flatbook.backtest.kernel import desk_table as desk
from flatbook.backtest.kernel.letters import ID_DIGITS, Texts
from flatbook.backtest.kernel.queues import send_arrival
from flatbook.backtest.kernel.tables import (
    AGAIN,
    ARRIVALS,
    ARRIVED_AT,
    ASKED_AT,
    CANCEL,
    CANCEL_NS,
    CANCEL_SPREAD,
    DUE_AT,
    FORCED,
    FREE,
    HEAP_MAX,
    HELD,
    HIGH,
    I0,
    INST,
    INSTRUMENTS,
    KEY,
    LEFT,
    M0,
    META_ROW,
    MSG_NOW,
    MSG_NUMBER,
    MSG_WHAT,
    NO_ROOM,
    NOW,
    NUMBER,
    O0,
    ONLY_REDUCES,
    ORDER,
    ORDERS_MAX,
    PAID,
    PLACE,
    PLACE_NS,
    PLACE_SPREAD,
    PRICE,
    R0,
    RANG,
    REDUCES,
    REP_KIND,
    REP_NUMBER,
    REP_WATCH,
    REPORT_SPREAD,
    REPORTS,
    SEED,
    SIGN,
    STATE,
    STYLE,
    TIMER,
    UNDER_WAY,
    WAITING,
    WATCH,
    WOKEN,
    Longs,
)
from flatbook.backtest.kernel.wishes import look_at_books, pass_all, take_shapes, take_wishes
from flatbook.matcher.rule import CANCELING, PLACING, latency

CRC_POLYNOMIAL = 0xEDB88320
Order = tuple[int, int, int, int, int, int, int, int]
"""(number, instrument, sign, price, lots, style, key, due at)"""


def place(t: Longs, order: Order, now: int) -> int:
    """Sends an order, which ends by itself at the last of its numbers.

    Gives: its slot; -1 where there is no room.
    """
    slot = 0
    while slot < t[META_ROW, HIGH] and t[O0 + slot, STATE] != FREE:
        slot += 1
    if slot >= ORDERS_MAX or t[META_ROW, ARRIVALS] + 1 >= HEAP_MAX:
        return -1
    if slot == t[META_ROW, HIGH]:
        t[META_ROW, HIGH] += 1
    row = t[O0 + slot]
    for column in range(ORDER):
        row[column] = 0
    row[NUMBER] = order[0]
    row[INST] = order[1]
    row[SIGN] = order[2]
    row[PRICE] = order[3]
    row[LEFT] = order[4]
    row[STYLE] = order[5] % ONLY_REDUCES
    row[REDUCES] = order[5] // ONLY_REDUCES
    row[KEY] = order[6]
    row[STATE] = UNDER_WAY
    row[DUE_AT] = order[7]
    at = now + latency(t[META_ROW, SEED], order[6], PLACING, t[META_ROW, PLACE_NS], t[META_ROW, PLACE_SPREAD])
    row[ARRIVED_AT] = at
    send_arrival(t, at, PLACE, slot, order[0])
    return slot


def cancel(t: Longs, slot: int, number: int, now: int) -> bool:
    """Sends a cancel after an order, which it never overtakes. Gives: False where there is no room."""
    order = t[O0 + slot]
    if order[NUMBER] != number or order[STATE] == FREE:
        return True
    if t[META_ROW, ARRIVALS] + 1 >= HEAP_MAX:
        return False
    at = now + latency(t[META_ROW, SEED], order[KEY], CANCELING, t[META_ROW, CANCEL_NS], t[META_ROW, CANCEL_SPREAD])
    if order[STATE] == UNDER_WAY:
        at = max(at, order[ARRIVED_AT])
    send_arrival(t, at, CANCEL, slot, number)
    return True


def watch(t: Longs, slot: int, number: int) -> None:
    """Wakes when the next report of an order comes."""
    if t[O0 + slot, NUMBER] == number:
        t[O0 + slot, WATCH] = 1
    for row in range(R0, R0 + t[META_ROW, REPORTS]):
        if t[row, REP_NUMBER] == number and t[row, REP_KIND] not in (PAID, FORCED):
            t[row, REP_WATCH] = 1


def slot_of(t: Longs, number: int) -> int:
    """Returns where an order stands that is open; anywhere where it is not."""
    slot = 0
    while slot < t[META_ROW, HIGH] and (t[O0 + slot, NUMBER] != number or t[O0 + slot, STATE] == FREE):
        slot += 1
    return slot if slot < t[META_ROW, HIGH] else 0


def ask_again(t: Longs, now: int) -> None:
    """Waits for the same as before, from the next observation on."""
    for k in range(t[META_ROW, INSTRUMENTS]):
        t[I0 + k, ASKED_AT] = now
    t[META_ROW, TIMER] = now


def leave_stop(t: Longs) -> None:
    """Goes on from a stop whose strategy waits for the same as before."""
    head = t[META_ROW]
    head[WOKEN] = head[RANG] = 0
    head[AGAIN] = head[NOW]


def deliver(t: Longs) -> bool:
    """Sends what waits to be sent, in order. Gives: False where there was no room for all of it."""
    has_room = True
    for k in range(t[META_ROW, WAITING]):
        row = t[M0 + k]
        what, number, now = row[MSG_WHAT], row[MSG_NUMBER], row[MSG_NOW]
        if what == PLACE:
            order = (number, row[2], row[3], row[4], row[5], row[6], row[7], row[8])
            if place(t, order, now) < 0:
                has_room = False
        elif what == CANCEL:
            if not cancel(t, slot_of(t, number), number, now):
                has_room = False
        else:
            watch(t, slot_of(t, number), number)
    t[META_ROW, WAITING] = 0
    return has_room


def send_wishes(t: Longs, d: Longs) -> bool:
    """Sends what the desk wants, in order. Gives: False where there was no room for all of it.

    Where no latency is drawn, nothing stands for the id of an order.
    """
    has_room, key = True, 0
    is_drawn = t[META_ROW, PLACE_SPREAD] != 0 or t[META_ROW, CANCEL_SPREAD] != 0 or t[META_ROW, REPORT_SPREAD] != 0
    for k in range(d[desk.DESK_ROW, desk.WISHES]):
        row = d[desk.W0 + k]
        what, number, now = row[desk.WISH], row[desk.W_NUMBER], row[desk.W_NOW]
        if what == desk.PLACES:
            if is_drawn:
                key = key_of(d[row[desk.W_STANDING], desk.CRC], row[desk.W_COUNTED])
            terms = (row[desk.W_PRICE], row[desk.W_LOTS], row[desk.W_STYLE], key, row[desk.W_DUE])
            if place(t, (number, row[desk.W_PLACE], row[desk.W_SIGN], *terms), now) < 0:
                has_room = False
        elif what == desk.HOLDS:
            watch(t, slot_of(t, number), number)
        elif what != desk.NOTES and not cancel(t, slot_of(t, number), number, now):
            has_room = False
    return has_room


def key_of(state: int, counted: int) -> int:
    """Returns the check sum (CRC-32) of an order's id: that of how it begins, carried on over its number."""
    unit = 10 ** (ID_DIGITS - 1)
    for _ in range(ID_DIGITS):
        state ^= ord("0") + counted // unit % 10
        for _ in range(8):
            state = (state >> 1) ^ (CRC_POLYNOMIAL if state & 1 else 0)
        unit //= 10
    return state ^ 0xFFFFFFFF


def send_all(t: Longs, d: Longs, k: Texts, is_shared: bool) -> int:
    """Sends what the desk wants, then what else is to be sent.

    Gives: why a scan must stop before it begins: what is wanted did not pass, or there was no room; -1 where neither.
    """
    if is_shared and d[desk.DESK_ROW, desk.WISHES] != 0:
        take_shapes(d)
        look_at_books(t, d)
        if not pass_all(d):
            return HELD
        has_room = send_wishes(t, d)
        take_wishes(d, k)
        if not has_room:
            return NO_ROOM
    if t[META_ROW, AGAIN] != 0:
        ask_again(t, t[META_ROW, AGAIN])
        t[META_ROW, AGAIN] = 0
    return -1 if t[META_ROW, WAITING] == 0 or deliver(t) else NO_ROOM


COMPILED = (place, cancel, watch, slot_of, ask_again, leave_stop, deliver, key_of, send_wishes, send_all)
"""What a compiler of arrays must be given, each after what it calls."""
