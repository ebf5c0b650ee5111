"""Grids in the configuration: what they become, and what is refused."""

from __future__ import annotations

from decimal import Decimal

import pytest

from flatbook.ops.config import load_text
from flatbook.ops.config_grid import grid_limits, grid_params
from flatbook.ops.config_instruments import instrument_of
from flatbook.strategies.grid_terms import GridMode, GridParams, QuotePerLevel
from flatbook.values.lattice import Spacing
from tests.unit.ops.scene import HOME, problems
from tests.unit.ops.test_config_exchanges import with_bybit

GRID = """
[grid.maker."BTC-PERP@bybit"]
mode = "neutral"
buy_levels = 10
sell_levels = 8
step = "25"
quote_per_level = "150"
inventory_max = "0.01"
fee_bps = "0.5"
low = "40000"
high = "120000"
order_notional_usd_max = "100"
order_qty_max = "0.01"
orders_per_minute_max = 120
day_loss_usd_max = "50"
collar_bps_max = 500
"""
LEAD = '\n[instruments."BTC@bybit"]\n'


def with_grid(old: str = "", new: str = "") -> str:
    """Returns the example with a grid at Bybit, and a change in the grid."""
    return with_bybit(LEAD, GRID.replace(old, new, 1) + LEAD)


def params(text: str) -> GridParams:
    config = load_text(text, HOME).config
    section = config.grid["maker"]["BTC-PERP@bybit"]
    return grid_params(section, instrument_of(config, "BTC-PERP@bybit"))


def test_prices_of_a_grid_become_ticks() -> None:
    found = params(with_grid("fee_bps", 'anchor = "97000.5"\nfee_bps').replace("high", "#high"))
    assert (found.mode, found.spacing, found.step) == (GridMode.NEUTRAL, Spacing.ARITHMETIC, 250)
    assert (found.anchor, found.low, found.high, found.fee) == (970_005, 400_000, None, Decimal("0.00005"))
    assert found.size == QuotePerLevel(amount=Decimal(150))  # type: ignore[arg-type]


def test_a_step_of_a_ratio_becomes_millionths() -> None:
    found = params(with_grid('step = "25"', 'step_bps = "7.5"'))
    assert (found.spacing, found.step) == (Spacing.GEOMETRIC, 750)


def test_the_limits_of_a_grid_come_from_its_section() -> None:
    section = load_text(with_grid('step = "25"', 'step_bps = "7.5"'), HOME).config.grid["maker"]["BTC-PERP@bybit"]
    limits = grid_limits(section)
    assert (limits.position_max, limits.open_orders_max, limits.book_age_ms_max) == (Decimal("0.01"), 100, 750)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('step = "25"', "", "state one of step and step_bps"),
        ('step = "25"', 'step = "25"\nstep_bps = "5"', "state one of step and step_bps"),
        ('quote_per_level = "150"', "", "state one of quote_per_level and base_per_level"),
        ('quote_per_level = "150"', 'quote_per_level = "4"', "the least order is 5: state more for each level"),
        ('quote_per_level = "150"', 'quote_per_level = "45"', "at a price of 120000 a level trades less"),
        ('quote_per_level = "150"', 'base_per_level = "0.00001"', "the least order is 0.001 contracts: state more"),
        ('step = "25"', 'step = "25.05"', "step of 25.05 is no multiple of the tick, 0.1"),
        ('step = "25"', 'step_bps = "1"', "a cycle does not pay its two fees"),
        ('step = "25"', 'step = "12"', "a cycle at 120000 does not pay its fees: state more than 12.0006"),
        ('step = "25"', 'step_bps = "1.00005"', "a cycle does not pay its two fees"),
        ('inventory_max = "0.01"', 'inventory_max = "0.0001"', "a level trades more than the inventory_max of 0.0001"),
        ('low = "40000"', 'low = "130000"', "low must be below high"),
        ("buy_levels = 10", "buy_levels = 201", "grid.maker"),
        ('@bybit"]', '@nowhere"]', "there is no instrument 'BTC-PERP@nowhere'; did you mean BTC-PERP@bybit?"),
        ('inventory_max = "0.01"', 'inventory_max = "-1"', "inventory_max"),
    ],
)
def test_what_does_not_hold_together_in_a_grid_is_refused(old: str, new: str, said: str) -> None:
    assert said in "\n".join(problems(with_grid(old, new)))


def test_a_step_that_does_not_pay_at_the_high_end_is_refused() -> None:
    assert "does not pay its fees" in "\n".join(problems(with_grid('fee_bps = "0.5"', 'fee_bps = "2"')))


def test_a_level_below_the_least_order_is_refused_without_any_price() -> None:
    bare = with_grid('quote_per_level = "150"', 'quote_per_level = "4.99"')
    bare = bare.replace('low = "40000"\n', "").replace('high = "120000"\n', "")
    assert "the least order is 5: state more for each level" in "\n".join(problems(bare))


def test_a_grid_whose_quote_has_no_mark_is_refused() -> None:
    (said,) = problems(with_grid().replace('USDT = "1"\n', ""))
    assert said.endswith("USDT has no mark: state what it is worth under [marks]")


def test_an_owner_has_one_grid() -> None:
    second = GRID.replace("BTC-PERP@bybit", "BTC@bybit") + GRID
    assert "an owner has one grid" in "\n".join(problems(with_bybit(LEAD, second + LEAD)))


def test_a_band_around_the_mark_is_a_limit_of_a_perpetual_and_no_spot_market_has_one() -> None:
    stated = with_grid("fee_bps", "sanity_bps = 50\nfee_bps")
    section = load_text(stated, HOME).config.grid["maker"]["BTC-PERP@bybit"]
    assert grid_limits(section).sanity_bps_max == 50
    at_spot = stated.replace('[grid.maker."BTC-PERP@bybit"]', '[grid.maker."BTC@bybit"]')
    assert "a spot market has no mark" in "\n".join(problems(at_spot))
