"""What is held: what it cost, and what it is worth at the newest price that is known of it."""

from __future__ import annotations

from flatbook.projections.held import Held, held_of
from flatbook.projections.pnl import Pnl
from flatbook.projections.positions import PriceFrom
from flatbook.values.instruments import Side
from tests.unit.projections import scene
from tests.unit.projections.scene import COIN_ASSET, USD, USDC, d, executed, fill

BUY, SELL = Side.BUY, Side.SELL


def held(*events: object) -> list[Held]:
    folded: Pnl = scene.folded(Pnl(), scene.mark(USDC, "1", -60), *events)  # type: ignore[arg-type]
    return list(held_of(folded))


def test_nothing_is_held_where_everything_is_closed() -> None:
    assert held(fill(1, SELL, "2", "520", 0), executed(BUY, "2", "255", 30)) == []


def test_open_lots_are_valued_at_the_newest_fill_onchain() -> None:
    (found,) = held(fill(1, BUY, "3", "780", 0), fill(2, BUY, "1", "264", 10), executed(SELL, "2", "255", 30))
    assert (found.qty, found.lots, found.cost) == (d(2), 2, d(524))
    assert (found.price, found.price_from, found.price_at) == (d(264), PriceFrom.LAST_FILL, scene.at(10))
    assert (found.value, found.unrealised) == (d(528), d(4))


def test_a_short_was_paid_for_and_owes_what_it_is_worth() -> None:
    (found,) = held(executed(SELL, "2", "255", 0), executed(SELL, "1", "252", 30, number=2))
    assert (found.qty, found.cost) == (d(-3), d(-762))
    assert (found.price, found.price_from) == (d(252), PriceFrom.LAST_TRADE)
    assert (found.value, found.unrealised) == (d(-756), d(6))


def test_a_stated_mark_goes_before_any_fill() -> None:
    (found,) = held(fill(1, BUY, "2", "520", 0), scene.mark(COIN_ASSET, "250", 5))
    assert (found.price, found.price_from, found.price_at) == (d(250), PriceFrom.MARK, scene.at(5))
    assert found.unrealised == d(-20)


def test_what_is_traded_at_exchanges_only_is_worth_its_newest_execution_and_a_mark_before_the_first_one() -> None:
    marked = scene.mark(COIN_ASSET, "250", 5)
    (found,) = held(marked, executed(BUY, "2", "255", 10))
    assert (found.price, found.price_from, found.price_at) == (d(255), PriceFrom.LAST_TRADE, scene.at(10))
    (moved,) = held(marked, scene.overwritten("0", "3", "260", 20))
    assert (moved.qty, moved.price, moved.price_from) == (d(3), d(250), PriceFrom.MARK)


def test_without_any_price_and_without_a_cost_it_is_unknown_and_never_zero() -> None:
    folded: Pnl = scene.folded(Pnl(), executed(BUY, "2", "255", 0, quote=USDC))
    (found,) = held_of(folded)
    assert USD != USDC
    assert (found.qty, found.cost, found.price, found.price_at) == (d(2), None, None, None)
    assert (found.value, found.unrealised) == (None, None)
