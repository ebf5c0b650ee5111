"""The worker as a process: what is known of a question when it answers, is silent, talks nonsense or dies."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from flatbook.engine.reports import NotSent, Unknown
from flatbook.events.orders import NotSentReason, UnknownReason
from flatbook.values.instants import Instant, instant_of_text, later
from flatbook.venues.ccxt.process import QUESTIONS_MAX, CcxtWorker, Done, Failed, Outcome
from tests.clients.serving import rest

pytestmark = pytest.mark.real

START = instant_of_text("2026-11-28T08:00:00Z")
NEVER = later(START, seconds=86_400)
LOST = NotSent(reason=NotSentReason.NO_CONNECTION)
DIED = Unknown(reason=UnknownReason.DISCONNECTED)
TIMED_OUT = Unknown(reason=UnknownReason.TIMED_OUT)
PROGRAM = """
import json, os, sys
def say(**told):
    os.write(1, json.dumps(told).encode() + b"\\n")
say(ccxt="9.9")
for line in sys.stdin:
    asked = json.loads(line)
    do, number = asked["do"], asked["id"]
    if do == "echo":
        say(id=number, left=True)
        say(id=number, ok=asked["what"])
    elif do == "fail":
        say(id=number, error=["InvalidOrder", "BaseError"], text="no", left=asked["left"])
    elif do == "leave":
        say(id=number, left=True)
    elif do == "die":
        say(id=number, left=True) if asked["left"] else None
        os._exit(3)
    elif do == "babble":
        os.write(1, b"this is no line of it\\n")
"""


class HandClock:
    """A clock that goes on when the test says so."""

    def __init__(self) -> None:
        self._now = START
        self._moved = asyncio.Event()

    def now(self) -> Instant:
        return self._now

    async def sleep_until(self, at: Instant) -> None:
        while self._now < at:
            await self._moved.wait()

    async def go(self, seconds: int) -> None:
        """Lets time pass, and everything run that waits for it."""
        for _ in range(seconds):
            self._now = later(self._now, seconds=1)
            self._moved.set()
            self._moved.clear()
            for _ in range(5):
                await asyncio.sleep(0)


def talk(tmp_path: Path, what: Callable[[CcxtWorker, HandClock], Awaitable[Any]], *, program: str = PROGRAM) -> Any:
    """Returns what a conversation with a made-up worker comes to."""
    path = tmp_path / "worker.py"
    path.write_text(program)

    async def talked() -> Any:
        clock = HandClock()
        worker = CcxtWorker(sys.executable, clock, program=path)
        try:
            return await what(worker, clock)
        finally:
            await worker.close()

    return asyncio.run(asyncio.wait_for(talked(), 60))


def said(outcome: Outcome) -> Any:
    """Returns the content of an answer, and everything else as it is."""
    return bytes(outcome.content).decode() if isinstance(outcome, Done) else outcome


def test_answers_and_errors_come_back_to_their_questions(tmp_path: Path) -> None:
    async def session(worker: CcxtWorker, _clock: HandClock) -> Any:
        asked = (
            worker.ask({"do": "echo", "what": [1, "a"]}, NEVER),
            worker.ask({"do": "echo", "what": None}, NEVER),
            worker.ask({"do": "fail", "left": True}, NEVER),
            worker.ask({"do": "fail", "left": False}, NEVER),
        )
        return [said(each) for each in await asyncio.gather(*asked)], worker.version, worker.generation

    answers, version, generation = talk(tmp_path, session)
    classes = ("InvalidOrder", "BaseError")
    assert answers == [
        '[1, "a"]',
        "null",
        Failed(classes=classes, text="no", left=True),
        Failed(classes=classes, text="no", left=False),
    ]
    assert (version, generation) == ("9.9", 1)


@pytest.mark.parametrize(("left", "expected"), [(True, DIED), (False, LOST)])
def test_when_the_worker_dies_what_it_had_not_said_to_have_left_was_not_sent(
    tmp_path: Path, left: bool, expected: Outcome
) -> None:
    async def session(worker: CcxtWorker, _clock: HandClock) -> Any:
        return await worker.ask({"do": "die", "left": left}, NEVER)

    assert talk(tmp_path, session) == expected


def test_a_worker_that_died_is_started_again_after_a_rest(tmp_path: Path) -> None:
    async def session(worker: CcxtWorker, clock: HandClock) -> Any:
        await worker.ask({"do": "die", "left": False}, NEVER)
        at_once = await worker.ask({"do": "echo", "what": 1}, NEVER)
        await clock.go(2)
        return at_once, said(await worker.ask({"do": "echo", "what": 2}, NEVER)), worker.generation

    assert talk(tmp_path, session) == (LOST, "2", 2)


def test_a_question_without_an_answer_is_unknown_at_its_time_whatever_left(tmp_path: Path) -> None:
    async def session(worker: CcxtWorker, clock: HandClock) -> Any:
        await worker.ask({"do": "echo", "what": 1}, NEVER)
        asking = asyncio.create_task(worker.ask({"do": "ignore"}, later(START, seconds=3)))
        await clock.go(4)
        return await asking

    assert talk(tmp_path, session) == TIMED_OUT


def test_a_silent_worker_is_ended_and_what_left_it_is_unknown(tmp_path: Path) -> None:
    async def session(worker: CcxtWorker, clock: HandClock) -> Any:
        await worker.ask({"do": "echo", "what": 1}, NEVER)
        asking = asyncio.create_task(worker.ask({"do": "leave"}, NEVER))
        await rest(100)
        await clock.go(26)
        return await asking

    assert talk(tmp_path, session) == DIED


def test_a_worker_that_never_says_a_word_is_ended(tmp_path: Path) -> None:
    async def session(worker: CcxtWorker, clock: HandClock) -> Any:
        asking = asyncio.create_task(worker.ask({"do": "echo", "what": 1}, NEVER))
        while not asking.done():
            await clock.go(1)
            await rest(1)
        return await asking

    assert talk(tmp_path, session, program="import time; time.sleep(600)") == LOST


def test_a_worker_that_talks_nonsense_is_ended(tmp_path: Path) -> None:
    async def session(worker: CcxtWorker, _clock: HandClock) -> Any:
        return await worker.ask({"do": "babble"}, NEVER)

    assert talk(tmp_path, session) == LOST


def test_above_so_many_questions_at_once_none_is_taken(tmp_path: Path) -> None:
    async def session(worker: CcxtWorker, clock: HandClock) -> Any:
        await worker.ask({"do": "echo", "what": 1}, NEVER)
        until = later(START, seconds=1)
        asking = [asyncio.create_task(worker.ask({"do": "ignore"}, until)) for _ in range(QUESTIONS_MAX)]
        for _ in range(5):
            await asyncio.sleep(0)
        refused = await worker.ask({"do": "echo", "what": 1}, NEVER)
        await clock.go(2)
        return refused, len(await asyncio.gather(*asking))

    refused = NotSent(reason=NotSentReason.REFUSED_LOCALLY)
    assert talk(tmp_path, session) == (refused, QUESTIONS_MAX)


def test_an_interpreter_that_is_not_there_sends_nothing() -> None:
    async def session() -> Any:
        return await CcxtWorker("/nowhere/python", HandClock()).ask({"do": "echo", "what": 1}, NEVER)

    assert asyncio.run(session()) == LOST


def test_the_worker_gets_no_secret_of_our_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLATBOOK_SECRET", "word")
    program = PROGRAM.replace('ok=asked["what"]', "ok=sorted(os.environ)")

    async def session(worker: CcxtWorker, _clock: HandClock) -> Any:
        return said(await worker.ask({"do": "echo", "what": 1}, NEVER))

    assert "FLATBOOK_SECRET" not in talk(tmp_path, session, program=program)
