"""What may still be put into a vault that others can take from: no more than may stand, and nothing while exposed."""

from __future__ import annotations

from decimal import Decimal

from flatbook.engine.turn import Turn
from flatbook.events.calls import CallPurpose
from flatbook.state.offers import Offer
from flatbook.state.positions import NetKey
from flatbook.strategies.offers import OfferParams
from flatbook.values.ids import AccountId, AssetId, OwnerId
from flatbook.values.instruments import Side
from flatbook.values.money import NUMBER_DECIMALS_MAX, ONE, ZERO, Quantity, divide_cut, plain


def why_not_fill(turn: Turn, owner: OwnerId, place: tuple[AccountId, AssetId], amount: Quantity) -> str | None:
    """Returns why a deposit would let too much stand, None when it may be made.

    Units: amount in units of the asset.
    Gives: a reason while the net of an underlying is outside its threshold, while nobody knows what stands or another
    deposit is under way, and where more than `standing_shares_max` would stand. What no order gives is not bounded.
    """
    filling = _is_filled(turn, owner, place[1])
    for key, rules in turn.rules.offers.items():
        for side in Side if key[0] == owner else ():
            given = [offer for offer in turn.state.offers.of(*key) if _gives(offer, key, side, place)]
            if given and filling:
                return f"another deposit of {place[1]} is under way: wait until it has ended and what stands was read"
            why = _why_not(turn, key, side, rules.params, (given, place[1], amount)) if given else None
            if why is not None:
                return why
    return None


def _is_filled(turn: Turn, owner: OwnerId, asset: AssetId) -> bool:
    """Whether a deposit of an asset may still come: what it adds stands in no reading yet."""
    calls = (turn.state.calls[call_id] for call_id in turn.state.open_calls)
    return any((call.purpose, call.owner, call.asset) == (CallPurpose.DEPOSIT, owner, asset) for call in calls)


def _gives(offer: Offer, key: NetKey, side: Side, place: tuple[AccountId, AssetId]) -> bool:
    """Whether an order that stands, or may come back, gives an asset out of a vault."""
    if not offer.stands and not offer.pulled:
        return False
    legs = [leg for leg in offer.seen.legs if (leg.underlying, leg.side) == (key[1], side)]
    return any((offer.seen.account, leg.token if side is Side.SELL else leg.dollar) == place for leg in legs)


def _why_not(
    turn: Turn, key: NetKey, side: Side, params: OfferParams, filled: tuple[list[Offer], AssetId, Quantity]
) -> str | None:
    given, asset, amount = filled
    net = turn.state.positions.net(*key).known
    if abs(net) >= params.threshold_shares:
        return f"the net of {key[1]} is {plain(net)} shares: nothing is added to what can be taken until it is hedged"
    shares = _shares(turn, key, side, asset, amount)
    sizes = [_size(offer, key, side) for offer in given]
    known = [size for size in sizes if size is not None]
    if shares is None or len(known) < len(sizes):
        return f"what stands of {key[1]} is not known yet: wait until it was read"
    standing = sum(known, ZERO) + shares
    if standing <= params.standing_shares_max:
        return None
    return (
        f"{plain(standing)} shares of {key[1]} could be taken then, and standing_shares_max is "
        f"{plain(params.standing_shares_max)}: put in less"
    )


def _size(offer: Offer, key: NetKey, side: Side) -> Decimal | None:
    """Returns what an order offers of a side, or offered when it was read last."""
    if offer.quote is None:
        return None
    pairs = zip(offer.seen.legs, offer.quote.legs, strict=True)
    return sum((quoted.shares for leg, quoted in pairs if (leg.underlying, leg.side) == (key[1], side)), ZERO)


def _shares(turn: Turn, key: NetKey, side: Side, asset: AssetId, amount: Quantity) -> Decimal | None:
    """Returns how many shares an amount could sell or buy; None for dollars while there is no price."""
    if side is Side.SELL:
        return amount * turn.state.ratios.get(asset, ONE)
    price = turn.usd(key, ONE)
    mark = turn.state.mark(asset)
    if price is None or mark is None or not price > ZERO:
        return None
    return divide_cut(amount * mark, price, decimals=NUMBER_DECIMALS_MAX)
