"""What answers, reports and executions of our orders become."""

from __future__ import annotations

import msgspec

from flatbook.engine.effects import cancel_of, find_of
from flatbook.engine.inputs import CancelAnswered, FindAnswered, PlaceAnswered
from flatbook.engine.move_orders import book_move, net_of
from flatbook.engine.ports import FillSource
from flatbook.engine.realise import realised_by
from flatbook.engine.refuse import alert_subject, refused_execution, refused_report
from flatbook.engine.reports import (
    Absent,
    Accepted,
    CancelTaken,
    CancelTooLate,
    Execution,
    NotSent,
    OrderReport,
    Rejected,
    VenueStatus,
)
from flatbook.engine.sound import (
    INSTANT_FIRST,
    flaw_of_execution,
    flaw_of_fill_total,
    flaw_of_report,
    flaw_of_text,
    reasonable,
    told,
)
from flatbook.engine.take_absence import is_gone, shown_in, take_absence
from flatbook.engine.take_forced import take_forced_execution
from flatbook.engine.take_foreign import quote_of, take_foreign_execution, take_foreign_order
from flatbook.engine.take_totals import execution_of_total, flaw_of_total
from flatbook.engine.turn import Turn
from flatbook.events import orders as ev
from flatbook.events.control import AlertName, HaltCause, HaltScope, MarkSet, Severity
from flatbook.events.event import Event
from flatbook.events.refs import ref_of, ref_of_order
from flatbook.state.orders import Order, Status, cancel_from, signed
from flatbook.state.stops import must_go
from flatbook.values.ids import AccountId, InstrumentId, OrderId, execution_id_of_half, is_of_total
from flatbook.values.instants import later
from flatbook.values.money import plain

CODE_TEXT_MAX = 64
MESSAGE_TEXT_MAX = 256

_ENDED_THERE = (Status.FILLED, Status.CANCELED, Status.EXPIRED, Status.REJECTED)
_ENDS = {VenueStatus.CANCELED: ev.OrderEnd.CANCELED, VenueStatus.EXPIRED: ev.OrderEnd.EXPIRED}


def take_place_answer(turn: Turn, item: PlaceAnswered) -> None:
    """Books the answer to the placing of an order."""
    order = turn.state.orders.get(item.order_id)
    if order is None:
        turn.drop("answer_to_forgotten_order")
        return
    answer = item.answer
    if isinstance(answer, Accepted):
        _take_accepted(turn, order, item.attempt, answer)
    elif isinstance(answer, Rejected):
        _take_rejected(turn, order, item.attempt, answer)
    elif isinstance(answer, NotSent):
        _take_not_sent(turn, order, item.attempt, answer)
    else:
        _book_unknown(turn, order, item.attempt, answer.reason)
    _cancel_if_asked_before(turn, item.order_id)


def _take_accepted(turn: Turn, order: Order, attempt: int, answer: Accepted) -> None:
    if flaw_of_text("venue order id", answer.venue_order_id) is not None:
        _book_unknown(turn, order, attempt, ev.UnknownReason.UNREADABLE)
        return
    if answer.pending:
        event: Event = ev.OrderSubmitted(
            order_id=order.order_id, venue_order_id=answer.venue_order_id, seen_at=turn.now
        )
    else:
        event = ev.OrderAccepted(
            order_id=order.order_id,
            venue_order_id=answer.venue_order_id,
            happened_at=reasonable(answer.happened_at, turn.now),
            seen_at=turn.now,
        )
    book_move(turn, order, event)


def _take_rejected(turn: Turn, order: Order, attempt: int, answer: Rejected) -> None:
    """A reject of a resend, or one that says the id is taken, proves nothing about the first send: ask."""
    if attempt > 0 or order.attempt > 0 or answer.reason is ev.RejectReason.DUPLICATE_ID:
        _book_unknown(turn, order, attempt, ev.UnknownReason.UNREADABLE)
        turn.effects.append(find_of(order))
        return
    _book_rejected(turn, order, answer)


def _book_rejected(turn: Turn, order: Order, answer: Rejected) -> None:
    event = ev.OrderRejected(
        order_id=order.order_id,
        reason=answer.reason,
        code=told(answer.code, CODE_TEXT_MAX),
        message=told(answer.message, MESSAGE_TEXT_MAX),
        happened_at=reasonable(answer.happened_at, turn.now),
        seen_at=turn.now,
    )
    if book_move(turn, order, event):
        detail = f"{order.side.value} {plain(order.qty)} {order.instrument}: {answer.reason.value} {event.message}"
        because = ref_of(event)
        turn.alert(AlertName.ORDER_REJECTED, net_of(order), detail, severity=Severity.WARNING, because=because)


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


def _book_unknown(turn: Turn, order: Order, attempt: int, reason: ev.UnknownReason) -> None:
    book_move(turn, order, ev.OrderUnknown(order_id=order.order_id, attempt=attempt, reason=reason, seen_at=turn.now))


def _cancel_if_asked_before(turn: Turn, order_id: OrderId) -> None:
    """Sends the cancel that was decided while the place was still under way, or that a halt demands since."""
    order = turn.state.orders[order_id]
    if order.status is Status.INTENDED or not order.is_open:
        return
    if order.cancel_pending:
        turn.effects.append(cancel_of(order))
    elif must_go(turn.state, order):
        turn.cancel(order, ev.CancelReason.HALTED)


def take_cancel_answer(turn: Turn, item: CancelAnswered) -> None:
    """Books a refused cancel. A taken cancel says nothing yet: the venue reports the end of the order itself."""
    order = turn.state.orders.get(item.order_id)
    if order is None:
        turn.drop("answer_to_forgotten_order")
        return
    if isinstance(item.answer, CancelTaken):
        return
    if isinstance(item.answer, (CancelTooLate, Rejected)):
        message = told(item.answer.message, MESSAGE_TEXT_MAX)
        book_move(
            turn,
            order,
            ev.CancelRefused(order_id=order.order_id, attempt=item.attempt, message=message, seen_at=turn.now),
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
        _take_found(turn, order, item.answer)
    elif not isinstance(item.answer, Absent):
        turn.drop("question_not_answered")
    elif (shown := shown_in(item.statement, order)) is not None:
        _take_found(turn, order, shown)
    elif order.status is Status.UNKNOWN:
        take_absence(turn, order, item)
    elif order.is_open:
        _take_lost(turn, order, item)


def _take_found(turn: Turn, order: Order, report: OrderReport) -> None:
    if report.order_id == order.order_id:
        take_order_report(turn, order.account, report)
    else:
        refused_report(turn, order.account, report, f"asked for {order.order_id}, the answer is of {report.order_id}")


def _take_lost(turn: Turn, order: Order, item: FindAnswered) -> None:
    """An order that worked is not known to its venue any more: it is told, and stays open until that is proven."""
    if item.asked_at < later(order.changed_at, seconds=turn.rules.cards[order.account].read_lag_max_s):
        turn.drop("absence_within_read_lag")
        return
    detail = f"it was {order.status.value} and its venue does not know it any more"
    because = ref_of_order(order.order_id)
    turn.alert(AlertName.ORDER_UNKNOWN, order.order_id, detail, severity=Severity.CRITICAL, because=because)
    if is_gone(turn, order, item):
        done = ev.OrderDone(
            order_id=order.order_id,
            end=ev.OrderEnd.EXPIRED,
            filled_qty=order.filled,
            happened_at=turn.now,
            seen_at=turn.now,
        )
        book_move(turn, order, done)


def take_restart(turn: Turn) -> None:
    """Books every intent without an outcome as unknown: it may or may not have left before the restart.

    Marks that the configuration states anew are booked with it; what was told of an earlier process is cleared.
    """
    for name, about in tuple(turn.state.alerts):
        if name in (AlertName.WAKE_MISSED, AlertName.FORCED_REDUCTION, AlertName.BOOKS_CORRECTED):
            turn.clear(name, about)
    for asset, usd in turn.rules.marks.items():
        if turn.state.marks.get(asset) != usd:
            turn.book(MarkSet(asset=asset, usd=usd, source="config", marked_at=turn.now))
    for order_id in tuple(turn.state.open_orders):
        order = turn.state.orders[order_id]
        if order.status is Status.INTENDED:
            _book_unknown(turn, order, order.attempt, ev.UnknownReason.RESTARTED)
        turn.effects.append(find_of(turn.state.orders[order_id]))
    _halt_resized(turn)


def _halt_resized(turn: Turn) -> None:
    """Halts an instrument whose contracts are held in another size than it is configured with: so many more or fewer
    would be closed than there are, while the balances, which count units of the base, may well agree."""
    for (_, account, name), row in turn.state.positions.rows.items():
        configured = turn.rules.instruments.get(name)
        if not row.qty or configured is None or configured.account != account:
            continue
        if configured.contract_size != row.contract_size:
            held, now = plain(row.contract_size), plain(configured.contract_size)
            detail = f"{plain(row.qty)} contracts of {held} are held, and contracts of {now} are configured"
            turn.alert(AlertName.BOOKS_DIVERGED, f"{account}:{name}", detail, severity=Severity.CRITICAL)
            turn.halt(HaltScope.INSTRUMENT, name, HaltCause.DIVERGED, detail)


def take_order_report(turn: Turn, account: AccountId, report: OrderReport) -> None:
    """Books the state of an order as a venue states it: its executions first, then what it says of the rest."""
    order = turn.state.orders.get(report.order_id) if report.order_id is not None else None
    flaw = flaw_of_report(report, turn.now)
    if flaw is None and order is not None:
        flaw = (
            _mismatch(order, account, report.instrument, report)
            or _mismatch_of_size(order, report)
            or (flaw_of_total(turn, order, report) if turn.state.totals else None)
        )
    if flaw is not None:
        refused_report(turn, account, report, flaw)
        return
    for execution in report.executions:
        take_execution(turn, account, _named(execution, report))
    if order is None:
        take_foreign_order(turn, account, report)
        return
    if _states_totals(turn, order.account):
        _take_total(turn, order, report)
    _take_status(turn, turn.state.orders[order.order_id], report)
    _cancel_again(turn, order.order_id, report.status)


def _take_total(turn: Turn, order: Order, report: OrderReport) -> None:
    """Books what a total adds, at a venue that states totals: it is never mixed with executions for one order."""
    flaw = flaw_of_fill_total(report)
    if flaw is not None:
        refused_report(turn, order.account, report, flaw)
        return
    execution = execution_of_total(turn, order, report, quote_of(turn, order.instrument))
    if execution is not None:
        take_execution(turn, order.account, execution)


def _states_totals(turn: Turn, account: AccountId) -> bool:
    card = turn.rules.cards.get(account)
    return card is not None and card.fill_source is FillSource.TOTALS


def _named(execution: Execution, report: OrderReport) -> Execution:
    """Returns an execution with the ids of the order it is reported with, where it names none itself."""
    return msgspec.structs.replace(
        execution,
        order_id=execution.order_id or report.order_id,
        venue_order_id=execution.venue_order_id or report.venue_order_id,
    )


def _cancel_again(turn: Turn, order_id: OrderId, status: VenueStatus) -> None:
    """Asks again for a cancel that a venue, asked after a while, does not show; and cancels what a halt wants gone."""
    order = turn.state.orders[order_id]
    if not order.is_open or status is VenueStatus.PENDING_CANCEL or turn.now < cancel_from(order):
        return
    if order.cancel_pending:
        turn.effects.append(cancel_of(order))
    elif must_go(turn.state, order):
        turn.cancel(order, ev.CancelReason.HALTED)


def _mismatch_of_size(order: Order, report: OrderReport) -> str | None:
    if report.qty == order.qty or _is_cut(order, report):
        return None
    return f"ours is of {plain(order.qty)}, theirs of {plain(report.qty)}"


def _is_cut(order: Order, report: OrderReport) -> bool:
    """Whether a venue made an order smaller that may only reduce, since the position fell below it."""
    return order.reduce_only and order.filled <= report.qty < order.qty


def _end_of(order: Order, report: OrderReport) -> ev.OrderEnd | None:
    """Returns how an order ended with a rest; one that was cut and then filled left what was cut off."""
    if report.status is VenueStatus.FILLED and _is_cut(order, report):
        return ev.OrderEnd.EXPIRED
    return _ENDS.get(report.status)


def _mismatch(order: Order, account: AccountId, instrument: InstrumentId, shown: OrderReport | Execution) -> str | None:
    if order.account == account and order.instrument == instrument and order.side is shown.side:
        return None
    return f"ours is {order.side.value} {order.instrument} at {order.account}, theirs {shown.side.value} {instrument}"


def _take_status(turn: Turn, order: Order, report: OrderReport) -> None:
    _tell_unreadable(turn, order, report)
    status, end = report.status, _end_of(order, report)
    if status is VenueStatus.REJECTED:
        why, message = report.rejected, report.status_text
        _book_rejected(turn, order, Rejected(reason=why, code="", message=message, happened_at=report.happened_at))
    elif status is VenueStatus.PENDING and report.filled_qty <= order.claimed:
        book_move(
            turn,
            order,
            ev.OrderSubmitted(order_id=order.order_id, venue_order_id=report.venue_order_id, seen_at=turn.now),
        )
    elif end is not None and (order.status not in _ENDED_THERE or report.filled_qty <= order.claimed):
        book_move(turn, order, _done(turn, order, report, end))
    else:
        book_move(
            turn,
            order,
            ev.OrderFound(
                order_id=order.order_id,
                venue_order_id=report.venue_order_id,
                filled_qty=report.filled_qty,
                seen_at=turn.now,
            ),
        )


def _done(turn: Turn, order: Order, report: OrderReport, end: ev.OrderEnd) -> ev.OrderDone:
    return ev.OrderDone(
        order_id=order.order_id,
        end=end,
        filled_qty=report.filled_qty,
        happened_at=report.happened_at,
        seen_at=turn.now,
    )


def _tell_unreadable(turn: Turn, order: Order, report: OrderReport) -> None:
    is_unreadable = report.status is VenueStatus.UNREADABLE and order.is_open
    if not is_unreadable and not turn.state.alerts:
        return
    subject = alert_subject(order.account, order.instrument, order.order_id, "status")
    if is_unreadable:
        detail = f"status {told(report.status_text, CODE_TEXT_MAX)!r} is not known and is taken as open"
        turn.alert(AlertName.REPORT_REFUSED, subject, detail, severity=Severity.WARNING)
    else:
        turn.clear(AlertName.REPORT_REFUSED, subject)


def take_execution(turn: Turn, account: AccountId, execution: Execution) -> None:
    """Books an execution once: by identity, whatever order or number of times it is reported in.

    Where a venue states totals, executions that it shows as well say nothing new.
    """
    if _states_totals(turn, account) and not is_of_total(execution.execution_id):
        turn.drop("execution_beside_totals")
        return
    flaw = flaw_of_execution(execution, turn.now)
    if flaw is not None:
        refused_execution(turn, account, execution, flaw)
        return
    known = turn.state.executions.get((account, execution.instrument, execution.execution_id))
    if known is not None and known[1:] == (signed(execution.side.opposite, execution.qty), execution.price):
        execution = _other_half(execution)
        known = turn.state.executions.get((account, execution.instrument, execution.execution_id))
    if known is not None:
        same = known[1:] == (signed(execution.side, execution.qty), execution.price)
        _drop_or_refuse_repeated(turn, account, execution, same)
        return
    if execution.happened_at <= turn.state.execution_watermarks.get(account, INSTANT_FIRST):
        turn.drop("execution_below_watermark")
        return
    order = turn.state.orders.get(execution.order_id) if execution.order_id is not None else None
    if order is None and execution.forced is not None:
        take_forced_execution(turn, account, execution, execution.forced)
        return
    if order is None:
        take_foreign_execution(turn, account, execution)
        return
    mismatch = _mismatch(order, account, execution.instrument, execution)
    if mismatch is not None:
        refused_execution(turn, account, execution, mismatch)
        return
    _book_execution(turn, order, execution)


def _other_half(execution: Execution) -> Execution:
    """Returns an execution under an identity of its own whose trade is known already, by its other side.

    Two orders of one account met, one of them placed by hand: the order that takes decides whether its exchange
    prevents that, and many an exchange states one number for the trade, and not one for each order.
    Source: Binance, Self-Trade Prevention FAQ: the mode of the taker counts; `id` of account trades is the trade's.
    """
    named = execution_id_of_half(execution.execution_id, execution.side.value)
    return msgspec.structs.replace(execution, execution_id=named)


def _drop_or_refuse_repeated(turn: Turn, account: AccountId, execution: Execution, same: bool) -> None:
    if same:
        turn.drop("execution_known")
        return
    detail = f"reported again as {execution.side.value} {plain(execution.qty)} at {plain(execution.price)}"
    refused_execution(turn, account, execution, detail)


def _book_execution(turn: Turn, order: Order, execution: Execution) -> None:
    event = ev.OrderFilled(
        order.order_id,
        order.owner,
        order.account,
        order.instrument,
        order.underlying,
        execution.execution_id,
        order.side,
        execution.qty,
        execution.price,
        quote_of(turn, order.instrument),
        order.contract_size,
        execution.fees,
        order.product,
        realised_by(turn, order.account, execution, order.product, order.contract_size),
        execution.maker,
        execution.happened_at,
        turn.now,
    )
    book_move(turn, order, event)
    after = turn.state.orders[order.order_id]
    if after.filled > after.qty:
        turn.book(ev.OrderOverfilled(order_id=order.order_id, ordered=after.qty, filled=after.filled, seen_at=turn.now))
        detail = f"ordered {plain(after.qty)}, filled {plain(after.filled)}: the surplus is hedged like any exposure"
        turn.alert(AlertName.ORDER_OVERFILLED, net_of(order), detail, severity=Severity.CRITICAL, because=ref_of(event))
