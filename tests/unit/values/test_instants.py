"""Instants are nanoseconds in UTC inside and RFC 3339 outside, and both say the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from flatbook.values.instants import (
    Instant,
    InstantRefused,
    civil_from_days,
    days_from_civil,
    instant_of_seconds,
    instant_of_text,
    later,
    seconds_between,
    text_of_instant,
)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("2025-12-02T14:30:00Z", 1_764_685_800_000_000_000),
        ("2025-12-02T14:30:00.000000001Z", 1_764_685_800_000_000_001),
        ("2025-12-02T14:30:00.5Z", 1_764_685_800_500_000_000),
        ("2025-12-02t09:30:00-05:00", 1_764_685_800_000_000_000),
        ("2025-12-02 20:00:00+0530", 1_764_685_800_000_000_000),
        ("2025-12-02T00:30:00-14:00", 1_764_685_800_000_000_000),
        ("2000-02-29T00:00:00Z", 951_782_400_000_000_000),
        ("1969-12-31T23:59:59.999999999Z", -1),
    ],
)
def test_a_text_with_its_zone_is_one_instant(text: str, instant: int) -> None:
    assert instant_of_text(text) == instant


@pytest.mark.parametrize(
    "text",
    [
        "2025-12-02T14:30:00", "2025-12-02", "", "now", "2025-12-02T14:30Z", "2025-12-02T14:30:00.1234567890Z",
        "2025-02-29T00:00:00Z", "2100-02-29T00:00:00Z", "2025-13-01T00:00:00Z", "2025-00-01T00:00:00Z",
        "2025-12-32T00:00:00Z", "2025-12-00T00:00:00Z", "2025-12-02T24:00:00Z", "2025-12-02T14:60:00Z",
        "2025-12-02T23:59:60Z", "2025-12-02T14:30:00+24:00", "2025-12-02T14:30:00+00:60", "2025-12-02T14:30:00+5:00",
        " 2025-12-02T14:30:00Z", "2025-12-02T14:30:00ZZ", "٢٠٢٥-12-02T14:30:00Z", "2025-12-02T14:30:00.Z",
    ],
)  # fmt: skip
def test_a_text_without_zone_or_with_a_field_out_of_range_is_refused(text: str) -> None:
    with pytest.raises(InstantRefused):
        instant_of_text(text)


@pytest.mark.parametrize(
    ("instant", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1_764_685_800_123_000_000, "2025-12-02T14:30:00.123Z"),
        (1_764_685_800_000_000_001, "2025-12-02T14:30:00.000000001Z"),
        (-1, "1969-12-31T23:59:59.999999999Z"),
    ],
)
def test_an_instant_is_written_in_utc_with_the_digits_it_needs(instant: int, text: str) -> None:
    assert text_of_instant(Instant(instant)) == text
    assert instant_of_text(text) == instant


def test_days_agree_with_the_calendar_of_the_standard_library_over_four_centuries() -> None:
    first = datetime(1900, 1, 1, tzinfo=UTC)
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    for offset in range(0, 146_097 + 366, 13):
        day = first + timedelta(days=offset)
        days = (day - epoch).days
        assert days_from_civil(day.year, day.month, day.day) == days
        assert civil_from_days(days) == (day.year, day.month, day.day)


def test_durations_are_whole_seconds_and_milliseconds() -> None:
    start = instant_of_seconds(100)
    assert later(start, seconds=2, ms=5) == 102_005_000_000
    assert later(start, seconds=-1) == 99_000_000_000
    assert seconds_between(start, later(start, ms=1999)) == 1
    assert seconds_between(later(start, ms=1), start) == -1
