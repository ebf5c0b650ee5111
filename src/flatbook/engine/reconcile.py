"""Reconciliation: what an account statement means for our books, as events. Applied twice, the second is empty.

A difference becomes `BooksDiverged` and halts its instrument, unless the rules of the account let it be corrected; an
order that is not ours becomes `ForeignOrderSeen`; the first statement of an account opens its balances.
"""

from __future__ import annotations

from decimal import Decimal

from flatbook.engine.correct import Pair, correction_of
from flatbook.engine.inputs import ReadBefore
from flatbook.engine.opening import opened_with, rests
from flatbook.engine.reports import AccountStatement, OrderReport, VenueStatus
from flatbook.engine.rules import Rules
from flatbook.engine.take_clock import is_skewed
from flatbook.events.control import BooksAgreed, BooksDiverged
from flatbook.events.event import Event
from flatbook.events.funds import FundsStated
from flatbook.events.orders import ForeignOrderSeen
from flatbook.events.risk import BooksCorrected, BooksDoubted
from flatbook.risk.corrections import OrderStep, unheld_order_step, unshown_order_step
from flatbook.state.desk import DivergenceKey, ForeignOrder, State
from flatbook.state.orders import Order, signed
from flatbook.values.ids import AccountId, AssetId, InstrumentId, Underlying
from flatbook.values.instants import Instant, later
from flatbook.values.instruments import Instrument, held_as
from flatbook.values.money import ONE, ZERO, Quantity, cut

FOREIGN_EXPLAINS_S = 600

_ENDED = (VenueStatus.FILLED, VenueStatus.CANCELED, VenueStatus.EXPIRED, VenueStatus.REJECTED)


def reconcile(
    state: State,
    statement: AccountStatement,
    rules: Rules,
    now: Instant,
    *,
    earlier: AccountStatement | None = None,
    read: ReadBefore | None = None,
) -> tuple[Event, ...]:
    """Returns the events that a statement asks for, in a fixed order.

    Needs: the executions of the account have been read up to the statement; the statement is sound; `earlier` is the
    statement read before it, without which an account whose reads may lag is not opened; `read` is what was executed
    until then, as far as that was noted.
    Gives: nothing when the books agree; nothing new when the same difference stands already.
    """
    if statement.account in state.opened:
        found = _differences(state, statement, rules, now)
    else:
        found = _opening(state, statement, rules, now, statement if earlier is None else earlier, read)
    return (*_foreign_orders(state, statement, rules, now), *found, *_funds(state, statement, rules, now))


def _funds(state: State, statement: AccountStatement, rules: Rules, now: Instant) -> tuple[Event, ...]:
    """Returns what an account may spend and borrow, where it is not what we know.

    A statement that may not show our newest purchase yet is left aside: it would give back what is spent.
    """
    funds, account = statement.funds, statement.account
    if funds is None or not _has_settled(state, statement, funds.asset, rules):
        return ()
    known, ours = state.funds.get(account), _instruments_of(rules, account)
    lent = None if funds.borrowable is None else tuple(each for each in ours if each in funds.borrowable)
    stated = (funds.asset, funds.settled, funds.instant, funds.good_faith, lent)
    if known is not None and stated == (known.asset, known.settled, known.instant, known.good_faith, known.borrowable):
        return ()
    return (
        FundsStated(
            account=account,
            asset=funds.asset,
            settled=funds.settled,
            instant=funds.instant,
            good_faith=funds.good_faith,
            borrowable=lent,
            stated_at=statement.stated_at,
            seen_at=now,
        ),
    )


def foreign_reports(state: State, statement: AccountStatement) -> tuple[OrderReport, ...]:
    """Returns the orders of a statement that are not ours, as far as we remember."""
    return tuple(each for each in statement.open_orders if each.order_id is None or each.order_id not in state.orders)


def missing_orders(
    state: State, statement: AccountStatement, rules: Rules, earlier: AccountStatement | None = None
) -> tuple[Order, ...]:
    """Returns our working orders that the statement does not show although it was taken late enough to.

    Gives: where the account's rules want two misses, those that the earlier statement should have shown too.
    """
    terms, found = rules.corrections_of(statement.account), []
    for order in (state.orders[order_id] for order_id in state.open_orders):
        if misses(order, statement, rules):
            times = 2 if earlier is not None and misses(order, earlier, rules) else 1
            if unshown_order_step(order.changed_at, statement.stated_at, times, terms) is OrderStep.ASK:
                found.append(order)
    return tuple(found)


def misses(order: Order, statement: AccountStatement, rules: Rules) -> bool:
    """Whether a statement should show an order and does not."""
    shown = any(report.order_id == order.order_id for report in statement.open_orders)
    return not shown and _should_show(order, statement, rules)


def revived_orders(state: State, statement: AccountStatement, rules: Rules) -> tuple[tuple[Order, OrderReport], ...]:
    """Returns our ended orders that the statement still shows as working although it was taken after their end."""
    terms, found = rules.corrections_of(statement.account), []
    for report in statement.open_orders:
        order = state.orders.get(report.order_id) if report.order_id is not None else None
        step = unheld_order_step(None if order is None else order.changed_at, statement.stated_at, terms)
        if order is not None and not order.is_open and step is OrderStep.CANCEL:
            found += [(order, report)] if _should_show(order, statement, rules) else []
    return tuple(found)


def foreign_order(
    state: State, account: AccountId, report: OrderReport, rules: Rules, now: Instant
) -> ForeignOrderSeen | None:
    """Returns the event for an order that is not ours, None when nothing about it is new."""
    held = state.foreign_orders.get((account, report.venue_order_id))
    is_open = report.status not in _ENDED
    leaves = max(ZERO, report.qty - report.filled_qty)
    known = not is_open if held is None else is_open and held.leaves == leaves
    if known:
        return None
    instrument = rules.instruments.get(report.instrument)
    ours = instrument if instrument is not None and instrument.account == account else None
    return ForeignOrderSeen(
        account=account,
        instrument=report.instrument,
        underlying=_underlying_of(ours, report),
        venue_order_id=report.venue_order_id,
        side=report.side,
        qty=report.qty,
        filled_qty=report.filled_qty,
        contract_size=ONE if ours is None else ours.contract_size,
        open=is_open,
        seen_at=now,
    )


def statement_balances(statement: AccountStatement, rules: Rules) -> dict[AssetId, Decimal]:
    """Returns what a statement says of each asset; an instrument of ours that it leaves out is zero.

    Units: shares of the underlying for holdings, units of the asset for balances.
    """
    ours = _instruments_of(rules, statement.account)
    theirs = {instrument.asset: ZERO for instrument in ours.values()}
    for holding in statement.holdings:
        instrument = ours.get(holding.instrument)
        asset = AssetId(holding.instrument) if instrument is None else instrument.asset
        size = instrument.contract_size if instrument is not None else ONE
        theirs[asset] = theirs.get(asset, ZERO) + holding.qty * size
    for balance in statement.balances:
        theirs[balance.asset] = balance.total
    return theirs


def _instruments_of(rules: Rules, account: AccountId) -> dict[InstrumentId, Instrument]:
    return {found.id: found for found in rules.instruments.values() if found.account == account}


def _underlying_of(instrument: Instrument | None, report: OrderReport) -> Underlying:
    return instrument.underlying if instrument is not None else Underlying(report.instrument)


def _should_show(order: Order, statement: AccountStatement, rules: Rules) -> bool:
    """Whether the statement was taken late enough to know what we know of an order of its account."""
    lag_s = rules.cards[statement.account].read_lag_max_s
    return order.account == statement.account and later(order.changed_at, seconds=lag_s) < statement.stated_at


def _foreign_orders(state: State, statement: AccountStatement, rules: Rules, now: Instant) -> tuple[Event, ...]:
    events: list[Event] = []
    shown: dict[str, None] = {}
    for report in foreign_reports(state, statement):
        shown[report.venue_order_id] = None
        event = foreign_order(state, statement.account, report, rules, now)
        if event is not None:
            events.append(event)
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
                    contract_size=foreign.contract_size,
                    open=False,
                    seen_at=now,
                )
            )
    return tuple(events)


def _pairs(state: State, statement: AccountStatement, rules: Rules) -> dict[AssetId, tuple[Decimal, Decimal]]:
    """Returns (ours, theirs) of each asset that a side knows or that differed; one that a side leaves out is zero."""
    account, theirs = statement.account, statement_balances(statement, rules)
    known = (asset for holder, asset in state.balances if holder == account)
    differed = (AssetId(subject) for holder, subject in state.divergences if holder == account)
    return {
        asset: (state.balances.get((account, asset), ZERO), theirs.get(asset, ZERO))
        for asset in dict.fromkeys((*theirs, *known, *differed))
    }


def _opening(
    state: State,
    statement: AccountStatement,
    rules: Rules,
    now: Instant,
    earlier: AccountStatement,
    read: ReadBefore | None,
) -> tuple[Event, ...]:
    """Opens the balances as of the earlier statement, so that with all executions booked so far they equal both.

    While one of our orders may still execute nothing can be opened: nobody knows on which side of it the statement is.
    Where reads may lag, a statement alone may show a past in which an execution was still missing, or nothing at all.
    Nor while the clocks differ: what its balances hold need not have been told.
    """
    if (
        is_skewed(statement.clock)
        or orders_owing_at(state, statement.account)
        or not _is_confirmed(state, statement, rules, earlier)
    ):
        return ()
    if not rests(state, statement, earlier, read):
        return ()
    return opened_with(state, _pairs(state, statement, rules), earlier, read, now)


def _is_confirmed(state: State, statement: AccountStatement, rules: Rules, earlier: AccountStatement) -> bool:
    """Whether what the earlier statement showed was so at its instant: the later one, past the lag, shows the same.

    Nothing that we booked ourselves may be younger than the earlier one.
    """
    lag_s = rules.cards[statement.account].read_lag_max_s
    if not lag_s:
        return True
    moved = max((at for (account, _), at in state.moved_at.items() if account == statement.account), default=Instant(0))
    read_past_lag = later(earlier.stated_at, seconds=lag_s) <= statement.stated_at
    same = statement_balances(earlier, rules) == statement_balances(statement, rules)
    return read_past_lag and moved < earlier.stated_at and same


def _differences(state: State, statement: AccountStatement, rules: Rules, now: Instant) -> tuple[Event, ...]:
    account, misses = statement.account, rules.corrections_of(statement.account).misses
    owing = _may_execute(state, statement, misses)
    foreign = _foreign_may_execute(state, statement)
    cash, may_move = _cash_of(statement, rules), _may_move(rules, owing, foreign)
    cash_may_move = bool(owing or foreign)  # nobody knows by how much an execution moves it
    instruments = _instruments_by_asset(state, statement, rules)
    events: list[Event] = []
    for asset, (ours, theirs) in _pairs(state, statement, rules).items():
        key = (account, str(asset))
        standing = state.divergences.get(key)
        if standing == (ours, theirs) or not _has_settled(state, statement, asset, rules):
            continue
        difference = _stated_difference(ours, theirs, rules.cards[account].cash_decimals if asset in cash else None)
        if difference == ZERO and _is_open(state, key):
            events.append(BooksAgreed(account=account, subject=str(asset), seen_at=now))
        elif difference and not (cash_may_move if asset in cash else _explained(difference, may_move, asset)):
            if misses > 1 and state.doubts.get(key) != difference:
                events.append(_doubted(statement, asset, difference, now))
                continue
            corrected = None
            if asset not in cash and standing is None:
                corrected = correction_of(state, statement, asset, (ours, theirs), rules, now)
            if isinstance(corrected, BooksCorrected):
                events.append(corrected)
            else:
                events.append(_diverged(statement, asset, (ours, theirs), instruments.get(asset), now))
    return tuple(events)


def _is_open(state: State, key: DivergenceKey) -> bool:
    """Whether an agreement would be news: a difference stands, or a doubt, or a correction that must prove itself."""
    corrected = state.corrected.get(key)
    return key in state.divergences or key in state.doubts or (corrected is not None and corrected.unproven)


def _doubted(statement: AccountStatement, asset: AssetId, difference: Decimal, now: Instant) -> BooksDoubted:
    return BooksDoubted(
        account=statement.account,
        subject=str(asset),
        difference=Quantity(difference),
        stated_at=statement.stated_at,
        seen_at=now,
    )


def _diverged(
    statement: AccountStatement, asset: AssetId, pair: Pair, instrument: InstrumentId | None, now: Instant
) -> BooksDiverged:
    return BooksDiverged(
        account=statement.account,
        subject=str(asset),
        instrument=instrument,
        ours=Quantity(pair[0]),
        theirs=Quantity(pair[1]),
        stated_at=statement.stated_at,
        seen_at=now,
    )


def _has_settled(state: State, statement: AccountStatement, asset: AssetId, rules: Rules) -> bool:
    """Whether what we last booked of an asset is old enough for the statement to show it."""
    moved_at = state.moved_at.get((statement.account, asset))
    lag_s = rules.cards[statement.account].read_lag_max_s
    return moved_at is None or later(moved_at, seconds=lag_s) < statement.stated_at


def _cash_of(statement: AccountStatement, rules: Rules) -> tuple[AssetId, ...]:
    """Returns the assets that are paid in; all others are held as instruments, be they stated as balances."""
    ours = _instruments_of(rules, statement.account).values()
    quotes = tuple(dict.fromkeys(instrument.quote for instrument in ours))
    held = [instrument.asset for instrument in ours if instrument.asset not in quotes]
    balances = (balance.asset for balance in statement.balances if balance.asset not in held)
    return tuple(dict.fromkeys((*quotes, *balances)))


def _instruments_by_asset(state: State, statement: AccountStatement, rules: Rules) -> dict[AssetId, InstrumentId]:
    """Returns which instrument an asset is held as: configured, traded before, or named by the statement alone."""
    named = {AssetId(holding.instrument): holding.instrument for holding in statement.holdings}
    rows = state.positions.rows.values()
    traded = {AssetId(row.underlying): row.instrument for row in rows if row.account == statement.account}
    ours = _instruments_of(rules, statement.account).values()
    return named | traded | {found.asset: found.id for found in ours}


def orders_owing_at(state: State, account: AccountId) -> tuple[Order, ...]:
    """Returns our orders at an account that are open or still owe executions."""
    orders = (state.orders[order_id] for owed in state.owing.values() for order_id in owed)
    return tuple(order for order in orders if order.account == account)


def _may_execute(state: State, statement: AccountStatement, misses: int) -> tuple[Order, ...]:
    """Returns our orders that may have executed without our knowledge.

    Gives: where two misses count, none that the statement shows with just what we booked of it: a strategy that always
    has orders at work would otherwise explain every difference for ever.
    """
    owing = orders_owing_at(state, statement.account)
    if misses == 1:
        return owing
    shown = {report.order_id: report.filled_qty for report in statement.open_orders if report.order_id is not None}
    return tuple(order for order in owing if not order.claimed == order.filled == shown.get(order.order_id))


def _foreign_may_execute(state: State, statement: AccountStatement) -> tuple[ForeignOrder, ...]:
    """Returns the orders that are not ours which may have executed without our knowledge.

    Gives: none that has not changed for FOREIGN_EXPLAINS_S and that the statement shows as we know it: a difference
    beside an order that rests for ever would never be told otherwise.
    """
    left = {report.venue_order_id: report.qty - report.filled_qty for report in statement.open_orders}
    return tuple(
        foreign
        for (holder, venue_order_id), foreign in state.foreign_orders.items()
        if holder == statement.account
        and (
            statement.stated_at < later(foreign.seen_at, seconds=FOREIGN_EXPLAINS_S)
            or left.get(venue_order_id) != foreign.leaves
        )
    )


def _may_move(
    rules: Rules, owing: tuple[Order, ...], foreign: tuple[ForeignOrder, ...]
) -> dict[AssetId, tuple[Quantity, Quantity]]:
    """Returns by how much the shares of each asset may have fallen and risen by executions that we have not seen.

    Units: shares; the first is zero or below, the second zero or above.
    """
    leaves = [(held_as(order.product, order.underlying, order.instrument), _shares(order)) for order in owing]
    leaves += [(_held_as(each, rules), _shares(each)) for each in foreign]
    moves: dict[AssetId, tuple[Quantity, Quantity]] = {}
    for asset, qty in leaves:
        fall, rise = moves.get(asset, (ZERO, ZERO))
        moves[asset] = (Quantity(fall + min(ZERO, qty)), Quantity(rise + max(ZERO, qty)))
    return moves


def _shares(order: Order | ForeignOrder) -> Decimal:
    return signed(order.side, order.leaves * order.contract_size)


def _held_as(foreign: ForeignOrder, rules: Rules) -> AssetId:
    instrument = rules.instruments.get(foreign.instrument)
    return AssetId(foreign.underlying) if instrument is None else instrument.asset


def _stated_difference(ours: Decimal, theirs: Decimal, decimals: int | None) -> Decimal:
    """Returns by how much a statement differs from our exact sum, as far as the statement says: cut to its decimals.

    Gives: zero for less than one in the last of them, whether the venue cuts or rounds; never a sum of such remainders,
    for each statement is compared with the whole of our books.
    """
    return theirs - ours if decimals is None else cut(theirs - ours, decimals=decimals)


def _explained(difference: Decimal, may_move: dict[AssetId, tuple[Quantity, Quantity]], shares: AssetId) -> bool:
    """Whether executions that we may not have seen yet can explain a difference of shares, by what works in them."""
    fall, rise = may_move.get(shares, (ZERO, ZERO))
    return fall <= difference <= rise
