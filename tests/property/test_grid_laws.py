"""The laws of the grid: asked always or on wakes it does the same; its plan is done when it was done."""

from __future__ import annotations

from decimal import Decimal

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from flatbook.strategies.grid_terms import Exits, GridMode, GridParams, QtyPerLevel, QuotePerLevel
from flatbook.strategies.quoting import Stop
from flatbook.values.lattice import Spacing
from flatbook.values.money import Money, Quantity
from tests.depth import examples
from tests.property.grid_market import Market, Seen
from tests.unit.strategies.grid_scene import NEUTRAL

RANGES = [(None, None, False), (950, None, True), (900, 1_100, False), (960, 1_040, True)]
SIZES = [QtyPerLevel(amount=Quantity(Decimal(1))), QuotePerLevel(amount=Money(Decimal(500)))]
TOLD = [(None, None)] * 12 + [(Stop.ALL, None), (Stop.BUYS, None), (Stop.SALES, None), (None, True), (None, False)]


@st.composite
def terms(draw: st.DrawFn) -> GridParams:
    """Draws parameters whose every rule can come to bear within a short walk."""
    spacing, window = draw(st.sampled_from(list(Spacing))), draw(st.integers(min_value=1, max_value=4))
    low, high, flatten = draw(st.sampled_from(RANGES))
    return msgspec.structs.replace(
        NEUTRAL,
        mode=draw(st.sampled_from(list(GridMode))),
        spacing=spacing,
        step=10 if spacing is Spacing.ARITHMETIC else 10_000,
        buy_levels=window,
        sell_levels=window + 1,
        skew_bps=draw(st.sampled_from([0, 50, 400])),
        exits=draw(st.sampled_from(list(Exits))),
        trail_up=draw(st.booleans()),
        trail_down=draw(st.booleans()),
        atr_scale_pct=draw(st.sampled_from([0, 0, 150])),
        atr_span_ns=2_000_000_000,
        size=draw(st.sampled_from(SIZES)),
        inventory_max=Quantity(Decimal(draw(st.sampled_from([3, 50])))),
        low=low,
        high=high,
        flatten=flatten,
        hysteresis=draw(st.sampled_from([0, 1])),
        size_cut=draw(st.sampled_from([0, 0, 50])),
        lock_s_max=30,
    )


@st.composite
def walks(draw: st.DrawFn) -> list[Seen]:
    """Draws the observations of a walk that starts at a bid of 1000."""
    bid, seen = 1_000, []
    for _ in range(draw(st.integers(min_value=5, max_value=60))):
        bid = max(200, bid + draw(st.integers(min_value=-14, max_value=14)))
        stop, refused = draw(st.sampled_from(TOLD))
        seen.append(
            Seen(
                draw(st.sampled_from([1, 100, 100, 100, 500, 800, 5_000])),
                draw(st.sampled_from([bid] * 15 + [None])),
                draw(st.integers(min_value=1, max_value=6)),
                draw(st.sampled_from([100, 100, 30])),
                draw(st.sampled_from([0.0, 8.0, 20.0])),
                stop,
                refused,
            )
        )
    return seen


def run(params: GridParams, seen: list[Seen], *, on_wakes: bool) -> Market:
    market = Market(params, on_wakes=on_wakes)
    for each in seen:
        market.see(each)
    return market


@settings(max_examples=examples(200), deadline=None)
@given(terms(), walks())
def test_asked_on_wakes_it_does_the_same_as_asked_on_every_observation(params: GridParams, seen: list[Seen]) -> None:
    always, waking = run(params, seen, on_wakes=False), run(params, seen, on_wakes=True)
    assert always.story == waking.story
    assert always.asked >= waking.asked
