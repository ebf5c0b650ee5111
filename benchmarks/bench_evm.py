"""Catching up with a chain: two nodes over TCP that take 1,000 blocks a query and 10 ms a request, logs to events.

Budget: 60 s, quick 10 s.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import aiohttp
from aiohttp import web

from benchmarks import Figure, amount, at_least, at_most
from flatbook.ops.clock import SystemClock
from flatbook.sim.evm.contracts import Contracts
from flatbook.sim.evm.node import NodeTerms, SimulatedNode
from flatbook.sim.evm.server import NodeServer
from flatbook.sim.world.chain import CHAIN, SimulatedChain, VaultNames
from flatbook.sim.world.record import TOKEN, USDC, ChainFill, Record
from flatbook.values.ids import AccountId, AssetId, InstrumentId, OwnerId
from flatbook.values.instants import Instant, instant_of_text, later
from flatbook.venues.evm.log_source import EvmLogSource, ReadUpTo
from flatbook.venues.evm.node import RpcNode
from flatbook.venues.http import SessionHttp

BLOCKS = amount(100_000, 10_000)
BLOCKS_PER_LOG = 10
SECONDS_MAX = 60.0
LOGS_PER_S_MIN = 5_000
START = instant_of_text("2025-12-02T16:00:00Z")
OWNER = OwnerId("desk")
CONTRACTS = Contracts(
    owner=OWNER,
    names=VaultNames(
        account=AccountId("base:vault"),
        instruments={"COIN": InstrumentId("wtCOIN/USDC@base")},
        tokens={"COIN": AssetId("wtCOIN")},
    ),
    decimals={"COIN": 18},
)


def chain_of(blocks: int, blocks_per_log: int) -> SimulatedChain:
    """Returns a chain with a fill of ours in every so many blocks."""
    made = [0]

    def now() -> Instant:
        return later(START, seconds=2 * made[0])

    chain = SimulatedChain("bench", Record(), now)
    chain.mine()
    for number in range(1, blocks + 1):
        made[0] = number
        if number % blocks_per_log == 0:
            chain.trade(
                ChainFill(
                    tx=f"0x{number:064x}",
                    log_index=number,
                    owner=OWNER,
                    underlying="COIN",
                    sign=-1,
                    tokens=TOKEN,
                    usdc=250 * USDC,
                )
            )
        chain.mine()
    return chain


async def rest(ms: int) -> None:
    """Lets the time of a call pass."""
    await asyncio.sleep(ms / 1_000)


async def serve(chain: SimulatedChain) -> tuple[web.ServerRunner, str]:
    """Serves a node of a chain, its logs encoded already, and returns where."""
    node = SimulatedNode(chain, CONTRACTS, chain_id=CHAIN, terms=NodeTerms(blocks_max=BLOCKS))
    node.follow()
    node.answer("eth_getLogs", [{"fromBlock": "0x1", "toBlock": "latest"}])
    node.terms = NodeTerms()
    runner = NodeServer(node, rest=rest).runner()
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner, f"http://127.0.0.1:{runner.addresses[0][1]}"


async def caught_up(urls: Sequence[str]) -> int:
    """Reads the chain of some nodes to its head, and returns how many events that gave."""
    clock = SystemClock()
    https = [SessionHttp(url, clock, connect=aiohttp.TCPConnector, authorize=dict) for url in urls]
    nodes = [RpcNode(http, clock, name=f"node-{number}") for number, http in enumerate(https)]
    source = EvmLogSource(nodes, CONTRACTS.config(), clock, ReadUpTo(first_block=1))
    cursor, events = "", 0
    while (read := await source.read(cursor)) is not None:
        cursor, events = read.cursor, events + len(read.events)
    for http in https:
        await http.close()
    return events


async def measured(blocks: int, blocks_per_log: int) -> tuple[float, int]:
    """Returns how long catching up takes, and how many events it gives. Units: s."""
    served = [await serve(chain_of(blocks, blocks_per_log)) for _ in range(2)]
    begun = time.perf_counter()
    events = await caught_up([url for _, url in served])
    took = time.perf_counter() - begun
    for runner, _ in served:
        await runner.cleanup()
    return took, events


def run() -> list[Figure]:
    """Measures catching up, with few logs and with one in every block."""
    took, events = asyncio.run(measured(BLOCKS, BLOCKS_PER_LOG))
    dense, logs = asyncio.run(measured(BLOCKS // 10, 1))
    return [
        at_most(f"evm: {BLOCKS:,} blocks with {events:,} logs, two nodes", took, "s", SECONDS_MAX),
        at_least(f"evm: a log in each of {logs:,} blocks, two nodes", logs / dense, "logs/s", LOGS_PER_S_MIN),
    ]
