"""Which orders somebody must ask about, and when: a function of the fold and of what was asked before.

A desk looks after every turn, and few orders change in one. What is due is therefore looked for among all orders only
once an instant has come; until then the next one is kept, and orders that an event named are put beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from heapq import heapify, heappop, heappush

from flatbook.engine.ports import VenueCard
from flatbook.events.event import Event
from flatbook.state.desk import State
from flatbook.state.orders import Order, Status
from flatbook.values.ids import AccountId, OrderId
from flatbook.values.instants import Instant, later

UNKNOWN_ASK_S = 2
CANCEL_ASK_S = 2
RECHECK_S = 30
ASK_DOUBLINGS_MAX = 4
KEPT_MIN = 256

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
            at = _ask_at(order, cards, asked)
            if at is None:
                continue
            if at <= now:
                due.append(order)
            elif upcoming is None or at < upcoming:
                upcoming = at
    return tuple(due), upcoming


def _ask_at(order: Order, cards: Mapping[AccountId, VenueCard], asked: Asked) -> Instant | None:
    card = cards.get(order.account)
    return next_ask_at(order, card, asked.get(order.order_id)) if card is not None else None


class Overdue:
    """What `overdue` says, look after look, at the cost of what changed in between. `asked` is what was asked so far.

    Each order that owes anything has an entry that is no later than its instant: an event of it makes a new one, and
    being asked only moves its instant back.
    """

    def __init__(self, cards: Mapping[AccountId, VenueCard], asked: Asked) -> None:
        self._cards, self._asked = cards, asked
        self._state: State | None = None
        self._named: dict[OrderId, None] = {}
        self._kept: list[tuple[Instant, OrderId]] = []
        self._kept_max = KEPT_MIN

    def note(self, events: Iterable[Event]) -> None:
        """Notes whose orders may have changed. Needs: it is told of every event that is folded between two looks."""
        for event in events:
            order_id = getattr(event, "order_id", None)
            if order_id is not None:
                self._named[order_id] = None

    def look(self, state: State, now: Instant) -> tuple[tuple[Order, ...], Instant | None]:
        """Returns the orders to ask for now, and the next instant at which another one will be due."""
        if state is not self._state or len(self._kept) > self._kept_max:
            self._begin(state)
        for order_id in self._named:
            self._keep(state, order_id)
        self._named.clear()
        upcoming = self._first(state)
        if upcoming is None or upcoming > now:
            return (), upcoming
        return overdue(state, self._cards, self._asked, now)

    def _begin(self, state: State) -> None:
        """Puts the entries of all orders that owe anything in place of what was kept."""
        owing = [order for key in state.owing for order in state.orders_owing(key)]
        entries = ((_ask_at(order, self._cards, self._asked), order.order_id) for order in owing)
        self._kept = [(at, order_id) for at, order_id in entries if at is not None]
        heapify(self._kept)
        self._state, self._kept_max = state, max(KEPT_MIN, 2 * len(self._kept))

    def _first(self, state: State) -> Instant | None:
        """Returns the earliest instant of any order; entries in front of it that no longer hold are replaced."""
        while self._kept:
            at, order_id = self._kept[0]
            if self._instant(state, order_id) == at:
                return at
            heappop(self._kept)
            self._keep(state, order_id)
        return None

    def _keep(self, state: State, order_id: OrderId) -> None:
        at = self._instant(state, order_id)
        if at is not None:
            heappush(self._kept, (at, order_id))

    def _instant(self, state: State, order_id: OrderId) -> Instant | None:
        order = state.orders.get(order_id)
        if order is None or order_id not in state.owing.get((order.owner, order.underlying), ()):
            return None
        return _ask_at(order, self._cards, self._asked)
