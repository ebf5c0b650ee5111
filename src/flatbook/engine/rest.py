"""Rests between two polls: how long one lasts, and one that a hint may end early; without a hint nothing changes."""

from __future__ import annotations

import asyncio

from flatbook.engine.ports import Clock
from flatbook.values.ids import digest_number
from flatbook.values.instants import Instant, later

JITTER_PERCENT_MAX = 10


def rest_until(now: Instant, seconds: int, *purpose: str) -> Instant:
    """Returns when a rest that begins now ends: a little later than its seconds, so that polls drift apart.

    Gives: the same for the same purpose and instant in every run; at most JITTER_PERCENT_MAX percent more.
    """
    added_ms = digest_number("rest", *purpose, str(now), below=seconds * 10 * JITTER_PERCENT_MAX + 1)
    return later(now, seconds=seconds, ms=added_ms)


class Rest:
    """The rests of one poller. A hint that comes while it does not rest ends the next one at once."""

    def __init__(self) -> None:
        self._is_hinted = False
        self._waiting: asyncio.Future[None] | None = None

    def end(self) -> None:
        """Gives the hint that there may be something new. However many come, one rest is ended."""
        self._is_hinted = True
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    async def until(self, at: Instant, clock: Clock) -> None:
        """Returns at an instant, or earlier after a hint."""
        if not self._is_hinted:
            waiting = self._waiting = asyncio.get_running_loop().create_future()
            alarm = asyncio.create_task(_ring(at, clock, waiting))
            try:
                await waiting
            finally:
                alarm.cancel()
        self._is_hinted = False


async def _ring(at: Instant, clock: Clock, waiting: asyncio.Future[None]) -> None:
    await clock.sleep_until(at)
    if not waiting.done():
        waiting.set_result(None)
