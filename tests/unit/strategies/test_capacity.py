"""How much an account can still hedge: settled cash, what is lent, what is held and what can be borrowed."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from flatbook.strategies.capacity import capacity_of
from flatbook.values.instruments import Side
from flatbook.values.money import Price
from tests.unit.state.scene import qty
from tests.unit.strategies.scene import params, route, wanted

PRICE = Price(Decimal(250))
STATED: dict[str, Any] = {"is_stated": True}


def capacity(*, shorting: bool = False, price: Price | None = PRICE, **of_route: Any) -> tuple[Decimal | None, ...]:
    found = capacity_of(route(**of_route), price, shorting=shorting)
    return found.of(Side.BUY), found.of(Side.SELL)


def test_an_account_that_was_never_stated_bounds_nothing() -> None:
    assert capacity() == (None, None)


def test_buys_are_what_spendable_cash_pays_for_when_costs_are_rounded_up_to_a_cent() -> None:
    assert capacity(cash=Decimal("1000.009"), held=qty("0")) == (Decimal(4), 0)
    assert capacity(cash=Decimal(-3), held=qty("0")) == (0, 0)
    assert capacity(cash=Decimal(1000), held=qty("0"), price=None) == (None, 0)


def test_sells_are_the_shares_held_less_what_is_being_sold() -> None:
    assert capacity(cash=Decimal(0), held=qty("5.0989"), selling=qty("1")) == (0, Decimal("4.0989"))
    assert capacity(cash=Decimal(0), held=qty("5"), selling=qty("7")) == (0, 0)


@pytest.mark.parametrize(
    ("changes", "sell"),
    [
        ({"lends": False, **STATED}, Decimal(3)),
        ({"lends": True, **STATED}, Decimal(7)),
        ({"lends": True, "selling": qty("4"), **STATED}, Decimal(3)),
        ({"lends": True}, None),
    ],
)
def test_what_can_be_borrowed_comes_on_top_where_shorting_is_wanted(changes: Any, sell: Decimal | None) -> None:
    assert capacity(shorting=True, cash=Decimal(1000), held=qty("3"), **changes)[1] == sell


def test_an_order_never_costs_more_than_what_is_settled() -> None:
    assert wanted("-10", route=route(cash=Decimal("2524.999"), held=qty("0"))) == "buy 9 at 252.50"
    assert wanted("-10", route=route(cash=Decimal("252.499"), held=qty("0"))) == "capacity"


def test_what_nobody_lends_is_not_sold_short() -> None:
    short = params(shorting=True)
    lent = {"cash": Decimal(10_000), "held": qty("0"), **STATED}
    assert wanted("10", params=short, route=route(**lent)) == "sell 10 at 247.50"
    assert wanted("10", params=short, route=route(lends=False, **lent)) == "capacity"
    assert wanted("10", params=short, route=route(**{**lent, "cash": Decimal(1000)})) == "sell 4 at 247.50"


def test_a_sale_across_zero_is_split_and_its_second_part_is_whole_shares() -> None:
    short, cash = params(shorting=True), Decimal(10_000)
    assert wanted("10", params=short, route=route("0.001", cash=cash, held=qty("5.143"), **STATED)) == (
        "sell 5.143 at 247.50"
    )
    assert wanted("4.857", params=short, route=route("0.001", cash=cash, held=qty("0"), **STATED)) == (
        "sell 4.000 at 247.50"
    )
