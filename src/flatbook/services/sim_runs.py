"""Runs of many worlds: which ones, in what order, and what they come to."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from itertools import takewhile

from msgspec.structs import replace

from flatbook.services.sim_crash import cuts_of, pairs_of
from flatbook.services.sim_fleet import Fleet, Tried
from flatbook.services.sim_trial import uncut_of
from flatbook.services.sim_worker import Job
from flatbook.sim.catalogue.row import Level
from flatbook.sim.runs.outcome import Outcome
from flatbook.sim.runs.scenario import Scenario, deepened, draw_scenario
from flatbook.sim.runs.scripted import Kept, regressions, scripted
from flatbook.sim.runs.seating import draw_seated
from flatbook.sim.runs.shrink import Shrunk, shrink
from flatbook.sim.runs.tally import Red, Tally

HASH_SEEDS = (1, 2)
NOT_THE_SAME = "two runs of one seed differ"

CANARY, CANARY_REASON, CANARY_SEEDS = 1, "I4", range(4)

Watch = Callable[[Tally], None]
DRAWS: dict[Level, Callable[[str], Scenario]] = {
    Level.CORE: draw_scenario,
    Level.FULL: lambda seed: deepened(draw_scenario(seed)),
    Level.EXCHANGE: draw_seated,
}


def seed_job(seed: int, level: Level = Level.CORE) -> Job:
    """Returns the job of a seed, as deep as a level says."""
    words = f"seed {seed}" if level is Level.CORE else f"seed {seed} --level {level.value}"
    return Job(name=f"seed {seed}", replay=f"flatbook sim {words}", scenario=DRAWS[level](str(seed)))


def kept_job(kept: Kept) -> Job:
    """Returns the job of a scenario that is kept."""
    return Job(
        name=f"scenario {kept.name}",
        replay=f"flatbook sim scenario {kept.name}",
        scenario=kept.scenario,
        uncut=uncut_of(kept.scenario),
    )


def swarm_jobs(seeds: range, level: Level = Level.CORE) -> Iterator[Job]:
    """Yields the worlds of a level: those that once failed, the scripted ones, and those of a range of seeds."""
    yield from (seed_job(seed, level) for seed in regressions(level))
    yield from (kept_job(kept) for kept in scripted() if kept.scenario.level is level)
    yield from (seed_job(seed, level) for seed in seeds)


def swarm_size(seeds: range, level: Level = Level.CORE) -> int:
    """Returns how many worlds `swarm_jobs` yields."""
    return len(regressions(level)) + sum(kept.scenario.level is level for kept in scripted()) + len(seeds)


def known_bad_jobs() -> tuple[Job, ...]:
    """Returns some worlds with a bug planted that a run must fail for."""
    return tuple(replace(seed_job(seed), mutant=CANARY) for seed in CANARY_SEEDS)


def crash_jobs(scenarios: Iterable[Kept], *, pairs: bool) -> Iterator[Job]:
    """Yields scenarios cut at each point; with `pairs`, each cut once more during its recovery."""
    for kept in scenarios:
        yield from (pairs_of if pairs else cuts_of)(kept.name, kept.scenario)


def tally_of(jobs: Iterable[Job], fleet: Fleet, watch: Watch, *, minutes: int | None = None) -> Tally:
    """Runs jobs and returns what they came to; after so many minutes no further job is begun."""
    until_s = None if minutes is None else time.monotonic() + 60 * minutes
    in_time = takewhile(lambda _: until_s is None or time.monotonic() < until_s, jobs)
    tally = Tally()
    for tried in fleet.run(in_time):
        tally.add(tried.job.name, tried.job.replay, tried.job.scenario, tried.outcome)
        watch(tally)
    return tally


def paired(seeds: range, fleet: Fleet, tally: Tally, watch: Watch, *, level: Level = Level.CORE) -> int:
    """Runs seeds twice, in processes with two hash seeds, and adds each pair that differs. Returns how many pairs.

    `fleet` says how many processes run at once.
    """
    runs: list[dict[str, Tried]] = []
    for hash_seed in HASH_SEEDS:
        with Fleet(fleet.count, hash_seed=hash_seed) as seeded:
            runs.append({tried.job.name: tried for tried in seeded.run(seed_job(seed, level) for seed in seeds)})
    for name, (job, outcome) in runs[0].items():
        if not outcome.trace or outcome.trace != runs[1][name].outcome.trace:
            tally.add(f"{name}, twice", job.replay, job.scenario, Outcome(failures=(NOT_THE_SAME,)))
        watch(tally)
    return len(runs[0])


def smallest(red: Red) -> Shrunk:
    """Returns the smallest world that fails for the same first reason as a red one."""
    reason = red.outcome.reasons[0]
    with Fleet(1) as fleet:

        def fails(scenario: Scenario) -> bool:
            job = Job(name=red.name, replay=red.replay, scenario=scenario, uncut=uncut_of(scenario))
            return any(reason in tried.outcome.reasons for tried in fleet.run((job,)))

        return shrink(red.scenario, fails)
