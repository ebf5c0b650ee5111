"""Days from midnight to midnight in New York."""

from __future__ import annotations

from datetime import date

import pytest

from flatbook.projections.days import day_window, eastern_date, eastern_date_or_none
from flatbook.values.instants import Instant, instant_of_text, text_of_instant


@pytest.mark.parametrize(
    ("day", "start", "end"),
    [
        (date(2026, 5, 15), "2026-05-15T04:00:00Z", "2026-05-16T03:59:59.999Z"),
        (date(2026, 3, 8), "2026-03-08T05:00:00Z", "2026-03-09T03:59:59.999Z"),
        (date(2025, 11, 2), "2025-11-02T04:00:00Z", "2025-11-03T04:59:59.999Z"),
    ],
)
def test_a_day_lasts_from_midnight_to_midnight_in_new_york(day: date, start: str, end: str) -> None:
    window = day_window(day)
    assert text_of_instant(window.start) == start
    assert text_of_instant(window.end) == end


def test_the_last_nanosecond_before_midnight_belongs_to_the_day() -> None:
    assert eastern_date(Instant(instant_of_text("2026-05-16T04:00:00Z") - 1)) == date(2026, 5, 15)


def test_an_instant_before_the_calendar_has_no_date() -> None:
    assert eastern_date_or_none(Instant(0)) is None
