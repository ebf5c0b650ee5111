"""A world in which the production adapter of Schwab trades with the simulated one over faulty connections."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from decimal import Decimal
from urllib.parse import parse_qs, urlencode, urlsplit

import msgspec

from flatbook.engine.own_books import OwnBooks
from flatbook.engine.ports import ApprovedOrder
from flatbook.engine.reports import (
    Absent,
    Accepted,
    Execution,
    NotSent,
    OrderReport,
    Rejected,
)
from flatbook.events.orders import OrderStyle
from flatbook.sim.alpaca.ledger import BookedExecution, BookedOrder, Ledger
from flatbook.sim.alpaca.terms import OpeningAccount
from flatbook.sim.network.connector import SimulatedConnector
from flatbook.sim.network.http_broker import Ask
from flatbook.sim.network.wire_faults import InjectedBroker
from flatbook.sim.schwab.server import SchwabServer
from flatbook.sim.schwab.terms import SchwabTerms
from flatbook.values.ids import InstrumentId, OrderId, VenueOrderId
from flatbook.values.instants import Instant, later
from flatbook.values.instruments import Side
from flatbook.values.money import Money, Price, Quantity
from flatbook.venues.http import SessionHttp
from flatbook.venues.schwab.line import SchwabLine
from flatbook.venues.schwab.login import Login
from flatbook.venues.schwab.tokens import Tokens, app_headers
from flatbook.venues.schwab.venue import SCHWAB_CARD, SchwabAccount, SchwabVenue
from tests.sim.alpaca_world import STRENGTHS
from tests.sim.faulty_world import MAIN, SESSION, SYMBOLS, FaultyWorld, share, swinging_price
from tests.unit.venues.schwab.sample import Own

HOST = "api.example"
NUMBER, HASH = "123456789", "ABC123DEF456"
ROUNDS_MAX = 400
LOT = Decimal(1)
FENCE_S = SCHWAB_CARD.request_window_s + SCHWAB_CARD.read_lag_max_s

TERMS = SchwabTerms(
    accounts=(
        OpeningAccount(
            account_id=NUMBER,
            cash=Money(Decimal(1_000_000)),
            holdings={symbol: Quantity(Decimal(1_000)) for symbol in SYMBOLS},
        ),
    ),
    hashes={NUMBER: HASH},
    symbols=SYMBOLS,
    key="app-key",
    secret="app-word",
    access_s=600,
)


def logged_in(server: SchwabServer, now: Instant) -> Tokens:
    """Logs in before any fault can strike."""
    logins = server.front.logins
    asked = {"client_id": TERMS.key, "redirect_uri": TERMS.callback}
    told = logins.authorize(Ask(method="GET", path="/v1/oauth/authorize", query=asked, headers={}), now)
    code = parse_qs(urlsplit(told.headers["Location"]).query)["code"][0]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": TERMS.callback}
    headers = {name.lower(): value for name, value in app_headers(TERMS.key, TERMS.secret).items()}
    body = urlencode(form).encode()
    given = logins.token(Ask(method="POST", path="/v1/oauth/token", query={}, headers=headers, body=body), now)
    assert isinstance(given, Mapping)
    return Tokens(
        access=given["access_token"],
        access_ends_at=later(now, seconds=TERMS.access_s),
        refresh=given["refresh_token"],
        login_ends_at=later(now, seconds=TERMS.login_s),
    )


class Kept:
    """A store of tokens in memory."""

    def __init__(self, tokens: Tokens | None) -> None:
        self.tokens = tokens
        self.times = 0

    def load(self) -> Tokens | None:
        return self.tokens

    def keep(self, tokens: Tokens) -> bool:
        self.tokens = tokens
        self.times += 1
        return True


class SchwabWorld(FaultyWorld):
    """One desk, one Schwab, and what the desk learned."""

    def __init__(self, seed: int, strengths: dict[str, int] | None = None) -> None:
        super().__init__(seed, STRENGTHS if strengths is None else strengths, start=SESSION)
        self.server = SchwabServer(
            TERMS,
            swinging_price,
            now=self.now,
            rest=self.rest,
            faults=InjectedBroker("schwab", self.loop, self.injection),
        )
        self.ledger.listener = self
        self.server.arrived = self.arrived
        self.orders: dict[OrderId, Own] = {}
        self.held = {symbol: Decimal(1_000) for symbol in SYMBOLS}
        self.unresolved: dict[str, asyncio.Lock] = {symbol: asyncio.Lock() for symbol in SYMBOLS}
        self.now_unresolved: dict[str, OrderId] = {}
        self.owner_in_truth: dict[str, OrderId] = {}
        self.posts: list[int] = []
        self.executions: dict[str, Execution] = {}
        self.absent: list[OrderId] = []
        self.store = Kept(None)
        self.venue, self.https = self._venue()

    def _venue(self) -> tuple[SchwabVenue, tuple[SessionHttp, ...]]:
        for_tokens = SessionHttp(
            f"https://{HOST}",
            self.clock,
            connect=SimulatedConnector,
            authorize=lambda: app_headers(TERMS.key, TERMS.secret),
        )
        self.login = Login(for_tokens, self.clock, self.store)
        http = SessionHttp(f"https://{HOST}", self.clock, connect=SimulatedConnector, authorize=self.login.headers)
        account = SchwabAccount(
            account=MAIN, number=NUMBER, instruments=tuple(share("schwab", symbol, LOT) for symbol in SYMBOLS)
        )
        return SchwabVenue(SchwabLine(http, self.login, self.clock), self.clock, account=account, books=self.books), (
            for_tokens,
            http,
        )

    @property
    def ledger(self) -> Ledger:
        """The truth of the broker."""
        return self.server.front.ledger

    def books(self) -> OwnBooks:
        """What the desk has booked."""
        held = {InstrumentId(f"schwab:{symbol}"): Quantity(qty) for symbol, qty in self.held.items()}
        return OwnBooks(orders=tuple(self.orders.values()), held=dict(held))

    def arrived(self, ask: Ask, _host: str, _sent_at: Instant, copy: int) -> None:
        """Counts the requests that place orders, and what repeated them."""
        if ask.method == "POST" and ask.path.endswith("/orders"):
            self.posts.append(copy)

    def due(self, at: Instant) -> None:
        """Nothing: the books advance when somebody asks."""

    def taken(self, order: BookedOrder) -> None:
        """Notes whose order it is: the one of its symbol whose fate is open."""
        self.owner_in_truth[order.id] = self.now_unresolved[order.symbol]

    def refused(self, account_id: str, client_id: str, message: str) -> None:
        """Nothing: the desk hears of it."""

    def executed(self, execution: BookedExecution) -> None:
        """Nothing: the desk hears of it."""

    def over(self, order: BookedOrder) -> None:
        """Nothing: the desk hears of it."""

    def run(self, orders: int) -> None:
        """Logs in, and lets the world run to its end."""
        self.store.tokens = logged_in(self.server, SESSION)
        self.live(self.server, HOST, orders)

    def learn(self, executions: Iterable[Execution]) -> None:
        """Keeps the executions of a page; none may change."""
        for execution in executions:
            known = self.executions.setdefault(str(execution.execution_id), execution)
            assert known == execution, "an execution changed"

    async def trade(self, orders: int) -> None:
        """Trades, ends the faults, and settles until nothing is open."""
        poller = asyncio.create_task(self.poll())
        await asyncio.gather(*(self._live(number) for number in range(orders)))
        self.injection.stop()
        await self.rest(90_000)
        for order in tuple(self.orders.values()):
            await self.venue.cancel(order.order_id, order.venue_order_id)
        await self.rest(90_000)
        self.is_over = True
        await poller
        await self.be_stated()
        for http in self.https:
            await http.close()

    async def _live(self, number: int) -> None:
        """Places one order by the law for a venue without ids, and cancels some of them."""
        await self.rest(self.chance.randrange(240_000))
        symbol = self.chance.choice(SYMBOLS)
        async with self.unresolved[symbol]:
            order = self._order(number, symbol)
            self.now_unresolved[symbol] = order.order_id
            self.orders[order.order_id] = _intended(order, self.loop.instant)
            taken_as = await self._settled(order)
            booked = self.orders[order.order_id]
            self.orders[order.order_id] = msgspec.structs.replace(
                booked, venue_order_id=taken_as, is_open=taken_as is not None
            )
        if taken_as is not None and self.chance.random() < 0.8:
            await self.rest(self.chance.randrange(5_000))
            await self.venue.cancel(order.order_id, taken_as)

    async def _settled(self, order: ApprovedOrder) -> VenueOrderId | None:
        """Sends once and asks until the fate is known. Gives: the venue's id, None where there is provably no order."""
        placed = await self.venue.place(order)
        sent_at = self.loop.instant
        if isinstance(placed, Accepted):
            return placed.venue_order_id
        if isinstance(placed, Rejected | NotSent):
            return None
        for _ in range(ROUNDS_MAX):
            await self.rest(6_000)
            asked_at = self.loop.instant
            found = await self.venue.find(order.order_id)
            if isinstance(found, OrderReport):
                assert found.order_id == order.order_id
                return found.venue_order_id
            if isinstance(found, Absent) and asked_at >= later(sent_at, seconds=FENCE_S):
                self.absent.append(order.order_id)
                return None
        raise AssertionError(f"the fate of {order.order_id} stays unknown")

    def _order(self, number: int, symbol: str) -> ApprovedOrder:
        side = Side.BUY if symbol == "AAPL" else Side.SELL
        far = Decimal(150) if side is Side.BUY else Decimal(250)
        near = Decimal(250) if side is Side.BUY else Decimal(100)
        limit = self.chance.choice((None, near, far))
        return ApprovedOrder(
            order_id=OrderId(f"o{number}"),
            account=MAIN,
            instrument=InstrumentId(f"schwab:{symbol}"),
            side=side,
            qty=Quantity(Decimal(self.chance.choice((1, 2, 20)))),
            limit=None if limit is None else Price(limit),
            reduce_only=False,
            style=OrderStyle.LIMIT,
            attempt=0,
            good_until=later(self.loop.instant, seconds=600),
        )


def _intended(order: ApprovedOrder, now: Instant) -> Own:
    return Own(
        order_id=order.order_id,
        instrument=order.instrument,
        side=order.side,
        qty=order.qty,
        limit=order.limit,
        decided_at=now,
        good_until=order.good_until,
        venue_order_id=None,
        is_open=True,
    )
