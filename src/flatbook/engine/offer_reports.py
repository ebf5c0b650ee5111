"""What nodes say that our own orders on a chain offer, in our words, and who is asked."""

from __future__ import annotations

from typing import Protocol

from flatbook.engine.reports import Report, Unknown
from flatbook.events.offers import LegQuote, OfferSeen
from flatbook.values.ids import ChainId, SourceId
from flatbook.values.instants import Instant


class OfferSight(Report, frozen=True, kw_only=True):
    """What one order offers, leg by leg."""

    order_hash: str
    legs: tuple[LegQuote, ...]


class OffersSight(Report, frozen=True, kw_only=True):
    """What orders offer at a block that all nodes have. An order that could not be read is left out.

    `block` is the watermark: what happened above it is not in these numbers.
    """

    source: SourceId
    block: int
    block_hash: str
    at: Instant
    offers: tuple[OfferSight, ...]


class OfferReader(Protocol):
    """Asks the nodes of a chain what our orders offer there."""

    @property
    def source(self) -> SourceId:
        """The name of the source that sees the orders."""
        ...

    @property
    def chain(self) -> ChainId:
        """The chain whose orders can be asked for."""
        ...

    async def offers(self, orders: tuple[OfferSeen, ...]) -> OffersSight | Unknown:
        """Asks what orders offer at the newest block that all nodes have; Unknown where they do not agree."""
        ...
