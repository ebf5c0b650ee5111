"""What answers, reports and executions of our orders become."""

from __future__ import annotations

from decimal import Decimal

from flatbook.engine.effects import cancel_of, find_of, place_of
from flatbook.engine.inputs import CancelAnswered, FindAnswered, PlaceAnswered
from flatbook.engine.ports import IdRule
from flatbook.engine.refuse import refused_execution, refused_move, refused_report
from flatbook.engine.reports import (
    Absent,
    Accepted,
    CancelTaken,
    CancelTooLate,
    Execution,
    NotSent,
    OrderReport,
    Rejected,
    Unknown,
    VenueStatus,
)
from flatbook.engine.sound import flaw_of_execution, flaw_of_report
from flatbook.engine.take_foreign import take_foreign_execution, take_foreign_order
from flatbook.engine.turn import Turn
from flatbook.events import orders as ev
from flatbook.events.control import AlertName, MarkSet, Severity
from flatbook.events.event import Event
from flatbook.events.refs import ref_of, ref_of_order
from flatbook.state.halts import halt_over
from flatbook.state.orders import STALE, TRANSITIONS, Order, Status, move_of
from flatbook.strategies.decision import Trigger
from flatbook.values.ids import AccountId, AssetId, InstrumentId, OrderId
from flatbook.values.instants import later

CODE_TEXT_MAX = 64
MESSAGE_TEXT_MAX = 256

_TRIGGERS: dict[type[Event], Trigger] = {
    ev.OrderSubmitted: Trigger.ORDER_WORKING,
    ev.OrderAccepted: Trigger.ORDER_WORKING,
    ev.OrderFound: Trigger.ORDER_WORKING,
    ev.CancelRefused: Trigger.ORDER_WORKING,
    ev.OrderFilled: Trigger.ORDER_FILLED,
    ev.OrderUnknown: Trigger.ORDER_UNKNOWN,
    ev.OrderRejected: Trigger.ORDER_ENDED,
    ev.OrderNotSent: Trigger.ORDER_ENDED,
    ev.OrderAbsent: Trigger.ORDER_ENDED,
    ev.OrderDone: Trigger.ORDER_ENDED,
}


def take_place_answer(turn: Turn, item: PlaceAnswered) -> None:
    """Books the answer to the placing of an order."""
    order = turn.state.orders.get(item.order_id)
    if order is None:
        turn.drop("answer_to_forgotten_order")
        return
    answer = item.answer
    if isinstance(answer, Accepted):
        _take_accepted(turn, order, answer)
    elif isinstance(answer, Rejected):
        _take_rejected(turn, order, item.attempt, answer)
    elif isinstance(answer, NotSent):
        _take_not_sent(turn, order, item.attempt, answer)
    else:
        _book_unknown(turn, order, item.attempt, answer)
    _cancel_if_asked_before(turn, item.order_id)


def _take_accepted(turn: Turn, order: Order, answer: Accepted) -> None:
    if answer.pending:
        event: Event = ev.OrderSubmitted(
            order_id=order.order_id, venue_order_id=answer.venue_order_id, seen_at=turn.now
        )
    else:
        event = ev.OrderAccepted(
            order_id=order.order_id,
            venue_order_id=answer.venue_order_id,
            happened_at=answer.happened_at,
            seen_at=turn.now,
        )
    book_move(turn, order, event)


def _take_rejected(turn: Turn, order: Order, attempt: int, answer: Rejected) -> None:
    """A reject of a resend, or one that says the id is taken, proves nothing about the first send: ask."""
    if attempt > 0 or order.attempt > 0 or answer.reason is ev.RejectReason.DUPLICATE_ID:
        _book_unknown(turn, order, attempt, Unknown(reason=ev.UnknownReason.UNREADABLE))
        turn.effects.append(find_of(order))
        return
    book_move(turn, order, _rejected(turn, order, answer))


def _rejected(turn: Turn, order: Order, answer: Rejected) -> ev.OrderRejected:
    return ev.OrderRejected(
        order_id=order.order_id,
        reason=answer.reason,
        code=answer.code[:CODE_TEXT_MAX],
        message=answer.message[:MESSAGE_TEXT_MAX],
        happened_at=answer.happened_at,
        seen_at=turn.now,
    )


def _take_not_sent(turn: Turn, order: Order, attempt: int, answer: NotSent) -> None:
    """A resend that never left says nothing about the sends before it."""
    if attempt > 0:
        turn.drop("resend_not_sent")
        return
    book_move(
        turn,
        order,
        ev.OrderNotSent(order_id=order.order_id, attempt=attempt, reason=answer.reason, seen_at=turn.now),
    )


def _book_unknown(turn: Turn, order: Order, attempt: int, answer: Unknown) -> None:
    event = ev.OrderUnknown(order_id=order.order_id, attempt=attempt, reason=answer.reason, seen_at=turn.now)
    if book_move(turn, order, event):
        turn.alert(
            AlertName.ORDER_UNKNOWN,
            order.order_id,
            f"{order.side.value} {order.qty} {order.instrument}: {answer.reason.value}",
            severity=Severity.WARNING,
            because=ref_of_order(order.order_id),
        )


def _cancel_if_asked_before(turn: Turn, order_id: OrderId) -> None:
    """Sends the cancel that was decided while the place was still under way."""
    order = turn.state.orders[order_id]
    if order.is_open and order.cancel_pending and order.status is not Status.INTENDED:
        turn.effects.append(cancel_of(order))


def take_cancel_answer(turn: Turn, item: CancelAnswered) -> None:
    """Books a refused cancel. A taken cancel says nothing yet: the venue reports the end of the order itself."""
    order = turn.state.orders.get(item.order_id)
    if order is None or isinstance(item.answer, CancelTaken):
        return
    message = item.answer.message if isinstance(item.answer, (CancelTooLate, Rejected)) else "no answer"
    if isinstance(item.answer, (CancelTooLate, Rejected)):
        book_move(
            turn,
            order,
            ev.CancelRefused(
                order_id=order.order_id, attempt=item.attempt, message=message[:MESSAGE_TEXT_MAX], seen_at=turn.now
            ),
        )
    if turn.state.orders[item.order_id].is_open:
        turn.effects.append(find_of(order))


def take_find_answer(turn: Turn, item: FindAnswered) -> None:
    """Books what a venue said when asked for an order by its id."""
    order = turn.state.orders.get(item.order_id)
    if order is None:
        turn.drop("answer_to_forgotten_order")
        return
    if isinstance(item.answer, OrderReport):
        take_order_report(turn, order.account, item.answer)
    elif isinstance(item.answer, Absent) and order.status is Status.UNKNOWN:
        _take_absent(turn, order, item)


def _take_absent(turn: Turn, order: Order, item: FindAnswered) -> None:
    card = turn.rules.cards[order.account]
    fence = later(order.sent_at, seconds=card.request_window_s + card.read_lag_max_s)
    if card.id_rule is IdRule.FOR_EVER and _may_resend(turn, order):
        _resend(turn, order)
    elif item.asked_at >= fence and (card.id_rule is IdRule.FOR_EVER or _statement_agrees(turn, order, item)):
        book_move(
            turn,
            order,
            ev.OrderAbsent(order_id=order.order_id, attempt=order.attempt, proven=True, seen_at=turn.now),
        )
    else:
        turn.drop("absence_not_proven")


def _may_resend(turn: Turn, order: Order) -> bool:
    stopped = halt_over(turn.state.halts, order.owner, order.account, order.instrument) is not None
    in_time = turn.now < order.good_until and order.attempt < turn.rules.resends_max
    return in_time and not order.cancel_pending and (order.reduce_only or not stopped)


def _resend(turn: Turn, order: Order) -> None:
    absent = ev.OrderAbsent(order_id=order.order_id, attempt=order.attempt, proven=False, seen_at=turn.now)
    book_move(turn, order, absent)
    resent = ev.OrderResent(order_id=order.order_id, attempt=order.attempt + 1, decided_at=turn.now)
    book_move(turn, turn.state.orders[order.order_id], resent)
    turn.effects.append(place_of(turn.state.orders[order.order_id]))


def _statement_agrees(turn: Turn, order: Order, item: FindAnswered) -> bool:
    """Whether a statement read after the fence shows neither the order nor a holding it could have made."""
    statement = item.statement
    if statement is None:
        return False
    looks_alike = any(
        (report.instrument, report.side, report.qty) == (order.instrument, order.side, order.qty)
        and report.order_id is None
        for report in statement.open_orders
    )
    theirs = sum((held.qty for held in statement.holdings if held.instrument == order.instrument), Decimal(0))
    ours = turn.state.balances.get((order.account, AssetId(order.underlying)), Decimal(0))
    return not looks_alike and theirs * order.contract_size == ours


def take_restart(turn: Turn) -> None:
    """Books every intent without an outcome as unknown: it may or may not have left before the restart.

    Marks that the configuration states anew are booked with it.
    """
    for asset, usd in turn.rules.marks.items():
        if turn.state.marks.get(asset) != usd:
            turn.book(MarkSet(asset=asset, usd=usd, source="config", marked_at=turn.now))
    for order_id in tuple(turn.state.open_orders):
        order = turn.state.orders[order_id]
        if order.status is Status.INTENDED:
            _book_unknown(turn, order, order.attempt, Unknown(reason=ev.UnknownReason.RESTARTED))
        turn.effects.append(find_of(turn.state.orders[order_id]))


def take_order_report(turn: Turn, account: AccountId, report: OrderReport) -> None:
    """Books the state of an order as a venue states it: its executions first, then what it says of the rest."""
    order = turn.state.orders.get(report.order_id) if report.order_id is not None else None
    if order is None:
        take_foreign_order(turn, account, report)
        return
    flaw = flaw_of_report(report) or _mismatch(order, account, report.instrument, report)
    if flaw is not None:
        refused_report(turn, order, account, flaw)
        return
    for execution in report.executions:
        take_execution(turn, account, execution)
    _take_status(turn, turn.state.orders[order.order_id], report)


def _mismatch(order: Order, account: AccountId, instrument: InstrumentId, shown: OrderReport | Execution) -> str | None:
    if (order.account, order.instrument, order.side) == (account, instrument, shown.side):
        return None
    return f"ours is {order.side.value} {order.instrument} at {order.account}, theirs {shown.side.value} {instrument}"


def _take_status(turn: Turn, order: Order, report: OrderReport) -> None:
    status = report.status
    if status in (VenueStatus.CANCELED, VenueStatus.EXPIRED):
        end = ev.OrderEnd.CANCELED if status is VenueStatus.CANCELED else ev.OrderEnd.EXPIRED
        event: Event = ev.OrderDone(
            order_id=order.order_id,
            end=end,
            filled_qty=report.filled_qty,
            happened_at=report.happened_at,
            seen_at=turn.now,
        )
    elif status is VenueStatus.REJECTED:
        answer = Rejected(
            reason=ev.RejectReason.OTHER, code="", message=report.status_text, happened_at=report.happened_at
        )
        event = _rejected(turn, order, answer)
    else:
        event = ev.OrderFound(
            order_id=order.order_id,
            venue_order_id=report.venue_order_id,
            filled_qty=report.filled_qty,
            seen_at=turn.now,
        )
    if status is VenueStatus.UNREADABLE:
        detail = f"status {report.status_text[:CODE_TEXT_MAX]!r} is not known and is taken as open"
        turn.alert(AlertName.REPORT_REFUSED, order.order_id, detail, severity=Severity.WARNING)
    book_move(turn, order, event)


def take_execution(turn: Turn, account: AccountId, execution: Execution) -> None:
    """Books an execution once: by identity, whatever order or number of times it is reported in."""
    flaw = flaw_of_execution(execution, turn.now)
    if flaw is not None:
        refused_execution(turn, account, execution, flaw)
        return
    known = turn.state.executions.get((account, execution.instrument, execution.execution_id))
    if known is not None:
        _drop_or_refuse_repeated(turn, account, execution, known == (known[0], execution.qty, execution.price))
        return
    if execution.happened_at <= turn.state.execution_watermark:
        turn.drop("execution_below_watermark")
        return
    order = turn.state.orders.get(execution.order_id) if execution.order_id is not None else None
    if order is None:
        take_foreign_execution(turn, account, execution)
        return
    mismatch = _mismatch(order, account, execution.instrument, execution)
    if mismatch is not None:
        refused_execution(turn, account, execution, mismatch)
        return
    _book_execution(turn, order, execution)


def _drop_or_refuse_repeated(turn: Turn, account: AccountId, execution: Execution, same: bool) -> None:
    if same:
        turn.drop("execution_known")
        return
    refused_execution(turn, account, execution, f"reported again as {execution.qty} at {execution.price}")


def _book_execution(turn: Turn, order: Order, execution: Execution) -> None:
    instrument = turn.rules.instruments[order.instrument]
    event = ev.OrderFilled(
        order_id=order.order_id,
        owner=order.owner,
        account=order.account,
        instrument=order.instrument,
        underlying=order.underlying,
        execution_id=execution.execution_id,
        side=order.side,
        qty=execution.qty,
        price=execution.price,
        quote=instrument.quote,
        contract_size=order.contract_size,
        fees=execution.fees,
        happened_at=execution.happened_at,
        seen_at=turn.now,
    )
    book_move(turn, order, event)
    after = turn.state.orders[order.order_id]
    if after.filled > after.qty:
        turn.book(ev.OrderOverfilled(order_id=order.order_id, ordered=after.qty, filled=after.filled, seen_at=turn.now))
        detail = f"ordered {after.qty}, filled {after.filled}: the surplus is hedged like any exposure"
        turn.alert(
            AlertName.ORDER_OVERFILLED, order.order_id, detail, severity=Severity.CRITICAL, because=ref_of(event)
        )


def book_move(turn: Turn, order: Order, event: Event) -> bool:
    """Books an event of an order's life if it is news, refuses it if it cannot be, and says whether it was booked."""
    move = move_of(order, event)
    edge = (order.status, move)
    if move is None or edge in STALE or _is_no_news(order, event):
        turn.drop(f"stale_{move.value if move is not None else 'report'}")
        return False
    if edge not in TRANSITIONS:
        refused_move(turn, order, move)
        return False
    turn.book(event)
    after = turn.state.orders[order.order_id]
    if order.status is Status.UNKNOWN and after.status is not Status.UNKNOWN:
        turn.clear(AlertName.ORDER_UNKNOWN, order.order_id)
    trigger = _TRIGGERS.get(type(event))
    if trigger is not None:
        turn.touch((order.owner, order.underlying), trigger)
    return True


def _is_no_news(order: Order, event: Event) -> bool:
    """Whether a working order is merely shown to be working."""
    if isinstance(event, ev.OrderAccepted):
        resting = order.status not in (Status.INTENDED, Status.SUBMITTED, Status.UNKNOWN, Status.DENIED)
        return resting and order.venue_order_id is not None
    if isinstance(event, ev.OrderFound):
        waiting = order.status in (Status.INTENDED, Status.SUBMITTED, Status.UNKNOWN, Status.DENIED)
        return not waiting and order.venue_order_id is not None and event.filled_qty <= order.claimed
    return False
