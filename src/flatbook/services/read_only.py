"""An account that is never sent an order."""

from __future__ import annotations

from flatbook.engine.ports import ApprovedOrder
from flatbook.engine.reports import NotSent, PlaceAnswer
from flatbook.events.orders import NotSentReason
from flatbook.venues.wrapped import WrappedVenue


class ReadOnlyVenue(WrappedVenue):
    """An account of real money in a desk whose mode is not live: it is read and cancelled at, and nothing is placed."""

    async def place(self, order: ApprovedOrder) -> PlaceAnswer:  # noqa: ARG002
        """Sends nothing, whatever was decided."""
        return NotSent(reason=NotSentReason.REFUSED_LOCALLY)
