"""The resend law: what may follow when a venue, asked for an order of ours, says that it has none.

While a venue refuses a second order under the same id, an unknown order may be sent again. Elsewhere, and after the
order's time, only a proof of absence ends it: a question asked after the fence, and where ids may come again a
statement that agrees. So it is with an order that worked: exchanges forget what ended without an execution after days.
"""

from __future__ import annotations

from flatbook.engine.effects import place_of
from flatbook.engine.inputs import FindAnswered
from flatbook.engine.move_orders import book_move
from flatbook.engine.ports import IdRule, VenueCard
from flatbook.engine.reconcile import statement_balances
from flatbook.engine.reports import AccountStatement, OrderReport
from flatbook.engine.turn import Turn
from flatbook.events import orders as ev
from flatbook.state.exposure import exposure_of
from flatbook.state.orders import Order
from flatbook.state.stops import must_go
from flatbook.values.instants import Instant, later
from flatbook.values.instruments import Side, held_as
from flatbook.values.money import ZERO


def shown_in(statement: AccountStatement | None, order: Order) -> OrderReport | None:
    """Returns the line of a statement that shows an order of ours, None when none does."""
    if statement is None:
        return None
    return next((report for report in statement.open_orders if report.order_id == order.order_id), None)


def take_absence(turn: Turn, order: Order, item: FindAnswered) -> None:
    """Sends an unknown order again, or ends it as denied, or waits, as the id rule of its venue allows."""
    card = turn.rules.cards[order.account]
    if item.asked_at < order.sent_at:
        turn.drop("absence_older_than_the_order")
    elif _id_holds(card, order, turn.now) and _may_resend(turn, order):
        _resend(turn, order)
    elif item.asked_at >= fence(card, order) and (
        card.id_rule is IdRule.FOR_EVER or _statement_agrees(turn, order, item.statement, fence(card, order))
    ):
        book_move(turn, order, _absent(turn, order, proven=True))
    else:
        turn.drop("absence_not_proven")


def is_gone(turn: Turn, order: Order, item: FindAnswered) -> bool:
    """Whether an order that worked is proven to work no more, and to have executed nothing that we have not booked.

    Source: USD-M Query Order: what was canceled or expired without an execution is not found three days after it was
    made.
    """
    since = fence(turn.rules.cards[order.account], order, since=order.changed_at)
    is_owed_nothing = order.claimed == order.filled
    return is_owed_nothing and item.asked_at >= since and _statement_agrees(turn, order, item.statement, since)


def fence(card: VenueCard, order: Order, *, since: Instant | None = None) -> Instant:
    """Returns from when a question cannot miss the order: its last request has died, and reads have caught up.

    `since` takes the place of the instant of its last request.
    """
    began = order.sent_at if since is None else max(since, order.sent_at)
    return later(began, seconds=max(card.request_window_s, card.place_timeout_s) + card.read_lag_max_s)


def _absent(turn: Turn, order: Order, *, proven: bool) -> ev.OrderAbsent:
    return ev.OrderAbsent(order_id=order.order_id, attempt=order.attempt, proven=proven, seen_at=turn.now)


def _id_holds(card: VenueCard, order: Order, now: Instant) -> bool:
    """Whether the venue would still refuse a second order under this id if the first one arrived."""
    if card.id_rule is IdRule.WINDOW:
        return later(now, seconds=card.request_window_s) < later(order.decided_at, seconds=card.id_window_s)
    return card.id_rule is IdRule.FOR_EVER


def _may_resend(turn: Turn, order: Order) -> bool:
    in_time = turn.now < order.good_until and order.attempt < turn.rules.resends_max
    wanted = not order.cancel_pending and not must_go(turn.state, order)
    hedged = (order.owner, order.underlying) in turn.rules.hedges
    return in_time and wanted and hedged and _still_fits(turn, order)


def _still_fits(turn: Turn, order: Order) -> bool:
    """Whether the net, with all that may still execute, stays on its side of zero if the order lives."""
    exposure = exposure_of(turn.state, (order.owner, order.underlying))
    return exposure.highest <= ZERO if order.side is Side.BUY else exposure.lowest >= ZERO


def _resend(turn: Turn, order: Order) -> None:
    book_move(turn, order, _absent(turn, order, proven=False))
    resent = ev.OrderResent(order_id=order.order_id, attempt=order.attempt + 1, decided_at=turn.now)
    book_move(turn, turn.state.orders[order.order_id], resent)
    turn.effects.append(place_of(turn.state.orders[order.order_id]))


def _statement_agrees(turn: Turn, order: Order, statement: AccountStatement | None, since: Instant) -> bool:
    """Whether a statement read after an instant shows neither an order like it nor shares it could have traded."""
    if statement is None or statement.account != order.account or statement.stated_at < since:
        return False
    looks_alike = any(
        (report.instrument, report.side, report.qty) == (order.instrument, order.side, order.qty)
        and report.order_id is None
        for report in statement.open_orders
    )
    asset = held_as(order.product, order.underlying, order.instrument)
    theirs = statement_balances(statement, turn.rules).get(asset, ZERO)
    return not looks_alike and theirs == turn.state.balances.get((order.account, asset), ZERO)
