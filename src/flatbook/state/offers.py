"""Our own orders on chains: which of them stand, what they offer, which we pulled and why."""

from __future__ import annotations

import msgspec

from flatbook.events import offers as ev
from flatbook.values.ids import CallId, ChainId, OwnerId, Underlying
from flatbook.values.instants import Instant
from flatbook.values.instruments import Side
from flatbook.values.money import ZERO, Quantity

OfferKey = tuple[ChainId, str]
SideKey = tuple[OwnerId, Underlying, Side]


class Offer(msgspec.Struct, kw_only=True, gc=False):
    """An order of ours. `stands` says whether its book holds it, `pulled` whether we want it away.

    `quote` is what it offers as of a block, None until it was read. `call_id` is the newest call that pulls or restores
    it; `calls` counts them.
    """

    seen: ev.OfferSeen
    stands: bool
    pulled: bool
    quote: ev.OfferQuoted | None
    gone_block: int | None
    call_id: CallId | None
    calls: int
    changed_at: Instant

    @property
    def key(self) -> OfferKey:
        """The identity of the order."""
        return (self.seen.key.chain, self.seen.order_hash)

    def shares(self, underlying: Underlying, side: Side) -> Quantity | None:
        """Returns how many shares can be taken of it on a side; None while nobody knows. Units: shares."""
        if not self.stands:
            return Quantity(ZERO)
        legs = self.seen.legs
        if not any((leg.underlying, leg.side) == (underlying, side) for leg in legs):
            return Quantity(ZERO)
        if self.quote is None:
            return None
        return Quantity(
            sum(
                (
                    quoted.shares
                    for leg, quoted in zip(legs, self.quote.legs, strict=True)
                    if (leg.underlying, leg.side) == (underlying, side)
                ),
                ZERO,
            )
        )


class Reasons(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Why offers of a side must not stand, and since when it is so."""

    reasons: tuple[ev.PullReason, ...]
    since: Instant


class Offers(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """All orders of ours that stand, or that may come back. Only the fold writes."""

    by_hash: dict[OfferKey, Offer] = {}
    reasons: dict[SideKey, Reasons] = {}

    def of(self, owner: OwnerId, underlying: Underlying) -> tuple[Offer, ...]:
        """Returns the orders of an owner that trade an underlying, oldest first."""
        return tuple(
            offer
            for offer in self.by_hash.values()
            if offer.seen.owner == owner and any(leg.underlying == underlying for leg in offer.seen.legs)
        )

    def standing(self, owner: OwnerId, underlying: Underlying, side: Side) -> Quantity | None:
        """Returns how many shares can be taken on a side in all; None while a part of it is not known.

        Units: shares.
        """
        total = ZERO
        for offer in self.of(owner, underlying):
            shares = offer.shares(underlying, side)
            if shares is None:
                return None
            total += shares
        return Quantity(total)
