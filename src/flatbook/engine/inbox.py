"""What waits for the loop, within a named bound.

Who puts an input waits for its commit, an effect is under way once, a net is woken once, and a follower reads one range
at a time: none of these can flood the loop, and none is ever refused. What venues push and what operators command can:
beyond the bound it is refused, for a poll finds again what was pushed, and an operator is told. Commands that stop have
a lane of their own and always pass. A lift keeps its place among them: a halt that came after it stands.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from typing import Generic, TypeVar

from flatbook.engine.inputs import STOPPING, Command, Item, Verb

INBOX_MAX = 4_096
IN_STOP_LANE = (*STOPPING, Verb.LIFT)

Waiter = TypeVar("Waiter")


class Inbox(Generic[Waiter]):
    """Inputs in order of arrival, each with who waits for it; commands that stop come first, and lifts with them."""

    def __init__(self) -> None:
        self._stops: deque[tuple[Item, Waiter]] = deque()
        self._items: deque[tuple[Item, Waiter]] = deque()
        self._stirred = asyncio.Event()

    def __len__(self) -> int:
        return len(self._stops) + len(self._items)

    @property
    def is_full(self) -> bool:
        """Whether what can wait elsewhere, or comes again, must not be added any more."""
        return len(self._items) >= INBOX_MAX

    def add(self, item: Item, waiter: Waiter) -> None:
        """Lets an input wait, whatever waits before it."""
        goes_first = isinstance(item, Command) and item.verb in IN_STOP_LANE
        (self._stops if goes_first else self._items).append((item, waiter))
        self.stir()

    def take(self, count_max: int) -> list[tuple[Item, Waiter]]:
        """Removes and returns all commands that stop or lift, and inputs in order up to a number."""
        taken = list(self._stops)
        self._stops.clear()
        while self._items and len(taken) < count_max:
            taken.append(self._items.popleft())
        return taken

    def take_all(self) -> Iterator[tuple[Item, Waiter]]:
        """Removes and yields all that waits and neither stops nor lifts."""
        while self._items:
            yield self._items.popleft()

    def waiters(self) -> tuple[Waiter, ...]:
        """Returns who waits."""
        return tuple(waiter for _, waiter in (*self._stops, *self._items))

    def stir(self) -> None:
        """Ends the wait of the loop, although nothing may have come."""
        self._stirred.set()

    async def wait(self) -> None:
        """Returns once something comes, or the loop is stirred."""
        self._stirred.clear()
        await self._stirred.wait()
