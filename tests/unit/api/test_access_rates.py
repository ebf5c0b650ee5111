"""Allowances: a burst, then one by one; lanes and actors do not touch each other."""

from __future__ import annotations

from pathlib import Path

import pytest

from flatbook.api.access_rates import COUNTED_MAX, Rates
from flatbook.api.access_scopes import Lane
from flatbook.ops.config import load_text
from flatbook.ops.config_api import ApiSection
from flatbook.ops.config_example import EXAMPLE
from flatbook.ops.config_read import ConfigRefused
from flatbook.values.instants import Instant, later

NOW = Instant(1_800_000_000_000_000_000)


def test_commands_pass_twenty_at_once_and_then_five_a_second() -> None:
    rates = Rates()
    assert [rates.wait_ns("token:bot", Lane.COMMAND, NOW) for _ in range(20)] == [0] * 20
    assert rates.wait_ns("token:bot", Lane.COMMAND, NOW) == 200_000_000
    assert rates.wait_ns("token:bot", Lane.COMMAND, later(NOW, ms=199)) == 1_000_000
    assert rates.wait_ns("token:bot", Lane.COMMAND, later(NOW, ms=200)) == 0


def test_a_refused_request_costs_nothing() -> None:
    rates = Rates()
    for _ in range(1_000):
        rates.wait_ns("token:bot", Lane.COMMAND, NOW)
    assert rates.wait_ns("token:bot", Lane.COMMAND, later(NOW, ms=200)) == 0


def test_stopping_has_an_allowance_that_nothing_else_uses_up() -> None:
    rates = Rates()
    for _ in range(1_000):
        for lane in (Lane.READ, Lane.COMMAND):
            rates.wait_ns("token:bot", lane, NOW)
    assert [rates.wait_ns("token:bot", Lane.STOP, NOW) for _ in range(60)] == [0] * 60


def test_one_actor_does_not_use_up_what_another_has() -> None:
    rates = Rates()
    for _ in range(21):
        rates.wait_ns("token:bot", Lane.COMMAND, NOW)
    assert rates.wait_ns("console:ewa", Lane.COMMAND, NOW) == 0


def test_a_clock_that_goes_back_gives_no_new_allowance_but_one_request() -> None:
    rates = Rates()
    for _ in range(20):
        rates.wait_ns("token:bot", Lane.COMMAND, NOW)
    assert rates.wait_ns("token:bot", Lane.COMMAND, later(NOW, seconds=-1)) == 0
    assert rates.wait_ns("token:bot", Lane.COMMAND, later(NOW, seconds=-1)) == 200_000_000


def test_a_clock_that_is_set_back_by_an_hour_keeps_nobody_from_stopping_for_an_hour() -> None:
    rates = Rates()
    assert rates.wait_ns("token:bot", Lane.STOP, NOW) == 0
    back = later(NOW, seconds=-3_600)
    assert rates.wait_ns("token:bot", Lane.STOP, back) == 0
    assert rates.wait_ns("token:bot", Lane.STOP, later(back, ms=50)) == 0


def test_what_is_counted_has_a_bound() -> None:
    rates = Rates()
    for number in range(COUNTED_MAX + 5):
        rates.wait_ns(f"token:{number}", Lane.READ, NOW)
    assert len(rates._whole_at) == 1_024


def test_a_configuration_says_how_often_each_lane_may_be_asked() -> None:
    rates = Rates(ApiSection(reads_per_s=1, commands_per_s=1, stops_per_s=10))
    for lane, at_once in ((Lane.READ, 2), (Lane.COMMAND, 4), (Lane.STOP, 30), (Lane.LOGIN, 5), (Lane.STRANGER, 100)):
        waits = [rates.wait_ns("token:bot", lane, NOW) for _ in range(at_once + 1)]
        assert [bool(wait) for wait in waits] == [False] * at_once + [True]
    assert rates.wait_ns("token:bot", Lane.READ, later(NOW, seconds=1)) == 0


def test_no_configuration_slows_a_stop_down() -> None:
    with pytest.raises(ConfigRefused, match="stops_per_s: 9 is out of range: from 10 to 10000 a second"):
        load_text(f"{EXAMPLE}\n[api]\nstops_per_s = 9\n", Path("home"))
