"""The executions of an account at Bybit, window by window: what the engine has not been handed yet.

Bybit lists executions newest first, at most seven days at once, and may show one a moment late. So a window is read as
a whole and overlaps the one before it, and what was handed over under a cursor is not handed over again under a later
one. A cursor is the millisecond up to which everything was read, and a count of the pages.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

import msgspec

from flatbook.engine.ports import Clock
from flatbook.engine.reports import ExecutionLine, ExecutionPage, NotSent, Unknown
from flatbook.values.ids import ExecutionId, VenueOrderId
from flatbook.values.instants import NS_PER_MS, NS_PER_S, SECONDS_PER_DAY, Instant, later
from flatbook.venues.bybit import wire
from flatbook.venues.bybit.parse import Listed, Symbols, execution_line
from flatbook.venues.bybit.refusals import FAULTS, UNREADABLE, read
from flatbook.venues.bybit.wire import Category
from flatbook.venues.http import Carried, Reply, Request

FIRST_READ_DAYS = 7
KEPT_DAYS = 730  # Source: v5/order/execution, two years of a unified account
OVERLAP_S = 10
WINDOWS_MAX = 120
PAGES_MAX = 50
SPAN_DIVISOR = 8
SPAN_NS_MIN = NS_PER_MS
HANDED_MAX = 20_000
IDLE_MOVE_S = SECONDS_PER_DAY

Ask = Callable[[Request], Awaitable[Carried]]
Span = tuple[Instant, Instant]
Lines = tuple[ExecutionLine, ...]


class Crowded(msgspec.Struct, frozen=True):
    """More executions than are read of one window."""


class Cursor(msgspec.Struct, frozen=True, kw_only=True):
    """Up to when everything was read, and how many pages that took."""

    at: Instant
    pages: int

    def text(self) -> str:
        """Returns the cursor as it is kept."""
        return f"{self.at // NS_PER_MS}.{self.pages}"


def cursor_of(text: str, now: Instant) -> Cursor:
    """Returns a kept cursor, at most as old as Bybit's memory; what is none begins FIRST_READ_DAYS ago."""
    ms, _, pages = text.partition(".")
    if not (ms.isascii() and ms.isdigit() and pages.isascii() and pages.isdigit()):
        return Cursor(at=later(now, seconds=-FIRST_READ_DAYS * SECONDS_PER_DAY), pages=0)
    oldest = later(now, seconds=-KEPT_DAYS * SECONDS_PER_DAY)
    return Cursor(at=Instant(max(oldest, min(int(ms) * NS_PER_MS, now))), pages=int(pages))


class History:
    """Reads the executions of one account. `settled` counts lines that moved money only, and are no executions."""

    def __init__(self, symbols: Symbols, clock: Clock) -> None:
        self._symbols, self._clock = symbols, clock
        self._categories = tuple(dict.fromkeys(category for category, _ in symbols))
        self._handed: dict[ExecutionId, int] = {}

    async def since(self, ask: Ask, text: str) -> ExecutionPage | Unknown | NotSent:
        """Returns what was executed after a cursor, oldest window first, and the next cursor; none at the end.

        Errors: Unknown and NotSent where a page cannot be had, or one of its lines cannot even be named.
        """
        now = self._clock.now()
        cursor = cursor_of(text, now)
        start, span = later(cursor.at, seconds=-OVERLAP_S), wire.WINDOW_DAYS * SECONDS_PER_DAY * NS_PER_S
        for _ in range(WINDOWS_MAX):
            end = Instant(min(start + span, now))
            found = await self.between(ask, (start, end))
            if isinstance(found, Crowded):
                if span <= SPAN_NS_MIN:
                    return UNREADABLE
                span = max(SPAN_NS_MIN, span // SPAN_DIVISOR)
                continue
            if not isinstance(found, tuple):
                return found
            unseen = tuple(
                line for line in found if self._handed.get(line.execution_id, cursor.pages + 1) > cursor.pages
            )
            if unseen:
                return self._hand(unseen, Cursor(at=end, pages=cursor.pages + 1))
            if end >= now:
                is_old = now >= later(cursor.at, seconds=IDLE_MOVE_S)
                return (), msgspec.structs.replace(cursor, at=end).text() if is_old else text
            start = end
        return UNREADABLE

    async def between(self, ask: Ask, span: Span) -> Lines | Crowded | Unknown | NotSent:
        """Returns all executions of a window in the order of their instants, of all categories that we trade in."""
        lines: list[ExecutionLine] = []
        for category in self._categories:
            found = await paged(ask, partial(wire.executions_request, category, span), category, self._symbols)
            if not isinstance(found, tuple):
                return found
            lines += reversed(found)
        return tuple(lines)

    def _hand(self, lines: Lines, cursor: Cursor) -> ExecutionPage:
        for line in lines:
            self._handed[line.execution_id] = cursor.pages
        while len(self._handed) > HANDED_MAX:
            del self._handed[next(iter(self._handed))]
        return lines, cursor.text()


async def executions_of(
    ask: Ask, category: Category, venue_order_id: VenueOrderId, span: Span, symbols: Symbols
) -> Lines | Crowded | Unknown | NotSent:
    """Returns the executions of one order, which may have worked for longer than a window is."""
    lines: list[ExecutionLine] = []
    start, last = span
    window = wire.WINDOW_DAYS * SECONDS_PER_DAY
    for _ in range(WINDOWS_MAX):
        end = Instant(min(later(start, seconds=window), last))
        request = partial(wire.executions_of_order_request, category, venue_order_id, (start, end))
        found = await paged(ask, request, category, symbols)
        if not isinstance(found, tuple):
            return found
        lines += reversed(found)
        if end >= last:
            return tuple({line.execution_id: line for line in lines}.values())
        start = end
    return Crowded()


async def paged(
    ask: Ask, request: Callable[[str], Request], category: Category, symbols: Symbols
) -> Lines | Crowded | Unknown | NotSent:
    """Returns the executions of all pages of a list, in the order of the pages."""
    lines: list[ExecutionLine] = []
    cursor = ""
    for _ in range(PAGES_MAX):
        reply = await ask(request(cursor))
        if not isinstance(reply, Reply):
            return reply
        page = read(reply, Listed)
        if isinstance(page, Unknown):
            return page
        try:
            lines += [line for raw in page.rows if (line := execution_line(raw, category, symbols)) is not None]
        except FAULTS:
            return UNREADABLE
        cursor = page.next_page_cursor or ""
        if not cursor or not page.rows:
            return tuple(lines)
    return Crowded()


async def listed(
    ask: Ask, request: Callable[[str], Request], pages_max: int = PAGES_MAX
) -> list[msgspec.Raw] | Unknown | NotSent:
    """Returns the lines of all pages of a list; unreadable where it is longer than `pages_max` pages."""
    lines: list[msgspec.Raw] = []
    cursor = ""
    for _ in range(pages_max):
        reply = await ask(request(cursor))
        if not isinstance(reply, Reply):
            return reply
        page = read(reply, Listed)
        if isinstance(page, Unknown):
            return page
        lines += page.rows
        cursor = page.next_page_cursor or ""
        if not cursor or not page.rows:
            return lines
    return UNREADABLE
