"""A simulated Schwab as a world has it: what happens there goes into the world's record, with whose order it is.

Schwab's requests carry no id of ours, and its books do not know whose order is whose. The world knows: it marks each
request of the desk with the order on whose behalf it leaves, in a header that neither the server nor the adapter read.
Of one request that something on the way repeated the first order is ours, and its copies are nobody's.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar

from flatbook.engine.ports import ApprovedOrder
from flatbook.engine.reports import PlaceAnswer
from flatbook.sim.alpaca.ledger import BookedExecution, BookedOrder, Ledger
from flatbook.sim.alpaca.recorded_books import Later, RecordedBooks
from flatbook.sim.network.http_broker import Ask
from flatbook.sim.schwab.pages import ACTIVITY_BASE, ORDER_BASE
from flatbook.sim.schwab.paths import resource_of
from flatbook.sim.schwab.server import SchwabServer
from flatbook.sim.world.record import Record, Requested
from flatbook.values.instants import Instant
from flatbook.venues.wrapped import WrappedVenue

MARK = "x-simulated-order"
VERBS = {"POST": "place", "DELETE": "cancel", "GET": "read"}

_ON_BEHALF_OF: ContextVar[str] = ContextVar("on_behalf_of", default="")


def mark_headers() -> dict[str, str]:
    """Returns the header that says on behalf of which order a request leaves; none where it is of no order."""
    order_id = _ON_BEHALF_OF.get()
    return {MARK: order_id} if order_id else {}


class MarkedVenue(WrappedVenue):
    """A venue whose placing is known to the world by the order that it is for. Implements OrderVenue."""

    async def place(self, order: ApprovedOrder) -> PlaceAnswer:
        """Sends the order once."""
        token = _ON_BEHALF_OF.set(order.order_id)
        try:
            return await super().place(order)
        finally:
            _ON_BEHALF_OF.reset(token)


class RecordedSchwab:
    """Mirrors a Schwab into the record. `names` are the accounts as the desk calls them, by their numbers.

    `later` calls at an instant, so that what is due in the books happens then, and not when somebody asks.
    """

    def __init__(
        self,
        server: SchwabServer,
        record: Record,
        names: dict[str, str],
        now: Callable[[], Instant],
        later: Later,
    ) -> None:
        self._server, self._record, self._names, self._now, self._later = server, record, names, now, later
        self._whose = _ByMark(self.ledger)
        self._books = RecordedBooks(self.ledger, record, self._whose, names, now)
        self.ledger.listener = self
        server.arrived = self.arrived

    @property
    def ledger(self) -> Ledger:
        """The books."""
        return self._server.front.ledger

    def due(self, at: Instant) -> None:
        """Lets the books advance when something is due."""
        self._later(at, lambda: self._server.front.advance(self._now()))

    def arrived(self, ask: Ask, host: str, sent_at: Instant, copy: int) -> None:
        """Records a request for an account: the process and its life are those of the host's name."""
        resource = resource_of(ask.path)
        number = self._server.front.number_of(resource.account_hash)
        self._whose.asked(ask.headers.get(MARK, ""), copy)
        if number not in self._names:
            return
        process, _, life = host.partition("#")
        client_id = ask.headers.get(MARK) if ask.method == "POST" else None
        if ask.method == "DELETE":
            client_id = self._whose.by_number(resource.name)
        self._record.add(
            Requested(
                at=self._now(),
                account=self._names[number],
                verb=VERBS.get(ask.method, "read"),
                client_id=client_id,
                process=process,
                life=int(life or 0),
                sent_at=sent_at,
                copy=copy,
            )
        )

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
        self._whose.asked("", 0)
        place = self._server.front.place_by_hand
        self._books.trade_of_others(place, account, symbol=symbol, sign=sign, qty=qty, forced=forced)


class _ByMark:
    """Schwab's names: orders by the numbers that it counts, ours by the marks of the requests that made them."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._numbers: dict[str, str] = {}
        self._marks: dict[str, str | None] = {}
        self._of_number: dict[str, str | None] = {}
        self._mark, self._copy = "", 0

    def asked(self, mark: str, copy: int) -> None:
        """Notes the mark of the request that is about to have its effect."""
        self._mark, self._copy = mark, copy

    def by_number(self, number: str) -> str | None:
        return self._of_number.get(number)

    def order(self, order: BookedOrder) -> str:
        return self._numbers.setdefault(order.id, str(ORDER_BASE + len(self._numbers)))

    def execution(self, execution: BookedExecution) -> str:
        assert self._ledger.executions[-1] is execution, "an execution is recorded when it happens"
        return f"{ACTIVITY_BASE + len(self._ledger.executions) - 1}:0"

    def ours(self, order: BookedOrder) -> str | None:
        if order.id not in self._marks:
            is_copy = self._copy > 0 and self._mark in self._marks.values()
            self._marks[order.id] = None if is_copy else self._mark or None
            self._of_number[self.order(order)] = self._marks[order.id]
        return self._marks[order.id]

    def refused(self, _client_id: str) -> str | None:
        return self._mark or None
