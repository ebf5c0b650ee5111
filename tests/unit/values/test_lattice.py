"""The levels of a grid: sums, ratios, and which one is nearest."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flatbook.values.ids import Slot
from flatbook.values.lattice import (
    MICRO,
    Lattice,
    Spacing,
    border_above,
    in_micro,
    level,
    nearest_index,
    place_of,
    slot_of,
    step_above,
    widened_step,
)


def lattice(spacing: Spacing = Spacing.ARITHMETIC, anchor: int = 5_000, step: int = 10) -> Lattice:
    return Lattice(number=1, spacing=spacing, anchor=anchor, step=step)


RATIO = lattice(Spacing.GEOMETRIC, anchor=10_000, step=10_000)  # one percent


def test_levels_of_a_sum_are_evenly_apart() -> None:
    assert [level(lattice(), index) for index in (-2, -1, 0, 1, 2)] == [4_980, 4_990, 5_000, 5_010, 5_020]


def test_levels_of_a_ratio_are_cut_to_the_tick_below() -> None:
    assert [level(RATIO, index) for index in (-2, -1, 0, 1, 2, 3)] == [9_802, 9_900, 10_000, 10_100, 10_201, 10_303]
    assert (step_above(RATIO, 0), step_above(RATIO, -1)) == (100, 100)


@pytest.mark.parametrize(
    ("price", "index"),
    [(4_995, -1), (5_005, 1), (5_004, 0), (4_996, 0), (5_000, 0), (4_975, -3), (5_025, 3)],
)
def test_the_nearest_level_is_half_away_from_the_anchor(price: int, index: int) -> None:
    assert nearest_index(lattice(), price * MICRO) == index


@pytest.mark.parametrize(
    ("price", "index"), [(10_049, 0), (10_050, 1), (9_950, -1), (9_951, 0), (10_303, 3), (27_048, 100), (3_697, -100)]
)
def test_the_nearest_level_of_a_ratio_is_found_far_away(price: int, index: int) -> None:
    assert nearest_index(RATIO, price * MICRO) == index


@given(
    st.sampled_from(list(Spacing)),
    st.integers(min_value=1_000, max_value=10_000_000),
    st.integers(min_value=1_000, max_value=50_000),
    st.integers(min_value=-100, max_value=100),
)
def test_the_border_above_a_level_is_the_first_price_of_the_next(
    spacing: Spacing, anchor: int, step: int, index: int
) -> None:
    grid = lattice(spacing, anchor=anchor * 100, step=step)
    border = border_above(grid, index)
    assert nearest_index(grid, border) == index + 1
    assert nearest_index(grid, border - 1) == index


@given(anchor=st.integers(1, 1_000), step=st.sampled_from([1, 100, 1_000, 50_000]), index=st.integers(-60, 60))
def test_where_steps_are_smaller_than_a_tick_the_border_is_where_the_nearest_level_changes(
    anchor: int, step: int, index: int
) -> None:
    """Of levels that lie on one tick the highest is the nearest one, and the border between two of them is there."""
    ratio = lattice(Spacing.GEOMETRIC, anchor=anchor, step=step)
    for price in range((level(ratio, index) - 1) * MICRO, (level(ratio, index) + 2) * MICRO, MICRO // 2):
        if price > 0:
            assert (price >= border_above(ratio, index)) is (nearest_index(ratio, price) > index)


def test_a_slot_is_named_by_its_lattice_and_its_level() -> None:
    assert (slot_of(3, -12), slot_of(1, 0)) == ("3:-12", "1:0")
    assert (place_of(Slot("3:-12")), place_of(Slot("1:0"))) == ((3, -12), (1, 0))


@pytest.mark.parametrize("name", ["", "1", "0:1", "1:-0", "1:01", "01:1", "1:1 ", "100.00", "1:1:1", "1:+1"])
def test_a_name_that_is_no_slot_of_a_grid_is_none(name: str) -> None:
    assert place_of(Slot(name)) is None


@pytest.mark.parametrize(
    ("true_range", "scale_pct", "step"),
    [(0.0, 100, 10), (5.0, 100, 10), (50.0, 0, 10), (8.0, 200, 16), (10.5, 100, 11), (10.0, 100, 10)],
)
def test_a_step_follows_the_range_and_is_never_below_the_least(true_range: float, scale_pct: int, step: int) -> None:
    found = widened_step(10, in_micro(true_range), scale_pct=scale_pct)
    assert found == step


def test_a_step_of_a_ratio_follows_the_range_in_parts_of_the_price() -> None:
    assert widened_step(100, 50 * MICRO * MICRO // 10_000, scale_pct=150) == 7_500
