"""Am I flat? What a grid holds in its slots, and its working orders, are what it is there for."""

from __future__ import annotations

from decimal import Decimal

from flatbook.api.answers.accumulators import accumulators_answer
from flatbook.api.answers.holdings import holdings_of, in_slots
from flatbook.api.answers.moment import as_of
from flatbook.api.answers.positions import positions_answer
from flatbook.api.answers.status import status_answer
from flatbook.api.answers.thresholds import Threshold
from flatbook.values.ids import AssetId, Seq
from flatbook.values.money import Price, Quantity
from tests.unit.engine.quote_scene import OWNER
from tests.unit.services.test_grid_plans import PERP, grid_scene

MOMENT = as_of(Seq(1), None)
QUOTED = {(str(OWNER), str(PERP.underlying)): Threshold(in_slots=True, quotes={PERP.id: PERP.quote})}


def test_what_slots_hold_is_intended_and_the_rest_of_a_position_is_not() -> None:
    scene = grid_scene()
    scene.begin()
    scene.fill(scene.intents()[0].order_id, "0.1")
    key = (OWNER, PERP.underlying)
    assert in_slots(scene.state) == {key: Decimal("0.1")}
    (line,) = positions_answer(holdings_of(scene.state, {}), MOMENT).portfolio.lines
    assert (line.net, line.intended, line.residue) == ("0.1", "0.1", "0")
    assert status_answer(holdings_of(scene.state, QUOTED), MOMENT).flat
    assert not status_answer(holdings_of(scene.state, {}), MOMENT).flat
    net = scene.state.positions.nets[key]
    net.known = Quantity(net.known + Decimal("0.05"))
    assert not status_answer(holdings_of(scene.state, QUOTED), MOMENT).flat


def test_what_a_grid_holds_is_worth_its_newest_execution_where_its_quote_has_a_mark() -> None:
    scene = grid_scene()
    scene.begin()
    scene.fill(scene.intents()[0].order_id, "0.1")
    (net,) = status_answer(holdings_of(scene.state, QUOTED), MOMENT).nets
    assert (net.price, net.price_from, net.usd) == ("99", "last trade", "9.9")
    (bare,) = status_answer(holdings_of(scene.state, {}), MOMENT).nets
    assert (bare.usd, bare.price_from) == (None, None)
    scene.state.marks.clear()
    (unmarked,) = status_answer(holdings_of(scene.state, QUOTED), MOMENT).nets
    assert unmarked.usd is None


def test_what_a_grid_holds_is_worth_the_same_wherever_it_is_told_and_no_stated_mark_stands_before_its_market() -> None:
    scene = grid_scene()
    scene.begin()
    scene.state.marks[AssetId(PERP.underlying)] = Price(Decimal(50))
    scene.fill(scene.intents()[0].order_id, "0.1")
    (flat,) = status_answer(holdings_of(scene.state, QUOTED), MOMENT).nets
    (held,) = positions_answer(holdings_of(scene.state, QUOTED), MOMENT).nets
    (gathered,) = accumulators_answer(holdings_of(scene.state, QUOTED), MOMENT).accumulators
    assert (flat.price, flat.usd, held.price, held.usd, gathered.usd) == ("99", "9.9", "99", "9.9", "9.9")
    assert (flat.flat, gathered.flat) == (True, True)
    (hedged,) = positions_answer(holdings_of(scene.state, {}), MOMENT).nets
    assert (hedged.price, hedged.price_from) == ("50", "mark")
