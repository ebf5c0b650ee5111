"""The table of what is booked at once: where seats stand, their orders, and how far the journal is written.

Python and the compiled code both write to it, in turn. A column is named by where it stands in its row.
Units: times in ns, prices in ticks, sizes in lots unless a name says otherwise.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from flatbook.backtest.kernel.tables import ORDERS_MAX, RING_MAX, Longs

Bytes = npt.NDArray[np.uint8]

# The first row: one number each. WRITTEN are bytes, COUNT the events behind the last cut, CUTS how often a row of the
# journal became full, WHY why something was not booked, READY whether reports may be booked at all, ALIVE how many
# orders are live, CHECKED that what is wanted passed the rules, LOOKS how often it was looked at what is wanted, CALLS
# that there is something to be done for Python before it goes on, BLIND that at LOOKED_AT a book was not seen on which
# orders stand, OFTEN that orders were wanted so often that the rules must look, GONE how many orders have ended.
(WRITTEN, COUNT, CUTS, TOLD, BOOKED, WHY, READY, WISHES, LATE, EXECUTED, TOUCHES, PROBES) = range(12)
(DAY, DAY_FROM, DAY_UNTIL, ALIVE, CHECKED, LOOKS, CALLS, STANDINGS, BLIND) = range(12, 21)
LOOKED_AT, OFTEN, GONE = 21, 22, 23
DESK_ROW = 0
PLAIN, NOT_PLAIN, NEW_DAY = range(3)

# The columns of an owner on an instrument. A price of one tick and one lot is worth UNIT / UNIT_OVER quote, and a fee
# of it is MAKER_FEE / MAKER_OVER in the last of its decimals.
(SEAT, ON_TAPE, IS_SPOT, TICK, TICK_DECIMALS, LOT, LOT_DECIMALS, UNIT, UNIT_OVER, ENTRY) = range(10)
(TICKS_BOUND, LOTS_BOUND, MAKER_FEE, MAKER_OVER, TAKER_FEE, TAKER_OVER, IS_VALUED) = range(10, 17)
(QTY, BUY_LEAVES, SELL_LEAVES, HIGH_BUY, LOW_SELL, LIVE, FIRST, FINAL_ONE, CHANGES, FILLS_SEEN) = range(17, 27)
(DAY_AT, DAY_CASH, DAY_FEES, DAY_LOTS) = range(27, 31)
"""Of the day DAY_AT: ticks times lots that came in less those that went out, fees in their last decimal, and lots."""

# Its limits: the age of a book, the next standing on the same instrument, what one order and all together may be, how
# far the day may fall and what it had when it was read, as sums; and the check sum of how the ids of its orders begin.
(AGE_NS, NEXT_ON, LOTS_EACH, POSITION_MAX, NOTIONAL_MAX, OPEN_MAX, CAN_LOSE, BASE_DAY, BASE_LOTS) = range(31, 40)
(BASE_CASH, BASE_PARTS, LOSS, LOSS_PARTS, CRC) = range(40, 45)

# What is left of them while it is looked at what is wanted, and the touch that it is looked at with, 0 without one.
(LOOK, LOOK_BID, LOOK_ASK, BELOW, ABOVE, BUYS_LEFT, SELLS_LEFT, ORDERS_LEFT) = range(45, 53)

# The columns of what an account entered at: lots, and the cost in whole quote and in parts of it.
ENTRY_LOTS, COST, COST_PARTS = range(3)
PARTS = 10**18
PARTS_DECIMALS = 18

# The columns of a seat: the kinds of reports that wake it, and which touch it was, 0 before one.
WAKES_ON, TOUCHED = range(2)

# The columns of an order. COUNTED is the number that its id ends in, NEXT and BEFORE are its neighbours by age.
(O_NUMBER, STATUS, FILLED_LOTS, PENDING, ATTEMPT, CANCEL_AT, CHANGED_AT, O_CHANGES, NEXT, BEFORE) = range(10)
(STANDING, COUNTED, O_SIGN, O_PRICE, LOTS, QTY_DECIMALS) = range(10, 16)
INTENDED, ACCEPTED, PARTIAL, CANCELING = 1, 2, 3, 4

# The columns of what is wanted. Python writes the first nine of them: what it is, and of an order the row of its shape,
# of a cancel the number of its reason there. Where RAW_BYTES is not 0 its text was made already and stands at RAW.
(WISH, W_NUMBER, W_SHAPE, W_NOW, W_PRICE, W_DUE, W_COUNTED, W_RAW, W_RAW_BYTES) = range(9)
W_REASON = W_SHAPE
WISH_COLUMNS = 9

# The others are those of the shape: TEXT is the first of its pieces, LOOKED that one look at the limits can pass it.
(W_PLACE, W_STANDING, W_SIGN, W_LOTS, W_STYLE, W_DECIMALS, W_TEXT, W_LOOKED) = range(9, 17)
SHAPE_COLUMNS = 8
PLACES, CANCELS, HOLDS, SENDS, NOTES = range(5)
"""An order, its cancel, a cancel that waits until it is accepted, one that has waited, and an event and no more."""

# The columns of a cut: up to which byte a row of the journal goes, and when it was written.
CUT_AT, CUT_TIME = range(2)

DESK_WIDTH = 64
STANDINGS_MAX = 512
SEATS_MAX = 512
WISHES_MAX = 1_024
EXECUTIONS_MAX = 2 * RING_MAX
EXECUTIONS_KEPT = EXECUTIONS_MAX - RING_MAX - 1
CUTS_MAX = 64
LATE_MAX = DESK_WIDTH
S0 = 1
E0 = S0 + STANDINGS_MAX
G1 = E0 + STANDINGS_MAX
C0 = G1 + SEATS_MAX
L0 = C0 + CUTS_MAX
D0 = L0 + 1
NEAR = 64
"""How many rows orders take again and again, so that these stay at hand; where one is taken, its order goes behind."""
FAR_ROWS = D0 + NEAR
W0 = FAR_ROWS + ORDERS_MAX
H0 = W0 + WISHES_MAX
SHAPES_MAX = 512
X0 = H0 + SHAPES_MAX
"""Behind the shapes that are kept there is one for each wish, for orders that are like no other."""
K0 = X0 + WISHES_MAX
GONE_MAX = 8 * DESK_WIDTH
"""Up to how many orders that have ended are noted by their numbers, as many in a row as it is wide."""
DESK_ROWS = K0 + GONE_MAX // DESK_WIDTH
EXECUTION = 5

GROUP = 256
"""How many events stand in a row of the journal."""
FEE_DECIMALS = 8
NOTHING = 2**62
"""A price that stands for none."""
RAW_BYTES = 2**20

# The pieces of the texts of events that never change for a standing, in the order in which they are written.
(ACCEPTED_HEAD, ACCEPTED_VENUE_ID, HAPPENED_AT, SEEN_AT, FILLED_HEAD, FILLED_ID, SIDE_KEY, BUY, SELL) = range(9)
(QTY_KEY, PRICE_KEY, FEES_KEY, NO_FEES, FEE_HEAD, REALISED_KEY, NO_REALISED, MAKER_KEY, MADE, TOOK) = range(9, 19)
(DONE_HEAD, END_KEY, BY_CANCEL, BY_TIME, FILLED_QTY_KEY, NONE_REALISED, CANCEL_HEAD, ATTEMPT_KEY) = range(19, 27)
CANCEL_REASON = 27
"""The first of those that follow the attempt of a cancel, in the order of the reasons."""
REASONS = 6
PIECES = CANCEL_REASON + REASONS

# The pieces of an intended order, for all that differ in nothing but id, limit and times.
(INTENDED_HEAD, INTENDED_LIMIT, DECIDED_AT, GOOD_UNTIL) = range(4)
SHAPE_PIECES = 4


def new_desk_table() -> Longs:
    """Returns the table of a desk that has done nothing."""
    table = np.zeros((DESK_ROWS, DESK_WIDTH), np.int64)
    table[S0:E0, HIGH_BUY] = -NOTHING
    table[S0:E0, LOW_SELL] = NOTHING
    return table
