"""What is wanted: one look at the limits, which nearly all passes, and then its orders are kept and its events written.

An order that is far from every limit passes at one look at whole numbers. Where one is not, nothing of what is wanted
is done, and the rules decide.
"""

from __future__ import annotations

from flatbook.backtest.kernel import desk_table as desk
from flatbook.backtest.kernel.letters import ID_DIGITS, Texts, put_decimal, put_digits, put_piece, put_whole, wrote
from flatbook.backtest.kernel.live_orders import keep_order, let_go, order_row
from flatbook.backtest.kernel.sums import LONG_MAX, add, less, worth
from flatbook.backtest.kernel.tables import HEARD_AT, I0, IS_FIT, SAW_ASK, SAW_BID, Longs

FEE_UNIT = 10**desk.FEE_DECIMALS
FEE_PARTS = desk.PARTS // FEE_UNIT
NOT_LOOKED = -1


def take_shapes(d: Longs) -> None:
    """Gives each order that is wanted what it has in common with others."""
    for k in range(d[desk.DESK_ROW, desk.WISHES]):
        wish = d[desk.W0 + k]
        if wish[desk.WISH] == desk.PLACES:
            shape = d[wish[desk.W_SHAPE]]
            for column in range(desk.SHAPE_COLUMNS):
                wish[desk.W_PLACE + column] = shape[column]


def look_at_books(t: Longs, d: Longs) -> None:
    """Takes the touch of each instrument on which an order is wanted, where its book is fit and not too old."""
    for k in range(d[desk.DESK_ROW, desk.WISHES]):
        wish = d[desk.W0 + k]
        if wish[desk.WISH] == desk.PLACES and wish[desk.W_LOOKED] != 0:
            standing, seen = d[wish[desk.W_STANDING]], t[I0 + wish[desk.W_PLACE]]
            is_fit = seen[IS_FIT] != 0 and wish[desk.W_NOW] - seen[HEARD_AT] < standing[desk.AGE_NS]
            standing[desk.LOOK_BID] = seen[SAW_BID] if is_fit else 0
            standing[desk.LOOK_ASK] = seen[SAW_ASK] if is_fit else 0


def can_lose(d: Longs, standing: int) -> bool:
    """Whether the result of the day is surely not worse than its limit, valued at the worse side of the touch."""
    row, day = d[standing], d[desk.DESK_ROW, desk.DAY]
    cash, fees, lots, base = 0, 0, 0, (0, 0)
    if row[desk.CAN_LOSE] == 0:
        return False
    if row[desk.DAY_AT] == day:
        cash, fees, lots = row[desk.DAY_CASH], row[desk.DAY_FEES], row[desk.DAY_LOTS]
    if row[desk.BASE_DAY] == day:
        lots, base = lots + row[desk.BASE_LOTS], (row[desk.BASE_CASH], row[desk.BASE_PARTS])
    touch = row[desk.LOOK_BID] if lots > 0 else row[desk.LOOK_ASK]
    if abs(lots) >= LONG_MAX // touch:
        return False
    product = cash + lots * touch
    if abs(product) >= LONG_MAX // row[desk.UNIT]:
        return False
    got = worth(d, standing, abs(product))
    result = add(got if product >= 0 else less(got), base)
    result = add(result, less((fees // FEE_UNIT, fees % FEE_UNIT * FEE_PARTS)))
    return add(result, (row[desk.LOSS], row[desk.LOSS_PARTS]))[0] >= 0


def read_room(d: Longs, standing: int) -> bool:
    """Finds out how far the limits of an owner leave it free on an instrument. Gives: False where it is not free."""
    row = d[standing]
    if row[desk.LOOK_BID] == 0 or row[desk.IS_VALUED] == 0 or not can_lose(d, standing):
        return False
    below, above, each = row[desk.LOOK_ASK], row[desk.LOOK_BID], standing
    while True:
        below, above = min(below, d[each, desk.LOW_SELL]), max(above, d[each, desk.HIGH_BUY])
        each = d[each, desk.NEXT_ON]
        if each == standing:
            break
    row[desk.BELOW] = below
    row[desk.ABOVE] = above
    row[desk.BUYS_LEFT] = row[desk.POSITION_MAX] - row[desk.QTY] - row[desk.BUY_LEAVES]
    row[desk.SELLS_LEFT] = row[desk.POSITION_MAX] + row[desk.QTY] - row[desk.SELL_LEAVES]
    row[desk.ORDERS_LEFT] = row[desk.OPEN_MAX] - row[desk.LIVE]
    row[desk.LOOK] = d[desk.DESK_ROW, desk.LOOKS]
    return True


def passes(d: Longs, wish: Longs) -> bool:
    """Whether an order is far from breaking any rule, as nearly all are; it is counted as working then."""
    standing = wish[desk.W_STANDING]
    row, ticks, lots = d[standing], wish[desk.W_PRICE], wish[desk.W_LOTS]
    if row[desk.LOOK] != d[desk.DESK_ROW, desk.LOOKS] and not read_room(d, standing):
        return False
    if row[desk.ORDERS_LEFT] <= 0 or lots > row[desk.LOTS_EACH] or ticks >= LONG_MAX // lots:
        return False
    if ticks * lots > row[desk.NOTIONAL_MAX]:
        return False
    if wish[desk.W_SIGN] > 0:
        if ticks >= row[desk.BELOW] or lots > row[desk.BUYS_LEFT]:
            return False
        row[desk.BUYS_LEFT] -= lots
        row[desk.ABOVE] = max(row[desk.ABOVE], ticks)
    else:
        if ticks <= row[desk.ABOVE] or lots > row[desk.SELLS_LEFT]:
            return False
        row[desk.SELLS_LEFT] -= lots
        row[desk.BELOW] = min(row[desk.BELOW], ticks)
    row[desk.ORDERS_LEFT] -= 1
    return True


def pass_all(d: Longs) -> bool:
    """Whether all that is wanted may be done."""
    head = d[desk.DESK_ROW]
    if head[desk.CHECKED] != 0:
        head[desk.CHECKED] = 0
        return True
    if head[desk.OFTEN] != 0:
        head[desk.OFTEN] = 0
        head[desk.WHY] = desk.NOT_PLAIN
        return False
    head[desk.LOOKS] += 1
    for k in range(head[desk.WISHES]):
        wish = d[desk.W0 + k]
        if wish[desk.WISH] != desk.PLACES:
            continue
        if wish[desk.W_NOW] < head[desk.DAY_FROM] or wish[desk.W_NOW] >= head[desk.DAY_UNTIL]:
            head[desk.WHY] = desk.NEW_DAY
            return False
        if wish[desk.W_LOOKED] == 0 or not passes(d, wish):
            head[desk.WHY] = desk.NOT_PLAIN
            return False
    return True


def put_raw(d: Longs, k: Texts, wish: Longs) -> int:
    """Writes the text of an event that was made already. Gives: where what follows begins."""
    w, raw, at, first = k[0], k[4], d[desk.DESK_ROW, desk.WRITTEN], wish[desk.W_RAW]
    for n in range(wish[desk.W_RAW_BYTES]):
        w[at + n] = raw[first + n]
    return int(at + wish[desk.W_RAW_BYTES])


def put_intended(d: Longs, k: Texts, wish: Longs) -> None:
    """Writes that an order is intended."""
    w, p, x, text, standing = k[0], k[1], k[2], wish[desk.W_TEXT], d[wish[desk.W_STANDING]]
    if wish[desk.W_RAW_BYTES] != 0:
        wrote(d, put_raw(d, k, wish), wish[desk.W_NOW])
        return
    at = put_piece(w, d[desk.DESK_ROW, desk.WRITTEN], p, x, text + desk.INTENDED_HEAD)
    at = put_piece(w, put_digits(w, at, wish[desk.W_COUNTED], ID_DIGITS), p, x, text + desk.INTENDED_LIMIT)
    at = put_decimal(w, at, wish[desk.W_PRICE] * standing[desk.TICK], standing[desk.TICK_DECIMALS])
    at = put_whole(w, put_piece(w, at, p, x, text + desk.DECIDED_AT), wish[desk.W_NOW])
    at = put_whole(w, put_piece(w, at, p, x, text + desk.GOOD_UNTIL), wish[desk.W_DUE])
    wrote(d, at, wish[desk.W_NOW])


def put_cancel(d: Longs, k: Texts, wish: Longs, order: int) -> None:
    """Writes that an order is to be canceled."""
    w, p, x = k[0], k[1], k[2]
    if wish[desk.W_RAW_BYTES] != 0:
        wrote(d, put_raw(d, k, wish), wish[desk.W_NOW])
        return
    pieces = (d[order, desk.STANDING] - desk.S0) * desk.PIECES
    at = put_piece(w, d[desk.DESK_ROW, desk.WRITTEN], p, x, pieces + desk.CANCEL_HEAD)
    at = put_piece(w, put_digits(w, at, d[order, desk.COUNTED], ID_DIGITS), p, x, pieces + desk.ATTEMPT_KEY)
    at = put_whole(w, at, d[order, desk.ATTEMPT] + 1)
    at = put_piece(w, at, p, x, pieces + desk.CANCEL_REASON + wish[desk.W_REASON])
    wrote(d, put_whole(w, at, wish[desk.W_NOW]), wish[desk.W_NOW])


def take_wishes(d: Longs, k: Texts) -> None:
    """Keeps all orders and cancels that are wanted, and writes the events of them."""
    for n in range(d[desk.DESK_ROW, desk.WISHES]):
        wish = d[desk.W0 + n]
        kind = wish[desk.WISH]
        if kind == desk.PLACES:
            put_intended(d, k, wish)
            keep_order(d, wish)
        elif kind == desk.NOTES:
            wrote(d, put_raw(d, k, wish), wish[desk.W_NOW])
        elif kind != desk.SENDS:
            order = order_row(d, wish[desk.W_NUMBER])
            put_cancel(d, k, wish, order)
            let_go(d, order, wish[desk.W_NOW])
    d[desk.DESK_ROW, desk.WISHES] = 0


COMPILED = (
    take_shapes,
    look_at_books,
    can_lose,
    read_room,
    passes,
    pass_all,
    put_raw,
    put_intended,
    put_cancel,
    take_wishes,
)
"""What a compiler of arrays must be given, each after what it calls."""
