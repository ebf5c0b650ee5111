"""Orders at work, asked for together: one answer for all questions about a symbol that come while it is under way.

A desk asks for each of its working orders from time to time, all at one moment. One by one that weighs four each at
spot; all open orders of a symbol weigh six.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from flatbook.engine.reports import NotSent, OrderReport, Unknown
from flatbook.values.ids import OrderId

WORKING_MAX = 10_000

Opened = dict[OrderId, OrderReport]
Ask = Callable[[str], Awaitable[tuple[OrderReport, ...] | Unknown | NotSent]]


class WorkingOrders:
    """What was last known to work, and questions under way. `ask` reads the open orders of a symbol."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._working: dict[OrderId, None] = {}
        self._under_way: dict[str, asyncio.Task[Opened]] = {}

    def note(self, order_id: OrderId, *, works: bool) -> None:
        """Takes that an order works, or that it does not."""
        if works:
            if len(self._working) >= WORKING_MAX:
                del self._working[next(iter(self._working))]
            self._working[order_id] = None
        else:
            self._working.pop(order_id, None)

    async def look(self, order_id: OrderId, symbol: str) -> OrderReport | None:
        """Returns an order that still works, None where it must be asked for by itself.

        Gives: nothing of an order that was not known to work, and nothing where the open orders cannot be had: whether
        it is there at all only a question for it by its id can tell.
        """
        if order_id not in self._working:
            return None
        task = self._under_way.get(symbol)
        if task is None:
            task = self._under_way[symbol] = asyncio.create_task(self._read(symbol))
        return (await asyncio.shield(task)).get(order_id)

    async def _read(self, symbol: str) -> Opened:
        try:
            found = await self._ask(symbol)
        finally:
            del self._under_way[symbol]
        if isinstance(found, (Unknown, NotSent)):
            return {}
        return {each.order_id: each for each in found if each.order_id is not None}
