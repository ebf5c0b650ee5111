"""What the engine said of its keys' budgets, as the API tells it."""

from __future__ import annotations

from pathlib import Path

import msgspec

from flatbook.api.answers.status import Told
from flatbook.api.reads_gauges import budgets_of, gauges_of
from flatbook.api.reads_health import parts_of
from flatbook.services.desk import budgets_of as told_by_engine
from flatbook.values.ids import AccountId
from flatbook.values.instants import Instant, instant_of_text, later
from flatbook.venues.rate_budget import Gauge, Lane, RateBudget
from tests.unit.api.conftest import site_of

NOW = instant_of_text("2025-12-01T15:00:30Z")


class Venue:
    """An account that counts what its key asks."""

    def __init__(self) -> None:
        self.budget = RateBudget({"weight_1m": Gauge(limit=4, window_s=60), "orders_10s": Gauge(limit=5, window_s=10)})

    def allowances(self, now: Instant) -> object:
        """Returns how much of each limit is used."""
        return self.budget.allowances(now)


def test_what_a_key_has_used_of_its_venues_limits_goes_from_the_adapter_to_the_answer(demo: Path) -> None:
    venue, site = Venue(), site_of(demo)
    assert list(budgets_of(site)) == []
    venue.budget.take({"weight_1m": 4}, Lane.CANCEL, NOW)
    said = told_by_engine({AccountId("binance"): venue, AccountId("paper"): object()}, later(NOW, seconds=1))  # type: ignore[dict-item]
    site.live.status = Told(running=True, own={"budgets": msgspec.json.decode(msgspec.json.encode(said))})
    weight, orders = (msgspec.to_builtins(each) for each in budgets_of(site))
    assert weight == {
        "account": "binance",
        "name": "weight_1m",
        "used": 4,
        "most": 4,
        "window_s": 60,
        "full_at": "2025-12-01T15:01:00Z",
        "state": "high",
    }
    assert (orders["name"], orders["used"], orders["full_at"], orders["state"]) == ("orders_10s", 0, None, "good")


def test_inputs_that_told_nothing_new_are_told_with_what_they_were(demo: Path) -> None:
    site = site_of(demo)
    site.live.status = Told(running=True, own={"dropped": {"gas_known": 66, "fill_known": 700}})
    told = next(each for each in gauges_of(site) if each.name == "inputs_that_told_nothing_new")
    assert (told.value, told.of_which) == (766, "fill known 700, gas known 66")


def test_a_venue_without_a_switch_is_no_fault_and_one_that_refused_it_is(demo: Path) -> None:
    site = site_of(demo)
    none, refused = {"state": "none", "detail": "what is open stays open"}, {"state": "refused", "detail": "no right"}
    site.live.status = Told(running=True, own={"accounts": {"spot": none, "margin": refused}})
    parts = {each.name: (each.state.value, each.detail) for each in parts_of(site).parts if each.kind == "switch"}
    assert parts == {"spot": ("good", "what is open stays open"), "margin": ("bad", "no right")}
