"""What goes between Python and the compiled simulator: one block of whole numbers, addresses and lengths among them.

A call into compiled code hands over this block and what is to be done, and nothing else: each array that is handed over
by itself costs more than a scan of many rows.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from flatbook.backtest.kernel.scan import COLUMNS, Rows

# What is to be done.
SCAN, BEGIN_PASSING, GO_BACK, DELIVER, READ_FEATURE, CHECK_ROWS, BOOK, BOOK_RING, GO_ON = range(9)

# The arrays of a market: where they begin, and how long they are.
(TABLE, LEVELS, SIDES, SLOTS, TOPS, FEATURES, FEATURE_ROWS, FEATURE_WIDTH) = range(8)
(PASSED, PASSED_FEATURES, PLACES, KEPT, KEPT_ROWS, KEPT_FEATURES, NUMBER) = range(8, 15)

# How many rows of a tape there are, and where its columns begin, in the order of `scan.COLUMNS`.
ROWS, COLUMN_0 = 15, 16
NUMBERS = (np.int64, np.int64, np.int8, np.int16, np.int64, np.int64, np.int64, np.int64, np.int8)
"""What the columns hold, as the compiled code reads them."""

# The arrays of a check of rows, and what they follow on.
(FLAW_ROWS, FLAW_FIRSTS, FLAWS) = range(25, 28)

# The arrays of a desk: its table, what is written to, the pieces and where they stand, executions, and reports.
(DESK, TEXT, TEXT_BYTES, PIECES, PIECE_ROWS, LETTERS, LETTER_BYTES, EXECUTIONS, RING, RAW) = range(28, 38)

ARGUMENTS = 38
"""From here on stand the numbers of a call."""
ARGUMENTS_MAX = 9
BLOCK = ARGUMENTS + ARGUMENTS_MAX


def scanned(columns: Any) -> Rows:
    """Returns the columns of rows that are scanned, as the compiled code reads them."""
    return tuple(np.ascontiguousarray(getattr(columns, name), of) for name, of in zip(COLUMNS, NUMBERS, strict=True))


def point_at(block: Any, rows: Rows) -> None:
    """Notes in a block where columns begin, and how long they are. Needs: who keeps them alive."""
    block[ROWS] = len(rows[0])
    block[COLUMN_0 : COLUMN_0 + len(rows)] = [column.ctypes.data for column in rows]
