"""The simulated Alpaca behind HTTP, in virtual time and over TCP."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from decimal import Decimal

import aiohttp
import pytest
from aiohttp import web

from flatbook.sim.alpaca.faults import Spoiling
from flatbook.sim.alpaca.server import AlpacaServer
from flatbook.sim.loop import VirtualLoop
from flatbook.sim.network.connections import Switchboard
from flatbook.sim.network.connector import SimulatedConnector
from flatbook.sim.network.link import CalmLink, LinkFaults, Way
from flatbook.values.instants import Instant
from tests.unit.sim.alpaca.scene import ACCOUNT, KEYS, OPEN, TERMS, Faults
from tests.unit.sim.network.scene import ScriptedLink

HOST = "broker-api.example"
ORDERS = f"/v1/trading/accounts/{ACCOUNT}/orders"
BODY = {
    "symbol": "AAPL",
    "qty": "10",
    "side": "buy",
    "type": "market",
    "time_in_force": "day",
    "client_order_id": "one",
}

Client = Callable[[aiohttp.ClientSession], Coroutine[None, None, object]]


def price(_symbol: str, _at: Instant) -> Decimal:
    return Decimal(200)


def outcome_of(client: Client, faults: Faults, link: LinkFaults | None = None) -> tuple[object, AlpacaServer]:
    loop = VirtualLoop(OPEN)
    Switchboard(loop, lambda _process, _host: link or CalmLink())

    async def rest(ms: int) -> None:
        await asyncio.sleep(ms * 0.001)

    server = AlpacaServer(TERMS, price, now=lambda: loop.instant, rest=rest, faults=faults)

    async def scene() -> object:
        runner = server.runner()
        await runner.setup()
        await web.TCPSite(runner, HOST, 443).start()
        timeout = aiohttp.ClientTimeout(total=10)
        async with aiohttp.ClientSession(
            f"https://{HOST}", connector=SimulatedConnector(), timeout=timeout, headers=KEYS
        ) as session:
            return await client(session)

    outcome = loop.run_until_complete(scene())
    assert loop.faults == []
    loop.close()
    return outcome, server


async def place(session: aiohttp.ClientSession) -> str:
    """Returns what came of a placing, as a client sees it."""
    try:
        async with session.post(ORDERS, json=BODY) as response:
            kind = response.content_type
            try:
                return f"{response.status} {(await response.json())['symbol']}"
            except (ValueError, KeyError, aiohttp.ContentTypeError):
                return f"{response.status} {kind} unreadable"
    except (aiohttp.ClientError, TimeoutError) as error:
        return type(error).__name__


@pytest.mark.parametrize(
    ("spoiling", "outcome", "orders"),
    [
        (Spoiling.NONE, "200 AAPL", 1),
        (Spoiling.HTML_200, "200 text/html unreadable", 1),
        (Spoiling.HTML_503, "503 text/html unreadable", 1),
        (Spoiling.SERVER_ERROR, "500 application/json unreadable", 1),
        (Spoiling.TRUNCATED, "200 application/json unreadable", 1),
        (Spoiling.GARBLED, "200 application/json unreadable", 1),
        (Spoiling.CUT, "ClientPayloadError", 1),
        (Spoiling.SILENCE, "TimeoutError", 1),
        (Spoiling.UNAVAILABLE, "503 text/html unreadable", 0),
    ],
)
def test_a_spoilt_answer_leaves_the_order_taken(spoiling: Spoiling, outcome: str, orders: int) -> None:
    seen, server = outcome_of(place, Faults(spoilings=[spoiling]))
    assert (seen, len(server.front.ledger.orders)) == (outcome, orders)


def test_a_request_that_is_cut_in_the_middle_of_its_body_takes_no_effect() -> None:
    async def client(session: aiohttp.ClientSession) -> object:
        seen = await place(session)
        await asyncio.sleep(1)
        return seen

    for cut in (100, 250, 300):
        seen, server = outcome_of(client, Faults(), ScriptedLink(cuts={Way.REQUEST: cut}))
        assert (seen, server.front.requests) == ("ClientOSError", {}), cut


def test_a_request_that_is_sent_twice_on_the_way_makes_one_order() -> None:
    async def client(session: aiohttp.ClientSession) -> object:
        async with session.post(ORDERS, json=BODY) as response:
            return response.status, (await response.json())["message"]

    seen, server = outcome_of(client, Faults(repeated=[True]))
    assert (seen, len(server.front.ledger.orders)) == ((422, "client_order_id must be unique"), 1)


def test_an_answer_carries_the_time_of_the_world_and_the_rate() -> None:
    async def client(session: aiohttp.ClientSession) -> object:
        async with session.get(f"{ORDERS}:by_client_order_id?client_order_id=a") as response:
            return response.status, response.headers["Date"], response.headers["X-RateLimit-Remaining"]

    seen, _ = outcome_of(client, Faults(thinking_ms=3_000))
    assert seen == (404, "Tue, 02 Jun 2026 14:00:03 GMT", "199")


def test_a_cancel_has_no_content() -> None:
    async def client(session: aiohttp.ClientSession) -> object:
        async with session.post(ORDERS, json=BODY) as response:
            order_id = (await response.json())["id"]
        async with session.delete(f"{ORDERS}/{order_id}") as response:
            return response.status, await response.read()

    assert outcome_of(client, Faults())[0] == (204, b"")


@pytest.mark.real
def test_the_same_server_answers_over_tcp() -> None:
    started = time.monotonic_ns()

    def now() -> Instant:
        return Instant(OPEN + time.monotonic_ns() - started)

    async def rest(ms: int) -> None:
        await asyncio.sleep(ms * 0.001)

    async def scene() -> list[str]:
        server = AlpacaServer(TERMS, price, now=now, rest=rest)
        runner = server.runner()
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        async with aiohttp.ClientSession(f"http://127.0.0.1:{site.port}", headers=KEYS) as session:
            seen = [await place(session), await place(session)]
            async with session.get(f"{ORDERS}?status=all") as response:
                seen += [row["client_order_id"] for row in await response.json()]
        await runner.cleanup()
        return seen

    assert asyncio.run(scene()) == ["200 AAPL", "422 application/json unreadable", "one"]
