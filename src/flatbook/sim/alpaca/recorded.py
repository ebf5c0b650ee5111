"""An account of the simulated Alpaca as a world has it: what happens there goes into the world's record.

Units: as in sim/world/record.py; the books of Alpaca are in decimals.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from decimal import Decimal

import msgspec

from flatbook.sim.alpaca.activities import execution_id
from flatbook.sim.alpaca.ledger import BookedExecution, BookedOrder, Ledger
from flatbook.sim.alpaca.recorded_books import PRICE_DECIMALS, Later, RecordedBooks
from flatbook.sim.alpaca.server import AlpacaServer
from flatbook.sim.network.http_broker import Ask
from flatbook.sim.world.record import Priced, Record, Requested
from flatbook.values.instants import Instant
from flatbook.values.money import from_base_units

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
        later: Later,
    ) -> None:
        self._server, self._record, self._names, self._now, self._later = server, record, names, now, later
        self._books = RecordedBooks(self.ledger, record, _ByClientId(), names, now)
        self.ledger.listener = self
        server.arrived = self.arrived

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
        self._books.taken(order)

    def refused(self, account_id: str, client_id: str, message: str) -> None:
        """Records a refusal."""
        self._books.refused(account_id, client_id, message)

    def executed(self, execution: BookedExecution) -> None:
        """Records an execution."""
        self._books.executed(execution)

    def over(self, order: BookedOrder) -> None:
        """Records the end of an order."""
        self._books.over(order)

    def trade_of_others(self, account: str, symbol: str, sign: int, qty: int, *, forced: bool) -> None:
        """Trades on an account without our order: by hand, or because the broker closes a part of it."""
        self._books.trade_of_others(self.ledger.place, account, symbol=symbol, sign=sign, qty=qty, forced=forced)


class _ByClientId:
    """Alpaca's names: orders by its ids, ours by theirs."""

    def order(self, order: BookedOrder) -> str:
        return order.id

    def execution(self, execution: BookedExecution) -> str:
        return execution_id(execution)

    def ours(self, order: BookedOrder) -> str | None:
        return order.client_id

    def refused(self, client_id: str) -> str | None:
        return client_id or None


class _Placed(msgspec.Struct, frozen=True):
    client_order_id: str | None = None
