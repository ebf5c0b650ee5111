"""How many requests a minute, and for what: reads leave room for orders, and both leave room for cancels.

Source: developer.schwab.com, application registration: 0 to 120 order requests a minute and account; schwab-py,
Getting Started: 120 requests a minute in all. Above it comes 429.
"""

from __future__ import annotations

from enum import IntEnum

import msgspec

from flatbook.engine.ports import Allowance
from flatbook.values.instants import NS_PER_S, Instant

PER_MINUTE = 120
NS_PER_MINUTE = 60 * NS_PER_S


class Lane(IntEnum):
    """What a request is for; its value is how many requests it leaves to those above it."""

    CANCEL = 0
    PLACE = 15
    READ = 45


class Budget(msgspec.Struct, frozen=True, kw_only=True):
    """What is left of the minute. Units: parts of a request, of which NS_PER_MINUTE are one, as of an instant."""

    left: int = PER_MINUTE * NS_PER_MINUTE
    at: Instant = Instant(0)


def taken(budget: Budget, lane: Lane, now: Instant) -> Budget | None:
    """Returns what is left after one request of a lane, None where the lane has to wait. A cancel is never refused."""
    filled = _filled(budget, now)
    if lane is not Lane.CANCEL and filled < (lane + 1) * NS_PER_MINUTE:
        return None
    return Budget(left=max(filled - NS_PER_MINUTE, 0), at=now)


def allowance_of(budget: Budget, now: Instant) -> Allowance:
    """Returns how many requests of the minute are used at an instant, begun ones whole."""
    missing = PER_MINUTE * NS_PER_MINUTE - _filled(budget, now)
    used = -(-missing // NS_PER_MINUTE)
    full_at = Instant(now + -(-missing // PER_MINUTE)) if missing else None
    return Allowance(name="requests", used=used, limit=PER_MINUTE, window_s=60, full_at=full_at)


def _filled(budget: Budget, now: Instant) -> int:
    return min(budget.left + max(now - budget.at, 0) * PER_MINUTE, PER_MINUTE * NS_PER_MINUTE)
