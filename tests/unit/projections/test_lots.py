"""First in, first out."""

from __future__ import annotations

from collections import deque
from decimal import Decimal

import pytest

from flatbook.projections.days import eastern_date
from flatbook.projections.lots import (
    Bucket,
    FactRefused,
    Lots,
    Place,
    Slice,
    Trade,
    check_trade,
    match_trade,
    net_of,
    value_at_price,
)
from flatbook.values.ids import EventRef
from flatbook.values.instruments import Side
from flatbook.values.money import Money, Quantity
from tests.unit.projections.scene import COIN, OWNER, at, d

BUY, SELL = Side.BUY, Side.SELL
CHAIN, BROKER = Place.ONCHAIN, Place.OFFCHAIN


def trade(side: Side, qty: str, usd: str | None, seconds: int, place: Place = CHAIN, *, name: str = "t") -> Trade:
    return Trade(
        ref=EventRef(f"{name}{seconds}"),
        owner=OWNER,
        underlying=COIN,
        place=place,
        side=side,
        qty=Quantity(Decimal(qty)),
        usd=None if usd is None else Money(Decimal(usd)),
        at=at(seconds),
        day=eastern_date(at(seconds)),
        order_id=None,
    )


def matched(*trades: Trade) -> tuple[Lots, list[Slice]]:
    lots: Lots = deque()
    return lots, [each for one in trades for each in match_trade(lots, one)]


def test_a_hedge_within_five_minutes_is_counter_trade() -> None:
    _, slices = matched(trade(SELL, "1", "10", 0), trade(BUY, "1", "8", 300, BROKER))
    assert [(each.bucket, each.delayed, each.realised) for each in slices] == [(Bucket.COUNTER_TRADE, False, d(2))]


def test_a_hedge_after_five_minutes_is_directional_and_delayed() -> None:
    _, slices = matched(trade(SELL, "1", "10", 0), trade(BUY, "1", "8", 301, BROKER))
    assert [(each.bucket, each.delayed) for each in slices] == [(Bucket.DIRECTIONAL, True)]


def test_two_onchain_fills_net() -> None:
    _, slices = matched(trade(BUY, "1", "8", 0), trade(SELL, "1", "10", 9999))
    assert [(each.bucket, each.delayed, each.realised) for each in slices] == [(Bucket.ONCHAIN_NETTING, False, d(2))]


def test_an_onchain_close_of_a_broker_lot_is_directional_and_not_delayed() -> None:
    _, slices = matched(trade(BUY, "1", "8", 0, BROKER), trade(SELL, "1", "10", 9999))
    assert [(each.bucket, each.delayed) for each in slices] == [(Bucket.DIRECTIONAL, False)]


def test_two_broker_trades_are_directional() -> None:
    _, slices = matched(trade(BUY, "1", "8", 0, BROKER), trade(SELL, "1", "10", 1, BROKER))
    assert [each.bucket for each in slices] == [Bucket.DIRECTIONAL]


def test_a_partly_closed_lot_takes_its_cost_rounded_down_and_leaves_the_remainder() -> None:
    lots, slices = matched(trade(BUY, "3", "10", 0), trade(SELL, "1", "4", 1))
    assert slices[0].opening_usd == Decimal("3.333333333333333333")
    assert lots[0].usd == Decimal("6.666666666666666667")
    assert lots[0].qty == 2


def test_the_parts_of_a_lot_add_up_to_its_cost() -> None:
    _, slices = matched(trade(BUY, "3", "10", 0), *(trade(SELL, "1", "4", second) for second in (1, 2, 3)))
    assert sum(each.opening_usd or 0 for each in slices) == 10


def test_the_parts_of_a_closing_trade_add_up_to_its_proceeds() -> None:
    opening = [trade(BUY, "1", "2", second) for second in (0, 1, 2)]
    _, slices = matched(*opening, trade(SELL, "3", "10", 3))
    assert [each.closing_usd for each in slices] == [
        Decimal("3.333333333333333333"),
        Decimal("3.333333333333333333"),
        Decimal("3.333333333333333334"),
    ]


def test_a_trade_that_overshoots_closes_and_opens() -> None:
    lots, slices = matched(trade(SELL, "1", "10", 0), trade(BUY, "2.5", "20", 60, BROKER))
    assert [each.qty for each in slices] == [d(1)]
    assert [(lot.side, lot.qty, lot.usd, lot.place) for lot in lots] == [(BUY, d("1.5"), d(12), BROKER)]


def test_the_oldest_lot_closes_first() -> None:
    lots, slices = matched(trade(BUY, "1", "8", 0), trade(BUY, "1", "9", 1), trade(SELL, "1", "10", 2))
    assert slices[0].opening == "t0"
    assert [lot.ref for lot in lots] == ["t1"]


def test_an_unknown_value_makes_an_unknown_result_and_no_zero() -> None:
    lots, slices = matched(trade(BUY, "2", None, 0), trade(SELL, "1", "10", 1))
    assert slices[0].realised is None
    assert slices[0].opening_price is None
    assert slices[0].closing_price == 10
    assert net_of(lots) == 1


@pytest.mark.parametrize(("qty", "price"), [("0", "10"), ("-1", "10"), ("1", "0"), ("1", "-2")])
def test_a_quantity_or_price_not_above_zero_is_refused(qty: str, price: str) -> None:
    with pytest.raises(FactRefused, match="above zero"):
        value_at_price(Decimal(qty), Decimal(price))


def test_only_a_vault_can_give_something_for_nothing() -> None:
    assert check_trade(trade(SELL, "1", "0", 0)).usd == 0
    with pytest.raises(FactRefused):
        check_trade(trade(SELL, "1", "0", 0, BROKER))
    with pytest.raises(FactRefused):
        check_trade(trade(SELL, "0", "0", 0))
    with pytest.raises(FactRefused):
        check_trade(trade(SELL, "1", "-1", 0))
