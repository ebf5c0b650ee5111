"""What we send to the venue of the compiled simulator: orders, and cancels after them."""

from __future__ import annotations

from flatbook.backtest.kernel.queues import send_arrival
from flatbook.backtest.kernel.tables import (
    ARRIVALS,
    ARRIVED_AT,
    ASKED_AT,
    CANCEL,
    CANCEL_NS,
    CANCEL_SPREAD,
    DUE_AT,
    FREE,
    HEAP_MAX,
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
    NUMBER,
    O0,
    ORDER,
    ORDERS_MAX,
    PAID,
    PLACE,
    PLACE_NS,
    PLACE_SPREAD,
    PRICE,
    R0,
    REP_KIND,
    REP_NUMBER,
    REP_WATCH,
    REPORTS,
    SEED,
    SIGN,
    STATE,
    STYLE,
    TIMER,
    UNDER_WAY,
    WAITING,
    WATCH,
    WATCH_IT,
    Longs,
)
from flatbook.matcher.rule import CANCELING, PLACING, latency

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
    row[STYLE] = order[5]
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
        if t[row, REP_NUMBER] == number and t[row, REP_KIND] != PAID:
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
        elif what == WATCH_IT:
            watch(t, slot_of(t, number), number)
        else:
            ask_again(t, now)
    t[META_ROW, WAITING] = 0
    return has_room


COMPILED = (place, cancel, watch, slot_of, ask_again, deliver)
"""What a compiler of arrays must be given, each after what it calls."""
