"""The laws of the grid: asked always or on wakes it does the same; its plan is done when it was done."""

from __future__ import annotations

from decimal import Decimal

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from flatbook.strategies.grid_terms import Exits, GridMode, GridParams, QtyPerLevel, QuotePerLevel
from flatbook.values.lattice import Spacing
from flatbook.values.money import Money, Quantity
from tests.property.grid_market import Market, Seen
from tests.unit.strategies.grid_scene import NEUTRAL

terms = st.builds(
    lambda mode, spacing, window, skew, exits, trail, scale, size, inventory: msgspec.structs.replace(
        NEUTRAL,
        mode=mode,
        spacing=spacing,
        step=10 if spacing is Spacing.ARITHMETIC else 10_000,
        buy_levels=window,
        sell_levels=window + 1,
        skew_bps=skew,
        exits=exits,
        trail_up=trail[0],
        trail_down=trail[1],
        atr_scale_pct=scale,
        atr_span_ns=2_000_000_000,
        size=size,
        inventory_max=Quantity(Decimal(inventory)),
    ),
    st.sampled_from(list(GridMode)),
    st.sampled_from(list(Spacing)),
    st.integers(min_value=1, max_value=4),
    st.sampled_from([0, 50, 400]),
    st.sampled_from(list(Exits)),
    st.tuples(st.booleans(), st.booleans()),
    st.sampled_from([0, 0, 150]),
    st.sampled_from([QtyPerLevel(amount=Quantity(Decimal(1))), QuotePerLevel(amount=Money(Decimal(500)))]),
    st.sampled_from([3, 50]),
)
moves = st.lists(
    st.builds(
        lambda after, move, spread, filled, unfit, wide: (after, None if unfit == 0 else move, spread, filled, wide),
        st.sampled_from([1, 100, 100, 100, 500, 800, 5_000]),
        st.integers(min_value=-14, max_value=14),
        st.integers(min_value=1, max_value=6),
        st.sampled_from([100, 100, 30]),
        st.integers(min_value=0, max_value=15),
        st.sampled_from([0.0, 8.0, 20.0]),
    ),
    min_size=5,
    max_size=60,
)


def walked(steps: list[tuple[int, int | None, int, int, float]]) -> list[Seen]:
    """Returns the observations of a walk that starts at a bid of 1000."""
    bid, seen = 1_000, []
    for after, move, spread, filled, wide in steps:
        bid = max(200, bid + (move or 0))
        seen.append(Seen(after, None if move is None else bid, spread, filled, wide))
    return seen


def run(params: GridParams, seen: list[Seen], *, on_wakes: bool) -> Market:
    market = Market(params, on_wakes=on_wakes)
    for each in seen:
        market.see(each)
    return market


@settings(max_examples=150, deadline=None)
@given(terms, moves)
def test_asked_on_wakes_it_does_the_same_as_asked_on_every_observation(
    params: GridParams, steps: list[tuple[int, int | None, int, int, float]]
) -> None:
    seen = walked(steps)
    always, waking = run(params, seen, on_wakes=False), run(params, seen, on_wakes=True)
    assert always.story == waking.story
    assert always.asked >= waking.asked
