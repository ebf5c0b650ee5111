"""What a process measures of itself: the middle and the worst of the newest measurements, and its memory."""

from __future__ import annotations

from flatbook.ops.gauges import KEPT_MAX, Times, TimesBody, memory_bytes


def test_a_duration_has_its_middle_and_its_worst() -> None:
    times = Times()
    for ms in (1, 2, 3, 50, 4):
        times.add(ms / 1_000)
    assert times.body() == TimesBody(median_us=3_000, worst_us=50_000, measured=5)


def test_a_bad_minute_is_seen_and_then_forgotten() -> None:
    times = Times()
    times.add(1.0)
    for _ in range(KEPT_MAX):
        times.add(0.002)
    assert times.body() == TimesBody(median_us=2_000, worst_us=2_000, measured=KEPT_MAX + 1)


def test_before_the_first_measurement_nothing_is_known() -> None:
    assert Times().body() == TimesBody(median_us=None, worst_us=None, measured=0)


def test_a_process_holds_some_memory() -> None:
    assert 5_000_000 < memory_bytes() < 50_000_000_000
