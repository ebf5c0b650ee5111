"""When an engine that is to end may: drained, or once nothing of ours stands on a chain for others to take."""

from __future__ import annotations

import msgspec

from flatbook.engine.rules import Rules
from flatbook.events.calls import CallPurpose
from flatbook.state.calls import CallStatus
from flatbook.state.desk import State
from flatbook.state.offers import Offer, OfferKey
from flatbook.values.instants import Instant, later

LEAVE_S = 60
DRAINED = "drained"


class Leaving(msgspec.Struct, frozen=True, kw_only=True):
    """An engine that ends as soon as what it offers is pulled, and at `until` whatever stands then."""

    reason: str
    until: Instant


def leaving_from(reason: str, now: Instant) -> Leaving:
    """Returns that an engine leaves from now on, for LEAVE_S at most."""
    return Leaving(reason=reason, until=later(now, seconds=LEAVE_S))


def offers_left(state: State, rules: Rules) -> tuple[Offer, ...]:
    """Returns the orders that this desk could pull and that others may take still, or again.

    Gives: none of a desk without `rules.offers` or without the wallet that they name; each order once.
    """
    found: dict[OfferKey, Offer] = {}
    for key, offer_rules in rules.offers.items():
        if (offer_rules.params.chain, offer_rules.params.wallet) in rules.wallets:
            found |= {offer.key: offer for offer in state.offers.of(*key) if _may_be_taken(state, offer)}
    return tuple(found.values())


def _may_be_taken(state: State, offer: Offer) -> bool:
    """Whether an order stands, or a call of it is under way. A confirmed removal counts before its log was read."""
    call = None if offer.call_id is None else state.calls.get(offer.call_id)
    if call is None:
        return offer.stands
    is_removed = call.purpose is CallPurpose.REMOVE_ORDER and call.status is CallStatus.CONFIRMED
    return call.is_open or (offer.stands and not is_removed)


def why_over(state: State, rules: Rules, leaving: Leaving | None, *, now: Instant, is_busy: bool) -> str | None:
    """Returns why an engine is at its end, None while it goes on. `is_busy`: inputs wait, or answers are out."""
    if leaving is not None and (now >= leaving.until or not offers_left(state, rules)):
        return leaving.reason
    is_owing = any(state.owing.values())
    is_drained = state.draining and not (is_busy or is_owing or state.holds or state.open_calls)
    return DRAINED if is_drained else None
