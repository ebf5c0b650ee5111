"""A market that cannot be seen is named with its host within ten seconds, and again ever more seldom."""

from __future__ import annotations

import asyncio
import io
import json
from decimal import Decimal

from flatbook.ops.config_accounts import PaperExchangeAccount, Shorting, WatchedExchange
from flatbook.ops.telemetry import open_log
from flatbook.services.live_books import LiveBooks, seen_of
from flatbook.services.market_feeds import feeds_of
from flatbook.services.unseen import is_told, tell_unseen
from flatbook.sim.tapes.clock import TapeClock
from flatbook.values.instants import instant_of_text, later
from flatbook.values.instruments import Product
from tests.unit.venues.binance.sample import instrument

START = instant_of_text("2026-11-28T12:00:00Z")
PAPER = PaperExchangeAccount(
    exchange=WatchedExchange.BINANCE,
    ledger="x",
    maker_bps=Decimal(0),
    taker_bps=Decimal(0),
    shorting=Shorting.NEVER,
    coins={},
)


def told_in(seconds: int, *, watched: bool) -> list[tuple[str, str]]:
    """Returns what is logged of a book that nobody tells, of a stream or of none."""
    clock, stream = TapeClock(START), io.StringIO()
    books = LiveBooks(clock)
    feeds = feeds_of(PAPER, Product.SPOT)
    assert feeds is not None
    books.add(feeds, {"BTCUSDT": seen_of(instrument(Product.SPOT))})
    if not watched:
        books.hosts.clear()

    async def looked() -> None:
        telling = asyncio.create_task(tell_unseen(books, clock, open_log(stream, now=clock.now)))
        await asyncio.sleep(0)
        await clock.run_until(later(START, seconds=seconds))
        telling.cancel()
        await asyncio.gather(telling, return_exceptions=True)
        await books.close()

    asyncio.run(looked())
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    return [(f"{line['level']} {line['event']}", line["reason"]) for line in lines]


def test_a_venue_that_tells_nothing_is_named_with_its_host() -> None:
    assert told_in(9, watched=True) == []
    ((event, why),) = told_in(10, watched=True)
    assert event == "warning market_not_seen"
    assert why.startswith("no book from wss://stream.binance.com:9443 for 10 s (")
    assert why.endswith("): look at the network and the symbol")


def test_it_is_said_again_after_twice_as_long_each_time() -> None:
    assert [why.split()[5] for _, why in told_in(100, watched=True)] == ["10", "20", "40", "80"]
    assert [looks for looks in range(1, 520) if is_told(looks)] == [2, 4, 8, 16, 32, 64, 128, 256, 384, 512]


def test_a_book_that_no_host_tells_is_not_spoken_of() -> None:
    assert told_in(100, watched=False) == []
