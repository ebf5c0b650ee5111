"""Instants and durations: int nanoseconds in UTC inside, RFC 3339 outside."""

from __future__ import annotations

import re
from typing import NewType

Instant = NewType("Instant", int)

NS_PER_S = 1_000_000_000
NS_PER_MS = 1_000_000
SECONDS_PER_DAY = 86_400
MS_END = 9_000_000_000_000
EPOCH_2020_S = 1_577_836_800

_RFC3339 = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?([Zz]|[+-]\d{2}:?\d{2})",
    re.ASCII,
)


class InstantRefused(ValueError):
    """A text does not state an instant with its zone."""


def instant_of_ms(ms: int) -> Instant:
    """Returns the instant of a millisecond since 1970. Errors: InstantRefused before that, and from MS_END on."""
    if not 0 < ms < MS_END:
        raise InstantRefused(f"{ms} is no instant")
    return Instant(ms * NS_PER_MS)


def days_from_civil(year: int, month: int, day: int) -> int:
    """Returns the number of days from 1970-01-01 to a date of the Gregorian calendar.

    Source: the usual era arithmetic with years that begin in March.
    """
    shifted_year = year - (month <= 2)
    era, year_of_era = divmod(shifted_year, 400)
    day_of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    return era * 146_097 + year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year - 719_468


def civil_from_days(days: int) -> tuple[int, int, int]:
    """Returns (year, month, day) of a number of days since 1970-01-01."""
    era, day_of_era = divmod(days + 719_468, 146_097)
    year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted_month = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * shifted_month + 2) // 5 + 1
    month = shifted_month + 3 if shifted_month < 10 else shifted_month - 9
    return era * 400 + year_of_era + (month <= 2), month, day


def instant_of_text(text: str) -> Instant:
    """Returns the instant that an RFC 3339 text states; a zone is required.

    Errors: InstantRefused when the text has no zone, a field out of range, or more than nine fractional digits.
    """
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise InstantRefused(f"{text[:64]!r} is not an RFC 3339 instant with a zone, such as 2025-12-01T14:30:00Z")
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    days = days_from_civil(year, month, day)
    if civil_from_days(days) != (year, month, day) or hour > 23 or minute > 59 or second > 59:
        raise InstantRefused(f"{text!r} has a field out of range")
    fraction = (match.group(7) or "").ljust(9, "0")
    seconds = days * SECONDS_PER_DAY + hour * 3600 + minute * 60 + second - _zone_offset_s(match.group(8))
    return Instant(seconds * NS_PER_S + int(fraction))


def _zone_offset_s(zone: str) -> int:
    if zone in ("Z", "z"):
        return 0
    digits = zone[1:].replace(":", "")
    hours, minutes = int(digits[:2]), int(digits[2:])
    if hours > 23 or minutes > 59:
        raise InstantRefused(f"{zone!r} is no offset from UTC")
    size = hours * 3600 + minutes * 60
    return -size if zone[0] == "-" else size


def text_of_instant(at: Instant) -> str:
    """Returns the RFC 3339 text of an instant in UTC, with as many fractional digits as it needs."""
    seconds, fraction = divmod(at, NS_PER_S)
    days, second_of_day = divmod(seconds, SECONDS_PER_DAY)
    year, month, day = civil_from_days(days)
    hour, rest = divmod(second_of_day, 3600)
    minute, second = divmod(rest, 60)
    tail = f".{fraction:09d}".rstrip("0") if fraction else ""
    return f"{year:04d}-{month:02d}-{day:02d}T{hour:02d}:{minute:02d}:{second:02d}{tail}Z"


def instant_of_seconds(seconds: int) -> Instant:
    """Returns the instant of whole seconds since the epoch."""
    return Instant(seconds * NS_PER_S)


def utc_day(at: Instant) -> int:
    """Returns the number of the UTC day of an instant, counted from 1970-01-01."""
    return at // (SECONDS_PER_DAY * NS_PER_S)


def later(at: Instant, *, seconds: int = 0, ms: int = 0) -> Instant:
    """Returns the instant a duration after (or, when negative, before) another one."""
    return Instant(at + seconds * NS_PER_S + ms * NS_PER_MS)


def seconds_between(start: Instant, end: Instant) -> int:
    """Returns the whole seconds from start to end, cut toward minus infinity."""
    return (end - start) // NS_PER_S


def next_multiple(at: Instant, *, span_ns: int) -> Instant:
    """Returns the first instant after one that is a whole number of spans after 1970."""
    return Instant(at - at % span_ns + span_ns)
