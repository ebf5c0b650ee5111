"""What watches a desk: monitors, breakers and rules of accounts, from the configuration to the engine."""

from __future__ import annotations

import msgspec

from flatbook.engine.rules import Rules
from flatbook.events.control import Mode
from flatbook.ops.config import load_text
from flatbook.ops.config_rules import rules_of
from flatbook.ops.config_seats import with_grids
from flatbook.risk.corrections import NEVER_CORRECTED
from flatbook.services.live_risk import with_risk
from flatbook.values.ids import AccountId
from tests.unit.ops.scene import HOME
from tests.unit.ops.test_config_risk import BREAKER, MONITOR, RECONCILE
from tests.unit.ops.test_config_risk import with_risk as configured


def rules(stated: str, mode: Mode | None = None) -> Rules:
    """Returns the rules of a desk with what is stated."""
    loaded = load_text(configured(stated), HOME)
    config = loaded.config if mode is None else msgspec.structs.replace(loaded.config, mode=mode)
    return with_risk(with_grids(rules_of(loaded, {}), config), config)


def test_a_monitor_stops_its_owners_at_the_accounts_where_they_trade() -> None:
    monitor = rules(MONITOR).monitors["majors"]
    assert (monitor.owners, monitor.accounts, monitor.instruments) == (("maker",), ("bybit",), ("BTC-PERP@bybit",))
    assert (monitor.volume_multiple, monitor.window) == (3.0, 20)
    assert (monitor.calm_multiple, monitor.calm_s) == (2.0, 60)
    stated = rules(MONITOR + 'calm_multiple = "1.25"\ncalm_s = 5\n').monitors["majors"]
    assert (stated.calm_multiple, stated.calm_s) == (1.25, 5)


def test_a_breaker_is_its_owners() -> None:
    assert rules(BREAKER).breakers["maker"].losses_max == 5  # type: ignore[index]


def test_an_exchange_is_corrected_as_usual_unless_it_says_otherwise_and_a_broker_never() -> None:
    usual, stated = rules(MONITOR), rules(RECONCILE)
    bybit, alpaca = AccountId("bybit"), AccountId("alpaca")
    assert (usual.corrections_of(bybit).misses, usual.corrections_of(bybit).foreign_halts) == (2, False)
    assert stated.corrections_of(bybit).foreign_halts
    assert usual.corrections_of(alpaca) == NEVER_CORRECTED


def test_a_desk_that_only_observes_stops_nobody_and_reconciles_all_the_same() -> None:
    observing = rules(MONITOR + BREAKER, Mode.OBSERVE)
    assert (observing.monitors, observing.breakers) == ({}, {})
    assert list(observing.corrections) == ["bybit"]
