"""Worlds repeat with their seed, and judges find nothing in them."""

from __future__ import annotations

import asyncio
import gc
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from flatbook.events.orders import OrderFilled
from flatbook.services.sim_crash import cuts_of
from flatbook.services.sim_fleet import Fleet
from flatbook.services.sim_runs import paired, swarm_jobs
from flatbook.services.sim_trial import judged, run_scenario, run_seed
from flatbook.services.simulated import run_world
from flatbook.sim.catalogue.row import Level
from flatbook.sim.runs.scenario import ScenarioRefused, deepened, draw_scenario, read_scenario, write_scenario
from flatbook.sim.runs.scripted import kept_scenario, regressions, scripted
from flatbook.sim.runs.tally import Tally
from flatbook.sim.world.process import CrashPoint, Cut
from flatbook.sim.world.record import SHARE, Appended
from tests.depth import THOROUGH, part_of

SEEDS = tuple(str(number) for number in range(8))
SWARM = range(60 if THOROUGH else 12)
EACH_NTH_CUT = 40


@pytest.mark.parametrize("seed", SEEDS)
def test_the_same_seed_gives_the_same_world(seed: str) -> None:
    first, second = run_world(draw_scenario(seed)), run_world(draw_scenario(seed))
    assert first.record.trace() == second.record.trace()
    assert first.failures == []


def test_another_seed_gives_another_world() -> None:
    traces = [run_world(draw_scenario(seed)).record.trace() for seed in SEEDS]
    assert len(dict.fromkeys(traces)) == len(SEEDS)


def test_hash_seeds_of_processes_change_no_world() -> None:
    tally = Tally()
    with Fleet(1) as fleet:
        assert paired(range(5), fleet, tally, lambda _: None) == 5
    assert [red.name for red in tally.red] == []


def test_seeds_that_once_failed_scripted_worlds_and_new_seeds_are_green() -> None:
    jobs = list(swarm_jobs(SWARM))
    red = {job.replay: list(outcome.told()) for job in jobs if (outcome := run_scenario(job.scenario)).is_red}
    assert red == {}
    kept = [scenario for _, scenario in scripted() if scenario.level is Level.CORE]
    assert len(jobs) == len(regressions()) + len(kept) + len(SWARM)


def test_killed_lives_leave_no_task_and_no_complaint_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    lost: list[str] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda told: lost.append(f"{told.object!r}: {told.exc_value}"))
    cuts = [job.scenario for job in cuts_of("alpaca_on_bytes", kept_scenario("alpaca_on_bytes"))]
    some, seeds = part_of(cuts, EACH_NTH_CUT), part_of(SEEDS)
    gc.freeze()  # what other tests have left here is not looked through after each world
    for scenario in [*some, *(deepened(draw_scenario(seed)) for seed in seeds), *map(draw_scenario, seeds)]:
        world = run_world(scenario)
        assert asyncio.all_tasks(world.loop) == set()
        del world
        gc.collect()
    assert lost == []
    assert len(cuts) > 100


def test_a_seed_may_run_the_plan_of_a_scenario_and_be_cut() -> None:
    plain = kept_scenario("plain_fills")
    first = run_seed(1, scenario=plain)
    cut = run_seed(1, scenario=plain, crash_at=CrashPoint(cut=Cut.AFTER_SEND, number=4))
    assert (first.is_red, cut.is_red, cut.faults.get("P3")) == (False, False, 1)
    assert cut.trace != first.trace


def test_venues_that_trade_in_contracts_are_judged_in_shares() -> None:
    drawn = next(each for seed in range(50) if (each := draw_scenario(str(seed))).shape.contract != SHARE)
    world = run_world(drawn)
    filled = [event for entry in world.record.entries if isinstance(entry, Appended) for event in entry.events]
    sizes = {event.contract_size for event in filled if isinstance(event, OrderFilled)}
    assert (sizes, list(judged(world, uncut=None).told())) == ({Decimal("0.1")}, [])


def test_a_scenario_survives_its_file_and_a_wrong_one_is_refused(tmp_path: Path) -> None:
    path, scenario = tmp_path / "world.json", draw_scenario("7")
    path.write_bytes(write_scenario(scenario))
    assert read_scenario(path) == scenario
    path.write_bytes(write_scenario(scenario).replace(b'"drift_ppm"', b'"drift_pmm"'))
    with pytest.raises(ScenarioRefused, match="drift_pmm"):
        read_scenario(path)
    path.write_bytes(write_scenario(scenario).replace(b'"version": 2', b'"version": 3'))
    with pytest.raises(ScenarioRefused, match="version 3, this program makes and reads version 2"):
        read_scenario(path)
