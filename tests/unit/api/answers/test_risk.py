"""How far the limits of a strategy that quotes are used."""

from __future__ import annotations

from decimal import Decimal

from flatbook.api.answers.holdings import holdings_of
from flatbook.api.answers.moment import AsOf
from flatbook.api.answers.risk import risk_answer
from flatbook.values.ids import AssetId
from flatbook.values.instants import later
from tests.desk import PAPER
from tests.unit.engine.quote_scene import Scene
from tests.unit.engine.scene import Bench, execution, statement
from tests.unit.services.test_grid_plans import grid_scene
from tests.unit.state.scene import STOCK

DESK = "desk"


def limits_of(scene: Scene, *, days: int = 0) -> dict[tuple[str, str], tuple[str, str | None, str | None]]:
    """Returns limit, use and share of each limit that is not of the whole desk."""
    moment = AsOf(seq=1, at=None)
    told = risk_answer(holdings_of(scene.state, None), moment, scene.rules, later(scene.now, seconds=days * 86_400))
    return {(row.scope, row.name): (row.limit, row.current, row.use_pct) for row in told.limits if row.scope != DESK}


def test_a_grid_shows_its_own_limits_its_inventory_and_what_it_lost_today() -> None:
    scene = grid_scene()
    scene.begin()
    first, second = (order.order_id for order in scene.intents()[:2])
    scene.accept(first)
    scene.accept(second)
    scene.fill(first, "0.1")
    held = limits_of(scene)
    assert held["grid maker:BTC/USDT", "order_notional_usd_max"] == ("1000", None, None)
    assert held["grid maker:BTC/USDT", "order_qty_max"] == ("10", None, None)
    assert held["grid maker:BTC/USDT", "inventory_max"] == ("20", "0.1", "0.5")
    assert held["grid maker:BTC/USDT", "orders_per_minute_max"] == ("1000", "5", "0.5")
    assert held["grid maker:BTC", "day_loss_usd_max"] == ("10000", "0", "0")
    scene.fill(second, "0.1", "50")
    assert limits_of(scene)["grid maker:BTC", "day_loss_usd_max"] == ("10000", "4.9", "0")
    assert limits_of(scene, days=1)["grid maker:BTC", "day_loss_usd_max"] == ("10000", "0", "0")
    for result in scene.state.positions.days.values():
        result.unmarked[AssetId("BNB")] = Decimal("0.001")
    assert limits_of(scene)["grid maker:BTC", "day_loss_usd_max"] == ("10000", None, None)
    assert limits_of(scene, days=1)["grid maker:BTC", "day_loss_usd_max"] == ("10000", "0", "0")


def unhedged(bench: Bench) -> str | None:
    """Returns what the whole desk has left open, as the limit of it shows."""
    told = risk_answer(holdings_of(bench.state, None), AsOf(seq=1, at=None), bench.rules, bench.now)
    return next(row.current for row in told.limits if row.name == "residue_usd_max")


def test_what_is_unhedged_is_unknown_while_a_part_of_it_has_no_price_be_it_nobodys() -> None:
    bench = Bench().resume()
    bench.state_account(statement(bench.now))
    bench.wait(60).fill(1, "sell", "10")
    assert unhedged(bench) == "2500"
    bench.executions(execution("2", 7, order_id=None, at=bench.now))
    assert unhedged(bench) is None
    bench.command("position_assign", owner="desk", account=PAPER, instrument=STOCK)
    assert unhedged(bench) == "2000"
