"""The adapter against the simulated Schwab over TCP, in real time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal

import msgspec
import pytest
from aiohttp import web

from flatbook.engine.own_books import OwnBooks
from flatbook.engine.reports import (
    Accepted,
    AccountStatement,
    CancelTaken,
    OrderReport,
    Pushed,
    VenueStatus,
)
from flatbook.ops.clock import SystemClock
from flatbook.sim.schwab.server import SchwabServer
from flatbook.values.ids import OrderId, SourceId, Underlying
from flatbook.values.instants import Instant, later
from flatbook.values.instruments import Side
from flatbook.values.money import Price, Quantity
from flatbook.venues.http import Reply, SessionHttp, tls_connector
from flatbook.venues.quote_gates import QuoteGates
from flatbook.venues.schwab.activity import AccountActivity
from flatbook.venues.schwab.lanes import Lane
from flatbook.venues.schwab.line import SchwabLine
from flatbook.venues.schwab.login import Login
from flatbook.venues.schwab.quotes import SchwabQuotes
from flatbook.venues.schwab.tokens import app_headers
from flatbook.venues.schwab.venue import SchwabAccount, SchwabVenue
from flatbook.venues.schwab.wire import place_request
from flatbook.venues.websocket import SessionSocket
from tests.desk import readable
from tests.sim.faulty_world import MAIN, share
from tests.sim.schwab_world import LOT, NUMBER, TERMS, Kept, logged_in
from tests.unit.sim.schwab.scene import OPEN
from tests.unit.venues.schwab.sample import OURS, Own, approved

pytestmark = pytest.mark.real

AAPL = share("schwab", "AAPL", LOT)
OTHER = OrderId("fbbbbbbbbbbbbbbbbbbbbbbbbb")
AT_ONCE = msgspec.structs.replace(TERMS, route_ms=0, fill_ms=0, look_ms=20, cancel_ms=0)
PULSE_S = 0.02
PULSES_MAX = 3_000
PUSH_S_MAX = 60


class OpenMarket:
    """The machine's clock, set to an hour at which the market is open."""

    def __init__(self) -> None:
        self.system = SystemClock()
        self.ahead_ns = OPEN - self.system.now()

    def now(self) -> Instant:
        return Instant(self.system.now() + self.ahead_ns)

    async def sleep_until(self, at: Instant) -> None:
        await self.system.sleep_until(Instant(at - self.ahead_ns))


class Scene:
    """A Schwab over TCP, in which time passes by itself, and the adapter with books that a test writes."""

    def __init__(self) -> None:
        self.clock = OpenMarket()
        self.price = Decimal(200)
        self.orders: list[Own] = []
        self.server = SchwabServer(AT_ONCE, lambda _symbol, _at: self.price, now=self.clock.now, rest=self._rest)

    @asynccontextmanager
    async def served(self) -> AsyncIterator[SchwabVenue]:
        """Serves, and gives the venue."""
        runner = self.server.runner()
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        pulse = asyncio.create_task(self._pulse())
        for_tokens = SessionHttp(
            url, self.clock, connect=tls_connector, authorize=lambda: app_headers(TERMS.key, TERMS.secret)
        )
        login = Login(for_tokens, self.clock, Kept(logged_in(self.server, self.clock.now())))
        http = SessionHttp(url, self.clock, connect=tls_connector, authorize=login.headers)
        self.line = SchwabLine(http, login, self.clock)
        activity = AccountActivity(
            self.line, login, socket=lambda _host: SessionSocket(url, self.clock, connect=tls_connector)
        )
        account = SchwabAccount(account=MAIN, number=NUMBER, instruments=(AAPL,))
        try:
            yield SchwabVenue(self.line, self.clock, account=account, books=self.books, activity=activity)
        finally:
            pulse.cancel()
            await http.close()
            await for_tokens.close()
            await runner.cleanup()

    def books(self) -> OwnBooks:
        return OwnBooks(orders=tuple(self.orders), held={AAPL.id: Quantity(Decimal(1_000))})

    def intend(self, order_id: OrderId, limit: str | None) -> None:
        """Writes an order into our books, in the place of all others."""
        order = Own(
            order_id=order_id,
            instrument=AAPL.id,
            side=Side.BUY,
            qty=Quantity(Decimal(10)),
            limit=None if limit is None else Price(Decimal(limit)),
            decided_at=self.clock.now(),
            good_until=later(self.clock.now(), seconds=60),
            venue_order_id=None,
            is_open=True,
        )
        self.orders[:] = [order]

    async def place(self, venue: SchwabVenue) -> Accepted:
        """Places the order that is intended and books its id."""
        (order,) = self.orders
        sent = approved(order_id=order.order_id, instrument=AAPL.id, limit=order.limit, good_until=order.good_until)
        placed = await venue.place(sent)
        assert isinstance(placed, Accepted)
        self.orders[:] = [msgspec.structs.replace(order, venue_order_id=placed.venue_order_id)]
        return placed

    async def followed(self) -> None:
        """Returns once the stream is subscribed to."""
        for _ in range(PULSES_MAX):
            if self.server.front.streamer.is_followed:
                return
            await asyncio.sleep(PULSE_S)
        raise AssertionError("nobody subscribed")

    async def _rest(self, ms: int) -> None:
        await asyncio.sleep(ms * 0.001)

    async def _pulse(self) -> None:
        while True:
            await asyncio.sleep(PULSE_S)
            self.server.front.advance(self.clock.now())


def test_an_order_is_placed_filled_listed_and_stated_and_another_one_canceled_over_tcp() -> None:
    scene = Scene()

    async def talk() -> None:
        async with scene.served() as venue:
            scene.intend(OURS, None)
            await scene.place(venue)
            filled = await venue.find(OURS)
            assert isinstance(filled, OrderReport)
            assert (filled.status, filled.order_id) == (VenueStatus.FILLED, OURS)
            page = await venue.executions_since("")
            assert isinstance(page, tuple)
            assert [(row.order_id, row.qty, row.price) for row in readable(page[0])] == [
                (OURS, Decimal(10), Decimal(200))
            ]
            scene.intend(OTHER, "150")
            second = await scene.place(venue)
            assert await venue.cancel(OTHER, second.venue_order_id) == CancelTaken()
            statement = await venue.statement()
            assert isinstance(statement, AccountStatement)
            assert statement.open_orders == ()
            assert {holding.instrument: holding.qty for holding in statement.holdings}[AAPL.id] == Decimal(1_010)

    asyncio.run(talk())


def test_what_the_stream_hints_at_is_read_at_once_and_prices_are_quoted_over_tcp() -> None:
    scene, pushed = Scene(), list[Pushed]()

    async def talk() -> None:
        filled = asyncio.Event()

        def deliver(report: Pushed) -> None:
            pushed.append(report)
            if isinstance(report, OrderReport) and report.status is VenueStatus.FILLED:
                filled.set()

        async with scene.served() as venue:
            watching = asyncio.create_task(venue.watch(deliver))
            scene.intend(OURS, "150")
            await scene.place(venue)
            await scene.followed()
            scene.price = Decimal(149)
            await asyncio.wait_for(filled.wait(), PUSH_S_MAX)
            gates = QuoteGates(age_ms_max=5_000, spread_bps_max=50)
            underlyings = {"AAPL": Underlying("AAPL")}
            source = SchwabQuotes(
                scene.line, scene.clock, source=SourceId("schwab"), underlyings=underlyings, gates=gates
            )
            quotes = await source.quotes()
            assert isinstance(quotes, tuple)
            assert [(underlying, quote.price) for underlying, quote in quotes] == [("AAPL", Decimal(149))]
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

    asyncio.run(talk())
    last = pushed[-1]
    assert isinstance(last, OrderReport)
    assert (last.order_id, last.filled_qty, last.executions[0].price) == (OURS, Decimal(10), Decimal(149))


def test_an_order_that_a_person_replaced_is_followed_and_canceled_over_tcp() -> None:
    scene = Scene()

    async def talk() -> None:
        async with scene.served() as venue:
            scene.intend(OURS, "150")
            placed = await scene.place(venue)
            account_hash = TERMS.hashes[NUMBER]
            changed = approved(instrument=AAPL.id, limit=Price(Decimal(140)), qty=Quantity(Decimal(8)))
            asked = place_request(account_hash, changed, symbol="AAPL", instruction="BUY", session="NORMAL")
            by_hand = msgspec.structs.replace(asked, method="PUT", path=f"{asked.path}/{placed.venue_order_id}")
            answer = await scene.line.ask(by_hand, Lane.PLACE)
            assert isinstance(answer, Reply)
            assert answer.status == 201
            await asyncio.sleep(PULSE_S)
            found = await venue.find(OURS)
            assert isinstance(found, OrderReport)
            assert (found.status, found.qty, found.filled_qty) == (VenueStatus.OPEN, Decimal(10), Decimal(0))
            assert await venue.cancel(OURS, placed.venue_order_id) == CancelTaken()
            statement = await venue.statement()
            assert isinstance(statement, AccountStatement)
            assert statement.open_orders == ()
            ended = await venue.find(OURS)
            assert isinstance(ended, OrderReport)
            assert ended.status is VenueStatus.CANCELED

    asyncio.run(talk())
