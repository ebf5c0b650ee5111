"""Many simulated worlds at once, over processes: each job has exactly one outcome, whatever happens to its process."""

from __future__ import annotations

import os
import selectors
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import NamedTuple

import msgspec

from flatbook.services.sim_worker import Job
from flatbook.sim.runs.outcome import Outcome

WORKERS_MAX = 64
JOB_S_MAX = 120
EXIT_S_MAX = 5
READ_BYTES = 1 << 16
ANSWER_BYTES_MAX = 1 << 24
WORKER = (sys.executable, "-m", "flatbook.services.sim_worker")
HASH_SEED_VARIABLE = "PYTHONHASHSEED"


class Tried(NamedTuple):
    """A job and what came of it."""

    job: Job
    outcome: Outcome


class Worker:
    """One process, and the job it has."""

    def __init__(self, command: tuple[str, ...], environment: dict[str, str]) -> None:
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, env=environment, bufsize=0)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._questions, self.answers = self._process.stdin, self._process.stdout
        self.job: Job | None = None
        self.began_s = 0.0
        self._read = b""

    def begin(self, job: Job) -> None:
        """Gives the process a job; when it is dead already, reading says so."""
        self.job, self.began_s = job, time.monotonic()
        line = memoryview(msgspec.json.encode(job) + b"\n")
        try:
            while line:
                line = line[self._questions.write(line) :]
        except BrokenPipeError:
            return

    def read(self) -> Outcome | None:
        """Reads what the process has said; None while its answer is not whole."""
        read = os.read(self.answers.fileno(), READ_BYTES)
        self._read += read
        if b"\n" in self._read:
            line, _, self._read = self._read.partition(b"\n")
            return _outcome_of(line)
        if not read or len(self._read) > ANSWER_BYTES_MAX:
            return _failure(f"the worker ended with exit code {self._exit_code()} and no answer")
        return None

    def _exit_code(self) -> int | None:
        try:
            return self._process.wait(EXIT_S_MAX)
        except subprocess.TimeoutExpired:
            return None

    def end(self) -> None:
        """Ends the process."""
        self._process.kill()
        self._process.wait()
        self._questions.close()
        self.answers.close()


class Fleet:
    """Runs jobs over a bounded number of processes. Used as a context: they end with it.

    Units: `hash_seed` is what Python's hashes of texts begin with in these processes, None for chance; `job_s_max`
    seconds of real time. `command` starts a worker.
    """

    def __init__(
        self,
        workers: int,
        *,
        hash_seed: int | None = None,
        job_s_max: float = JOB_S_MAX,
        command: tuple[str, ...] = WORKER,
    ) -> None:
        if not 1 <= workers <= WORKERS_MAX:
            raise ValueError(f"from 1 to {WORKERS_MAX} workers, not {workers}")
        self.count, self._command, self._job_s_max = workers, command, job_s_max
        seeded = {} if hash_seed is None else {HASH_SEED_VARIABLE: str(hash_seed)}
        self._environment = {**os.environ, **seeded}
        self._workers: list[Worker] = []

    def __enter__(self) -> Fleet:
        """Returns itself; processes are started when there is something to do."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends all processes, whatever they do."""
        for worker in self._workers:
            worker.end()
        self._workers.clear()

    def run(self, jobs: Iterable[Job]) -> Iterator[Tried]:
        """Yields each job with its outcome as it ends. A job whose process died, hung or raised is a failure."""
        waiting = iter(jobs)
        while self._begin(waiting):
            for worker, outcome in self._ended():
                job, worker.job = worker.job, None
                assert job is not None
                if not outcome.trace:
                    self._drop(worker)
                yield Tried(job, outcome)

    def _begin(self, waiting: Iterator[Job]) -> bool:
        """Gives a job to each process that has none, and returns whether anything is under way."""
        for index in range(self.count):
            if index < len(self._workers) and self._workers[index].job is not None:
                continue
            job = next(waiting, None)
            if job is None:
                break
            if index == len(self._workers):
                self._workers.append(Worker(self._command, self._environment))
            self._workers[index].begin(job)
        return any(worker.job is not None for worker in self._workers)

    def _ended(self) -> list[tuple[Worker, Outcome]]:
        """Waits until something is said or is overdue, and returns what has ended."""
        busy = [worker for worker in self._workers if worker.job is not None]
        due_s = min(worker.began_s for worker in busy) + self._job_s_max
        with selectors.DefaultSelector() as selector:
            for worker in busy:
                selector.register(worker.answers, selectors.EVENT_READ, worker)
            heard = [key.data for key, _ in selector.select(max(0.0, due_s - time.monotonic()))]
        read = [(worker, worker.read()) for worker in heard]
        ended = [(worker, outcome) for worker, outcome in read if outcome is not None]
        now_s = time.monotonic()
        for worker in busy:
            if now_s >= worker.began_s + self._job_s_max and all(worker is not each for each, _ in ended):
                ended.append((worker, _failure(f"the world did not end within {self._job_s_max} s of real time")))
        return ended

    def _drop(self, worker: Worker) -> None:
        worker.end()
        self._workers.remove(worker)


def workers_here() -> int:
    """Returns how many processes this machine has room for."""
    return min(WORKERS_MAX, os.cpu_count() or 1)


def _failure(why: str) -> Outcome:
    return Outcome(failures=(why,))


def _outcome_of(line: bytes) -> Outcome:
    try:
        return msgspec.json.decode(line, type=Outcome)
    except (msgspec.MsgspecError, ValueError) as error:
        return _failure(f"the worker's answer cannot be read: {error}")
