"""What an exchange of two tokens means in shares and dollars. Pure arithmetic on exact amounts."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from flatbook.events.chain import SkipReason
from flatbook.values.instruments import Side
from flatbook.values.money import (
    NUMBER_DECIMALS_MAX,
    ZERO,
    Money,
    Price,
    Quantity,
    check_number,
    cut,
    divide_cut,
    from_base_units,
    plain,
)
from flatbook.venues.raindex.tokens import Token, Usdc, check_ratio

WRAPPER_DECIMALS = 18


class RatioRefused(ValueError):
    """A wrapper states a ratio that cannot be."""


class Leg(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One side of an exchange. `token` is None where the address is not known.

    Units: amount in whole tokens, as onchain, cut beyond 36 decimals.
    """

    token: Token | Usdc | None
    amount: Quantity


class Appraisal(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A trade of shares against dollars.

    Units: amounts as onchain, cut beyond 36 decimals; shares in underlying and price in USDC per share cut to 18.
    """

    side: Side
    token: Token
    usdc: Usdc
    token_amount: Quantity
    usdc_amount: Money
    shares: Quantity
    price: Price


class NoTrade(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An exchange that is no trade to hedge, and what it nevertheless moved.

    `token`, `side` and `shares` are None where the exchange does not say which share moved, or how much.
    """

    reason: SkipReason
    token: Token | None
    side: Side | None
    shares: Quantity | None
    detail: str


def ratio_of_wrapper(assets: int) -> Decimal:
    """Returns the ratio of an ERC-4626 wrapper from its answer to convertToAssets(10**18).

    Units: assets in base units of the underlying token; the result in underlying shares per wrapped token.
    Errors: RatioRefused when it is not above zero, or a million and more.
    """
    try:
        return check_ratio(from_base_units(assets, decimals=WRAPPER_DECIMALS))
    except ValueError as error:
        raise RatioRefused(f"convertToAssets answers {assets}: {error}") from error


def shares_of(token_amount: Decimal, ratio: Decimal) -> Quantity:
    """Returns the underlying shares of a token amount, cut to 18 decimals.

    Units: token_amount in whole tokens, ratio in shares per token.
    Errors: NumberRefused when they need more than 38 digits.
    """
    return Quantity(check_number(cut(token_amount * ratio, decimals=NUMBER_DECIMALS_MAX)))


def price_of(usdc_amount: Decimal, token_amount: Decimal, ratio: Decimal) -> Price:
    """Returns exact dollars over exact shares, cut to 18 decimals.

    Units: USDC per share.
    Needs: token_amount * ratio above zero.
    Errors: NumberRefused when it needs more than 38 digits.
    """
    return Price(check_number(divide_cut(usdc_amount, token_amount * ratio, decimals=NUMBER_DECIMALS_MAX)))


def share_leg(received: Leg, gave: Leg) -> tuple[Token, Side, Quantity] | None:
    """Returns the only tokenized share of an exchange, our side in it and its amount; None for none or two.

    Gives: buy when it was received, sell when it was given.
    """
    bought, sold = isinstance(received.token, Token), isinstance(gave.token, Token)
    if isinstance(received.token, Token) and not sold:
        return received.token, Side.BUY, received.amount
    if isinstance(gave.token, Token) and not bought:
        return gave.token, Side.SELL, gave.amount
    return None


def appraise(received: Leg, gave: Leg, *, ratio: Decimal, shares_max: Decimal) -> Appraisal | NoTrade:
    """Returns the trade that an exchange was, or why it is none.

    Units: ratio in shares per token of the share leg; shares_max in underlying shares.
    Gives: a trade when one leg is USDC and the other a tokenized share, with both amounts above zero, a price above
    zero and no more shares than the cap. Unknown tokens are never taken for either.
    Errors: NumberRefused when shares or price need more than 38 digits.
    """
    traded = share_leg(received, gave)
    if traded is None:
        return _no_share(received, gave)
    token, side, amount = traded
    paid = gave if side is Side.BUY else received
    shares = None if amount < ZERO else shares_of(amount, ratio)

    def refused(reason: SkipReason, detail: str) -> NoTrade:
        return NoTrade(reason=reason, token=token, side=side, shares=shares, detail=detail)

    if not isinstance(paid.token, Usdc):
        return refused(SkipReason.UNKNOWN_TOKEN, "the share was exchanged for a token that is not configured")
    if shares is None or paid.amount < ZERO:
        return refused(SkipReason.NEGATIVE_AMOUNT, "an amount is below zero")
    if not shares:
        return refused(SkipReason.ZERO_EQUITY, f"{plain(amount)} tokens are no share within 18 decimals")
    price = price_of(paid.amount, amount, ratio)
    if not price > ZERO:
        return refused(SkipReason.NON_POSITIVE_PRICE, f"{plain(paid.amount)} USDC give no price within 18 decimals")
    if shares > shares_max:
        return refused(SkipReason.OVER_SHARE_CAP, f"more than the {plain(shares_max)} shares allowed per fill")
    return Appraisal(
        side=side,
        token=token,
        usdc=paid.token,
        token_amount=amount,
        usdc_amount=Money(paid.amount),
        shares=shares,
        price=price,
    )


def _no_share(received: Leg, gave: Leg) -> NoTrade:
    unknown = received.token is None or gave.token is None
    return NoTrade(
        reason=SkipReason.UNKNOWN_TOKEN if unknown else SkipReason.PAIR_NOT_SUPPORTED,
        token=None,
        side=None,
        shares=None,
        detail="a token is not configured" if unknown else "not one tokenized share against USDC",
    )
