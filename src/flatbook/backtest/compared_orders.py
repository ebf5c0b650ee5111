"""The orders of a window as they are compared: what each asked, what it traded within, and which are alike."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

import msgspec

from flatbook.backtest.attribution import Execution
from flatbook.backtest.report import executions_of
from flatbook.backtest.tape import Tape
from flatbook.events import orders as ev
from flatbook.events.event import Event
from flatbook.values.ids import InstrumentId, OrderId, OwnerId
from flatbook.values.instants import NS_PER_S, Instant
from flatbook.values.instruments import Side
from flatbook.values.money import BPS, ZERO, Money, Quantity

TOGETHER_NS = 5 * NS_PER_S
NEAR_BPS = 50
"""Orders whose limits lie further apart are never taken for the same one at another price."""

_OfOrder = ev.OrderFilled | ev.OrderDone | ev.OrderRejected | ev.OrderNotSent | ev.OrderAbsent
_OF_ORDERS = (ev.OrderFilled, ev.OrderDone, ev.OrderRejected, ev.OrderNotSent, ev.OrderAbsent)


class Window(NamedTuple):
    """From when to when two sides are compared, both included."""

    begins: Instant
    ends: Instant

    def has(self, at: Instant) -> bool:
        """Whether an instant lies within."""
        return self.begins <= at <= self.ends


class Scope(NamedTuple):
    """Whose orders are compared: those of some instruments, by the names that the journal has for them, and owners.

    No owners: of all.
    """

    instruments: Mapping[InstrumentId, InstrumentId]
    owners: Collection[OwnerId] = ()

    def has(self, order: ev.OrderIntended) -> bool:
        """Whether an order is compared."""
        return order.instrument in self.instruments and (not self.owners or order.owner in self.owners)


class ComparedOrder(msgspec.Struct, kw_only=True):
    """An order of one side with what it traded within the window.

    Units: asked in contracts, of one that stood when the window began what was left; limit in quote per base.
    """

    order_id: OrderId
    instrument: InstrumentId
    side: Side
    limit: Decimal | None
    asked: Quantity
    decided_at: Instant
    stood: bool
    executions: list[Execution]

    @property
    def qty(self) -> Quantity:
        """What it traded. Units: contracts."""
        return Quantity(sum((each.qty for each in self.executions), ZERO))

    @property
    def spread(self) -> Decimal:
        """What that earned against the middle. Units: quote."""
        return sum((each.spread for each in self.executions), ZERO)

    @property
    def fees(self) -> Decimal:
        """What that cost. Units: quote."""
        return sum((each.fees for each in self.executions), ZERO)

    @property
    def value(self) -> Money:
        """What it was worth. Units: quote."""
        return Money(self.spread - self.fees)


class Pairs(NamedTuple):
    """Orders of both sides that are alike, those at another price, and those of either side that have no other."""

    alike: list[tuple[ComparedOrder, ComparedOrder]]
    near: list[tuple[ComparedOrder, ComparedOrder]]
    ours: list[ComparedOrder]
    theirs: list[ComparedOrder]


class Collected(NamedTuple):
    """Orders of a window by their id, their executions within it, and what was ordered besides: not compared."""

    orders: dict[OrderId, ComparedOrder]
    fills: list[ev.OrderFilled]
    elsewhere: Counter[InstrumentId]


def collected(events: Iterable[Event], window: Window, scope: Scope) -> Collected:
    """Returns the orders that were decided within a window or stood when it began, and what was executed of them."""
    orders: dict[OrderId, ComparedOrder] = {}
    fills: list[ev.OrderFilled] = []
    elsewhere = Counter[InstrumentId]()
    for event in events:
        if isinstance(event, ev.OrderIntended):
            if scope.has(event) and event.decided_at <= window.ends:
                orders[event.order_id] = _order(event, window, scope)
            elif window.has(event.decided_at):
                elsewhere[event.instrument] += 1
        elif isinstance(event, _OF_ORDERS) and (order := orders.get(event.order_id)) is not None:
            if _ended_before(order, event, window):
                del orders[event.order_id]
            elif isinstance(event, ev.OrderFilled) and window.has(event.happened_at):
                fills.append(msgspec.structs.replace(event, instrument=order.instrument))
    return Collected(orders, fills, elsewhere)


def _ended_before(order: ComparedOrder, event: _OfOrder, window: Window) -> bool:
    """Notes what an order traded before the window, and says whether it had ended by then."""
    if not order.stood:
        return False
    if isinstance(event, ev.OrderFilled):
        if event.happened_at < window.begins:
            order.asked = Quantity(order.asked - event.qty)
        return order.asked <= 0
    ended_at = event.happened_at if isinstance(event, ev.OrderDone | ev.OrderRejected) else event.seen_at
    return ended_at < window.begins


def orders_of(found: Collected, tape: Tape) -> list[ComparedOrder]:
    """Returns collected orders with their executions, in order of when they were decided.

    Errors: ValueError where an instrument is not on the tape, or is settled in its base.
    """
    for execution in executions_of(found.fills, tape).executions:
        found.orders[execution.order_id].executions.append(execution)
    return sorted(found.orders.values(), key=_decided)


def _order(event: ev.OrderIntended, window: Window, scope: Scope) -> ComparedOrder:
    return ComparedOrder(
        order_id=event.order_id,
        instrument=scope.instruments[event.instrument],
        side=event.side,
        limit=event.limit,
        asked=event.qty,
        decided_at=max(event.decided_at, window.begins),
        stood=event.decided_at < window.begins,
        executions=[],
    )


def paired(ours: Sequence[ComparedOrder], theirs: Sequence[ComparedOrder]) -> Pairs:
    """Returns each of our orders with the one of theirs that is alike, or else with one at another price.

    Alike are orders of one instrument, side and limit that were decided within TOGETHER_NS, the nearest in time; of the
    others, those whose limits lie within NEAR_BPS, the nearest in price.
    Needs: both in order of when they were decided.
    """
    free = _Free(theirs)
    alike, near, ours_alone = [], [], []
    for order in ours:
        twin = free.alike(order)
        if twin is not None:
            alike.append((order, twin))
        else:
            ours_alone.append(order)
    left = []
    free = _Free(free.rest())
    for order in ours_alone:
        other = free.near(order)
        if other is not None:
            near.append((order, other))
        else:
            left.append(order)
    return Pairs(alike, near, left, free.rest())


class _Free:
    """Orders that are in no pair yet, by instrument and side, each list in order of when they were decided."""

    def __init__(self, orders: Sequence[ComparedOrder]) -> None:
        self._sides: dict[tuple[InstrumentId, Side], list[ComparedOrder]] = {}
        for order in orders:
            self._sides.setdefault((order.instrument, order.side), []).append(order)

    def alike(self, order: ComparedOrder) -> ComparedOrder | None:
        """Takes out the order that is alike, the nearest in time, where there is one."""
        found = [each for each in self._together(order) if each.limit == order.limit]
        return self._take(min(found, key=lambda each: abs(each.decided_at - order.decided_at), default=None))

    def near(self, order: ComparedOrder) -> ComparedOrder | None:
        """Takes out the order whose limit is nearest, where there is one."""
        limit = order.limit
        if limit is None:
            return None
        apart = [(abs(each.limit - limit), each) for each in self._together(order) if each.limit is not None]
        close = [pair for pair in apart if pair[0] <= limit * NEAR_BPS * BPS]
        return self._take(min(close, key=lambda pair: pair[0], default=(ZERO, None))[1])

    def rest(self) -> list[ComparedOrder]:
        """Returns what is left, in order of when they were decided."""
        left = (order for orders in self._sides.values() for order in orders)
        return sorted(left, key=lambda order: order.decided_at)

    def _together(self, order: ComparedOrder) -> Sequence[ComparedOrder]:
        orders = self._sides.get((order.instrument, order.side), [])
        begins = bisect_left(orders, Instant(order.decided_at - TOGETHER_NS), key=_decided)
        return orders[begins : bisect_right(orders, Instant(order.decided_at + TOGETHER_NS), key=_decided)]

    def _take(self, order: ComparedOrder | None) -> ComparedOrder | None:
        if order is not None:
            orders = self._sides[order.instrument, order.side]
            at = bisect_left(orders, order.decided_at, key=_decided)
            while orders[at] is not order:
                at += 1
            del orders[at]
        return order


def _decided(order: ComparedOrder) -> Instant:
    return order.decided_at
