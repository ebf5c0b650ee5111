"""What an account statement leads to: the events of reconciliation, halts for differences, questions for orders."""

from __future__ import annotations

from flatbook.engine.effects import ReadStatement, cancel_of, find_of
from flatbook.engine.inputs import Stated
from flatbook.engine.reconcile import missing_orders, reconcile, revived_orders
from flatbook.engine.refuse import refused_report, refused_statement
from flatbook.engine.reports import AccountStatement
from flatbook.engine.sound import flaw_of_statement
from flatbook.engine.take_activities import take_activities
from flatbook.engine.take_clock import take_clock
from flatbook.engine.take_foreign import tell_foreign_order
from flatbook.engine.take_market import take_hours, take_tradability
from flatbook.engine.take_risk import prove_stops
from flatbook.engine.turn import Turn
from flatbook.events.control import AlertName, BooksAgreed, BooksDiverged, HaltCause, HaltScope, Severity
from flatbook.events.orders import ForeignOrderSeen
from flatbook.events.refs import ref_of
from flatbook.events.risk import BooksCorrected
from flatbook.strategies.decision import Trigger
from flatbook.values.ids import AccountId
from flatbook.values.instants import Instant, text_of_instant, utc_day
from flatbook.values.money import plain


def take_statement(turn: Turn, stated: Stated) -> None:
    """Reconciles with a statement: books what it shows, halts what differs, asks for what it does not show."""
    statement, earlier = stated.statement, stated.earlier
    flaw = flaw_of_statement(statement, turn.now)
    if flaw is not None:
        refused_statement(turn, statement.account, flaw)
        return
    turn.clear(AlertName.VENUE_SILENT, statement.account)
    take_clock(turn, statement.account, statement.clock)
    take_hours(turn, statement.account, statement.hours)
    take_tradability(turn, statement.account, statement.untradable)
    take_activities(turn, statement)
    for event in reconcile(turn.state, statement, turn.rules, turn.now, earlier=earlier, read=stated.read):
        turn.book(event)
        if isinstance(event, BooksDiverged):
            _tell_difference(turn, event)
        elif isinstance(event, BooksAgreed):
            turn.clear(AlertName.BOOKS_DIVERGED, f"{event.account}:{event.subject}")
        elif isinstance(event, BooksCorrected):
            _tell_correction(turn, event)
        elif isinstance(event, ForeignOrderSeen):
            tell_foreign_order(turn, event)
    turn.effects.extend(find_of(order) for order in missing_orders(turn.state, statement, turn.rules, earlier))
    _stop_revived(turn, statement)
    prove_stops(turn, statement)


def take_silence(turn: Turn, account: AccountId, since: Instant) -> None:
    """Tells that an account has not been read completely for too long: its books are compared with nothing."""
    detail = f"no complete reading since {text_of_instant(since)}: nothing is compared"
    turn.alert(AlertName.VENUE_SILENT, account, detail, severity=Severity.CRITICAL)


def _tell_difference(turn: Turn, event: BooksDiverged) -> None:
    subject = f"{event.account}:{event.subject}"
    detail = f"{event.subject}: ours {plain(event.ours)}, theirs {plain(event.theirs)}"
    turn.alert(AlertName.BOOKS_DIVERGED, subject, detail, severity=Severity.CRITICAL)
    if event.instrument is not None:
        turn.halt(HaltScope.INSTRUMENT, event.instrument, HaltCause.DIVERGED, detail)


def _tell_correction(turn: Turn, event: BooksCorrected) -> None:
    """Tells of a correction, lets its owner decide anew, and reads the account again: it must agree then."""
    count = turn.state.corrected[event.account, event.subject].count
    subject = f"{event.account}:{event.subject}:{utc_day(event.seen_at)}:{count}"
    detail = f"{event.subject}: ours {plain(event.ours)}, theirs {plain(event.theirs)}, booked against suspense"
    turn.alert(AlertName.BOOKS_CORRECTED, subject, detail, severity=Severity.WARNING, because=ref_of(event))
    turn.touch((event.owner, event.underlying), Trigger.ORDER_FILLED)
    turn.effects.append(ReadStatement(account=event.account))


def _stop_revived(turn: Turn, statement: AccountStatement) -> None:
    """Halts around an order of ours that works although we hold it as ended, and asks its venue to cancel it."""
    for order, report in revived_orders(turn.state, statement, turn.rules):
        flaw = f"we hold it as {order.status.value}, the statement shows it working"
        refused_report(turn, statement.account, report, flaw)
        turn.effects.append(cancel_of(order))
