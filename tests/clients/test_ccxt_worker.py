"""The worker with a stock ccxt, in a process of its own, at the simulated Binance and Bybit over TCP."""

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
    Rejected,
    Unknown,
    VenueStatus,
)
from flatbook.events.orders import NotSentReason, OrderStyle, RejectReason, UnknownReason
from flatbook.market.candles import Candles
from flatbook.market.orderbook import Touch
from flatbook.ops.clock import SystemClock
from flatbook.ops.config_accounts import CcxtAccount as CcxtSection
from flatbook.ops.config_accounts import Environment, Shorting
from flatbook.services.live_books import LiveBooks, seen_of
from flatbook.services.live_exchanges import ccxt_terms
from flatbook.sim.alpaca.faults import Spoiling
from flatbook.sim.exchange.binance.server import binance_server
from flatbook.sim.exchange.bybit.server import bybit_server
from flatbook.sim.exchange.faults import ScriptedExchange
from flatbook.sim.exchange.server import ExchangeServer
from flatbook.strategies.decision import Series
from flatbook.values.ids import AccountId, AssetId, InstrumentId, OrderId, Underlying
from flatbook.values.instants import Instant, later
from flatbook.values.instruments import Instrument, Product, Side, TradingRules
from flatbook.values.money import Price, Quantity
from flatbook.venues.ccxt.process import CcxtWorker
from flatbook.venues.ccxt.terms import CcxtAccount, CcxtKeys
from flatbook.venues.ccxt.venue import CcxtVenue
from tests.clients.serving import client_python, rest
from tests.exchange import BINANCE, BYBIT, KEY, SECRET, levels, opened
from tests.exchange import PERP as PERP_MARKET

pytestmark = pytest.mark.real

MAIN, BTC = AccountId("long"), InstrumentId("BTC@long")
OURS = OrderId("fbaaaaaaaaaaaaaaaaaaaaaaaa")
LOOKS_MAX = 1_200
INSTRUMENT = Instrument(
    id=BTC,
    account=MAIN,
    symbol="BTC/USDT",
    underlying=Underlying("BTC"),
    quote=AssetId("USDT"),
    rules=TradingRules(
        tick=Decimal("0.01"), lot=Decimal("0.00001"), qty_min=Decimal("0.00001"), notional_min=Decimal(5)
    ),
)
PERP = msgspec.structs.replace(
    INSTRUMENT,
    symbol="BTC/USDT:USDT",
    product=Product.LINEAR_PERP,
    rules=TradingRules(tick=Decimal("0.1"), lot=Decimal("0.001"), qty_min=Decimal("0.001"), notional_min=Decimal(5)),
)

Talk = Callable[["Scene"], Awaitable[Any]]


class Told:
    """Who is told what was seen: whether each book was fit."""

    def __init__(self, told: list[bool]) -> None:
        self.told = told

    def saw_book(self, instrument: InstrumentId, at: Instant, *, is_fit: bool = True, late_ns: int = 0) -> None:
        self.told.append(is_fit)

    def saw_trade(self, instrument: InstrumentId, ticks: int, lots: int, at: Instant) -> None:
        raise AssertionError("a worker tells no trades")

    def saw_value(self, instrument: InstrumentId, series: Series, ticks: int) -> None:
        raise AssertionError("a worker tells no marks")


class Scene:
    """A worker, an adapter and the exchange behind them, and the account as it is configured and as it is named."""

    def __init__(
        self, server: ExchangeServer, venue: CcxtVenue, worker: CcxtWorker, named: tuple[CcxtSection, CcxtAccount]
    ) -> None:
        self.server, self.exchange, self.venue, self.worker = server, server.exchange, venue, worker
        self.section, self.account = named
        assert isinstance(server.exchange.faults, ScriptedExchange)
        self.faults = server.exchange.faults

    def approved(self, **changes: Any) -> ApprovedOrder:
        """An order that rests, with changes."""
        fields: dict[str, Any] = {
            "order_id": OURS,
            "account": MAIN,
            "instrument": BTC,
            "side": Side.BUY,
            "qty": Quantity(Decimal("0.01")),
            "limit": Price(Decimal(49_000)),
            "reduce_only": False,
            "style": OrderStyle.LIMIT,
            "attempt": 0,
            "good_until": later(SystemClock().now(), seconds=60),
        }
        return ApprovedOrder(**fields | changes)


def talk(
    what: Talk, *, exchange: str = "binance", instrument: Instrument = INSTRUMENT, python: str | None = None
) -> Any:
    """Returns what a conversation comes to."""
    python = python or client_python("ccxt")
    serving, terms = (bybit_server, BYBIT) if exchange == "bybit" else (binance_server, BINANCE)

    async def served() -> Any:
        clock = SystemClock()
        server = serving(opened(terms, clock.now(), ScriptedExchange()), now=clock.now, rest=rest)
        runner = server.runner()
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        section = CcxtSection(
            exchange=exchange,
            python=python,
            environment=Environment.SANDBOX,
            key="secret:k",
            secret="secret:s",
            shorting=Shorting.WHOLE_SHARES,
            base_url=f"http://127.0.0.1:{runner.addresses[0][1]}",
        )
        worker, account = CcxtWorker(python, clock), ccxt_terms(MAIN, section, (instrument,))
        venue = CcxtVenue(worker, clock, account=account, reveal=lambda: CcxtKeys(key=KEY, secret=SECRET))
        try:
            return await what(Scene(server, venue, worker, (section, account)))
        finally:
            await worker.close()
            server.close()
            await runner.cleanup()

    return asyncio.run(served())


def test_an_order_goes_its_whole_way_through_the_worker() -> None:
    async def session(scene: Scene) -> Any:
        venue = scene.venue
        first = await venue.statement()
        placed = await venue.place(scene.approved())
        found = await venue.find(OURS)
        canceled = await venue.cancel(OURS, None)
        again = await venue.cancel(OURS, None)
        ended = await venue.find(OURS)
        taken = await venue.place(
            scene.approved(order_id=OrderId("fbtaker"), limit=Price(Decimal(50_100)), style=OrderStyle.IOC)
        )
        page = await venue.executions_since("")
        filled = await venue.find(OrderId("fbtaker"))
        return (
            venue.standing.reasons,
            first,
            placed,
            found,
            canceled,
            again,
            ended,
            taken,
            page,
            filled,
            await venue.statement(),
        )

    reasons, first, placed, found, canceled, again, ended, taken, page, filled, last = talk(session)
    assert reasons == {}
    assert isinstance(first, AccountStatement)
    assert isinstance(placed, Accepted)
    assert isinstance(found, OrderReport)
    assert (found.status, found.qty, found.venue_order_id) == (
        VenueStatus.OPEN,
        Decimal("0.01"),
        placed.venue_order_id,
    )
    assert canceled == CancelTaken()
    assert isinstance(again, CancelTooLate)
    assert ended.status is VenueStatus.CANCELED
    assert isinstance(taken, Accepted)
    (line,) = page[0]
    assert isinstance(line, Execution)
    assert (line.order_id, line.price, line.qty, line.maker) == ("fbtaker", Decimal("50000.1"), Decimal("0.01"), False)
    assert filled.executions == (line,)
    assert (filled.status, filled.complete) == (VenueStatus.FILLED, True)
    held = [{each.instrument: each.qty for each in stated.holdings}[BTC] for stated in (first, last)]
    assert held[1] - held[0] == Decimal("0.01") - sum(fee.amount for fee in line.fees if fee.asset == "BTC")


@pytest.mark.parametrize("exchange", ["binanceusdm", "bybit"])
def test_a_perpetual_is_traded_through_the_worker_and_its_position_is_stated(exchange: str) -> None:
    async def session(scene: Scene) -> Any:
        venue, first = scene.venue, await scene.venue.statement()
        rests = await venue.place(scene.approved())
        canceled = await venue.cancel(OURS, None), await venue.find(OURS)
        short = scene.approved(
            order_id=OrderId("fbshort"), side=Side.SELL, limit=Price(Decimal(49_900)), style=OrderStyle.IOC
        )
        sold, held = await venue.place(short), await venue.statement()
        more = {"order_id": OrderId("fbreduces"), "qty": Quantity(Decimal("0.02")), "limit": Price(Decimal(50_100))}
        reduces = await venue.place(scene.approved(**more, style=OrderStyle.IOC, reduce_only=True))
        page = await venue.executions_since("")
        return venue.standing.reasons, first, rests, canceled, sold, held, reduces, page, await venue.statement()

    reasons, first, rests, canceled, sold, held, reduces, page, last = talk(session, exchange=exchange, instrument=PERP)
    assert (reasons, first.holdings) == ({}, ())
    assert all(isinstance(each, Accepted) for each in (rests, sold, reduces))
    assert canceled[0] == CancelTaken()
    assert canceled[1].status is VenueStatus.CANCELED
    assert [(each.instrument, each.qty) for each in held.holdings] == [(BTC, Decimal("-0.01"))]
    assert [(line.order_id, line.side, line.qty, line.price) for line in page[0]] == [
        ("fbshort", Side.SELL, Decimal("0.01"), Decimal(49_999)),
        ("fbreduces", Side.BUY, Decimal("0.01"), Decimal(50_001)),
    ]
    assert last.holdings == ()
    usdt = [next(each.total for each in stated.balances if each.asset == "USDT") for stated in (first, last)]
    assert usdt[1] == usdt[0] - Decimal("0.02") - sum(fee.amount for line in page[0] for fee in line.fees)


def test_the_books_of_a_desk_are_kept_by_a_worker_of_their_own() -> None:
    async def session(scene: Scene) -> Any:
        books, told = LiveBooks(SystemClock()), list[bool]()
        observing = Told(told)
        books.add_ccxt(scene.section, scene.account, {PERP.symbol: seen_of(PERP)})
        works = [asyncio.create_task(work) for work in books.follow(observing, Candles())]
        try:
            for _ in range(LOOKS_MAX):
                if books.books[BTC].touch() is not None:
                    break
                await rest(50)
            first = books.books[BTC].touch()
            for _ in range(LOOKS_MAX):
                scene.exchange.quote(PERP_MARKET, levels("49990 x 2"), levels("49995 x 3"))
                if books.books[BTC].touch() != first:
                    break
                await rest(50)
            return first, books.books[BTC].touch(), books.status(), told[-1]
        finally:
            for work in works:
                work.cancel()
            await asyncio.gather(*works, return_exceptions=True)
            await books.close()

    first, then, status, is_fit = talk(session, exchange="binanceusdm", instrument=PERP)
    assert first == Touch(499_990, 1_000, 500_010, 1_000)
    assert then == Touch(499_900, 2_000, 499_950, 3_000)
    assert (status, is_fit) == ({BTC: "fit"}, True)


def test_styles_reach_the_exchange_and_a_post_only_order_that_would_take_is_refused_as_one() -> None:
    async def session(scene: Scene) -> Any:
        await scene.venue.statement()
        refused = await scene.venue.place(scene.approved(style=OrderStyle.POST_ONLY, limit=Price(Decimal(50_100))))
        rests = await scene.venue.place(scene.approved(style=OrderStyle.POST_ONLY, order_id=OrderId("fbmaker")))
        gone = await scene.venue.place(scene.approved(style=OrderStyle.IOC, order_id=OrderId("fbioc")))
        return refused, rests, gone, await scene.venue.find(OrderId("fbioc"))

    refused, rests, gone, found = talk(session)
    assert isinstance(refused, Rejected)
    assert refused.reason is RejectReason.WOULD_TAKE
    assert isinstance(rests, Accepted)
    assert isinstance(gone, Accepted)
    assert found.status in (VenueStatus.EXPIRED, VenueStatus.CANCELED)


def test_an_answer_that_is_lost_leaves_the_order_unknown_and_it_is_found_once() -> None:
    async def session(scene: Scene) -> Any:
        await scene.venue.statement()
        scene.faults.say("spoils", Spoiling.SERVER_ERROR, of="POST")
        lost = await scene.venue.place(scene.approved())
        return lost, await scene.venue.find(OURS), len(scene.exchange.orders)

    lost, found, count = talk(session)
    assert isinstance(lost, Unknown)
    assert isinstance(found, OrderReport)
    assert (found.status, count) == (VenueStatus.OPEN, 1)


def test_the_death_of_the_worker_tells_what_left_from_what_did_not_and_another_one_goes_on() -> None:
    async def session(scene: Scene) -> Any:
        await scene.venue.statement()
        scene.faults.say("thinks_ms", 5_000, of="POST")
        placing = asyncio.create_task(scene.venue.place(scene.approved()))
        await rest(500)
        assert scene.worker._process is not None
        scene.worker._process.kill()
        left = await placing
        never = await scene.venue.place(scene.approved(order_id=OrderId("fbnever")))
        await rest(2_100)
        return left, never, await scene.venue.find(OURS), scene.worker.generation

    left, never, found, generation = talk(session)
    assert left == Unknown(reason=UnknownReason.DISCONNECTED)
    assert never == NotSent(reason=NotSentReason.NO_CONNECTION)
    assert isinstance(found, OrderReport | Absent)
    assert generation == 2


def test_what_ccxt_sends_carries_our_id_and_no_mark_of_its_authors() -> None:
    async def session(scene: Scene) -> Any:
        await scene.venue.statement()
        await scene.venue.place(scene.approved())
        return [(order.client_id) for order in scene.exchange.orders.values()]

    assert talk(session) == [OURS]


def test_an_instrument_that_ccxt_knows_otherwise_is_untradable_and_says_why() -> None:
    async def session(scene: Scene) -> Any:
        stated = await scene.venue.statement()
        return stated, scene.venue.standing.reasons, await scene.venue.place(scene.approved())

    fine = TradingRules(
        tick=Decimal("0.001"), lot=Decimal("0.00001"), qty_min=Decimal("0.00001"), notional_min=Decimal(5)
    )
    stated, reasons, placed = talk(session, instrument=msgspec.structs.replace(INSTRUMENT, rules=fine))
    assert reasons == {BTC: "its tick is 0.01, and 0.001 is configured"}
    assert stated.untradable == (BTC,)
    assert placed == NotSent(reason=NotSentReason.REFUSED_LOCALLY)


def test_a_worker_that_cannot_be_started_sends_nothing() -> None:
    async def session(scene: Scene) -> Any:
        return await scene.venue.place(scene.approved()), await scene.venue.statement(), scene.venue.standing.flaw

    placed, stated, flaw = talk(session, python="/nowhere/python")
    assert placed == stated == NotSent(reason=NotSentReason.NO_CONNECTION)
    assert flaw == "the worker does not run"
