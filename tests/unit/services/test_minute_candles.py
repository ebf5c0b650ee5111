"""Candles of a book's middle: minute by minute, in prices, and no more of them than are kept."""

from __future__ import annotations

from decimal import Decimal

from flatbook.engine.rules import HedgeRules
from flatbook.market.quotes import Quote
from flatbook.services.minute_candles import CANDLES_MAX, MinuteCandles, Units
from flatbook.sim.tapes.clock import TapeClock
from flatbook.values.ids import InstrumentId, SourceId, Underlying
from flatbook.values.instants import NS_PER_S, Instant, instant_of_text
from flatbook.values.money import Price
from tests.desk import COIN, HEDGE, coin

BTC = InstrumentId("maker:BTC")
START = instant_of_text("2025-12-01T15:00:10Z")


def candles(*, size: str | None = "0.001") -> MinuteCandles:
    found = MinuteCandles()
    found.expect_book(BTC, Units(price=Decimal("0.1"), size=None if size is None else Decimal(size)))
    return found


def at(seconds: int) -> Instant:
    return Instant(START + seconds * NS_PER_S)


def test_a_candle_is_of_the_middle_of_the_best_prices() -> None:
    found = candles()
    for second, (bid, ask) in enumerate([(1000, 1001), (1004, 1006), (990, 992), (1000, 1002)]):
        found.saw(BTC, bid, ask, at(second))
    found.traded(BTC, 5, at(4))
    found.traded(BTC, 2, at(5))
    seen = found.seen(BTC, at(9))
    (candle,) = seen.candles
    assert (seen.now, seen.every_s) == ("2025-12-01T15:00:19Z", 60)
    assert (candle.at, candle.open, candle.high, candle.low, candle.close, candle.volume) == (
        "2025-12-01T15:00:00Z",
        "100.05",
        "100.5",
        "99.1",
        "100.1",
        "0.007",
    )


def test_a_minute_without_news_has_no_candle_and_a_trade_in_it_counts_nowhere() -> None:
    found = candles()
    found.saw(BTC, 1000, 1002, at(0))
    found.traded(BTC, 5, at(60))
    found.saw(BTC, 1002, 1004, at(120))
    told = [(candle.at, candle.close, candle.volume) for candle in found.seen(BTC, at(130)).candles]
    assert told == [("2025-12-01T15:00:00Z", "100.1", "0"), ("2025-12-01T15:02:00Z", "100.3", "0")]


def test_a_book_that_lacks_a_side_has_no_middle() -> None:
    found = candles()
    found.saw(BTC, 0, 1002, at(0))
    found.saw(BTC, 1000, 0, at(1))
    assert found.seen(BTC, at(2)).candles == []
    assert found.begun() == ()
    found.saw(BTC, 1000, 1002, at(2))
    assert found.begun() == (BTC,)


def test_the_newest_are_kept_and_where_no_trades_are_told_there_is_no_volume() -> None:
    found = candles(size=None)
    for minute in range(CANDLES_MAX + 3):
        found.saw(BTC, 1000 + minute, 1002 + minute, at(60 * minute))
    kept = found.seen(BTC, at(0)).candles
    assert (len(kept), kept[0].at, kept[0].volume) == (240, "2025-12-01T15:03:00Z", None)


def test_of_what_nobody_observes_there_are_none() -> None:
    assert candles().seen("other", at(0)).candles == []


def test_a_hedged_share_has_candles_of_the_price_that_its_hedge_reads() -> None:
    found, told = MinuteCandles(), list[str]()
    share = HedgeRules(params=HEDGE, instrument=coin("1"), backup=None)
    found.expect_prices([share])

    def observe(_underlying: Underlying, source: SourceId, quote: Quote) -> bool:
        told.append(source)
        return quote.price != Decimal(13)

    observed = found.observing(observe, TapeClock(START))
    for source, price in ((HEDGE.price_source, "250"), ("other", "900"), (HEDGE.price_source, "13")):
        observed(COIN, SourceId(source), Quote(price=Price(Decimal(price)), happened_at=START, seen_at=START))
    (candle,) = found.seen(share.instrument.id, START).candles
    assert (candle.open, candle.high, candle.low, candle.close, candle.volume) == ("250", "250", "250", "250", None)
    assert told == [HEDGE.price_source, "other", HEDGE.price_source]
