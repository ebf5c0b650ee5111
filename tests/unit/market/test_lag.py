"""How late what a venue tells is heard, beside the fastest of late."""

from __future__ import annotations

from flatbook.market.lag import LEAP_NS, WINDOW_NS, Lag
from flatbook.values.instants import Instant

MS = 10**6
NOW = Instant(1_700_000_000 * 10**9)


def after(ms: int) -> Instant:
    return Instant(NOW + ms * MS)


def test_what_took_longer_than_the_fastest_is_late_by_so_much_wherever_the_clocks_stand() -> None:
    for apart_ms in (-5_000, 0, 5_000):
        lag = Lag()
        took = [lag.late_ns(after(ms), after(ms - apart_ms - way)) // MS for ms, way in ((0, 40), (10, 30), (20, 950))]
        assert took == [0, 0, 920]


def test_what_a_venue_does_not_date_is_as_new_as_it_is_heard() -> None:
    assert Lag().late_ns(NOW, 0) == 0


def test_the_fastest_is_forgotten_after_two_windows() -> None:
    lag, window_ms = Lag(), WINDOW_NS // MS
    assert lag.late_ns(after(0), after(-10)) == 0
    assert lag.late_ns(after(window_ms + 1), after(window_ms - 99)) == 90 * MS
    assert lag.late_ns(after(2 * window_ms + 2), after(2 * window_ms - 98)) == 0


def test_what_is_dated_far_ahead_is_not_believed() -> None:
    lag = Lag()
    assert lag.late_ns(after(0), after(-10)) == 0
    assert lag.late_ns(after(1), after(1 + LEAP_NS // MS)) == 0
    assert lag.late_ns(after(2), after(-10)) == 2 * MS


def test_what_comes_in_one_burst_after_a_pause_is_late() -> None:
    lag = Lag()
    assert lag.late_ns(after(0), after(-10)) == 0
    assert [lag.late_ns(after(90_000), after(sent)) // MS for sent in (100, 40_000, 89_990)] == [89_890, 49_990, 0]
