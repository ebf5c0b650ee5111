"""A process that runs worlds: `python -m flatbook.services.sim_worker` reads a job a line and answers a line each.

It ends when its input ends. A world that raises ends it too, after it has said what was raised, and where.
"""

from __future__ import annotations

import sys
from contextlib import nullcontext
from traceback import extract_tb
from types import TracebackType

import msgspec

from flatbook.services.sim_trial import run_scenario
from flatbook.services.simulated import run_world
from flatbook.sim.runs.mutants import mutant_of, planting
from flatbook.sim.runs.outcome import Outcome
from flatbook.sim.runs.scenario import Scenario
from flatbook.sim.world.record import Record


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A world to run; with `uncut`, it is compared with that world, which has no crash.

    `name` says to people which world it is, `replay` is the command that runs it again. `mutant` is the number of the
    bug that is planted while it runs.
    """

    name: str
    replay: str
    scenario: Scenario
    uncut: Scenario | None = None
    mutant: int | None = None


class Bench:
    """Runs jobs. The record of the last uncut world is kept: enumeration asks for the same one again and again."""

    def __init__(self) -> None:
        self._uncut: tuple[Scenario, Record] | None = None

    def run(self, job: Job) -> Outcome:
        """Runs one job. The world that a crash is compared with has no bug planted."""
        uncut = None if job.uncut is None else self._record_of(job.uncut)
        with nullcontext() if job.mutant is None else planting(mutant_of(job.mutant)):
            return run_scenario(job.scenario, uncut=uncut)

    def _record_of(self, scenario: Scenario) -> Record:
        if self._uncut is None or self._uncut[0] != scenario:
            self._uncut = (scenario, run_world(scenario).record)
        return self._uncut[1]


def broken(error: BaseException, trace: TracebackType | None) -> Outcome:
    """Returns the outcome of a world that raised."""
    place = next((f", {frame.filename}:{frame.lineno} in {frame.name}" for frame in reversed(extract_tb(trace))), "")
    return Outcome(failures=(f"{type(error).__name__}: {error}{place}",))


def main() -> None:
    """Runs jobs until the input ends."""
    answers, decoder, bench = sys.stdout.buffer, msgspec.json.Decoder(Job), Bench()

    def tell(outcome: Outcome) -> None:
        answers.write(msgspec.json.encode(outcome) + b"\n")
        answers.flush()

    def raised(_kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        tell(broken(error, trace))

    sys.excepthook = raised
    for line in sys.stdin.buffer:
        tell(bench.run(decoder.decode(line)))


if __name__ == "__main__":
    main()
