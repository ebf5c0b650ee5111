"""Our own orders on chains as people and programs ask for them, one line for each pair of tokens."""

from __future__ import annotations

import msgspec

from flatbook.events.offers import PullReason
from flatbook.state.desk import State
from flatbook.values.ids import AccountId, AssetId, ChainId, OwnerId, Underlying
from flatbook.values.instants import Instant
from flatbook.values.instruments import Side
from flatbook.values.money import Price, Quantity


class OfferLine(msgspec.Struct, frozen=True, kw_only=True):
    """What an order of ours offers of one share.

    Units: `shares` that can be taken, in underlying; `price` in dollars of the order per share; `reference` in USD per
    share, of the newest onchain fill; `block` is the watermark of what was read. None while it was not. `reasons` are
    why offers of this side must not stand.
    """

    chain: ChainId
    order_hash: str
    owner: OwnerId
    account: AccountId
    underlying: Underlying
    token: AssetId
    dollar: AssetId
    side: Side
    stands: bool
    pulled: bool
    reasons: tuple[PullReason, ...]
    shares: Quantity | None
    price: Price | None
    reference: Price | None
    block: int | None
    quoted_at: Instant | None
    seen_at: Instant


def offer_lines(state: State) -> tuple[OfferLine, ...]:
    """Returns every order of ours that stands, or that we pulled and may restore, oldest first."""
    lines: list[OfferLine] = []
    for offer in state.offers.by_hash.values():
        seen, quote = offer.seen, offer.quote
        if not offer.stands and not offer.pulled:
            continue
        for place, leg in enumerate(seen.legs):
            quoted = None if quote is None else quote.legs[place]
            stated = state.offers.reasons.get((seen.owner, leg.underlying, leg.side))
            lines.append(
                OfferLine(
                    chain=seen.key.chain,
                    order_hash=seen.order_hash,
                    owner=seen.owner,
                    account=seen.account,
                    underlying=leg.underlying,
                    token=leg.token,
                    dollar=leg.dollar,
                    side=leg.side,
                    stands=offer.stands,
                    pulled=offer.pulled,
                    reasons=() if stated is None else stated.reasons,
                    shares=None if quoted is None else quoted.shares,
                    price=None if quoted is None else quoted.price,
                    reference=state.positions.net(seen.owner, leg.underlying).last_price,
                    block=None if quote is None else quote.block,
                    quoted_at=None if quote is None else quote.seen_at,
                    seen_at=seen.seen_at,
                )
            )
    return tuple(lines)
