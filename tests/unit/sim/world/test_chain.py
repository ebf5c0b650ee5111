"""The chain of simulated worlds: what a node shows of it."""

from __future__ import annotations

import asyncio

from flatbook.sim.world.chain import NodeSource, SimulatedChain, VaultNames
from flatbook.sim.world.desk import VAULT
from flatbook.sim.world.injection import Injection
from flatbook.sim.world.record import Record
from flatbook.values.instants import Instant, instant_of_text

START = instant_of_text("2025-12-02T16:00:00Z")
NAMES = VaultNames(account=VAULT, instruments={}, tokens={})


def now() -> Instant:
    return START


def chain_of(blocks: int) -> SimulatedChain:
    chain = SimulatedChain("seed", Record(), now)
    for _ in range(blocks):
        chain.mine()
    return chain


def node_of(chain: SimulatedChain, **strengths: int) -> NodeSource:
    injection = Injection("seed", strengths, lambda _fault, _where: None)
    return NodeSource(chain, NAMES, injection, now, lag_blocks=0)


def test_a_node_tells_which_blocks_were_replaced() -> None:
    chain = chain_of(10)
    first = asyncio.run(node_of(chain).read(""))
    assert first is not None
    chain.reorganise(3, lambda _fill: True)
    again = asyncio.run(node_of(chain).read(first.cursor))
    assert again is not None
    assert (again.removed_from, again.cursor.split(":")[0]) == (7, "9")


def test_a_node_that_fell_behind_a_fork_tells_nothing_of_it_yet() -> None:
    chain = chain_of(70)
    cursor = f"69:{chain.blocks[69].block_hash}"
    chain.reorganise(1, lambda _fill: True)
    reads = [asyncio.run(node_of(chain, X4=10_000).read(cursor)) for _ in range(5)]
    assert all(read is None for read in reads)
