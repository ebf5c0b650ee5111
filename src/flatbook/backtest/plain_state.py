"""Whether the state of a desk is plain, and how its live orders stand in the table of a backtest."""

from __future__ import annotations

from flatbook.backtest.standing import STATUSES, Standing
from flatbook.state.desk import State
from flatbook.state.orders import Order
from flatbook.values.ids import COUNT_DIGITS

_CODES = {status: code for code, status in STATUSES.items()}


def is_plain(state: State) -> bool:
    """Whether nothing stands in the state of a desk that changes what becomes of a report or of an intent."""
    return not (
        state.halts
        or state.stops
        or state.alerts
        or state.refusals
        or state.breakers
        or state.funds
        or state.totals
        or state.calls
        or state.foreign_orders
    )


def columns_of(order: Order, number: int, standing: Standing, prefix: str) -> tuple[int, ...] | None:
    """Returns the row of a live order as the state of a desk has it; None of one that is not plain."""
    steps, status, counted = standing.steps, _CODES.get(order.status), order.order_id.removeprefix(prefix)
    if status is None or order.limit is None or len(counted) != COUNT_DIGITS or not counted.isdecimal():
        return None
    price, lots, filled = steps.ticks(order.limit), steps.lots(order.qty), steps.lots(order.filled)
    if price is None or lots is None or filled is None or order.claimed != order.filled:
        return None
    if order.attempt or order.sent_at != order.decided_at:
        return None
    stands = (status, filled, int(order.cancel_pending), order.cancel_attempt, order.cancel_at, order.changed_at)
    decimals = standing.decimals_of(order.qty, lots)
    if decimals is None:
        return None
    return (number, *stands, 0, 0, 0, standing.row, int(counted), order.side.sign, price, lots, decimals)
