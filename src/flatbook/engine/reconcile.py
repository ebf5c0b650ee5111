"""Reconciliation: what an account statement means for our books, as events. Applied twice, the second is empty.

Nothing is corrected here. A difference becomes `BooksDiverged` and halts its instrument; an order that is not ours
becomes `ForeignOrderSeen`; the first statement of an account opens its balances.
"""

from __future__ import annotations

from decimal import Decimal

from flatbook.engine.reports import AccountStatement, OrderReport
from flatbook.engine.rules import Rules
from flatbook.events.control import BalanceStated, BooksAgreed, BooksDiverged
from flatbook.events.event import Event
from flatbook.events.orders import ForeignOrderSeen
from flatbook.state.desk import State
from flatbook.state.orders import Order
from flatbook.values.ids import AccountId, AssetId, InstrumentId, OrderId
from flatbook.values.instants import Instant, later
from flatbook.values.instruments import Instrument
from flatbook.values.money import ZERO, Quantity

OPENING = "opening"


def reconcile(state: State, statement: AccountStatement, rules: Rules, now: Instant) -> tuple[Event, ...]:
    """Returns the events that a statement asks for, in a fixed order.

    Needs: the executions of the account have been read up to the statement.
    Gives: nothing when the books agree; nothing new when the same difference stands already.
    """
    if statement.account not in state.opened:
        return _opening(state, statement, rules)
    return (*_foreign_orders(state, statement, rules, now), *_differences(state, statement, rules, now))


def missing_orders(state: State, statement: AccountStatement, rules: Rules) -> tuple[Order, ...]:
    """Returns our working orders that the statement does not show although it was taken late enough to."""
    shown = {report.order_id: None for report in statement.open_orders if report.order_id is not None}
    lag_s = rules.cards[statement.account].read_lag_max_s
    return tuple(
        order
        for order_id in state.open_orders
        if (order := state.orders[order_id]).account == statement.account
        and order_id not in shown
        and later(order.changed_at, seconds=lag_s) < statement.stated_at
    )


def _instruments_of(rules: Rules, account: AccountId) -> tuple[Instrument, ...]:
    return tuple(found for found in rules.instruments.values() if found.account == account)


def _statement_balances(statement: AccountStatement, rules: Rules) -> dict[AssetId, Decimal]:
    """Returns what the statement says of each asset we follow; an instrument of ours it leaves out is zero."""
    theirs: dict[AssetId, Decimal] = {}
    held: dict[InstrumentId, Decimal] = {holding.instrument: holding.qty for holding in statement.holdings}
    for instrument in _instruments_of(rules, statement.account):
        shares = held.get(instrument.id, ZERO) * instrument.contract_size
        theirs[AssetId(instrument.underlying)] = shares
    for balance in statement.balances:
        theirs[balance.asset] = balance.total
    return theirs


def _opening(state: State, statement: AccountStatement, rules: Rules) -> tuple[Event, ...]:
    """Opens the balances so that, with all executions booked so far, they equal the statement."""
    events = []
    for asset, theirs in _statement_balances(statement, rules).items():
        change = theirs - state.balances.get((statement.account, asset), ZERO)
        events.append(
            BalanceStated(
                account=statement.account,
                asset=asset,
                change=Quantity(change),
                reason=OPENING,
                stated_at=statement.stated_at,
            )
        )
    return tuple(events)


def _foreign_orders(state: State, statement: AccountStatement, rules: Rules, now: Instant) -> tuple[Event, ...]:
    events: list[Event] = []
    shown: dict[str, None] = {}
    for report in statement.open_orders:
        if report.order_id is not None and report.order_id in state.orders:
            continue
        instrument = rules.instruments.get(report.instrument)
        if instrument is None or instrument.account != statement.account:
            continue
        shown[report.venue_order_id] = None
        held = state.foreign_orders.get((statement.account, report.venue_order_id))
        if held is None or held.leaves != report.qty - report.filled_qty:
            events.append(_foreign(statement.account, instrument, report, now))
    for (account, venue_order_id), foreign in state.foreign_orders.items():
        if account == statement.account and venue_order_id not in shown:
            events.append(
                ForeignOrderSeen(
                    account=account,
                    instrument=foreign.instrument,
                    underlying=foreign.underlying,
                    venue_order_id=venue_order_id,
                    side=foreign.side,
                    qty=foreign.leaves,
                    filled_qty=Quantity(ZERO),
                    open=False,
                    seen_at=now,
                )
            )
    return tuple(events)


def _foreign(account: AccountId, instrument: Instrument, report: OrderReport, now: Instant) -> ForeignOrderSeen:
    return ForeignOrderSeen(
        account=account,
        instrument=instrument.id,
        underlying=instrument.underlying,
        venue_order_id=report.venue_order_id,
        side=report.side,
        qty=report.qty,
        filled_qty=report.filled_qty,
        open=True,
        seen_at=now,
    )


def _differences(state: State, statement: AccountStatement, rules: Rules, now: Instant) -> tuple[Event, ...]:
    if not _is_quiet(state, statement):
        return ()
    by_asset = {AssetId(found.underlying): found.id for found in _instruments_of(rules, statement.account)}
    events: list[Event] = []
    for asset, theirs in _statement_balances(statement, rules).items():
        ours = state.balances.get((statement.account, asset), ZERO)
        standing = state.divergences.get((statement.account, str(asset)))
        if ours == theirs and standing is not None:
            events.append(BooksAgreed(account=statement.account, subject=str(asset), seen_at=now))
        elif ours != theirs and standing != (ours, theirs):
            events.append(
                BooksDiverged(
                    account=statement.account,
                    subject=str(asset),
                    instrument=by_asset.get(asset),
                    ours=Quantity(ours),
                    theirs=Quantity(theirs),
                    stated_at=statement.stated_at,
                    seen_at=now,
                )
            )
    return tuple(events)


def _is_quiet(state: State, statement: AccountStatement) -> bool:
    """Whether the statement can be compared: nothing of the account is under way or was booked since it was taken."""
    owed: tuple[OrderId, ...] = tuple(
        order_id
        for key in state.owing.values()
        for order_id in key
        if state.orders[order_id].account == statement.account
    )
    return not owed and state.moved_at.get(statement.account, Instant(0)) < statement.stated_at
