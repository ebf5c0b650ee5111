"""The task that asks from time to time what our orders on a chain offer."""

from __future__ import annotations

from typing import Protocol

from flatbook.engine.inputs import Item, OffersRead
from flatbook.engine.offer_reports import OfferReader, OffersSight
from flatbook.engine.ports import Clock
from flatbook.state.desk import State
from flatbook.values.instants import later

OFFERS_POLL_S = 10
OFFERS_ASKED_MAX = 64


class OffersHost(Protocol):
    """What the follower of offers needs of the engine."""

    state: State

    async def put(self, item: Item) -> bool:
        """Hands an input to the loop and returns once it is committed, or False when it could not be folded."""
        ...


async def follow_offers(host: OffersHost, reader: OfferReader, clock: Clock) -> None:
    """Asks every OFFERS_POLL_S for what stands, OFFERS_ASKED_MAX orders at once, for ever."""
    while True:
        orders = [
            offer.seen
            for (chain, _), offer in host.state.offers.by_hash.items()
            if chain == reader.chain and offer.stands
        ]
        for start in range(0, len(orders), OFFERS_ASKED_MAX):
            sight = await reader.offers(tuple(orders[start : start + OFFERS_ASKED_MAX]))
            if isinstance(sight, OffersSight):
                await host.put(OffersRead(sight=sight))
        await clock.sleep_until(later(clock.now(), seconds=OFFERS_POLL_S))
