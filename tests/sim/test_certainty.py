"""Reorganised chains at every certainty a hedge may wait for: each fill ends hedged once, or undone and hedged back."""

from __future__ import annotations

from collections import Counter

import pytest
from msgspec.structs import replace

from flatbook.events.chain import PRECONFIRMED_HASH, BlocksFinalized, FillReversed, VaultFilled
from flatbook.events.event import Event
from flatbook.services.sim_trial import run_scenario
from flatbook.services.simulated import World, run_world
from flatbook.sim.runs.planned import PlannedReorg
from flatbook.sim.runs.scenario import Scenario, deepened, draw_scenario
from flatbook.sim.world.record import Appended

REORGS = (
    PlannedReorg(at_ms=60_000, depth=5, keeps_bps=5_000),
    PlannedReorg(at_ms=100_000, depth=30, keeps_bps=0),
)


def reorganised(seed: str, hedge_at: str) -> Scenario:
    """Returns a world on bytes in which nothing goes wrong but two reorganisations."""
    deep = deepened(draw_scenario(seed))
    quiet: dict[str, tuple[object, ...]] = dict.fromkeys(("crashes", "halts", "steps", "freezes", "foreign"), ())
    shape = replace(deep.shape, hedge_at=hedge_at, chain_lag=0)
    return replace(deep, strengths={}, offset_ms=0, drift_ppm=0, shape=shape, reorgs=REORGS, **quiet)


def events_of(world: World) -> list[Event]:
    return [event for entry in world.record.entries if isinstance(entry, Appended) for event in entry.events]


@pytest.mark.parametrize("hedge_at", ["preconfirmed", "head", "safe", "finalized"])
@pytest.mark.parametrize("seed", ["1", "7", "9"])
def test_a_reorganised_world_ends_flat_at_every_certainty(seed: str, hedge_at: str) -> None:
    outcome = run_scenario(reorganised(seed, hedge_at))
    assert (outcome.violations, outcome.failures) == ((), ())


def test_the_more_certain_the_less_is_undone_and_the_later_it_is_seen() -> None:
    reversed_of, waited_of = {}, {}
    for hedge_at in ("preconfirmed", "head", "finalized"):
        events = events_of(run_world(reorganised("9", hedge_at)))
        fills = [event for event in events if isinstance(event, VaultFilled)]
        undone = [event for event in events if isinstance(event, FillReversed)]
        reversed_of[hedge_at] = len([event for event in undone if event.key.block_hash != PRECONFIRMED_HASH])
        waited_of[hedge_at] = max(event.seen_at - event.happened_at for event in fills) // 10**9
    assert reversed_of["head"] > 0
    assert reversed_of["finalized"] == 0
    assert waited_of["head"] < 60
    assert waited_of["finalized"] >= 128


def test_what_is_announced_is_booked_before_its_block_and_again_with_it() -> None:
    events = events_of(run_world(reorganised("9", "preconfirmed")))
    announced = [event for event in events if isinstance(event, VaultFilled) and _is_announced(event)]
    undone = [event for event in events if isinstance(event, FillReversed) and _is_announced(event)]
    assert len(announced) > 2
    assert Counter(event.key for event in announced) == Counter(event.key for event in undone)


def test_blocks_are_booked_as_final_when_that_makes_fills_final() -> None:
    events = events_of(run_world(reorganised("9", "head")))
    finals = [event.block for event in events if isinstance(event, BlocksFinalized)]
    assert finals == sorted(finals)
    assert 1 < len(finals) < 20


def _is_announced(event: VaultFilled | FillReversed) -> bool:
    return event.key.block_hash == PRECONFIRMED_HASH
