"""Fills and executions, each with the trades that it closed or was closed by."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from flatbook.api.answers.moment import Answer, AsOf, instant_or_none, session_or_none
from flatbook.api.answers.positions import number_or_none
from flatbook.projections.oracle import PricedFills, deviation_bps
from flatbook.projections.pnl import Pnl
from flatbook.projections.results import Scope
from flatbook.projections.trades import TradeLine, lines_of, trade_facts
from flatbook.values.ids import Underlying
from flatbook.values.money import plain


class LinkBody(msgspec.Struct, frozen=True, kw_only=True):
    """The trade on the other side. Units: qty in underlying is what both share; USD before costs."""

    ref: str
    qty: str
    realised_usd: str | None
    bucket: str
    delayed: bool


class TradeBody(msgspec.Struct, frozen=True, kw_only=True):
    """A fill or an execution.

    Units: qty in underlying as executed, money in `asset`, price in USD per unit of underlying; `matched_qty` in
    underlying is what its `links` share with it together, `open_qty` what nothing has closed. `fees` by asset in units
    of it, rebates below zero; one in the traded asset itself made less of what `qty` bought. `fees_usd` is what they
    come to by the marks of that instant, None where one of them has no known value. `session` is that of its US share,
    None where what was traded knows none. `oracle_bps` is how far the price lies from the oracle's, in basis points.
    """

    ref: str
    at: str | None
    owner: str
    account: str
    instrument: str | None
    underlying: str
    place: str
    side: str
    qty: str
    money: str | None
    asset: str | None
    price_usd: str | None
    order_id: str | None
    assumed: bool
    matched_qty: str
    open_qty: str
    links: list[LinkBody]
    fees: dict[str, str]
    fees_usd: str | None
    session: str | None
    oracle_usd: str | None
    oracle_bps: str | None
    oracle_doubts: list[str]


class TradesAnswer(Answer, frozen=True, kw_only=True):
    """Trades in the order in which they happened; `found` counts those that were asked for, shown or not."""

    found: int
    trades: list[TradeBody]


class TradesPage(TradesAnswer, frozen=True, kw_only=True):
    """A page of trades, the newest first; `next` continues towards older ones, None at the end."""

    next: str | None


def trades_answer(
    pnl: Pnl, priced: PricedFills, moment: AsOf, scope: Scope, shares: Collection[Underlying], limit: int = 0
) -> TradesAnswer:
    """Returns the latest trades of a scope; `limit` 0 returns all. `shares` have sessions."""
    facts = trade_facts(pnl, scope)
    lines = lines_of(pnl, facts[-limit:])
    trades = [trade_body(pnl, line, priced, shares) for line in lines]
    return TradesAnswer(as_of=moment, found=len(facts), trades=trades)


def trade_body(pnl: Pnl, line: TradeLine, priced: PricedFills, shares: Collection[Underlying]) -> TradeBody:
    """Returns one trade as programs read it; what is traded of `shares` has a session."""
    fact, price, said = line.fact, line.price_usd, priced.prices.get(line.fact.ref)
    apart = None if said is None or price is None else deviation_bps(price, said.price)
    return TradeBody(
        ref=fact.ref,
        at=instant_or_none(fact.at),
        owner=fact.owner,
        account=fact.account,
        instrument=fact.instrument,
        underlying=fact.underlying,
        place=fact.place.value,
        side=fact.side.value,
        qty=plain(fact.qty),
        money=number_or_none(fact.money),
        asset=fact.asset,
        price_usd=number_or_none(price),
        order_id=fact.order_id,
        assumed=fact.assumed,
        matched_qty=plain(line.matched_qty),
        open_qty=plain(line.open_qty),
        links=[
            LinkBody(
                ref=link.ref,
                qty=plain(link.qty),
                realised_usd=number_or_none(link.realised),
                bucket=link.bucket.value,
                delayed=link.delayed,
            )
            for link in line.links
        ],
        fees={asset: plain(amount) for asset, amount in sorted(pnl.fees_of(fact).items())},
        fees_usd=number_or_none(pnl.fees_usd_of(fact)),
        session=session_or_none(fact.at, fact.underlying, shares),
        oracle_usd=None if said is None else plain(said.price),
        oracle_bps=number_or_none(apart),
        oracle_doubts=[] if said is None else [doubt.value for doubt in said.doubts],
    )
