"""What an account statement leads to: the events of reconciliation, halts for differences, questions for orders."""

from __future__ import annotations

from flatbook.engine.effects import find_of
from flatbook.engine.reconcile import missing_orders, reconcile
from flatbook.engine.reports import AccountStatement
from flatbook.engine.turn import Turn
from flatbook.events.control import (
    AlertName,
    BalanceStated,
    BooksAgreed,
    BooksDiverged,
    HaltCause,
    HaltScope,
    Severity,
)
from flatbook.events.orders import ForeignOrderSeen
from flatbook.strategies.decision import Trigger
from flatbook.values.money import plain


def take_statement(turn: Turn, statement: AccountStatement) -> None:
    """Reconciles with a statement: books what it shows, halts what differs, asks for what it does not show."""
    for event in reconcile(turn.state, statement, turn.rules, turn.now):
        turn.book(event)
        if isinstance(event, BooksDiverged):
            _stop(turn, event)
        elif isinstance(event, BooksAgreed):
            turn.clear(AlertName.BOOKS_DIVERGED, f"{event.account}:{event.subject}")
        elif isinstance(event, ForeignOrderSeen):
            _tell_foreign(turn, event)
        elif isinstance(event, BalanceStated):
            turn.touch_all(Trigger.BALANCE_CHANGED)
    turn.effects.extend(find_of(order) for order in missing_orders(turn.state, statement, turn.rules))


def _stop(turn: Turn, event: BooksDiverged) -> None:
    subject = f"{event.account}:{event.subject}"
    detail = f"{event.subject}: ours {plain(event.ours)}, theirs {plain(event.theirs)}"
    turn.alert(AlertName.BOOKS_DIVERGED, subject, detail, severity=Severity.CRITICAL)
    if event.instrument is not None:
        turn.halt(HaltScope.INSTRUMENT, event.instrument, HaltCause.DIVERGED, detail)


def _tell_foreign(turn: Turn, event: ForeignOrderSeen) -> None:
    subject = f"{event.account}:order:{event.venue_order_id}"
    if event.open:
        detail = f"{event.side.value} {plain(event.qty)} {event.instrument} works on our account and is not ours"
        turn.alert(AlertName.FOREIGN_ACTIVITY, subject, detail, severity=Severity.WARNING)
    else:
        turn.clear(AlertName.FOREIGN_ACTIVITY, subject)
