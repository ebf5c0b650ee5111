"""Chains of orders: one of ours that somebody replaced goes on in its successor, which Schwab lists as another order.

Our order is then what the chain says together, under the number by which it is booked. A link is followed only where
the order states its successor, and that trades the same, was entered no earlier, and cannot bring more than ours asked
for: a larger one is somebody else's wish, and stays foreign. Schwab documents a list of orders, in place of which
its example writes a text; only an order with a number is believed. Source: Trader API, Order.replacingOrderCollection.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from flatbook.engine.reports import VenueStatus
from flatbook.values.ids import VenueOrderId
from flatbook.values.money import ZERO, Quantity
from flatbook.venues.schwab.fingerprints import Names
from flatbook.venues.schwab.parse import ENDED, Listed

LINKS_MAX = 8  # Source: ours; nobody changes one order more often by hand within its session


def goes_on_in(chain: Sequence[Listed], successor: Listed) -> bool:
    """Returns whether a chain of ours goes on in an order. Needs: a chain of at least one order."""
    first, last = chain[0].report, chain[-1].report
    theirs = successor.report
    if len(chain) >= LINKS_MAX or theirs.venue_order_id != chain[-1].successor:
        return False
    if any(each.report.venue_order_id == theirs.venue_order_id for each in chain):
        return False
    if (theirs.instrument, theirs.side) != (last.instrument, last.side) or successor.entered_at < chain[-1].entered_at:
        return False
    return sum((each.report.filled_qty for each in chain), ZERO) + theirs.qty <= first.qty


def followed(listing: Sequence[Listed], names: Names) -> tuple[Listed, ...]:
    """Returns a list in which each order of ours that was replaced is its chain; what it went on in is left out."""
    free = {each.report.venue_order_id: each for each in listing if each.report.venue_order_id not in names}
    chains = [_chain(each, free) for each in listing if each.report.venue_order_id in names]
    later = {link.report.venue_order_id for chain in chains for link in chain[1:]}
    joined = {chain[0].report.venue_order_id: as_one(chain) for chain in chains}
    return tuple(
        joined.get(each.report.venue_order_id, each) for each in listing if each.report.venue_order_id not in later
    )


def as_one(chain: Sequence[Listed]) -> Listed:
    """Returns what a chain is together: the size and the number of its first order, the executions of all.

    Gives: the status of its last order once all before it have ended. A chain that ends with less than ours asked for
    was canceled in part, whatever word its last order ended with.
    """
    if len(chain) == 1:
        return chain[0]
    first, last = chain[0].report, chain[-1].report
    filled = sum((each.report.filled_qty for each in chain), ZERO)
    report = msgspec.structs.replace(
        first,
        filled_qty=Quantity(filled),
        status=_status(chain, is_full=filled == first.qty),
        status_text=last.status_text,
        executions=tuple(
            msgspec.structs.replace(execution, venue_order_id=first.venue_order_id)
            for each in chain
            for execution in each.report.executions
        ),
        complete=all(each.report.complete for each in chain),
        happened_at=max(each.report.happened_at for each in chain),
    )
    return msgspec.structs.replace(
        chain[0],
        report=report,
        unreadable=tuple(line for each in chain for line in each.unreadable),
        is_closed=all(each.is_closed for each in chain),
        works_as=last.venue_order_id,
        fees=None,
    )


def _status(chain: Sequence[Listed], *, is_full: bool) -> VenueStatus:
    working = next((each.report.status for each in chain if each.report.status not in ENDED), None)
    if working is not None:
        return working
    if is_full:
        return VenueStatus.FILLED
    last = chain[-1].report.status
    return last if last is VenueStatus.EXPIRED else VenueStatus.CANCELED


def _chain(head: Listed, free: dict[VenueOrderId, Listed]) -> list[Listed]:
    chain = [head]
    while (number := chain[-1].successor) is not None:
        successor = free.get(number)
        if successor is None or not goes_on_in(chain, successor):
            break
        chain.append(successor)
    return chain
