"""Candles of watched instruments: closed by time, kept by one code, seen as of an instant."""

from __future__ import annotations

import pytest

from flatbook.market.candles import Candles, CandleSight, Watch, check_candle
from flatbook.values.ids import InstrumentId
from flatbook.values.instants import Instant, later

BTC, ETH = InstrumentId("BTC"), InstrumentId("ETH")
START = Instant(1_764_685_800_000_000_000)
FLAT = [100.0, 100.0, 100.0, 100.0, 10.0]


def at(seconds: int) -> Instant:
    return later(START, seconds=seconds)


def watched(window: int = 2) -> Candles:
    candles = Candles()
    candles.watch("majors", Watch(instruments=(BTC, ETH), interval_s=60, window=window))
    return candles


def seen(candles: Candles, seconds: int, instrument: InstrumentId = BTC) -> CandleSight:
    sight = candles.sight("majors", instrument, at(seconds))
    assert sight is not None
    return sight


def test_nothing_is_known_before_the_first_word() -> None:
    assert watched().sight("majors", BTC, START) is None
    assert watched().sight("minors", BTC, START) is None


def test_a_candle_is_closed_when_its_time_is_over_and_a_little_grace() -> None:
    candles = watched(window=1)
    assert candles.write_candle(BTC, 60, at(0), FLAT, at(59))
    assert not seen(candles, 61).is_full
    assert candles.write_candle(BTC, 60, at(0), [100.0, 130.0, 100.0, 120.0, 30.0], at(61))
    done = seen(candles, 62)
    assert (done.is_full, done.mean_volume, done.mean_close, done.volume, done.seen_at) == (
        True,
        30.0,
        120.0,
        0.0,
        at(61),
    )


def test_the_live_candle_is_not_part_of_the_means() -> None:
    candles = watched()
    for number, close in enumerate((100.0, 110.0, 500.0)):
        candles.write_candle(BTC, 60, at(60 * number), [100.0, 500.0, 100.0, close, 10.0 * close], at(60 * number + 30))
    live = seen(candles, 150)
    assert (live.close, live.volume, live.mean_close, live.mean_volume) == (500.0, 5_000.0, 105.0, 1_050.0)
    assert (live.last_close, live.last_volume) == (110.0, 1_100.0)


def test_trades_make_candles_where_none_are_told_and_silent_minutes_are_flat() -> None:
    candles = watched()
    assert candles.write_trade(BTC, 100.0, 4.0, at(1), at(1))
    assert candles.write_trade(BTC, 110.0, 6.0, at(50), at(50))
    flat = seen(candles, 125)
    assert (flat.is_full, flat.mean_volume, flat.mean_close, flat.seen_at) == (True, 5.0, 110.0, at(50))
    candles.hear(BTC, at(120))
    assert seen(candles, 125).seen_at == at(120)


def test_candles_of_another_length_and_of_nobody_are_not_wanted() -> None:
    candles = watched()
    assert not candles.write_candle(BTC, 300, at(0), FLAT, at(1))
    assert not candles.write_candle(InstrumentId("DOGE"), 60, at(0), FLAT, at(1))
    assert not candles.write_trade(InstrumentId("DOGE"), 1.0, 1.0, at(0), at(1))
    candles.hear(ETH, at(9))
    assert candles.sight("majors", ETH, at(9)) is None


@pytest.mark.parametrize(
    "wrong",
    [
        [100.0, 100.0, 100.0, 100.0],
        [100.0, 90.0, 80.0, 85.0, 1.0],
        [100.0, 110.0, 105.0, 100.0, 1.0],
        [100.0, 110.0, 0.0, 100.0, 1.0],
        [100.0, 110.0, 90.0, 100.0, -1.0],
        [100.0, float("inf"), 90.0, 100.0, 1.0],
        [100.0, 110.0, 90.0, float("nan"), 1.0],
        [100.0, 110.0, 90.0, 100.0, float("inf")],
    ],
)
def test_five_numbers_that_contradict_each_other_are_no_candle(wrong: list[float]) -> None:
    with pytest.raises(ValueError, match="candle"):
        check_candle(wrong)
    with pytest.raises(ValueError, match="candle"):
        watched().write_candle(BTC, 60, at(0), wrong, at(1))


def test_past_candles_come_before_what_was_seen_and_the_open_one_goes_on() -> None:
    candles = watched()
    assert candles.write_trade(BTC, 105.0, 2.0, at(125), at(125))
    assert candles.closed("majors", BTC) == 0
    past = [(at(0), FLAT), (at(60), [100.0, 120.0, 100.0, 120.0, 30.0])]
    candles.backfill(BTC, 60, past, at(126))
    assert candles.closed("majors", BTC) == 2
    sight = seen(candles, 126)
    assert (sight.is_full, sight.mean_volume, sight.mean_close, sight.volume, sight.close) == (
        True,
        20.0,
        110.0,
        2.0,
        105.0,
    )
    with pytest.raises(ValueError, match="is no candle"):
        candles.backfill(BTC, 60, [(at(0), [1.0, 0.5, 1.0, 1.0, 1.0])], at(127))


def test_the_newest_past_candle_stands_for_what_trades_opened_in_the_same_minute() -> None:
    candles = watched(window=1)
    candles.write_trade(BTC, 105.0, 2.0, at(65), at(65))
    candles.backfill(BTC, 60, [(at(0), FLAT), (at(60), [100.0, 106.0, 100.0, 105.0, 9.0])], at(66))
    candles.write_trade(BTC, 106.0, 1.0, at(67), at(67))
    assert (seen(candles, 68).volume, seen(candles, 68).close, seen(candles, 68).is_full) == (10.0, 106.0, True)
