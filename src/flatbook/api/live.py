"""What only the running engine knows, asked over its control socket: one question at a time, shared by all readers.

No more is asked at once than the engine lets in: what comes beyond that waits here, and what stops waits for nothing
else.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec

from flatbook.api.answers.status import NOT_ASKED, Told
from flatbook.engine.ports import Clock
from flatbook.ops.control_client import (
    ANSWER_BYTES_MAX,
    AnswerMissing,
    ControlFault,
    NotRunning,
    RequestFailed,
    answer_of,
)
from flatbook.ops.control_wire import PATH_BYTES_MAX
from flatbook.values.instants import Instant

STATUS_S = 2.0
REQUEST_ID = "api"
ASKING_MAX, STOPPING_MAX = 24, 8


class Live:
    """The engine behind a socket, and what it said last.

    `status` is what it says of itself, `market` what it sees of books and prices; `seen_at` is when it answered last,
    None while it never did. `looks` counts the questions, for what is known may be another after each.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        self.path = path
        self.status: Told = NOT_ASKED
        self.market: dict[str, Any] = {}
        self.seen_at: Instant | None = None
        self.looks = 0
        self._clock = clock
        self._asking, self._stopping = asyncio.Semaphore(ASKING_MAX), asyncio.Semaphore(STOPPING_MAX)

    @property
    def answers(self) -> bool:
        """Whether an engine runs and answered the newest question."""
        return bool(self.status.own)

    async def ask(self, payload: dict[str, Any], timeout_s: float, *, stops: bool = False) -> Any:
        """Sends one request and returns its answer. Needs: `payload` has `kind` and what the kind needs.

        `stops`: it is a command that stops, and waits for others of its kind alone.
        Errors: NotRunning, AnswerMissing, RequestFailed; `busy` where its turn did not come in time: nothing was sent.
        """
        lane = self._stopping if stops else self._asking
        try:
            async with asyncio.timeout(timeout_s):
                await lane.acquire()
        except TimeoutError:
            raise RequestFailed(
                "busy", f"too much was asked before this for {timeout_s:g} s: nothing was done"
            ) from None
        try:
            return await self._ask(payload, timeout_s)
        finally:
            lane.release()

    async def _ask(self, payload: dict[str, Any], timeout_s: float) -> Any:
        reader, writer = await self._connect()
        try:
            writer.write(msgspec.json.encode({**payload, "id": REQUEST_ID}) + b"\n")
            async with asyncio.timeout(timeout_s):  # `wait_for` would lose a cancel that comes with the answer
                line = await reader.readuntil(b"\n")
        except TimeoutError:
            raise AnswerMissing(f"no answer within {timeout_s:g} s: a command may have been taken") from None
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError):
            raise AnswerMissing("the connection broke before the answer: a command may have been taken") from None
        finally:
            writer.close()
        return answer_of(line)

    async def look(self) -> None:
        """Asks how the engine stands and what it sees, and keeps both."""
        try:
            status = await self.ask({"kind": "status"}, STATUS_S)
            self.market = await self.ask({"kind": "market"}, STATUS_S)
        except NotRunning:
            self.status, self.market = Told(running=False), {}
        except ControlFault:
            self.status = Told(running=True)
        else:
            self.status, self.seen_at = Told(running=True, own=status), self._clock.now()
        self.looks += 1

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if len(bytes(self.path)) > PATH_BYTES_MAX:
            raise NotRunning(f"{self.path} is longer than {PATH_BYTES_MAX} bytes: choose a shorter FLATBOOK_HOME")
        try:
            async with asyncio.timeout(STATUS_S):
                return await asyncio.open_unix_connection(self.path, limit=ANSWER_BYTES_MAX)
        except (OSError, TimeoutError):
            raise NotRunning(f"no engine is running: nobody listens on {self.path}") from None
