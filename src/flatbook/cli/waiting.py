"""Waiting, after a kill, until every venue has answered and no order is open on any of our accounts."""

from __future__ import annotations

from threading import Event
from typing import TYPE_CHECKING, Any

from flatbook.cli.options import Where

if TYPE_CHECKING:
    from flatbook.state.desk import State

LOOK_S = 0.2
LOOKS_PER_S = 5


def wait_for_no_order(where: Where, *, seq: int, wait_s: int) -> tuple[bool, list[dict[str, Any]]]:
    """Waits at most so many seconds; returns whether every venue has answered, and the orders that are still open.

    Gives: an order leaves the list only by its end as its venue stated it, or by the proof that it never left us. The
    venues have answered once each account has stated, after the command at `seq`, that nothing is open there.
    """
    from flatbook.cli.reading import past_of
    from flatbook.state.fold import apply_row
    from flatbook.values.ids import Seq

    pause = Event()
    with past_of(where) as past:
        state = past.state()
        since = next(row.at for row in past.reader.read(Seq(seq - 1)) if row.last >= seq)
        for _ in range(wait_s * LOOKS_PER_S):
            answered = _have_answered(where, since)
            for row in past.reader.read(state.seq):
                if row.first > state.seq:
                    apply_row(state, row.events, row.cursors)
            if answered and not open_orders(state):
                return True, []
            pause.wait(LOOK_S)
    return False, open_orders(state)


def _have_answered(where: Where, since: int) -> bool:
    from flatbook.cli.desks import engine_status
    from flatbook.ops.control_client import ControlFault

    try:
        status = engine_status(where)
    except ControlFault:
        return False
    statements = status["statements"].values()
    told = [stated["stated_at"] >= since and not stated["open_orders"] for stated in statements]
    return all(told) and not status["queued"]


def open_orders(state: State) -> list[dict[str, Any]]:
    """Returns the orders that may still execute on our accounts, also those not ours, and our orders on chains."""
    from flatbook.values.money import plain

    ours = [state.orders[order_id] for order_id in state.open_orders]
    return (
        [
            {
                "order_id": order.order_id,
                "account": order.account,
                "instrument": order.instrument,
                "side": order.side.value,
                "leaves": plain(order.leaves),
                "status": order.status.value,
            }
            for order in ours
        ]
        + [
            {
                "order_id": venue_order_id,
                "account": account,
                "instrument": order.instrument,
                "side": order.side.value,
                "leaves": plain(order.leaves),
                "status": "not ours",
            }
            for (account, venue_order_id), order in state.foreign_orders.items()
        ]
        + _standing_offers(state)
    )


def _standing_offers(state: State) -> list[dict[str, Any]]:
    """Returns the orders of ours that stand on chains: one leaves the list when all nodes show that it was removed."""
    from flatbook.values.money import plain

    found: list[dict[str, Any]] = []
    for offer in state.offers.by_hash.values():
        for leg in offer.seen.legs if offer.stands else ():
            shares = offer.shares(leg.underlying, leg.side)
            found.append(
                {
                    "order_id": offer.seen.order_hash,
                    "account": offer.seen.account,
                    "instrument": leg.instrument,
                    "side": leg.side.value,
                    "leaves": "unknown" if shares is None else plain(shares),
                    "status": "stands on its chain",
                }
            )
    return found
