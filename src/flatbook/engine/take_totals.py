"""Running totals of orders become executions: the increment over what is booked, once, whatever comes in which order.

A total is folded by maximum. Its increment has an identity made of the order and the total, so that a repeat or an
older report adds nothing; a newer report with a smaller total cannot be true.
"""

from __future__ import annotations

from flatbook.engine.reports import Execution, FillTotal, OrderReport
from flatbook.engine.turn import Turn
from flatbook.events.orders import Fee
from flatbook.state.desk import BookedTotal
from flatbook.state.orders import Order
from flatbook.values.ids import AssetId, execution_id_of_total
from flatbook.values.instants import Instant
from flatbook.values.instruments import Side
from flatbook.values.money import (
    NUMBER_DECIMALS_MAX,
    ZERO,
    Money,
    Price,
    Quantity,
    divide_cut,
    parse_number,
    plain,
    significant_decimals,
)

_NOTHING = BookedTotal(notional=ZERO, fees={}, happened_at=Instant(0))


def flaw_of_total(turn: Turn, order: Order, report: OrderReport) -> str | None:
    """Returns why the total of a report cannot be true, None when it can."""
    booked = turn.state.totals.get(order.order_id)
    if booked is None or report.filled_qty >= order.filled or report.happened_at <= booked.happened_at:
        return None
    return f"its total fell from {plain(order.filled)} to {plain(report.filled_qty)}"


def execution_of_total(turn: Turn, order: Order, report: OrderReport, quote: AssetId) -> Execution | None:
    """Returns the execution that brings what is booked of an order to the total of a report, None when it adds nothing.

    Gives: whatever of the notional no price can state exactly is a fee of the increment (below zero where it is in our
    favour), so that the cash booked for a total is exact, and the same by whatever steps it was reached.
    """
    qty = Quantity(report.filled_qty - order.filled)
    if report.total is None or qty <= ZERO:
        turn.drop("total_known")
        return None
    booked = turn.state.totals.get(order.order_id, _NOTHING)
    left = report.total.notional - booked.notional
    decimals = max(0, NUMBER_DECIMALS_MAX - significant_decimals(qty))
    price = Price(parse_number(plain(divide_cut(left, qty, decimals=decimals))))
    rest = (left - qty * price) * order.contract_size
    return Execution(
        execution_id=execution_id_of_total(order.order_id, plain(report.filled_qty)),
        order_id=order.order_id,
        venue_order_id=report.venue_order_id,
        instrument=order.instrument,
        side=order.side,
        qty=qty,
        price=price,
        fees=_fees(booked, report.total, quote, Money(rest if order.side is Side.BUY else -rest)),
        realised=None,
        happened_at=report.happened_at,
    )


def _fees(booked: BookedTotal, total: FillTotal, quote: AssetId, rest: Money) -> tuple[Fee, ...]:
    """Returns the fees that are not booked yet, and the rest of the notional among those in quote."""
    owed = {asset: -amount for asset, amount in booked.fees.items()}
    for fee in total.fees:
        owed[fee.asset] = owed.get(fee.asset, ZERO) + fee.amount
    owed[quote] = owed.get(quote, ZERO) + rest
    return tuple(Fee(asset=asset, amount=Money(amount)) for asset, amount in owed.items() if amount)
