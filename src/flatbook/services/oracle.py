"""Asks oracles about fills once they are booked, one after the other, and hands the engine what they said.

Nothing waits for it and nothing is decided on it: a fill that could not be priced stays without a price.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping

from flatbook.engine.inputs import Priced
from flatbook.engine.ports import Clock
from flatbook.engine.run import Committed
from flatbook.events.chain import PRECONFIRMED_HASH, LogKey, VaultFilled
from flatbook.events.prices import FillPriced
from flatbook.values.ids import ChainId
from flatbook.values.instants import later
from flatbook.venues.pyth.price import MissingFor
from flatbook.venues.pyth.reader import PythReader

FILLS_WAITING_MAX = 256
TRIES_MAX = 3
WAIT_S = 2
RETRY_S = 10


class FillPricer:
    """Prices fills on the chains it has readers for. The newest FILLS_WAITING_MAX wait, older ones are passed over.

    `missing` counts the fills that stay without a price, by the reason.
    """

    def __init__(self, readers: Mapping[ChainId, PythReader], clock: Clock, push: Callable[[Priced], None]) -> None:
        self.missing: dict[str, int] = {}
        self._readers, self._clock, self._push = dict(readers), clock, push
        self._waiting: deque[VaultFilled] = deque(maxlen=FILLS_WAITING_MAX)
        self._stirred = asyncio.Event()

    def on_commit(self, committed: Committed) -> None:
        """Takes the fills of a commit that can be priced: one without a block comes again once it has one."""
        for event in committed.events:
            if isinstance(event, VaultFilled) and self._is_priced(event.key):
                if len(self._waiting) == FILLS_WAITING_MAX:
                    self._count("passed_over")
                self._waiting.append(event)
                self._stirred.set()

    def _is_priced(self, key: LogKey) -> bool:
        return key.chain in self._readers and key.block_hash != PRECONFIRMED_HASH

    async def follow(self) -> None:
        """Prices what waits, for ever. Each fill has been booked WAIT_S ago at least: its hedge goes first."""
        while True:
            await self._stirred.wait()
            while self._waiting:
                await self._clock.sleep_until(later(self._clock.now(), seconds=WAIT_S))
                await self._price(self._waiting.popleft())
            self._stirred.clear()

    async def _price(self, fill: VaultFilled) -> None:
        reader = self._readers[fill.key.chain]
        reason = MissingFor.NOT_ANSWERED
        for attempt in range(TRIES_MAX):
            if attempt:
                await self._clock.sleep_until(later(self._clock.now(), seconds=RETRY_S))
            found = await reader.priced(fill)
            if isinstance(found, FillPriced):
                self._push(Priced(event=found))
                return
            reason = found.reason
            if reason is not MissingFor.NOT_ANSWERED:
                break
        self._count(reason.value)

    def _count(self, why: str) -> None:
        self.missing[why] = self.missing.get(why, 0) + 1
