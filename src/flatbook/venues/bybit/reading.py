"""What a statement of Bybit is made of, page by page: orders that work, positions, and what was booked."""

from __future__ import annotations

from functools import partial

import msgspec

from flatbook.engine.ports import Clock
from flatbook.engine.reports import Activity, Holding, NotSent, Unknown
from flatbook.values.ids import ActivityId
from flatbook.values.instants import SECONDS_PER_DAY, Instant, later
from flatbook.values.money import ZERO
from flatbook.venues.bybit import wire
from flatbook.venues.bybit.account import ASKED, WirePosition, activities_of, holding_of, untraded
from flatbook.venues.bybit.history import Ask, listed
from flatbook.venues.bybit.parse import Symbols, WireOrder
from flatbook.venues.bybit.refusals import FAULTS, UNREADABLE
from flatbook.venues.bybit.wire import Category
from flatbook.venues.coins import Totals

ACTIVITIES_AGE_S, LOG_LAG_S = 300, 5
NAMED_PAGES_MAX, NEWS_PAGES_MAX = 150, 20
NAMED_OVERLAP_S, NEWS_OVERLAP_S = 3_600, 60
NAMED_MAX, OTHERS_MAX = 8_000, 1_000
OPEN_ORDERS_PAGES_MAX = 40

Scopes = tuple[tuple[Category, str], ...]


async def open_orders(ask: Ask, scopes: Scopes) -> list[tuple[WireOrder, Category]] | Unknown | NotSent:
    """Returns all orders that work, those of others too."""
    orders: list[tuple[WireOrder, Category]] = []
    for category, coin in scopes:
        rows = await listed(ask, partial(wire.open_orders_request, category, coin), OPEN_ORDERS_PAGES_MAX)
        if not isinstance(rows, list):
            return rows
        try:
            orders += [(msgspec.json.decode(row, type=WireOrder), category) for row in rows]
        except FAULTS:
            return UNREADABLE
    return orders


async def positions_of(ask: Ask, scopes: Scopes, symbols: Symbols) -> tuple[Holding, ...] | Unknown | NotSent:
    """Returns all positions that settle in a coin which ours settle in; those of zero are left out."""
    holdings: list[Holding] = []
    for category, coin in scopes:
        if category is not Category.LINEAR:
            continue
        rows = await listed(ask, partial(wire.positions_request, coin))
        if not isinstance(rows, list):
            return rows
        try:
            holdings += [holding_of(msgspec.json.decode(row, type=WirePosition), symbols) for row in rows]
        except FAULTS:
            return UNREADABLE
    return tuple(holding for holding in holdings if holding.qty != ZERO)


class Bookings:
    """What Bybit booked besides executions, read again where the coins moved, LOG_LAG_S after that, and after a while.

    The log may be behind the wallet: what was read at once beside coins that moved says nothing for good. The kinds in
    ASKED are asked for by name: after a start all of the last days, then since they were read last and a bit before.
    Whatever else was logged is read since it was read last, at most NEWS_PAGES_MAX pages of it, which after a start are
    the newest of the last days: what an older line brought shows as a difference of cash, and is told. All of it is
    told for days, at most NAMED_MAX and OTHERS_MAX lines. Needs: `clock` is that of Bybit, which dates the log.
    """

    def __init__(self, symbols: Symbols, clock: Clock) -> None:
        self._symbols, self._clock = symbols, clock
        self._categories = dict.fromkeys(category.value for category, _ in symbols)
        self._known: tuple[Activity, ...] | None = None
        self._named: dict[ActivityId, Activity] = {}
        self._others: dict[ActivityId, Activity] = {}
        self._beside: Totals | None = None
        self._moved_at = self._read_at = self._named_at = self._news_at = Instant(0)

    async def beside(self, ask: Ask, coins: Totals, stated_at: Instant) -> tuple[Activity, ...] | Unknown | NotSent:
        """Returns the activities of the last days, given how much is held of each coin."""
        if coins != self._beside:
            self._beside, self._moved_at = coins, stated_at
        is_old = stated_at >= later(self._read_at, seconds=ACTIVITIES_AGE_S)
        if self._known is not None and not is_old and self._read_at >= later(self._moved_at, seconds=LOG_LAG_S):
            return self._known
        oldest = later(self._clock.now(), seconds=60 - wire.WINDOW_DAYS * SECONDS_PER_DAY)
        trouble = await self._read_named(ask, oldest) or await self._news(ask, oldest)
        if trouble is not None:
            return trouble
        others = (each for each in self._others.values() if each.activity_id not in self._named)
        self._known, self._read_at = (*self._named.values(), *others), stated_at
        return self._known

    async def _read_named(self, ask: Ask, oldest: Instant) -> Unknown | NotSent | None:
        """Reads the kinds that are asked for by name; returns why they could not be had."""
        until, found = self._clock.now(), dict[ActivityId, Activity]()
        since = max(oldest, later(self._named_at, seconds=-NAMED_OVERLAP_S))
        for kind in ASKED:
            rows = await listed(ask, partial(wire.log_request, kind, (since, until)), NAMED_PAGES_MAX)
            activities = activities_of(rows, self._symbols) if isinstance(rows, list) else rows
            if not isinstance(activities, tuple):
                return activities
            found |= {each.activity_id: each for each in activities}
        if len(found) > NAMED_MAX:
            return UNREADABLE
        self._named = _newest((*self._named.values(), *found.values()), oldest, NAMED_MAX)
        self._named_at = until
        return None

    async def _news(self, ask: Ask, oldest: Instant) -> Unknown | NotSent | None:
        """Reads what was logged since the last time, whatever it is; returns why it could not be had."""
        now = self._clock.now()
        since = max(oldest, later(self._news_at, seconds=-NEWS_OVERLAP_S))
        rows = await listed(ask, partial(wire.log_request, "", (since, now)), NEWS_PAGES_MAX, may_cut=True)
        if not isinstance(rows, list):
            return rows
        try:
            lines = untraded(rows, self._categories)
        except FAULTS:
            return UNREADABLE
        activities = activities_of(lines, self._symbols)
        if isinstance(activities, Unknown):
            return activities
        self._others = _newest((*self._others.values(), *activities), oldest, OTHERS_MAX)
        self._news_at = now
        return None


def _newest(told: tuple[Activity, ...], oldest: Instant, kept_max: int) -> dict[ActivityId, Activity]:
    """Returns the newest of what was told since an instant, each once, the oldest first."""
    once = {each.activity_id: each for each in told if each.happened_at >= oldest}
    recent = sorted(once.values(), key=lambda each: each.happened_at)
    return {each.activity_id: each for each in recent[-kept_max:]}
