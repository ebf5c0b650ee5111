"""Monitors, breakers and the reconciling of accounts in the configuration: what is refused."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import pytest

from flatbook.ops.config import load_text
from flatbook.ops.config_risk import ReconcileSection, breaker_limits, correction_rules
from flatbook.risk.breaker import BreakerLimits
from tests.unit.ops.scene import HOME, problems
from tests.unit.ops.test_config_grid import LEAD, with_grid

ROOT = Path(__file__).parents[3]
GRID = with_grid('step = "25"', 'step = "60"')
MONITOR = """
[monitors.majors]
instruments = ["BTC-PERP@bybit"]
owners = ["maker"]
"""
BREAKER = """
[breakers.maker]
losses_max = 5
drawdown_usd_max = "250.5"
"""
RECONCILE = """
[reconcile.bybit]
correct_percent_below = "2"
foreign_halts = true
"""


def with_risk(stated: str, old: str = "", new: str = "") -> str:
    """Returns the example with a grid at Bybit and what watches it, with a change there."""
    return GRID.replace(LEAD, stated.replace(old, new, 1) + LEAD, 1)


def test_a_monitor_has_usual_values_for_all_but_what_it_watches_and_for_whom() -> None:
    section = load_text(with_risk(MONITOR), HOME).config.monitors["majors"]
    assert (section.policy.value, section.recovery, section.interval_s, section.window) == ("all", 1, 60, 20)
    assert (section.volume_multiple, section.missing_s) == (Decimal(3), 120)
    assert (section.calm_multiple, section.calm_s) == (None, 60)


def test_a_breaker_has_the_limits_that_are_stated() -> None:
    section = load_text(with_risk(BREAKER), HOME).config.breakers["maker"]
    assert breaker_limits(section) == BreakerLimits(losses_max=5, drawdown_usd_max=Decimal("250.5"))


def test_an_account_is_reconciled_as_it_says_and_as_usual_otherwise() -> None:
    rules = correction_rules(load_text(with_risk(RECONCILE), HOME).config.reconcile["bybit"])
    assert (rules.correct_percent_below, rules.foreign_halts) == (Decimal(2), True)
    assert (rules.floor_lots, rules.corrections_day_max, rules.misses, rules.grace_s) == (Decimal(1), 3, 2, 30)
    assert (rules.notional_day_percent_max, rules.usd_day_floor) == (Decimal(1), Decimal(50))


@pytest.mark.parametrize(
    ("stated", "old", "new", "said"),
    [
        (MONITOR, "BTC-PERP@bybit", "ETH-PERP@bybit", "there is no instrument 'ETH-PERP@bybit'"),
        (MONITOR, '"maker"', '"nobody"', "'nobody' trades nothing on this desk"),
        (MONITOR, '["maker"]', "[]", "a monitor that stops nobody is none"),
        (MONITOR, '["BTC-PERP@bybit"]', "[]", "name one at least"),
        (MONITOR, '["BTC-PERP@bybit"]', '["BTC-PERP@bybit", "BTC-PERP@bybit"]', "an entry stands twice"),
        (MONITOR, "owners", "recovery = 2\nowners", "cannot be more than the 1 instruments"),
        (MONITOR, "owners", 'calm_multiple = "3.5"\nowners', "cannot be more than 3, above which it is abnormal"),
        (BREAKER, "breakers.maker", "breakers.nobody", "'nobody' trades nothing on this desk"),
        (BREAKER, 'losses_max = 5\ndrawdown_usd_max = "250.5"\n', "", "state losses_max, drawdown_usd_max, or both"),
        (RECONCILE, "reconcile.bybit", "reconcile.nowhere", "there is no account 'nowhere'"),
        (RECONCILE, "reconcile.bybit", "reconcile.alpaca", "the books of a broker are never corrected"),
        (RECONCILE, '"2"', '"101"', "101 is out of range"),
    ],
)
def test_what_does_not_agree_is_refused(stated: str, old: str, new: str, said: str) -> None:
    assert any(said in problem for problem in problems(with_risk(stated, old, new)))


def test_the_examples_of_the_page_are_what_it_says() -> None:
    page = (ROOT / "docs/how-to/watch-a-grid.md").read_text(encoding="utf-8")
    stated = "\n".join(re.findall(r"```toml\n(.*?)```", page, re.DOTALL)).replace('"ETH-PERP@bybit"', '"BTC@bybit"')
    config = load_text(with_risk(stated), HOME).config
    assert (list(config.monitors), list(config.breakers), list(config.reconcile)) == (["majors"], ["maker"], ["bybit"])
    usual = ReconcileSection()
    assert config.reconcile["bybit"] == usual
