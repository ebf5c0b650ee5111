"""US Eastern time by rule: the offset comes from arithmetic, never from a time zone database."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache

from flatbook.values.instants import (
    NS_PER_S,
    SECONDS_PER_DAY,
    Instant,
    civil_from_days,
    days_from_civil,
    instant_of_seconds,
)

STANDARD_OFFSET_S = -18_000
DAYLIGHT_OFFSET_S = -14_400
RULE_YEAR_FIRST = 2007
RULE_YEAR_LAST = 9998
YEARS_CACHED_MAX = 64
HOURS_CACHED_MAX = 4_096
EPOCH_ORDINAL = date(1970, 1, 1).toordinal()

_CHANGE_CLOCK_S = 7_200
_S_PER_HOUR = 3_600
_NS_PER_HOUR = _S_PER_HOUR * NS_PER_S
_CLOCK = re.compile(r"([01]\d|2[0-3]):?([0-5]\d)", re.ASCII)


class EasternTimeRefused(ValueError):
    """A clock reading that names no instant, or more than one, or that the rule does not cover."""


def eastern_offset_s(at: Instant) -> int:
    """Returns what US Eastern clocks show minus UTC at an instant.

    Units: seconds: -18,000 in standard time, -14,400 in daylight time.
    Errors: EasternTimeRefused outside 2007..9998.
    Source: 15 U.S.C. 260a, as amended by the Energy Policy Act of 2005: daylight time runs from 02:00 on the second
    Sunday of March to 02:00 on the first Sunday of November, since 2007.
    """
    second = at // NS_PER_S
    begins, ends = _daylight_of(civil_from_days(second // SECONDS_PER_DAY)[0])
    return DAYLIGHT_OFFSET_S if begins <= second < ends else STANDARD_OFFSET_S


def eastern_clock_of(at: Instant) -> tuple[date, int]:
    """Returns the US Eastern date and second of the day at an instant.

    Units: seconds since midnight on the clock (02:00 is 7,200 on every day), cut toward minus infinity.
    Errors: EasternTimeRefused outside 2007..9998.
    """
    days, second = divmod(at // NS_PER_S + eastern_offset_s(at), SECONDS_PER_DAY)
    return date.fromordinal(days + EPOCH_ORDINAL), second


def eastern_day(at: Instant) -> int:
    """Returns the number of the US Eastern day of an instant, counted from 1970-01-01.

    Errors: EasternTimeRefused outside 2007..9998.
    """
    return _day_of_hour(at // _NS_PER_HOUR)


def instant_of_eastern(day: date, second: int) -> Instant:
    """Returns the instant at which US Eastern clocks show a second of a day.

    Units: second on the clock, 0..86,399.
    Errors: EasternTimeRefused when the clock skips that reading (March), shows it twice (November), or the second or
    the year is out of range.
    """
    if not 0 <= second < SECONDS_PER_DAY:
        raise EasternTimeRefused(f"second {second} of {day} is not in 0..86399")
    begins, ends = _daylight_of(day.year)
    local = (day.toordinal() - EPOCH_ORDINAL) * SECONDS_PER_DAY + second
    daylight, standard = local - DAYLIGHT_OFFSET_S, local - STANDARD_OFFSET_S
    in_daylight, in_standard = begins <= daylight < ends, not begins <= standard < ends
    if in_daylight == in_standard:
        fault = "happens twice" if in_daylight else "does not happen"
        raise EasternTimeRefused(f"second {second} of {day} {fault} in US Eastern time: state it in UTC")
    return Instant((daylight if in_daylight else standard) * NS_PER_S)


def second_of_clock(text: str) -> int:
    """Returns the second of the day that a text of the form 09:30 or 0930 states.

    Units: seconds since midnight.
    Errors: EasternTimeRefused when the text has another form, or an hour or a minute out of range.
    """
    match = _CLOCK.fullmatch(text)
    if match is None:
        raise EasternTimeRefused(f"{text[:16]!r} is not a time of day from 00:00 to 23:59, such as 09:30 or 0930")
    return int(match.group(1)) * 3600 + int(match.group(2)) * 60


@lru_cache(maxsize=HOURS_CACHED_MAX)
def _day_of_hour(hour: int) -> int:
    """Returns the day of an hour of UTC: clocks change, and days begin, on whole hours only."""
    second = hour * _S_PER_HOUR
    return (second + eastern_offset_s(instant_of_seconds(second))) // SECONDS_PER_DAY


@lru_cache(maxsize=YEARS_CACHED_MAX)
def _daylight_of(year: int) -> tuple[int, int]:
    if not RULE_YEAR_FIRST <= year <= RULE_YEAR_LAST:
        raise EasternTimeRefused(f"the daylight rule covers {RULE_YEAR_FIRST}..{RULE_YEAR_LAST}, not {year}")
    begins = _sunday_from(year, 3, 8) * SECONDS_PER_DAY + _CHANGE_CLOCK_S - STANDARD_OFFSET_S
    ends = _sunday_from(year, 11, 1) * SECONDS_PER_DAY + _CHANGE_CLOCK_S - DAYLIGHT_OFFSET_S
    return begins, ends


def _sunday_from(year: int, month: int, day: int) -> int:
    days = days_from_civil(year, month, day)
    return days + (3 - days) % 7  # day 3 since the epoch, 1970-01-04, was a Sunday
