"""Stops that acted while the journal could not be written: kept beside it, and booked before the next start trades.

Without them a desk that was halted on a full disk would trade again as soon as somebody made room.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

import msgspec

from flatbook.engine.inputs import STOPPING, Command
from flatbook.engine.run import CommandAnswer

STOPS_KEPT_MAX = 64
FILE_MODE = 0o600
BEHIND_A_TORN_ONE = b"\n"  # what a full disk cut off has no end of its own


class KeptStops:
    """The file of the stops that no journal holds. `lost` counts those that could not be kept there either."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lost = 0

    def hear(self, command: Command, answer: CommandAnswer) -> None:
        """Keeps a command that was accepted and stands in no journal."""
        if answer.accepted and answer.seq is None:
            self._try_to_keep(command)

    def keep_unanswered(self, command: Command) -> None:
        """Keeps a command that stops and that the engine did not live to answer: its key tells whether it is booked."""
        if command.verb in STOPPING:
            self._try_to_keep(command)

    def _try_to_keep(self, command: Command) -> None:
        try:
            self._keep(command)
        except OSError:
            self.lost += 1

    def _keep(self, command: Command) -> None:
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, FILE_MODE)
        try:
            line = BEHIND_A_TORN_ONE + msgspec.json.encode(command) + b"\n"
            if os.write(descriptor, line) < len(line):
                raise OSError(errno.ENOSPC, "only a part of it was taken")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def read(self) -> tuple[Command, ...]:
        """Returns the newest of what is kept, the oldest first; what a crash has cut off is left out."""
        try:
            lines = [line for line in self.path.read_bytes().splitlines() if line]
        except FileNotFoundError:
            return ()
        found: list[Command] = []
        for line in lines[-STOPS_KEPT_MAX:]:
            try:
                found.append(msgspec.json.decode(line, type=Command))
            except msgspec.DecodeError:
                continue
        return tuple(found)

    def forget(self) -> None:
        """Removes the file: what it held stands in the journal."""
        self.path.unlink(missing_ok=True)
