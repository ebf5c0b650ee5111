"""An account behind another: whoever asks it is answered by that one, but for what a kind of it does otherwise."""

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
from flatbook.values.ids import InstrumentId, OrderId, VenueOrderId


class WrappedVenue:
    """A venue that hands every question on. Implements OrderVenue."""

    def __init__(self, venue: OrderVenue) -> None:
        self._venue = venue

    @property
    def card(self) -> VenueCard:
        """What the adapter declares about the venue."""
        return self._venue.card

    async def place(self, order: ApprovedOrder) -> PlaceAnswer:
        """Sends the order once."""
        return await self._venue.place(order)

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
