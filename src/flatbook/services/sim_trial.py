"""One simulated world, run and judged: from a scenario to its outcome."""

from __future__ import annotations

import time

from msgspec.structs import replace

from flatbook.services.sim_results import results_of, seat_results_of
from flatbook.services.simulated import World, run_world
from flatbook.sim.judges.of_pairs import recovery
from flatbook.sim.judges.table import judge
from flatbook.sim.judges.verdict import Violation
from flatbook.sim.runs.expected import expectation_of
from flatbook.sim.runs.outcome import Outcome
from flatbook.sim.runs.planned import PlannedCrash
from flatbook.sim.runs.reached import reached_in
from flatbook.sim.runs.scenario import Scenario, draw_scenario
from flatbook.sim.world.process import CrashPoint
from flatbook.sim.world.record import Record
from flatbook.values.instants import NS_PER_MS

CRASH_DOWN_MS = 2_000
NS_PER_US = 1_000


def run_seed(seed: int, *, scenario: Scenario | None = None, crash_at: CrashPoint | None = None) -> Outcome:
    """Runs the world of a seed, or that of a scenario with the chance of this seed, and judges it.

    Errors: InjectorFailed when an injector broke; whatever the world's own code raises.
    """
    drawn = draw_scenario(str(seed)) if scenario is None else seeded(scenario, str(seed))
    return run_scenario(drawn if crash_at is None else cut_at(drawn, crash_at))


def run_scenario(scenario: Scenario, *, uncut: Record | None = None) -> Outcome:
    """Runs the world of a scenario and judges it; with `uncut`, also beside a run without its crash.

    Errors: InjectorFailed when an injector broke; whatever the world's own code raises.
    """
    began_ns = time.process_time_ns()
    outcome = judged(run_world(scenario), uncut=uncut)
    return replace(outcome, cpu_us=(time.process_time_ns() - began_ns) // NS_PER_US)


def judged(world: World, *, uncut: Record | None) -> Outcome:
    """Returns the outcome of a world that ran to its end."""
    is_seated = world.scenario.shape.grid is not None
    results = seat_results_of(world.record, world.life.engine.state) if is_seated else results_of(world.record)
    found: tuple[Violation, ...] = judge(world.record, expectation_of(world.scenario), results).violations
    if uncut is not None and not is_seated:
        found += recovery(uncut, world.record)
    reached = reached_in(world.record)
    return Outcome(
        trace=world.record.trace(),
        violations=found,
        failures=tuple(world.failures),
        faults=reached.faults,
        edges=reached.edges,
        cells=reached.cells,
        events=reached.events,
        virtual_ms=(world.loop.instant - world.scenario.start) // NS_PER_MS,
    )


def seeded(scenario: Scenario, seed: str) -> Scenario:
    """Returns a scenario with another source of chance; what is planned stays."""
    return replace(scenario, seed=seed)


def cut_at(scenario: Scenario, *points: CrashPoint) -> Scenario:
    """Returns a scenario whose first lives are cut at these points, one each; it has no other crashes."""
    crashes = tuple(PlannedCrash(down_ms=CRASH_DOWN_MS, point=point) for point in points)
    return replace(scenario, crashes=crashes)


def uncut_of(scenario: Scenario) -> Scenario | None:
    """Returns the world without its crashes with which one is compared that is cut at points; None for any other."""
    points = [crash.point for crash in scenario.crashes]
    return replace(scenario, crashes=()) if points and all(points) else None
