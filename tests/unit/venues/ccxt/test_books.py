"""Books through the worker: whole ones only, on our grid, and none that is crossed, silent or lost."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from flatbook.market.depth import Grid, Unfit, UnreadFor
from flatbook.values.ids import AccountId
from flatbook.venues.ccxt.books import CcxtBooks
from flatbook.venues.ccxt.process import BookTold, CcxtWorker
from flatbook.venues.ccxt.terms import CcxtAccount
from tests.clocks import StillClock
from tests.unit.venues.bybit.sample import NOW

GRID = {"BTC/USD": Grid(1, 8)}
TERMS = CcxtAccount(account=AccountId("kraken"), exchange="kraken", instruments=())


def told(bid: str, ask: str, **changes: Any) -> BookTold:
    """A book of one level a side."""
    fields: dict[str, Any] = {"book": "BTC/USD", "at": "kraken.books", "bids": [(bid, "0.5")], "asks": [(ask, "1.25")]}
    return BookTold(**fields | changes)


def talk(what: Callable[[CcxtBooks, CcxtWorker, StillClock, list[Unfit | None]], Awaitable[Any]]) -> Any:
    """Returns what comes of books that are told by hand."""

    async def talked() -> Any:
        clock = StillClock(NOW)
        worker = CcxtWorker("/nowhere/python", clock)
        books = CcxtBooks(worker, clock, TERMS, GRID)
        seen: list[Unfit | None] = []
        books.changed = lambda _symbol, sync: seen.append(sync.unfit)
        return await what(books, worker, clock, seen)

    return asyncio.run(talked())


def test_a_book_is_whole_in_ticks_and_lots() -> None:
    async def session(books: CcxtBooks, worker: CcxtWorker, _clock: StillClock, seen: list[Unfit | None]) -> Any:
        worker.books["kraken.books"](told("49999.9", "50000.1"))
        worker.books["kraken.books"](told("49999.8", "50000.1"))
        return list(books.books.by_symbol["BTC/USD"].book.bids()), seen

    assert talk(session) == ([(499_998, 50_000_000)], [None, None])


def test_a_crossed_book_is_not_read_until_it_is_none_any_more() -> None:
    async def session(_books: CcxtBooks, worker: CcxtWorker, _clock: StillClock, seen: list[Unfit | None]) -> Any:
        for bid in ("50000.2", "49999.9"):
            worker.books["kraken.books"](told(bid, "50000.1"))
        return seen

    assert talk(session) == [Unfit.CROSSED, None]


def test_a_book_that_is_lost_off_our_grid_or_of_a_dead_worker_is_unfit() -> None:
    async def session(books: CcxtBooks, worker: CcxtWorker, _clock: StillClock, seen: list[Unfit | None]) -> Any:
        heard = worker.books["kraken.books"]
        for worse in (told("1", "2", lost="NetworkError"), told("49999.95", "50000.1"), None):
            heard(told("49999.9", "50000.1"))
            heard(worse)
        return seen, books.books.unread[UnreadFor.OFF_GRID]

    lost = Unfit.DISCONNECTED
    assert talk(session) == ([None, lost, None, lost, None, lost], 1)


def test_a_silent_book_is_unfit_after_a_while() -> None:
    async def session(books: CcxtBooks, worker: CcxtWorker, clock: StillClock, seen: list[Unfit | None]) -> Any:
        worker.books["kraken.books"](told("49999.9", "50000.1"))
        keeping = asyncio.create_task(books.keep())
        for _ in range(20):
            await asyncio.sleep(0)
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        return seen, clock.at

    seen, _ = talk(session)
    assert seen[:2] == [None, Unfit.DISCONNECTED]


def test_a_book_of_another_symbol_or_exchange_changes_nothing() -> None:
    async def session(_books: CcxtBooks, worker: CcxtWorker, _clock: StillClock, seen: list[Unfit | None]) -> Any:
        worker.books["kraken.books"](told("1", "2", book="ETH/USD"))
        return seen

    assert talk(session) == []
