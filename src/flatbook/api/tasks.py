"""Verbs of the command line that the console may start: each in a process of its own, bounded in time and in words.

What they do is what the same words do in a terminal; nothing is done here a second time. One runs at once, behind
everything else that the machine does, and none of them reaches the engine: they read, copy, ask and report.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

import msgspec

from flatbook.api.own_verbs import SaidTooMuch, run_verb
from flatbook.api.problems import Code, Problem
from flatbook.engine.ports import Clock
from flatbook.values.instants import Instant, text_of_instant

TASKS_MAX = 32
BACKUP_FOLDER, EXPORT_FOLDER = "backups", "exports"


class TaskKind(Enum):
    """What can be started."""

    TEST_ALERTS = "test_alerts"
    BACKUP = "backup"
    CHECK_BACKUP = "check_backup"
    EXPORT = "export"
    BACKTEST = "backtest"
    COMPARE = "compare"


TIME_S: Mapping[TaskKind, int] = {
    TaskKind.TEST_ALERTS: 120,
    TaskKind.BACKUP: 900,
    TaskKind.CHECK_BACKUP: 900,
    TaskKind.EXPORT: 900,
    TaskKind.BACKTEST: 1_800,
    TaskKind.COMPARE: 1_800,
}


class TaskState(Enum):
    """How a task stands: `failed` says so by its exit code; `stopped` took or said too much, or somebody stopped it."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"


class TaskBody(msgspec.Struct, frozen=True, kw_only=True):
    """One task: the words that do the same in a terminal, who began it, and how far it is.

    `result` is what `flatbook VERB --json` answers, also where it failed; `said` are its last lines on standard error,
    `progress` the newest of them while it runs.
    """

    id: str
    kind: TaskKind
    cli: str
    actor: str
    began_at: str
    ended_at: str | None
    state: TaskState
    exit_code: int | None
    progress: str | None
    said: str
    result: dict[str, Any] | None


class _Task(msgspec.Struct, kw_only=True):
    """A task while it is looked after."""

    id: str
    kind: TaskKind
    words: tuple[str, ...]
    actor: str
    began_at: Instant
    ended_at: Instant | None = None
    stopped_by: str | None = None
    state: TaskState = TaskState.RUNNING
    exit_code: int | None = None
    said: list[str] = msgspec.field(default_factory=list)
    result: dict[str, Any] | None = None

    def body(self) -> TaskBody:
        """Returns the task as programs read it."""
        is_over = self.state is not TaskState.RUNNING
        return TaskBody(
            id=self.id,
            kind=self.kind,
            cli=" ".join(("flatbook", *(f"'{word}'" if " " in word else word for word in self.words))),
            actor=self.actor,
            began_at=text_of_instant(self.began_at),
            ended_at=None if self.ended_at is None else text_of_instant(self.ended_at),
            state=self.state,
            exit_code=self.exit_code,
            progress=self.said[-1] if self.said and not is_over else None,
            said="\n".join(self.said) if is_over else "",
            result=self.result,
        )


class Tasks:
    """The newest TASKS_MAX tasks of one process. `place` is said to each of them: the home and its configuration."""

    def __init__(self, place: Sequence[str], clock: Clock) -> None:
        self._place, self._clock = tuple(place), clock
        self._kept: dict[str, _Task] = {}
        self._running: asyncio.Task[None] | None = None

    def all(self) -> list[TaskBody]:
        """Returns the tasks, the newest first."""
        return [task.body() for task in reversed(tuple(self._kept.values()))]

    def look(self, task_id: str) -> TaskBody:
        """Returns one task.

        Errors: Problem where there is none of this name.
        """
        found = self._kept.get(task_id)
        if found is None:
            raise Problem(404, Code.NOT_FOUND, "there is no such task: only the newest are kept, until the API ends")
        return found.body()

    def begin(self, kind: TaskKind, words: Sequence[str], actor: str) -> TaskBody:
        """Starts a task, and returns it while it runs.

        Errors: Problem where another one runs.
        """
        if self._running is not None:
            raise Problem(409, Code.UNDER_WAY, "another task runs: one at a time", headers={"retry-after": "5"})
        now = self._clock.now()
        task = _Task(id=f"{kind.value}-{now}", kind=kind, words=tuple(words), actor=actor, began_at=now)
        self._kept[task.id] = task
        for old in list(self._kept)[:-TASKS_MAX]:
            del self._kept[old]
        self._running = asyncio.create_task(self._run(task))
        return task.body()

    async def stop(self, task_id: str, actor: str) -> TaskBody:
        """Ends the process of a task, and returns the task once that is gone; one that is over stays as it ended.

        Errors: Problem where there is none of this name.
        """
        self.look(task_id)
        task = self._kept[task_id]
        if task.state is TaskState.RUNNING:
            task.stopped_by = task.stopped_by or actor
            await self._end_running()
        return task.body()

    async def close(self) -> None:
        """Ends what still runs."""
        await self._end_running()

    async def _end_running(self) -> None:
        if self._running is not None:
            if not self._running.cancelling():  # a second one would leave the process before it has ended
                self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)

    async def _run(self, task: _Task) -> None:
        try:
            words = (*task.words, "--json", *self._place)
            task.exit_code, output = await run_verb(words, TIME_S[task.kind], task.said)
            task.result = _result_of(output)
            task.state = TaskState.DONE if task.exit_code == 0 else TaskState.FAILED
        except TimeoutError:
            task.said.append(f"it was stopped: it took longer than {TIME_S[task.kind]} s")
        except SaidTooMuch as much:
            task.said.append(f"it was stopped: {much}")
        except OSError as error:
            task.said.append(f"it could not be started: {error.strerror}")
        finally:
            task.ended_at = self._clock.now()
            if task.stopped_by is not None:
                task.said.append(f"it was stopped by {task.stopped_by}")
            task.state = TaskState.STOPPED if task.state is TaskState.RUNNING else task.state
            self._running = None


def _result_of(output: bytes) -> dict[str, Any] | None:
    """Returns the answer of a verb; None where it gave none."""
    try:
        return msgspec.json.decode(output, type=dict[str, Any])
    except msgspec.MsgspecError:
        return None
