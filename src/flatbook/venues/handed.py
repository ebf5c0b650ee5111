"""Executions that are read by overlapping windows, each handed over once.

A venue may show an execution a moment late, so that a window overlaps the one before it. What was handed over under a
cursor is not handed over again under a later one, and is under an earlier one: whoever asks with it never kept it. A
cursor is the millisecond up to which everything was read, and a count of the pages.
"""

from __future__ import annotations

import msgspec

from flatbook.engine.reports import ExecutionLine, ExecutionPage
from flatbook.values.ids import ExecutionId
from flatbook.values.instants import NS_PER_MS, SECONDS_PER_DAY, Instant, later

HANDED_MAX = 20_000
FIRST_READ_DAYS = 7
KEPT_DAYS = 730
IDLE_MOVE_S = SECONDS_PER_DAY


class Cursor(msgspec.Struct, frozen=True, kw_only=True):
    """Up to when everything was read, and how many pages that took."""

    at: Instant
    pages: int

    def text(self) -> str:
        """Returns the cursor as it is kept."""
        return f"{self.at // NS_PER_MS}.{self.pages}"


def cursor_of(text: str, now: Instant) -> Cursor:
    """Returns a kept cursor, at most KEPT_DAYS old; what is none begins FIRST_READ_DAYS ago."""
    ms, _, pages = text.partition(".")
    if not (ms.isascii() and ms.isdigit() and pages.isascii() and pages.isdigit()):
        return Cursor(at=later(now, seconds=-FIRST_READ_DAYS * SECONDS_PER_DAY), pages=0)
    oldest = later(now, seconds=-KEPT_DAYS * SECONDS_PER_DAY)
    return Cursor(at=Instant(max(oldest, min(int(ms) * NS_PER_MS, now))), pages=int(pages))


class Handed:
    """What was handed over, and under which count of pages."""

    def __init__(self) -> None:
        self._pages: dict[ExecutionId, int] = {}

    def unseen(self, lines: tuple[ExecutionLine, ...], cursor: Cursor) -> tuple[ExecutionLine, ...]:
        """Returns those that whoever asks with a cursor was not handed yet."""
        fresh = cursor.pages + 1
        return tuple(line for line in lines if self._pages.get(line.execution_id, fresh) >= fresh)

    def hand(self, lines: tuple[ExecutionLine, ...], cursor: Cursor, at: Instant) -> ExecutionPage:
        """Returns a page, and the cursor after it. Needs: everything up to `at` was read."""
        after = Cursor(at=at, pages=cursor.pages + 1)
        for line in lines:
            self._pages[line.execution_id] = after.pages
        while len(self._pages) > HANDED_MAX:
            del self._pages[next(iter(self._pages))]
        return lines, after.text()


def end_of_pages(text: str, cursor: Cursor, now: Instant) -> ExecutionPage:
    """Returns the empty page at the end; its cursor moves only where it is old, so that windows stay short."""
    is_old = now >= later(cursor.at, seconds=IDLE_MOVE_S)
    return (), msgspec.structs.replace(cursor, at=now).text() if is_old else text
