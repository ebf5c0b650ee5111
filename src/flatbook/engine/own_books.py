"""What a venue without client ids must know of our books to recognise our orders: a read-only picture of the fold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import msgspec

from flatbook.engine.rules import Rules
from flatbook.state.desk import State
from flatbook.values.ids import AccountId, InstrumentId, OrderId, VenueOrderId
from flatbook.values.instants import Instant
from flatbook.values.instruments import Side
from flatbook.values.money import ZERO, Price, Quantity, divide_cut

QTY_DECIMALS = 18


class OwnOrder(Protocol):
    """One of our orders as far as it makes it recognisable; an order of the fold is one as it stands.

    Units: qty in base (contracts); limit in quote per base. `venue_order_id` is None until the venue's id is booked.
    """

    @property
    def order_id(self) -> OrderId:
        """Our id."""

    @property
    def instrument(self) -> InstrumentId:
        """What it trades."""

    @property
    def side(self) -> Side:
        """Whether it buys or sells."""

    @property
    def qty(self) -> Quantity:
        """How much of it."""

    @property
    def limit(self) -> Price | None:
        """At which price at most or least, None at the market."""

    @property
    def decided_at(self) -> Instant:
        """Before this it was not sent."""

    @property
    def good_until(self) -> Instant:
        """After this it was not sent."""

    @property
    def venue_order_id(self) -> VenueOrderId | None:
        """The venue's id as it is booked."""

    @property
    def is_open(self) -> bool:
        """Whether it may still execute, as far as we know."""


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
    orders = tuple(order for order in state.orders.values() if order.account == account)
    return OwnBooks(orders=orders, held=_held(state, rules, account))


def _held(state: State, rules: Rules, account: AccountId) -> dict[InstrumentId, Quantity | None]:
    held: dict[InstrumentId, Quantity | None] = {}
    for instrument in rules.instruments.values():
        if instrument.account == account:
            shares = state.balances.get((account, instrument.asset), ZERO)
            contracts = Quantity(divide_cut(shares, instrument.contract_size, decimals=QTY_DECIMALS))
            held[instrument.id] = contracts if account in state.opened else None
    return held
