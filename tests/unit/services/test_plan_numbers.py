"""Numbers of a plan of which nothing can be made are refused by their key."""

from __future__ import annotations

import tomllib

import pytest

from flatbook.services.plan_numbers import check_numbers
from tests.unit.services.backtest_scene import PLAN

BTC = "instruments.binance:BTCUSDT-PERP"


@pytest.mark.parametrize(
    ("stands", "stated", "says"),
    [
        ('"10000"\n[marks]', '"NaN"\n[marks]', "cash.USDT: 'NaN' is not a decimal number: state a plain number"),
        ('"10000"\n[marks]', "inf\n[marks]", "cash.USDT: 'inf' is not a decimal number: state a plain number"),
        ('"10000"\n[marks]', '"-5"\n[marks]', "cash.USDT is -5, below zero: state zero or more"),
        ('USDT = "1"', 'USDT = "NaN"', "marks.USDT: 'NaN' is not"),
        ('USDT = "1"', "USDT = -1", "marks.USDT is -1: state a number above zero"),
        ('maker = "0.0001"', 'maker = "NaN"', f"{BTC}.maker: 'NaN' is not"),
        ('notional_min = "5"', 'notional_min = "-5"', f"{BTC}.notional_min is -5, below zero"),
        ('day_loss_usd_max = "10000"', "day_loss_usd_max = inf", "strategies.grid.limits.day_loss_usd_max: 'inf'"),
        ('position_max = "100"', 'position_max = "1e999999"', "strategies.grid.limits.position_max: "),
        ('amount = "1"', 'amount = "1e-99999"', "strategies.grid.params.size.amount: "),
        ("placing_ms = 2", "placing_ms = 99999999999999", "latency.placing_ms is beyond all bounds: state a number"),
        ("placing_ms = 2", "placing_ms = -2", "latency.placing_ms is -2, below zero"),
        ("sample_s = 60", "sample_s = 99999999999999", "sample_s is beyond all bounds"),
        ("sample_s = 60", "sample_s = 0", "sample_s is 0: state a number above zero"),
        ("step = 10", "step = 99999999999999999999", "strategies.grid.params.step is beyond all bounds"),
    ],
)
def test_a_number_of_which_nothing_can_be_made_is_refused_by_its_key(stands: str, stated: str, says: str) -> None:
    assert stands in PLAN
    with pytest.raises(ValueError, match=says.replace(".", r"\.").replace("[", r"\[")):
        check_numbers(tomllib.loads(PLAN.replace(stands, stated, 1), parse_float=str))


def test_a_sound_plan_passes_and_parameters_of_ones_own_are_not_looked_at() -> None:
    check_numbers(tomllib.loads(PLAN, parse_float=str))
    own = PLAN.replace('kind = "grid"', 'kind = "mine:make"').replace('mode = "neutral"', 'label = "NaN"')
    check_numbers(tomllib.loads(own, parse_float=str))
