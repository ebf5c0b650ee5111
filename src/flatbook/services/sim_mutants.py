"""The judges on trial: each planted bug must be seen in some world, and the same world must be green without it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import msgspec

from flatbook.services.sim_crash import cuts_of
from flatbook.services.sim_fleet import Fleet, Tried
from flatbook.services.sim_worker import Job
from flatbook.sim.runs.mutants import MUTANTS, Mutant, world_for
from flatbook.sim.runs.scripted import scripted

WORLDS_MAX = 60


class Hunt(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one planted bug. `killer` names the world that showed it, None where none did.

    `room` is what a bug waits for that cannot be planted yet. `controls_red` are worlds that were red without the bug
    too, and so prove nothing. Units: worlds run with the bug planted.
    """

    number: int
    name: str
    room: str | None = None
    killer: str | None = None
    reasons: tuple[str, ...] = ()
    worlds: int = 0
    controls_red: tuple[str, ...] = ()

    @property
    def survived(self) -> bool:
        """Whether a bug that can be planted was not seen."""
        return self.room is None and self.killer is None


def hunts(workers: int, numbers: Iterable[int] | None = None, *, watch: Callable[[Hunt], None]) -> tuple[Hunt, ...]:
    """Hunts the planted bugs of these numbers, all of them without any, and returns what came of each."""
    wanted = None if numbers is None else dict.fromkeys(numbers)
    found = []
    for mutant in MUTANTS:
        if wanted is None or mutant.number in wanted:
            with Fleet(workers) as fleet:
                found.append(hunt(fleet, mutant))
            watch(found[-1])
    return tuple(found)


def hunt(fleet: Fleet, mutant: Mutant) -> Hunt:
    """Runs worlds with a bug planted until one of them is red that is green without it.

    Needs: a fleet that has nothing else under way, and ends afterwards.
    """
    if mutant.plant is None:
        return Hunt(number=mutant.number, name=mutant.name, room=mutant.room)
    worlds, controls_red = 0, []
    for tried in fleet.run(_jobs(mutant)):
        worlds += 1
        if not tried.outcome.is_red:
            continue
        if _is_red_without(tried):
            controls_red.append(tried.job.name)
            continue
        return Hunt(
            number=mutant.number,
            name=mutant.name,
            killer=tried.job.name,
            reasons=tried.outcome.reasons,
            worlds=worlds,
            controls_red=tuple(controls_red),
        )
    return Hunt(number=mutant.number, name=mutant.name, worlds=worlds, controls_red=tuple(controls_red))


def _is_red_without(tried: Tried) -> bool:
    """Runs the world of a job again without the bug, in a process of its own."""
    control = msgspec.structs.replace(tried.job, mutant=None)
    with Fleet(1) as fleet:
        return any(again.outcome.is_red for again in fleet.run((control,)))


def _jobs(mutant: Mutant) -> Iterator[Job]:
    if mutant.crashes:
        for kept in scripted():
            for job in cuts_of(kept.name, kept.scenario):
                yield msgspec.structs.replace(job, mutant=mutant.number)
    for number in range(WORLDS_MAX):
        yield Job(
            name=f"planted world {number}",
            replay=f"flatbook sim mutants --number {mutant.number}",
            scenario=world_for(mutant, number),
            mutant=mutant.number,
        )
