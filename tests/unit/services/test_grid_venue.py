"""What a venue shows beside the orders of a grid: ours that stand or miss, ours that ended, and those of nobody."""

from __future__ import annotations

import asyncio

from flatbook.engine.reports import AccountStatement, OrderReport, VenueStatus
from flatbook.ops.clock import SystemClock
from flatbook.ops.config import load_text
from flatbook.services.grid_venue import Stated, ask_account, at_venue
from flatbook.state.orders import Order
from flatbook.values.ids import VenueOrderId
from flatbook.values.instants import later
from tests.unit.engine.quote_scene import ACCOUNT, Scene
from tests.unit.ops.scene import HOME
from tests.unit.ops.test_config_grid import with_grid
from tests.unit.services.test_grid_plans import PERP, grid_scene


def shown(scene: Scene, order: Order, *, ours: bool = True) -> OrderReport:
    """Returns an order as the venue shows it, of ours or under an id that we never gave."""
    return OrderReport(
        order_id=order.order_id if ours else None,
        venue_order_id=VenueOrderId(f"V-{order.order_id}-{ours}"),
        instrument=order.instrument,
        side=order.side,
        qty=order.qty,
        filled_qty=order.filled,
        status=VenueStatus.OPEN,
        status_text="New",
        executions=(),
        complete=True,
        happened_at=scene.now,
    )


def test_each_order_stands_is_missing_ended_for_us_or_is_of_nobody() -> None:
    scene = grid_scene()
    scene.begin()
    orders = [scene.order(each.order_id) for each in scene.intents()]
    for order in orders:
        scene.accept(order.order_id)
    scene.end(orders[3].order_id)
    stands, newest = orders[0], max(scene.order(each.order_id).changed_at for each in orders)
    reports = (shown(scene, stands), shown(scene, orders[3]), shown(scene, stands, ours=False))

    def seen(after_s: int) -> tuple[list[str], list[str], list[str]]:
        statement = AccountStatement(
            account=ACCOUNT, stated_at=later(newest, seconds=after_s), open_orders=reports, holdings=(), balances=()
        )
        told = at_venue(scene.state, scene.rules, PERP.id, Stated(card=scene.rules.cards[ACCOUNT], statement=statement))
        found = [told.shown[each.order_id] for each in orders[:3]]
        return found, [each.order_id for each in told.revived], [each.venue_order_id for each in told.foreign]

    nobodys = [f"V-{stands.order_id}-False"]
    assert seen(60) == (["stands", "missing", "missing"], [orders[3].order_id], nobodys)
    assert seen(1) == (["stands", "too new to tell", "too new to tell"], [], nobodys)


def test_an_account_whose_key_is_not_there_is_not_asked() -> None:
    loaded = load_text(with_grid(), HOME)
    told = asyncio.run(ask_account(loaded, "bybit", SystemClock()))
    assert isinstance(told, str)
    assert "alpaca_key" in told
