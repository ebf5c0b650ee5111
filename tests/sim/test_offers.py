"""Worlds in which the desk itself offers: bounded at every entry, dead or alive, and pulled when nothing can hedge."""

from __future__ import annotations

from collections import Counter

import pytest
from msgspec.structs import replace

from flatbook.events.event import Event
from flatbook.events.offers import OfferPulled, OfferRemoved, OfferRestored
from flatbook.services.sim_crash import cuts_of
from flatbook.services.sim_mutants import hunts
from flatbook.services.sim_trial import run_scenario
from flatbook.services.simulated import World, run_world
from flatbook.sim.runs.offering import OFFERED, offering
from flatbook.sim.runs.planned import PlannedHalt, PlannedOffer
from flatbook.sim.runs.scenario import MIDDAY, Scenario, draw_scenario
from flatbook.sim.world.record import Appended, OffersStand
from tests.depth import part_of

EACH_NTH_CUT = 8
SWARM = [f"offers {number}" for number in range(24)]
KILL = PlannedHalt(at_ms=40_000, verb="kill", times=1, lift_after_ms=40_000)


def calm(*halts: PlannedHalt) -> Scenario:
    """Returns a world in which the desk offers, takers take, and nothing goes wrong."""
    world = offering(draw_scenario("1"))
    quiet: dict[str, tuple[object, ...]] = dict.fromkeys(("crashes", "steps", "freezes"), ())
    return replace(world, strengths={}, start=MIDDAY, offset_ms=0, drift_ppm=0, halts=halts, **quiet)


def events_of(world: World) -> list[Event]:
    return [event for entry in world.record.entries if isinstance(entry, Appended) for event in entry.events]


def stood(world: World, at_ms: int) -> tuple[int, int]:
    """Returns what could be sold and bought at a moment. Units: tokens of 1e-18."""
    until = world.scenario.at(at_ms)
    told = [entry for entry in world.record.entries if isinstance(entry, OffersStand) and entry.at <= until]
    return (told[-1].sell, told[-1].buy)


@pytest.mark.parametrize("seed", SWARM)
def test_what_the_desk_offers_is_bounded_at_every_entry(seed: str) -> None:
    outcome = run_scenario(offering(draw_scenario(seed)))
    assert (outcome.violations, outcome.failures) == ((), ())


def test_a_kill_takes_all_offers_from_the_chain_and_its_lifting_brings_them_back() -> None:
    world = run_world(calm(KILL))
    assert min(stood(world, 39_000)) > 0
    assert stood(world, 50_000) == stood(world, 80_000) == (0, 0)
    assert min(stood(world, 120_000)) > 0
    kinds = Counter(type(event) for event in events_of(world))
    assert (kinds[OfferPulled], kinds[OfferRemoved], kinds[OfferRestored]) == (2, 2, 2)
    outcome = run_scenario(calm(KILL))
    assert (outcome.violations, outcome.failures) == ((), ())


def test_an_order_that_was_added_by_hand_meanwhile_keeps_another_from_coming_back() -> None:
    by_hand = PlannedOffer(symbol="COIN", sign=-1, qty=OFFERED, block=30)
    scenario = calm(KILL)
    world = run_world(replace(scenario, fills=(), offers=(*scenario.offers, by_hand)))
    assert stood(world, 75_000) == (0, 0)
    assert stood(world, 140_000) == (OFFERED * 10**9, OFFERED * 10**9)


def test_a_cut_at_any_append_or_send_keeps_the_bound() -> None:
    scenario = replace(calm(replace(KILL, lift_after_ms=20_000)), fills=calm().fills[:4])
    jobs = list(cuts_of("offers", scenario))
    assert len(jobs) > 60
    looked_at = part_of(jobs, EACH_NTH_CUT)
    red = {job.replay: list(outcome.told()) for job in looked_at if (outcome := run_scenario(job.scenario)).is_red}
    assert red == {}


@pytest.mark.parametrize("number", [50, 51, 52])
def test_planted_bugs_of_offers_are_seen(number: int) -> None:
    (hunt,) = hunts(1, [number], watch=lambda _hunt: None)
    assert (hunt.survived, "I21" in hunt.reasons, hunt.controls_red) == (False, True, ())
