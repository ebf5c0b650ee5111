"""Which orders at Schwab are ours: by symbol, side, quantity, limit and the seconds in which they were entered.

Schwab takes no client ids. An order whose id is not booked is recognised by its fingerprint; risk lets at most one
such order be per instrument and account. Of several that fit, the one that was entered first is ours: the others are
copies that something on the way made, or of somebody else, and are foreign.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flatbook.engine.own_books import OwnOrder
from flatbook.values.ids import OrderId, VenueOrderId
from flatbook.values.instants import NS_PER_S, Instant, later
from flatbook.venues.schwab.parse import Listed

CLOCK_SKEW_S = 5  # Source: ours; a clock that was stepped is wrong by seconds until a statement shows it

Names = Mapping[VenueOrderId, OrderId]


def entered_from(order: OwnOrder) -> Instant:
    """Returns the earliest instant at which Schwab may say that an order of ours was entered."""
    return later(Instant(order.decided_at // NS_PER_S * NS_PER_S), seconds=-CLOCK_SKEW_S)


def entered_to(order: OwnOrder, *, window_s: int) -> Instant:
    """Returns the latest such instant: an order is not sent after its time, and a request dies `window_s` later."""
    return later(order.good_until, seconds=window_s + CLOCK_SKEW_S)


def fits(order: OwnOrder, listed: Listed, *, window_s: int) -> bool:
    """Returns whether an order at Schwab may be an order of ours: it looks like it and was entered in its time.

    Gives: when it ended says nothing: Schwab's clock may be behind ours, and states whole seconds.
    """
    report = listed.report
    if (report.instrument, report.side, report.qty, listed.limit) != (
        order.instrument,
        order.side,
        order.qty,
        order.limit,
    ):
        return False
    return entered_from(order) <= listed.entered_at <= entered_to(order, window_s=window_s)


def owners(orders: Sequence[OwnOrder], listing: Sequence[Listed], known: Names, *, window_s: int) -> Names:
    """Returns which orders at Schwab are which of ours.

    Needs: `known` are those that were recognised before; what is booked overrules them.
    Gives: one that replaced another was not placed by us, and is recognised as none.
    """
    booked = {order.venue_order_id: order.order_id for order in orders if order.venue_order_id is not None}
    names = {**known, **booked}
    settled = dict.fromkeys(names.values())
    replacing = [each.successor for each in listing if each.successor is not None]
    waiting = [order for order in orders if order.is_open and order.venue_order_id is None]
    for order in sorted(waiting, key=_age):
        if order.order_id in settled:
            continue
        free = (each for each in listing if each.report.venue_order_id not in (*names, *replacing))
        first = min((each for each in free if fits(order, each, window_s=window_s)), key=_entry, default=None)
        if first is not None:
            names[first.report.venue_order_id] = order.order_id
    return names


def _age(order: OwnOrder) -> tuple[Instant, OrderId]:
    return order.decided_at, order.order_id


def _entry(listed: Listed) -> tuple[Instant, int, str]:
    name = listed.report.venue_order_id
    return listed.entered_at, len(name), name
