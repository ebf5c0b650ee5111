"""Our own orders on chains, what can be taken of them, at what price, and why they are pulled."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from flatbook.api.answers.moment import Answer, AsOf, instant_or_none
from flatbook.api.answers.positions import Asked, number_or_none
from flatbook.projections.offers import OfferLine, offer_lines
from flatbook.state.desk import State
from flatbook.values.instruments import Side
from flatbook.values.money import Price, divide_cut, plain

BPS_DECIMALS = 1


class OfferBody(msgspec.Struct, frozen=True, kw_only=True):
    """What an order of ours offers of one share.

    Units: shares in underlying; price in `dollar` per share; reference in USD per share; `spread_bps` in basis points
    is how much better than the reference the price is for us. None while it was not read.
    """

    chain: int
    order_hash: str
    owner: str
    account: str
    underlying: str
    token: str
    side: str
    stands: bool
    pulled: bool
    reasons: list[str]
    shares: str | None
    price: str | None
    dollar: str
    reference_usd: str | None
    spread_bps: str | None
    block: int | None
    quoted_at: str | None
    seen_at: str | None


class OffersAnswer(Answer, frozen=True, kw_only=True):
    """The orders of ours that stand on chains, or that were pulled and wait to be restored."""

    offers: list[OfferBody]


def offers_answer(state: State, moment: AsOf, prices: Mapping[str, Price], asked: Asked) -> OffersAnswer:
    """Returns the offers that are asked for. `prices` are the newest that the running engine sees, by underlying."""
    lines = [line for line in offer_lines(state) if asked.is_about(line.owner, line.underlying)]
    return OffersAnswer(as_of=moment, offers=[offer_body(line, prices.get(line.underlying)) for line in lines])


def prices_of(status: Mapping[str, Any]) -> dict[str, Price]:
    """Returns the newest prices in what an engine says of itself."""
    return {underlying: Price(Decimal(price)) for underlying, price in status.get("prices", {}).items()}


def offer_body(line: OfferLine, price: Price | None) -> OfferBody:
    """Returns one offer as programs read it. `price` is the newest that the running engine sees, None without one."""
    reference = price if price is not None else line.reference
    return OfferBody(
        chain=line.chain,
        order_hash=line.order_hash,
        owner=line.owner,
        account=line.account,
        underlying=line.underlying,
        token=line.token,
        side=line.side.value,
        stands=line.stands,
        pulled=line.pulled,
        reasons=[reason.value for reason in line.reasons],
        shares=number_or_none(line.shares),
        price=number_or_none(line.price),
        dollar=line.dollar,
        reference_usd=number_or_none(reference),
        spread_bps=_spread_bps(line, reference),
        block=line.block,
        quoted_at=instant_or_none(line.quoted_at),
        seen_at=instant_or_none(line.seen_at),
    )


def _spread_bps(line: OfferLine, reference: Price | None) -> str | None:
    if line.price is None or not reference:
        return None
    better = line.price - reference if line.side is Side.SELL else reference - line.price
    return plain(divide_cut(better * 10_000, reference, decimals=BPS_DECIMALS))
