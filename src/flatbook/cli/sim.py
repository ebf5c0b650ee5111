"""`flatbook sim`: simulated worlds in which everything goes wrong, and what they came to."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from flatbook.cli.faults import Exit, Failed
from flatbook.cli.options import HERE, Where, says
from flatbook.cli.output import Progress, progress, show

if TYPE_CHECKING:
    from flatbook.services.sim_fleet import Fleet
    from flatbook.sim.runs.tally import Tally
    from flatbook.sim.world.process import CrashPoint

SEEDS_BY_DEFAULT = "0:500"
CORE: Literal["core"] = "core"
SEEDS_MAX = 1_000_000_000
MINUTES_MAX = 7 * 24 * 60
PAIRS_MAX = 10_000
CUT_FAULTS = ("P1", "P2", "P3", "P6")

Depth = Annotated[
    Literal["core", "full", "exchange"],
    says(
        "core: venues at the engine's port; full: adapters that speak bytes; exchange: a grid at an exchange, on bytes."
    ),
]
Keep = Annotated[Path | None, says("Folder for the smallest worlds that fail; they are not looked for when left out.")]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Work:
    """How many worlds run at once, and where they are reported."""

    workers: Annotated[int | None, says("How many processes; one for each processor when left out.")] = None
    report: Annotated[Path | None, says("File to write a report for a browser to.")] = None
    keep: Keep = None

    def fleet(self) -> Fleet:
        """Returns the processes.

        Errors: Failed.
        """
        from flatbook.services.sim_fleet import WORKERS_MAX, Fleet, workers_here

        count = workers_here() if self.workers is None else self.workers
        _check(1 <= count <= WORKERS_MAX, "--workers", f"from 1 to {WORKERS_MAX}")
        return Fleet(count)


WORK = Work()


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Swarm:
    """Which seeds run, and how deep their worlds go."""

    seeds: Annotated[str, says("From which seed to before which one, as in 0:500.")] = SEEDS_BY_DEFAULT
    level: Depth = CORE

    def range(self) -> range:
        """Returns the seeds.

        Errors: Failed.
        """
        return _seeds(self.seeds)


SWARM = Swarm()


def run(
    *,
    swarm: Swarm = SWARM,
    minutes: Annotated[int | None, says("Begin no further world after so many minutes.")] = None,
    pairs: Annotated[int, says("Run so many of the seeds twice, under two hash seeds, and compare.")] = 0,
    covered: Annotated[bool, says("Fail when a fault that worlds can have never struck.")] = False,
    work: Work = WORK,
    where: Where = HERE,
) -> int:
    """Runs simulated worlds, judges each, and fails when anything speaks against any of them.

    Seeds that once failed and the scripted worlds run first. A world is a desk with the production engine over venues,
    a chain, a network and a clock of our own making, in which faults strike by chance; judges compare what its journal
    says with what really happened. The same seed is the same world, everywhere.
    """
    from flatbook.cli.sim_told import told_of
    from flatbook.services.sim_runs import paired, swarm_jobs, swarm_size, tally_of
    from flatbook.sim.catalogue.row import Level

    chosen, level, watch = swarm.range(), Level(swarm.level), progress("worlds")
    _check(0 <= pairs <= PAIRS_MAX, "--pairs", f"from 0 to {PAIRS_MAX}")
    _check(minutes is None or 1 <= minutes <= MINUTES_MAX, "--minutes", f"from 1 to {MINUTES_MAX}")
    planned = swarm_size(chosen, level)
    watched = _watched(watch, planned)
    with work.fleet() as fleet:
        tally = tally_of(swarm_jobs(chosen, level), fleet, watched, minutes=minutes)
        twice = paired(chosen[:pairs], fleet, tally, watched, level=level) if pairs else 0
    told = told_of(tally, planned=planned, pairs=twice, covered=level if covered else None)
    return told.end("sim.run", work, as_json=where.as_json)


def seed(
    number: Annotated[int, says("The seed.")],
    /,
    *,
    write: Annotated[
        Path | None, says("File to write the world to, as a scenario that people can read and change.")
    ] = None,
    level: Depth = CORE,
    drawn_by: Annotated[int | None, says("Version of the scenarios that the seed was drawn by, to be sure.")] = None,
    keep: Keep = None,
    where: Where = HERE,
) -> int:
    """Runs the world of one seed again and says everything that speaks against it."""
    from flatbook.services.sim_runs import seed_job, tally_of
    from flatbook.sim.catalogue.row import Level
    from flatbook.sim.runs.scenario import VERSION, write_scenario
    from flatbook.sim.runs.scripted import check_version

    _check(0 <= number < SEEDS_MAX, "seed", f"from 0 to {SEEDS_MAX - 1}")
    check_version(VERSION if drawn_by is None else drawn_by, f"seed {number}")
    job = seed_job(number, Level(level))
    if write is not None:
        write.write_bytes(write_scenario(job.scenario))
    with Work(workers=1).fleet() as fleet:
        return _one(tally_of((job,), fleet, lambda _: None), "sim.seed", keep, where)


def scenario(
    name: Annotated[str, says("A scripted scenario by its name, or a file.")],
    /,
    *,
    cut: Annotated[list[str] | None, says("Where its lives are cut, one each, as in after_append:3.")] = None,
    keep: Keep = None,
    where: Where = HERE,
) -> int:
    """Runs the world of a scenario; where it is cut, it is compared with the same world without the cuts.

    A cut is before_append, after_append, before_send or after_send, and the number of the append or send in its life.
    """
    from flatbook.services.sim_runs import kept_job, tally_of
    from flatbook.services.sim_trial import cut_at
    from flatbook.sim.runs.scripted import Kept, kept_scenario

    whole, points = kept_scenario(name), [_point(text) for text in cut or ()]
    words = " ".join([name, *(f"--cut {text}" for text in cut or ())])
    job = kept_job(Kept(words, cut_at(whole, *points) if points else whole))
    with Work(workers=1).fleet() as fleet:
        tally = tally_of((job,), fleet, lambda _: None)
    if not tally.is_red and sum(tally.faults.get(fault, 0) for fault in CUT_FAULTS) < len(points):
        raise Failed(
            Exit.USAGE, "a life had fewer appends or sends, and was not cut", where="--cut", do="take smaller numbers"
        )
    return _one(tally, "sim.scenario", keep, where)


def crash(
    name: Annotated[str | None, says("A scripted scenario or a file; all scripted ones when left out.")] = None,
    /,
    *,
    pairs: Annotated[bool, says("Cut each once more while it recovers.")] = False,
    work: Work = WORK,
    where: Where = HERE,
) -> int:
    """Cuts scripted worlds before and after every append and every send, and compares each with the uncut one.

    Each must end with the same shares in the accounts, every fill hedged once, and nothing open.
    """
    from flatbook.cli.sim_told import told_of
    from flatbook.services.sim_runs import crash_jobs, tally_of
    from flatbook.sim.runs.scripted import Kept, kept_scenario, scripted

    scenarios = scripted() if name is None else (Kept(name, kept_scenario(name)),)
    jobs, watch = list(crash_jobs(scenarios, pairs=pairs)), progress("cuts")
    with work.fleet() as fleet:
        tally = tally_of(jobs, fleet, _watched(watch, len(jobs)))
    return told_of(tally, planned=len(jobs)).end("sim.crash", work, as_json=where.as_json)


def coverage(*, swarm: Swarm = SWARM, work: Work = WORK, where: Where = HERE) -> int:
    """Runs worlds and says which faults struck, which moves orders made, and in which status faults met them.

    It fails when anything speaks against a world, or when a fault that worlds can have never struck.
    """
    from flatbook.cli.sim_told import covered_parts, told_of
    from flatbook.services.sim_runs import swarm_jobs, swarm_size, tally_of
    from flatbook.sim.catalogue.row import Level

    chosen, level, watch = swarm.range(), Level(swarm.level), progress("worlds")
    planned = swarm_size(chosen, level)
    with work.fleet() as fleet:
        tally = tally_of(swarm_jobs(chosen, level), fleet, _watched(watch, planned))
    told = told_of(tally, planned=planned, covered=level)
    return told.end("sim.coverage", work, as_json=where.as_json, more=covered_parts)


def mutants(
    *,
    number: Annotated[list[int] | None, says("Only the planted bug of this number; may be given again.")] = None,
    workers: Annotated[int | None, says("How many processes; one for each processor when left out.")] = None,
    where: Where = HERE,
) -> int:
    """Plants known bugs one by one and looks whether the judges see each; a bug that nobody sees fails.

    A world counts as seeing a bug only if it is green without it. Bugs whose place in the product does not exist yet
    are listed, and count as neither seen nor missed.
    """
    from flatbook.cli.sim_told import hunted_body, hunted_parts
    from flatbook.services.sim_mutants import hunts
    from flatbook.sim.runs.mutants import MUTANTS

    known, watch = [mutant.number for mutant in MUTANTS], progress("planted bugs")
    unknown = [each for each in number or () if each not in known]
    if unknown:
        raise Failed(Exit.USAGE, f"no bug has the number {unknown[0]}", where="--number", do=f"1 to {max(known)}")
    seen = count(1)
    with Work(workers=workers).fleet() as fleet:
        found = hunts(fleet.count, number, watch=lambda _: watch(next(seen), len(number or known)))
    body = hunted_body(found)
    show("sim.mutants", body, lambda: hunted_parts(body), as_json=where.as_json)
    return Exit.ERROR if body["red"] else Exit.OK


def canary(*, where: Where = HERE) -> int:
    """Runs worlds of a product that is known to be bad, as `flatbook sim run` does, and fails unless that run fails.

    A run that cannot fail proves nothing: the judges must find the bug, and all behind them must say so.
    """
    from flatbook.cli.sim_told import canary_body, canary_line, told_of
    from flatbook.services.sim_runs import known_bad_jobs, tally_of

    jobs = known_bad_jobs()
    with Work().fleet() as fleet:
        body = canary_body(told_of(tally_of(jobs, fleet, lambda _: None), planned=len(jobs)))
    show("sim.canary", body, lambda: (canary_line(body),), as_json=where.as_json)
    return Exit.OK if body["alive"] else Exit.ERROR


def _one(tally: Tally, verb: str, keep: Path | None, where: Where) -> int:
    from flatbook.cli.sim_told import told_of

    return told_of(tally, planned=1).end(verb, Work(keep=keep), as_json=where.as_json)


def _watched(watch: Progress, planned: int) -> Any:
    return lambda tally: watch(tally.worlds, planned)


def _seeds(text: str) -> range:
    first, colon, until = text.partition(":")
    if not (colon and first.isdecimal() and until.isdecimal()):
        raise Failed(Exit.USAGE, f"{text!r} is no range of seeds", where="--seeds", do="write it as in 0:500")
    chosen = range(int(first), int(until))
    _check(bool(chosen) and chosen[-1] < SEEDS_MAX, "--seeds", f"at least one seed, each below {SEEDS_MAX}")
    return chosen


def _point(text: str) -> CrashPoint:
    from flatbook.sim.world.process import CrashPoint, Cut

    cuts, (word, _, number) = {cut.value: cut for cut in Cut}, text.partition(":")
    if word not in cuts or not number.isdecimal() or int(number) < 1:
        raise Failed(
            Exit.USAGE,
            f"{text!r} is no cut",
            where="--cut",
            do=f"name one of {', '.join(cuts)} with its number, from 1",
        )
    return CrashPoint(cut=cuts[word], number=int(number))


def _check(holds: bool, where: str, bounds: str) -> None:
    if not holds:
        raise Failed(Exit.USAGE, "is out of range", where=where, do=f"take {bounds}")
