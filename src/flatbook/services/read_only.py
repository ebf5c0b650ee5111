"""An account that is never sent an order."""

from __future__ import annotations

from collections.abc import Callable

from flatbook.engine.ports import ApprovedOrder, OrderVenue, VenueCard
from flatbook.engine.reports import (
    AccountStatement,
    CancelAnswer,
    ExecutionPage,
    FindAnswer,
    NotSent,
    PlaceAnswer,
    Pushed,
    Unknown,
)
from flatbook.events.orders import NotSentReason
from flatbook.values.ids import InstrumentId, OrderId, VenueOrderId


class ReadOnlyVenue:
    """An account of real money in a desk whose mode is not live: it is read and cancelled at, and nothing is placed."""

    def __init__(self, venue: OrderVenue) -> None:
        self._venue = venue

    @property
    def card(self) -> VenueCard:
        """What the adapter declares about the venue."""
        return self._venue.card

    async def place(self, order: ApprovedOrder) -> PlaceAnswer:  # noqa: ARG002
        """Sends nothing, whatever was decided."""
        return NotSent(reason=NotSentReason.REFUSED_LOCALLY)

    async def cancel(
        self, order_id: OrderId, venue_order_id: VenueOrderId | None, instrument: InstrumentId | None = None
    ) -> CancelAnswer:
        """Asks to cancel the order."""
        return await self._venue.cancel(order_id, venue_order_id, instrument)

    async def find(self, order_id: OrderId, instrument: InstrumentId | None = None) -> FindAnswer:
        """Asks for the order by our client id."""
        return await self._venue.find(order_id, instrument)

    async def executions_since(self, cursor: str) -> ExecutionPage | Unknown | NotSent:
        """Returns executions of the account after a cursor, and the next cursor."""
        return await self._venue.executions_since(cursor)

    async def statement(self) -> AccountStatement | Unknown | NotSent:
        """Reads open orders, holdings and balances."""
        return await self._venue.statement()

    async def watch(self, deliver: Callable[[Pushed], None]) -> bool:
        """Delivers what the venue tells on its own."""
        return await self._venue.watch(deliver)
