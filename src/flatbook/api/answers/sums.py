"""What the orders or trades that are asked for come to together."""

from __future__ import annotations

from collections.abc import Mapping

from flatbook.api.answers.moment import Answer, AsOf
from flatbook.api.answers.positions import number_or_none
from flatbook.projections.sums import OrderSums, TradeSums
from flatbook.values.ids import AssetId
from flatbook.values.money import Money, plain


class OrderSumsAnswer(Answer, frozen=True, kw_only=True):
    """All orders that are asked for together: how many went how, what they bought and sold for, and were charged.

    Units: amounts by asset in units of it, rebates below zero; `slippage_usd` over the `decided` orders, whose evidence
    states a price, None where none does.
    """

    orders: int
    outcomes: dict[str, int]
    bought: dict[str, str]
    sold: dict[str, str]
    fees: dict[str, str]
    slippage_usd: str | None
    decided: int


class TradeSumsAnswer(Answer, frozen=True, kw_only=True):
    """All trades that are asked for together. Units: amounts by asset in units of it; `unpriced` have no money."""

    trades: int
    bought: dict[str, str]
    sold: dict[str, str]
    fees: dict[str, str]
    unpriced: int


def order_sums_answer(sums: OrderSums, moment: AsOf) -> OrderSumsAnswer:
    """Returns what orders come to as programs read it."""
    return OrderSumsAnswer(
        as_of=moment,
        orders=sums.orders,
        outcomes={outcome.value: count for outcome, count in sums.outcomes.items()},
        bought=_texts(sums.turnover.bought),
        sold=_texts(sums.turnover.sold),
        fees=_texts(sums.turnover.fees),
        slippage_usd=number_or_none(sums.slippage_usd),
        decided=sums.decided,
    )


def trade_sums_answer(sums: TradeSums, moment: AsOf) -> TradeSumsAnswer:
    """Returns what trades come to as programs read it."""
    return TradeSumsAnswer(
        as_of=moment,
        trades=sums.trades,
        bought=_texts(sums.turnover.bought),
        sold=_texts(sums.turnover.sold),
        fees=_texts(sums.turnover.fees),
        unpriced=sums.unpriced,
    )


def _texts(amounts: Mapping[AssetId, Money]) -> dict[str, str]:
    return {asset: plain(amount) for asset, amount in sorted(amounts.items())}
