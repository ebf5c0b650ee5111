"""The production adapter of Binance against the simulated one, over connections that fail, in virtual time."""

from __future__ import annotations

import msgspec
import pytest

from flatbook.engine.reports import Execution
from flatbook.values.instruments import Product
from tests.sim.exchange_world import STRENGTHS, ExchangeWorld

ORDERS, ORDERS_FEW = 10, 5
PRODUCTS = (Product.LINEAR_PERP, Product.SPOT)
CHANCES = {"N7": 1_000, "N8": 1_000, "N11": 1_000, "V7": 1_000, "V9": 1_000, "V11": 10_000, "T1": 500, "W7": 2_000}


def is_alike(polled: Execution, pushed: Execution) -> bool:
    """Whether both tell the same; a poll may lack what was realised, where the log of it could not be read."""
    return polled in (pushed, msgspec.structs.replace(pushed, realised=None))


def check_against_the_truth(world: ExchangeWorld) -> None:
    """Each intent was sent once; each execution is known once, as it was and as whose; nothing stays open."""
    assert world.loop.faults == []
    assert sum(count - 1 for count in world.per_intent().values()) <= world.copies
    assert set(world.per_intent()) <= set(world.asked)
    assert sorted(world.told()) == sorted(world.truth)
    ids = [each.execution_id for each in world.executions]
    assert len(ids) == len(set(ids))
    polled = {each.execution_id: each for each in world.executions}
    assert all(is_alike(polled[each.execution_id], each) for each in world.pushed)
    assert not set(world.absent) & set(world.per_intent())
    assert world.statement is not None
    assert world.statement.open_orders == ()
    held = {each.instrument: each.qty for each in world.statement.holdings}
    account = world.exchange.accounts["main"]
    is_spot = world.product is Product.SPOT
    truth = account.wallet(world.market).total("COIN") if is_spot else account.position(world.market).qty
    assert sum(held.values()) == truth


@pytest.mark.parametrize("product", PRODUCTS)
def test_in_a_calm_world_every_order_is_placed(product: Product) -> None:
    world = ExchangeWorld(1, product, strengths={})
    world.run(ORDERS)
    check_against_the_truth(world)
    assert world.strikes == []
    assert world.pushed
    assert len(world.per_intent()) >= ORDERS - 3


@pytest.mark.parametrize("product", PRODUCTS)
@pytest.mark.parametrize("seed", range(3))
def test_whatever_fails_no_order_is_doubled_and_no_execution_is_lost(seed: int, product: Product) -> None:
    world = ExchangeWorld(seed, product)
    world.run(ORDERS)
    check_against_the_truth(world)
    assert world.strikes


@pytest.mark.parametrize("fault", sorted(STRENGTHS))
def test_each_fault_alone_changes_nothing_of_that(fault: str) -> None:
    world = ExchangeWorld(100, Product.LINEAR_PERP, strengths={fault: CHANCES.get(fault, 6_000)})
    world.run(ORDERS_FEW)
    check_against_the_truth(world)
    assert set(world.strikes) == {fault}


def test_the_same_seed_gives_the_same_world() -> None:
    first, second = (ExchangeWorld(3, Product.LINEAR_PERP) for _ in range(2))
    for world in (first, second):
        world.run(ORDERS_FEW)
    assert first.executions == second.executions
    assert first.strikes == second.strikes
    assert first.loop.callbacks_run == second.loop.callbacks_run
