"""From a fill that the engine is handed to the order's bytes at the broker's door. Budget: 60 s, quick 10 s."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import msgspec

from benchmarks import Figure, amount, folder, median, microseconds, ratio, share
from benchmarks.bench_journal import raw_append
from benchmarks.desk import CARD, CHAIN, HELD, RULES, instrument, quote_at, rules
from benchmarks.workload import PAPER, SHARES, START, fill_at
from flatbook.engine.follow import Pace
from flatbook.engine.ports import ChainRead, Journal
from flatbook.engine.run import Engine, Parts
from flatbook.events.control import Mode
from flatbook.journal.memory import MemoryJournal
from flatbook.journal.sqlite import create_journal, open_journal
from flatbook.market.quotes import Market
from flatbook.sim.broker.broker import Broker
from flatbook.sim.broker.spec import NO_FEES, BrokerSpec, OpeningAccount, Shorting
from flatbook.sim.tapes.bars import BAR_S, PAPER_BARS, Bar, Bars
from flatbook.sim.tapes.clock import TapeClock, settle
from flatbook.values.ids import Underlying
from flatbook.values.instants import Instant, later
from flatbook.values.money import Money, Price
from flatbook.venues.paper.venue import PaperVenue
from flatbook.venues.paper.wire import InProcessTransport, Push, Sent

MINUTES = amount(300, 50)
PACE = Pace(chain_poll_s=5, order_poll_s=5, idle_poll_s=5, statement_s=300, retry_s=5)
PRICE = Price(Decimal(225))
WAIT_S_MAX = 30
INTO_MINUTE_S = 45  # the orders of the minute before met the open of this one
PLACES = b'"verb":"place"'


class TimedTransport:
    """Carries requests, and says when the bytes of an order came to its door."""

    def __init__(self, transport: InProcessTransport) -> None:
        self._transport = transport
        self._next: asyncio.Future[int] | None = None

    def next_place(self) -> asyncio.Future[int]:
        """Returns what will be the counter's nanoseconds of the next order."""
        self._next = asyncio.get_running_loop().create_future()
        return self._next

    async def send(self, request: bytes, timeout_at: Instant) -> Sent:
        """Carries a request."""
        if self._next is not None and PLACES in request:
            self._next.set_result(time.perf_counter_ns())
            self._next = None
        return await self._transport.send(request, timeout_at)

    async def watch(self, push: Push) -> bool:
        """Carries pushes."""
        return await self._transport.watch(push)


class Scene:
    """An engine with a paper broker, on a clock that stands still until it is moved."""

    def __init__(self, journal: Journal) -> None:
        self.clock = TapeClock(START)
        instruments = tuple(instrument(name) for name in SHARES)
        bars = Bars(
            Bar(starts_at=later(START, seconds=BAR_S * minute), open=PRICE, close=PRICE)
            for minute in range(MINUTES + 3)
        )
        spec = BrokerSpec(
            accounts=(
                OpeningAccount(account=PAPER, cash=Money(Decimal(100_000_000)), holdings=dict.fromkeys(SHARES, HELD)),
            ),
            rules=dict.fromkeys(SHARES, RULES),
            fees=NO_FEES,
            seed="bench",
            id_rule=CARD.id_rule,
            shorting=Shorting.NEVER,
        )
        broker = Broker(spec, dict.fromkeys(SHARES, bars))
        self.transport = TimedTransport(InProcessTransport(broker, self.clock))
        venue = PaperVenue(self.transport, self.clock, account=PAPER, instruments=instruments, card=CARD)
        self.engine = Engine(
            Parts(
                journal=journal,
                venues={PAPER: venue},
                sources=(),
                clock=self.clock,
                rules=rules(),
                market=Market(),
                pace=PACE,
                mode=Mode.PAPER,
                version="bench",
            )
        )

    async def hedge(self, number: int) -> float:
        """Returns the microseconds from the hand-over of a fill to the order at the broker's door."""
        now = self.clock.now()
        fill = msgspec.structs.replace(fill_at(number), happened_at=now, seen_at=now)
        read = ChainRead(source=CHAIN, events=(fill,), cursor=str(number))
        sent = self.transport.next_place()
        begun = time.perf_counter_ns()
        self.engine.deliver(read)
        arrived = await asyncio.wait_for(sent, WAIT_S_MAX)
        await settle()
        return (arrived - begun) / 1000

    async def run(self, beside: Callable[[], object]) -> list[float]:
        """Hedges a fill of each share a minute; does something beside it once a minute."""
        running = asyncio.create_task(self.engine.run())
        await self.clock.run_until(later(START, seconds=BAR_S + INTO_MINUTE_S))
        taken = []
        for minute in range(1, MINUTES + 1):
            for name in SHARES:
                self.engine.observe(Underlying(name), PAPER_BARS, quote_at(self.clock.now(), PRICE))
            for place in range(len(SHARES)):
                taken.append(await self.hedge(minute * len(SHARES) + place))
                beside()
            await self.clock.run_until(later(START, seconds=BAR_S * (minute + 1) + INTO_MINUTE_S))
        self.engine.stop("measured")
        await running
        return taken


def latencies(journal: Journal, beside: Callable[[], object] = int) -> list[float]:
    """Returns the microseconds of all hedges over a journal."""
    return asyncio.run(Scene(journal).run(beside))


def durable(place: Path) -> tuple[list[float], list[float]]:
    """Returns the microseconds of hedges over SQLite, and of raw durable appends beside them."""
    path = place / "journal.sqlite"
    create_journal(path)
    append = raw_append(place / "raw", os.fdatasync)
    raw: list[float] = []
    with closing(open_journal(path)) as journal:
        taken = latencies(journal, lambda: raw.append(microseconds(append)))
    return taken, raw


def run() -> list[Figure]:
    """Measures hedges over SQLite and over memory."""
    memory = latencies(MemoryJournal())
    with folder() as place:
        sqlite, raw = durable(place)
    return [
        Figure("fill to order's bytes, SQLite FULL, median", median(sqlite), "us"),
        Figure("fill to order's bytes, SQLite FULL, 99 of 100 below", share(sqlite, 0.99), "us"),
        Figure("fill to order's bytes, memory journal, median", median(memory), "us"),
        Figure("fill to order's bytes, memory journal, 99 of 100 below", share(memory, 0.99), "us"),
        Figure("raw append and fdatasync beside it, median", median(raw), "us"),
        ratio("what SQLite adds to a hedge, of raw fdatasync", (median(sqlite) - median(memory)) / median(raw)),
    ]
