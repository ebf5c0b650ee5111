"""Hazards of grids that lost money elsewhere, each by its shortest story."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from flatbook.events.grid import GridHeld, GridHold, GridLaid
from flatbook.strategies.decision import Decision
from flatbook.strategies.grid_terms import GridParams
from flatbook.values.money import plain
from tests.unit.strategies.grid_scene import LONG, NEUTRAL, LiteralView, canceled, placed


def exits(view: LiteralView) -> list[tuple[str, str, str]]:
    """Returns the orders that close something: side, what is left to trade, and slot."""
    return [(each.side.value, plain(each.leaves), str(each.slot)) for each in view.standing if each.reduce_only]


def test_over_a_hundred_prices_a_level_that_holds_has_one_exit_and_it_is_its_own() -> None:
    view = LiteralView(LONG)
    view.apply()
    view.fill("1:-1")
    for step in range(100):
        view.see(994 + step % 7)
        view.apply()
        assert exits(view) == [("sell", "1", "1:-1")]


def test_an_exit_is_for_exactly_what_its_level_holds_whatever_an_order_asks_for() -> None:
    view = LiteralView(LONG)
    view.apply()
    view.fill("1:-1", "0.4")
    view.standing.remove(view.order_in("1:-1"))  # it ended with a rest
    view.params = msgspec.structs.replace(LONG, size=msgspec.structs.replace(LONG.size, amount=Decimal(7)))
    view.apply()
    assert exits(view) == [("sell", "0.4", "1:-1")]


def test_a_target_stays_where_the_level_was_opened_when_the_step_grows() -> None:
    view = LiteralView(LONG)
    view.apply()
    view.fill("1:-1")
    view.params = msgspec.structs.replace(LONG, step=20)
    assert "sell 1 @ 1000 in 1:-1 exit" in placed(view.apply())


def test_another_step_withdraws_what_opens_on_the_levels_before() -> None:
    view = LiteralView()
    view.apply()
    view.params = msgspec.structs.replace(NEUTRAL, step=20)
    decision = view.decide()
    assert canceled(decision, view) == ["1:-1", "1:-2", "1:1", "1:2"]
    view.apply(decision)
    view.apply()
    assert {str(order.slot).partition(":")[0] for order in view.standing} == {"2"}


def test_a_full_inventory_moves_the_grid_by_its_share_and_no_order_through_the_market() -> None:
    skewed = msgspec.structs.replace(NEUTRAL, skew_bps=500, inventory_max=Decimal(2))
    view = LiteralView(skewed)
    view.apply()
    view.fill("1:-1")
    view.fill("1:-2")
    view.see(980)
    view.apply()
    assert view.book is not None
    sales = [order.limit for order in view.standing if order.side.value == "sell"]
    assert sales
    assert all(limit is not None and limit > view.book.bid for limit in sales)


@pytest.mark.parametrize(("step", "opens"), [(3, False), (5, True)])
def test_a_wider_step_after_the_range_grew_is_what_lets_a_grid_open(step: int, opens: bool) -> None:
    view = LiteralView(msgspec.structs.replace(NEUTRAL, step=step, fee=Decimal("0.002")))
    decision = view.decide()
    held = [note.reason for note in decision.notes if isinstance(note, GridHeld)]
    assert (placed(decision) != [], held == [GridHold.NO_PROFIT]) == (opens, not opens)


def of_tick(params: GridParams, tick: str, **changes: Any) -> GridParams:
    """Returns the terms of a grid on an instrument with another tick."""
    rules = msgspec.structs.replace(params.instrument.rules, tick=Decimal(tick))
    return msgspec.structs.replace(
        params, instrument=msgspec.structs.replace(params.instrument, rules=rules), **changes
    )


def exit_prices(decision: Decision) -> list[str]:
    """Returns what a decision asks for what it holds."""
    return [each for each in placed(decision) if "exit" in each]


@pytest.mark.parametrize(
    ("tick", "step", "price"),
    [("0.1", 100, 9_600), ("10", 1, 96)],
)
def test_what_was_bought_before_the_exchange_changed_its_tick_is_not_sold_below_its_cost(
    tick: str, step: int, price: int
) -> None:
    """Bought at 990 with a target of 1000; the market is at 960 when the desk starts with another tick."""
    view = LiteralView(LONG)
    view.apply()
    view.fill("1:-1")
    view.standing = []
    view.params = of_tick(LONG, tick, step=step)
    view.see(price)
    assert exit_prices(view.apply()) == ["sell 1 @ 1000 in 1:-1 exit"]
    assert exit_prices(view.decide()) == []


def test_after_another_tick_the_levels_lie_around_the_market_and_have_numbers_of_their_own() -> None:
    view = LiteralView(NEUTRAL)
    view.apply()
    view.fill("1:-1")
    view.params = of_tick(NEUTRAL, "0.1", step=100)
    view.see(9_870)
    view.apply()
    view.apply()
    assert {str(each.slot).partition(":")[0] for each in view.standing if not each.reduce_only} == {"2"}
    assert view.memory is not None
    assert (view.memory.tick, [each.number for each in view.memory.lattices]) == (Decimal("0.1"), [2])


def test_a_grid_that_its_range_stopped_does_not_resume_because_its_tick_is_another_one() -> None:
    view = LiteralView(msgspec.structs.replace(LONG, low=950))
    view.see(940)
    view.apply()
    assert view.memory is not None
    assert view.memory.stop is not None
    view.params = of_tick(LONG, "0.1", step=100, low=9_500)
    view.see(10_000)
    for _ in range(3):
        assert placed(view.apply()) == []
    assert (view.memory.stop.low, view.memory.hold) == (9_500, GridHold.STOPPED)
    view.params = of_tick(LONG, "0.1", step=100, low=9_400)
    assert placed(view.apply()) != []


def test_a_tick_that_nobody_noted_is_noted_once_and_changes_no_level() -> None:
    view = LiteralView(NEUTRAL)
    view.apply()
    assert view.memory is not None
    view.memory = msgspec.structs.replace(view.memory, tick=None)
    before = view.memory.lattices
    assert [type(note) for note in view.apply().notes] == [GridLaid]
    assert (view.memory.tick, view.memory.lattices, view.decide().notes) == (Decimal(1), before, ())
