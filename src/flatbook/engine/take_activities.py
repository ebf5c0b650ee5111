"""What a venue books besides executions: each activity once, before the cash of the same statement is compared."""

from __future__ import annotations

from flatbook.engine.reports import AccountStatement, Activity
from flatbook.engine.sound import reasonable, told
from flatbook.engine.turn import Turn
from flatbook.events.activities import AccountActivityBooked, ActivityKind
from flatbook.events.control import AlertName, Severity
from flatbook.events.refs import ref_of
from flatbook.values.ids import UNASSIGNED, AccountId, OwnerId
from flatbook.values.money import plain

KIND_TEXT_MAX = 64
DETAIL_TEXT_MAX = 256


def take_activities(turn: Turn, statement: AccountStatement) -> None:
    """Books the activities of a statement that are not known yet.

    Gives: none before the account is opened, and none that its opening balance holds already.
    """
    for activity in statement.activities:
        take_activity(turn, statement.account, activity)


def take_activity(turn: Turn, account: AccountId, activity: Activity) -> None:
    """Books one activity, unless it is known, or dated before all that its account holds was named."""
    opened_at = turn.state.opened.get(account)
    is_known = (account, activity.activity_id) in turn.state.activities
    if opened_at is not None and not is_known and activity.happened_at >= opened_at:
        _book(turn, account, activity)


def _book(turn: Turn, account: AccountId, activity: Activity) -> None:
    instrument = None if activity.instrument is None else turn.rules.instruments.get(activity.instrument)
    event = AccountActivityBooked(
        account=account,
        activity_id=activity.activity_id,
        kind=activity.kind,
        venue_kind=told(activity.venue_kind, KIND_TEXT_MAX),
        owner=_owner_of(turn, account, activity),
        underlying=None if instrument is None else instrument.underlying,
        instrument=None if instrument is None else instrument.id,
        order_id=activity.order_id,
        asset=activity.asset,
        amount=activity.amount,
        detail=told(activity.detail, DETAIL_TEXT_MAX),
        happened_at=reasonable(activity.happened_at, turn.now),
        seen_at=turn.now,
    )
    turn.book(event)
    if event.kind is ActivityKind.OTHER:
        detail = f"{event.venue_kind} of {plain(event.amount)} {event.asset}: {event.detail}"
        subject = f"{account}:{event.activity_id}"
        turn.alert(AlertName.ACTIVITY_UNKNOWN, subject, detail, severity=Severity.WARNING, because=ref_of(event))


def _owner_of(turn: Turn, account: AccountId, activity: Activity) -> OwnerId:
    """Returns whose an activity is: of its order, of who alone holds its instrument, or of who alone trades there."""
    order = None if activity.order_id is None else turn.state.orders.get(activity.order_id)
    if order is not None:
        return order.owner
    rows = turn.state.positions.rows.items()
    holders = [key[0] for key, row in rows if key[1:] == (account, activity.instrument) and row.qty]
    rules = turn.rules
    hedged = (key[0] for key, hedge in rules.hedges.items() if account in hedge.accounts)
    seated = (owner for owner, each in rules.seats.items() if each.seat.account == account)
    here = tuple(dict.fromkeys(holders or (*hedged, *seated)))
    return here[0] if len(here) == 1 else UNASSIGNED
