"""Kraken through the worker with a stock ccxt: orders whose answer repeats no id of ours, and books over its stream."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import pytest
from aiohttp import web

from flatbook.engine.ports import ApprovedOrder
from flatbook.engine.reports import (
    AccountStatement,
    CancelTaken,
    CancelTooLate,
    OrderReport,
    Rejected,
    Unknown,
    VenueStatus,
)
from flatbook.events.orders import OrderStyle, RejectReason, UnknownReason
from flatbook.market.depth import Grid, Unfit
from flatbook.ops.clock import SystemClock
from flatbook.values.ids import OrderId
from flatbook.values.instants import later
from flatbook.values.instruments import Side
from flatbook.values.money import Price, Quantity
from flatbook.venues.ccxt.books import CcxtBooks
from flatbook.venues.ccxt.process import CcxtWorker
from flatbook.venues.ccxt.terms import CcxtAccount, CcxtKeys
from flatbook.venues.ccxt.venue import CcxtVenue
from tests.clients.kraken_server import KrakenServer
from tests.clients.serving import client_python, rest
from tests.kraken import BTC, INSTRUMENT, MAIN, OURS

pytestmark = pytest.mark.real

KEYS = CcxtKeys(key="key", secret="c2VjcmV0")
WAITS_MAX = 3_000

Talk = Callable[[KrakenServer, CcxtVenue, CcxtBooks], Awaitable[Any]]


def talk(what: Talk) -> Any:
    """Returns what a conversation comes to; the exchange is open before it."""
    python = client_python("ccxt")

    async def served() -> Any:
        server, clock = KrakenServer(), SystemClock()
        runner = server.runner()
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        worker = CcxtWorker(python, clock)
        url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        account = CcxtAccount(account=MAIN, exchange="kraken", instruments=(INSTRUMENT,), base_url=url)
        venue = CcxtVenue(worker, clock, account=account, reveal=lambda: KEYS)
        books = CcxtBooks(worker, clock, account, {"BTC/USD": Grid(1, 8)})
        try:
            assert isinstance(await venue.statement(), AccountStatement), venue.standing.flaw
            return await what(server, venue, books)
        finally:
            await worker.close()
            for socket in server.sockets:
                await socket.close()
            await runner.cleanup()

    return asyncio.run(served())


def approved(**changes: Any) -> ApprovedOrder:
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


def test_an_order_whose_answer_repeats_no_id_is_unknown_found_adopted_and_canceled() -> None:
    async def session(server: KrakenServer, venue: CcxtVenue, _books: CcxtBooks) -> Any:
        placed = await venue.place(approved())
        found = await venue.find(OURS)
        canceled = await venue.cancel(OURS, None)
        ended = await venue.find(OURS)
        unknown = await venue.cancel(OrderId("fbnever"), None)
        return placed, found, canceled, ended, unknown, server.placed

    placed, found, canceled, ended, unknown, asked = talk(session)
    assert placed == Unknown(reason=UnknownReason.UNREADABLE)
    assert isinstance(found, OrderReport)
    assert (found.order_id, found.status, found.qty) == (OURS, VenueStatus.OPEN, Decimal("0.01"))
    assert canceled == CancelTaken()
    assert ended.status is VenueStatus.CANCELED
    assert isinstance(unknown, CancelTooLate)
    ((words, headers),) = asked
    assert (words["cl_ord_id"], words["pair"], words["volume"], words["price"]) == (
        OURS,
        "XXBTZUSD",
        "0.01",
        "49000",
    )
    assert "ccxt" not in f"{words} {headers.get('Referer')}".lower()


def test_what_is_taken_is_polled_by_its_trade_with_the_fee_in_full() -> None:
    async def session(_server: KrakenServer, venue: CcxtVenue, _books: CcxtBooks) -> Any:
        await venue.place(approved(limit=Price(Decimal("50000.2")), style=OrderStyle.IOC))
        page = await venue.executions_since("")
        assert isinstance(page, tuple)
        return page[0], await venue.executions_since(page[1]), await venue.find(OURS)

    lines, again, found = talk(session)
    assert [(line.order_id, line.price, line.qty) for line in lines] == [(OURS, Decimal("50000.1"), Decimal("0.01"))]
    assert [(fee.asset, fee.amount) for fee in lines[0].fees] == [("USD", Decimal("2.00001"))]
    assert again[0] == ()
    assert (found.status, found.complete, found.executions) == (VenueStatus.FILLED, True, tuple(lines))


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("EOrder:Insufficient funds", RejectReason.INSUFFICIENT_FUNDS),
        ("EAPI:Rate limit exceeded", RejectReason.RATE_LIMITED),
        ("EGeneral:Permission denied", RejectReason.RESTRICTED),
    ],
)
def test_a_refusal_of_kraken_is_one_with_its_reason(words: str, reason: RejectReason) -> None:
    async def session(server: KrakenServer, venue: CcxtVenue, _books: CcxtBooks) -> Any:
        server.refuses = words
        return await venue.place(approved())

    answer = talk(session)
    assert isinstance(answer, Rejected)
    assert answer.reason is reason


def test_the_book_of_kraken_comes_in_ticks_and_is_lost_with_its_stream() -> None:
    async def session(server: KrakenServer, _venue: CcxtVenue, books: CcxtBooks) -> Any:
        sync = books.books.by_symbol["BTC/USD"]
        seen: list[Any] = []
        keeping = asyncio.create_task(books.keep())
        try:
            for _ in range(WAITS_MAX):
                if sync.unfit is None:
                    break
                await rest(50)
            seen.append((sync.unfit, list(sync.book.bids()), list(sync.book.asks())))
            await server.tell(server.sockets[0], "update", [(Decimal("49999.9"), "0")], [])
            await rest(200)
            seen.append((sync.unfit, list(sync.book.bids())))
            await server.sockets[0].close()
            for _ in range(WAITS_MAX):
                if sync.unfit is not None:
                    break
                await rest(20)
            seen.append(sync.unfit)
        finally:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)
        return seen

    whole, changed, lost = talk(session)
    assert whole == (None, [(499_999, 50_000_000), (499_989, 200_000_000)], [(500_001, 125_000_000)])
    assert changed == (None, [(499_989, 200_000_000)])
    assert lost is Unfit.DISCONNECTED
