"""The table of the compiled simulator: whole numbers in one array that one scan after the other goes on with.

Units: times in ns, prices in ticks, sizes in lots. A column is named by where it stands in its row.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from flatbook.market.features import bars_length
from flatbook.market.ticks import Kind

Longs = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

NEVER = 2**62
"""An instant that does not come, a price that is not reached."""

ORDERS_MAX = 4096
HEAP_MAX = 4 * ORDERS_MAX
RING_MAX = 4096
RING_ROOM = 1024
SAMPLES_MAX = 4096
LEVEL_SLOTS = 2**18
LEVEL_WIDTH = 3
TOP_WIDTH = 4

# The rows of `meta`: one number each.
(VENUE_AT, SEEN_AT, NOW, FINAL, ARRIVALS, REPORTS, RINGED, COUNTER, HIGH, SEED) = range(10)
(PLACE_NS, PLACE_SPREAD, CANCEL_NS, CANCEL_SPREAD, REPORT_NS, REPORT_SPREAD, SHARE, FRONT) = range(10, 18)
(WAKE_ON, WAKE_AT, TIMER, NEXT_WAKES, WOKEN, SAMPLE_NS, SAMPLE_AT, SAMPLED, FILLS) = range(18, 27)
(VENUE_NOW, EXPIRES_AT, FAR_LEVELS, UNDOING, UNDONE, EACH, INSTRUMENTS, FEATURES, RANG, UNFIT) = range(27, 37)
(PASSES, PASSED, WAITING, AGAIN, SKIMS) = range(37, 42)

# The columns of an instrument: as the venue has it, as we have seen it, and what of it wakes.
(IS_DEEP, BID, BID_SIZE, ASK, ASK_SIZE, BID_TAKEN, ASK_TAKEN, BID_LEVELS, ASK_LEVELS, POSITION) = range(10)
(BUY_HIGH, BUY_LOW, SELL_LOW, SELL_HIGH) = range(10, 14)
(SAW_BID, SAW_BID_SIZE, SAW_ASK, SAW_ASK_SIZE, HEARD_AT, SAW_TRADE, SAW_MARK, SAW_INDEX, IS_FIT) = range(14, 23)
(WATCHED, EVERY, SILENCE, LONGER_SILENCE, AGE, ASKED_AT) = range(23, 29)
RANGE_HIGH, RANGE_LOW = 29, 30
LOWS = 31
"""Of each series the level at or below which it wakes, in the order of `Series`."""
SERIES = 5
HIGHS = LOWS + SERIES
LOTS_LEAST, WORTH_LEAST = HIGHS + SERIES, HIGHS + SERIES + 1
"""The least lots of an order, and the least of its ticks times lots."""
SAFE_LOW, SAFE_HIGH, AT_MARK, AT_TRADE = range(WORTH_LEAST + 1, WORTH_LEAST + 5)
"""Between which marks, in half ticks, no position is closed by force; the venue's mark and its last trade, or 0."""

# The columns of an order.
(NUMBER, INST, SIGN, PRICE, LEFT, STYLE, STATE, AHEAD, TRADED, KEY, TURN, WATCH, DUE_AT, EXECUTED) = range(14)
(AHEAD_FIRST, ARRIVED_AT, REDUCES, CUT) = range(14, 18)
ORDER = 18
FREE, UNDER_WAY, RESTING = 0, 1, 2
LIMIT, POST_ONLY, IOC = 0, 1, 2
ONLY_REDUCES = 4
"""Added to the style of an order that may only reduce a position."""
TAKES, ADDS, SMALL, LACKS = 0, 1, 2, 3
"""Why an order was turned down, told as its price: it would take, would reduce nothing, is below the least, or needs
more margin than there is."""

# The columns of what an account is kept by at the venue, one row for each instrument. COIN is the row that has the
# CASH of the coin which it is paid in, 0 where no account is kept; PART_UNIT is what a lot is worth for each half tick.
(COIN, CASH, PART_UNIT, LEVERAGE, MAINTENANCE, FEE_PARTS, IN_KIND, FORCED_COUNT) = range(8)
(AT_MAKER, AT_MAKER_OVER, AT_TAKER, AT_TAKER_OVER) = range(8, 12)
TIERS_AT, TIERS = 12, 13
"""Where its tiers of maintenance begin, and how many they are; MAINTENANCE holds below the first."""

# The columns of a tier: above what worth it begins, in parts, and how much more it needs than the one below, in 1e-6.
TIER_ABOVE, TIER_MORE = range(2)

# Beside them, between which prices rows of the instrument change nothing but what is seen, as of the skim whose number
# is SKIM_TURN; and whether that skim saw a touch.
(SKIM_TURN, SKIMMED, BID_OVER, BID_UNDER, ASK_OVER, ASK_UNDER, TRADE_OVER, TRADE_UNDER) = range(16, 24)
INSTRUMENT_BITS = 255
"""All that a number of an instrument is made of: one that is cut down to these is surely not below zero."""

# The columns of what is under way to the venue.
(ARR_TIME, ARR_TURN, ARR_KIND, ARR_SLOT, ARR_NUMBER) = range(5)
ARRIVAL = 5
PLACE, CANCEL = 0, 1

# The columns of what waits to be sent: what it is, then an order as `sending.Order` has it, and when it is sent.
MSG_WHAT, MSG_NUMBER, MSG_NOW = 0, 1, 9
WATCH_IT = 2
"""What is said besides PLACE and CANCEL: the next report of an order wakes."""

# The columns of what is under way to us, and of what has come and wakes nobody.
(REP_TIME, REP_TURN, REP_KIND, REP_NUMBER, REP_PRICE, REP_QTY, REP_VENUE_TIME, REP_MAKER, REP_COUNT, REP_LEFT) = range(
    10
)
(REP_AHEAD, REP_WAITED, REP_WATCH) = range(10, 13)
REPORT = 13
WORKING, FILLED, CANCELED, EXPIRED, REJECTED, PAID, FORCED = 0, 1, 2, 3, 4, 5, 6
"""What a report says; its bit in WAKE_ON says whether it wakes. PAID is funding, and FORCED a position that the venue
closed, at a price in half ticks: their number is the instrument's."""

# The columns of what is read off the market at regular instants.
(SAMPLE_TIME, SAMPLE_INST, SAMPLE_BID, SAMPLE_ASK, SAMPLE_MARK) = range(5)
SAMPLE = 5

# Why a scan stops.
WOKE, RING_FULL, MORE_ROWS, ENDED, FULL, CROWDED, NO_ROOM, HELD = range(8)
WHY_MAX = HELD

# The kinds of rows of a tape, as `flatbook.market.ticks` has them.
(K_CLEAR, K_BID, K_ASK, K_QUOTE, K_TRADE, K_MARK, K_INDEX, K_FUNDING, K_RANGE, K_BAR) = (int(kind) for kind in Kind)
S_BID, S_ASK, S_TRADE, S_MARK, S_INDEX = range(SERIES)


# The columns of a feature, and of its marks behind them.
(FEATURE_KIND, FEATURE_INST, FEATURE_SPAN, FEATURE_COUNT, FEATURE_MARKS) = range(5)
FEATURE = FEATURE_MARKS + 2
FEATURES_MAX = 64

# The columns of what messages showed that a scan went past.
(P_TIME, P_INST, P_BID, P_BID_SIZE, P_ASK, P_ASK_SIZE, P_HEARD) = range(7)
SIGHT = 7
PASSES_MAX = 1024

# Where the rows of each kind stand in the one table.
META_ROW = 0
I0 = 1
INSTRUMENTS_MAX = 255
V0 = I0 + INSTRUMENTS_MAX
O0 = V0 + INSTRUMENTS_MAX
A0 = O0 + ORDERS_MAX
R0 = A0 + HEAP_MAX
G0 = R0 + HEAP_MAX
Q0 = G0 + RING_MAX
F0 = Q0 + SAMPLES_MAX
U0 = F0 + FEATURES_MAX
UNDO_MAX = 2**16
LOST = 2
"""What UNDOING says once a change found no room."""
UNDO_ROOM = UNDO_MAX // 2
"""Up to how many changes of books a scan begins with another row, so that there is room for what that row brings."""
M0 = U0 + UNDO_MAX
MESSAGES_MAX = 4096
T0 = M0 + MESSAGES_MAX
TIERS_MAX = 4096
ROWS = T0 + TIERS_MAX
WIDTH = 48
"""One table for all, of equal width, because each array costs when it is handed over."""


def new_table(instruments: int) -> Longs:
    """Returns the table of a market with so many instruments, in which nothing has happened yet.

    Errors: ValueError when there are too many.
    """
    if not 0 < instruments <= INSTRUMENTS_MAX:
        raise ValueError(f"{instruments} instruments in one run, 1 to {INSTRUMENTS_MAX} are possible")
    table = np.zeros((ROWS, WIDTH), np.int64)
    table[META_ROW, [WAKE_AT, TIMER, SAMPLE_AT, EXPIRES_AT]] = NEVER
    table[META_ROW, INSTRUMENTS] = instruments
    rows = table[I0 : I0 + instruments]
    rows[:, [BUY_HIGH, SELL_HIGH]] = -NEVER
    rows[:, [BUY_LOW, SELL_LOW]] = NEVER
    rows[:, LOWS:HIGHS] = -NEVER
    rows[:, HIGHS : HIGHS + SERIES] = NEVER
    rows[:, AGE] = rows[:, SAFE_HIGH] = NEVER
    rows[:, SAFE_LOW] = -NEVER
    return table


def new_levels(instruments: int, *, deep: bool, slots: int = LEVEL_SLOTS) -> Longs:
    """Returns empty books. `deep` says that some instrument shows more than its touch; `slots` is a power of two."""
    return np.zeros((2 * instruments, slots, LEVEL_WIDTH) if deep else (1, 1, LEVEL_WIDTH), np.int64)


def new_features(counts: Sequence[int]) -> Floats:
    """Returns the empty rows of features that look at so many closed bars each."""
    return np.zeros((max(1, len(counts)), max(map(bars_length, counts), default=1)), np.float64)


def new_passed(instruments: int, features: int) -> tuple[Longs, Floats]:
    """Returns room for what messages show: whole numbers by column and message, and features by number and message."""
    places = instruments + PASSES_MAX
    return np.zeros((SIGHT, places), np.int64), np.zeros((max(1, features), places), np.float64)


def new_kept(features: Floats) -> tuple[Longs, Floats]:
    """Returns room for a copy of all that a scan changes but the books."""
    rows = I0 + 2 * INSTRUMENTS_MAX + FEATURES_MAX + ORDERS_MAX + 2 * HEAP_MAX
    return np.empty((rows, WIDTH), np.int64), np.empty_like(features)
