"""The production adapter of Schwab against the simulated broker, over connections that fail, in virtual time."""

from __future__ import annotations

from collections import Counter

import pytest

from flatbook.values.ids import AssetId
from flatbook.values.instants import NS_PER_S
from tests.sim.alpaca_world import STRENGTHS
from tests.sim.schwab_world import NUMBER, SchwabWorld

ORDERS = 10
PUSHED = ("W1", "W3")
"""Faults of what a broker pushes: pushes of Schwab say nothing that is taken, and only make the adapter ask."""
CHANCES = {"N7": 1_000, "N8": 1_000, "N11": 1_000, "V7": 1_000, "V9": 1_000, "V11": 10_000}


def check_against_the_truth(world: SchwabWorld) -> None:
    """Each intent was sent at most once; copies are booked as not ours; each execution is known once and as it was."""
    ledger, now = world.ledger, world.loop.instant
    assert world.loop.faults == []
    sent, copies = world.posts.count(0), len(world.posts) - world.posts.count(0)
    assert sent <= len(world.orders)
    per_intent = Counter(world.owner_in_truth.values())
    assert sum(count - 1 for count in per_intent.values()) <= copies
    truth = sorted(
        (row.at // NS_PER_S * NS_PER_S, f"schwab:{row.order.symbol}", row.qty, row.price) for row in ledger.executions
    )
    assert sorted((row.happened_at, row.instrument, row.qty, row.price) for row in world.executions.values()) == truth
    check_names(world)
    assert world.statement is not None
    assert all(report.order_id is None for report in world.statement.open_orders)
    assert len(world.statement.open_orders) <= copies
    held = {str(holding.instrument).removeprefix("schwab:"): holding.qty for holding in world.statement.holdings}
    assert held == ledger.holdings(NUMBER, now)
    (balance,) = world.statement.balances
    assert abs(balance.total - ledger.cash(NUMBER, now)) < 1
    assert balance.asset == AssetId("USD")


def check_names(world: SchwabWorld) -> None:
    """What is named as an order of ours is that order; of several copies one is, and no order is denied that lives."""
    of_number = {str(listed.number): listed.order.id for listed in world.server.front.orders.values()}
    for execution in world.executions.values():
        if execution.order_id is not None:
            assert world.owner_in_truth[of_number[str(execution.venue_order_id)]] == execution.order_id
    named = {(row.order_id, row.venue_order_id) for row in world.executions.values() if row.order_id is not None}
    assert all(count == 1 for count in Counter(order_id for order_id, _ in named).values()), named
    foreign = {of_number[str(row.venue_order_id)] for row in world.executions.values() if row.order_id is None}
    per_intent = Counter(world.owner_in_truth.values())
    assert all(per_intent[world.owner_in_truth[order]] > 1 for order in foreign)
    assert not set(world.absent) & set(world.owner_in_truth.values())


def test_in_a_calm_world_every_order_is_placed_and_filled() -> None:
    world = SchwabWorld(1, strengths={})
    world.run(ORDERS)
    check_against_the_truth(world)
    assert len(world.ledger.orders) == ORDERS
    assert world.strikes == []
    assert world.store.times == 2


@pytest.mark.parametrize("seed", range(8))
def test_whatever_fails_no_order_is_doubled_and_no_execution_is_lost(seed: int) -> None:
    world = SchwabWorld(seed)
    world.run(ORDERS)
    check_against_the_truth(world)
    assert world.strikes


@pytest.mark.parametrize("fault", [fault for fault in sorted(STRENGTHS) if fault not in PUSHED])
def test_each_fault_alone_changes_nothing_of_that(fault: str) -> None:
    world = SchwabWorld(100, strengths={fault: CHANCES.get(fault, 6_000)})
    world.run(ORDERS)
    check_against_the_truth(world)
    assert set(world.strikes) == {fault}


def test_a_copy_that_the_network_made_is_seen_and_is_not_ours() -> None:
    world = SchwabWorld(100, strengths={"N5": 6_000})
    world.run(ORDERS)
    copied = [order for order, count in Counter(world.owner_in_truth.values()).items() if count > 1]
    assert copied
    assert any(execution.order_id is None for execution in world.executions.values())


def test_the_same_seed_gives_the_same_world() -> None:
    first, second = SchwabWorld(3), SchwabWorld(3)
    for world in (first, second):
        world.run(ORDERS)
    assert first.executions == second.executions
    assert first.strikes == second.strikes
    assert first.loop.callbacks_run == second.loop.callbacks_run
