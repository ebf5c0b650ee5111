"""What stands before a simulated venue's books: allow-lists, rate buckets with bans, and storms of server faults."""

from __future__ import annotations

from enum import Enum

from flatbook.sim.world.injection import Injection
from flatbook.values.instants import NS_PER_S, Instant

BUCKET_REQUESTS, REFILL_S = 4, 3
OVERDRAWN_MAX = 3
BAN_S = (20, 60)
FORBIDDEN_S = (20, 90)
MOVE_UNITS = 200


class Door(Enum):
    """What becomes of a request. After a fault at the exit it has had its effect all the same."""

    OPEN = "open"
    FORBIDDEN = "forbidden"
    RATE_LIMITED = "rate_limited"
    FAULT_AT_ENTRY = "fault_at_entry"
    FAULT_AT_EXIT = "fault_at_exit"


class FrontDoor:
    """The front door of one account."""

    def __init__(self, account: str, injection: Injection) -> None:
        self._account, self._injection = account, injection
        self._forbidden_until = Instant(0)
        self._banned_until = Instant(0)
        self._tokens = BUCKET_REQUESTS
        self._filled_at = Instant(0)

    def passes(self, now: Instant, *, moved: int) -> Door:
        """Returns what becomes of a request that arrives now.

        Units: `moved` is the last change of price, unsigned.
        """
        if self._is_forbidden(now):
            return Door.FORBIDDEN
        if self._injection.is_on("V7") and not self._spends(now):
            return Door.RATE_LIMITED
        if moved >= MOVE_UNITS and self._injection.hits("V9", self._account):
            at_entry = self._injection.size("V9", self._account, 0, 1) == 0
            return Door.FAULT_AT_ENTRY if at_entry else Door.FAULT_AT_EXIT
        return Door.OPEN

    def _is_forbidden(self, now: Instant) -> bool:
        if not self._injection.is_on("N11"):
            return False
        if now >= self._forbidden_until and self._injection.hits("N11", self._account):
            seconds = self._injection.size("N11", self._account, *FORBIDDEN_S)
            self._forbidden_until = Instant(now + seconds * NS_PER_S)
        return now < self._forbidden_until

    def _spends(self, now: Instant) -> bool:
        """Takes a token; a caller that asks on without one is banned for a while."""
        if now < self._banned_until:
            return False
        halved = self._injection.is_on("V8") and self._injection.size("V8", self._account, 0, 1)
        every_ns = REFILL_S * NS_PER_S * (2 if halved else 1)
        earned = (now - self._filled_at) // every_ns
        self._filled_at = Instant(self._filled_at + earned * every_ns)
        self._tokens = min(BUCKET_REQUESTS, self._tokens + earned) - 1
        if self._tokens >= 0:
            return True
        self._injection.count("V7", self._account)
        if halved:
            self._injection.count("V8", self._account)
        if self._tokens < -OVERDRAWN_MAX:
            self._banned_until = Instant(now + self._injection.size("V7", self._account, *BAN_S) * NS_PER_S)
            self._tokens = BUCKET_REQUESTS
        return False
