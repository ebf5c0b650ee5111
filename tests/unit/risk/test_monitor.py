"""Anomalies, missing data, and when a side is stopped and freed."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from flatbook.market.candles import CandleSight
from flatbook.risk.monitor import (
    Condition,
    MonitorRules,
    Policy,
    condition_of,
    is_anomaly,
    is_triggered,
    look,
    should_clear,
    should_stop,
)
from flatbook.values.ids import AccountId, InstrumentId, OwnerId
from flatbook.values.instants import Instant, later
from flatbook.values.instruments import Side

BTC, ETH, SOL = InstrumentId("BTC"), InstrumentId("ETH"), InstrumentId("SOL")
START = Instant(1_764_685_800_000_000_000)
NOW = later(START, seconds=3_600)
RULES = MonitorRules(
    instruments=(BTC, ETH, SOL),
    owners=(OwnerId("grid"),),
    accounts=(AccountId("binance"),),
    interval_s=60,
    window=20,
    volume_multiple=3.0,
    calm_multiple=2.0,
    calm_s=60,
    policy=Policy.ALL,
    recovery=2,
    missing_s=120,
)
CALM = CandleSight(
    volume=100.0,
    close=100.0,
    last_volume=100.0,
    last_close=100.0,
    mean_volume=100.0,
    mean_close=100.0,
    is_full=True,
    seen_at=NOW,
)
FALL = msgspec.structs.replace(CALM, volume=301.0, close=99.0)
RISE = msgspec.structs.replace(CALM, volume=301.0, close=101.0)


def condition(sight: CandleSight | None, side: Side = Side.BUY, now: Instant = NOW) -> Condition:
    return condition_of(sight, RULES, side, now, START)


def stops(policy: Policy, *sights: CandleSight | None, side: Side = Side.BUY) -> bool:
    rules = msgspec.structs.replace(RULES, policy=policy)
    return should_stop(look(dict(zip(rules.instruments, sights, strict=True)), rules, side, NOW, START), rules)


def clears(*sights: CandleSight | None, side: Side = Side.BUY) -> bool:
    return should_clear(look(dict(zip(RULES.instruments, sights, strict=True)), RULES, side, NOW, START), RULES)


@pytest.mark.parametrize(
    ("volume", "close", "side", "abnormal"),
    [
        (301.0, 99.0, Side.BUY, True),
        (300.0, 99.0, Side.BUY, False),
        (301.0, 100.0, Side.BUY, False),
        (301.0, 101.0, Side.BUY, False),
        (301.0, 101.0, Side.SELL, True),
        (300.0, 101.0, Side.SELL, False),
        (301.0, 100.0, Side.SELL, False),
        (301.0, 99.0, Side.SELL, False),
    ],
)
def test_a_fall_on_volume_speaks_against_buys_and_a_rise_against_sales(
    volume: float, close: float, side: Side, abnormal: bool
) -> None:
    assert is_anomaly((volume, close), (100.0, 100.0), 3.0, side) is abnormal


def test_the_live_candle_is_looked_at_and_the_one_before_delays_the_recovery() -> None:
    assert condition(FALL) is Condition.ABNORMAL
    assert condition(FALL, Side.SELL) is Condition.UNSURE
    after = msgspec.structs.replace(CALM, last_volume=301.0, last_close=99.0)
    for side in Side:
        assert condition(after, side) is Condition.UNSURE


@pytest.mark.parametrize(
    ("live", "last", "close", "found"),
    [
        (200.0, 200.0, 99.0, Condition.NORMAL),
        (200.1, 0.0, 99.0, Condition.UNSURE),
        (0.0, 200.1, 99.0, Condition.UNSURE),
        (300.0, 0.0, 99.0, Condition.UNSURE),
        (300.1, 0.0, 99.0, Condition.ABNORMAL),
        (300.1, 0.0, 100.0, Condition.UNSURE),
        (300.1, 0.0, 101.0, Condition.UNSURE),
    ],
)
def test_a_market_is_calm_at_less_than_what_makes_it_abnormal_wherever_its_price_is(
    live: float, last: float, close: float, found: Condition
) -> None:
    assert condition(msgspec.structs.replace(CALM, volume=live, last_volume=last, close=close)) is found


def test_what_nobody_has_heard_of_for_too_long_is_missing_on_both_sides() -> None:
    for side in Side:
        assert condition(CALM, side, later(NOW, seconds=120)) is Condition.NORMAL
        assert condition(CALM, side, Instant(later(NOW, seconds=120) + 1)) is Condition.MISSING
        assert condition(None, side, later(START, seconds=120)) is Condition.UNSURE
        assert condition(None, side, later(START, seconds=121)) is Condition.MISSING


def test_a_window_that_never_fills_is_missing_too() -> None:
    filling = msgspec.structs.replace(FALL, is_full=False)
    assert condition(filling, now=later(START, seconds=60)) is Condition.UNSURE
    assert condition(filling) is Condition.MISSING


@pytest.mark.parametrize(
    ("policy", "abnormal", "watched", "triggered"),
    [
        (Policy.ALL, 2, 3, False),
        (Policy.ALL, 3, 3, True),
        (Policy.ALL, 0, 0, False),
        (Policy.ANY, 0, 3, False),
        (Policy.ANY, 1, 3, True),
    ],
)
def test_the_policy_says_how_many_are_a_stop(policy: Policy, abnormal: int, watched: int, triggered: bool) -> None:
    assert is_triggered(policy, abnormal, watched) is triggered


def test_one_instrument_without_data_does_not_hide_the_fall_of_all_others() -> None:
    assert stops(Policy.ALL, FALL, FALL, None)
    assert not stops(Policy.ALL, FALL, FALL, CALM)
    assert stops(Policy.ANY, CALM, FALL, CALM)
    assert not stops(Policy.ANY, CALM, RISE, CALM)
    assert stops(Policy.ANY, CALM, RISE, CALM, side=Side.SELL)


def test_a_side_is_freed_once_enough_are_normal_and_nothing_would_stop_it_anew() -> None:
    assert clears(CALM, CALM, FALL)
    assert not clears(CALM, FALL, FALL)
    after = msgspec.structs.replace(CALM, last_volume=301.0, last_close=99.0)
    assert not clears(CALM, after, FALL)
    rules = msgspec.structs.replace(RULES, policy=Policy.ANY)
    found = look({BTC: CALM, ETH: CALM, SOL: FALL}, rules, Side.BUY, NOW, START)
    assert not should_clear(found, rules)


def test_the_evidence_names_every_number() -> None:
    found = look({BTC: FALL, ETH: None, SOL: CALM}, RULES, Side.BUY, NOW, START)
    assert found.evidence() == {
        BTC: "abnormal: volume 301.0 of 100.0, close 99.0 of 100.0",
        ETH: "missing: never heard of",
        SOL: "normal: volume 100.0 of 100.0, close 100.0 of 100.0",
    }


@pytest.mark.parametrize(
    "change",
    [
        {"instruments": ()},
        {"window": 0},
        {"window": 1_001},
        {"recovery": 0},
        {"recovery": 4},
        {"owners": ()},
        {"sides": ()},
        {"interval_s": 0},
        {"missing_s": 0},
        {"volume_multiple": 0.0},
        {"calm_multiple": 0.0},
        {"calm_multiple": 3.1},
        {"calm_s": -1},
    ],
)
def test_a_monitor_that_could_not_work_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"a monitor|calm at"):
        MonitorRules(**{**msgspec.structs.asdict(RULES), **change})
