"""What was tried at the door: logins, tokens and every refusal, kept in the door's file within a bound.

The journal tells what was commanded; this tells what never became a command. Equal attempts within a minute are one
line with a count, and so are ever new ones of one actor beyond APART_MAX; each actor has OF_ACTOR_MAX lines at most. So
a flood neither fills the disk, nor makes every request wait for it, nor pushes out what others did.
"""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from itertools import islice

import msgspec

from flatbook.api.access_file import writing
from flatbook.values.instants import Instant, later

ATTEMPTS_MAX = 10_000
OF_ACTOR_MAX = 2_000
APART_MAX = 128
TOGETHER_S = 60
OPEN_MAX = 256
TEXT_MAX = 200
NOBODY = "nobody"
OTHERS = "and more, of many kinds"


FORGET = "DELETE FROM attempts WHERE number <= (SELECT number FROM attempts ORDER BY number DESC LIMIT 1 OFFSET ?)"
FORGET_OF = """DELETE FROM attempts WHERE actor = ? AND number <=
    (SELECT number FROM attempts WHERE actor = ? ORDER BY number DESC LIMIT 1 OFFSET ?)"""

Key = tuple[str, str, str]


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

    def is_over(self, now: Instant) -> bool:
        """Whether its minute is over, or the clock was set back before it."""
        return not self.at <= now < later(self.at, seconds=TOGETHER_S)


class Trail:
    """Writes attempts down: the first of equal ones at once, how many followed when their minute is over."""

    def __init__(self, door: sqlite3.Connection) -> None:
        self._door = door
        self._open: dict[Key, _Open] = {}
        self.lost = 0

    def note(self, actor: str, act: str, code: str, detail: str, now: Instant) -> None:
        """Notes one attempt; on a disk that takes nothing more it is counted as lost, and nothing waits for it."""
        try:
            self._note((actor[:TEXT_MAX], act[:TEXT_MAX], code), detail[:TEXT_MAX], now)
        except sqlite3.Error:
            self.lost += 1

    def _note(self, key: Key, detail: str, now: Instant) -> None:
        if self._joins(key, now):
            return
        self._settle(now)
        actor, _, code = key
        if sum(each[0] == actor for each in self._open) >= APART_MAX:
            key, detail = (actor, OTHERS, code), ""
            if self._joins(key, now):
                return
        with writing(self._door):
            number = self._door.execute(
                "INSERT INTO attempts (at, last_at, times, actor, act, code, detail) VALUES (?, ?, 1, ?, ?, ?, ?) "
                "RETURNING number",
                (now, now, *key, detail),
            ).fetchone()[0]
            self._door.execute(FORGET_OF, (actor, actor, OF_ACTOR_MAX))
            self._door.execute(FORGET, (ATTEMPTS_MAX,))
        self._open[key] = _Open(number=number, at=now, last_at=now, unwritten=0)

    def _joins(self, key: Key, now: Instant) -> bool:
        """Counts an attempt in the line that it joins; returns whether there is one."""
        line = self._open.get(key)
        if line is None or line.is_over(now):
            return False
        line.unwritten, line.last_at = line.unwritten + 1, now
        return True

    def flush(self) -> None:
        """Writes down what was counted and not written yet; a disk that takes nothing more keeps it waiting."""
        with suppress(sqlite3.Error):
            self._write_counts()

    def _write_counts(self) -> None:
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
        over = [key for key, line in self._open.items() if line.is_over(now)]
        over += islice((key for key in self._open if key not in over), max(0, len(self._open) - len(over) - OPEN_MAX))
        if over:
            self._write_counts()
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
