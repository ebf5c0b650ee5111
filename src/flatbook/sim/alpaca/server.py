"""The simulated Alpaca behind HTTP."""

from __future__ import annotations

import asyncio

from flatbook.sim.alpaca.faults import BrokerFaults, CalmBroker
from flatbook.sim.alpaca.front import Front
from flatbook.sim.alpaca.ledger import BookedExecution, BookedOrder, Prices
from flatbook.sim.alpaca.stream import Streams
from flatbook.sim.alpaca.terms import AlpacaTerms
from flatbook.sim.network.http_broker import HttpBroker, Now, Rest
from flatbook.values.instants import NS_PER_MS, Instant

FAULT_TEXT = {"code": 50010000, "message": "internal server error occurred"}
BEAT_MS = 15_000


class AlpacaServer(HttpBroker):
    """One Alpaca that answers HTTP requests of its Broker API and its Trading API, and streams what happens there.

    While somebody listens, what is due in the books happens then, and not when somebody asks. Units: as in HttpBroker.
    """

    def __init__(
        self, terms: AlpacaTerms, prices: Prices, *, now: Now, rest: Rest, faults: BrokerFaults | None = None
    ) -> None:
        named = faults or CalmBroker()
        self.front = Front(terms, prices, named)
        self.streams = Streams(self.front.ledger, terms, named, self.front.knows)
        self.streams.opened = self._opened
        self.front.ledger.watchers.append(self)
        self._waits: dict[asyncio.Task[None], None] = {}
        self._beating: asyncio.Task[None] | None = None
        super().__init__(self.front, named, now=now, rest=rest, fault_text=FAULT_TEXT, streams=self.streams)

    def due(self, at: Instant) -> None:
        """Lets the books advance when something is due, while somebody listens."""
        if self.streams.is_open:
            self._keep(asyncio.get_running_loop().create_task(self._advance_at(at)))

    def changed(self, order: BookedOrder, execution: BookedExecution | None) -> None:
        """Leaves the telling to the streams."""

    def _opened(self) -> None:
        for at in self.front.ledger.all_due():
            self.due(at)
        if self._beating is None or self._beating.done():
            self._beating = asyncio.get_running_loop().create_task(self._beat())

    def _keep(self, wait: asyncio.Task[None]) -> None:
        self._waits[wait] = None
        wait.add_done_callback(lambda ended: self._waits.pop(ended, None))

    async def _advance_at(self, at: Instant) -> None:
        await self._rest(-(-max(at - self._now(), 0) // NS_PER_MS))
        self.front.ledger.advance(self._now())

    async def _beat(self) -> None:
        while self.streams.is_open:
            await self._rest(BEAT_MS)
            self.streams.beat()
