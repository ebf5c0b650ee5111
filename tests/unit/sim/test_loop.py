"""The event loop in virtual time."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import subprocess
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Coroutine
from pathlib import Path
from random import Random

import pytest

from flatbook.sim.loop import PROCESS, Deadlock, Livelock, VirtualLoop, inside
from flatbook.sim.loop_absent import OutsideWorld
from flatbook.values.instants import NS_PER_S, Instant

START = 1_764_599_400_000_000_000


def loop_of(seed: int | None = None) -> VirtualLoop:
    return VirtualLoop(Instant(START), order=None if seed is None else Random(seed))


def test_plain_callbacks_run_first_in_first_out_with_and_without_a_seed() -> None:
    for seed in (None, 1, 2, 3):
        loop, seen = loop_of(seed), list[int]()
        for number in range(6):
            loop.call_soon(seen.append, number)
        loop.run_forever()
        assert seen == [0, 1, 2, 3, 4, 5]


def order_of_tasks(seed: int | None) -> str:
    loop, seen = loop_of(seed), []

    async def runner(name: str) -> None:
        await asyncio.sleep(1)
        seen.append(name)

    async def scene() -> None:
        await asyncio.gather(*(runner(name) for name in "abcdef"))

    loop.run_until_complete(scene())
    return "".join(seen)


def test_the_seed_decides_the_order_of_tasks_that_are_ready_together() -> None:
    assert order_of_tasks(None) == "abcdef"
    assert order_of_tasks(7) == order_of_tasks(7)
    assert len({order_of_tasks(seed) for seed in range(10)}) > 5


def test_the_order_of_tasks_leaves_plain_callbacks_in_their_places() -> None:
    loop, seen = loop_of(3), list[int | str]()
    tasks: list[asyncio.Task[None]] = []

    async def runner(name: str) -> None:
        seen.append(name)

    for number in range(5):
        loop.call_soon(seen.append, number)
        tasks.append(loop.create_task(runner("task")))
    loop.run_forever()
    assert all(task.done() for task in tasks)
    assert seen == [0, "task", 1, "task", 2, "task", 3, "task", 4, "task"]


def test_timers_fire_at_their_exact_nanosecond_and_equals_in_order_of_arrival() -> None:
    loop, seen = loop_of(1), list[tuple[str, int]]()

    def note(name: str) -> None:
        seen.append((name, loop.instant - START))

    for name, after in (("late", 5_000_000_001), ("b", 7), ("c", 7), ("a", 3)):
        loop.call_at_instant(Instant(START + after), note, name)
    loop.run_forever()
    assert seen == [("a", 3), ("b", 7), ("c", 7), ("late", 5_000_000_001)]


def test_a_timer_in_the_past_runs_at_the_present_instant() -> None:
    loop, seen = loop_of(), []
    loop.advance(Instant(START + 100))
    loop.call_at_instant(Instant(START + 1), lambda: seen.append(loop.instant - START))
    loop.call_later(-1, lambda: seen.append(loop.instant - START))
    loop.run_forever()
    assert seen == [100, 100]


def test_sleeps_add_up_without_an_error_of_floats() -> None:
    loop = loop_of()

    async def scene() -> int:
        for _ in range(1000):
            await asyncio.sleep(0.1)
        return loop.instant - START

    assert loop.run_until_complete(scene()) == 100_000_000_000
    assert loop.time() == 100.0


def test_who_asks_again_until_his_moment_has_come_is_answered() -> None:
    loop, asked = loop_of(), []
    moment = 0.1 + 0.2

    def ask() -> None:
        asked.append(loop.time())
        if loop.time() < moment:
            loop.call_at(moment, ask)

    loop.call_at(moment, ask)
    loop.run_forever()
    assert asked == [0.3, 0.300000001]


def test_a_canceled_timer_neither_runs_nor_moves_the_time() -> None:
    loop, seen = loop_of(), list[int | str]()
    timers = [loop.call_later(10 + number, seen.append, number) for number in range(2500)]
    for timer in timers:
        timer.cancel()
    loop.call_later(1, seen.append, "kept")
    loop.run_forever()
    assert (seen, loop.time()) == (["kept"], 1.0)


def test_time_outs_fire_at_their_instant_and_not_when_the_work_was_quicker() -> None:
    loop = loop_of(5)

    async def scene() -> list[object]:
        seen: list[object] = []
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(2.5):
                await asyncio.sleep(3)
        seen.append(loop.time())
        try:
            await asyncio.wait_for(asyncio.sleep(9), timeout=1)
        except TimeoutError:
            seen.append(loop.time())
        seen.append(await asyncio.wait_for(asyncio.sleep(0.25, "quick"), timeout=1))
        return seen

    assert loop.run_until_complete(scene()) == [2.5, 3.5, "quick"]
    assert loop.time() == 3.75


def test_locks_events_queues_and_groups_of_asyncio_work() -> None:
    loop = loop_of(11)

    async def scene() -> tuple[int, list[int], list[str]]:
        lock, opened = asyncio.Lock(), asyncio.Event()
        queue: asyncio.Queue[int] = asyncio.Queue(maxsize=1)
        inside_now, most, taken = 0, 0, []

        async def worker() -> str:
            nonlocal inside_now, most
            await opened.wait()
            async with lock:
                inside_now += 1
                most = max(most, inside_now)
                await asyncio.sleep(0.5)
                inside_now -= 1
            return "done"

        async def producer() -> None:
            for number in range(3):
                await queue.put(number)

        workers = [asyncio.create_task(worker()) for _ in range(4)]
        async with asyncio.TaskGroup() as group:
            group.create_task(producer())
            taken += [await queue.get() for _ in range(3)]
        opened.set()
        ends = await asyncio.gather(*workers)
        return most, taken, ends

    assert loop.run_until_complete(scene()) == (1, [0, 1, 2], ["done"] * 4)
    assert loop.time() == 2.0


def test_advance_runs_up_to_and_including_an_instant_and_stands_there() -> None:
    loop, seen = loop_of(), list[int]()
    for after in (10, 20, 21):
        loop.call_at_instant(Instant(START + after), seen.append, after)
    loop.advance(Instant(START + 20))
    assert (seen, loop.instant - START) == ([10, 20], 20)
    loop.advance(Instant(START + 1000))
    assert (seen, loop.instant - START) == ([10, 20, 21], 1000)
    with pytest.raises(ValueError, match="the world stands at"):
        loop.advance(Instant(START + 999))


async def beat(loop: VirtualLoop, seen: list[tuple[str, int]]) -> None:
    for _ in range(3):
        await asyncio.sleep(1)
        seen.append((PROCESS.get(), loop.instant - START))


def test_a_frozen_process_goes_on_later_and_the_others_meanwhile() -> None:
    loop, seen = loop_of(), list[tuple[str, int]]()
    tasks = [loop.create_task(beat(loop, seen), context=inside(process)) for process in ("engine", "feed")]
    loop.call_later(1.5, loop.freeze, "engine")
    loop.call_later(60, loop.thaw, "engine")
    loop.run_forever()
    assert all(task.done() for task in tasks)
    second = 1_000_000_000
    assert [at for process, at in seen if process == "feed"] == [second, 2 * second, 3 * second]
    assert [at for process, at in seen if process == "engine"] == [second, 60 * second, 61 * second]


def test_what_waits_for_a_frozen_process_runs_in_its_order() -> None:
    loop, seen = loop_of(), list[int]()
    loop.freeze("engine")
    for number in range(3):
        loop.call_soon(seen.append, number, context=inside("engine"))
    loop.advance(Instant(START + 5))
    assert seen == []
    loop.thaw("engine")
    loop.run_forever()
    assert (seen, loop.instant - START) == ([0, 1, 2], 5)


def test_a_killed_process_runs_nothing_any_more_before_the_loop_is_closed() -> None:
    loop, seen = loop_of(), list[str]()

    async def engine() -> None:
        try:
            await asyncio.sleep(3)
        finally:
            seen.append("the end of the coroutine")

    task = loop.create_task(engine(), context=inside("engine/1"))
    loop.advance(Instant(START + 1))
    loop.call_soon(seen.append, "late", context=inside("engine/1"))
    loop.kill("engine/1")
    loop.run_forever()
    gc.collect()
    assert (seen, loop.faults) == ([], [])
    loop.close()
    gc.collect()
    assert (seen, loop.faults) == (["the end of the coroutine"], [])
    assert task.cancelled()


def test_only_named_processes_freeze_and_only_frozen_ones_thaw() -> None:
    loop = loop_of()
    for act in (lambda: loop.freeze(""), lambda: loop.thaw("engine"), lambda: loop.kill("")):
        with pytest.raises(ValueError, match=r"outside|not frozen"):
            act()


def test_callbacks_without_end_at_one_instant_are_an_error_that_names_them() -> None:
    loop = loop_of(1)

    async def spinning() -> None:
        for _ in range(1_000_000):
            await asyncio.sleep(0)

    task = loop.create_task(spinning(), name="spinning")
    with pytest.raises(Livelock, match=r"at 2025-12-01T14:30:00Z.*spinning"):
        loop.run_forever()
    loop.close()
    assert task.cancelled()


def test_waiting_for_what_nobody_can_finish_is_an_error() -> None:
    loop = loop_of()

    async def scene() -> None:
        await loop.create_future()

    with pytest.raises(Deadlock, match="nothing is left"):
        loop.run_until_complete(scene())
    loop.close()


def test_the_exception_of_a_lost_task_and_of_a_callback_are_collected() -> None:
    loop = loop_of()

    async def failing() -> None:
        await asyncio.sleep(1)
        raise LookupError("lost")

    def broken() -> None:
        raise KeyError("callback")

    task: asyncio.Task[None] | None = loop.create_task(failing())
    loop.call_later(2, broken)
    loop.advance(Instant(START + 500_000_000))
    assert task is not None
    task = None
    loop.run_forever()
    gc.collect()
    assert [(fault.at - START, type(fault.error)) for fault in loop.faults] == [
        (1_000_000_000, LookupError),
        (2_000_000_000, KeyError),
    ]


def test_an_asynchronous_generator_that_is_dropped_is_closed() -> None:
    loop, seen = loop_of(), []

    async def numbers() -> AsyncIterator[int]:
        try:
            for number in range(9):
                yield number
        finally:
            await asyncio.sleep(1)
            seen.append("closed")

    async def scene() -> None:
        async for number in numbers():
            if number == 2:
                break
        await asyncio.sleep(5)

    loop.run_until_complete(scene())
    assert (seen, loop.faults) == (["closed"], [])


def test_the_runner_of_asyncio_takes_this_loop() -> None:
    async def scene() -> float:
        await asyncio.sleep(86_400)
        return asyncio.get_running_loop().time()

    with asyncio.Runner(loop_factory=loop_of) as runner:
        assert runner.run(scene()) == 86_400.0


def test_the_machine_is_out_of_reach() -> None:
    loop = loop_of()

    async def scene() -> None:
        await asyncio.to_thread(len, "")

    with pytest.raises(OutsideWorld, match="run_in_executor"):
        loop.run_until_complete(scene())
    with pytest.raises(OutsideWorld, match="add_signal_handler"):
        loop.add_signal_handler(15, len)


def trace_of_a_run() -> str:
    """Returns what a run with races, locks and time-outs does, for another process to compare."""
    loop, seen = loop_of(42), []

    async def trader(name: str, lock: asyncio.Lock) -> None:
        for step in range(4):
            async with lock:
                seen.append(f"{name}{step}@{loop.instant - START}")
                await asyncio.sleep(0.01)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.Event().wait(), timeout=0.015)

    async def scene() -> None:
        lock = asyncio.Lock()
        await asyncio.gather(*(trader(name, lock) for name in ("alpha", "beta", "gamma", "delta")))

    loop.run_until_complete(scene())
    return " ".join([*seen, str(loop.callbacks_run)])


@pytest.mark.real
def test_two_hash_seeds_give_the_same_trace() -> None:
    root = Path(__file__).parents[3]

    def in_process(hash_seed: str) -> str:
        code = "from tests.unit.sim.test_loop import trace_of_a_run; print(trace_of_a_run())"
        paths = os.pathsep.join((str(root), str(root / "src")))
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=root,
            env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": paths},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    assert in_process("1") == in_process("2") == trace_of_a_run()


def test_a_task_that_was_woken_when_its_process_was_killed_ends_with_the_loop() -> None:
    loop, seen = loop_of(), list[str]()

    async def engine() -> None:
        try:
            await asyncio.sleep(1)
        finally:
            await asyncio.sleep(0)
            seen.append("the end of the coroutine")

    task = loop.create_task(engine(), context=inside("engine/1"))
    loop.advance(Instant(START))
    loop.call_at_instant(Instant(START + NS_PER_S), loop.kill, "engine/1")
    loop.advance(Instant(START + NS_PER_S))
    loop.close()
    assert (task.done(), seen, loop.faults) == (True, ["the end of the coroutine"], [])


def begin(loop: VirtualLoop, coroutine: Coroutine[None, None, None]) -> None:
    """Starts a task of a process, as nobody's: only what it waits for refers to it."""
    _ = loop.create_task(coroutine, context=inside("engine/1"))


async def ends_slowly(awaited: Awaitable[object]) -> None:
    """Awaits once more when it is ended, as a session does that closes its connections."""
    try:
        await awaited
    finally:
        await asyncio.sleep(0)


def woken_by_a_future(loop: VirtualLoop) -> None:
    """Leaves a task whose last wake was still on its way through a gather when its process was killed."""
    answer = loop.create_future()

    async def engine() -> None:
        await ends_slowly(asyncio.gather(answer))

    begin(loop, engine())
    loop.advance(Instant(START))
    answer.set_result(None)
    loop.kill("engine/1")


def frozen_before_its_start(loop: VirtualLoop) -> None:
    """Leaves a task that never began, in a process that is frozen to the end."""

    async def engine() -> None:
        raise AssertionError("a frozen process began something")

    loop.freeze("engine/1")
    begin(loop, engine())


def ends_after_a_rest(loop: VirtualLoop) -> None:
    """Leaves a task that rests when it is ended, then starts another and rests again."""

    async def engine() -> None:
        try:
            await asyncio.sleep(10)
        finally:
            begin(loop, ends_slowly(asyncio.sleep(5)))
            await ends_slowly(asyncio.sleep(5))

    begin(loop, engine())
    loop.advance(Instant(START))
    loop.kill("engine/1")


def lost_its_generator(loop: VirtualLoop) -> None:
    """Leaves a generator that was given up in the moment in which its process was killed."""

    async def pages() -> AsyncGenerator[int]:
        try:
            while True:
                yield 1
        finally:
            await asyncio.sleep(1)

    async def engine() -> None:
        async for _ in pages():
            break
        loop.kill("engine/1")
        await asyncio.sleep(1)

    begin(loop, engine())


@pytest.mark.parametrize("scene", [woken_by_a_future, frozen_before_its_start, ends_after_a_rest, lost_its_generator])
def test_whatever_a_process_left_ends_with_the_loop(
    scene: Callable[[VirtualLoop], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    lost: list[str] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda told: lost.append(f"{told.object!r}: {told.exc_value}"))
    loop = loop_of()
    scene(loop)
    loop.advance(Instant(START + 3 * NS_PER_S))
    loop.close()
    del loop
    gc.collect()
    assert lost == []
