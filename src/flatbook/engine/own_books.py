"""What a venue without client ids must know of our books to recognise our orders: a read-only picture of the fold."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from flatbook.engine.rules import Rules
from flatbook.state.desk import State
from flatbook.values.ids import AccountId, AssetId, InstrumentId, OrderId, VenueOrderId
from flatbook.values.instants import Instant
from flatbook.values.instruments import Side
from flatbook.values.money import ZERO, Price, Quantity, divide_cut

QTY_DECIMALS = 18


class OwnOrder(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One of our orders as far as it makes it recognisable. `venue_order_id` is None until the venue's id is booked.

    Units: qty in base (contracts); limit in quote per base.
    """

    order_id: OrderId
    instrument: InstrumentId
    side: Side
    qty: Quantity
    limit: Price | None
    decided_at: Instant
    good_until: Instant
    venue_order_id: VenueOrderId | None
    is_open: bool


class OwnBooks(msgspec.Struct, frozen=True, kw_only=True):
    """The orders and shares of one account as our books have them now.

    Units: `held` in contracts, signed, None while the account was never stated.
    """

    orders: tuple[OwnOrder, ...]
    held: dict[InstrumentId, Quantity | None]


ReadBooks = Callable[[], OwnBooks]


def own_books(state: State, rules: Rules, account: AccountId) -> OwnBooks:
    """Returns what the fold holds of an account.

    Needs: an intent is in the fold before it is placed, so that no order can be at its venue that is not here.
    """
    orders = tuple(
        OwnOrder(
            order_id=order.order_id,
            instrument=order.instrument,
            side=order.side,
            qty=order.qty,
            limit=order.limit,
            decided_at=order.decided_at,
            good_until=order.good_until,
            venue_order_id=order.venue_order_id,
            is_open=order.is_open,
        )
        for order in state.orders.values()
        if order.account == account
    )
    return OwnBooks(orders=orders, held=_held(state, rules, account))


def _held(state: State, rules: Rules, account: AccountId) -> dict[InstrumentId, Quantity | None]:
    held: dict[InstrumentId, Quantity | None] = {}
    for instrument in rules.instruments.values():
        if instrument.account == account:
            shares = state.balances.get((account, AssetId(instrument.underlying)), ZERO)
            contracts = Quantity(divide_cut(shares, instrument.contract_size, decimals=QTY_DECIMALS))
            held[instrument.id] = contracts if account in state.opened else None
    return held
