"""The truth of a simulated broker of stocks: its orders, executions and postings, and what becomes of them in time.

It has no clock and no timer: whoever asks says what time it is, and all that was due until then happens first, in
order. What an order looked like at an instant is kept, so that a read may trail.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import Protocol

import msgspec

from flatbook.sim.alpaca.faults import BrokerFaults
from flatbook.sim.alpaca.terms import FeeRates, OpeningAccount
from flatbook.sim.chance import digest
from flatbook.values.instants import Instant, later
from flatbook.values.money import ONE, ZERO, cut, lower_to, raise_to
from flatbook.values.sessions import SessionKind, next_session, run_end, session_at
from flatbook.values.us_eastern import instant_of_eastern

QTY_DECIMALS = 9
CENTS = 2
ONE_BPS = Decimal("0.0001")
EXTENDED = (SessionKind.EARLY, SessionKind.REGULAR, SessionKind.LATE)
REGULAR = (SessionKind.REGULAR,)
ENDED = ("filled", "canceled", "expired", "rejected", "replaced")

Prices = Callable[[str, Instant], Decimal | None]


class View(msgspec.Struct, frozen=True, kw_only=True):
    """An order as it looks from an instant on."""

    at: Instant
    status: str
    filled: Decimal = ZERO
    paid: Decimal = ZERO
    filled_at: Instant | None = None
    canceled_at: Instant | None = None
    expired_at: Instant | None = None
    failed_at: Instant | None = None
    replaced_at: Instant | None = None


class BookedOrder(msgspec.Struct, kw_only=True):
    """An order in the truth. Its last view is what it is now; `replaces` and `replaced_by` are ids of orders."""

    id: str
    account_id: str
    client_id: str
    symbol: str
    sign: int
    qty: Decimal
    limit: Decimal | None
    extended: bool
    taken_at: Instant
    works_until: Instant
    views: list[View]
    replaces: str | None = None
    replaced_by: str | None = None

    @property
    def now(self) -> View:
        """Returns what the order is now."""
        return self.views[-1]

    @property
    def is_open(self) -> bool:
        """Whether it has not ended."""
        return self.now.status not in ENDED

    @property
    def ended_at(self) -> Instant | None:
        """Returns since when it has ended, None while it is open."""
        return None if self.is_open else self.now.at

    @property
    def rest(self) -> Decimal:
        """Returns what may still execute. Units: shares."""
        return max(self.qty - self.now.filled, ZERO)

    def seen_at(self, at: Instant) -> View | None:
        """Returns what a read that shows an instant says of it, None before it was known."""
        return next((view for view in reversed(self.views) if view.at <= at), None)


class BookedExecution(msgspec.Struct, frozen=True, kw_only=True):
    """An execution in the truth. `total` is what of its order has executed with it."""

    id: str
    order: BookedOrder
    at: Instant
    qty: Decimal
    price: Decimal
    total: Decimal


class Posting(msgspec.Struct, frozen=True, kw_only=True):
    """A change of cash, with what it is for. Units: USD."""

    id: str
    account_id: str
    at: Instant
    kind: str
    day: str
    amount: Decimal
    text: str


class Placing(msgspec.Struct, frozen=True, kw_only=True):
    """An order that passed the checks."""

    account_id: str
    client_id: str
    symbol: str
    sign: int
    qty: Decimal
    limit: Decimal | None
    extended: bool
    kinds: tuple[SessionKind, ...] = ()

    @property
    def sessions(self) -> tuple[SessionKind, ...]:
        """The sessions in which it works: those it names, else the regular ones or the extended day."""
        return self.kinds or (EXTENDED if self.extended else REGULAR)


class LedgerTerms(Protocol):
    """What the books must know of their broker. Units: as in AlpacaTerms."""

    @property
    def accounts(self) -> tuple[OpeningAccount, ...]:
        """The accounts as they are opened."""

    @property
    def fees(self) -> tuple[FeeRates, ...]:
        """The fees on sales."""

    @property
    def charges_each_order(self) -> bool:
        """Whether fees are of an order, not of all sales of a day together."""

    @property
    def seed(self) -> str:
        """What all ids are derived from."""

    @property
    def route_ms(self) -> int:
        """From acceptance to the market."""

    @property
    def fill_ms(self) -> int:
        """From there to the first execution."""

    @property
    def look_ms(self) -> int:
        """Between two looks of a resting order at the price."""

    @property
    def cancel_ms(self) -> int:
        """From the request to cancel to its effect."""


class Listener(Protocol):
    """Who hears what happens in the books, at the instant at which it is done."""

    def due(self, at: Instant) -> None:
        """Something is due at an instant: who wants it to happen then lets the ledger advance."""

    def taken(self, order: BookedOrder) -> None:
        """An order was taken."""

    def refused(self, account_id: str, client_id: str, message: str) -> None:
        """An order was not taken."""

    def executed(self, execution: BookedExecution) -> None:
        """An order executed, wholly or in part."""

    def over(self, order: BookedOrder) -> None:
        """An order ended."""


class Watcher(Protocol):
    """Who tells customers what happens to their orders."""

    def due(self, at: Instant) -> None:
        """Something is due at an instant: who wants it to happen then lets the ledger advance."""

    def changed(self, order: BookedOrder, execution: BookedExecution | None) -> None:
        """An order was taken or looks otherwise than before, by an execution where there is one."""


class Ledger:
    """The books of one broker of stocks. `listener` hears of what happens, once it is set; so do all `watchers`."""

    def __init__(self, terms: LedgerTerms, prices: Prices, faults: BrokerFaults) -> None:
        self._terms, self._prices, self._faults = terms, prices, faults
        self.listener: Listener | None = None
        self.watchers: list[Watcher] = []
        self.opened = {account.account_id: account for account in terms.accounts}
        self.orders: dict[str, BookedOrder] = {}
        self.by_client_id: dict[tuple[str, str], BookedOrder] = {}
        self.executions: list[BookedExecution] = []
        self.postings: list[Posting] = []
        self._due: list[tuple[Instant, int, Callable[[Instant], None]]] = []
        self._steps = 0
        self._days_traded: dict[date, None] = {}

    def derived_id(self, kind: str, name: int | str) -> str:
        """Returns an id in the form of a UUID that the seed, a kind and a number or name give."""
        text = digest(self._terms.seed, kind, str(name))[:16].hex()
        return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))

    def all_due(self) -> list[Instant]:
        """Returns when something is due that is known by now."""
        return sorted(at for at, _, _ in self._due)

    def advance(self, now: Instant) -> None:
        """Lets everything happen that was due until an instant; an instant before the last one changes nothing."""
        while self._due and self._due[0][0] <= now:
            at, _, act = heapq.heappop(self._due)
            act(at)

    def place(self, asked: Placing, now: Instant, *, waits_ms: int = 0) -> BookedOrder:
        """Takes an order that passed the checks; it works in the session of this instant or in the next one.

        Units: it is routed `waits_ms` later than others.
        """
        kinds = asked.sessions
        opens_at = next_session(now, kinds).opens_at
        works_from = max(now, opens_at)
        routed_at = later(works_from, ms=self._terms.route_ms + waits_ms)
        held_ms = self._faults.hold_ms(asked.symbol)
        status = "held" if held_ms else ("pending_new" if works_from == now else "accepted")
        order = BookedOrder(
            id=self.derived_id("order", len(self.orders)),
            account_id=asked.account_id,
            client_id=asked.client_id or self.derived_id("client", len(self.orders)),
            symbol=asked.symbol,
            sign=asked.sign,
            qty=asked.qty,
            limit=asked.limit,
            extended=asked.extended,
            taken_at=now,
            works_until=run_end(works_from, kinds),
            views=[View(at=now, status=status)],
        )
        self.orders[order.id] = self.by_client_id[order.account_id, order.client_id] = order
        if self.listener is not None:
            self.listener.taken(order)
        self._tell(order)
        self._plan(later(routed_at, ms=held_ms), partial(self._route, order))
        self._plan(order.works_until, partial(self._expire, order))
        return order

    def ask_cancel(self, order: BookedOrder, now: Instant) -> None:
        """Takes a request to cancel an open order; until it has its effect the order may execute."""
        self._show(order, now, status="pending_cancel")
        self._plan(later(now, ms=self._terms.cancel_ms), partial(self._cancel, order))

    def replace(self, order: BookedOrder, asked: Placing, now: Instant) -> BookedOrder:
        """Takes a request to replace an open order; the new one works once the old one does not.

        Gives: the new order, which is rejected where the old one has ended by itself meanwhile.
        """
        self._show(order, now, status="pending_replace")
        new = self.place(asked, now, waits_ms=self._terms.cancel_ms)
        new.replaces, order.replaced_by = order.id, new.id
        self._plan(later(now, ms=self._terms.cancel_ms), partial(self._replace, order, new))
        return new

    def book(self, account_id: str, at: Instant, kind: str, amount: Decimal, text: str) -> None:
        """Books money on an account besides executions, such as a dividend. Units: USD, into the account above zero."""
        self._post(account_id, at, kind, amount, text=text)

    def cash(self, account_id: str, at: Instant) -> Decimal:
        """Returns the cash of an account at an instant. Units: USD."""
        return sum(
            (row.amount for row in self.postings if row.account_id == account_id and row.at <= at),
            Decimal(self.opened[account_id].cash),
        )

    def holdings(self, account_id: str, at: Instant) -> dict[str, Decimal]:
        """Returns the shares of an account at an instant by symbol, those of zero left out. Units: shares."""
        held: dict[str, Decimal] = dict(self.opened[account_id].holdings)
        for execution in self.executions:
            order = execution.order
            if order.account_id == account_id and execution.at <= at:
                held[order.symbol] = held.get(order.symbol, ZERO) + order.sign * execution.qty
        return {symbol: qty for symbol, qty in held.items() if qty}

    def open_orders(self, account_id: str) -> list[BookedOrder]:
        """Returns the orders of an account that have not ended, the oldest first."""
        return [order for order in self.orders.values() if order.account_id == account_id and order.is_open]

    def price(self, symbol: str, at: Instant) -> Decimal | None:
        """Returns the price of a symbol, None while it has none. Units: USD a share."""
        return self._prices(symbol, at)

    def _plan(self, at: Instant, act: Callable[[Instant], None]) -> None:
        self._steps += 1
        heapq.heappush(self._due, (at, self._steps, act))
        if self.listener is not None:
            self.listener.due(at)
        for watcher in self.watchers:
            watcher.due(at)

    def _tell(self, order: BookedOrder, execution: BookedExecution | None = None) -> None:
        for watcher in self.watchers:
            watcher.changed(order, execution)

    def _route(self, order: BookedOrder, at: Instant) -> None:
        if not order.is_open:
            return
        if self._faults.rejects_late(order.symbol):
            self._show(order, at, status="rejected", failed_at=at)
            return
        if order.now.status not in ("pending_cancel", "pending_replace"):
            self._show(order, at, status="new")
        self._plan(later(at, ms=self._terms.fill_ms), partial(self._look, order))

    def _look(self, order: BookedOrder, at: Instant) -> None:
        if not order.is_open:
            return
        price = self._prices(order.symbol, at)
        crosses = price is not None and (order.limit is None or order.sign * (order.limit - price) >= ZERO)
        if crosses:
            self._execute(order, at, self._piece(order))
        if order.is_open:
            wait_ms = self._terms.fill_ms if crosses else self._terms.look_ms
            self._plan(later(at, ms=wait_ms), partial(self._look, order))

    def _piece(self, order: BookedOrder) -> Decimal:
        """Returns what the next execution takes: whole shares of a whole order, at least the smallest part."""
        decimals = 0 if order.qty == cut(order.qty, decimals=0) else QTY_DECIMALS
        part = order.qty * self._faults.piece_bps(order.symbol) * ONE_BPS
        return min(max(lower_to(part, decimals=decimals), ONE.scaleb(-decimals)), order.rest)

    def _execute(self, order: BookedOrder, at: Instant, qty: Decimal) -> None:
        """Executes a quantity at the price of the instant; nothing while there is no price."""
        price = self._prices(order.symbol, at)
        if price is None or qty <= ZERO:
            return
        completes = qty >= order.rest
        if completes and self._faults.overfills(order.symbol):
            qty += ONE
        before = order.now
        total, paid = before.filled + qty, before.paid + qty * price
        identity = self.derived_id("execution", len(self.executions))
        self.executions.append(BookedExecution(id=identity, order=order, at=at, qty=qty, price=price, total=total))
        if self.listener is not None:
            self.listener.executed(self.executions[-1])
        self._post(order.account_id, at, "FILL", -order.sign * qty * price, text=order.id)
        self._close_day_later(session_at(at).trade_date)
        status = "filled" if completes else "partially_filled"
        if not completes and before.status in ("pending_cancel", "pending_replace", *ENDED):
            status = before.status
        filled_at = at if completes else before.filled_at
        self._show(order, at, by=self.executions[-1], status=status, filled=total, paid=paid, filled_at=filled_at)

    def _expire(self, order: BookedOrder, at: Instant) -> None:
        if order.is_open:
            self._show(order, at, status="expired", expired_at=at)

    def _cancel(self, order: BookedOrder, at: Instant) -> None:
        if not order.is_open:
            return
        self._show(order, at, status="canceled", canceled_at=at)
        late_ms = self._faults.late_fill_ms(order.symbol)
        if late_ms is not None:
            self._plan(later(at, ms=late_ms), lambda late: self._execute(order, late, order.rest))

    def _replace(self, order: BookedOrder, new: BookedOrder, at: Instant) -> None:
        if order.is_open:
            self._show(order, at, status="replaced", replaced_at=at)
        elif new.is_open:
            self._show(new, at, status="rejected", failed_at=at)

    def _show(self, order: BookedOrder, at: Instant, *, by: BookedExecution | None = None, **changes: object) -> None:
        was_open = order.is_open
        order.views.append(msgspec.structs.replace(order.now, at=at, **changes))
        if self.listener is not None and was_open and not order.is_open:
            self.listener.over(order)
        self._tell(order, by)

    def _post(self, account_id: str, at: Instant, kind: str, amount: Decimal, *, text: str, day: str = "") -> None:
        identity = self.derived_id("posting", len(self.postings))
        self.postings.append(
            Posting(id=identity, account_id=account_id, at=at, kind=kind, day=day, amount=amount, text=text)
        )

    def _close_day_later(self, day: date) -> None:
        """Plans the fees of a trade date for the midnight after it."""
        if day not in self._days_traded:
            self._days_traded[day] = None
            self._plan(instant_of_eastern(day + timedelta(days=1), 0), partial(self._charge, day))

    def _charge(self, day: date, at: Instant) -> None:
        """Charges the fees on the sales of a trade date, by account or order and kind, each raised to a cent."""
        rates = [rates for rates in self._terms.fees if rates.effective_from <= day.isoformat()]
        if not rates:
            return
        sales: dict[tuple[str, str], list[BookedExecution]] = {}
        for row in self.executions:
            if row.order.sign < 0 and session_at(row.at).trade_date == day:
                of = row.order.id if self._terms.charges_each_order else ""
                sales.setdefault((row.order.account_id, of), []).append(row)
        for account_id in self.opened:
            for (account, order_id), rows in sales.items():
                if account == account_id:
                    self._charge_sales(rows, rates[-1], at, order_id=order_id, day=day.isoformat())

    def _charge_sales(
        self, sales: list[BookedExecution], rates: FeeRates, at: Instant, *, order_id: str, day: str
    ) -> None:
        fees = {
            "REG": sum((row.qty * row.price for row in sales), ZERO) * rates.sec_rate,
            "TAF": sum((row.qty for row in sales), ZERO) * rates.taf_per_share,
        }
        for kind, fee in fees.items():
            if fee:
                amount = -raise_to(fee, decimals=CENTS)
                text = order_id or f"{kind} fee for proceed of {len(sales)} trades on {day}"
                self._post(sales[0].order.account_id, at, kind, amount, text=text, day=day)
