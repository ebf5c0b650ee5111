"""A market of one touch for grids: observations, executions, timers, and a grid that is asked always or on wakes."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from flatbook.state.intents import CancelIntent, PlaceIntent
from flatbook.state.orders import Order
from flatbook.state.positions import TurnedDown
from flatbook.strategies.decision import Decision, Edge, Series, Trigger, Wake
from flatbook.strategies.grid_terms import GridParams
from flatbook.strategies.quoting import Stop
from flatbook.values.instants import Instant
from flatbook.values.instruments import Side
from flatbook.values.money import ZERO, Quantity
from tests.unit.strategies.grid_scene import START, LiteralView


class Seen(msgspec.Struct, frozen=True):
    """One observation: how long after the one before, the touch (None: the book is unfit), the share that fills,
    the true range of the bar, what the desk stops from now on, and an order turned down (true: for want of funds).
    """

    after_ms: int
    bid: int | None
    spread: int
    filled_pct: int = 100
    true_range: float = 0.0
    stop: Stop | None = None
    refused: bool | None = None


ROUNDS_MAX = 6


class Market:
    """Feeds a view with observations and asks the grid: on each of them, or only where its wake says so."""

    def __init__(self, params: GridParams, *, on_wakes: bool) -> None:
        self.view = LiteralView(params)
        self.view.book = None
        self.on_wakes = on_wakes
        self.wake: Wake | None = None
        self.story: list[str] = []
        self.asked = 0
        self.due = False
        self.bar = 0
        self.true_range = 0.0

    def see(self, seen: Seen) -> None:
        """Lets an observation happen, after the timers that come before it."""
        at = Instant(self.view.now + seen.after_ms * 1_000_000)
        self._run_timers(at)
        self._go_to(at)
        self._show(seen)
        self._tell(seen)
        self._match(seen)
        if self.due or not self.on_wakes or self.wake is None or self._is_awake():
            self._ask()

    def _tell(self, seen: Seen) -> None:
        """Lets a halt begin or end, and an order be turned down."""
        if seen.stop is not self.view.stopped:
            self.view.stopped, self.due = seen.stop, True
        if seen.refused is not None:
            self.view.refused, self.due = TurnedDown(at=self.view.now, short=seen.refused), True

    def _show(self, seen: Seen) -> None:
        self.true_range = seen.true_range
        if seen.bid is None:
            self.view.book = None
            self.due = True
            return
        self.view.see(seen.bid, spread=0)
        book = self.view.book
        self.view.book = None if book is None else replace(book, bid=seen.bid, ask=seen.bid + seen.spread)

    def _run_timers(self, until: Instant) -> None:
        """Fires the timers of the wake, and of silence, at their instants."""
        for _ in range(100):
            fires = self._next_timer()
            if fires is None or fires > until:
                return
            self._go_to(fires)
            self._ask()
        raise AssertionError("timers follow each other without end")

    def _go_to(self, at: Instant) -> None:
        """Lets time pass: a bar that ended on the way gives its true range."""
        self.view.now = at
        bar = at // self.view.params.atr_span_ns
        if bar != self.bar:
            self.bar, self.view.features["atr"] = bar, self.true_range
            self.view.features["close"] = 1_000.0 if self.view.book is None else float(self.view.book.bid)

    def _next_timer(self) -> Instant | None:
        if self.wake is None:
            return None
        moments = [self.wake.at] if self.wake.at is not None else []
        heard_at = self.view.heard_at
        moments += [Instant(heard_at + each.longer_than_ns + 1) for each in self.wake.silences if heard_at is not None]
        return min((at for at in moments if at > self.view.now), default=None)

    def _is_awake(self) -> bool:
        assert self.wake is not None
        book = self.view.book
        if self.wake.every or book is None:
            return True
        values = {Series.BID: book.bid, Series.ASK: book.ask}
        for level in self.wake.levels:
            value = values[level.series]
            if value >= level.ticks if level.edge is Edge.AT_OR_ABOVE else value <= level.ticks:
                return True
        return False

    def _match(self, seen: Seen) -> None:
        book = self.view.book
        if book is None:
            return
        for order in list(self.view.standing):
            assert order.limit is not None
            reached = order.limit >= book.ask if order.side is Side.BUY else order.limit <= book.bid
            if reached:
                self._execute(order, seen.filled_pct)

    def _execute(self, order: Order, filled_pct: int) -> None:
        lots = max(1, int(order.leaves * 1000) * filled_pct // 100)
        qty = min(order.leaves, Quantity(lots * order.qty / order.qty * self.view.params.instrument.rules.lot))
        assert order.slot is not None
        self.view.fill(order.slot, str(qty))
        self.due = self.due or (self.wake is not None and Trigger.ORDER_FILLED in self.wake.on)

    def _ask(self) -> None:
        """Asks, lets the answer happen, and asks anew where orders ended by it, until the grid wants nothing more."""
        self.asked += 1
        for _ in range(ROUNDS_MAX):
            self.due = False
            decision = self.view.apply()
            self.wake = decision.wake
            check(self.view)
            self.story += told(self.view.now, decision)
            if not any(isinstance(intent, CancelIntent) for intent in decision.intents):
                return
        raise AssertionError("a plan cancels without end")


def told(now: Instant, decision: Decision) -> list[str]:
    """Returns a decision as lines."""
    lines = [f"{now - START} note {msgspec.json.encode(note).decode()}" for note in decision.notes]
    for intent in decision.intents:
        if isinstance(intent, PlaceIntent):
            lines.append(
                f"{now - START} {intent.side.value} {intent.qty} @ {intent.limit} {intent.slot} {intent.style}"
            )
        elif isinstance(intent, CancelIntent):
            lines.append(f"{now - START} cancel {intent.order_id} {intent.reason.value}")
    return lines


def closes(view: LiteralView, order: Order) -> bool:
    """Whether an order goes the other way than what its slot holds."""
    held = view.held.get(order.slot) if order.slot is not None else None
    return order.reduce_only or (held is not None and bool(held.qty) and (held.qty > ZERO) is (order.side is Side.SELL))


def check(view: LiteralView) -> None:
    """Asserts what holds after every decision, whatever happened before."""
    params = view.params
    slots = [order.slot for order in view.standing]
    assert len(slots) == len(set(slots)), "two orders stand in one slot"
    buys = [order.limit for order in view.standing if order.side is Side.BUY and order.limit is not None]
    sales = [order.limit for order in view.standing if order.side is Side.SELL and order.limit is not None]
    if view.book is not None and buys and sales:
        highest, lowest = min(int(max(buys)), view.book.ask), max(int(min(sales)), view.book.bid)
        assert highest < lowest or (highest, lowest) == (view.book.ask, view.book.bid), "our own orders meet"
    for order in view.standing:
        assert not order.qty % params.instrument.rules.lot, "a size is off the lot"
        assert order.limit is not None
        assert not order.limit % params.instrument.rules.tick, "a price is off the tick"
        held = view.held.get(order.slot) if order.slot is not None else None
        if closes(view, order):
            assert held is not None
            assert order.leaves <= abs(held.qty), "an exit is larger than what its slot holds"
    openers = [order for order in view.standing if not closes(view, order)]
    opening = {side: sum((each.leaves for each in openers if each.side is side), ZERO) for side in Side}
    bought = sum((held.qty for held in view.held.values() if held.qty > ZERO), ZERO)
    sold = sum((-held.qty for held in view.held.values() if held.qty < ZERO), ZERO)
    assert bought + opening[Side.BUY] <= params.inventory_max, "more is bought than may be held"
    assert sold + opening[Side.SELL] <= params.inventory_max, "more is sold than may be held"
