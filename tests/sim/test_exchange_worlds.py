"""Worlds at an exchange: a grid at its seat, production adapters and streams, a simulated Binance or Bybit, judges."""

from __future__ import annotations

from collections import Counter

import msgspec
import pytest

from flatbook.events.control import BooksDiverged
from flatbook.events.orders import OrderFilled
from flatbook.services.sim_crash import cuts_of
from flatbook.services.sim_runs import seed_job
from flatbook.services.sim_trial import judged, run_scenario
from flatbook.services.sim_worker import Bench
from flatbook.services.simulated import run_world
from flatbook.sim.catalogue.row import Level
from flatbook.sim.faults import eligible
from flatbook.sim.runs.mutants import mutant_of, planting, world_for
from flatbook.sim.runs.scenario import Scenario, ScenarioRefused, scenario_of, write_scenario
from flatbook.sim.runs.scripted import kept_scenario
from flatbook.sim.runs.seating import SEATED_STRENGTHS, draw_seated
from flatbook.sim.world.record import Appended, Executed, Moved
from tests.depth import part_of

SEEDS = range(3)
WORLDS_TRIED_MAX = 12
EACH_NTH_CUT = 37
SCRIPTED = ("grid_at_binance", "grid_at_bybit")
SEATED_BUGS = (18, 25, 38, 55, 56, 68)


def calm(seed: int) -> Scenario:
    """Returns the world of a seed in which nothing goes wrong."""
    return msgspec.structs.replace(
        draw_seated(str(seed)),
        strengths={},
        crashes=(),
        halts=(),
        steps=(),
        freezes=(),
        foreign=(),
        offset_ms=0,
        drift_ppm=0,
    )


def test_no_judge_finds_anything_in_worlds_at_an_exchange() -> None:
    """Some seeds; `flatbook sim run` has those that once failed, too."""
    jobs = [seed_job(seed, Level.EXCHANGE) for seed in SEEDS]
    red = {job.replay: list(outcome.told()) for job in jobs if (outcome := run_scenario(job.scenario)).is_red}
    assert red == {}


def test_a_calm_world_trades_is_funded_and_ends_with_books_that_agree() -> None:
    seen: Counter[str] = Counter()
    for seed in SEEDS:
        world = run_world(calm(seed))
        assert world.failures == []
        events = [event for entry in world.record.entries if isinstance(entry, Appended) for event in entry.events]
        assert not [event for event in events if isinstance(event, BooksDiverged)]
        seen.update(type(event).__name__ for event in events if isinstance(event, OrderFilled))
        seen.update(type(each).__name__ for each in world.record.entries if isinstance(each, (Executed, Moved)))
    assert seen["OrderFilled"] == seen["Executed"] > 10
    assert seen["Moved"] >= 1


def test_a_hedge_and_a_grid_share_one_account_and_each_ends_with_what_is_its_own() -> None:
    scenario = next(each for seed in range(50) if (each := calm(seed)).fills)
    world = run_world(scenario)
    events = [event for entry in world.record.entries if isinstance(entry, Appended) for event in entry.events]
    owners = Counter(event.owner for event in events if isinstance(event, OrderFilled))
    assert list(judged(world, uncut=None).told()) == []
    assert list(dict.fromkeys(sorted(owners))) == ["desk", "maker"]


def test_the_same_seed_gives_the_same_world_at_an_exchange() -> None:
    for seed in (2,):
        first, second = run_world(draw_seated(str(seed))), run_world(draw_seated(str(seed)))
        assert first.record.trace() == second.record.trace()


@pytest.mark.parametrize("name", SCRIPTED)
def test_a_cut_at_any_append_or_send_loses_and_doubles_nothing(name: str) -> None:
    """Some of the cuts; `flatbook sim crash` runs them all."""
    bench, jobs = Bench(), list(cuts_of(name, kept_scenario(name)))
    red = {job.name: list(outcome.told()) for job in part_of(jobs, EACH_NTH_CUT) if (outcome := bench.run(job)).is_red}
    assert red == {}
    assert len(jobs) > 100


@pytest.mark.parametrize("number", SEATED_BUGS)
def test_a_bug_planted_at_an_exchange_is_seen(number: int) -> None:
    """Some of the bugs; `flatbook sim mutants` plants them all."""
    mutant = mutant_of(number)
    for seed in range(WORLDS_TRIED_MAX):
        scenario = world_for(mutant, seed)
        with planting(mutant):
            outcome = run_scenario(scenario)
        if outcome.is_red:
            assert not run_scenario(scenario).is_red
            return
    pytest.fail(f"nobody saw that {mutant.name}")


def test_every_fault_that_a_world_at_an_exchange_draws_is_one_it_can_make() -> None:
    assert [fault for fault in SEATED_STRENGTHS if fault not in eligible(Level.EXCHANGE)] == []


def test_a_grid_stands_in_a_world_at_an_exchange_and_in_no_other() -> None:
    wrong = msgspec.json.decode(write_scenario(calm(1)))
    wrong["level"] = "full"
    with pytest.raises(ScenarioRefused, match=r"shape\.grid must stand in a world at an exchange"):
        scenario_of(msgspec.json.encode(wrong), "wrong")
