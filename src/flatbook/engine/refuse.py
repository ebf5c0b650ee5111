"""Reports that cannot be true: kept in the journal, folded to nothing, halted around, and shown to a person."""

from __future__ import annotations

from flatbook.engine.reports import Execution, OrderReport, UnreadableExecution
from flatbook.engine.sound import told
from flatbook.engine.turn import Turn
from flatbook.events.control import AlertName, HaltCause, HaltScope, Severity
from flatbook.events.orders import ReportRefused
from flatbook.state.halts import Halt
from flatbook.state.orders import Move, Order
from flatbook.values.ids import AccountId, InstrumentId

DETAIL_TEXT_MAX = 256
SUBJECT_TEXT_MAX = 96


def refused_report(turn: Turn, account: AccountId, report: OrderReport, flaw: str) -> None:
    """Refuses a report of the state of an order, ours or not."""
    order = turn.state.orders.get(report.order_id) if report.order_id is not None else None
    subject = str(report.order_id if order is not None else report.venue_order_id)
    instrument = report.instrument if order is None else order.instrument
    state = "" if order is None else order.status.value
    _refuse(turn, _event(turn, account, instrument, "order_report", subject=subject, state=state, detail=flaw))


def refused_execution(turn: Turn, account: AccountId, execution: Execution, flaw: str) -> None:
    """Refuses an execution."""
    subject = str(execution.execution_id)
    _refuse(turn, _event(turn, account, execution.instrument, "execution", subject=subject, state="", detail=flaw))


def refused_unreadable(turn: Turn, account: AccountId, line: UnreadableExecution, flaw: str) -> None:
    """Refuses an execution that cannot be read beyond its id."""
    subject = str(line.execution_id)
    _refuse(turn, _event(turn, account, line.instrument, "execution", subject=subject, state="", detail=flaw))


def refused_move(turn: Turn, order: Order, move: Move) -> None:
    """Refuses what the life of an order does not allow."""
    state = order.status.value
    detail = f"an order that is {state} cannot be {move.value}"
    subject = str(order.order_id)
    _refuse(
        turn, _event(turn, order.account, order.instrument, move.value, subject=subject, state=state, detail=detail)
    )


def refused_statement(turn: Turn, account: AccountId, flaw: str) -> None:
    """Refuses the statement of an account."""
    _refuse(turn, _event(turn, account, None, "statement", subject=str(account), state="", detail=flaw))


def clear_refused(turn: Turn, halt: Halt) -> None:
    """Clears the alerts of the refused reports for which a halt that is lifted stood."""
    instrument = turn.rules.instruments.get(InstrumentId(halt.target))
    within = halt.target if instrument is None else f"{instrument.account} {halt.target}"
    for name, subject in tuple(turn.state.alerts):
        if name is AlertName.REPORT_REFUSED and subject.startswith(f"{within} "):
            turn.clear(name, subject)


def alert_subject(account: AccountId, instrument: InstrumentId | None, subject: str, report: str) -> str:
    """Returns what the alert of a refused report is about: account, instrument, order or execution, kind of report."""
    return f"{account} {instrument or '-'} {told(subject, SUBJECT_TEXT_MAX)} {report}"


def _event(turn: Turn, account: AccountId, instrument: InstrumentId | None, report: str, **texts: str) -> ReportRefused:
    return ReportRefused(
        account=account,
        instrument=instrument if instrument in turn.rules.instruments else None,
        subject=told(texts["subject"], SUBJECT_TEXT_MAX),
        report=report,
        state=texts["state"],
        detail=told(texts["detail"], DETAIL_TEXT_MAX),
        seen_at=turn.now,
    )


def _refuse(turn: Turn, event: ReportRefused) -> None:
    subject = alert_subject(event.account, event.instrument, event.subject, event.report)
    if (AlertName.REPORT_REFUSED, subject) in turn.state.alerts:
        turn.drop("report_refused_before")
        return
    turn.book(event)
    turn.alert(AlertName.REPORT_REFUSED, subject, event.detail, severity=Severity.CRITICAL)
    if event.instrument is not None:
        scope, target = HaltScope.INSTRUMENT, str(event.instrument)
    else:
        scope, target = HaltScope.VENUE, str(event.account)
    turn.halt(scope, target, HaltCause.REPORT_REFUSED, f"{event.report} of {event.subject} was refused")
