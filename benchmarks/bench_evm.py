"""Catching up with a chain: two nodes over TCP in processes of their own, which take 1,000 blocks a query.

A remote node takes 10 ms a request, a local one no longer than its own work. Budget: 60 s, quick 10 s.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import NamedTuple

import aiohttp
from aiohttp import web

from benchmarks import Figure, amount, at_least, at_most
from flatbook.ops.clock import SystemClock
from flatbook.sim.evm.contracts import Contracts
from flatbook.sim.evm.node import NodeTerms, SimulatedNode
from flatbook.sim.evm.server import NodeServer
from flatbook.sim.network.served import runner_of
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


async def no_rest(_ms: int) -> None:
    """Lets no time pass: what a call takes is kept by `serve`."""


async def serve(told: Connection, blocks: int, blocks_per_log: int, request_ms: int) -> None:
    """Serves a node of a chain, says where, and ends when it is told to.

    It keeps what it answered: who asks the same again waits for the network and not for a simulation.
    """
    node = SimulatedNode(chain_of(blocks, blocks_per_log), CONTRACTS, chain_id=CHAIN)
    server, kept = NodeServer(node, rest=no_rest), dict[bytes, bytes]()

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        asked = await request.read()
        if request_ms:
            await asyncio.sleep(request_ms / 1_000)
        if asked not in kept:
            kept[asked] = server.answer(asked)
        return web.Response(body=kept[asked])

    runner = runner_of(answer)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    told.send(f"http://127.0.0.1:{runner.addresses[0][1]}")
    await asyncio.get_running_loop().run_in_executor(None, told.recv)
    await runner.cleanup()


def node_process(told: Connection, *scene: int) -> None:
    """Is a process that serves a node."""
    asyncio.run(serve(told, *scene))


@contextmanager
def served(blocks: int, blocks_per_log: int, request_ms: int) -> Iterator[list[str]]:
    """Gives the addresses of two nodes of a chain, each in a process of its own."""
    spawning = get_context("spawn")
    ends = [spawning.Pipe() for _ in range(2)]
    processes = [
        spawning.Process(target=node_process, args=(theirs, blocks, blocks_per_log, request_ms)) for _, theirs in ends
    ]
    for process in processes:
        process.start()
    yield [ours.recv() for ours, _ in ends]
    for (ours, _), process in zip(ends, processes, strict=True):
        ours.send("end")
        process.join()


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


class Caught(NamedTuple):
    """How many events catching up gave, how long it took, and how much of that this process worked. Units: s."""

    events: int
    took_s: float
    cpu_s: float


def caught(blocks: int, blocks_per_log: int, request_ms: int) -> Caught:
    """Catches up with a chain once its nodes have their answers ready."""
    with served(blocks, blocks_per_log, request_ms) as urls:
        asyncio.run(caught_up(urls))
        begun, worked = time.perf_counter(), time.process_time()
        events = asyncio.run(caught_up(urls))
        return Caught(events, time.perf_counter() - begun, time.process_time() - worked)


def run() -> list[Figure]:
    """Measures catching up with remote nodes that have few logs, and with local ones that have one in every block."""
    sparse = caught(BLOCKS, BLOCKS_PER_LOG, NodeTerms().request_ms)
    dense = caught(BLOCKS // 5, 1, 0)
    blocks = f"evm: {BLOCKS:,} blocks with {sparse.events:,} logs, two remote nodes"
    logs = f"evm: a log in each of {dense.events:,} blocks, two local nodes"
    return [
        at_most(blocks, sparse.took_s, "s", SECONDS_MAX),
        Figure(logs, dense.events / dense.took_s, "logs/s"),
        at_least(f"{logs}, of our CPU", dense.events / dense.cpu_s, "logs/s", LOGS_PER_S_MIN),
    ]
