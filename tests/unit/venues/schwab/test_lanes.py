"""Reads leave room for orders, and both leave room for cancels."""

from __future__ import annotations

from flatbook.values.instants import Instant, later
from flatbook.venues.schwab.lanes import Budget, Lane, allowance_of, taken


def spent(budget: Budget, lane: Lane, now: Instant) -> tuple[int, Budget]:
    """Takes requests of a lane until it has to wait, at most a thousand."""
    count = 0
    while count < 1_000 and (rest := taken(budget, lane, now)) is not None:
        budget, count = rest, count + 1
    return count, budget


def test_each_lane_stops_where_the_ones_above_it_begin_and_cancels_never_do() -> None:
    reads, budget = spent(Budget(), Lane.READ, Instant(0))
    places, budget = spent(budget, Lane.PLACE, Instant(0))
    cancels, budget = spent(budget, Lane.CANCEL, Instant(0))
    assert (reads, places, cancels) == (75, 30, 1_000)
    assert budget.left == 0


def test_two_requests_flow_back_each_second_up_to_those_of_a_minute() -> None:
    _, budget = spent(Budget(), Lane.READ, Instant(0))
    assert spent(budget, Lane.READ, later(Instant(0), seconds=5))[0] == 10
    assert spent(budget, Lane.READ, later(Instant(0), seconds=3_600))[0] == 75


def test_what_is_used_of_the_minute_is_told_and_when_it_is_back() -> None:
    _, budget = spent(Budget(), Lane.READ, Instant(0))
    told = allowance_of(budget, later(Instant(0), seconds=5))
    assert (told.used, told.limit, told.window_s, told.full_at) == (65, 120, 60, Instant(37_500_000_000))
    assert allowance_of(budget, later(Instant(0), seconds=60)).full_at is None


def test_a_clock_that_steps_back_gives_nothing_back() -> None:
    _, budget = spent(Budget(), Lane.READ, later(Instant(0), seconds=60))
    assert taken(budget, Lane.READ, Instant(0)) is None
