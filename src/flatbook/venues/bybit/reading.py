"""What a statement of Bybit is made of, page by page: orders that work, positions, and what was booked."""

from __future__ import annotations

from functools import partial

import msgspec

from flatbook.engine.ports import Clock
from flatbook.engine.reports import Activity, Holding, NotSent, Unknown
from flatbook.values.instants import SECONDS_PER_DAY, Instant, later
from flatbook.values.money import ZERO
from flatbook.venues.bybit import wire
from flatbook.venues.bybit.account import KINDS, WirePosition, activities_of, holding_of
from flatbook.venues.bybit.history import Ask, listed
from flatbook.venues.bybit.parse import Symbols, WireOrder
from flatbook.venues.bybit.refusals import FAULTS, UNREADABLE
from flatbook.venues.bybit.wire import Category
from flatbook.venues.coins import Totals

ACTIVITIES_AGE_S, LOG_LAG_S = 300, 5
ACTIVITY_PAGES_MAX = 20
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

    The log may be behind the wallet: what was read at once beside coins that moved says nothing for good.
    """

    def __init__(self, symbols: Symbols, clock: Clock) -> None:
        self._symbols, self._clock = symbols, clock
        self._known: tuple[Activity, ...] | None = None
        self._beside: Totals | None = None
        self._moved_at = self._read_at = Instant(0)

    async def beside(self, ask: Ask, coins: Totals, stated_at: Instant) -> tuple[Activity, ...] | Unknown | NotSent:
        """Returns the activities of the last days, given how much is held of each coin."""
        if coins != self._beside:
            self._beside, self._moved_at = coins, stated_at
        is_old = stated_at >= later(self._read_at, seconds=ACTIVITIES_AGE_S)
        if self._known is not None and not is_old and self._read_at >= later(self._moved_at, seconds=LOG_LAG_S):
            return self._known
        start = later(stated_at, seconds=60 - wire.WINDOW_DAYS * SECONDS_PER_DAY)
        found: list[Activity] = []
        for kind in KINDS:
            request = partial(wire.log_request, kind, (start, self._clock.now()))
            rows = await listed(ask, request, ACTIVITY_PAGES_MAX)
            if not isinstance(rows, list):
                return rows
            activities = activities_of(rows, self._symbols)
            if isinstance(activities, Unknown):
                return activities
            found += activities
        self._known, self._read_at = tuple(found), stated_at
        return self._known
