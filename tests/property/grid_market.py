"""A market of one touch for grids: observations, executions, timers, and a grid that is asked always or on wakes."""

from __future__ import annotations

import msgspec

from flatbook.state.intents import CancelIntent, PlaceIntent
from flatbook.state.orders import Order, Status
from flatbook.strategies.decision import Decision, Edge, Series, Trigger, Wake
from flatbook.strategies.grid_terms import GridParams
from flatbook.values.instants import Instant
from flatbook.values.instruments import Side
from flatbook.values.money import ZERO, Quantity
from tests.unit.strategies.grid_scene import START, LiteralView


class Seen(msgspec.Struct, frozen=True):
    """One observation: how long after the one before, the touch (None: the book is unfit), and the share that fills."""

    after_ms: int
    bid: int | None
    spread: int
    filled_pct: int = 100
    true_range: float = 0.0


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
        self._match(seen)
        if self.due or not self.on_wakes or self.wake is None or self._is_awake():
            self._ask()

    def _show(self, seen: Seen) -> None:
        self.true_range = seen.true_range
        if seen.bid is None:
            self.view.book = None
            self.due = True
            return
        self.view.see(seen.bid, spread=0)
        self.view.book = self.view.book._replace(bid=seen.bid, ask=seen.bid + seen.spread) if self.view.book else None

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
        self.due = False
        self.asked += 1
        decision = self.view.apply()
        self.wake = decision.wake
        check(self.view)
        if decision.intents or decision.notes:
            self.story += told(self.view.now, decision)
        for intent in decision.intents:
            if isinstance(intent, CancelIntent):
                self.due = True
        if self.due:
            self._ask_again()

    def _ask_again(self) -> None:
        """Reports the ends of canceled orders at once: the grid is asked again, until it wants nothing more."""
        self.due = False
        decision = self.view.apply()
        self.wake = decision.wake
        check(self.view)
        self.story += told(self.view.now, decision)


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


def check(view: LiteralView) -> None:
    """Asserts what holds after every decision, whatever happened before."""
    params = view.params
    slots = [order.slot for order in view.standing]
    assert len(slots) == len(set(slots)), "two orders stand in one slot"
    buys = [order.limit for order in view.standing if order.side is Side.BUY and order.limit is not None]
    sales = [order.limit for order in view.standing if order.side is Side.SELL and order.limit is not None]
    if view.book is not None and buys and sales:
        highest, lowest = min(max(buys), view.book.ask), max(min(sales), view.book.bid)
        assert highest < lowest or (highest, lowest) == (view.book.ask, view.book.bid), "our own orders meet"
    for order in view.standing:
        assert not order.qty % params.instrument.rules.lot, "a size is off the lot"
        assert order.limit is not None
        assert not order.limit % params.instrument.rules.tick, "a price is off the tick"
        held = view.held.get(order.slot) if order.slot is not None else None
        if order.reduce_only:
            assert held is not None
            assert order.leaves <= abs(held.qty), "an exit is larger than what its slot holds"
    openers = [order for order in view.standing if not order.reduce_only]
    opening = {side: sum((each.leaves for each in openers if each.side is side), ZERO) for side in Side}
    position = view.position(params.instrument.id)
    assert position + opening[Side.BUY] <= max(params.inventory_max, position), "more is opened than may be held"
    assert position - opening[Side.SELL] >= min(-params.inventory_max, position), "more is opened than may be held"
    for order in view.standing:
        assert order.status is not Status.UNKNOWN
