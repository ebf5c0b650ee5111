"""The production adapter of Bybit against the simulated one, over connections that fail, in virtual time."""

from __future__ import annotations

import pytest

from flatbook.sim.exchange.bybit.server import bybit_server
from flatbook.values.instruments import Product
from flatbook.venues.bybit.venue import BYBIT_CARD, BybitVenue
from flatbook.venues.http import SessionHttp
from tests.sim.bybit_desk import BybitDesk, bybit_adapter
from tests.sim.exchange_desk import coin_at
from tests.sim.exchange_world import STRENGTHS, ExchangeWorld
from tests.sim.test_binance_in_the_loop import ORDERS, ORDERS_FEW, PRODUCTS, check_against_the_truth

CHANCES = {"N5": 3_000, "N11": 1_000, "V9": 1_000, "V11": 10_000, "T1": 500}


class BybitWorld(ExchangeWorld):
    """One desk at one market of Bybit, and what the desk learned."""

    terms, serving, card, placing = BybitDesk.terms, staticmethod(bybit_server), BYBIT_CARD, "/order/create"

    def adapter(self) -> tuple[SessionHttp, BybitVenue]:
        """Returns the adapter, and what carries its requests."""
        return bybit_adapter(self.clock, coin_at(self.product))


@pytest.mark.parametrize("product", PRODUCTS)
@pytest.mark.parametrize("seed", [1, 4, 302])
def test_whatever_fails_no_order_is_doubled_and_no_execution_is_lost(seed: int, product: Product) -> None:
    world = BybitWorld(seed, product)
    world.run(ORDERS)
    check_against_the_truth(world)
    assert world.strikes


@pytest.mark.parametrize("fault", sorted(CHANCES))
def test_each_fault_alone_changes_nothing_of_that(fault: str) -> None:
    assert fault in STRENGTHS
    world = BybitWorld(100, Product.LINEAR_PERP, strengths={fault: CHANCES[fault]})
    world.run(ORDERS_FEW)
    check_against_the_truth(world)
    assert set(world.strikes) == {fault}
    assert max(world.per_intent().values(), default=1) == 1
