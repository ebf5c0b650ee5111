"""Rests of a poller that hints end early, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from random import Random

from flatbook.engine.rest import Rest
from flatbook.sim.loop import VirtualLoop
from flatbook.sim.world.process import LoopClock
from flatbook.values.instants import NS_PER_S, later
from tests.desk import OPEN

Poll = Callable[[], Awaitable[None]]


def seconds_of(hints: tuple[int, ...], rests: int) -> list[int]:
    """Returns at which seconds rests of 10 s end, with hints at some seconds."""
    loop = VirtualLoop(OPEN, order=Random(0))
    clock, rest, ended = LoopClock(loop), Rest(), list[int]()

    async def poll() -> None:
        for _ in range(rests):
            await rest.until(later(clock.now(), seconds=10), clock)
            ended.append((clock.now() - OPEN) // NS_PER_S)

    async def hint() -> None:
        for at in hints:
            await clock.sleep_until(later(OPEN, seconds=at))
            rest.end()

    async def both() -> None:
        await asyncio.gather(poll(), hint())

    loop.run_until_complete(loop.create_task(both()))
    loop.close()
    return ended


def test_without_a_hint_a_rest_takes_its_time() -> None:
    assert seconds_of((), 3) == [10, 20, 30]


def test_a_hint_ends_the_rest_that_it_meets_and_no_other() -> None:
    assert seconds_of((4,), 3) == [4, 14, 24]


def test_many_hints_end_one_rest_each_at_most() -> None:
    assert seconds_of((4, 4, 4), 2) == [4, 14]


def test_a_hint_that_comes_while_nobody_rests_ends_the_next_rest_at_once() -> None:
    rest = Rest()
    rest.end()
    loop = VirtualLoop(OPEN, order=Random(0))
    clock = LoopClock(loop)
    loop.run_until_complete(loop.create_task(rest.until(later(OPEN, seconds=10), clock)))
    assert clock.now() == OPEN
    loop.run_until_complete(loop.create_task(rest.until(later(OPEN, seconds=10), clock)))
    assert clock.now() == later(OPEN, seconds=10)
    loop.close()
