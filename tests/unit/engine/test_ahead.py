"""What is worked out ahead of a decision changes nothing of it, and is not read once an event has come."""

from __future__ import annotations

from random import Random

import pytest

from flatbook.engine.step import look_ahead
from flatbook.events.control import HaltCause, HaltScope, TradingHalted
from flatbook.events.event import Event
from flatbook.events.orders import CancelReason, IntentRefused, OrderIntended
from flatbook.state.desk import State
from flatbook.state.fold import apply
from flatbook.state.intents import CancelIntent
from flatbook.strategies.decision import Decision, Every
from flatbook.strategies.quoting import QuoteView
from flatbook.values.ids import HaltId
from flatbook.values.instants import later
from flatbook.values.instruments import Side
from flatbook.values.money import ZERO
from tests.unit.engine.quote_scene import OWNER, SPOT, START, Scene, decision, place

MOVES = 40


def two_quotes(view: QuoteView, _scene: Scene) -> Decision:
    """Keeps one quote a side a tick behind the touch, and asks again at each observation."""
    every = (Every(SPOT.id, 1),)
    touch = view.touch(SPOT.id)
    if touch is None:
        return decision(every=every)
    wanted = {Side.BUY: view.price(SPOT.id, touch.bid - 1), Side.SELL: view.price(SPOT.id, touch.ask + 1)}
    cancels: list[CancelIntent] = []
    for order in view.orders(SPOT.id):
        if order.limit == wanted.get(order.side):
            del wanted[order.side]
        elif not order.cancel_pending:
            cancels.append(CancelIntent(order_id=order.order_id, reason=CancelReason.STALE_PRICE, because=None))
    places = [place(view, index, side, str(limit)) for index, (side, limit) in enumerate(wanted.items())]
    return decision(*cancels, *places, every=every)


def story(seed: int, *, is_ahead: bool) -> tuple[Event, ...]:
    """Returns the events of a desk whose market and venue move by chance, with or without looking ahead."""
    chance, scene = Random(seed), Scene(two_quotes)
    scene.begin()
    for _ in range(MOVES):
        if is_ahead:
            look_ahead(scene.state, scene.rules, scene.wakes)
        scene.now = later(scene.now, ms=100)
        orders = [scene.order(order_id) for order_id in scene.state.open_orders]
        move = chance.randrange(4)
        if move and orders:
            order = chance.choice(orders)
            if move == 1 and order.venue_order_id is None:
                scene.accept(order.order_id)
            elif move == 2 and order.leaves:
                scene.fill(order.order_id, str(order.leaves))
            else:
                scene.end(order.order_id)
        else:
            bid = chance.randrange(990, 1000)
            scene.observe(bid, bid + 2)
    return tuple(scene.events)


@pytest.mark.parametrize("seed", range(8))
def test_a_desk_that_looks_ahead_writes_the_same_events(seed: int) -> None:
    events = story(seed, is_ahead=True)
    assert events == story(seed, is_ahead=False)
    assert sum(isinstance(event, OrderIntended) for event in events) > 10


def test_what_is_ahead_is_what_the_view_shows_as_long_as_no_event_comes() -> None:
    scene = Scene(two_quotes)
    scene.begin()
    look_ahead(scene.state, scene.rules, scene.wakes)
    ahead = scene.wakes.ahead
    assert (ahead.owner, ahead.seq, ahead.order_id[-9:]) == (OWNER, scene.state.seq, "000000002")
    assert [order.side for order in ahead.orders[SPOT.id]] == [Side.BUY, Side.SELL]
    assert (ahead.rooms[SPOT.id].open_orders, ahead.rooms[SPOT.id].position) == (2, ZERO)


def test_a_halt_that_comes_after_the_look_ahead_refuses_what_would_have_passed() -> None:
    scene = Scene(two_quotes)
    scene.begin()
    for order in [scene.order(order_id) for order_id in scene.state.open_orders]:
        scene.accept(order.order_id)
        scene.end(order.order_id)
    look_ahead(scene.state, scene.rules, scene.wakes)
    halted = TradingHalted(
        halt_id=HaltId("h"),
        scope=HaltScope.ALL,
        target="",
        cause=HaltCause.OPERATOR,
        reason="test",
        halted_at=scene.now,
    )
    apply(scene.state, halted)
    before = len(scene.events)
    scene.observe(995, 997)
    kinds = [type(event) for event in scene.events[before:]]
    assert (kinds.count(IntentRefused), kinds.count(OrderIntended)) == (2, 0)


def test_what_was_ahead_of_a_state_that_was_thrown_away_is_not_read() -> None:
    scene = Scene(two_quotes)
    scene.begin()
    look_ahead(scene.state, scene.rules, scene.wakes)
    before = scene.wakes.ahead
    scene.state = State(seq=scene.state.seq)
    scene.now = later(START, ms=100)
    scene.observe(991, 993)
    refused = [event.order_id[-9:] for event in scene.events if isinstance(event, IntentRefused)]
    assert (before.order_id[-9:], refused[0]) == ("000000002", "000000000")
