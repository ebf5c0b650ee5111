"""Streams that fall silent: a stream is given up when nothing at all has come for a while, by the clock of the desk.

A connection that lost its other end looks like one on which nothing happens. So whoever listens asks for a sign of life
from time to time where the protocol has one, and whatever comes counts as one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from enum import Enum
from functools import partial
from typing import TypeVar

import msgspec

from flatbook.engine.ports import Clock
from flatbook.values.instants import Instant, later

_Outcome = TypeVar("_Outcome")


class StreamEnd(Enum):
    """How a stream ended."""

    NO_CONNECTION = "no_connection"
    REFUSED = "refused"
    CLOSED = "closed"
    SILENT = "silent"


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """How long a stream may say nothing.

    Units: seconds. `beat_s` between two looks, at which a sign of life is asked for; `silence_s` without any sign ends
    the stream, the time of connecting included.
    """

    beat_s: int
    silence_s: int

    def __post_init__(self) -> None:
        if not 0 < self.beat_s < self.silence_s:
            raise ValueError(f"{self.silence_s} s of silence must be more than {self.beat_s} s between two looks")


class Line:
    """When something was heard last on one stream."""

    def __init__(self, clock: Clock) -> None:
        self._now = clock.now
        self.heard_at = self._now()
        self.is_given_up = False

    def hear(self) -> None:
        """Something came."""
        self.heard_at = self._now()

    def is_silent(self, silence_s: int) -> bool:
        """Returns whether nothing has come for so long. Units: seconds."""
        return self._now() >= later(self.heard_at, seconds=silence_s)

    def ring(self, work: asyncio.Task[object], watch: asyncio.Task[None]) -> None:
        """Gives the stream up, unless it ended before."""
        if not watch.cancelled():
            self.is_given_up = work.cancel()


async def unless_silent(
    work: Coroutine[object, object, _Outcome],
    line: Line,
    clock: Clock,
    patience: Patience,
    beat: Callable[[], Awaitable[None]],
) -> _Outcome | None:
    """Returns what comes of listening, or None when the stream fell silent. Needs: `beat` asks for a sign of life."""
    listening = asyncio.create_task(work)
    watching = asyncio.create_task(_watch(line, clock, patience, beat))
    watching.add_done_callback(partial(line.ring, listening))
    try:
        return await listening
    except asyncio.CancelledError:
        if not line.is_given_up or _is_being_cancelled():
            raise
        return None
    finally:
        watching.cancel()


async def _watch(line: Line, clock: Clock, patience: Patience, beat: Callable[[], Awaitable[None]]) -> None:
    while True:
        await clock.sleep_until(Instant(later(clock.now(), seconds=patience.beat_s)))
        if line.is_silent(patience.silence_s):
            return
        await beat()


def _is_being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
