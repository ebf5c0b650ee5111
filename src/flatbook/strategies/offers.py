"""Offers: orders of ours on a chain are pulled while what would hedge them cannot, and put back when it can again.

What stands can be taken even while we are dead. So it is bounded at any time by what the net may be at worst, a pull
waits for nothing, and a restore waits until every reason has been gone for a while and the net is at rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from flatbook.events.calls import CallPurpose
from flatbook.events.event import Event
from flatbook.events.offers import OfferPulled, OfferReasonsChanged, OfferRestored, PullReason
from flatbook.market.quotes import Quote
from flatbook.state.calls import UNDER_WAY, CallStatus, ChainCall
from flatbook.state.intents import CallIntent
from flatbook.state.offers import Offer, Reasons
from flatbook.strategies.capacity import Capacity
from flatbook.strategies.decision import Decision, Wake
from flatbook.values.ids import AccountId, AssetId, CallId, ChainId, EventRef, OwnerId, Underlying, WalletId, call_id_of
from flatbook.values.instants import Instant, later
from flatbook.values.instruments import Side
from flatbook.values.money import BPS, ONE, ZERO, Price, Quantity, plain
from flatbook.values.sessions import Session, SessionKind

CALL_S = 3_600
RETRY_S = 30
SEEN_WITHIN_S = 60
UNREAD_S = 60
HASH_DIGITS = 10


class OfferParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the offers of one owner in one underlying are kept.

    Units: shares, seconds and basis points as the names say. `standing_shares_max` is what may stand on one side,
    `threshold_shares` from which net on the hedge acts, `order_shares_max` its largest order, at each of `venues`
    accounts: together they are the bound of the worst net. A side whose capacity is below `fill_shares` is pulled.
    """

    sessions: tuple[SessionKind, ...]
    cutoff_s: int
    fill_shares: Decimal
    standing_shares_max: Decimal
    threshold_shares: Decimal
    order_shares_max: Decimal
    venues: int
    price_age_s_max: int
    chain: ChainId
    wallet: WalletId
    gas_account: AccountId
    peg_bps_max: int = 50
    quiet_s: int = 30

    def __post_init__(self) -> None:
        for name in ("fill_shares", "standing_shares_max", "threshold_shares", "order_shares_max", "price_age_s_max"):
            if not getattr(self, name) > ZERO:
                raise ValueError(f"offers {name} must be above zero")
        if self.venues < 1 or self.cutoff_s < 0 or self.quiet_s < 0 or self.peg_bps_max < 0:
            raise ValueError("offers venues must be above zero, and no time or peg below it")
        if not self.sessions or SessionKind.CLOSED in self.sessions:
            raise ValueError("offers sessions must name when they may stand, and a closed market hedges nothing")

    @property
    def bound_shares(self) -> Decimal:
        """The worst net there may ever be, also while we are dead. Units: shares."""
        return worst_shares(
            threshold=self.threshold_shares,
            standing=self.standing_shares_max,
            order_max=self.order_shares_max,
            venues=self.venues,
        )


def worst_shares(*, threshold: Decimal, standing: Decimal, order_max: Decimal, venues: int) -> Decimal:
    """Returns the worst net there may ever be, also while we are dead: a net that waits, all that stands, and orders.

    Units: shares.
    """
    return threshold + standing + venues * order_max


def flaw_of_bound(worst: Decimal, *, price: Decimal, loss_usd_max: Decimal, shock_bps: int) -> str | None:
    """Returns why the worst net could lose more than it may, None when it could not.

    Units: worst in shares; price in USD per share; loss in USD; shock in basis points of the price, the largest move
    between two prices at which anything can be hedged.
    """
    loss = worst * price * shock_bps * BPS
    if loss <= loss_usd_max:
        return None
    return (
        f"the worst net, {plain(worst)} shares at {plain(price)} USD, loses {plain(loss)} USD in a move of {shock_bps} "
        f"basis points, and {plain(loss_usd_max)} may be lost: let less stand, make orders smaller, or allow more"
    )


class OffersView(msgspec.Struct, frozen=True, kw_only=True):
    """What the strategy of one (owner, underlying) can see; valid during the call only.

    Units: net in shares, signed. `capacity` is what hedges can still do; `dollars` the marks of the dollars that the
    offers are paid in, None where nobody states one. `calls` are the newest calls of the offers. `is_ready` says that
    recovery is over; while `is_starting` nobody can have read accounts and prices yet, and nothing follows from that.
    """

    now: Instant
    owner: OwnerId
    underlying: Underlying
    net: Quantity
    offers: tuple[Offer, ...]
    reasons: Mapping[Side, Reasons]
    calls: Mapping[CallId, ChainCall]
    capacity: Capacity
    price: Quote | None
    dollars: Mapping[AssetId, Price | None]
    session: Session
    pauses_at: Instant
    next_open: Instant
    halted: bool
    killed: bool
    draining: bool
    leaving: bool
    broker_down: bool
    chain_unread: bool
    frozen: bool
    is_ready: bool
    is_starting: bool


def decide(view: OffersView, params: OfferParams) -> Decision:
    """Returns which orders to pull and which to put back now, and when time alone can change that.

    Gives: calls that pull are urgent; one call of an order at a time.
    """
    reasons = {side: reasons_of(view, params, side) for side in Side}
    notes = [_noted(view, side, now) for side, now in reasons.items() if now != _known(view, side)]
    intents: list[CallIntent] = []
    for offer in view.offers:
        against = _against(offer, reasons)
        if against and offer.stands and _may_call(view, offer):
            intents.append(_call(view, params, offer, CallPurpose.REMOVE_ORDER, against))
            notes.append(_pulled(view, offer, intents[-1], against))
        elif not against and _is_wanted_back(view, offer) and _may_restore(view, params, offer, intents):
            intents.append(_call(view, params, offer, CallPurpose.ADD_ORDER, ()))
            notes.append(_restored(view, offer, intents[-1]))
    return Decision(intents=tuple(intents), notes=tuple(notes), wake=Wake(on=(), at=_next_at(view, params)))


def unwanted_calls(view: OffersView, params: OfferParams) -> tuple[CallId, ...]:
    """Returns the calls under way that would put an order back against which something speaks by now.

    Gives: calls that can still be taken back; what is in a block already is pulled when it is seen.
    """
    reasons = {side: reasons_of(view, params, side) for side in Side}
    last = [_last_call(view, offer) for offer in view.offers if _against(offer, reasons)]
    return tuple(
        call.call_id
        for call in last
        if call is not None
        and call.purpose is CallPurpose.ADD_ORDER
        and call.status in (CallStatus.INTENDED, *UNDER_WAY)
        and not call.cancel_pending
    )


def reasons_of(view: OffersView, params: OfferParams, side: Side) -> tuple[PullReason, ...]:
    """Returns why offers of a side must not stand now, in the order of their names in `PullReason`."""
    capacity = view.capacity.of(Side.BUY if side is Side.SELL else Side.SELL)
    read = not view.is_starting
    found = {
        PullReason.SESSION: view.session.kind not in params.sessions or view.now >= _pull_at(view, params),
        PullReason.CAPACITY: read and capacity is not None and capacity < params.fill_shares,
        PullReason.BROKER_DOWN: read and view.broker_down,
        PullReason.CHAIN_UNREAD: view.chain_unread,
        PullReason.HALTED: view.halted,
        PullReason.KILLED: view.killed,
        PullReason.STALE_PRICE: read and (view.price is None or view.now >= _stale_at(view.price, params)),
        PullReason.DEPEGGED: any(_is_off(mark, params) for mark in view.dollars.values()),
        PullReason.DRAINING: view.draining,
        PullReason.SHUTDOWN: view.leaving,
        PullReason.FROZEN: view.frozen,
        PullReason.BOUND: worst_of(view, side) > params.bound_shares,
        PullReason.UNREAD: read and any(view.now >= _unread_at(offer) for offer in _unread(view)),
    }
    return tuple(reason for reason in PullReason if found[reason])


def worst_of(view: OffersView, side: Side) -> Decimal:
    """Returns how large the net would be if all that stands on a side were taken. Units: shares, unsigned."""
    return abs(view.net + side.sign * _standing(view, side))


def _standing(view: OffersView, side: Side) -> Decimal:
    """Returns what stands on a side as far as it was read, and what is on its way to stand as it was read last."""
    total = ZERO
    for offer in view.offers:
        if offer.stands or _is_under_way(view, offer, CallPurpose.ADD_ORDER):
            total += _size(view, offer, side)
    return total


def _size(view: OffersView, offer: Offer, side: Side) -> Decimal:
    """Returns what an order offered of a side when it was read last; a sale without a price still holds its vault."""
    if offer.quote is None:
        return ZERO
    pairs = zip(offer.seen.legs, offer.quote.legs, strict=True)
    return sum((quoted.shares for leg, quoted in pairs if (leg.underlying, leg.side) == (view.underlying, side)), ZERO)


def _pull_at(view: OffersView, params: OfferParams) -> Instant:
    return later(view.pauses_at, seconds=-params.cutoff_s)


def _stale_at(quote: Quote, params: OfferParams) -> Instant:
    return Instant(later(quote.happened_at, seconds=params.price_age_s_max) + 1)


def _unread(view: OffersView) -> tuple[Offer, ...]:
    """Returns the orders that stand and of which nobody knows what they offer: the bound cannot count them."""
    return tuple(offer for offer in view.offers if offer.stands and offer.quote is None)


def _unread_at(offer: Offer) -> Instant:
    return later(offer.changed_at, seconds=UNREAD_S)


def _is_off(mark: Price | None, params: OfferParams) -> bool:
    return mark is None or abs(mark - ONE) > params.peg_bps_max * BPS


def _known(view: OffersView, side: Side) -> tuple[PullReason, ...]:
    known = view.reasons.get(side)
    return () if known is None else known.reasons


def _noted(view: OffersView, side: Side, reasons: tuple[PullReason, ...]) -> Event:
    return OfferReasonsChanged(
        owner=view.owner, underlying=view.underlying, side=side, reasons=reasons, decided_at=view.now
    )


def _against(offer: Offer, reasons: Mapping[Side, tuple[PullReason, ...]]) -> tuple[PullReason, ...]:
    """Returns what speaks against an order: what does against any side that it has."""
    sides = dict.fromkeys(leg.side for leg in offer.seen.legs)
    return tuple(reason for reason in PullReason if any(reason in reasons[side] for side in sides))


# One call of an order at a time.


def _last_call(view: OffersView, offer: Offer) -> ChainCall | None:
    return None if offer.call_id is None else view.calls.get(offer.call_id)


def _is_under_way(view: OffersView, offer: Offer, purpose: CallPurpose) -> bool:
    """Whether a call of an order may still take effect, or has taken it and was not seen yet."""
    call = _last_call(view, offer)
    if call is None or call.purpose is not purpose:
        return False
    seen_by = later(call.changed_at, seconds=SEEN_WITHIN_S)
    return call.is_open or (call.status is CallStatus.CONFIRMED and view.now < seen_by)


def _may_call(view: OffersView, offer: Offer) -> bool:
    """Whether an order may have another call now: not beside one under way, nor at once after one that failed."""
    call = _last_call(view, offer)
    if call is None:
        return True
    if call.is_open:
        return False
    rest_s = SEEN_WITHIN_S if call.status is CallStatus.CONFIRMED else RETRY_S
    did = call.status is CallStatus.CONFIRMED and (call.purpose is CallPurpose.ADD_ORDER) == offer.stands
    return did or view.now >= later(call.changed_at, seconds=rest_s)


def _is_wanted_back(view: OffersView, offer: Offer) -> bool:
    """Whether an order that we took away is to stand again; one that its owner removed by hand is not."""
    call = _last_call(view, offer)
    failed = call is not None and call.purpose is CallPurpose.ADD_ORDER and call.status is not CallStatus.CONFIRMED
    return not offer.stands and (offer.pulled or (failed and call is not None and not call.is_open))


def _may_restore(view: OffersView, params: OfferParams, offer: Offer, before: list[CallIntent]) -> bool:
    """Whether an order may stand again: all is quiet, the net is at rest, and what stands stays within its bounds."""
    if before or not view.is_ready or not _may_call(view, offer) or abs(view.net) >= params.threshold_shares:
        return False
    if any(view.now < _quiet_at(view, params, leg.side) for leg in offer.seen.legs):
        return False
    if offer.quote is None or any(other.stands and other.quote is None for other in view.offers):
        return False
    return all(_fits(view, params, offer, side) for side in Side)


def _fits(view: OffersView, params: OfferParams, offer: Offer, side: Side) -> bool:
    more = _size(view, offer, side)
    standing = _standing(view, side) + more
    worst = abs(view.net + side.sign * standing)
    return not more or (standing <= params.standing_shares_max and worst <= params.bound_shares)


def _quiet_at(view: OffersView, params: OfferParams, side: Side) -> Instant:
    """Returns from when on nothing has spoken against a side for long enough."""
    known = view.reasons.get(side)
    if known is None:
        return view.now
    since = known.since if not known.reasons else view.now
    return later(since, seconds=params.quiet_s)


def _call(
    view: OffersView, params: OfferParams, offer: Offer, purpose: CallPurpose, reasons: tuple[PullReason, ...]
) -> CallIntent:
    seen = offer.seen
    cause = EventRef(f"offer:{seen.key.chain}:{seen.order_hash}@{seen.key.block_hash[:HASH_DIGITS]}")
    removes = purpose is CallPurpose.REMOVE_ORDER
    return CallIntent(
        call_id=call_id_of(view.owner, cause, index=offer.calls),
        owner=view.owner,
        account=params.gas_account,
        chain=params.chain,
        wallet=params.wallet,
        purpose=purpose,
        to=seen.order_book,
        payload=seen.removal if removes else seen.addition,
        value=Quantity(ZERO),
        asset=None,
        amount=None,
        destination=None,
        urgent=removes,
        after=None,
        because=None,
        evidence=_evidence(view, offer, reasons),
        good_until=later(view.now, seconds=CALL_S),
    )


def _evidence(view: OffersView, offer: Offer, reasons: tuple[PullReason, ...]) -> dict[str, str]:
    evidence = {"order_hash": offer.seen.order_hash, "net": plain(view.net)}
    if reasons:
        evidence["reasons"] = " ".join(reason.value for reason in reasons)
    for side in Side:
        evidence[f"worst_{side.value}"] = plain(worst_of(view, side))
    return evidence


def _pulled(view: OffersView, offer: Offer, intent: CallIntent, reasons: tuple[PullReason, ...]) -> Event:
    return OfferPulled(
        chain=offer.seen.key.chain,
        order_hash=offer.seen.order_hash,
        owner=view.owner,
        call_id=intent.call_id,
        reasons=reasons,
        decided_at=view.now,
    )


def _restored(view: OffersView, offer: Offer, intent: CallIntent) -> Event:
    return OfferRestored(
        chain=offer.seen.key.chain,
        order_hash=offer.seen.order_hash,
        owner=view.owner,
        call_id=intent.call_id,
        decided_at=view.now,
    )


def _next_at(view: OffersView, params: OfferParams) -> Instant | None:
    """Returns when time alone brings another decision."""
    moments = [_pull_at(view, params), view.pauses_at, view.session.closes_at, view.next_open]
    if view.price is not None:
        moments.append(_stale_at(view.price, params))
    moments += [_quiet_at(view, params, side) for side in Side]
    moments += [_unread_at(offer) for offer in _unread(view)]
    for offer in view.offers:
        call = _last_call(view, offer)
        if call is not None and not call.is_open:
            moments += [later(call.changed_at, seconds=seconds) for seconds in (RETRY_S, SEEN_WITHIN_S)]
    return min((at for at in moments if at > view.now), default=None)
