"""Which orders somebody must ask about, and when: a function of the fold and of what was asked before."""

from __future__ import annotations

from collections.abc import Mapping

from flatbook.engine.ports import VenueCard
from flatbook.state.desk import State
from flatbook.state.orders import Order, Status
from flatbook.values.ids import AccountId, OrderId
from flatbook.values.instants import Instant, later

UNKNOWN_ASK_S = 2
CANCEL_ASK_S = 2
RECHECK_S = 30
ASK_DOUBLINGS_MAX = 4

Asked = Mapping[OrderId, tuple[Instant, int]]


def next_ask_at(order: Order, card: VenueCard, asked: tuple[Instant, int] | None) -> Instant | None:
    """Returns when an order is to be asked for next, None when its venue will tell by itself.

    Units: an unknown order is asked for after 2 s, then at doubled intervals up to 32 s; one whose cancel, pending
    state or missing executions last too long after 30 s. A cancel is asked about once 2 s after it was wanted: a venue
    that pushes has told by then, and of one that is polled nobody waits for the next poll to know that nothing is open.
    """
    if order.status is Status.UNKNOWN:
        if asked is None:
            return later(order.changed_at, seconds=UNKNOWN_ASK_S)
        at, times = asked
        return later(at, seconds=UNKNOWN_ASK_S << min(times, ASK_DOUBLINGS_MAX))
    if order.status is Status.PENDING_CANCEL and (asked is None or asked[0] < order.changed_at):
        return later(order.changed_at, seconds=CANCEL_ASK_S)
    waits = order.status in (Status.SUBMITTED, Status.PENDING_CANCEL) or order.claimed > order.filled
    lives_too_long = order.is_open and order.status is not Status.INTENDED
    if not waits and not lives_too_long:
        return None
    start = order.changed_at if waits else later(order.good_until, seconds=card.read_lag_max_s)
    last = asked[0] if asked is not None else start
    return later(max(start, last), seconds=RECHECK_S)


def overdue(
    state: State, cards: Mapping[AccountId, VenueCard], asked: Asked, now: Instant
) -> tuple[tuple[Order, ...], Instant | None]:
    """Returns the orders to ask for now, and the next instant at which another one will be due.

    An order at an account that has no venue any more cannot be asked for.
    """
    due: list[Order] = []
    upcoming: Instant | None = None
    for key in state.owing:
        for order in state.orders_owing(key):
            card = cards.get(order.account)
            at = next_ask_at(order, card, asked.get(order.order_id)) if card is not None else None
            if at is None:
                continue
            if at <= now:
                due.append(order)
            elif upcoming is None or at < upcoming:
                upcoming = at
    return tuple(due), upcoming
