"""Whether a report can be true at all: numbers finite, positive and within bounds, instants within reason.

Nothing here compares before it has checked: a NaN in a comparison would raise.
"""

from __future__ import annotations

from decimal import Decimal

from flatbook.engine.reports import Execution, OrderReport
from flatbook.values.instants import Instant, instant_of_text, later
from flatbook.values.money import ZERO, NumberRefused, check_number

INSTANT_FIRST = instant_of_text("2015-01-05T00:00:00Z")
FUTURE_S_MAX = 86_400
TEXT_MAX = 256


def flaw_of_execution(execution: Execution, now: Instant) -> str | None:
    """Returns why an execution cannot be booked, None when it can."""
    return (
        flaw_of_number("quantity", execution.qty, positive=True)
        or flaw_of_number("price", execution.price, positive=True)
        or next((flaw for fee in execution.fees if (flaw := flaw_of_number("fee", fee.amount))), None)
        or flaw_of_instant(execution.happened_at, now)
        or flaw_of_text("execution id", execution.execution_id)
    )


def flaw_of_report(report: OrderReport) -> str | None:
    """Returns why an order report cannot be booked, None when it can."""
    flaw = flaw_of_number("quantity", report.qty, positive=True) or flaw_of_number("filled", report.filled_qty)
    if flaw is None and report.filled_qty < ZERO:
        return f"filled quantity {report.filled_qty} is below zero"
    return flaw or flaw_of_text("venue order id", report.venue_order_id)


def flaw_of_number(name: str, value: Decimal, *, positive: bool = False) -> str | None:
    """Returns why a number cannot stand in an event, None when it can."""
    try:
        check_number(value)
    except NumberRefused as error:
        return f"{name}: {error}"
    return f"{name} {value} is not above zero" if positive and not value > ZERO else None


def flaw_of_instant(at: Instant, now: Instant) -> str | None:
    """Returns why an instant cannot be when something happened, None when it can."""
    if INSTANT_FIRST <= at <= later(now, seconds=FUTURE_S_MAX):
        return None
    return f"instant {at} is out of reason"


def flaw_of_text(name: str, text: str) -> str | None:
    """Returns why a text cannot be an id, None when it can."""
    return None if 0 < len(text) <= TEXT_MAX else f"{name} has {len(text)} characters"
