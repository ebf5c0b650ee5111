"""US Eastern clocks: known readings, the two changes of the year, and readings that name no single instant."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from flatbook.values.instants import NS_PER_S, Instant, instant_of_text
from flatbook.values.us_eastern import (
    EasternTimeRefused,
    eastern_clock_of,
    eastern_day,
    eastern_offset_s,
    instant_of_eastern,
    second_of_clock,
)

NEW_YORK = ZoneInfo("America/New_York")


@pytest.mark.parametrize(
    ("at", "offset_s"),
    [
        ("2025-01-01T00:00:00Z", -18_000),
        ("2025-03-09T06:59:59.999999999Z", -18_000),
        ("2025-03-09T07:00:00Z", -14_400),
        ("2025-11-02T05:59:59.999999999Z", -14_400),
        ("2025-11-02T06:00:00Z", -18_000),
        ("2026-03-08T07:00:00Z", -14_400),
        ("2026-11-01T06:00:00Z", -18_000),
    ],
)
def test_clocks_change_at_two_in_the_morning_of_the_legal_sundays(at: str, offset_s: int) -> None:
    assert eastern_offset_s(instant_of_text(at)) == offset_s


@pytest.mark.parametrize("year", range(2007, 2031))
def test_offset_agrees_with_zoneinfo_at_every_hour_around_the_changes_and_every_day_between(year: int) -> None:
    start = datetime(year, 1, 1, tzinfo=UTC)
    for hour in range(366 * 24):
        at = start + timedelta(hours=hour)
        near_change = (at.month == 3 and 7 <= at.day <= 16) or (at.month == 11 and at.day <= 8)
        if near_change or hour % 24 == 5:
            expected = at.astimezone(NEW_YORK).utcoffset()
            assert timedelta(seconds=eastern_offset_s(Instant(int(at.timestamp()) * NS_PER_S))) == expected, at


def test_a_clock_reading_becomes_its_instant_in_winter_and_in_summer() -> None:
    assert instant_of_eastern(date(2025, 1, 6), 34_200) == instant_of_text("2025-01-06T14:30:00Z")
    assert instant_of_eastern(date(2025, 7, 3), 34_200) == instant_of_text("2025-07-03T13:30:00Z")


def test_the_instant_before_midnight_in_new_york_still_has_the_older_date() -> None:
    assert eastern_clock_of(instant_of_text("2025-07-04T03:59:59.5Z")) == (date(2025, 7, 3), 86_399)
    assert eastern_clock_of(instant_of_text("2025-07-04T04:00:00Z")) == (date(2025, 7, 4), 0)


@pytest.mark.parametrize("year", [2007, 2024, 2025, 2026])
def test_the_number_of_the_day_agrees_with_zoneinfo_at_every_hour(year: int) -> None:
    start = datetime(year, 1, 1, tzinfo=UTC)
    for hour in range(366 * 24):
        at = Instant(int((start + timedelta(hours=hour)).timestamp()) * NS_PER_S)
        expected = (start + timedelta(hours=hour)).astimezone(NEW_YORK).date().toordinal() - date(
            1970, 1, 1
        ).toordinal()
        assert eastern_day(at) == eastern_day(Instant(at + 3_600 * NS_PER_S - 1)) == expected


def test_the_number_of_the_day_is_refused_where_the_rule_does_not_reach() -> None:
    with pytest.raises(EasternTimeRefused, match="2007"):
        eastern_day(instant_of_text("2006-12-31T23:59:59Z"))


def test_a_reading_that_the_clock_skips_is_refused() -> None:
    assert instant_of_eastern(date(2025, 3, 9), 7_199) == instant_of_text("2025-03-09T06:59:59Z")
    for second in (7_200, 9_000, 10_799):
        with pytest.raises(EasternTimeRefused, match="2025-03-09 does not happen"):
            instant_of_eastern(date(2025, 3, 9), second)
    assert instant_of_eastern(date(2025, 3, 9), 10_800) == instant_of_text("2025-03-09T07:00:00Z")


def test_a_reading_that_the_clock_shows_twice_is_refused() -> None:
    assert instant_of_eastern(date(2025, 11, 2), 3_599) == instant_of_text("2025-11-02T04:59:59Z")
    for second in (3_600, 5_400, 7_199):
        with pytest.raises(EasternTimeRefused, match="2025-11-02 happens twice"):
            instant_of_eastern(date(2025, 11, 2), second)
    assert instant_of_eastern(date(2025, 11, 2), 7_200) == instant_of_text("2025-11-02T07:00:00Z")


@pytest.mark.parametrize("second", [-1, 86_400])
def test_a_second_outside_the_day_is_refused(second: int) -> None:
    with pytest.raises(EasternTimeRefused, match=r"not in 0\.\.86399"):
        instant_of_eastern(date(2025, 1, 6), second)


@pytest.mark.parametrize("at", ["2006-12-31T23:59:59Z", "1969-12-31T00:00:00Z", "9999-01-01T00:00:00Z"])
def test_years_outside_the_rule_are_refused(at: str) -> None:
    with pytest.raises(EasternTimeRefused, match="covers 2007"):
        eastern_offset_s(instant_of_text(at))


@pytest.mark.parametrize(
    ("text", "second"),
    [("09:30", 34_200), ("0930", 34_200), ("0400", 14_400), ("20:00", 72_000), ("00:00", 0), ("23:59", 86_340)],
)
def test_times_of_day_are_read_with_and_without_a_colon(text: str, second: int) -> None:
    assert second_of_clock(text) == second


@pytest.mark.parametrize("text", ["25:30", "09:60", "24:00", "9:30", "", "09:30:00", " 09:30", "09:30\n", "٠٩:٣٠"])
def test_times_of_day_of_another_form_are_refused(text: str) -> None:
    with pytest.raises(EasternTimeRefused, match="is not a time of day"):
        second_of_clock(text)
