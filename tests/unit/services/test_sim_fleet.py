"""Each job has exactly one outcome, whatever happens to the process that runs it."""

from __future__ import annotations

import sys

import pytest
from msgspec.structs import replace

from flatbook.services.sim_fleet import Fleet
from flatbook.services.sim_worker import Job
from flatbook.sim.runs.outcome import Outcome
from flatbook.sim.runs.scenario import draw_scenario
from flatbook.sim.runs.scripted import kept_scenario

JOBS = tuple(
    Job(name=f"seed {number}", replay=f"flatbook sim seed {number}", scenario=draw_scenario(str(number)))
    for number in range(4)
)
GREEN = r'print("{\"trace\":\"ab\"}", flush=True)'


def outcomes(code: str, *, workers: int = 1, job_s_max: float = 60) -> dict[str, Outcome]:
    """Runs jobs on processes that run some code for each line, and returns the outcomes by name."""
    script = f"import os, sys, time\nfor number, line in enumerate(sys.stdin, 1):\n    {code}"
    with Fleet(workers, command=(sys.executable, "-c", script), job_s_max=job_s_max) as fleet:
        tried = list(fleet.run(JOBS))
    assert len(tried) == len(JOBS)
    return {each.job.name: each.outcome for each in tried}


@pytest.mark.parametrize("workers", [1, 3, 8])
def test_every_job_ends_once_with_any_number_of_processes(workers: int) -> None:
    assert [each.is_red for each in outcomes(GREEN, workers=workers).values()] == [False] * 4


def test_a_process_that_dies_fails_its_job_and_the_others_go_on() -> None:
    told = outcomes(f"os._exit(7) if number == 2 else {GREEN}")
    assert told["seed 1"].failures == ("the worker ended with exit code 7 and no answer",)
    assert told["seed 3"].is_red
    assert [told[f"seed {number}"].is_red for number in (0, 2)] == [False, False]


def test_a_process_that_hangs_is_ended_and_its_job_fails() -> None:
    told = outcomes(f"time.sleep(60) if 'seed 2' in line else {GREEN}", job_s_max=2)
    assert told["seed 2"].failures == ("the world did not end within 2 s of real time",)
    assert [told[f"seed {number}"].is_red for number in (0, 1, 3)] == [False] * 3


def test_an_answer_that_is_none_is_a_failure() -> None:
    told = outcomes('print("green, trust me", flush=True)')
    assert all(each.failures[0].startswith("the worker's answer cannot be read") for each in told.values())


def test_a_world_that_raises_is_a_failure_that_says_where() -> None:
    plain = kept_scenario("plain_fills")
    nowhere = replace(plain, fills=(), shape=replace(plain.shape, symbols=("NONE",)))
    jobs = [Job(name=name, replay="", scenario=scenario) for name, scenario in (("wrong", nowhere), ("plain", plain))]
    with Fleet(1) as fleet:
        wrong, right = (tried.outcome for tried in fleet.run(jobs))
    assert (wrong.reasons, wrong.trace) == (("failure",), "")
    assert wrong.failures[0].startswith("KeyError: 'NONE'")
    assert "simulated.py:" in wrong.failures[0]
    assert (right.is_red, right.virtual_ms > 0, right.events > 0) == (False, True, True)


def test_the_number_of_processes_is_bounded() -> None:
    for workers in (0, 65):
        with pytest.raises(ValueError, match="from 1 to 64 workers"):
            Fleet(workers)
