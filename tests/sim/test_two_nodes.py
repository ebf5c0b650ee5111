"""Worlds whose chain is two nodes on bytes: what one of them does alone changes nothing that is booked."""

from __future__ import annotations

from collections import Counter

import pytest
from msgspec.structs import replace

from flatbook.events.chain import BlocksRemoved, FillReversed, VaultFilled
from flatbook.events.control import AlertRaised
from flatbook.events.event import Event
from flatbook.services.sim_trial import run_scenario
from flatbook.services.simulated import World, run_world
from flatbook.sim.runs.planned import PlannedRatio, PlannedReorg
from flatbook.sim.runs.scenario import Scenario, deepened, draw_scenario
from flatbook.sim.world.record import Appended, BlockMade

ALL_THE_TIME = 10_000


def calm(seed: str) -> Scenario:
    """Returns a world on bytes in which nothing goes wrong, and whose token wraps one share."""
    return replace(
        deepened(draw_scenario(seed)),
        strengths={},
        crashes=(),
        reorgs=(),
        halts=(),
        steps=(),
        freezes=(),
        foreign=(),
        ratios=(),
        offset_ms=0,
        drift_ppm=0,
    )


def events_of(world: World) -> list[Event]:
    return [event for entry in world.record.entries if isinstance(entry, Appended) for event in entry.events]


def made(world: World) -> int:
    """Returns how many fills the chain made."""
    return sum(len(entry.fills) for entry in world.record.entries if isinstance(entry, BlockMade))


@pytest.mark.parametrize("faults", [{"X3": 5_000}, {"M9": 5_000}, {"X20": 9_000}, {"X4": 2_000}, {"X5": 2_000}])
def test_every_fill_is_booked_once_whatever_one_node_does(faults: dict[str, int]) -> None:
    world = run_world(replace(calm("1"), strengths=faults))
    kinds = Counter(type(event) for event in events_of(world))
    assert (kinds[VaultFilled], kinds[FillReversed], kinds[BlocksRemoved]) == (made(world), 0, 0)
    assert world.injection.counts[next(iter(faults))] > 1
    outcome = run_scenario(replace(calm("1"), strengths=faults))
    assert (outcome.violations, outcome.failures) == ((), ())


def test_a_node_that_always_lies_stops_the_reading_and_is_told() -> None:
    world = run_world(replace(calm("1"), strengths={"M9": ALL_THE_TIME}))
    told = [
        event for event in events_of(world) if isinstance(event, AlertRaised) and event.name.value == "chain_unread"
    ]
    assert len(told) == 1
    assert "only evm-" in told[0].detail
    assert all(event.key.tx[:5] != "0xeee" for event in events_of(world) if isinstance(event, VaultFilled))


def test_a_reorganisation_of_blocks_with_fills_ends_with_those_that_stand() -> None:
    scenario = replace(calm("4"), reorgs=(PlannedReorg(at_ms=100_000, depth=40, keeps_bps=5_000),))
    outcome = run_scenario(scenario)
    assert (outcome.violations, outcome.failures) == ((), ())
    kinds = Counter(type(event) for event in events_of(run_world(scenario)))
    assert kinds[FillReversed] > 1


def test_tokens_of_other_decimals_and_ratios_that_step_are_booked_to_the_last_digit() -> None:
    steps = tuple(
        PlannedRatio(block=block, symbol="COIN", ratio=ratio)
        for block, ratio in ((0, 10**18), (20, 1_020_000_000_000_000_001), (45, 950 * 10**15))
    )
    scenario = replace(calm("1"), ratios=steps, strengths={"X17": ALL_THE_TIME})
    outcome = run_scenario(scenario)
    assert (outcome.violations, outcome.failures) == ((), ())
    booked = [event for event in events_of(run_world(scenario)) if isinstance(event, VaultFilled)]
    assert len(dict.fromkeys(event.ratio for event in booked)) > 1
    assert {event.kind: None for event in booked} == {"take_order_v2": None}
