"""The adapter as it is composed in production against the simulated Binance, over TCP and by the machine's clock."""

from __future__ import annotations

import asyncio

from aiohttp import web

from flatbook.engine.reports import Accepted, AccountStatement, CancelTaken, OrderReport, Pushed, VenueStatus
from flatbook.events.orders import OrderStyle
from flatbook.ops.clock import SystemClock
from flatbook.ops.config_accounts import BinanceAccount, BinanceMarket, Environment, Shorting
from flatbook.services.live_binance import binance_venue, binance_ways
from flatbook.values.instants import later
from tests.exchange import KEY, SECRET, binance_over_tcp
from tests.unit.venues.binance.sample import ACCOUNT, OURS, approved, instrument


async def rest(ms: int) -> None:
    """Lets time pass."""
    await asyncio.sleep(ms / 1_000)


async def held(reports: list[Pushed], wanted: VenueStatus) -> bool:
    """Waits until a state was pushed, for five seconds at most."""
    for _ in range(250):
        if any(isinstance(each, OrderReport) and each.status is wanted for each in reports):
            return True
        await rest(20)
    return False


def test_a_session_over_tcp_places_finds_hears_of_and_cancels_an_order() -> None:
    async def session() -> tuple[object, ...]:
        clock = SystemClock(0)
        runner = binance_over_tcp(clock.now, rest)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        stated = BinanceAccount(
            market=BinanceMarket.USD_M,
            environment=Environment.SANDBOX,
            key="secret:key",
            secret="secret:secret",
            shorting=Shorting.WHOLE_SHARES,
            base_url=f"http://{host}:{port}",
        )
        found = binance_ways(stated, clock, lambda: (KEY, SECRET))
        venue = binance_venue(ACCOUNT, stated, (instrument(),), found, clock)
        pushed: list[Pushed] = []
        watching = asyncio.create_task(venue.watch(pushed.append))
        try:
            statement = await venue.statement()
            await rest(200)
            order = approved(limit="45000", style=OrderStyle.POST_ONLY, good_until=later(clock.now(), seconds=60))
            placed, answer = await venue.place(order), await venue.find(OURS)
            heard = await held(pushed, VenueStatus.OPEN)
            canceled = await venue.cancel(OURS, None)
            ended = await held(pushed, VenueStatus.CANCELED)
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
            for http in found.https:
                await http.close()
            await runner.cleanup()
        return statement, placed, answer, heard, canceled, ended

    statement, placed, answer, heard, canceled, ended = asyncio.run(session())
    assert isinstance(statement, AccountStatement)
    assert isinstance(placed, Accepted)
    assert isinstance(answer, OrderReport)
    assert (heard, canceled, ended) == (True, CancelTaken(), True)
