"""Long looks at a desk: each is a verb of ours in a process of its own, bounded in time, and changes nothing.

The process reads the journal by itself, so that neither the engine nor the API waits for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from enum import Enum
from typing import Any, NamedTuple

import msgspec

from flatbook.api.own_verbs import SaidTooMuch, failure_of, run_verb
from flatbook.api.site import Site
from flatbook.engine.ports import Clock
from flatbook.values.instants import NS_PER_MS, Instant, seconds_between, text_of_instant

FAULTS = (msgspec.MsgspecError, SaidTooMuch, OSError, RecursionError)


class Check(NamedTuple):
    """One look: its name, the verb that looks, and for how long it may. Units: seconds."""

    name: str
    words: tuple[str, ...]
    most_s: int


DOCTOR = Check("doctor", ("doctor",), 90)
JOURNAL = Check("journal", ("events", "verify"), 900)
CHECKS = {check.name: check for check in (DOCTOR, JOURNAL)}


class CheckState(Enum):
    """How far a look is. One that failed gave no answer: what it looked at stays unknown."""

    NEVER = "never"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """The newest look of its kind since this process began. `actor` asked for it.

    `answer` is what its verb answered, `why` what that says against the desk, or why there is no answer.
    """

    state: CheckState = CheckState.NEVER
    actor: str | None = None
    asked_at: Instant | None = None
    ended_at: Instant | None = None
    why: str | None = None
    answer: dict[str, Any] = msgspec.field(default_factory=dict)


class LookBody(msgspec.Struct, frozen=True, kw_only=True):
    """How far a look is, who asked for it and when, and how it is asked for at the command line.

    Units: `took_ms` milliseconds; `age_s` seconds since it ended, by the machine's clock. `why` is what was found
    against the desk, or why there is no answer.
    """

    state: CheckState
    actor: str | None
    asked_at: str | None
    ended_at: str | None
    took_ms: int | None
    age_s: int | None
    why: str | None
    cli: str


class Checks:
    """The newest look of each kind; at most one of a kind is under way."""

    def __init__(self, site: Site, clock: Clock) -> None:
        self._site, self._clock = site, clock
        self.looks: dict[str, Look] = {name: Look() for name in CHECKS}
        self._running: dict[str, asyncio.Task[None]] = {}

    def start(self, check: Check, actor: str) -> None:
        """Begins a look, unless one of its kind is under way: whoever asks then waits for that one."""
        if check.name in self._running:
            return
        self.looks[check.name] = Look(state=CheckState.RUNNING, actor=actor, asked_at=self._clock.now())
        task = asyncio.create_task(self._look(check))
        self._running[check.name] = task
        task.add_done_callback(self._forgetting(check.name))

    def _forgetting(self, name: str) -> Callable[[asyncio.Task[None]], None]:
        def forget(task: asyncio.Task[None]) -> None:
            self._running.pop(name, None)
            if not task.cancelled():
                task.exception()

        return forget

    async def _look(self, check: Check) -> None:
        words = (*check.words, "--json", *self._site.options())
        try:
            ran = await run_verb(words, check.most_s, [])
            answer = msgspec.json.decode(ran.output, type=dict[str, Any])
        except TimeoutError:
            self._end(check, CheckState.FAILED, f"it took longer than {check.most_s} s, and was ended")
        except FAULTS as error:
            self._end(check, CheckState.FAILED, f"it gave no answer ({type(error).__name__})")
        else:
            why = failure_of(answer)
            self._end(check, CheckState.DONE, why, answer if why is None else {})

    def _end(self, check: Check, state: CheckState, why: str | None, answer: dict[str, Any] | None = None) -> None:
        before = self.looks[check.name]
        self.looks[check.name] = msgspec.structs.replace(
            before, state=state, ended_at=self._clock.now(), why=why, answer=answer or {}
        )

    def was_well(self, check: Check) -> bool | None:
        """Returns whether the verb of a look had nothing to say against the desk; None where nothing is known."""
        look = self.looks[check.name]
        return look.why is None if look.state is CheckState.DONE else None

    def body(self, check: Check) -> LookBody:
        """Returns how far a look is."""
        look = self.looks[check.name]
        took = None if look.asked_at is None or look.ended_at is None else look.ended_at - look.asked_at
        return LookBody(
            state=look.state,
            actor=look.actor,
            asked_at=None if look.asked_at is None else text_of_instant(look.asked_at),
            ended_at=None if look.ended_at is None else text_of_instant(look.ended_at),
            took_ms=None if took is None else took // NS_PER_MS,
            age_s=None if look.ended_at is None else seconds_between(look.ended_at, self._clock.now()),
            why=look.why,
            cli=" ".join(("flatbook", *check.words)),
        )
