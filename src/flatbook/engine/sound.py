"""Whether a report can be true at all: numbers finite, positive and within bounds, texts and instants within reason.

Nothing here compares before it has checked: a NaN in a comparison would raise. The bounds leave room for every
product and sum that the folds make, so that no report can make exact arithmetic fail.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from flatbook.engine.reports import AccountStatement, Activity, Execution, OrderReport, VenueStatus
from flatbook.events.chain import Fill, FillSkipped, FillUnvalued, FillValued
from flatbook.events.orders import Fee
from flatbook.values.instants import NS_PER_S, Instant, instant_of_text
from flatbook.values.money import (
    NUMBER_DECIMALS_MAX,
    ZERO,
    NumberRefused,
    check_chain_number,
    check_number,
    cut,
    significant_decimals,
)

INSTANT_FIRST = instant_of_text("2008-01-01T00:00:00Z")
FUTURE_NS_MAX = 86_400 * NS_PER_S
TEXT_MAX = 256
INTEGER_DIGITS_MAX = 20
NOTIONAL_INTEGER_DIGITS_MAX = 22
NOTIONAL_DECIMALS_MAX = 30
FEW_DECIMALS = NOTIONAL_DECIMALS_MAX // 2
FEES_MAX = 16
LINES_MAX = 10_000

Flaw = str | None


def flaw_of_execution(execution: Execution, now: Instant) -> Flaw:
    """Returns why an execution cannot be booked, None when it can."""
    return (
        flaw_of_number("quantity", execution.qty, positive=True)
        or flaw_of_number("price", execution.price, positive=True)
        or _flaw_of_product(execution.qty, execution.price)
        or (_first(_flaws_of_fees(execution.fees)) if execution.fees else None)
        or flaw_of_instant(execution.happened_at, now)
        or flaw_of_text("execution id", execution.execution_id)
        or flaw_of_text("instrument", execution.instrument)
    )


def flaw_of_report(report: OrderReport, now: Instant) -> Flaw:
    """Returns why an order report cannot be booked, None when it can."""
    return (
        flaw_of_number("quantity", report.qty, positive=True)
        or flaw_of_number("filled", report.filled_qty)
        or _flaw_of_filled(report)
        or flaw_of_instant(report.happened_at, now)
        or flaw_of_text("venue order id", report.venue_order_id)
        or flaw_of_text("instrument", report.instrument)
    )


def _flaw_of_filled(report: OrderReport) -> Flaw:
    if report.filled_qty < ZERO:
        return f"filled quantity {report.filled_qty} is below zero"
    if report.status is VenueStatus.FILLED and report.filled_qty < report.qty:
        return f"it is called filled with {report.filled_qty} of {report.qty}"
    return None


def flaw_of_fill_total(report: OrderReport) -> Flaw:
    """Returns why the total of a report cannot be booked, None when it can or there is none."""
    total = report.total
    if total is None:
        return None
    return flaw_of_number("notional", total.notional) or _first(_flaws_of_fees(total.fees))


def flaw_of_statement(statement: AccountStatement, now: Instant) -> Flaw:
    """Returns why a statement cannot be compared with, None when it can."""
    lists = (statement.open_orders, statement.holdings, statement.balances, statement.activities)
    if max(map(len, lists)) > LINES_MAX:
        return f"it has more than {LINES_MAX} lines"
    return flaw_of_instant(statement.stated_at, now) or _first(_flaws_of_lines(statement, now))


def _flaws_of_lines(statement: AccountStatement, now: Instant) -> Iterator[Flaw]:
    for report in statement.open_orders:
        yield flaw_of_report(report, now)
    for holding in statement.holdings:
        yield flaw_of_text("instrument", holding.instrument) or flaw_of_number("holding", holding.qty)
    for balance in statement.balances:
        yield flaw_of_text("asset", balance.asset) or flaw_of_number("balance", balance.total)
    for activity in statement.activities:
        yield _flaw_of_activity(activity, now)
    funds = statement.funds
    if funds is not None:
        yield flaw_of_text("asset", funds.asset)
        for name, amount in (("settled cash", funds.settled), ("buying power", funds.instant)):
            yield None if amount is None else flaw_of_number(name, amount)


def _flaw_of_activity(activity: Activity, now: Instant) -> Flaw:
    return (
        flaw_of_text("activity id", activity.activity_id)
        or flaw_of_text("asset", activity.asset)
        or flaw_of_number("amount", activity.amount)
        or flaw_of_instant(activity.happened_at, now)
    )


def flaw_of_fill(fill: Fill, now: Instant) -> Flaw:
    """Returns why an onchain fill cannot be booked, None when it can."""
    return _first(_flaws_of_amounts(fill)) or flaw_of_instant(fill.happened_at, now)


def _flaws_of_amounts(fill: Fill) -> Iterator[Flaw]:
    if isinstance(fill, FillSkipped):
        amounts = {"received": fill.received_amount, "gave": fill.gave_amount, "shares": fill.shares}
        for name, amount in amounts.items():
            yield None if amount is None else flaw_of_chain_number(name, amount)
        return
    yield flaw_of_chain_number("token amount", fill.token_amount, positive=True)
    yield flaw_of_chain_number("cash", fill.usdc_amount, positive=True)
    if isinstance(fill, FillUnvalued):
        yield flaw_of_chain_number("assumed ratio", fill.ratio_assumed, positive=True)
        yield flaw_of_number("assumed shares", fill.shares_assumed, positive=True)
    else:
        yield flaw_of_chain_number("ratio", fill.ratio, positive=True)
        yield flaw_of_number("shares", fill.shares, positive=True)
        yield flaw_of_number("price", fill.price, positive=True)


def flaw_of_value(value: FillValued) -> Flaw:
    """Returns why the value of a fill cannot be booked, None when it can."""
    return (
        flaw_of_chain_number("ratio", value.ratio, positive=True)
        or flaw_of_number("shares", value.shares, positive=True)
        or flaw_of_number("price", value.price, positive=True)
    )


def flaw_of_number(name: str, value: Decimal, *, positive: bool = False) -> Flaw:
    """Returns why a number cannot stand in an event, None when it can."""
    if _is_plain(value, positive):
        return None
    try:
        check_number(value)
    except NumberRefused as error:
        return f"{name}: {error}"
    if value and value.adjusted() >= INTEGER_DIGITS_MAX:
        return f"{name} {value} has more than {INTEGER_DIGITS_MAX} integer digits"
    return f"{name} {value} is not above zero" if positive and not value > ZERO else None


def _is_plain(value: Decimal, positive: bool) -> bool:
    """Whether a number is sound at one look, as nearly all are."""
    return (
        value.is_finite()
        and value.adjusted() < INTEGER_DIGITS_MAX
        and not (positive and value <= ZERO)
        and cut(value, decimals=NUMBER_DECIMALS_MAX) == value
    )


def flaw_of_chain_number(name: str, value: Decimal, *, positive: bool = False) -> Flaw:
    """Returns why an onchain amount cannot stand in an event, None when it can."""
    try:
        check_chain_number(value)
    except NumberRefused as error:
        return f"{name}: {error}"
    return f"{name} {value} is not above zero" if positive and not value > ZERO else None


def flaw_of_instant(at: Instant, now: Instant) -> Flaw:
    """Returns why an instant cannot be when something happened, None when it can."""
    return None if reasonable(at, now) == at else f"instant {at} is out of reason"


def reasonable(at: Instant, now: Instant) -> Instant:
    """Returns an instant that a venue states when it can be true, else ours."""
    return at if INSTANT_FIRST <= at <= now + FUTURE_NS_MAX else now


def flaw_of_text(name: str, text: str) -> Flaw:
    """Returns why a text cannot be an id, None when it can."""
    if not 0 < len(text) <= TEXT_MAX:
        return f"{name} has {len(text)} characters"
    return None if text.isprintable() else f"{name} has characters that cannot be printed"


def told(text: str, length_max: int) -> str:
    """Returns a venue's words as they may stand in the journal: cut, and printable."""
    kept = text[:length_max]
    return kept if kept.isprintable() else "".join(letter if letter.isprintable() else "?" for letter in kept)


def _flaw_of_product(qty: Decimal, price: Decimal) -> Flaw:
    if qty.adjusted() + price.adjusted() + 2 > NOTIONAL_INTEGER_DIGITS_MAX:
        return f"a notional of {qty} times {price} is out of reason"
    if cut(qty, decimals=FEW_DECIMALS) == qty and cut(price, decimals=FEW_DECIMALS) == price:
        return None
    if significant_decimals(qty) + significant_decimals(price) > NOTIONAL_DECIMALS_MAX:
        return f"quantity and price have more than {NOTIONAL_DECIMALS_MAX} decimals together"
    return None


def _flaws_of_fees(fees: tuple[Fee, ...]) -> Iterator[Flaw]:
    if len(fees) > FEES_MAX:
        yield f"more than {FEES_MAX} fees"
    for fee in fees:
        yield flaw_of_text("asset of the fee", fee.asset) or flaw_of_number("fee", fee.amount)


def _first(flaws: Iterator[Flaw]) -> Flaw:
    return next((flaw for flaw in flaws if flaw is not None), None)
