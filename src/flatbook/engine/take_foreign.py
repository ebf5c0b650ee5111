"""Orders and executions on our accounts that are not ours: booked, counted as exposure, never canceled."""

from __future__ import annotations

from decimal import Decimal

from flatbook.engine.reports import Execution, OrderReport, VenueStatus
from flatbook.engine.turn import Turn
from flatbook.events import orders as ev
from flatbook.events.control import AlertName, HaltCause, HaltScope, Severity
from flatbook.events.refs import ref_of
from flatbook.values.ids import AccountId, AssetId, InstrumentId, Underlying
from flatbook.values.instruments import Instrument
from flatbook.values.money import ONE, Quantity

_ENDED = (VenueStatus.FILLED, VenueStatus.CANCELED, VenueStatus.EXPIRED, VenueStatus.REJECTED)


def _instrument(turn: Turn, account: AccountId, instrument: InstrumentId) -> Instrument | None:
    found = turn.rules.instruments.get(instrument)
    return found if found is not None and found.account == account else None


def take_foreign_order(turn: Turn, account: AccountId, report: OrderReport) -> None:
    """Books an order that is not ours when it is new or has changed."""
    instrument = _instrument(turn, account, report.instrument)
    if instrument is None:
        turn.drop("foreign_instrument")
        return
    held = turn.state.foreign_orders.get((account, report.venue_order_id))
    is_open = report.status not in _ENDED
    leaves = Quantity(report.qty - report.filled_qty)
    if (held is None and not is_open) or (held is not None and is_open and held.leaves == leaves):
        turn.drop("foreign_order_known")
        return
    turn.book(
        ev.ForeignOrderSeen(
            account=account,
            instrument=instrument.id,
            underlying=instrument.underlying,
            venue_order_id=report.venue_order_id,
            side=report.side,
            qty=report.qty,
            filled_qty=report.filled_qty,
            open=is_open,
            seen_at=turn.now,
        )
    )
    if is_open:
        _stop(turn, instrument, f"order {report.venue_order_id} is not ours")


def take_foreign_execution(turn: Turn, account: AccountId, execution: Execution) -> None:
    """Books an execution that is not ours under `unassigned`, and halts its instrument until it is assigned."""
    instrument = _instrument(turn, account, execution.instrument)
    quote = instrument.quote if instrument is not None else AssetId("USD")
    event = ev.ForeignFilled(
        account=account,
        instrument=execution.instrument,
        underlying=instrument.underlying if instrument is not None else Underlying(execution.instrument),
        venue_order_id=execution.venue_order_id,
        execution_id=execution.execution_id,
        side=execution.side,
        qty=execution.qty,
        price=execution.price,
        quote=quote,
        contract_size=instrument.contract_size if instrument is not None else Decimal(ONE),
        fees=execution.fees,
        happened_at=execution.happened_at,
        seen_at=turn.now,
    )
    turn.book(event)
    detail = f"{execution.side.value} {execution.qty} at {execution.price} is no order of ours"
    turn.alert(
        AlertName.FOREIGN_ACTIVITY,
        f"{account}:{execution.instrument}",
        detail,
        severity=Severity.CRITICAL,
        because=ref_of(event),
    )
    turn.halt(HaltScope.INSTRUMENT, execution.instrument, HaltCause.FOREIGN_FILL, detail)


def _stop(turn: Turn, instrument: Instrument, detail: str) -> None:
    subject = f"{instrument.account}:{instrument.id}"
    turn.alert(AlertName.FOREIGN_ACTIVITY, subject, detail, severity=Severity.WARNING)
