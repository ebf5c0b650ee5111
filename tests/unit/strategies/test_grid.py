"""The rules of the grid, one literal view for each."""

from __future__ import annotations

from tests.unit.strategies.grid_scene import LONG, LiteralView, canceled, placed


def test_a_neutral_grid_opens_on_both_sides_of_its_anchor() -> None:
    decision = LiteralView().decide()
    assert placed(decision) == [
        "buy 1 @ 990 in 1:-1",
        "buy 1 @ 980 in 1:-2",
        "sell 1 @ 1010 in 1:1",
        "sell 1 @ 1020 in 1:2",
    ]


def test_a_long_grid_buys_only() -> None:
    assert placed(LiteralView(LONG).decide()) == ["buy 1 @ 990 in 1:-1", "buy 1 @ 980 in 1:-2"]


def test_a_plan_that_was_applied_has_nothing_more_to_do() -> None:
    view = LiteralView()
    view.apply()
    again = view.decide()
    assert (again.intents, again.notes) == ((), ())


def test_what_a_level_bought_leaves_one_level_higher() -> None:
    view = LiteralView()
    view.apply()
    view.see(991)
    view.fill("1:-1")
    assert placed(view.apply()) == ["sell 1 @ 1000 in 1:-1 exit", "buy 1 @ 970 in 1:-3", "sell 1 @ 1000 in 1:0"]
    assert canceled(view.decide(), view) == []
