"""The clock of the machine."""

from __future__ import annotations

import asyncio
import time

from flatbook.values.instants import NS_PER_MS, NS_PER_S, Instant

SLICE_MS_MAX = 500
MS_PER_S = 1_000


class SystemClock:
    """The engine's clock in real time. Units: `shift_s` seconds are added to the machine's time, for tests only."""

    def __init__(self, shift_s: int = 0) -> None:
        self._shift_ns = shift_s * NS_PER_S

    def now(self) -> Instant:
        """Returns the present instant."""
        return Instant(time.time_ns() + self._shift_ns)

    async def sleep_until(self, at: Instant) -> None:
        """Returns once the machine's clock has reached `at`.

        Needs: waits in slices of at most SLICE_MS_MAX, so that a step of the clock or a suspended machine is noticed.
        """
        while (left_ms := -((self.now() - at) // NS_PER_MS)) > 0:  # noqa: ASYNC110
            await asyncio.sleep(min(left_ms, SLICE_MS_MAX) / MS_PER_S)
