"""The production adapter of Alpaca against the simulated broker, over connections that fail, in virtual time."""

from __future__ import annotations

from collections import Counter

import pytest

from flatbook.engine.reports import Balance
from flatbook.values.ids import AssetId
from tests.sim.alpaca_world import ACCOUNT_ID, STRENGTHS, AlpacaWorld

ORDERS = 8
CHANCES = {"N7": 1_000, "N8": 1_000, "N11": 1_000, "V7": 1_000, "V9": 1_000, "V11": 10_000}


def check_against_the_truth(world: AlpacaWorld) -> None:
    """Each id has at most one order, each execution is known once and as it was, and the statement is the truth."""
    ledger, now = world.ledger, world.loop.instant
    assert world.loop.faults == []
    placed = Counter(order.client_id for order in ledger.orders.values())
    assert set(placed) <= set(world.asked)
    assert all(count == 1 for count in placed.values()), placed
    truth = sorted(
        (row.order.client_id, row.at, f"alpaca:{row.order.symbol}", row.qty, row.price) for row in ledger.executions
    )
    known = sorted((str(row.order_id), row.happened_at, row.instrument, row.qty, row.price) for row in world.executions)
    assert known == truth
    assert len({row.execution_id for row in world.executions}) == len(truth)
    polled = {row.execution_id: row for row in world.executions}
    assert all(polled[row.execution_id] == row for row in world.pushed)
    assert world.statement is not None
    assert world.statement.open_orders == ()
    held = {str(holding.instrument).removeprefix("alpaca:"): holding.qty for holding in world.statement.holdings}
    assert held == ledger.holdings(ACCOUNT_ID, now)
    cash = ledger.cash(ACCOUNT_ID, now)
    (balance,) = world.statement.balances
    assert abs(balance.total - cash) < 1
    assert isinstance(balance, Balance)
    assert balance.asset == AssetId("USD")


def test_in_a_calm_world_every_order_is_placed_and_filled() -> None:
    world = AlpacaWorld(1, strengths={})
    world.run(ORDERS)
    check_against_the_truth(world)
    assert len(world.ledger.orders) == ORDERS
    assert world.strikes == []
    assert {row.execution_id for row in world.pushed} == {row.execution_id for row in world.executions}


@pytest.mark.parametrize("seed", range(8))
def test_whatever_fails_no_order_is_doubled_and_no_execution_is_lost(seed: int) -> None:
    world = AlpacaWorld(seed)
    world.run(ORDERS)
    check_against_the_truth(world)
    assert world.strikes


@pytest.mark.parametrize("fault", sorted(STRENGTHS))
def test_each_fault_alone_changes_nothing_of_that(fault: str) -> None:
    world = AlpacaWorld(100, strengths={fault: CHANCES.get(fault, 6_000)})
    world.run(ORDERS)
    check_against_the_truth(world)
    assert set(world.strikes) == {fault}


def test_the_same_seed_gives_the_same_world() -> None:
    first, second = AlpacaWorld(3), AlpacaWorld(3)
    for world in (first, second):
        world.run(ORDERS)
    assert first.executions == second.executions
    assert first.strikes == second.strikes
    assert first.loop.callbacks_run == second.loop.callbacks_run
