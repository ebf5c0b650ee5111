"""The adapter against the simulated Schwab over TCP, in real time."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import msgspec
import pytest
from aiohttp import web

from flatbook.engine.own_books import OwnBooks
from flatbook.engine.reports import Accepted, AccountStatement, CancelTaken, OrderReport, VenueStatus
from flatbook.ops.clock import SystemClock
from flatbook.sim.schwab.server import SchwabServer
from flatbook.values.ids import OrderId
from flatbook.values.instants import Instant, later
from flatbook.values.instruments import Side
from flatbook.values.money import Price, Quantity
from flatbook.venues.http import SessionHttp, tls_connector
from flatbook.venues.schwab.login import Login
from flatbook.venues.schwab.tokens import app_headers
from flatbook.venues.schwab.venue import SchwabAccount, SchwabVenue
from tests.desk import readable
from tests.sim.schwab_world import MAIN, NUMBER, TERMS, Kept, instrument, logged_in
from tests.unit.sim.schwab.scene import OPEN
from tests.unit.venues.schwab.sample import OURS, Own, approved

pytestmark = pytest.mark.real

AAPL = instrument("AAPL")
OTHER = OrderId("fbbbbbbbbbbbbbbbbbbbbbbbbb")
AT_ONCE = msgspec.structs.replace(TERMS, route_ms=0, fill_ms=0, cancel_ms=0)


class OpenMarket:
    """The machine's clock, set to an hour at which the market is open."""

    def __init__(self) -> None:
        self.system = SystemClock()
        self.ahead_ns = OPEN - self.system.now()

    def now(self) -> Instant:
        return Instant(self.system.now() + self.ahead_ns)

    async def sleep_until(self, at: Instant) -> None:
        await self.system.sleep_until(Instant(at - self.ahead_ns))


def test_an_order_is_placed_filled_listed_and_stated_and_another_one_canceled_over_tcp() -> None:
    clock, orders = OpenMarket(), list[Own]()

    async def rest(ms: int) -> None:
        await asyncio.sleep(ms * 0.001)

    def books() -> OwnBooks:
        return OwnBooks(orders=tuple(orders), held={AAPL.id: Quantity(Decimal(1_000))})

    def intended(order_id: OrderId, limit: str | None) -> Own:
        return Own(
            order_id=order_id,
            instrument=AAPL.id,
            side=Side.BUY,
            qty=Quantity(Decimal(10)),
            limit=None if limit is None else Price(Decimal(limit)),
            decided_at=clock.now(),
            good_until=later(clock.now(), seconds=60),
            venue_order_id=None,
            is_open=True,
        )

    async def talk() -> None:
        server = SchwabServer(AT_ONCE, lambda _symbol, _at: Decimal(200), now=clock.now, rest=rest)
        runner = server.runner()
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        for_tokens = SessionHttp(
            url, clock, connect=tls_connector, authorize=lambda: app_headers(TERMS.key, TERMS.secret)
        )
        login = Login(for_tokens, clock, Kept(logged_in(server, clock.now())))
        http = SessionHttp(url, clock, connect=tls_connector, authorize=login.headers)
        account = SchwabAccount(account=MAIN, number=NUMBER, instruments=(AAPL,))
        venue = SchwabVenue(http, login, clock, account=account, books=books)
        try:
            orders[:] = [intended(OURS, None)]
            first = await venue.place(approved(instrument=AAPL.id, limit=None, good_until=orders[0].good_until))
            assert isinstance(first, Accepted)
            orders[:] = [msgspec.structs.replace(orders[0], venue_order_id=first.venue_order_id)]
            filled = await venue.find(OURS)
            assert isinstance(filled, OrderReport)
            assert (filled.status, filled.order_id) == (VenueStatus.FILLED, OURS)
            page = await venue.executions_since("")
            assert isinstance(page, tuple)
            assert [(row.order_id, row.qty, row.price) for row in readable(page[0])] == [
                (OURS, Decimal(10), Decimal(200))
            ]
            orders[:] = [intended(OTHER, "150")]
            limit, good_until = orders[0].limit, orders[0].good_until
            order = approved(order_id=OTHER, instrument=AAPL.id, limit=limit, good_until=good_until)
            second = await venue.place(order)
            assert isinstance(second, Accepted)
            assert await venue.cancel(OTHER, second.venue_order_id) == CancelTaken()
            statement = await venue.statement()
            assert isinstance(statement, AccountStatement)
            assert statement.open_orders == ()
            assert {holding.instrument: holding.qty for holding in statement.holdings}[AAPL.id] == Decimal(1_010)
        finally:
            await http.close()
            await for_tokens.close()
            await runner.cleanup()

    asyncio.run(talk())
