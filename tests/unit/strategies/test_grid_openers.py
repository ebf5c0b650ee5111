"""A grid that knows its orders decides as one that sees each of them for the first time."""

from __future__ import annotations

from decimal import Decimal
from random import Random
from typing import Any

import pytest
from msgspec.structs import replace

from flatbook.state.intents import CancelIntent
from flatbook.strategies.grid_terms import GridMode
from flatbook.values.ids import Slot
from flatbook.values.lattice import Spacing
from flatbook.values.money import Price
from tests.unit.strategies.grid_scene import NEUTRAL, LiteralView, canceled

MOVES = 60
KINDS: dict[str, dict[str, Any]] = {
    "by sums": {},
    "by ratios": {"spacing": Spacing.GEOMETRIC, "step": 12_000},
    "long": {"mode": GridMode.LONG},
    "up only": {"trail_down": False},
    "tilted": {"skew_bps": 40},
    "within a range": {"low": 940, "high": 1_060},
}


@pytest.mark.parametrize("kind", KINDS)
def test_orders_that_are_known_stand_as_those_that_are_not(kind: str) -> None:
    chance = Random(7)
    view = LiteralView(replace(NEUTRAL, buy_levels=4, sell_levels=4, hysteresis=2, **KINDS[kind]))
    price, cancels, kept = 1_000, 0, 0
    for _ in range(MOVES):
        view.standing = [replace(order) for order in view.standing]
        unknown = view.decide()
        assert view.decide() == unknown
        view.apply(unknown)
        cancels += sum(isinstance(intent, CancelIntent) for intent in unknown.intents)
        kept += len(view.standing)
        assert view.decide() == view.decide()
        price += chance.randrange(-12, 13)
        view.see(price)
        reached = [order for order in view.standing if order.limit is not None and abs(order.limit - price) < 3]
        for order in reached:
            assert order.slot is not None
            view.fill(order.slot, "0.4" if order.leaves == 1 and chance.randrange(3) == 0 else None)
    assert (cancels > 0, kept > MOVES) == (True, True)


def test_an_order_that_lost_its_place_goes_although_it_was_known_to_stand_well() -> None:
    view = LiteralView()
    view.apply()
    assert view.decide().intents == ()
    view.change("1:-1", limit=view.order_in("1:-2").limit)
    cancels = [intent.order_id for intent in view.decide().intents if isinstance(intent, CancelIntent)]
    assert cancels == [view.order_in("1:-1").order_id]


def test_an_order_that_is_known_to_stand_well_goes_once_its_time_is_over() -> None:
    view = LiteralView()
    view.apply()
    assert view.decide().intents == ()
    view.now = view.standing[0].good_until
    view.see(1_000)
    cancels = [intent.order_id for intent in view.decide().intents if isinstance(intent, CancelIntent)]
    assert cancels == [order.order_id for order in view.standing]


@pytest.mark.parametrize(
    ("closed", "slot", "limit", "price"), [("trail_down", "1:-5", 950, 957), ("trail_up", "1:5", 1_050, 1_043)]
)
def test_what_lies_far_from_where_a_grid_must_stay_goes_however_often_it_is_looked_at(
    closed: str, slot: str, limit: int, price: int
) -> None:
    view = LiteralView(replace(NEUTRAL, **{closed: False}))
    view.apply()
    strayed = view.order_in("1:-1" if closed == "trail_down" else "1:1")
    view.standing = [replace(strayed, slot=Slot(slot), limit=Price(Decimal(limit)))]
    view.see(price)
    for _ in range(2):
        assert canceled(view.decide(), view) == [slot]


def test_an_order_that_is_known_to_open_is_an_exit_once_its_slot_holds_the_other_side() -> None:
    view = LiteralView()
    view.apply()
    assert view.decide().intents == ()
    view.hold("1:-1", "-0.5", "-490")
    assert canceled(view.decide(), view) == ["1:-1"]
