"""A market that cannot be seen is named with its host within ten seconds, and is an alert from a minute on."""

from __future__ import annotations

import asyncio
import io
import json
from decimal import Decimal

from flatbook.engine.inputs import Item, MarketSight
from flatbook.events.control import AlertName
from flatbook.market.depth import Unfit
from flatbook.ops.config_accounts import PaperExchangeAccount, Shorting, WatchedExchange
from flatbook.ops.telemetry import open_log
from flatbook.services.live_books import LiveBooks, seen_of
from flatbook.services.market_feeds import feeds_of
from flatbook.services.unseen_markets import follow_sight, is_told
from flatbook.sim.tapes.clock import TapeClock
from flatbook.values.instants import instant_of_text, later
from flatbook.values.instruments import Product
from tests.unit.engine.scene import Bench
from tests.unit.venues.binance.sample import SPOT, instrument

START = instant_of_text("2026-11-28T12:00:00Z")
PAPER = PaperExchangeAccount(
    exchange=WatchedExchange.BINANCE,
    ledger="x",
    maker_bps=Decimal(0),
    taker_bps=Decimal(0),
    shorting=Shorting.NEVER,
    coins={},
)


KEY = (AlertName.MARKET_UNSEEN, SPOT)


class Scene(Bench):
    """An engine, and a desk whose one book nobody tells; a test tells it by hand."""

    def __init__(self, *, watched: bool = True) -> None:
        super().__init__()
        self.clock, self.stream = TapeClock(START), io.StringIO()
        self.books = LiveBooks(self.clock)
        feeds = feeds_of(PAPER, Product.SPOT)
        assert feeds is not None
        self.books.add(feeds, {"BTCUSDT": seen_of(instrument(Product.SPOT))})
        if not watched:
            self.books.hosts.clear()

    async def put(self, item: Item) -> bool:
        self.now = self.clock.now()
        self.take(item)
        return True

    def see(self, *, is_fit: bool) -> None:
        (sync,) = (sync for stream, _ in self.books._streams for sync in stream.books.by_symbol.values())
        sync.unfit = None if is_fit else Unfit.GAP

    def run(self, *steps: tuple[int, bool]) -> list[bool]:
        """Lets the market be seen or not for so many seconds each, and returns whether the alert stood after each."""

        async def looked() -> list[bool]:
            log = open_log(self.stream, now=self.clock.now)
            following = asyncio.create_task(follow_sight(self, self.books, self.clock, log))
            await asyncio.sleep(0)
            found = []
            for seconds, is_fit in steps:
                self.see(is_fit=is_fit)
                await self.clock.run_until(later(self.clock.now(), seconds=seconds))
                found.append(KEY in self.state.alerts)
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
            await self.books.close()
            return found

        return asyncio.run(looked())


def told_in(seconds: int, *, watched: bool) -> list[tuple[str, str]]:
    """Returns what is logged of a book that nobody tells, of a stream or of none."""
    scene = Scene(watched=watched)
    scene.run((seconds, False))
    lines = [json.loads(line) for line in scene.stream.getvalue().splitlines()]
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


def test_an_alert_is_raised_after_a_minute_and_cleared_after_half_of_one() -> None:
    assert Scene().run((59, False), (1, False), (29, True), (1, True)) == [False, True, True, False]


def test_a_market_that_comes_and_goes_neither_raises_nor_clears() -> None:
    assert Scene().run((55, False), (5, True), (55, False), (5, True)) == [False] * 4
    assert Scene().run((60, False), (25, True), (5, False), (25, True)) == [True] * 4


def test_an_alert_names_the_host_and_is_raised_once() -> None:
    scene = Scene()
    scene.run((600, False))
    assert [type(event).__name__ for event in scene.events] == ["AlertRaised"]
    assert scene.state.alerts[KEY].detail == (
        "no book of BTC@binance from wss://stream.binance.com:9443 (gap): what opens there is withdrawn"
    )


def test_an_alert_of_a_market_that_is_not_watched_any_more_is_cleared_at_the_start() -> None:
    scene = Scene(watched=False)
    scene.take(MarketSight(instrument=SPOT, host="x", why="gap"))
    assert scene.run((0, False)) == [False]
