"""Clocks for what asks for the time and waits, where no tape and no machine is to have a say."""

from __future__ import annotations

import asyncio

from flatbook.values.instants import Instant


class StillClock:
    """A clock that stands until it is set; whoever sleeps moves it, and lets the others have a turn."""

    def __init__(self, at: Instant) -> None:
        self.at = at

    def now(self) -> Instant:
        return self.at

    async def sleep_until(self, instant: Instant) -> None:
        self.at = max(self.at, instant)
        await asyncio.sleep(0)
