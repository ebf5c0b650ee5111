"""From one part of the process to the next: direct calls beside asyncio's queue. Budget: 5 s, quick 2 s."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from benchmarks import Figure, amount, at_most, median, ratio, share
from benchmarks.desk import quote_at, rules
from benchmarks.workload import SHARES, START
from flatbook.engine.follow import Pace
from flatbook.engine.run import Engine, Parts
from flatbook.events.control import Mode
from flatbook.journal.memory import MemoryJournal
from flatbook.market.quotes import Market
from flatbook.sim.tapes.bars import PAPER_BARS
from flatbook.sim.tapes.clock import TapeClock
from flatbook.values.ids import Underlying
from flatbook.values.money import ONE, Price

HOPS = amount(50_000, 10_000)
DIRECT_US_MAX = 0.5
PACE = Pace(chain_poll_s=5, order_poll_s=10, idle_poll_s=60, statement_s=300, retry_s=5)


def timed(call: Callable[[], object]) -> list[float]:
    """Returns the microseconds of each of many calls."""
    taken, clock = [], time.perf_counter_ns
    for _ in range(HOPS):
        begun = clock()
        call()
        taken.append((clock() - begun) / 1000)
    return taken


def direct() -> list[float]:
    """Returns the microseconds of a listener told by direct call, as the engine tells its own."""
    listeners: list[Callable[[object], None]] = [len]  # type: ignore[list-item]

    def publish() -> None:
        for listener in listeners:
            listener(())

    return timed(publish)


def observed() -> list[float]:
    """Returns the microseconds in which an engine takes a price that no strategy waits for."""
    engine = Engine(
        Parts(
            journal=MemoryJournal(),
            venues={},
            sources=(),
            clock=TapeClock(START),
            rules=rules(),
            market=Market(),
            pace=PACE,
            mode=Mode.PAPER,
            version="bench",
        )
    )
    share_, quote = Underlying(SHARES[0]), quote_at(START, Price(ONE))
    return timed(lambda: engine.observe(share_, PAPER_BARS, quote))


async def queued() -> list[float]:
    """Returns the microseconds from a put into asyncio's queue to the get in a task that waits for it."""
    queue: asyncio.Queue[int] = asyncio.Queue()
    taken: list[float] = []
    heard = asyncio.Event()

    async def consume() -> None:
        for _ in range(HOPS):
            begun = await queue.get()
            taken.append((time.perf_counter_ns() - begun) / 1000)
            heard.set()

    consumer = asyncio.create_task(consume())
    for _ in range(HOPS):
        heard.clear()
        queue.put_nowait(time.perf_counter_ns())
        await heard.wait()
    await consumer
    return taken


def run() -> list[Figure]:
    """Measures hops."""
    called, price, queue = direct(), observed(), asyncio.run(queued())
    return [
        at_most("hop by direct call, median", median(called), "us", DIRECT_US_MAX),
        Figure("hop by direct call, 99 of 100 below", share(called, 0.99), "us"),
        Figure("price observed, no strategy waits, median", median(price), "us"),
        Figure("hop by asyncio.Queue, median", median(queue), "us"),
        Figure("hop by asyncio.Queue, 99 of 100 below", share(queue, 0.99), "us"),
        ratio("hop by asyncio.Queue, of direct call", median(queue) / median(called)),
    ]
