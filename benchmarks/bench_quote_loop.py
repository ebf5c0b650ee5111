"""From the bytes of a book's change to the request of an order, through the engine's loop. Budget: 10 s, quick 3 s.

As `bench_quote_latency`, but for who runs it: the loop of a desk at rest, which a change wakes, takes its turn, keeps
the row in memory and starts the task that hands the order to its venue. Between two changes the processor does other
things, as at a desk.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Callable

from benchmarks import Figure, amount, share
from benchmarks.bench_quote_latency import FIRST, GRIDS, WARM, frame_of, take_ask
from benchmarks.bench_quote_step import ACCOUNT, OWNER, TRADED, ended_of, rules_of
from flatbook.engine.follow import Pace
from flatbook.engine.observe import Observations
from flatbook.engine.ports import ApprovedOrder, VenueCard
from flatbook.engine.reports import (
    Accepted,
    AccountStatement,
    CancelAnswer,
    ExecutionPage,
    FindAnswer,
    NotSent,
    PlaceAnswer,
    Pushed,
    Unknown,
)
from flatbook.engine.run import Engine, Parts
from flatbook.events.control import Mode
from flatbook.events.orders import UnknownReason
from flatbook.journal.memory import MemoryJournal
from flatbook.market.depth import BookSync, Depth, Update
from flatbook.market.quotes import Market
from flatbook.ops.clock import SystemClock
from flatbook.services.collector import YOUNG_OBJECTS_MAX
from flatbook.strategies.quoting import Seat
from flatbook.values.ids import InstrumentId, OrderId, VenueOrderId
from flatbook.venues.binance.books import futures_rule, read_frame
from flatbook.venues.binance.markets import USD_M
from flatbook.venues.binance.wire import place_request

TICKS = amount(5_000, 500)
REST_S, READY_S = 0.0005, 0.01
PACE = Pace(chain_poll_s=600, order_poll_s=600, idle_poll_s=600, statement_s=600, retry_s=5, scan_s=3_600)
_UNKNOWN = Unknown(reason=UnknownReason.TIMED_OUT)


class Line:
    """A venue that notes when the request of an order is made, and takes every order."""

    def __init__(self, card: VenueCard, clock: SystemClock) -> None:
        self.card, self._clock = card, clock
        self.made_at, self.made = 0, asyncio.Event()

    async def place(self, order: ApprovedOrder) -> PlaceAnswer:
        """Makes the request, and takes the order."""
        place_request(USD_M, order, symbol=TRADED.symbol)
        self.made_at = time.perf_counter_ns()
        self.made.set()
        return Accepted(venue_order_id=VenueOrderId(order.order_id), pending=False, happened_at=self._clock.now())

    async def cancel(
        self, _order_id: OrderId, _number: VenueOrderId | None, _instrument: InstrumentId | None = None
    ) -> CancelAnswer:
        """Knows nothing."""
        return _UNKNOWN

    async def find(self, _order_id: OrderId, _instrument: InstrumentId | None = None) -> FindAnswer:
        """Knows nothing."""
        return _UNKNOWN

    async def executions_since(self, cursor: str) -> ExecutionPage | Unknown | NotSent:
        """Has executed nothing."""
        return (), cursor

    async def statement(self) -> AccountStatement | Unknown | NotSent:
        """Holds nothing."""
        return AccountStatement(account=ACCOUNT, stated_at=self._clock.now(), open_orders=(), holdings=(), balances=())

    async def watch(self, _deliver: Callable[[Pushed], None]) -> bool:
        """Pushes nothing."""
        return False


class Desk:
    """An engine with one seat, its venue, and the book that its seat observes."""

    def __init__(self) -> None:
        self.clock = SystemClock(0)
        rules = rules_of(Seat(owner=OWNER, instruments=(TRADED,), params=None, decide=take_ask))
        self.sync, self.line = BookSync(GRIDS[TRADED.symbol], futures_rule), Line(rules.cards[ACCOUNT], self.clock)
        self.seen = Observations(rules, {TRADED.id: self.sync.book})
        self.engine = Engine(
            Parts(
                journal=MemoryJournal(),
                venues={ACCOUNT: self.line},
                sources=(),
                clock=self.clock,
                rules=rules,
                market=Market(self.seen),
                pace=PACE,
                mode=Mode.LIVE,
                version="bench",
            )
        )

    def take(self, update: Update) -> None:
        """Writes the book, and says so."""
        self.sync.take(update)
        self.seen.saw_book(TRADED.id, self.clock.now(), is_fit=self.sync.unfit is None)

    async def order_us(self, number: int) -> float:
        """Ends the order before, rests, and returns the microseconds from a frame to the request of its order."""
        self.line.made.clear()
        for order_id in tuple(self.engine.state.open_orders):
            self.engine.deliver(ended_of(self.engine.state, order_id, self.clock.now()))
        await asyncio.sleep(REST_S)
        frame = frame_of(number)
        begun = time.perf_counter_ns()
        (update,) = read_frame(frame, GRIDS)
        assert isinstance(update, Update)
        self.take(update)
        await self.line.made.wait()
        return (self.line.made_at - begun) / 1000

    async def run(self) -> list[float]:
        """Returns the microseconds of all orders."""
        running = asyncio.create_task(self.engine.run())
        while not self.engine.wakes.resumed():  # noqa: ASYNC110
            await asyncio.sleep(READY_S)
        self.take(Update(TRADED.symbol, True, Depth([(FIRST, 5)], [(FIRST + 2, 7)], 0, 0)))
        await self.line.made.wait()
        taken = [await self.order_us(number) for number in range(1, WARM + TICKS)]
        self.engine.stop("measured")
        await running
        return taken[WARM:]


def run() -> list[Figure]:
    """Measures how long an order takes at a desk at rest, with the collector as a live desk has it."""
    thresholds = gc.get_threshold()
    gc.set_threshold(YOUNG_OBJECTS_MAX)
    try:
        taken = asyncio.run(Desk().run())
    finally:
        gc.set_threshold(*thresholds)
    return [
        Figure("book's change to order through the loop of a desk at rest, median", share(taken, 0.5), "us"),
        Figure("book's change to order through the loop, 99 of 100 below", share(taken, 0.99), "us"),
    ]
