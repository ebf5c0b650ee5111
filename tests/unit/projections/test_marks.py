"""Marks by time."""

from __future__ import annotations

from decimal import Decimal

from flatbook.projections.marks import Mark, Marks
from flatbook.values.ids import AssetId
from flatbook.values.money import Price
from tests.unit.projections.scene import USD, USDC, at


def marks(*stated: tuple[int, str]) -> Marks:
    found = Marks()
    for seconds, usd in stated:
        found.add(USDC, Mark(at=at(seconds), usd=Price(Decimal(usd))))
    return found


def test_a_mark_holds_from_its_instant_until_the_next() -> None:
    found = marks((0, "1"), (100, "0.9"))
    values = [found.at(USDC, at(seconds)) for seconds in (0, 99, 100, 5000)]
    assert [value.usd for value in values if value is not None] == [1, 1, Decimal("0.9"), Decimal("0.9")]


def test_before_the_first_mark_it_stands_in_and_says_so() -> None:
    found = marks((100, "0.9")).at(USDC, at(0))
    assert found is not None
    assert (found.usd, found.early) == (Decimal("0.9"), True)


def test_marks_may_come_in_any_order() -> None:
    assert marks((100, "0.9"), (0, "1")).at(USDC, at(50)) == Mark(at=at(0), usd=Price(Decimal(1)))


def test_usd_is_worth_one_and_an_unmarked_asset_nothing_known() -> None:
    usd = marks().at(USD, at(0))
    assert usd is not None
    assert usd.usd == 1
    assert marks().at(AssetId("ETH"), at(0)) is None
    assert marks().latest(USDC) is None
