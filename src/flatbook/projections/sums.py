"""What some orders or trades come to together: the last line under a list of them."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from flatbook.projections.facts import TradeFact
from flatbook.projections.orders import OrderLine, Outcome
from flatbook.projections.pnl import Pnl
from flatbook.values.ids import AssetId
from flatbook.values.instruments import Side
from flatbook.values.money import ZERO, Money

Amounts = dict[AssetId, Money]


class Turnover(msgspec.Struct, frozen=True, kw_only=True):
    """What was paid and got for what was traded, and charged. Units: units of each asset, each above zero."""

    bought: Amounts
    sold: Amounts
    fees: Amounts


class OrderSums(msgspec.Struct, frozen=True, kw_only=True):
    """Some orders together.

    Units: slippage in USD over the `decided` ones, whose evidence states a price, None where none does.
    """

    orders: int
    outcomes: dict[Outcome, int]
    turnover: Turnover
    slippage_usd: Money | None
    decided: int


class TradeSums(msgspec.Struct, frozen=True, kw_only=True):
    """Some trades together. `unpriced` ones were no trade against money."""

    trades: int
    turnover: Turnover
    unpriced: int


def sums_of_orders(lines: Iterable[OrderLine]) -> OrderSums:
    """Returns what some orders come to."""
    outcomes = dict.fromkeys(Outcome, 0)
    turnover = _nothing()
    slippages = []
    for line in lines:
        outcomes[line.outcome] += 1
        if line.quote is not None:
            _add(turnover, line.order.side, line.quote, line.cash)
        for asset, amount in line.fees.items():
            _put(turnover.fees, asset, amount)
        if (slippage := line.slippage_usd) is not None:
            slippages.append(slippage)
    return OrderSums(
        orders=sum(outcomes.values()),
        outcomes=outcomes,
        turnover=turnover,
        slippage_usd=Money(sum(slippages, ZERO)) if slippages else None,
        decided=len(slippages),
    )


def sums_of_trades(pnl: Pnl, facts: Iterable[TradeFact]) -> TradeSums:
    """Returns what some trades come to."""
    turnover = _nothing()
    trades = unpriced = 0
    for fact in facts:
        trades += 1
        if fact.money is None or fact.asset is None:
            unpriced += 1
        else:
            _add(turnover, fact.side, fact.asset, fact.money)
        for asset, amount in pnl.fees_of(fact).items():
            _put(turnover.fees, asset, amount)
    return TradeSums(trades=trades, turnover=turnover, unpriced=unpriced)


def _nothing() -> Turnover:
    return Turnover(bought={}, sold={}, fees={})


def _add(turnover: Turnover, side: Side, asset: AssetId, money: Decimal) -> None:
    _put(turnover.bought if side is Side.BUY else turnover.sold, asset, money)


def _put(amounts: Amounts, asset: AssetId, amount: Decimal) -> None:
    amounts[asset] = Money(amounts.get(asset, ZERO) + amount)
