"""Processes that run beside an engine: started by it, again when they end, and ended with it however that ends."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from flatbook.ops.telemetry import Log

LOOK_S = 1
AGAIN_S, AGAIN_S_MAX = 5, 300


class Beside:
    """A process beside an engine. The engine neither waits for it nor notices how it fares.

    `missed` is logged whenever it has ended: what is not done until it runs again.
    """

    def __init__(self, command: Sequence[str], missed: str, *, again_s: int = AGAIN_S) -> None:
        self._command, self._missed, self._again_s = command, missed, again_s
        self.process: subprocess.Popen[bytes] | None = None

    async def keep(self, log: Log) -> None:
        """Runs it, again when it ends, after longer and longer rests, until this is cancelled: its input ends then."""
        while True:
            self.process = _started(self._command)
            try:
                while self.process is not None and self.process.poll() is None:  # noqa: ASYNC110
                    await asyncio.sleep(LOOK_S)
            finally:
                self._end_input()
            log.warning(self._missed, exit_code=None if self.process is None else self.process.returncode)
            await asyncio.sleep(self._again_s)
            self._again_s = min(2 * self._again_s, AGAIN_S_MAX)

    def _end_input(self) -> None:
        if self.process is not None and self.process.stdin is not None:
            with suppress(OSError):
                self.process.stdin.close()


def _started(command: Sequence[str]) -> subprocess.Popen[bytes] | None:
    """Starts a process in a session of its own, so that Ctrl-C does not end it before it has told of it."""
    try:
        return subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)
    except OSError:
        return None


def serve_command(home: Path, config: Path, port: int) -> tuple[str, ...]:
    """Returns how the process that serves the API of a desk is started."""
    return (
        *(sys.executable, "-m", "flatbook", "api", "--beside", "--port", str(port)),
        *("--home", str(home), "--config", str(config)),
    )
