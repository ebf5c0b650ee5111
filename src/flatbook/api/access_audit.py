"""What was tried at the door: logins, tokens and every refusal, kept in the door's file within a bound.

The journal tells what was commanded; this tells what never became a command. Equal attempts within a minute are one
line with a count, so that a flood of them neither fills the disk nor pushes everything else out.
"""

from __future__ import annotations

import sqlite3
from itertools import islice

import msgspec

from flatbook.api.access_file import writing
from flatbook.values.instants import Instant, later

ATTEMPTS_MAX = 10_000
TOGETHER_S = 60
OPEN_MAX = 256
TEXT_MAX = 200
NOBODY = "nobody"


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One line: who tried what, with which outcome, how often within the minute."""

    number: int
    at: Instant
    last_at: Instant
    times: int
    actor: str
    act: str
    code: str
    detail: str


class _Open(msgspec.Struct):
    """A line that equal attempts still join: those not written yet are counted here."""

    number: int
    at: Instant
    last_at: Instant
    unwritten: int


class Trail:
    """Writes attempts down: the first of equal ones at once, how many followed when their minute is over."""

    def __init__(self, door: sqlite3.Connection) -> None:
        self._door = door
        self._open: dict[tuple[str, str, str], _Open] = {}
        self.lost = 0

    def note(self, actor: str, act: str, code: str, detail: str, now: Instant) -> None:
        """Notes one attempt; on a disk that takes nothing more it is counted as lost, and nothing waits for it."""
        try:
            self._note((actor[:TEXT_MAX], act[:TEXT_MAX], code), detail[:TEXT_MAX], now)
        except sqlite3.Error:
            self.lost += 1

    def _note(self, key: tuple[str, str, str], detail: str, now: Instant) -> None:
        line = self._open.get(key)
        if line is not None and now < later(line.at, seconds=TOGETHER_S):
            line.unwritten, line.last_at = line.unwritten + 1, now
            return
        self._settle(now)
        with writing(self._door):
            number = self._door.execute(
                "INSERT INTO attempts (at, last_at, times, actor, act, code, detail) VALUES (?, ?, 1, ?, ?, ?, ?) "
                "RETURNING number",
                (now, now, *key, detail),
            ).fetchone()[0]
            self._door.execute("DELETE FROM attempts WHERE number <= ?", (number - ATTEMPTS_MAX,))
        self._open[key] = _Open(number=number, at=now, last_at=now, unwritten=0)

    def flush(self) -> None:
        """Writes down what was counted and not written yet."""
        lines = [line for line in self._open.values() if line.unwritten]
        if lines:
            with writing(self._door):
                self._door.executemany(
                    "UPDATE attempts SET times = times + ?, last_at = ? WHERE number = ?",
                    [(line.unwritten, line.last_at, line.number) for line in lines],
                )
        for line in lines:
            line.unwritten = 0

    def _settle(self, now: Instant) -> None:
        """Closes the lines whose minute is over, and the oldest ones where too many are open."""
        over = [key for key, line in self._open.items() if now >= later(line.at, seconds=TOGETHER_S)]
        over += islice((key for key in self._open if key not in over), max(0, len(self._open) - len(over) - OPEN_MAX))
        if over:
            self.flush()
        for key in over:
            del self._open[key]

    def latest(self, *, before: int | None, limit: int) -> tuple[Attempt, ...]:
        """Returns at most so many attempts, the newest first, those below the number `before` only."""
        self.flush()
        rows = self._door.execute(
            "SELECT number, at, last_at, times, actor, act, code, detail FROM attempts "
            "WHERE ? IS NULL OR number < ? ORDER BY number DESC LIMIT ?",
            (before, before, limit),
        ).fetchall()
        names = Attempt.__struct_fields__
        return tuple(Attempt(**dict(zip(names, row, strict=True))) for row in rows)
