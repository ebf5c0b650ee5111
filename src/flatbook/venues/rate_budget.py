"""What one key may still ask of an exchange: what it counted itself, corrected by what each reply says was used.

A gauge is one limit of the venue, such as the weight of a minute or the orders of ten seconds. A part of each is kept
for cancels and exits, which orders and reads leave untouched; a cancel is not refused even where nothing is left. After
a 429 only cancels and exits pass until the venue's own word. After a 418, with which it has banned the address, nothing
does: every request makes such a ban longer, and the venue answers none.

Source: developers.binance.com, LIMITS of the Spot API and of USD-M futures: X-MBX-USED-WEIGHT-1M counts by address,
X-MBX-ORDER-COUNT-10S by account, Retry-After comes with 429 and 418, bans last from 2 minutes to 3 days;
bybit-exchange.github.io/docs/v5/rate-limit: X-Bapi-Limit, -Status and -Reset-Timestamp by user and endpoint.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

import msgspec

from flatbook.engine.ports import Allowance
from flatbook.values.instants import NS_PER_S, Instant, later
from flatbook.venues.http import Reply
from flatbook.venues.pace import BACKOFF_S_MAX, TOO_MANY, WAIT_S_MAX, WAIT_S_MIN, retry_after

BANNED = 418
BAN_S_MIN = 120
BAN_S_MAX = 259_200
RESERVE_PERCENT = 20
READ_PERCENT = 30
PERCENT = 100


class Lane(Enum):
    """What a request is for. Cancels come first, then exits, then orders, then reads."""

    CANCEL = "cancel"
    EXIT = "exit"
    ORDER = "order"
    READ = "read"


# How much of a gauge each lane leaves to those above it.
LEAVES: Mapping[Lane, int] = {
    Lane.CANCEL: 0,
    Lane.EXIT: 0,
    Lane.ORDER: RESERVE_PERCENT,
    Lane.READ: RESERVE_PERCENT + READ_PERCENT,
}


class Gauge(msgspec.Struct, frozen=True, kw_only=True):
    """One limit: how much within each window of so many seconds. Windows begin at whole multiples of their length."""

    limit: int
    window_s: int

    def __post_init__(self) -> None:
        if not (self.limit > 0 and self.window_s > 0):
            raise ValueError(f"a limit of {self.limit} in {self.window_s} s is none")


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What a reply says of one gauge: how much is used of it, its limit, and when it is full again, if it says so."""

    used: int
    limit: int | None = None
    resets_at: Instant | None = None


class _Count(msgspec.Struct):
    gauge: Gauge
    used: int = 0
    until: Instant = Instant(0)


class RateBudget:
    """The gauges of one key. It is shared by all adapters that use the key.

    `refused` counts the requests that found no room.
    """

    def __init__(self, gauges: Mapping[str, Gauge]) -> None:
        self._counts = {name: _Count(gauge) for name, gauge in gauges.items()}
        self._held_until = self._banned_until = Instant(0)
        self._refusals = 0
        self.refused = 0

    def take(self, costs: Mapping[str, int], lane: Lane, now: Instant) -> bool:
        """Counts a request and returns True, or returns False where its lane has to wait.

        Units: costs in those of each gauge, by its name; a gauge that is not known has no limit yet.
        """
        if not self._has_room(costs, lane, now):
            self.refused += 1
            return False
        for name, cost in costs.items():
            if (count := self._counts.get(name)) is not None:
                count.used += cost
        return True

    def _has_room(self, costs: Mapping[str, int], lane: Lane, now: Instant) -> bool:
        if now < self._banned_until:
            return False
        if lane is Lane.CANCEL:
            self._roll(now)
            return True
        if now < self._held_until and lane is not Lane.EXIT:
            return False
        self._roll(now)
        return all(self._fits(self._counts[name], cost, lane) for name, cost in costs.items() if name in self._counts)

    def _fits(self, count: _Count, cost: int, lane: Lane) -> bool:
        """The first request of a window always does: a limit too small to be shared would else never be read again."""
        return not count.used or (count.used + cost) * PERCENT <= count.gauge.limit * (PERCENT - LEAVES[lane])

    def _roll(self, now: Instant) -> None:
        for count in self._counts.values():
            if now >= count.until:
                window = count.gauge.window_s * NS_PER_S
                count.used, count.until = 0, Instant((now // window + 1) * window)

    def learn(self, readings: Mapping[str, Reading], now: Instant) -> None:
        """Takes what a reply says. A gauge that is met for the first time lasts as long as the reply says, or a second.

        Gives: within one window the larger of the venue's count and ours counts: answers may come out of order.
        """
        self._roll(now)
        for name, reading in readings.items():
            count = self._counts.get(name)
            if count is None:
                count = self._counts[name] = _Count(Gauge(limit=max(reading.limit or 1, 1), window_s=1))
            if reading.limit is not None and reading.limit > 0:
                count.gauge = Gauge(limit=reading.limit, window_s=count.gauge.window_s)
            if reading.resets_at is not None:
                count.until = min(reading.resets_at, later(now, seconds=count.gauge.window_s))
            count.used = max(count.used, reading.used)

    def learn_refusal(self, reply: Reply, now: Instant) -> None:
        """Takes a refusal for the rate: until when nothing but cancels and exits, and after a ban nothing, is sent."""
        if reply.status not in (TOO_MANY, BANNED):
            self._refusals = 0
            return
        self._refusals += 1
        asked = retry_after(reply, now)
        if reply.status == BANNED:
            self._banned_until = _bounded(asked, now, self._banned_until, (BAN_S_MIN, BAN_S_MAX))
        else:
            least_s = min(WAIT_S_MIN << min(self._refusals, BACKOFF_S_MAX), BACKOFF_S_MAX)
            self._held_until = _bounded(asked, now, self._held_until, (WAIT_S_MIN if asked else least_s, WAIT_S_MAX))

    def allowances(self, now: Instant) -> tuple[Allowance, ...]:
        """Returns each gauge as it stands at an instant; one whose window is over is unused."""
        return tuple(_allowance(name, count, now) for name, count in self._counts.items())

    def is_held(self, now: Instant) -> bool:
        """Returns whether the venue asked to wait, or has banned us."""
        return now < max(self._held_until, self._banned_until)


def _allowance(name: str, count: _Count, now: Instant) -> Allowance:
    used = count.used if now < count.until else 0
    full_at = count.until if used else None
    return Allowance(name=name, used=used, limit=count.gauge.limit, window_s=count.gauge.window_s, full_at=full_at)


def _bounded(asked: Instant | None, now: Instant, standing: Instant, bounds_s: tuple[int, int]) -> Instant:
    least, most = (later(now, seconds=seconds) for seconds in bounds_s)
    return max(standing, min(max(asked or least, least), most))
