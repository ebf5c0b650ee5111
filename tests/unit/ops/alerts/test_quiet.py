"""Quiet hours: only what is critical is told in them, by the clocks of their zone, over midnight and summer time."""

from __future__ import annotations

import pytest

from flatbook.events.control import Severity
from flatbook.ops.alerts.quiet import is_quiet, may_tell, quiet_of, zone_of
from flatbook.values.instants import instant_of_text

NIGHT = quiet_of("22:00-07:00", "Europe/Zurich")
NOON = quiet_of("12:00-13:30", "UTC")


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2025-12-02T20:59:59Z", False),
        ("2025-12-02T21:00:00Z", True),
        ("2025-12-03T05:59:59Z", True),
        ("2025-12-03T06:00:00Z", False),
        ("2025-07-02T19:59:59Z", False),
        ("2025-07-02T20:00:00Z", True),
        ("2025-07-03T05:00:00Z", False),
    ],
)
def test_a_night_is_that_of_its_zone_in_winter_and_in_summer(at: str, expected: bool) -> None:
    assert is_quiet(NIGHT, instant_of_text(at)) is expected


def test_hours_of_one_day_begin_with_their_first_minute_and_end_before_their_last() -> None:
    told = [is_quiet(NOON, instant_of_text(f"2025-12-02T{hour}:00Z")) for hour in ("11:59", "12:00", "13:29", "13:30")]
    assert told == [False, True, True, False]


def test_what_is_critical_is_told_at_any_hour() -> None:
    noon = instant_of_text("2025-12-02T12:15:00Z")
    assert [may_tell(severity, NOON, noon) for severity in Severity] == [False, False, True]
    assert may_tell(Severity.INFO, None, noon)


@pytest.mark.parametrize("name", ["Mars/Olympus", "../etc/passwd", "/etc/passwd", ""])
def test_a_zone_that_this_machine_does_not_know_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"this machine knows no time zone .*: write one such as Europe"):
        zone_of(name)
