"""Books what happens in the life of an order: news moves it, what is stale is dropped, what cannot be is refused."""

from __future__ import annotations

from flatbook.engine.refuse import alert_subject, refused_move
from flatbook.engine.turn import Turn
from flatbook.events import orders as ev
from flatbook.events.control import AlertName, Severity
from flatbook.events.event import Event
from flatbook.events.refs import ref_of_order
from flatbook.state.orders import MOVES, STALE, TRANSITIONS, Order, Status, move_of
from flatbook.strategies.decision import Trigger
from flatbook.values.money import plain

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

_SHOWS = (ev.OrderAccepted, ev.OrderFound)
_UNSEEN = (Status.INTENDED, Status.SUBMITTED, Status.UNKNOWN, Status.DENIED)


def net_of(order: Order) -> str:
    """Returns what an alert about the net of an order is about."""
    return f"{order.owner}:{order.underlying}"


def book_move(turn: Turn, order: Order, event: Event) -> bool:
    """Books an event of an order's life if it is news, refuses it if it cannot be, and says whether it was booked."""
    kind = type(event)
    move = MOVES.get(kind) or move_of(order, event)
    edge = (order.status, move)
    if move is None or edge in STALE or (kind in _SHOWS and _is_no_news(order, event)):
        turn.drop(f"stale_{move.value if move is not None else 'report'}")
        return False
    if edge not in TRANSITIONS:
        refused_move(turn, order, move)
        return False
    turn.book(event)
    after = turn.state.orders[order.order_id]
    if turn.state.alerts or after.status is Status.UNKNOWN:
        _tell_of_move(turn, after, event)
    trigger = _TRIGGERS.get(kind)
    if trigger is not None:
        turn.touch((order.owner, order.underlying), trigger)
    return True


def _tell_of_move(turn: Turn, after: Order, event: Event) -> None:
    _clear_moved(turn, after, event)
    if after.status is not Status.UNKNOWN:
        return
    if not isinstance(event, (ev.OrderUnknown, ev.OrderFilled)):
        return
    why = event.reason.value if isinstance(event, ev.OrderUnknown) else "it executed although it was held to be absent"
    detail = f"{after.side.value} {plain(after.qty)} {after.instrument}: {why}"
    because = ref_of_order(after.order_id)
    turn.alert(AlertName.ORDER_UNKNOWN, after.order_id, detail, severity=Severity.WARNING, because=because)


def _clear_moved(turn: Turn, after: Order, event: Event) -> None:
    """Clears what an order was told for and what has passed."""
    if isinstance(event, (ev.OrderAccepted, ev.OrderFilled)):
        turn.clear(AlertName.ORDER_REJECTED, net_of(after))
    if not after.is_open:
        subject = alert_subject(after.account, after.instrument, after.order_id, "status")
        turn.clear(AlertName.REPORT_REFUSED, subject)
    if after.status is not Status.UNKNOWN:
        turn.clear(AlertName.ORDER_UNKNOWN, after.order_id)


def _is_no_news(order: Order, event: Event) -> bool:
    """Whether an order that the venue has shown before is merely shown again."""
    if order.status in _UNSEEN or order.venue_order_id is None:
        return False
    return not (isinstance(event, ev.OrderFound) and event.filled_qty > order.claimed)
