"""Books and trades that a desk observes at the simulated exchanges: in whole ticks, unfit while broken, in time."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from flatbook.market.candles import Candles, Watch
from flatbook.market.orderbook import Touch
from flatbook.ops.config_accounts import BinanceAccount, BinanceMarket, BybitAccount, Environment, Shorting
from flatbook.services.live_books import LiveBooks, copy_book, seen_of
from flatbook.services.market_feeds import Feeds, feeds_of
from flatbook.services.played_books import PlayedBooks
from flatbook.sim.network.connector import SimulatedConnector
from flatbook.sim.tapes.clock import TapeClock
from flatbook.sim.world.process import LoopClock
from flatbook.strategies.decision import Series
from flatbook.values.ids import AccountId
from flatbook.values.instants import Instant, instant_of_text, later
from flatbook.values.instruments import Product, Side
from flatbook.venues.binance import books as binance_books
from flatbook.venues.binance import trades as binance_trades
from tests.exchange import PERP, URL, Scene, levels, with_binance, with_bybit
from tests.unit.venues.binance.sample import ACCOUNT, instrument
from tests.unit.venues.binance.sample import PERP as BTC

D = Decimal
KEYS: Any = {"key": "secret:k", "secret": "secret:s", "shorting": Shorting.NEVER}
Talk = Callable[[Scene, LiveBooks, "Told", Candles], Awaitable[Any]]


def account(market: BinanceMarket, environment: Environment, base_url: str | None = None) -> BinanceAccount:
    return BinanceAccount(market=market, environment=environment, base_url=base_url, **KEYS)


def bybit(environment: Environment, base_url: str | None = None) -> BybitAccount:
    return BybitAccount(environment=environment, user_id="1", base_url=base_url, **KEYS)


class Told:
    """Who is told what was seen."""

    def __init__(self) -> None:
        self.books: list[tuple[str, bool]] = []
        self.late_ms: list[int] = []
        self.values: list[tuple[str, Series, int]] = []

    def saw_book(self, instrument: str, at: Instant, *, is_fit: bool = True, late_ns: int = 0) -> None:
        self.books.append((instrument, is_fit))
        if is_fit:
            self.late_ms.append(late_ns // 10**6)

    def saw_trade(self, instrument: str, ticks: int, lots: int, at: int) -> None:
        self.values.append((instrument, Series.TRADE, ticks))

    def saw_value(self, instrument: str, series: Series, ticks: int) -> None:
        self.values.append((instrument, series, ticks))


def observed(feeds: Feeds | None, talk: Talk, *, tick: str = "0.1", at: Any = with_binance) -> Any:
    async def served(scene: Scene) -> Any:
        clock, told, candles = LoopClock(scene.loop), Told(), Candles()
        candles.watch("monitor", Watch(instruments=(BTC,), interval_s=60, window=2))
        found = LiveBooks(clock, SimulatedConnector)
        assert feeds is not None
        traded = instrument(Product.LINEAR_PERP, tick=tick)
        found.add(feeds, {"BTCUSDT": seen_of(traded, by_monitors=True)})
        works = [asyncio.create_task(work) for work in found.follow(told, candles)]
        try:
            await scene.pass_ms(2_000)
            return await talk(scene, found, told, candles)
        finally:
            for work in works:
                work.cancel()
            await asyncio.gather(*works, return_exceptions=True)
            await found.close()

    return at(served)


USD_M = feeds_of(account(BinanceMarket.USD_M, Environment.SANDBOX, URL), Product.LINEAR_PERP)
LINEAR = feeds_of(bybit(Environment.SANDBOX, URL), Product.LINEAR_PERP)


@pytest.mark.parametrize(("feeds", "at"), [(USD_M, with_binance), (LINEAR, with_bybit)])
def test_a_book_follows_the_venues_in_ticks_and_its_trades_are_told(feeds: Feeds, at: Any) -> None:
    async def talk(scene: Scene, found: LiveBooks, told: Told, candles: Candles) -> None:
        book = found.books[BTC]
        assert book.touch() == Touch(499_990, 1_000, 500_010, 1_000)
        assert found.status() == {BTC: "fit"}
        scene.exchange.quote(PERP, levels("49998 x 2"), levels("50002.5 x 3"))
        await scene.pass_ms(1_000)
        assert book.touch() == Touch(499_980, 2_000, 500_025, 3_000)
        assert told.books[-1] == (BTC, True)
        heard: list[tuple[str, int, int, Side]] = []
        found.traded = lambda *traded: heard.append(traded)
        scene.exchange.trade_outside(PERP, 1, D("0.5"))
        await scene.pass_ms(1_000)
        assert [each for each in told.values if each[1] is Series.TRADE] == [(BTC, Series.TRADE, 500_025)]
        assert heard == [(BTC, 500_025, 500, Side.BUY)]
        sight = candles.sight("monitor", BTC, scene.now())
        assert sight is not None
        assert (sight.close, sight.volume) == (50_002.5, 0.5)
        candle = found.minutes.seen(BTC, scene.now()).candles[-1]
        assert (candle.low, candle.high, candle.close, candle.volume) == ("50000", "50000.25", "50000.25", "0.5")

    observed(feeds, talk, at=at)


@pytest.mark.parametrize(("feeds", "at"), [(USD_M, with_binance), (LINEAR, with_bybit)])
def test_a_mark_is_observed_in_whole_ticks_and_told_with_its_funding(feeds: Feeds, at: Any) -> None:
    async def talk(scene: Scene, found: LiveBooks, told: Told, candles: Candles) -> None:
        heard: list[tuple[object, ...]] = []
        found.marked = lambda *marked: heard.append(marked)
        told.values.clear()
        scene.exchange.set_mark(PERP, D("49987.65"))
        scene.exchange.quote(PERP, levels("49998 x 2"), levels("50002.5 x 3"))
        await scene.pass_ms(1_000)
        assert told.values == [(BTC, Series.MARK, 499_876)]
        assert heard == [(BTC, D("49987.65"), D("0.0001"), instant_of_text("2026-11-28T16:00:00Z"))]

    observed(feeds, talk, at=at)


def test_a_book_is_unfit_from_the_break_of_its_stream_until_a_whole_one_has_come() -> None:
    async def talk(scene: Scene, found: LiveBooks, told: Told, candles: Candles) -> None:
        scene.faults.say("cuts_stream", True)
        told.books.clear()
        scene.exchange.quote(PERP, levels("49998 x 2"), levels("50002.5 x 3"))
        await scene.pass_ms(300)
        assert found.status() == {BTC: "disconnected"}
        assert told.books[-1] == (BTC, False)
        await scene.pass_ms(10_000)
        assert found.status() == {BTC: "fit"}
        assert told.books[-1] == (BTC, True)
        assert found.books[BTC].touch() == Touch(499_980, 2_000, 500_025, 3_000)

    observed(USD_M, talk)


@pytest.mark.parametrize(("feeds", "at"), [(USD_M, with_binance), (LINEAR, with_bybit)])
def test_streams_that_are_reconnected_show_no_book_until_a_whole_one_has_come(feeds: Feeds, at: Any) -> None:
    async def talk(scene: Scene, found: LiveBooks, told: Told, candles: Candles) -> None:
        told.books.clear()
        found.reconnect(AccountId("elsewhere"))
        await scene.pass_ms(300)
        assert (found.status(), told.books) == ({BTC: "fit"}, [])
        found.reconnect(ACCOUNT)
        scene.exchange.quote(PERP, levels("49998 x 2"), levels("50002.5 x 3"))
        await scene.pass_ms(1)
        assert found.status() == {BTC: "disconnected"}
        assert told.books == [(BTC, False)]
        await scene.pass_ms(2_000)
        assert (found.status(), told.books[-1]) == ({BTC: "fit"}, (BTC, True))
        assert found.books[BTC].touch() == Touch(499_980, 2_000, 500_025, 3_000)
        heard: list[object] = []
        found.traded = lambda *traded: heard.append(traded)
        scene.exchange.trade_outside(PERP, 1, D("0.5"))
        await scene.pass_ms(1_000)
        assert heard == [(BTC, 500_025, 500, Side.BUY)]

    observed(feeds, talk, at=at)


def test_a_book_with_more_decimals_than_our_lot_is_off_the_grid() -> None:
    async def talk(scene: Scene, found: LiveBooks, told: Told, candles: Candles) -> None:
        scene.faults.say("cuts_stream", True)
        scene.exchange.quote(PERP, levels("49998.5 x 2"), levels("50002.5 x 3"))
        await scene.pass_ms(10_000)
        assert found.status() == {BTC: "off_grid"}
        unread = found.unread()
        assert (list(unread), list(unread["bybit"])) == (["bybit"], ["off_grid"])

    observed(LINEAR, talk, tick="1", at=with_bybit)


def test_a_tick_that_is_not_one_in_its_last_decimal_is_counted_in_whole_ticks() -> None:
    async def talk(scene: Scene, found: LiveBooks, told: Told, candles: Candles) -> None:
        scene.exchange.quote(PERP, levels("49999.7 x 2", "49999.5 x 1"), levels("50002.3 x 3", "50002.5 x 4"))
        await scene.pass_ms(1_000)
        assert found.books[BTC].touch() == Touch(99_999, 3_000, 100_005, 7_000)
        assert found.minutes.seen(BTC, scene.now()).candles[-1].close == "50001"

    observed(USD_M, talk, tick="0.5")


def test_sizes_are_cut_to_whole_lots_after_levels_were_put_together() -> None:
    traded = instrument(Product.LINEAR_PERP, tick="0.1", lot="0.002")
    seen = seen_of(traded)
    source = type(seen.book)()
    source.replace([(10, 3), (9, 1)], [(12, 5)])
    copy_book(source, seen)
    assert (list(seen.book.bids()), list(seen.book.asks())) == ([(10, 1)], [(12, 2)])


@pytest.mark.parametrize(
    ("stated", "product", "hosts"),
    [
        (
            account(BinanceMarket.SPOT, Environment.LIVE),
            Product.SPOT,
            ("wss://stream.binance.com:9443", "https://api.binance.com"),
        ),
        (
            account(BinanceMarket.SPOT, Environment.SANDBOX),
            Product.SPOT,
            ("wss://stream.testnet.binance.vision", "https://testnet.binance.vision"),
        ),
        (
            account(BinanceMarket.USD_M, Environment.LIVE),
            Product.LINEAR_PERP,
            ("wss://fstream.binance.com", "https://fapi.binance.com"),
        ),
        (bybit(Environment.LIVE), Product.SPOT, ("wss://stream.bybit.com", None)),
        (bybit(Environment.PAPER), Product.LINEAR_PERP, ("wss://stream.bybit.com", None)),
        (bybit(Environment.SANDBOX), Product.LINEAR_PERP, ("wss://stream-testnet.bybit.com", None)),
    ],
)
def test_books_and_trades_are_of_the_environment_of_their_account(
    stated: Any, product: Product, hosts: tuple[str, str | None]
) -> None:
    feeds = feeds_of(stated, product)
    assert feeds is not None
    whole = feeds.books.whole
    assert (feeds.books.host, None if whole is None else whole.host) == hosts
    assert feeds.trades.host == hosts[0]


def test_a_book_that_its_venue_dates_is_late_by_what_it_took_beyond_the_fastest(tmp_path: Path) -> None:
    whole = '{"whole":"BTCUSDT","data":{"lastUpdateId":5,"bids":[["100.0","2"]],"asks":[["100.1","3"]]}}'
    change = '{"stream":"btcusdt@depth","data":{"E":%d,"s":"BTCUSDT","U":%d,"u":%d,"b":[["100.0","4"]],"a":[]}}'
    start = instant_of_text("2026-06-02T14:00:00Z")
    said = [(0, whole)]
    said += [
        (at, change % (start // 10**6 + of, n, n))
        for at, of, n in ((1_000, 990, 6), (2_000, 1_960, 7), (5_000, 2_000, 8))
    ]
    path = tmp_path / "btc.gz"
    path.write_bytes(gzip.compress("".join(f"{start + at * 10**6} {frame}\n" for at, frame in said).encode()))

    async def told() -> Told:
        clock, heard = TapeClock(start), Told()
        found = LiveBooks(clock)
        seen = {"BTCUSDT": seen_of(instrument(Product.SPOT, tick="0.1"))}
        ways = (binance_books.SPOT, binance_trades.SPOT)
        found.add_played(PlayedBooks(path, ways, {"BTCUSDT": seen["BTCUSDT"].grid}, clock), seen)
        works = [asyncio.create_task(work) for work in found.follow(heard, Candles())]
        await clock.run_until(later(start, ms=8_600))
        for work in works:
            work.cancel()
        await asyncio.gather(*works, return_exceptions=True)
        return heard

    assert asyncio.run(told()).late_ms == [0, 0, 30, 2_990, 0, 0, 30]
