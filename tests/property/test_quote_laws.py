"""Laws of a seat: asked on everything it decides as on its wakes; its fold is its journal; an id never comes twice."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from flatbook.engine.effects import Cancel, Place
from flatbook.engine.inputs import Restarted, Resumed, Woken
from flatbook.events.codec import encode_events
from flatbook.events.orders import CancelReason, OrderIntended, RejectReason
from flatbook.state.desk import State
from flatbook.state.dump import state_bytes
from flatbook.state.fold import apply
from flatbook.state.intents import CancelIntent
from flatbook.strategies.decision import Decision, Edge, Every, Level, Series
from flatbook.strategies.quoting import QuoteView, Stop
from flatbook.values.ids import OrderId, Slot
from flatbook.values.instants import NS_PER_MS, Instant
from flatbook.values.instruments import Side
from tests.unit.engine.quote_scene import LIMITS, SPOT, START, Scene, decision, place

TIGHT = replace(LIMITS, position_max=Decimal("0.03"), order_qty_max=Decimal("0.015"), open_orders_max=3)


class Taste(msgspec.Struct, frozen=True, kw_only=True):
    """What a random strategy does: how coarsely it follows the book, how far off it quotes, and how often it thinks."""

    width: int
    offset: int
    sides: tuple[Side, ...]
    period_ms: int
    every: int
    sizes: tuple[str, str]


def follow(view: QuoteView, scene: Tasted) -> Decision:
    """Quotes around the part of the book that the bid is in, with a size that changes with time."""
    taste, touch, stop = scene.taste, view.touch(SPOT.id), view.stop(SPOT.id)
    if touch is None:
        return decision()
    part = touch.bid // taste.width
    period, place_no = (view.now - START) // (taste.period_ms * NS_PER_MS), 0
    sides = () if stop is Stop.ALL else taste.sides
    wanted = {side: _limit(side, part, taste, touch.bid, touch.ask) for side in sides}
    intents: list[Any] = []
    for order in view.orders(SPOT.id):
        if order.is_open and order.limit == wanted.get(order.side):
            del wanted[order.side]
        elif order.is_open and not order.cancel_pending:
            intents.append(CancelIntent(order_id=order.order_id, reason=CancelReason.STALE_PRICE, because=None))
    for side, limit in wanted.items():
        qty = taste.sizes[period % 2]
        intents.append(place(view, place_no, side, str(limit), qty, slot=Slot(f"{side.value}{part}"), evidence={}))
        place_no += 1  # noqa: SIM113 (counts only what is placed)
    low, high = part * taste.width, (part + 1) * taste.width
    levels = (
        Level(SPOT.id, Series.BID, Edge.AT_OR_BELOW, low - 1),
        Level(SPOT.id, Series.BID, Edge.AT_OR_ABOVE, high),
        Level(SPOT.id, Series.ASK, Edge.AT_OR_BELOW, touch.ask - 1),
        Level(SPOT.id, Series.ASK, Edge.AT_OR_ABOVE, touch.ask + 1),
    )
    every = (Every(SPOT.id, taste.every),) if taste.every else ()
    return decision(
        *intents, levels=levels, every=every, at=Instant(START + (period + 1) * taste.period_ms * NS_PER_MS)
    )


def _limit(side: Side, part: int, taste: Taste, bid: int, ask: int) -> Decimal:
    ticks = min(bid, part * taste.width) - taste.offset if side is Side.BUY else ask + taste.offset
    return ticks * SPOT.rules.tick


class Tasted(Scene):
    """A desk with a random strategy, whose venue answers when the test says so."""

    def __init__(self, taste: Taste, *, eager: bool) -> None:
        self.taste, self.eager = taste, eager
        super().__init__(follow, limits=TIGHT)
        self.answered = 0

    def ask(self) -> None:
        """Asks the strategy although nothing woke it, if this desk does so."""
        if self.eager:
            self.take(Woken(key=self.seat.key))

    def answer(self, how: int) -> None:
        """Lets the venue answer the oldest effect that it has not answered."""
        if self.answered >= len(self.effects):
            return
        effect = self.effects[self.answered]
        self.answered += 1
        if isinstance(effect, Place):
            self._answer_place(effect.order.order_id, how)
        elif isinstance(effect, Cancel) and self.order(effect.order_id).is_open:
            self.end(effect.order_id)

    def _answer_place(self, order_id: OrderId, how: int) -> None:
        if how == 0:
            self.reject(order_id, RejectReason.WOULD_TAKE)
        elif how == 1:
            self.reject(order_id, RejectReason.INSUFFICIENT_FUNDS)
        else:
            self.accept(order_id)

    def execute(self, which: int, share: int) -> None:
        """Executes a part of an order that is open."""
        orders = [self.order(order_id) for order_id in self.state.open_orders]
        if orders:
            order = orders[which % len(orders)]
            qty = order.leaves if share == 0 else min(order.leaves, Decimal("0.005"))
            self.fill(order.order_id, str(qty))


Act = Callable[[Tasted], None]


def _observed(bid: int, spread: int, is_fit: bool) -> Act:
    def act(scene: Tasted) -> None:
        scene.observe(bid, bid + spread, is_fit=is_fit)

    return act


ACTS: st.SearchStrategy[Act] = st.one_of(
    st.builds(_observed, st.integers(997, 1_004), st.integers(1, 3), st.sampled_from([True, True, True, False])),
    st.integers(0, 900).map(lambda ms: lambda scene: scene.wait(ms=ms)),
    st.integers(0, 9).map(lambda how: lambda scene: scene.answer(how)),
    st.tuples(st.integers(0, 3), st.integers(0, 1)).map(lambda args: lambda scene: scene.execute(*args)),
)
TASTES = st.builds(
    Taste,
    width=st.integers(1, 12),
    offset=st.integers(0, 5),
    sides=st.sampled_from([(Side.BUY,), (Side.SELL,), (Side.BUY, Side.SELL)]),
    period_ms=st.sampled_from([500, 2_000, 60_000]),
    every=st.sampled_from([0, 0, 3]),
    sizes=st.sampled_from([("0.01", "0.01"), ("0.01", "0.02"), ("0.02", "0.02")]),
)


def run(taste: Taste, acts: list[Act], *, eager: bool) -> Tasted:
    """Returns a desk after all acts."""
    scene = Tasted(taste, eager=eager)
    scene.begin()
    for act in acts:
        act(scene)
        scene.ask()
    return scene


@given(TASTES, st.lists(ACTS, max_size=30))
def test_asked_on_everything_a_seat_decides_as_on_its_wakes(taste: Taste, acts: list[Act]) -> None:
    lazy, eager = run(taste, acts, eager=False), run(taste, acts, eager=True)
    assert encode_events(tuple(lazy.events)) == encode_events(tuple(eager.events))


@given(TASTES, st.lists(ACTS, max_size=30))
def test_the_state_of_a_seat_is_the_fold_of_its_journal(taste: Taste, acts: list[Act]) -> None:
    scene, again = run(taste, acts, eager=False), State()
    for event in scene.events:
        apply(again, event)
    assert state_bytes(again) == state_bytes(scene.state)


@given(TASTES, st.lists(ACTS, max_size=20), st.integers(0, 60))
def test_after_a_crash_at_any_event_no_id_comes_twice_and_what_has_no_answer_is_asked_for(
    taste: Taste, acts: list[Act], cut: int
) -> None:
    before = run(taste, acts, eager=False)
    kept = before.events[: cut % (len(before.events) + 1)]
    scene = Tasted(taste, eager=False)
    for event in kept:
        apply(scene.state, event)
    scene.now = before.now
    done = scene.take(Restarted())
    asked = [effect.order_id for effect in done.effects]  # type: ignore[union-attr]
    assert asked == list(scene.state.open_orders)
    scene.observe(1_000, 1_002)
    scene.take(Resumed(key=scene.seat.key))
    ids = [event.order_id for event in (*kept, *scene.events) if isinstance(event, OrderIntended)]
    assert len(ids) == len(set(ids))
