"""The clock of a venue: one that is proven to differ too far stops what is new there, until it does not any more."""

from __future__ import annotations

import msgspec
import pytest

from flatbook.engine.reports import ClockReading
from flatbook.engine.take_clock import least_skew_ms
from flatbook.values.instants import Instant, later
from tests.desk import PAPER
from tests.unit.engine.scene import START, Bench, statement

HALT = ("venue", PAPER, "clock_skewed")


def reading(asked_at: Instant, *, by_ms: int, took_ms: int = 100, grain_ms: int = 0) -> ClockReading:
    """Returns what a venue says whose clock is `by_ms` ahead of ours, when an answer takes so long."""
    stated = later(asked_at, ms=by_ms + took_ms // 2)
    answered_at, latest = later(asked_at, ms=took_ms), later(stated, ms=grain_ms)
    return ClockReading(asked_at=asked_at, answered_at=answered_at, earliest=stated, latest=latest)


@pytest.mark.parametrize(
    ("by_ms", "took_ms", "grain_ms", "skew_ms"),
    [
        (0, 100, 0, 0),
        (50, 100, 0, 0),
        (51, 100, 0, 1),
        (-51, 100, 0, -1),
        (3_000, 100, 0, 2_950),
        (3_000, 7_000, 0, 0),
        (3_000, 100, 1_000, 2_950),
        (-3_000, 100, 1_000, -1_950),
        (-900, 100, 1_000, 0),
    ],
)
def test_a_difference_is_only_what_neither_the_way_nor_the_grain_of_the_clock_explains(
    by_ms: int, took_ms: int, grain_ms: int, skew_ms: int
) -> None:
    assert least_skew_ms(reading(START, by_ms=by_ms, took_ms=took_ms, grain_ms=grain_ms)) == skew_ms


def stated(bench: Bench, by_ms: int | None) -> None:
    shown = statement(bench.now)
    clock = None if by_ms is None else reading(bench.now, by_ms=by_ms, took_ms=0)
    bench.state_account(msgspec.structs.replace(shown, clock=clock))


@pytest.mark.parametrize("by_ms", [251, -251, 10_000])
def test_a_venue_whose_clock_differs_is_halted_and_told_and_nothing_is_sent_there(by_ms: int) -> None:
    bench = Bench().resume()
    stated(bench, by_ms)
    assert (bench.halted, bench.alerts) == ([HALT], ["clock_skewed"])
    bench.fill(1, "sell", "10")
    assert bench.orders() == []


def test_the_halt_lifts_itself_once_the_clocks_agree_and_the_hedge_goes_on() -> None:
    bench = Bench().resume()
    stated(bench, 400)
    bench.fill(1, "sell", "10")
    stated(bench.wait(60), None)
    assert bench.halted == [HALT]
    for by_ms in (-250, 260, 201, -201):
        stated(bench.wait(60), by_ms)
        assert bench.halted == [HALT]
    stated(bench.wait(60), -200)
    assert (bench.halted, bench.alerts, bench.orders()) == ([], [], ["buy 10.000"])


def test_a_reading_over_which_our_own_clock_stepped_back_says_nothing() -> None:
    bench = Bench().resume()
    back = ClockReading(
        asked_at=bench.now, answered_at=later(bench.now, seconds=-3), earliest=Instant(0), latest=Instant(0)
    )
    bench.state_account(msgspec.structs.replace(statement(bench.now), clock=back))
    assert bench.halted == []
