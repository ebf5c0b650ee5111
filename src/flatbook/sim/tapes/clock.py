"""A clock that stands still until it is told to move, for tapes and tests."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Sized

from flatbook.values.instants import Instant, text_of_instant

SETTLE_TURNS_MAX = 100_000

_Sleeper = tuple[Instant, int, "asyncio.Future[None]"]


class TapeClock:
    """The engine's clock over recorded or simulated time: sleepers wake in order of (instant, arrival)."""

    def __init__(self, start: Instant) -> None:
        self._now = start
        self._arrivals = 0
        self._sleepers: list[_Sleeper] = []

    def now(self) -> Instant:
        """Returns the instant at which the tape stands."""
        return self._now

    async def sleep_until(self, at: Instant) -> None:
        """Returns once the tape has reached `at`; at once when it already has."""
        if at <= self._now:
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._arrivals += 1
        heapq.heappush(self._sleepers, (at, self._arrivals, woken))
        await woken

    def next_sleeper(self) -> Instant | None:
        """Returns the earliest instant somebody sleeps for; None when nobody sleeps."""
        while self._sleepers and self._sleepers[0][2].done():
            heapq.heappop(self._sleepers)
        return self._sleepers[0][0] if self._sleepers else None

    def advance(self, to: Instant) -> int:
        """Moves the tape forward and wakes the sleepers it passes, in order. Returns how many it woke.

        Needs: those woken run later, in the event loop, and all see `to` as the time; `run_until` gives each its own
        instant.
        Errors: ValueError when `to` lies in the past.
        """
        if to < self._now:
            raise ValueError(f"the tape stands at {text_of_instant(self._now)}, not before {text_of_instant(to)}")
        woken = 0
        while (at := self.next_sleeper()) is not None and at <= to:
            self._now = at
            heapq.heappop(self._sleepers)[2].set_result(None)
            woken += 1
        self._now = to
        return woken

    async def run_until(self, to: Instant) -> None:
        """Moves the tape forward one sleeper at a time and lets everybody finish what he was woken for.

        Needs: no task waits for anything but this clock and other tasks: real sockets and threads do not follow it.
        Errors: ValueError when `to` lies in the past.
        """
        await settle()
        while (at := self.next_sleeper()) is not None and at <= to:
            self.advance(at)
            await settle()
        self.advance(to)
        await settle()


async def settle() -> None:
    """Lets all tasks run until each waits for the clock or for the outside.

    Needs: an event loop of asyncio itself, whose queue of ready callbacks tells when nobody can go on.
    Errors: RuntimeError after SETTLE_TURNS_MAX turns: somebody goes on for ever without waiting.
    """
    ready: Sized = vars(asyncio.get_running_loop())["_ready"]
    for _ in range(SETTLE_TURNS_MAX):
        await asyncio.sleep(0)
        if not ready:
            return
    raise RuntimeError(f"tasks did not come to rest within {SETTLE_TURNS_MAX} turns of the event loop")
