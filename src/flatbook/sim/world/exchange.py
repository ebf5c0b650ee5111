"""A simulated venue: accounts, orders, executions and a ledger of its own, over order books that it fills itself.

It knows no process and no network: requests come in as calls and go out as values, at the instant that the world says.
What it says of the past may lag; what it does is written to the world's record.

Units: as in sim/world/record.py.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

import msgspec

from flatbook.engine.ports import IdRule
from flatbook.matcher.order_book import OrderBook
from flatbook.sim.world.injection import Injection
from flatbook.sim.world.record import (
    AccountOpened,
    Executed,
    OrderOver,
    OrderRefused,
    OrderTaken,
    Priced,
    Record,
)
from flatbook.values.instants import NS_PER_MS, NS_PER_S, Instant

LEVELS = 3
EMPTY_S_MAX = 40
BACKGROUND = "background"
TICK = 100
FEE_BPS_WHOLE = 10_000
LEVY_PPM_WHOLE = 1_000_000

Now = Callable[[], Instant]


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """The venue did not do what was asked: a code of its own, and a text."""

    code: str
    text: str


class Hours(msgspec.Struct, frozen=True, kw_only=True):
    """When a venue trades: from the first instant to before the second."""

    opens_at: Instant
    closes_at: Instant


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What a venue is like.

    Units: `id_window_s`, `request_window_s` and `refill_s` in seconds; `lot`, `depth` in quantity units; `fee_bps` of
    notional; `levy_ppm` millionths of notional, charged on sales beside the fee as a regulator's is. Its own liquidity
    is there for a second, and again `refill_s` seconds later. An order that arrives outside the hours works in the next
    ones when `queues` is set, and is refused otherwise.
    """

    account: str
    id_rule: IdRule
    id_window_s: int
    request_window_s: int
    lot: int
    depth: int
    spread_ticks: int
    refill_s: int
    fee_bps: int
    levy_ppm: int
    hours: tuple[Hours, ...]
    queues: bool
    honours_good_until: bool
    pending: bool
    cash: int
    holdings: dict[str, int]


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """An order as it arrives."""

    client_id: str | None
    symbol: str
    sign: int
    qty: int
    limit: int | None
    good_until: Instant
    sent_at: Instant


class Ending(Enum):
    """How an order ended."""

    FILLED = "filled"
    CANCELED = "canceled"
    EXPIRED = "expired"


class VenueOrder(msgspec.Struct, kw_only=True, gc=False):
    """An order in the venue's truth. `fills` are (instant, execution)."""

    venue_id: str
    client_id: str | None
    symbol: str
    sign: int
    qty: int
    limit: int | None
    taken_at: Instant
    works_from: Instant
    works_until: Instant
    ours: bool
    fills: list[VenueExecution] = []
    filled: int = 0
    cancel_asked_at: Instant | None = None
    ended_at: Instant | None = None
    ending: Ending | None = None

    @property
    def rest(self) -> int:
        """What may still execute."""
        return max(self.qty - self.filled, 0)


class VenueExecution(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An execution in the venue's truth. `levy` is the part of the fee that is charged on sales."""

    number: int
    execution_id: str
    venue_id: str
    client_id: str | None
    symbol: str
    sign: int
    qty: int
    price: int
    fee: int
    levy: int
    at: Instant


Pushed = Callable[[VenueOrder, VenueExecution], None]


class Exchange:
    """One account at one venue. `later` schedules what the venue does by itself."""

    def __init__(
        self,
        terms: Terms,
        record: Record,
        injection: Injection,
        now: Now,
        later: Callable[[Instant, Callable[[], None]], None],
    ) -> None:
        self.terms = terms
        self._record, self._injection, self._now, self._later = record, injection, now, later
        self._books: dict[str, OrderBook] = {}
        self._prices: dict[str, int] = {}
        self._empty_until: dict[str, Instant] = {}
        self.orders: dict[str, VenueOrder] = {}
        self.by_client_id: dict[str, list[VenueOrder]] = {}
        self.executions: list[VenueExecution] = []
        self.cash_moves: list[tuple[Instant, int]] = [(Instant(0), terms.cash)]
        self.share_moves: dict[str, list[tuple[Instant, int]]] = {
            symbol: [(Instant(0), qty)] for symbol, qty in terms.holdings.items()
        }
        self.halted: dict[str, None] = {}
        self.moved = 0
        self._refills_at: dict[str, Instant] = {}
        self.listeners: list[Pushed] = []
        record.add(AccountOpened(at=now(), account=terms.account, cash=terms.cash, holdings=dict(terms.holdings)))

    # What arrives.

    def place(self, request: Request) -> VenueOrder | Refusal:
        """Takes an order, or says why not. What matches at once is executed before this returns."""
        refusal = self._check(request)
        hours = self._hours_from(self._now())
        if refusal is None and hours is None:
            refusal = Refusal(code="market_closed", text="there is no session any more")
        if refusal is not None or hours is None:
            assert refusal is not None
            self._record.add(
                OrderRefused(at=self._now(), account=self.terms.account, client_id=request.client_id, code=refusal.code)
            )
            return refusal
        order = self._take(request, hours, ours=True)
        if order.works_from <= self._now():
            self._work(order)
        else:
            self._later(order.works_from, lambda: self._work(order))
        return order

    def cancel(self, venue_id: str | None, client_id: str | None) -> VenueOrder | Refusal:
        """Cancels an order by the venue's id or by ours."""
        named = self.orders.get(venue_id or "") if venue_id is not None else self.newest(client_id)
        if named is None:
            return Refusal(code="unknown_order", text="there is no such order")
        if named.ended_at is not None:
            return Refusal(code="not_cancelable", text="the order has ended")
        named.cancel_asked_at = self._now()
        if self._injection.hits("V10", self.terms.account):
            self._execute(named, self._some(named.rest, "V10"), self._fair(named))
        if named.ended_at is None:
            self._end(named, Ending.CANCELED)
            self._late_fill(named)
        return named

    def newest(self, client_id: str | None) -> VenueOrder | None:
        """Returns the order that last took a client id."""
        taken = self.by_client_id.get(client_id or "")
        return taken[-1] if taken else None

    # What happens by itself.

    def set_price(self, symbol: str, price: int) -> None:
        """Moves the price of a symbol: the venue's own liquidity follows, and resting orders may execute."""
        self.moved = abs(price - self._prices.get(symbol, price))
        self._prices[symbol] = price
        self._record.add(Priced(at=self._now(), symbol=symbol, price=price))
        if self._open_now():
            self._refresh(symbol)

    def price(self, symbol: str) -> int:
        """Returns the true price of a symbol."""
        return self._prices[symbol]

    def trade_of_others(self, symbol: str, sign: int, qty: int) -> None:
        """Executes an order on the account that somebody else placed by hand."""
        request = Request(
            client_id=None,
            symbol=symbol,
            sign=sign,
            qty=qty,
            limit=None,
            good_until=Instant(self._now() + 60 * NS_PER_S),
            sent_at=self._now(),
        )
        hours = self._hours_from(self._now())
        if hours is not None and hours.opens_at <= self._now():
            self._execute(self._take(request, hours, ours=False), qty, self._prices[symbol])

    def force(self, symbol: str, sign: int, qty: int) -> None:
        """Closes a part of a position without any order, as a liquidation or a deleveraging does."""
        forced = VenueOrder(
            venue_id=f"F{len(self.executions)}",
            client_id=None,
            symbol=symbol,
            sign=sign,
            qty=qty,
            limit=None,
            taken_at=self._now(),
            works_from=self._now(),
            works_until=self._now(),
            ours=False,
        )
        self._execute(forced, qty, self._prices[symbol], forced=True)

    def holding(self, symbol: str) -> int:
        """Returns the shares held now."""
        return sum(qty for _, qty in self.share_moves.get(symbol, ()))

    # Inside.

    def _check(self, request: Request) -> Refusal | None:
        now, terms = self._now(), self.terms
        if now - request.sent_at > terms.request_window_s * NS_PER_S:
            return Refusal(code="request_expired", text="sent too long ago")
        earlier = self.newest(request.client_id)
        if earlier is not None and self._still_holds_id(earlier, now):
            return Refusal(code="duplicate_client_id", text="an order has this client id: look it up")
        if request.qty <= 0 or request.qty % self._lot():
            return Refusal(code="invalid_quantity", text=f"quantities are multiples of {self._lot()}")
        if terms.honours_good_until and now >= request.good_until:
            return Refusal(code="good_until_passed", text="good_until is over")
        if request.symbol in self.halted:
            return Refusal(code="halted", text="trading is halted")
        if self._injection.hits("V31", terms.account):
            return Refusal(code="restricted", text="the account is restricted")
        if not terms.queues and not self._open_now():
            return Refusal(code="market_closed", text="the market is closed")
        return self._check_funds(request)

    def _lot(self) -> int:
        """Returns the lot in force: a venue may change it without notice, and take that back."""
        if not self._injection.is_on("V19") or not self._injection.hits("V19", self.terms.account):
            return self.terms.lot
        return self.terms.lot * 10

    def _still_holds_id(self, earlier: VenueOrder, now: Instant) -> bool:
        rule = self.terms.id_rule
        if rule is IdRule.FOR_EVER:
            return True
        if rule is IdRule.WHILE_OPEN:
            return earlier.ended_at is None
        return rule is IdRule.WINDOW and now < earlier.taken_at + self.terms.id_window_s * NS_PER_S

    def _check_funds(self, request: Request) -> Refusal | None:
        working = sum(
            order.rest
            for order in self.orders.values()
            if order.ended_at is None and (order.symbol, order.sign) == (request.symbol, request.sign)
        )
        if request.sign < 0 and request.qty > self.holding(request.symbol) - working:
            return Refusal(code="insufficient_shares", text="fewer shares are held and free")
        return None

    def _take(self, request: Request, hours: Hours, *, ours: bool) -> VenueOrder:
        now, terms = self._now(), self.terms
        until = min(hours.closes_at, request.good_until) if terms.honours_good_until else hours.closes_at
        order = VenueOrder(
            venue_id=f"{terms.account}-{len(self.orders) + 1}",
            client_id=request.client_id,
            symbol=request.symbol,
            sign=request.sign,
            qty=request.qty,
            limit=request.limit,
            taken_at=now,
            works_from=max(now, hours.opens_at),
            works_until=until,
            ours=ours,
        )
        self.orders[order.venue_id] = order
        if self.newest(request.client_id) is not None and terms.id_rule in (IdRule.WHILE_OPEN, IdRule.NONE):
            self._injection.count("V3" if terms.id_rule is IdRule.WHILE_OPEN else "V4", terms.account)
        if request.client_id is not None:
            self.by_client_id.setdefault(request.client_id, []).append(order)
        self._record.add(
            OrderTaken(
                at=now,
                account=terms.account,
                venue_id=order.venue_id,
                client_id=request.client_id,
                symbol=order.symbol,
                sign=order.sign,
                qty=order.qty,
                limit=order.limit,
                ours=ours,
            )
        )
        self._later(until, lambda: self._expire(order))
        return order

    def _work(self, order: VenueOrder) -> None:
        if order.ended_at is not None:
            return
        book = self._book(order.symbol)
        for match in book.take(order.sign, order.rest, order.limit):
            self._execute(order, match.qty, match.price)
        if order.ended_at is None and order.limit is not None:
            book.rest(order.venue_id, order.sign, order.limit, order.rest)

    def _expire(self, order: VenueOrder) -> None:
        if order.ended_at is None:
            self._end(order, Ending.EXPIRED)

    def _end(self, order: VenueOrder, ending: Ending) -> None:
        self._book(order.symbol).cancel(order.venue_id)
        order.ended_at, order.ending = self._now(), ending
        self._record.add(
            OrderOver(
                at=self._now(),
                account=self.terms.account,
                venue_id=order.venue_id,
                client_id=order.client_id,
                ending=ending.value,
            )
        )

    def _late_fill(self, order: VenueOrder) -> None:
        """After a cancel was said to have worked, something of the order may execute all the same."""
        if not order.rest or not self._injection.hits("V11", self.terms.account):
            return
        after_ms = self._injection.size("V11", self.terms.account, 1, 60_000)
        at = Instant(self._now() + after_ms * NS_PER_MS)
        if at < order.works_until:
            qty, price = self._some(order.rest, "V11"), self._fair(order)
            self._later(at, lambda: self._execute(order, qty, price))

    def _execute(self, order: VenueOrder, qty: int, price: int, *, forced: bool = False) -> None:
        if qty <= 0:
            return
        if order.ours and qty == order.rest and self._injection.hits("V12", self.terms.account):
            qty += self.terms.lot
        levy = qty * price * self.terms.levy_ppm // LEVY_PPM_WHOLE if order.sign < 0 else 0
        fee = qty * price * self.terms.fee_bps // FEE_BPS_WHOLE + levy
        execution = VenueExecution(
            number=len(self.executions) + 1,
            execution_id=self._next_execution_id(order.symbol),
            venue_id=order.venue_id,
            client_id=order.client_id,
            symbol=order.symbol,
            sign=order.sign,
            qty=qty,
            price=price,
            fee=fee,
            levy=levy,
            at=self._now(),
        )
        self.executions.append(execution)
        order.fills.append(execution)
        order.filled += qty
        self.cash_moves.append((self._now(), -order.sign * qty * price - fee))
        self.share_moves.setdefault(order.symbol, []).append((self._now(), order.sign * qty))
        self._tell(execution, order, forced=forced)
        if order.ended_at is None and not order.rest:
            self._end(order, Ending.FILLED)
        for listener in self.listeners:
            listener(order, execution)

    def _next_execution_id(self, symbol: str) -> str:
        """Returns an id that is unique on the account, or (V15) for its symbol only."""
        number = len(self.executions) + 1
        if self._injection.is_on("V15"):
            number = 1 + sum(each.symbol == symbol for each in self.executions)
            self._injection.count("V15", self.terms.account)
        return f"{self.terms.account}-x{number}"

    def _tell(self, execution: VenueExecution, order: VenueOrder, *, forced: bool) -> None:
        self._record.add(
            Executed(
                at=execution.at,
                account=self.terms.account,
                execution_id=execution.execution_id,
                venue_id=order.venue_id,
                client_id=order.client_id,
                symbol=order.symbol,
                sign=order.sign,
                qty=execution.qty,
                price=execution.price,
                fee=execution.fee,
                forced=forced,
            )
        )

    def _fair(self, order: VenueOrder) -> int:
        """Returns a price that the order allows, at or near the true one."""
        true = self._prices[order.symbol]
        if order.limit is None:
            return true
        return min(true, order.limit) if order.sign > 0 else max(true, order.limit)

    def _some(self, rest: int, fault: str) -> int:
        lots = self._injection.size(fault, f"{self.terms.account} lots", 1, max(1, rest // self.terms.lot))
        return min(rest, lots * self.terms.lot)

    def _book(self, symbol: str) -> OrderBook:
        if symbol not in self._books:
            self._books[symbol] = OrderBook()
            if symbol in self._prices and self._open_now():
                self._refresh(symbol)
        return self._books[symbol]

    def _refresh(self, symbol: str) -> None:
        """Puts the venue's own liquidity around the price; resting orders that it crosses execute."""
        book, price, terms = self._book(symbol), self._prices[symbol], self.terms
        for sign in (1, -1):
            for level in range(LEVELS):
                book.cancel(f"{BACKGROUND}{sign}{level}")
        if self._is_empty(symbol) or self._rests(symbol):
            return
        for sign in (1, -1):
            for level in range(LEVELS):
                at = price - sign * (terms.spread_ticks + level) * TICK
                self._provide(book, f"{BACKGROUND}{sign}{level}", (sign, at, terms.depth * (level + 1)))

    def _is_empty(self, symbol: str) -> bool:
        """Whether nobody quotes a symbol: liquidity goes by chance (V28), and comes back after some seconds."""
        now = self._now()
        if not self._injection.is_on("V28"):
            return False
        if now >= self._empty_until.get(symbol, now) and self._injection.hits("V28", self.terms.account):
            lasts_s = self._injection.size("V28", self.terms.account, 1, EMPTY_S_MAX)
            self._empty_until[symbol] = Instant(now + lasts_s * NS_PER_S)
        return now < self._empty_until.get(symbol, now)

    def _rests(self, symbol: str) -> bool:
        """Whether the venue's liquidity is not due yet: it comes back some seconds after it was taken away."""
        now = self._now()
        if now < self._refills_at.get(symbol, now) and not self._injection.is_over:
            return True
        self._refills_at[symbol] = Instant(now + self.terms.refill_s * NS_PER_S)
        return False

    def _provide(self, book: OrderBook, name: str, quote: tuple[int, int, int]) -> None:
        sign, at, qty = quote
        for match in book.take(sign, qty, at):
            qty -= match.qty
            self._execute(self.orders[match.maker], match.qty, match.price)
        if qty > 0:
            book.rest(name, sign, at, qty)

    def _open_now(self) -> bool:
        hours = self._hours_from(self._now())
        return hours is not None and hours.opens_at <= self._now()

    def _hours_from(self, at: Instant) -> Hours | None:
        return next((hours for hours in self.terms.hours if at < hours.closes_at), None)
