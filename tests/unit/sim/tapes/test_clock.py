"""The clock that follows a tape."""

from __future__ import annotations

import asyncio

import pytest

from flatbook.sim.tapes.clock import TapeClock
from flatbook.values.instants import Instant


def test_sleepers_wake_in_order_of_instant_and_arrival() -> None:
    async def scene() -> list[tuple[str, Instant]]:
        clock, woken = TapeClock(Instant(0)), []

        async def sleeper(name: str, at: int) -> None:
            await clock.sleep_until(Instant(at))
            woken.append((name, clock.now()))

        tasks = [asyncio.create_task(sleeper(name, at)) for name, at in (("c", 30), ("a", 10), ("b", 30), ("d", 99))]
        await clock.run_until(Instant(50))
        tasks[-1].cancel()
        return woken

    assert asyncio.run(scene()) == [("a", 10), ("c", 30), ("b", 30)]


def test_a_sleeper_may_sleep_again_within_one_run() -> None:
    async def scene() -> list[int]:
        clock, seen = TapeClock(Instant(0)), []

        async def beat() -> None:
            for _ in range(3):
                await clock.sleep_until(Instant(clock.now() + 7))
                seen.append(clock.now())

        task = asyncio.create_task(beat())
        await clock.run_until(Instant(100))
        await task
        return [*seen, clock.now()]

    assert asyncio.run(scene()) == [7, 14, 21, 100]


def test_a_canceled_sleeper_is_forgotten() -> None:
    async def scene() -> tuple[Instant | None, Instant | None, int]:
        clock = TapeClock(Instant(0))
        task = asyncio.create_task(clock.sleep_until(Instant(5)))
        await asyncio.sleep(0)
        before = clock.next_sleeper()
        task.cancel()
        await asyncio.sleep(0)
        return before, clock.next_sleeper(), clock.advance(Instant(9))

    assert asyncio.run(scene()) == (5, None, 0)


def test_sleeping_until_the_present_returns_at_once() -> None:
    clock = TapeClock(Instant(5))
    asyncio.run(clock.sleep_until(Instant(5)))
    assert clock.next_sleeper() is None


def test_the_tape_does_not_run_backwards() -> None:
    with pytest.raises(ValueError, match="1970-01-01T00:00:05Z"):
        TapeClock(Instant(5_000_000_000)).advance(Instant(4))
