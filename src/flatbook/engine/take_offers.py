"""What is seen of our own orders on chains: that they stand, that they are gone, and what they offer."""

from __future__ import annotations

from collections.abc import Iterable

from flatbook.engine.inputs import OffersRead
from flatbook.engine.sound import flaw_of_chain_number, flaw_of_number
from flatbook.engine.turn import Turn
from flatbook.events import offers as ev
from flatbook.events.calls import CallPurpose
from flatbook.events.control import AlertName, Severity
from flatbook.events.event import Event
from flatbook.state.calls import UNDER_WAY, CallStatus
from flatbook.state.offers import Offer
from flatbook.values.ids import ChainId
from flatbook.values.money import BPS

PRICE_MOVED_BPS = 10


def take_offer_event(turn: Turn, event: ev.OfferSeen | ev.OfferRemoved) -> None:
    """Books that an order stands, or that it is gone, once."""
    known = turn.state.offers.by_hash.get((event.key.chain, event.order_hash))
    if isinstance(event, ev.OfferSeen):
        if known is not None and known.stands and known.seen.key == event.key:
            turn.drop("offer_known")
        else:
            turn.book(event)
    elif known is None or not known.stands:
        turn.drop("offer_not_standing")
    else:
        turn.book(event)


def undo_offers(turn: Turn, chain: ChainId, first_block: int, again: Iterable[Event]) -> None:
    """Undoes what replaced blocks did to orders: what they added is gone, what they removed stands again.

    What the same read states again in the same block stands.
    """
    stated = {(each.key.block_hash, each.order_hash) for each in again if isinstance(each, ev.OfferSeen)}
    for (of_chain, order_hash), offer in tuple(turn.state.offers.by_hash.items()):
        if of_chain != chain:
            continue
        if offer.stands and offer.seen.key.block >= first_block:
            if (offer.seen.key.block_hash, order_hash) not in stated:
                turn.book(
                    ev.OfferRemoved(
                        key=offer.seen.key,
                        order_hash=order_hash,
                        owner=offer.seen.owner,
                        gone=ev.OfferGone.REORGANISED,
                        seen_at=turn.now,
                    )
                )
        elif offer.gone_block is not None and offer.gone_block >= first_block > offer.seen.key.block:
            turn.book(offer.seen)


def take_offers_read(turn: Turn, item: OffersRead) -> None:
    """Books what orders offer where it is not what is known: other shares, or a price that moved."""
    sight = item.sight
    chain = turn.rules.chains[sight.source]
    for each in sight.offers:
        offer = turn.state.offers.by_hash.get((chain, each.order_hash))
        quoted = ev.OfferQuoted(
            chain=chain,
            source=sight.source,
            order_hash=each.order_hash,
            block=sight.block,
            block_hash=sight.block_hash,
            legs=each.legs,
            seen_at=turn.now,
        )
        if offer is None or not offer.stands or sight.block < offer.seen.key.block:
            turn.drop("offer_not_standing")
        elif _is_leaving(turn, offer) and all(leg.price is None for leg in quoted.legs):
            turn.drop("offer_leaving")
        elif (flaw := _flaw_of(offer, quoted)) is not None:
            turn.alert(AlertName.LOG_UNPARSED, f"offer:{chain}:{each.order_hash}", flaw, severity=Severity.CRITICAL)
        elif _is_news(offer, quoted):
            turn.book(quoted)
        else:
            turn.drop("offer_unchanged")


def _is_leaving(turn: Turn, offer: Offer) -> bool:
    """Whether our removal of an order may be in a block whose log was not read yet: then it states no price.

    What it offered before is what it offers when it is put back, and not all that its vault holds.
    """
    call = None if offer.call_id is None else turn.state.calls.get(offer.call_id)
    may_be_mined = (*UNDER_WAY, CallStatus.MINED, CallStatus.CONFIRMED)
    return call is not None and call.purpose is CallPurpose.REMOVE_ORDER and call.status in may_be_mined


def _flaw_of(offer: Offer, quoted: ev.OfferQuoted) -> str | None:
    if len(quoted.legs) != len(offer.seen.legs):
        return f"{len(quoted.legs)} quotes for {len(offer.seen.legs)} legs"
    for leg in quoted.legs:
        flaw = flaw_of_number("shares offered", leg.shares) or flaw_of_chain_number("vault balance", leg.balance)
        flaw = flaw or (None if leg.price is None else flaw_of_number("price offered", leg.price, positive=True))
        if flaw is not None:
            return flaw
    return None


def _is_news(offer: Offer, quoted: ev.OfferQuoted) -> bool:
    known = offer.quote
    if known is None:
        return True
    if quoted.block < known.block:
        return False
    return any(_moved(before, after) for before, after in zip(known.legs, quoted.legs, strict=True))


def _moved(before: ev.LegQuote, after: ev.LegQuote) -> bool:
    if before.shares != after.shares or before.balance != after.balance:
        return True
    if before.price is None or after.price is None:
        return before.price is not after.price
    return abs(after.price - before.price) > before.price * PRICE_MOVED_BPS * BPS
