"""All that may still execute: our orders, those on our accounts that are not ours, and what we offer on chains."""

from __future__ import annotations

import msgspec

from flatbook.state.desk import State
from flatbook.values.money import plain

NOT_OURS, ON_CHAIN, UNKNOWN = "not ours", "stands on its chain", "unknown"


class OpenOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order that may still execute. Units: leaves in contracts, of an offer in shares; unknown where nobody knows.

    `limit` in the quote's asset, None of an order at the market and where it is not ours. An offer leaves the list when
    all nodes show that it was removed.
    """

    order_id: str
    account: str
    instrument: str
    side: str
    leaves: str
    limit: str | None
    status: str


def open_orders(state: State) -> tuple[OpenOrder, ...]:
    """Returns all that may still execute."""
    return (*_ours(state), *_foreign(state), *_offers(state))


def _ours(state: State) -> tuple[OpenOrder, ...]:
    return tuple(
        OpenOrder(
            order_id=order.order_id,
            account=order.account,
            instrument=order.instrument,
            side=order.side.value,
            leaves=plain(order.leaves),
            limit=None if order.limit is None else plain(order.limit),
            status=order.status.value,
        )
        for order in (state.orders[order_id] for order_id in state.open_orders)
    )


def _foreign(state: State) -> tuple[OpenOrder, ...]:
    return tuple(
        OpenOrder(
            order_id=venue_order_id,
            account=account,
            instrument=order.instrument,
            side=order.side.value,
            leaves=plain(order.leaves),
            limit=None,
            status=NOT_OURS,
        )
        for (account, venue_order_id), order in state.foreign_orders.items()
    )


def _offers(state: State) -> tuple[OpenOrder, ...]:
    standing = (offer for offer in state.offers.by_hash.values() if offer.stands)
    return tuple(
        OpenOrder(
            order_id=offer.seen.order_hash,
            account=offer.seen.account,
            instrument=leg.instrument,
            side=leg.side.value,
            leaves=UNKNOWN if (shares := offer.shares(leg.underlying, leg.side)) is None else plain(shares),
            limit=None,
            status=ON_CHAIN,
        )
        for offer in standing
        for leg in offer.seen.legs
    )
