"""The adapter and the simulated Alpaca, which share nothing but the bytes between them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from aiohttp import web

from flatbook.engine.ports import ApprovedOrder
from flatbook.engine.reports import (
    Absent,
    Accepted,
    AccountStatement,
    CancelTaken,
    CancelTooLate,
    Execution,
    NotSent,
    OrderReport,
    Pushed,
    Rejected,
    Unknown,
    VenueStatus,
)
from flatbook.events.orders import NotSentReason, RejectReason, UnknownReason
from flatbook.sim.alpaca.faults import BrokerFaults, Spoiling
from flatbook.sim.alpaca.server import AlpacaServer
from flatbook.sim.loop import VirtualLoop
from flatbook.sim.network.connections import Switchboard
from flatbook.sim.network.connector import SimulatedConnector
from flatbook.sim.network.link import CalmLink, LinkFaults, Loss, Way
from flatbook.sim.world.process import LoopClock
from flatbook.values.ids import OrderId, VenueOrderId
from flatbook.values.instants import NS_PER_MS, Instant, later
from flatbook.values.instruments import Side
from flatbook.values.money import Price, Quantity
from flatbook.venues.alpaca.stream import BrokerUpdates, TradingUpdates, Updates
from flatbook.venues.alpaca.venue import AlpacaAccount, AlpacaVenue
from flatbook.venues.alpaca.wire import Api, broker_api, broker_headers, trading_api, trading_headers
from flatbook.venues.event_stream import SessionEvents
from flatbook.venues.http import SessionHttp
from flatbook.venues.websocket import SessionSocket
from tests.desk import readable
from tests.unit.sim.alpaca.scene import ACCOUNT, OPEN, TERMS, Faults
from tests.unit.sim.network.scene import HOST, PORT, ScriptedLink
from tests.unit.venues.alpaca.sample import AAPL, INSTRUMENT, MAIN, OURS, approved

CALM: LinkFaults = CalmLink(latency_ns=10 * NS_PER_MS)
BROKER = broker_api(ACCOUNT)
PRICE = Decimal("210.13")
SLOW = msgspec.structs.replace(TERMS, cancel_ms=500)
DISCONNECTED = Unknown(reason=UnknownReason.DISCONNECTED)
UNREADABLE = Unknown(reason=UnknownReason.UNREADABLE)
SERVER_FAULT = Unknown(reason=UnknownReason.SERVER_FAULT)
TIMED_OUT = Unknown(reason=UnknownReason.TIMED_OUT)
NEVER_LEFT = NotSent(reason=NotSentReason.NO_CONNECTION)

Talk = Callable[[AlpacaVenue, AlpacaServer], Awaitable[Any]]


def talk(
    what: Talk, *, faults: BrokerFaults | None = None, link: LinkFaults = CALM, api: Api = BROKER, word: str = "word"
) -> Any:
    """Returns what a conversation comes to, in virtual time over connections in memory."""
    loop = VirtualLoop(OPEN)
    Switchboard(loop, lambda _process, _host: link)

    async def served() -> Any:
        clock = LoopClock(loop)
        server = AlpacaServer(SLOW, lambda _symbol, _at: PRICE, now=clock.now, rest=resting, faults=faults)
        runner = server.runner()
        await runner.setup()
        await web.TCPSite(runner, HOST, PORT).start()
        http = SessionHttp(f"https://{HOST}", clock, connect=SimulatedConnector, authorize=lambda: headers(api, word))
        account = AlpacaAccount(account=MAIN, api=api, instruments=(INSTRUMENT,))
        venue = AlpacaVenue(http, clock, account=account, updates=updates_of(api, clock, word))
        try:
            return await what(venue, server)
        finally:
            await http.close()
            await runner.cleanup()

    async def resting(ms: int) -> None:
        await passed(ms)

    outcome = loop.run_until_complete(served())
    assert loop.faults == []
    return outcome


def updates_of(api: Api, clock: LoopClock, word: str) -> Updates:
    """The stream of an API, over connections of its own."""
    url = f"https://{HOST}"
    if not api.account_id:
        return TradingUpdates(SessionSocket(url, clock, connect=SimulatedConnector), lambda: ("key", word))
    events = SessionEvents(url, clock, connect=SimulatedConnector, authorize=lambda: headers(api, word))
    return BrokerUpdates(events, api.account_id)


async def passed(ms: int) -> None:
    """Lets time pass in the world."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    gone = loop.create_future()
    loop.call_at_instant(Instant(loop.instant + ms * NS_PER_MS), gone.set_result, None)
    await gone


def headers(api: Api, word: str) -> dict[str, str]:
    return broker_headers("key", word) if api.account_id else trading_headers("key", word)


def ours(**changes: Any) -> ApprovedOrder:
    return approved(good_until=later(OPEN, seconds=3_600), **changes)


@pytest.mark.parametrize("api", [BROKER, trading_api()])
def test_an_order_goes_its_whole_way_over_either_api(api: Api) -> None:
    async def way(venue: AlpacaVenue, _server: AlpacaServer) -> Any:
        placed = await venue.place(ours(limit=Price(Decimal("210.25"))))
        await passed(1_000)
        found = await venue.find(OURS)
        page = await venue.executions_since("")
        end = await venue.executions_since(page[1])  # type: ignore[index]
        return placed, found, page, end, await venue.statement()

    placed, found, page, end, statement = talk(way, api=api)
    assert isinstance(placed, Accepted)
    assert placed.pending is True
    assert isinstance(found, OrderReport)
    assert (found.status, found.filled_qty, found.complete) == (VenueStatus.FILLED, Decimal("10.5"), True)
    assert found.venue_order_id == placed.venue_order_id
    (executions, cursor) = page
    assert [(each.order_id, each.instrument, each.side, each.qty, each.price) for each in executions] == [
        (OURS, AAPL, Side.BUY, Decimal("10.5"), PRICE)
    ]
    assert executions[0] == found.executions[0]
    assert end == ((), cursor)
    assert isinstance(statement, AccountStatement)
    assert {holding.instrument: holding.qty for holding in statement.holdings} == {
        AAPL: Decimal(61),
        "TSLA": Decimal(-20),
    }
    assert statement.balances[0].total == Decimal("97793.63")


@pytest.mark.parametrize(
    ("spoiling", "answer", "taken"),
    [
        (Spoiling.HTML_200, UNREADABLE, True),
        (Spoiling.HTML_503, SERVER_FAULT, True),
        (Spoiling.SERVER_ERROR, SERVER_FAULT, True),
        (Spoiling.TRUNCATED, UNREADABLE, True),
        (Spoiling.CUT, DISCONNECTED, True),
        (Spoiling.GARBLED, UNREADABLE, True),
        (Spoiling.SILENCE, TIMED_OUT, True),
        (Spoiling.UNAVAILABLE, SERVER_FAULT, False),
    ],
)
def test_an_order_whose_answer_is_spoilt_is_unknown_until_it_is_asked_for(
    spoiling: Spoiling, answer: Unknown, taken: bool
) -> None:
    async def way(venue: AlpacaVenue, _server: AlpacaServer) -> Any:
        placed = await venue.place(ours())
        return placed, await venue.find(OURS), await venue.place(ours(attempt=1))

    placed, found, again = talk(way, faults=Faults(spoilings=[spoiling]))
    assert placed == answer
    if taken:
        assert isinstance(found, OrderReport)
        assert isinstance(again, Rejected)
        assert again.reason is RejectReason.DUPLICATE_ID
    else:
        assert found == Absent()
        assert isinstance(again, Accepted)


@pytest.mark.parametrize(
    ("link", "answer", "arrived"),
    [
        (ScriptedLink(resolves=False), NEVER_LEFT, 0),
        (ScriptedLink(refuses=True), NEVER_LEFT, 0),
        (ScriptedLink(losses={1: Loss.THIS_WAY}), NEVER_LEFT, 0),
        (ScriptedLink(losses={3: Loss.THIS_WAY}), TIMED_OUT, 0),
        (ScriptedLink(losses={4: Loss.THIS_WAY}), TIMED_OUT, 1),
        (ScriptedLink(cuts={Way.REQUEST: 60}), DISCONNECTED, 0),
        (ScriptedLink(cuts={Way.ANSWER: 60}), DISCONNECTED, 1),
        (ScriptedLink(delays_ns={Way.REQUEST: 1_000 * NS_PER_MS, Way.ANSWER: 5_000 * NS_PER_MS}), TIMED_OUT, 1),
    ],
)
def test_what_the_network_does_to_an_order_is_never_more_certain_than_it_is(
    link: ScriptedLink, answer: Unknown | NotSent, arrived: int
) -> None:
    async def way(venue: AlpacaVenue, server: AlpacaServer) -> Any:
        placed = await venue.place(ours())
        await passed(60_000)
        return placed, len(server.front.ledger.orders)

    assert talk(way, link=link) == (answer, arrived)


def test_an_order_that_something_on_the_way_sent_twice_lives_once() -> None:
    async def way(venue: AlpacaVenue, server: AlpacaServer) -> Any:
        placed = await venue.place(ours())
        return placed, await venue.find(OURS), len(server.front.ledger.orders)

    placed, found, orders = talk(way, faults=Faults(repeated=[True]))
    assert isinstance(placed, Rejected)
    assert placed.reason is RejectReason.DUPLICATE_ID
    assert isinstance(found, OrderReport)
    assert orders == 1


def test_the_id_of_a_neighbour_is_told_when_the_order_is_asked_for() -> None:
    async def way(venue: AlpacaVenue, server: AlpacaServer) -> Any:
        await venue.place(ours(order_id=OrderId("fbone"), side=Side.BUY))
        confused = await venue.place(ours(order_id=OrderId("fbtwo"), side=Side.BUY))
        await passed(1_000)
        page = await venue.executions_since("")
        return confused, page, await venue.find(OrderId("fbtwo")), list(server.front.ledger.orders)

    confused, page, found, ids = talk(way, faults=Faults(neighbour=True))
    assert isinstance(confused, Accepted)
    assert confused.venue_order_id == ids[0]
    assert [execution.order_id for execution in page[0]] == ["fbone", "fbtwo"]
    assert isinstance(found, OrderReport)
    assert found.venue_order_id == ids[1]


def test_a_resting_order_is_cancelled_by_either_id_and_a_filled_one_is_not() -> None:
    async def way(venue: AlpacaVenue, _server: AlpacaServer) -> Any:
        resting = ours(limit=Price(Decimal("200.25")))
        placed = await venue.place(resting)
        assert isinstance(placed, Accepted)
        first, under_way = await venue.cancel(OURS, placed.venue_order_id), await venue.cancel(OURS, None)
        await passed(1_000)
        ended = await venue.find(OURS)
        await venue.place(ours(order_id=OrderId("fbtwo")))
        await passed(1_000)
        return (
            first,
            under_way,
            ended,
            await venue.cancel(OrderId("fbtwo"), None),
            await venue.cancel(OrderId("fbnone"), VenueOrderId("b0b6dd9d-8b9b-48a9-ba46-b9d54906e415")),
        )

    first, under_way, ended, filled, nothing = talk(way)
    assert (first, under_way) == (CancelTaken(), CancelTaken())
    assert isinstance(ended, OrderReport)
    assert (ended.status, ended.filled_qty) == (VenueStatus.CANCELED, Decimal(0))
    assert filled == CancelTooLate(message='42210000: order is already in "filled" state')
    assert isinstance(nothing, CancelTooLate)


def test_executions_are_read_once_each_whatever_is_spoilt_on_the_way() -> None:
    spoilings = [
        Spoiling.NONE, Spoiling.HTML_200, Spoiling.NONE, Spoiling.CUT, Spoiling.TRUNCATED, Spoiling.NONE, Spoiling.NONE,
        Spoiling.SERVER_ERROR,
    ]  # fmt: skip

    async def way(venue: AlpacaVenue, _server: AlpacaServer) -> Any:
        await venue.place(ours())
        await passed(3_000)
        read: list[Execution] = []
        cursor, failed = "", 0
        for _ in range(12):
            page = await venue.executions_since(cursor)
            if isinstance(page, Unknown | NotSent):
                failed += 1
                continue
            read.extend(readable(page[0]))
            cursor = page[1]
        return read, failed

    read, failed = talk(way, faults=Faults(spoilings=spoilings, pieces=[3_000, 3_000, 10_000]))
    assert [execution.order_id for execution in read] == [OURS, OURS, OURS]
    assert [execution.qty for execution in read] == [Decimal("3.15"), Decimal("3.15"), Decimal("4.2")]
    assert failed == 4


def test_a_caller_who_is_not_known_is_refused_and_nothing_else() -> None:
    async def way(venue: AlpacaVenue, _server: AlpacaServer) -> Any:
        return (
            await venue.place(ours()),
            await venue.find(OURS),
            await venue.executions_since(""),
            await venue.statement(),
        )

    placed, found, page, statement = talk(way, word="another")
    assert isinstance(placed, Rejected)
    assert (placed.reason, placed.code) == (RejectReason.OTHER, "40110000")
    assert (found, page, statement) == (SERVER_FAULT,) * 3


def test_above_the_rate_nothing_but_cancels_is_sent_until_the_broker_says_so() -> None:
    async def way(venue: AlpacaVenue, server: AlpacaServer) -> Any:
        answers: list[object] = [await venue.find(OURS) for _ in range(4)]
        asked = sum(server.front.requests.values())
        held = [await venue.place(ours()), await venue.find(OURS)]
        canceled = await venue.cancel(OURS, VenueOrderId("x"))
        await passed(60_000)
        return answers, asked, held, canceled, await venue.place(ours())

    answers, asked, held, canceled, later_on = talk(way, faults=Faults(per_minute=2))
    refused = NotSent(reason=NotSentReason.REFUSED_LOCALLY)
    assert answers == [Absent(), Absent(), refused, refused]
    assert asked == 2
    assert held == [refused, refused]
    assert isinstance(canceled, Rejected)
    assert canceled.reason is RejectReason.RATE_LIMITED
    assert isinstance(later_on, Accepted)


def test_a_broker_that_shows_the_past_says_absent_and_then_the_order() -> None:
    async def way(venue: AlpacaVenue, _server: AlpacaServer) -> Any:
        await venue.place(ours(qty=Quantity(Decimal(1))))
        early = await venue.find(OURS)
        await passed(10_000)
        return early, await venue.find(OURS)

    early, late = talk(way, faults=Faults(lag_ms=4_000))
    assert early == Absent()
    assert isinstance(late, OrderReport)


@pytest.mark.parametrize("api", [BROKER, trading_api()])
def test_what_either_api_pushes_has_the_executions_that_are_polled(api: Api) -> None:
    pushed: list[Pushed] = []

    async def way(venue: AlpacaVenue, _server: AlpacaServer) -> Any:
        watching = asyncio.create_task(venue.watch(pushed.append))
        await passed(500)
        await venue.place(ours(limit=Price(Decimal("210.25"))))
        await passed(2_000)
        page = await venue.executions_since("")
        watching.cancel()
        return page[0] if isinstance(page, tuple) else page

    polled = talk(way, api=api, faults=Faults(pieces=[4_000, 10_000]))
    reports = [each for each in pushed if isinstance(each, OrderReport)]
    assert [report.status for report in reports][:2] == [VenueStatus.PENDING, VenueStatus.OPEN]
    assert reports[-1].executions == polled
    assert [str(each.qty) for each in polled] == ["4.2", "6.3"]


@pytest.mark.parametrize("api", [BROKER, trading_api()])
def test_a_stream_whose_proof_is_refused_ends_and_may_be_opened_again(api: Api) -> None:
    async def way(venue: AlpacaVenue, _server: AlpacaServer) -> bool:
        return await venue.watch(lambda _pushed: None)

    assert talk(way, api=api, word="guess") is True
