"""When a venue may be asked again: what its replies say about the rate of requests, as headers of Alpaca state it.

Source: docs.alpaca.markets, Rate Limits: every reply carries X-RateLimit-Limit, -Remaining and -Reset (Unix seconds);
a request above the limit gets 429 and is not processed; not to be sent again before the reset.
"""

from __future__ import annotations

from email.utils import mktime_tz, parsedate_tz

import msgspec

from flatbook.values.instants import NS_PER_S, Instant, instant_of_seconds, later
from flatbook.venues.http import Reply

TOO_MANY = 429
WAIT_S_MIN = 1
WAIT_S_MAX = 300
BACKOFF_S_MAX = 60
SECONDS_DIGITS_MAX = 12


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """Until when nothing but cancels is sent, and how many refusals without a word on the time came in a row."""

    held_until: Instant = Instant(0)
    refusals: int = 0


def pace_after(pace: Pace, reply: Reply, now: Instant) -> Pace:
    """Returns the pace after a reply. A wait is from WAIT_S_MIN to WAIT_S_MAX seconds, whatever the reply says."""
    if reply.status == TOO_MANY:
        asked = retry_after(reply, now) or _reset(reply)
        until = asked or later(now, seconds=_backoff_s(pace.refusals))
        refusals = 0 if asked else pace.refusals + 1
        return Pace(held_until=_later_one(pace, until, now), refusals=refusals)
    if _seconds(reply, "x-ratelimit-remaining") == 0 and (reset := _reset(reply)) is not None:
        return Pace(held_until=_later_one(pace, reset, now))
    return Pace(held_until=pace.held_until)


def _later_one(pace: Pace, until: Instant, now: Instant) -> Instant:
    bounded = min(max(until, later(now, seconds=WAIT_S_MIN)), later(now, seconds=WAIT_S_MAX))
    return Instant(max(pace.held_until, bounded))


def _backoff_s(refusals: int) -> int:
    return min(WAIT_S_MIN << min(refusals, BACKOFF_S_MAX), BACKOFF_S_MAX)


def retry_after(reply: Reply, now: Instant) -> Instant | None:
    """Returns when the header lets us ask again: seconds from now, or a date. Source: RFC 9110, 10.2.3."""
    seconds = _seconds(reply, "retry-after")
    if seconds is not None:
        return Instant(now + seconds * NS_PER_S)
    stated = parsedate_tz(reply.headers.get("retry-after", ""))
    try:
        return None if stated is None else instant_of_seconds(mktime_tz(stated))
    except (ValueError, OverflowError):
        return None


def _reset(reply: Reply) -> Instant | None:
    seconds = _seconds(reply, "x-ratelimit-reset")
    return None if seconds is None else instant_of_seconds(seconds)


def _seconds(reply: Reply, name: str) -> int | None:
    text = reply.headers.get(name, "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= SECONDS_DIGITS_MAX else None
