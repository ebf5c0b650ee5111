"""Crash enumeration: a scripted world is cut around every append and every send, and started again."""

from __future__ import annotations

from collections.abc import Iterator

from flatbook.services.sim_trial import cut_at, uncut_of
from flatbook.services.sim_worker import Job
from flatbook.services.simulated import run_world
from flatbook.sim.runs.scenario import Scenario
from flatbook.sim.world.process import CrashPoint, Cut, Scissors

OF_APPENDS = (Cut.BEFORE_APPEND, Cut.WITHIN_APPEND, Cut.AFTER_APPEND)
OF_SENDS = (Cut.BEFORE_SEND, Cut.AFTER_SEND)
RECOVERY_MAX = 6


def points_of(scenario: Scenario) -> tuple[CrashPoint, ...]:
    """Returns every point of the first life of a world at which it can be cut."""
    return _points(run_world(scenario).lives[0].scissors, None)


def cuts_of(name: str, scenario: Scenario) -> Iterator[Job]:
    """Yields the world of a scenario cut at each of its points, each to be compared with the uncut one."""
    for point in points_of(scenario):
        yield _job(name, scenario, point)


def pairs_of(name: str, scenario: Scenario) -> Iterator[Job]:
    """Yields the world cut at each point, and once more at each of the first points of the life that follows.

    Recovery stands at the beginning of a life: RECOVERY_MAX appends and sends of it are cut.
    """
    for first in points_of(scenario):
        lives = run_world(cut_at(scenario, first)).lives
        for second in _points(lives[1].scissors, RECOVERY_MAX) if len(lives) > 1 else ():
            yield _job(name, scenario, first, second)


def text_of_point(point: CrashPoint) -> str:
    """Returns a crash point as it is written on the command line."""
    return f"{point.cut.value}:{point.number}"


def _job(name: str, scenario: Scenario, *points: CrashPoint) -> Job:
    cut, texts = cut_at(scenario, *points), [text_of_point(point) for point in points]
    return Job(
        name=f"{name} cut at {' and '.join(texts)}",
        replay=f"flatbook sim scenario {name} {' '.join(f'--cut {text}' for text in texts)}",
        scenario=cut,
        uncut=uncut_of(cut),
    )


def _points(scissors: Scissors, count_max: int | None) -> tuple[CrashPoint, ...]:
    return tuple(
        CrashPoint(cut=cut, number=number)
        for cuts, count in ((OF_APPENDS, scissors.appends), (OF_SENDS, scissors.sends))
        for number in range(1, (count if count_max is None else min(count, count_max)) + 1)
        for cut in cuts
    )
