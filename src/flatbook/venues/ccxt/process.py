"""The worker as a process: started when it is first asked, watched, and never believed where it is silent.

A question that was written may have been sent only once the worker said that its request left, which it says before
the first byte. So when the worker dies, what it had not said that of was provably not sent; all else is unknown.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from flatbook.engine.ports import Clock
from flatbook.engine.reports import NotSent, Unknown
from flatbook.events.orders import NotSentReason, UnknownReason
from flatbook.values.instants import Instant, later

PROGRAM = Path(__file__).with_name("worker.py")
LINE_BYTES_MAX = 4_194_304
QUESTIONS_MAX = 64
BEAT_S = 5
SILENCE_S = 20
HELLO_S_MAX = 60
RESTART_S_MAX = 60
STEADY_S = 120
KEPT_ENVIRONMENT = ("PATH", "HOME", "LANG", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR")

_LOST = NotSent(reason=NotSentReason.NO_CONNECTION)
_REFUSED_LOCALLY = NotSent(reason=NotSentReason.REFUSED_LOCALLY)
_DIED = Unknown(reason=UnknownReason.DISCONNECTED)
_TIMED_OUT = Unknown(reason=UnknownReason.TIMED_OUT)


class Done(msgspec.Struct, frozen=True):
    """What the worker answered."""

    content: msgspec.Raw


class Failed(msgspec.Struct, frozen=True, kw_only=True):
    """An error of ccxt or of the worker: the names of its classes, the nearest first, and whether anything left."""

    classes: tuple[str, ...]
    text: str
    left: bool


class BookTold(msgspec.Struct, frozen=True, kw_only=True):
    """A book of a watched symbol, or that it is lost. Units: prices and sizes as text, best first; ms."""

    book: str
    at: str
    bids: list[tuple[str, str]] = []
    asks: list[tuple[str, str]] = []
    ms: int | None = None
    lost: str | None = None


class _Line(msgspec.Struct, frozen=True, kw_only=True):
    id: int | None = None
    left: bool | None = None
    ok: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    error: tuple[str, ...] | None = None
    text: str = ""
    book: str | None = None
    ccxt: str | None = None


Outcome = Done | Failed | Unknown | NotSent


class _Question:
    """One question that waits for its answer."""

    def __init__(self, outcome: asyncio.Future[Outcome]) -> None:
        self.outcome = outcome
        self.left = False

    def settle(self, outcome: Outcome) -> None:
        if not self.outcome.done():
            self.outcome.set_result(outcome)


class CcxtWorker:
    """One worker process. `python` is an interpreter that has ccxt.

    `generation` counts the processes that were started: what was opened in an earlier one is open no more. `books` gets
    what is told of watched books. `version` is that of ccxt, once it said so.
    """

    def __init__(self, python: str, clock: Clock, *, program: Path = PROGRAM) -> None:
        self._python, self._clock, self._program = python, clock, program
        self._process: asyncio.subprocess.Process | None = None
        self._starting = asyncio.Lock()
        self._tasks: tuple[asyncio.Task[None], ...] = ()
        self._questions: dict[int, _Question] = {}
        self._number = self._losses = 0
        self._heard_at = self._started_at = self._not_before = Instant(0)
        self._hello = asyncio.Event()
        self.books: dict[str, Callable[[BookTold | None], None]] = {}
        self.generation = 0
        self.version: str | None = None

    async def ask(self, content: dict[str, Any], timeout_at: Instant) -> Outcome:
        """Asks once, and returns the answer or what is known of the question at `timeout_at`.

        Errors: NotSent when nothing of it left or can leave, Unknown when something may have; never raises for them.
        """
        if len(self._questions) >= QUESTIONS_MAX:
            return _REFUSED_LOCALLY
        if not await self.is_up():
            return _LOST
        self._number += 1
        number, question = self._number, _Question(asyncio.get_running_loop().create_future())
        self._questions[number] = question
        timer = asyncio.create_task(self._ring(question, timeout_at))
        try:
            await self._write(msgspec.json.encode({"id": number, **content}) + b"\n")
            return await question.outcome
        finally:
            timer.cancel()
            self._questions.pop(number, None)

    async def close(self) -> None:
        """Ends the worker."""
        process, self._process = self._process, None
        tasks, self._tasks = self._tasks, ()
        if process is not None and process.returncode is None:
            process.kill()
            await process.wait()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._settle_all()

    async def is_up(self) -> bool:
        """Starts the worker where none runs and the rest after the last one is over. Returns whether one runs."""
        async with self._starting:
            if self._process is not None:
                return True
            if self._clock.now() < self._not_before:
                return False
            return await self._start()

    async def _start(self) -> bool:
        environment = {name: os.environ[name] for name in KEPT_ENVIRONMENT if name in os.environ}
        pipe = asyncio.subprocess.PIPE
        try:
            process = await asyncio.create_subprocess_exec(
                self._python,
                "-I",
                str(self._program),
                stdin=pipe,
                stdout=pipe,
                stderr=asyncio.subprocess.DEVNULL,
                env=environment,
                limit=LINE_BYTES_MAX,
            )
        except OSError:
            self._rest()
            return False
        self._hello.clear()
        self._heard_at = self._started_at = self._clock.now()
        self._process, self.generation = process, self.generation + 1
        self._tasks = (asyncio.create_task(self._hear(process)), asyncio.create_task(self._watch(process)))
        await self._hello.wait()
        return self._process is process

    async def _write(self, line: bytes) -> None:
        process = self._process
        if process is None or process.stdin is None:
            return
        process.stdin.write(line)
        with contextlib.suppress(ConnectionError):
            await process.stdin.drain()

    async def _ring(self, question: _Question, at: Instant) -> None:
        await self._clock.sleep_until(at)
        question.settle(_TIMED_OUT)

    async def _hear(self, process: asyncio.subprocess.Process) -> None:
        """Takes lines until the worker is gone; one that is no line of the protocol ends it."""
        assert process.stdout is not None, "it was started with a pipe"
        try:
            while line := await process.stdout.readline():
                self._heard_at = self._clock.now()
                self._take(line)
        except (ValueError, msgspec.MsgspecError, RecursionError):
            process.kill()
        await process.wait()
        if self._process is process:
            self._process = None
            self._rest()
        self._settle_all()
        self._hello.set()

    def _take(self, line: bytes) -> None:
        told = msgspec.json.decode(line, type=_Line)
        if told.book is not None:
            book = msgspec.json.decode(line, type=BookTold)
            if (heard := self.books.get(book.at)) is not None:
                heard(book)
        elif told.ccxt is not None:
            self.version = told.ccxt
            self._hello.set()
        elif told.id is not None and (question := self._questions.get(told.id)) is not None:
            if told.error is not None:
                question.settle(Failed(classes=told.error, text=told.text, left=told.left is not False))
            elif not isinstance(told.ok, msgspec.UnsetType):
                question.settle(Done(told.ok))
            elif told.left:
                question.left = True

    async def _watch(self, process: asyncio.subprocess.Process) -> None:
        """Kills a worker that says nothing for SILENCE_S, or for HELLO_S_MAX before it said its first word."""
        while process.returncode is None:
            await self._clock.sleep_until(later(self._clock.now(), seconds=BEAT_S))
            patience_s = SILENCE_S if self._hello.is_set() else HELLO_S_MAX
            if self._clock.now() >= later(self._heard_at, seconds=patience_s) and process.returncode is None:
                process.kill()

    def _rest(self) -> None:
        now = self._clock.now()
        is_steady = now >= later(self._started_at, seconds=STEADY_S)
        self._losses = 1 if is_steady else self._losses + 1
        self._not_before = later(now, seconds=min(RESTART_S_MAX, 1 << min(self._losses, RESTART_S_MAX)))

    def _settle_all(self) -> None:
        for question in self._questions.values():
            question.settle(_DIED if question.left else _LOST)
        for heard in self.books.values():
            heard(None)
