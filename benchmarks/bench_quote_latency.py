"""From the bytes of a book's change to the request of an order, in process. Budget: 10 s, quick 3 s.

The same way in one bare function is measured in turn (`bare_quote`): what Python and the libraries cost at least. The
machine decides how long either takes, and after other work, as here, twice as long as in a loop of its own.

The way is that of a live desk but for its loop, its sockets and its disk: the reader of Binance, the book in step, who
is woken, the engine's step with all its checks, a journal in memory with every row encoded and hashed, the request that
is handed to the line. The line's signature and its text are told apart, and what each part of the way takes. The
collector is on, as services set it.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Sequence
from itertools import pairwise

from benchmarks import TIMES, Figure, amount, at_most, median, share
from benchmarks.bare_quote import BareLine
from benchmarks.bench_quote_step import OWNER, QTY, START, STEP_NS, TICK, TRADED, Desk, ended_of
from flatbook.engine.effects import Place
from flatbook.engine.step import look_ahead, steps
from flatbook.events.codec import encode_events
from flatbook.events.orders import OrderStyle
from flatbook.journal.memory import MemoryJournal
from flatbook.market.depth import BookSync, Depth, Grid, Update
from flatbook.ops.clock import SystemClock
from flatbook.services.collector import YOUNG_OBJECTS_MAX
from flatbook.state.intents import PlaceIntent
from flatbook.strategies.decision import Decision, Edge, Level, Series, Wake
from flatbook.strategies.quoting import QuoteView
from flatbook.values.instants import NS_PER_S, Instant
from flatbook.values.instruments import Side
from flatbook.values.money import Price
from flatbook.venues.binance.books import futures_rule, read_frame
from flatbook.venues.binance.line import BinanceKey
from flatbook.venues.binance.markets import USD_M
from flatbook.venues.binance.wire import place_request
from flatbook.venues.http import Request, query_text

TICKS = amount(20_000, 4_000)
WARM = 500
MEDIAN_US_MAX, MOST_US_MAX = 10, 50
TIMES_BARE_MAX = 3
PARTS = (
    "the frame is read",
    "the book is written",
    "who waits for it is found",
    "the strategy decides, risk checks, all is booked",
    "the row is encoded, hashed and kept",
    "the request is made",
    "then the signature and the text",
)
BUY, IOC, BID = Side.BUY, OrderStyle.IOC, Series.BID  # the name of a member is looked up slowly
BELOW, ABOVE = Edge.AT_OR_BELOW, Edge.AT_OR_ABOVE
BARE_PARTS = (
    "the frame is read",
    "the book is written",
    "the strategy decides, risk checks, all is booked",
    "the row is encoded, hashed and kept",
    "the request is made",
)
GRIDS = {TRADED.symbol: Grid(price_decimals=1, size_decimals=0)}
FIRST = 1_000_000


def take_ask(view: QuoteView, _params: object) -> Decision:
    """Takes one lot at each new touch, and waits for the next one."""
    touch = view.touch(TRADED.id)
    if touch is None or view.orders(TRADED.id):
        return Decision(intents=(), notes=(), wake=Wake(on=()))
    intent = PlaceIntent(
        order_id=view.order_id(0),
        owner=OWNER,
        underlying=TRADED.underlying,
        instrument=TRADED,
        side=BUY,
        qty=QTY,
        limit=Price(touch.ask * TICK),
        reduce_only=False,
        style=IOC,
        slot=None,
        because=None,
        evidence={"bid": str(touch.bid), "ask": str(touch.ask)},
        good_until=Instant(view.now + NS_PER_S),
    )
    levels = (
        Level(TRADED.id, BID, BELOW, touch.bid - 1),
        Level(TRADED.id, BID, ABOVE, touch.bid + 1),
    )
    return Decision(intents=(intent,), notes=(), wake=Wake(on=(), levels=levels))


def frame_of(number: int) -> bytes:
    """Returns a change that moves both sides by a tick."""
    bid, before = FIRST + number % 2, FIRST + (number - 1) % 2
    asks = f'["{_text(bid + 2)}","7"],["{_text(before + 2)}","0"]'
    change = (
        f'"U":{number},"u":{number},"pu":{number - 1},"b":[["{_text(bid)}","5"],["{_text(before)}","0"]],"a":[{asks}]'
    )
    return f'{{"stream":"btcusdt@depth@100ms","data":{{"e":"depthUpdate","s":"{TRADED.symbol}",{change}}}}}'.encode()


def _text(ticks: int) -> str:
    return f"{ticks // 10}.{ticks % 10}"


class Line:
    """A desk behind the stream of its book, and before the line to its venue."""

    def __init__(self) -> None:
        self.sync = BookSync(GRIDS[TRADED.symbol], futures_rule)
        self.desk = Desk(take_ask, self.sync.book)
        self.key = BinanceKey(SystemClock(0), lambda: ("key", "secret"))
        self.asked = Request(method="GET", path="")
        self.journal = MemoryJournal()
        self.epoch = self.journal.take_lease(START)
        self.sync.take(Update(TRADED.symbol, True, Depth([(FIRST, 5)], [(FIRST + 2, 7)], 0, 0)))
        self.desk.seen.saw_book(TRADED.id, START)
        woken, self.desk.answers = self.desk.answers, []
        self.desk.take(woken)
        self.settle()

    def bare(self) -> BareLine:
        """Returns the bare way beside this one."""
        touch = self.sync.book.touch()
        assert touch is not None
        return BareLine(touch.bid, touch.ask, self.desk.state.epoch)

    def settle(self) -> None:
        """Lets the venue answer that nothing was left; looks ahead and after the wakes, as a desk does at rest."""
        desk = self.desk
        ended = [(ended_of(desk.state, order_id, desk.now), desk.now) for order_id in desk.state.open_orders]
        answers, desk.answers = desk.answers, []
        desk.take([*answers, *ended])
        look_ahead(desk.state, desk.rules, desk.wakes)
        desk.wakes.next_at()

    def hear(self, frame: bytes) -> tuple[int, ...]:
        """Takes a frame, and returns the ns at which it began and each of PARTS ended, to its order and signature."""
        clock, desk, journal = time.perf_counter_ns, self.desk, self.journal
        begun = clock()
        (update,) = read_frame(frame, GRIDS)
        read = clock()
        assert isinstance(update, Update)
        self.sync.take(update)
        written = clock()
        desk.seen.saw_book(TRADED.id, desk.now, is_fit=self.sync.unfit is None)
        woken, desk.answers = desk.answers, []
        tested = clock()
        done = steps(desk.state, desk.market, woken, rules=desk.rules, wakes=desk.wakes)
        decided = clock()
        journal.append(done.events, after=journal.last, epoch=self.epoch, cursors=done.cursors, at=desk.now)
        kept = clock()
        (effect,) = done.effects
        assert isinstance(effect, Place)
        request = place_request(USD_M, effect.order, symbol=TRADED.symbol)
        made = clock()
        self.asked = request
        query_text(self.key.sign(request))
        signed = clock()
        desk.answer((effect,))
        return begun, read, written, tested, decided, kept, made, signed


def taken_us() -> tuple[list[tuple[float, ...]], list[tuple[float, ...]]]:
    """Returns of each frame the microseconds to its request, then those of each of PARTS; and the same, bare."""
    line, taken, least = Line(), list[tuple[float, ...]](), list[tuple[float, ...]]()
    bare = line.bare()
    for number in range(1, WARM + TICKS):
        now = line.desk.now = Instant(START + number * STEP_NS)
        frame, count = frame_of(number), line.desk.state.intents[OWNER]
        *at, signed = line.hear(frame)
        taken.append((*_parts_us(at), (signed - at[-1]) / 1000))
        line.settle()
        least.append(_parts_us(bare.hear(frame, now, count)))
    _check_same(line, bare)
    return taken[WARM:], least[WARM:]


def _parts_us(at: Sequence[int]) -> tuple[float, ...]:
    return ((at[-1] - at[0]) / 1000, *((after - before) / 1000 for before, after in pairwise(at)))


def _check_same(line: Line, bare: BareLine) -> None:
    """Passes where both ways ended in the same events of a row and the same query."""
    row = list(line.journal.read())[-1]
    assert encode_events(row.events) == bare.events, "the bare way books another order"
    assert query_text(line.asked) == bare.query, "the bare way asks for another order"


def run() -> list[Figure]:
    """Measures how long an order takes, with the collector as a live desk has it."""
    thresholds = gc.get_threshold()
    gc.set_threshold(YOUNG_OBJECTS_MAX)
    try:
        (whole, *parts), (bare, *bare_parts) = ([list(each) for each in zip(*each, strict=True)] for each in taken_us())
    finally:
        gc.set_threshold(*thresholds)
    return [
        at_most("book's change to order in process, median", share(whole, 0.5), "us", MEDIAN_US_MAX),
        at_most("book's change to order in process, 99 of 100 below", share(whole, 0.99), "us", MOST_US_MAX),
        Figure("book's change to order in process, 999 of 1000 below", share(whole, 0.999), "us"),
        *(Figure(f"{name}, median", median(part), "us") for name, part in zip(PARTS, parts, strict=True)),
        Figure("the same in one bare function, median", median(bare), "us"),
        Figure("the same in one bare function, 99 of 100 below", share(bare, 0.99), "us"),
        *(Figure(f"bare: {name}", median(part), "us") for name, part in zip(BARE_PARTS, bare_parts, strict=True)),
        at_most("book's change to order by the bare function", median(whole) / median(bare), TIMES, TIMES_BARE_MAX),
    ]
