"""Reports that cannot be true: kept in the journal, folded to nothing, halted around, and shown to a person."""

from __future__ import annotations

import msgspec

from flatbook.engine.reports import Execution
from flatbook.engine.turn import Turn
from flatbook.events.control import AlertName, HaltCause, HaltScope, Severity
from flatbook.events.orders import ReportRefused
from flatbook.state.orders import Move, Order
from flatbook.values.ids import AccountId, InstrumentId

DETAIL_TEXT_MAX = 256
SUBJECT_TEXT_MAX = 96


def refused_report(turn: Turn, order: Order, account: AccountId, flaw: str) -> None:
    """Refuses a report of the state of an order."""
    _refuse(turn, _event(turn, account, order.instrument, order.order_id, "order_report"), order.status.value, flaw)


def refused_execution(turn: Turn, account: AccountId, execution: Execution, flaw: str) -> None:
    """Refuses an execution."""
    subject = str(execution.execution_id)
    _refuse(turn, _event(turn, account, execution.instrument, subject, "execution"), "", flaw)


def refused_move(turn: Turn, order: Order, move: Move) -> None:
    """Refuses what the life of an order does not allow."""
    detail = f"an order that is {order.status.value} cannot be {move.value}"
    event = _event(turn, order.account, order.instrument, order.order_id, move.value)
    _refuse(turn, event, order.status.value, detail)


def _event(turn: Turn, account: AccountId, instrument: InstrumentId, subject: str, report: str) -> ReportRefused:
    return ReportRefused(
        account=account,
        instrument=instrument if instrument in turn.rules.instruments else None,
        subject=subject[:SUBJECT_TEXT_MAX],
        report=report,
        state="",
        detail="",
        seen_at=turn.now,
    )


def _refuse(turn: Turn, event: ReportRefused, state: str, detail: str) -> None:
    subject = f"{event.subject}:{event.report}"
    if (AlertName.REPORT_REFUSED, subject) in turn.state.alerts:
        turn.drop("report_refused_before")
        return
    told = detail[:DETAIL_TEXT_MAX]
    turn.book(msgspec.structs.replace(event, state=state, detail=told))
    turn.alert(AlertName.REPORT_REFUSED, subject, told, severity=Severity.CRITICAL)
    if event.instrument is not None:
        scope, target = HaltScope.INSTRUMENT, str(event.instrument)
    else:
        scope, target = HaltScope.VENUE, str(event.account)
    turn.halt(scope, target, HaltCause.REPORT_REFUSED, f"{event.report} of {event.subject} was refused")
