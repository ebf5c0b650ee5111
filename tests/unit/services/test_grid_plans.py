"""A grid at its seat in the engine: what it does, that a restart continues it, and that a plan says so before."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from flatbook.engine.inputs import Restarted, Resumed
from flatbook.engine.wakes import Wakes
from flatbook.events.control import HaltCause, HaltScope, TradingHalted
from flatbook.events.grid import GridLaid, GridSlotsAssigned
from flatbook.market.orderbook import Touch
from flatbook.ops.config import load_text
from flatbook.projections.slots import slot_lines
from flatbook.services.grid_plans import GridPlan, planned, rules_of_seat, seated
from flatbook.state.desk import State
from flatbook.state.dump import state_bytes, state_from_bytes
from flatbook.state.fold import apply
from flatbook.strategies.grid import decide
from flatbook.strategies.grid_terms import GridMode, GridParams, QtyPerLevel
from flatbook.values.ids import HaltId, OwnerId, Slot
from flatbook.values.instruments import Product
from flatbook.values.lattice import Spacing
from flatbook.values.money import Quantity, plain
from tests.unit.engine.quote_scene import OWNER, START, Scene, instrument
from tests.unit.ops.scene import HOME
from tests.unit.ops.test_config_grid import with_grid

PERP = instrument(Product.LINEAR_PERP)
PARAMS = GridParams(
    instrument=PERP,
    mode=GridMode.NEUTRAL,
    spacing=Spacing.ARITHMETIC,
    step=10,
    buy_levels=2,
    sell_levels=2,
    size=QtyPerLevel(amount=Quantity(Decimal("0.1"))),
    inventory_max=Quantity(Decimal(2)),
    fee=Decimal(0),
)


def grid_scene() -> Scene:
    return Scene(lambda view, _: decide(view, PARAMS), PERP)


def orders(scene: Scene) -> list[str]:
    """Returns the open orders as text."""
    state = scene.state
    return [
        f"{order.slot} {order.side.value} {plain(order.qty)} @ {order.limit}{' exit' if order.reduce_only else ''}"
        for order_id in state.open_orders
        if (order := state.orders[order_id]).limit is not None
    ]


def test_a_grid_at_its_seat_opens_and_closes() -> None:
    scene = grid_scene()
    scene.begin()
    assert orders(scene) == [
        "1:-1 buy 0.1 @ 99.0",
        "1:-2 buy 0.1 @ 98.0",
        "1:1 sell 0.1 @ 101.0",
        "1:2 sell 0.1 @ 102.0",
    ]
    bought = scene.intents()[0].order_id
    scene.accept(bought)
    scene.observe(989, 991)
    scene.fill(bought, "0.1")
    assert "1:-1 sell 0.1 @ 100.0 exit" in orders(scene)
    assert scene.state.slots[OWNER, PERP.id][Slot("1:-1")].qty == Decimal("0.1")


def test_a_restart_continues_where_the_journal_ends() -> None:
    scene = grid_scene()
    scene.begin()
    bought = scene.intents()[0].order_id
    scene.accept(bought)
    scene.observe(989, 991)
    scene.fill(bought, "0.1")
    before = orders(scene)
    again = grid_scene()
    again.state, again.now = state_from_bytes(state_bytes(scene.state)), scene.now
    again.wakes = Wakes(again.seen)
    again.take(Restarted())
    again.observe(989, 991)
    again.take(Resumed(key=again.seat.key))
    assert orders(again) == before
    assert not again.intents()


def test_a_reduction_by_force_shrinks_the_slots_before_they_are_closed() -> None:
    scene = grid_scene()
    scene.begin()
    bought = scene.intents()[0].order_id
    scene.accept(bought)
    scene.observe(989, 991)
    scene.fill(bought, "0.1")
    row = scene.state.positions.rows[OWNER, PERP.account, PERP.id]
    row.qty = Quantity(Decimal("0.04"))
    scene.take(Resumed(key=scene.seat.key))
    shares = [event for event in scene.events if isinstance(event, GridSlotsAssigned)]
    assert [(share.slot, share.qty) for share in shares[0].shares] == [("1:-1", Decimal("0.04"))]
    assert scene.state.slots[OWNER, PERP.id][Slot("1:-1")].qty == Decimal("0.04")


def plan_of_desk(state: State, bid: int, ask: int) -> GridPlan:
    loaded = load_text(with_grid(), HOME)
    seat = seated(loaded, OwnerId("maker"))
    assert seat is not None
    return planned(state, rules_of_seat(loaded, seat), seat, Touch(bid, 1, ask, 1), START)


def test_a_plan_of_a_new_desk_places_all_its_levels() -> None:
    found = plan_of_desk(State(), 970_000, 970_001)
    assert (len(found.adopted), len(found.canceled), len(found.placed)) == (0, 0, 18)
    assert found.notes == (GridLaid.__name__,)


def seat_plan(scene: Scene, bid: int, ask: int) -> GridPlan:
    seat: Any = scene.rules.seats[OWNER]
    seat = msgspec.structs.replace(seat, seat=msgspec.structs.replace(seat.seat, params=PARAMS))
    state = state_from_bytes(state_bytes(scene.state))
    return planned(state, scene.rules, seat, Touch(bid, 1, ask, 1), scene.now)


def test_a_plan_of_a_halted_desk_says_what_holds_the_grid() -> None:
    scene = grid_scene()
    scene.begin()
    halt = TradingHalted(
        halt_id=HaltId("halt-a"), scope=HaltScope.ALL, target="", cause=HaltCause.OPERATOR, reason="", halted_at=START
    )
    apply(scene.state, halt)
    assert seat_plan(scene, 999, 1_001).notes == ("GridHeld (halted)",)
    scene.take(Resumed(key=scene.seat.key))
    del scene.state.halts[halt.halt_id]
    assert seat_plan(scene, 999, 1_001).notes == ("GridHeld (over)",)


def test_a_plan_adopts_what_stands_and_cancels_what_the_price_left() -> None:
    scene = grid_scene()
    scene.begin()
    near = seat_plan(scene, 999, 1001)
    assert (len(near.adopted), len(near.canceled), len(near.placed)) == (4, 0, 0)
    far = seat_plan(scene, 1049, 1051)
    assert [str(order.slot) for order, _ in far.canceled] == ["1:-1", "1:-2", "1:1", "1:2"]
    assert [str(intent.slot) for intent in far.placed] == ["1:6", "1:7"]  # buys wait for the sales below them to go
    assert orders(scene) == orders(scene)


def test_the_ladder_shows_slots_from_the_highest_level_down() -> None:
    scene = grid_scene()
    scene.begin()
    bought = scene.intents()[0].order_id
    scene.accept(bought)
    scene.observe(989, 991)
    scene.fill(bought, "0.1")
    lines = list(slot_lines(scene.state, {PERP.id: PERP}))
    assert [(line.slot, plain(line.price or Decimal(0)), plain(line.qty)) for line in lines][:3] == [
        ("1:2", "102", "0"),
        ("1:1", "101", "0"),
        ("1:0", "100", "0"),
    ]
    assert [(line.slot, plain(line.qty)) for line in lines if line.qty] == [("1:-1", "0.1")]
