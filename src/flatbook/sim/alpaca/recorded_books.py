"""The books of a simulated broker as a world has them: what happens there goes into the world's record.

Units: as in sim/world/record.py; the books are in decimals.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Protocol

from flatbook.sim.alpaca.ledger import BookedExecution, BookedOrder, Ledger, Placing
from flatbook.sim.world.record import (
    SHARE,
    AccountOpened,
    Executed,
    OrderOver,
    OrderRefused,
    OrderTaken,
    Record,
)
from flatbook.values.instants import Instant
from flatbook.values.money import Quantity, from_base_units, to_base_units
from flatbook.values.sessions import SessionKind, session_at

SHARE_DECIMALS, PRICE_DECIMALS = 9, 4
ENDINGS = {"filled": "filled", "canceled": "canceled", "expired": "expired", "rejected": "canceled"}

Later = Callable[[Instant, Callable[[], None]], None]


class Naming(Protocol):
    """How a broker names what is in its books, and whose it is in truth."""

    def order(self, order: BookedOrder) -> str:
        """Returns the broker's id of an order; it is first asked for when the order is taken."""

    def execution(self, execution: BookedExecution) -> str:
        """Returns the id that an adapter gives to an execution; it is asked for when it happens."""

    def ours(self, order: BookedOrder) -> str | None:
        """Returns which order of ours it is in truth, None for one that is none; first asked when it is taken."""

    def refused(self, client_id: str) -> str | None:
        """Returns which order of ours was refused just now. `client_id` is what it carried, empty for nothing."""


class RecordedBooks:
    """Mirrors a ledger into the record. `names` are the accounts as the desk calls them, by the broker's id."""

    def __init__(
        self, ledger: Ledger, record: Record, naming: Naming, names: dict[str, str], now: Callable[[], Instant]
    ) -> None:
        self._ledger, self._record, self._naming, self._names, self._now = ledger, record, naming, names, now
        self._forced: dict[str, None] = {}
        self._foreign: dict[str, None] = {}
        self._is_foreign = self._is_forced = False
        for account_id, name in names.items():
            opened = ledger.opened[account_id]
            holdings = {symbol: to_base_units(qty, decimals=SHARE_DECIMALS) for symbol, qty in opened.holdings.items()}
            cash = to_base_units(Quantity(opened.cash), decimals=PRICE_DECIMALS) * SHARE
            record.add(AccountOpened(at=now(), account=name, cash=cash, holdings=holdings))

    def taken(self, order: BookedOrder) -> None:
        """Records an order."""
        venue_id = self._naming.order(order)
        if self._is_foreign:
            self._foreign[order.id] = None
        if self._is_forced:
            self._forced[order.id] = None
            return
        ours = self._ours(order)
        self._record.add(
            OrderTaken(
                at=order.taken_at,
                account=self._names[order.account_id],
                venue_id=venue_id,
                client_id=ours,
                symbol=order.symbol,
                sign=order.sign,
                qty=_shares(order.qty),
                limit=None if order.limit is None else _price(order.limit),
                ours=ours is not None,
            )
        )

    def refused(self, account_id: str, client_id: str, message: str) -> None:
        """Records a refusal."""
        ours = self._naming.refused(client_id)
        self._record.add(OrderRefused(at=self._now(), account=self._names[account_id], client_id=ours, code=message))

    def executed(self, execution: BookedExecution) -> None:
        """Records an execution."""
        order = execution.order
        self._record.add(
            Executed(
                at=execution.at,
                account=self._names[order.account_id],
                execution_id=self._naming.execution(execution),
                venue_id=self._naming.order(order),
                client_id=self._ours(order),
                symbol=order.symbol,
                sign=order.sign,
                qty=_shares(execution.qty),
                price=_price(execution.price),
                fee=0,
                forced=order.id in self._forced,
            )
        )

    def over(self, order: BookedOrder) -> None:
        """Records the end of an order."""
        if order.id not in self._forced:
            self._record.add(
                OrderOver(
                    at=order.now.at,
                    account=self._names[order.account_id],
                    venue_id=self._naming.order(order),
                    client_id=self._ours(order),
                    ending=ENDINGS[order.now.status],
                )
            )

    def trade_of_others(
        self,
        place: Callable[[Placing, Instant], object],
        account: str,
        *,
        symbol: str,
        sign: int,
        qty: int,
        forced: bool,
    ) -> None:
        """Trades on an account without our order: by hand, or because the broker closes a part of it."""
        if session_at(self._now()).kind is not SessionKind.REGULAR:
            return
        self._ledger.advance(self._now())
        self._is_foreign, self._is_forced = True, forced
        placing = Placing(
            account_id=next(account_id for account_id, name in self._names.items() if name == account),
            client_id="",
            symbol=symbol,
            sign=sign,
            qty=from_base_units(qty, decimals=SHARE_DECIMALS),
            limit=None,
            extended=False,
        )
        place(placing, self._now())
        self._is_foreign = self._is_forced = False

    def _ours(self, order: BookedOrder) -> str | None:
        return None if order.id in self._foreign else self._naming.ours(order)


def _shares(qty: Decimal) -> int:
    return to_base_units(Quantity(qty), decimals=SHARE_DECIMALS)


def _price(price: Decimal) -> int:
    return to_base_units(Quantity(price), decimals=PRICE_DECIMALS)
