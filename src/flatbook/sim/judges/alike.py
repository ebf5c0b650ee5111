"""Orders that nothing tells apart at a venue that shows no ids of ours: whose they are is a matter of naming."""

from __future__ import annotations

from flatbook.sim.judges.court import Court
from flatbook.sim.world import record as rec
from flatbook.values.instants import NS_PER_S

ALIKE_NS = 10 * NS_PER_S
"""How far apart two orders may be taken that clocks and whole seconds leave alike."""


def is_named_as_well(court: Court, entry: rec.Executed, order_id: str | None) -> bool:
    """Returns whether an execution may be booked under an order of ours, or as nobody's, although in truth it is not.

    Needs: `order_id` is what it is booked under, None for nobody's.
    Gives: true only where the venue shows no ids, and where an order that looks the same was taken about then which is
    that one: a copy that something on the way made, most of all.
    """
    true = court.truth.orders.get(entry.venue_id)
    if court.expects.terms(entry.account).shows_ids or true is None:
        return False
    taken = (each.taken for each in court.truth.orders.values() if each is not true)
    near = (other for other in taken if _near(other, true.taken))
    return any(_look(other) == _look(true.taken) and other.client_id == order_id for other in near)


def _look(taken: rec.OrderTaken) -> tuple[str, str, int, int, int | None]:
    return taken.account, taken.symbol, taken.sign, taken.qty, taken.limit


def _near(one: rec.OrderTaken, other: rec.OrderTaken) -> bool:
    return abs(one.at - other.at) <= ALIKE_NS
