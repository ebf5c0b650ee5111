"""An account of the simulated Alpaca as a world has it: what happens there goes into the world's record.

Units: as in sim/world/record.py; the books of Alpaca are in decimals.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from decimal import Decimal

import msgspec

from flatbook.sim.alpaca.activities import execution_id
from flatbook.sim.alpaca.ledger import BookedExecution, BookedOrder, Ledger, Placing
from flatbook.sim.alpaca.server import AlpacaServer
from flatbook.sim.network.http_broker import Ask
from flatbook.sim.world.record import (
    SHARE,
    AccountOpened,
    Executed,
    OrderOver,
    OrderRefused,
    OrderTaken,
    Priced,
    Record,
    Requested,
)
from flatbook.values.instants import Instant
from flatbook.values.money import Quantity, from_base_units, to_base_units
from flatbook.values.sessions import SessionKind, session_at

SHARE_DECIMALS, PRICE_DECIMALS = 9, 4
ENDINGS = {
    "filled": "filled",
    "canceled": "canceled",
    "expired": "expired",
    "rejected": "canceled",
    "replaced": "canceled",
}
VERBS = {"POST": "place", "DELETE": "cancel", "GET": "read"}


class Tape:
    """The prices of a world, remembered, for whoever asks for the price of a symbol at an instant."""

    def __init__(self, now: Callable[[], Instant], record: Record) -> None:
        self._now, self._record = now, record
        self._instants: dict[str, list[Instant]] = {}
        self._prices: dict[str, list[Decimal]] = {}

    def set_price(self, symbol: str, price: int) -> None:
        """Moves the price of a symbol from now on."""
        self._record.add(Priced(at=self._now(), symbol=symbol, price=price))
        self._instants.setdefault(symbol, []).append(self._now())
        self._prices.setdefault(symbol, []).append(from_base_units(price, decimals=PRICE_DECIMALS))

    def price(self, symbol: str, at: Instant) -> Decimal | None:
        """Returns the price that stood at an instant, None before the first one."""
        place = bisect_right(self._instants.get(symbol, []), at)
        return self._prices[symbol][place - 1] if place else None


class RecordedAlpaca:
    """Mirrors an Alpaca into the record. `names` are the accounts as the desk calls them, by Alpaca's id.

    `later` calls at an instant, so that what is due in the books happens then, and not when somebody asks.
    """

    def __init__(
        self,
        server: AlpacaServer,
        record: Record,
        names: dict[str, str],
        now: Callable[[], Instant],
        later: Callable[[Instant, Callable[[], None]], None],
    ) -> None:
        self._server, self._record, self._names, self._now, self._later = server, record, names, now, later
        self._forced: dict[str, None] = {}
        self._foreign: dict[str, None] = {}
        self._is_foreign = self._is_forced = False
        self.ledger.listener = self
        server.arrived = self.arrived
        for account_id, name in names.items():
            opened = self.ledger.opened[account_id]
            holdings = {symbol: to_base_units(qty, decimals=SHARE_DECIMALS) for symbol, qty in opened.holdings.items()}
            cash = to_base_units(Quantity(opened.cash), decimals=PRICE_DECIMALS) * SHARE
            record.add(AccountOpened(at=now(), account=name, cash=cash, holdings=holdings))

    @property
    def ledger(self) -> Ledger:
        """The books."""
        return self._server.front.ledger

    def due(self, at: Instant) -> None:
        """Lets the books advance when something is due."""
        self._later(at, lambda: self.ledger.advance(self._now()))

    def arrived(self, ask: Ask, host: str, sent_at: Instant, copy: int) -> None:
        """Records a request: the process and its life are those of the host's name, such as `desk#2`."""
        resource = self._server.front.resource_of(ask.path)
        if resource is None or resource.account_id not in self._names:
            return
        process, _, life = host.partition("#")
        self._record.add(
            Requested(
                at=self._now(),
                account=self._names[resource.account_id],
                verb=VERBS.get(ask.method, "read"),
                client_id=self._client_id(ask, resource.name),
                process=process,
                life=int(life or 0),
                sent_at=sent_at,
                copy=copy,
            )
        )

    def _client_id(self, ask: Ask, venue_id: str) -> str | None:
        if ask.method == "DELETE":
            order = self.ledger.orders.get(venue_id)
            return None if order is None else order.client_id
        if ask.method == "POST":
            try:
                return msgspec.json.decode(ask.body, type=_Placed).client_order_id
            except msgspec.DecodeError:
                return None
        return ask.query.get("client_order_id")

    def taken(self, order: BookedOrder) -> None:
        """Records an order."""
        if self._is_foreign:
            self._foreign[order.id] = None
        if self._is_forced:
            self._forced[order.id] = None
            return
        self._record.add(
            OrderTaken(
                at=order.taken_at,
                account=self._names[order.account_id],
                venue_id=order.id,
                client_id=self._ours(order),
                symbol=order.symbol,
                sign=order.sign,
                qty=_shares(order.qty),
                limit=None if order.limit is None else _price(order.limit),
                ours=order.id not in self._foreign,
            )
        )

    def refused(self, account_id: str, client_id: str, message: str) -> None:
        """Records a refusal."""
        self._record.add(
            OrderRefused(at=self._now(), account=self._names[account_id], client_id=client_id or None, code=message)
        )

    def executed(self, execution: BookedExecution) -> None:
        """Records an execution."""
        order = execution.order
        self._record.add(
            Executed(
                at=execution.at,
                account=self._names[order.account_id],
                execution_id=execution_id(execution),
                venue_id=order.id,
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
                    venue_id=order.id,
                    client_id=self._ours(order),
                    ending=ENDINGS[order.now.status],
                )
            )

    def trade_of_others(self, account: str, symbol: str, sign: int, qty: int, *, forced: bool) -> None:
        """Trades on an account without our order: by hand, or because the broker closes a part of it."""
        if session_at(self._now()).kind is not SessionKind.REGULAR:
            return
        self.ledger.advance(self._now())
        self._is_foreign, self._is_forced = True, forced
        account_id = next(account_id for account_id, name in self._names.items() if name == account)
        self.ledger.place(
            Placing(
                account_id=account_id,
                client_id="",
                symbol=symbol,
                sign=sign,
                qty=from_base_units(qty, decimals=SHARE_DECIMALS),
                limit=None,
                extended=False,
            ),
            self._now(),
        )
        self._is_foreign = self._is_forced = False

    def _ours(self, order: BookedOrder) -> str | None:
        return None if order.id in self._foreign else order.client_id


class _Placed(msgspec.Struct, frozen=True):
    client_order_id: str | None = None


def _shares(qty: Decimal) -> int:
    return to_base_units(Quantity(qty), decimals=SHARE_DECIMALS)


def _price(price: Decimal) -> int:
    return to_base_units(Quantity(price), decimals=PRICE_DECIMALS)
