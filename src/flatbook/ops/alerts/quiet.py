"""Hours of the day in which a channel tells only what is critical; what else there is waits until they are over."""

from __future__ import annotations

import re
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

import msgspec

from flatbook.events.control import Severity
from flatbook.values.instants import NS_PER_S, Instant

HOURS_TEXT = r"([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]"
_MINUTES = re.compile(r"([0-9]{2}):([0-9]{2})-([0-9]{2}):([0-9]{2})", re.ASCII)


class Quiet(msgspec.Struct, frozen=True):
    """Quiet hours. Units: minutes after midnight in the zone; an `end` before `begin` is on the next day."""

    begin: int
    end: int
    zone: str


def quiet_of(hours: str, zone: str) -> Quiet:
    """Returns the hours that a text such as 22:00-07:00 states. Needs: it has the form HOURS_TEXT."""
    found = _MINUTES.fullmatch(hours)
    assert found is not None, hours
    begin_h, begin_min, end_h, end_min = map(int, found.groups())
    return Quiet(begin_h * 60 + begin_min, end_h * 60 + end_min, zone)


def is_quiet(quiet: Quiet, at: Instant) -> bool:
    """Returns whether an instant lies within quiet hours, by the clocks of their zone and its summer time."""
    local = datetime.fromtimestamp(at // NS_PER_S, tz=zone_of(quiet.zone))
    minute = local.hour * 60 + local.minute
    if quiet.begin < quiet.end:
        return quiet.begin <= minute < quiet.end
    return minute >= quiet.begin or minute < quiet.end


def may_tell(severity: Severity, quiet: Quiet | None, at: Instant) -> bool:
    """Returns whether something of a severity is told now. What is critical always is."""
    return severity is Severity.CRITICAL or quiet is None or not is_quiet(quiet, at)


@lru_cache(maxsize=8)
def zone_of(name: str) -> ZoneInfo:
    """Returns a time zone by its name, such as Europe/Zurich.

    Errors: ValueError where this machine knows none of this name.
    """
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        told = f"this machine knows no time zone {name!r}: write one such as Europe/Zurich, or UTC"
        raise ValueError(told) from error
