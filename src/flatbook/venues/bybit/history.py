"""The executions of an account at Bybit, window by window: what the engine has not been handed yet.

Bybit lists executions newest first, at most seven days at once and two years back. A window is read as a whole.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial

import msgspec

from flatbook.engine.ports import Clock
from flatbook.engine.reports import Execution, ExecutionLine, ExecutionPage, NotSent, Unknown
from flatbook.events.orders import ForcedBy
from flatbook.values.ids import VenueOrderId
from flatbook.values.instants import NS_PER_MS, NS_PER_S, SECONDS_PER_DAY, Instant, later
from flatbook.values.money import Money
from flatbook.venues.bybit import wire
from flatbook.venues.bybit.account import cash_flows_of
from flatbook.venues.bybit.parse import Listed, Symbols, execution_line
from flatbook.venues.bybit.refusals import FAULTS, UNREADABLE, read
from flatbook.venues.bybit.wire import Category
from flatbook.venues.handed import Handed, cursor_of, end_of_pages
from flatbook.venues.http import Carried, Reply, Request

OVERLAP_S = 10
LOG_LAG_S = 60
LOG_WAIT_S = 20
WINDOWS_MAX = 120
PAGES_MAX = 50
SPAN_DIVISOR = 8
SPAN_NS_MIN = NS_PER_MS
# Source: v5/enum, type(uta-translog).
LOGGED_AS: Mapping[ForcedBy | None, str] = {
    None: "TRADE",
    ForcedBy.LIQUIDATION: "LIQUIDATION",
    ForcedBy.DELEVERAGING: "ADL",
    ForcedBy.SETTLEMENT: "DELIVERY",
}

Ask = Callable[[Request], Awaitable[Carried]]
Span = tuple[Instant, Instant]
Lines = tuple[ExecutionLine, ...]


class Crowded(msgspec.Struct, frozen=True):
    """More executions than are read of one window."""


class History:
    """Reads the executions of one account. Needs: `clock` is that of Bybit, which dates them."""

    def __init__(self, symbols: Symbols, clock: Clock) -> None:
        self._symbols, self._clock = symbols, clock
        self._categories = tuple(dict.fromkeys(category for category, _ in symbols))
        self._handed = Handed()

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
            unseen = self._handed.unseen(found, cursor)
            if unseen:
                told = await with_realised(ask, unseen, self._symbols, self._clock.now())
                return self._handed.hand(told, cursor, end) if isinstance(told, tuple) else told
            if end >= now:
                return end_of_pages(text, cursor, now)
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


async def with_realised(ask: Ask, lines: Lines, symbols: Symbols, now: Instant) -> Lines | Unknown:
    """Returns executions with what they realised, which polls do not tell: from the log of what trades brought.

    Gives: those whose line in the log cannot be had stay without it once they are LOG_WAIT_S old; the engine then works
    it out, which is exact only where no execution before them came later.
    Errors: Unknown while a younger one has none: the log may be behind, or did not answer.
    """
    linear = [instrument.id for (category, _), instrument in symbols.items() if category is Category.LINEAR]
    asked = [
        line for line in lines if isinstance(line, Execution) and line.instrument in linear and line.realised is None
    ]
    if not asked:
        return lines
    last = later(max(line.happened_at for line in asked), seconds=LOG_LAG_S)
    oldest = later(last, seconds=LOG_LAG_S - wire.WINDOW_DAYS * SECONDS_PER_DAY)
    first = max(oldest, later(min(line.happened_at for line in asked), seconds=-1))
    known: dict[str, Money] = {}
    for kind in dict.fromkeys(LOGGED_AS[line.forced] for line in asked):
        rows = await listed(ask, partial(wire.traded_request, kind, (Instant(first), last)))
        known |= cash_flows_of(rows) if isinstance(rows, list) else {}
    if any(line.execution_id not in known and now < later(line.happened_at, seconds=LOG_WAIT_S) for line in asked):
        return UNREADABLE
    wanted = {line.execution_id for line in asked}
    return tuple(
        msgspec.structs.replace(line, realised=known.get(line.execution_id))
        if isinstance(line, Execution) and line.execution_id in wanted
        else line
        for line in lines
    )


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
            own = tuple({line.execution_id: line for line in lines}.values())
            return await with_realised(ask, own, symbols, last)
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
    ask: Ask, request: Callable[[str], Request], pages_max: int = PAGES_MAX, *, may_cut: bool = False
) -> list[msgspec.Raw] | Unknown | NotSent:
    """Returns the lines of all pages of a list; unreadable where it is longer than `pages_max` pages, unless it may be
    cut off there."""
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
    return lines if may_cut else UNREADABLE
