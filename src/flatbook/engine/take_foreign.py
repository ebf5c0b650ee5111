"""Orders and executions on our accounts that are not ours: booked, counted as exposure, never canceled."""

from __future__ import annotations

from flatbook.engine.realise import realised_by
from flatbook.engine.reconcile import foreign_order
from flatbook.engine.reports import Execution, OrderReport
from flatbook.engine.turn import Turn
from flatbook.events import orders as ev
from flatbook.events.control import AlertName, HaltCause, HaltScope, Severity
from flatbook.events.refs import ref_of
from flatbook.values.ids import AccountId, AssetId, InstrumentId, Underlying
from flatbook.values.instruments import Product
from flatbook.values.money import ONE, plain


def quote_of(turn: Turn, instrument: InstrumentId) -> AssetId:
    """Returns the asset an instrument is paid in; USD for one that is not configured."""
    found = turn.rules.instruments.get(instrument)
    return found.quote if found is not None else AssetId("USD")


def take_foreign_order(turn: Turn, account: AccountId, report: OrderReport) -> None:
    """Books an order that is not ours when it is new or has changed."""
    event = foreign_order(turn.state, account, report, turn.rules, turn.now)
    if event is None:
        turn.drop("foreign_order_known")
        return
    turn.book(event)
    tell_foreign_order(turn, event)


def tell_foreign_order(turn: Turn, event: ev.ForeignOrderSeen) -> None:
    """Alerts about an order that is not ours and halts its instrument while it works, unless the account's rules
    only want it told; clears the alert at its end."""
    subject = f"{event.account}:order:{event.venue_order_id}"
    if not event.open:
        turn.clear(AlertName.FOREIGN_ACTIVITY, subject)
        return
    detail = f"{event.side.value} {plain(event.qty)} {event.instrument} works on our account and is not ours"
    if not turn.rules.corrections_of(event.account).foreign_halts:
        turn.alert(AlertName.FOREIGN_ACTIVITY, subject, detail, severity=Severity.WARNING)
        return
    turn.alert(AlertName.FOREIGN_ACTIVITY, subject, detail, severity=Severity.CRITICAL)
    turn.halt(HaltScope.INSTRUMENT, event.instrument, HaltCause.FOREIGN_FILL, detail)


def take_foreign_execution(turn: Turn, account: AccountId, execution: Execution) -> None:
    """Books an execution that is not ours under `unassigned`, and halts its instrument until it is assigned.

    What is dated before all that an account held was named is part of the balances that it was opened with.
    """
    opened_at = turn.state.opened.get(account)
    if opened_at is None or execution.happened_at < opened_at:
        turn.drop("execution_before_opening")
        return
    instrument = turn.rules.instruments.get(execution.instrument)
    if instrument is not None and instrument.account != account:
        instrument = None
    product = instrument.product if instrument is not None else Product.SPOT
    contract_size = instrument.contract_size if instrument is not None else ONE
    event = ev.ForeignFilled(
        account=account,
        instrument=execution.instrument,
        underlying=instrument.underlying if instrument is not None else Underlying(execution.instrument),
        venue_order_id=execution.venue_order_id,
        execution_id=execution.execution_id,
        side=execution.side,
        qty=execution.qty,
        price=execution.price,
        quote=quote_of(turn, execution.instrument),
        contract_size=contract_size,
        fees=execution.fees,
        product=product,
        realised=realised_by(turn, account, execution, product, contract_size),
        maker=execution.maker,
        happened_at=execution.happened_at,
        seen_at=turn.now,
    )
    turn.book(event)
    detail = f"{execution.side.value} {plain(execution.qty)} at {plain(execution.price)} is no order of ours"
    subject = f"{account}:{execution.instrument}"
    turn.alert(AlertName.FOREIGN_ACTIVITY, subject, detail, severity=Severity.CRITICAL, because=ref_of(event))
    turn.halt(HaltScope.INSTRUMENT, execution.instrument, HaltCause.FOREIGN_FILL, detail)
