"""Hazards of grids that lost money elsewhere, each by its shortest story."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from flatbook.events.grid import GridHeld, GridHold
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
