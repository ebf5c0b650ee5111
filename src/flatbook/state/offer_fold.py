"""How events of our own orders on chains change the state of a desk."""

from __future__ import annotations

from flatbook.events import offers as ev
from flatbook.state.desk import State
from flatbook.state.offers import Offer, Reasons
from flatbook.state.orders import Broken
from flatbook.values.ids import ChainId

OFFERS_KEPT_MAX = 10_000


def fold_seen(state: State, event: ev.OfferSeen) -> None:
    """Notes that an order stands; one that stood before keeps whether it is pulled, and what it offered last."""
    key, offers = (event.key.chain, event.order_hash), state.offers.by_hash
    before = offers.pop(key, None)
    offers[key] = Offer(
        seen=event,
        stands=True,
        pulled=before is not None and before.pulled,
        quote=None if before is None else before.quote,
        gone_block=None,
        call_id=None if before is None else before.call_id,
        calls=0 if before is None else before.calls,
        changed_at=event.seen_at,
    )
    if len(offers) > OFFERS_KEPT_MAX:
        _forget(state)


def _forget(state: State) -> None:
    """Drops the order that is gone for longest, if any is."""
    offers = state.offers.by_hash
    gone = next((key for key, offer in offers.items() if not offer.stands), None)
    if gone is not None:
        del offers[gone]


def fold_removed(state: State, event: ev.OfferRemoved) -> None:
    """Notes that an order stands no more."""
    offer = _known(state, event.key.chain, event.order_hash)
    offer.stands, offer.changed_at = False, event.seen_at
    offer.gone_block = event.key.block if event.gone is ev.OfferGone.REMOVED else None


def fold_quoted(state: State, event: ev.OfferQuoted) -> None:
    """Keeps what an order offers."""
    _known(state, event.chain, event.order_hash).quote = event


def fold_reasons(state: State, event: ev.OfferReasonsChanged) -> None:
    """Keeps why offers of a side must not stand."""
    key = (event.owner, event.underlying, event.side)
    state.offers.reasons[key] = Reasons(reasons=event.reasons, since=event.decided_at)


def fold_pulled(state: State, event: ev.OfferPulled) -> None:
    """Notes that an order is to be gone."""
    offer = _known(state, event.chain, event.order_hash)
    offer.pulled, offer.call_id, offer.calls = True, event.call_id, offer.calls + 1


def fold_restored(state: State, event: ev.OfferRestored) -> None:
    """Notes that an order is to stand again."""
    offer = _known(state, event.chain, event.order_hash)
    offer.pulled, offer.call_id, offer.calls = False, event.call_id, offer.calls + 1


def _known(state: State, chain: ChainId, order_hash: str) -> Offer:
    offer = state.offers.by_hash.get((chain, order_hash))
    if offer is None:
        raise Broken(f"order {order_hash} is not known")
    return offer
