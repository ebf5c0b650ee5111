"""The source of logs over a chain that nobody here wrote: anvil, named by FLATBOOK_ANVIL as the path of its program.

The order book is a few bytes of code that write one log with what they are called with; the wrapper always answers one.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from flatbook.events.chain import VaultFilled
from flatbook.ops.clock import SystemClock
from flatbook.sim.evm.contracts import BOOK, DOLLAR, token_of
from flatbook.sim.evm.logs import logs_of
from flatbook.sim.world.chain import Block
from flatbook.venues.evm.log_source import EvmLogSource, ReadUpTo
from flatbook.venues.evm.node import RpcNode
from flatbook.venues.evm.rpc import Call, Result
from flatbook.venues.http import SessionHttp
from tests.unit.sim.evm.scene import START, contracts, fill

PROGRAM = os.environ.get("FLATBOOK_ANVIL", "")
WRITES_A_LOG = "0x600035602036038060206000376000a100"
ANSWERS_ONE = "0x670de0b6b3a764000060005260206000f3"
PLACE = Block(1, "0x" + "ab" * 32, "", START, ())

pytestmark = [
    pytest.mark.real,
    pytest.mark.slow,
    pytest.mark.skipif(not PROGRAM, reason="FLATBOOK_ANVIL names no program: npm install @foundry-rs/anvil"),
]


class Anvil:
    """An anvil that mines when it is told, two ways to it, and a source that reads it."""

    def __init__(self, port: int) -> None:
        self._clock = SystemClock()
        url = f"http://127.0.0.1:{port}"
        self.https = [SessionHttp(url, self._clock, connect=aiohttp.TCPConnector, authorize=dict) for _ in range(2)]
        self.nodes = [RpcNode(http, self._clock, name=f"way-{place}") for place, http in enumerate(self.https, 1)]
        self.cursor = ""

    async def do(self, method: str, *params: object) -> Any:
        (outcome,) = await self.nodes[0].ask((Call(method=method, params=params),))
        assert isinstance(outcome, Result), outcome
        return outcome.value

    async def ready(self) -> None:
        for _ in range(100):
            (outcome,) = await self.nodes[0].ask((Call(method="eth_chainId"),))
            if isinstance(outcome, Result):
                break
            await asyncio.sleep(0.05)
        await self.do("anvil_setCode", BOOK, WRITES_A_LOG)
        for token in (token_of("COIN"), DOLLAR):
            await self.do("anvil_setCode", token, ANSWERS_ONE)

    async def trade(self, number: int) -> None:
        (account, *_) = await self.do("eth_accounts")
        (log,) = logs_of(PLACE, (fill(number),), contracts())
        written = str(log["topics"][0]) + str(log["data"])[2:]  # type: ignore[index]
        await self.do("eth_sendTransaction", {"from": account, "to": BOOK, "gas": "0x100000", "data": written})

    async def read(self) -> tuple[list[int], int | None]:
        """Reads once with a source that remembers nothing, and returns the blocks of fills, and what was removed."""
        source = EvmLogSource(self.nodes, contracts().config(), self._clock, ReadUpTo(first_block=1, receipts=True))
        found = await source.read(self.cursor)
        assert found is not None
        self.cursor = found.cursor
        assert all(isinstance(event, VaultFilled) and event.shares == 2 for event in found.events)
        return [event.key.block for event in found.events if isinstance(event, VaultFilled)], found.removed_from


@asynccontextmanager
async def anvil() -> AsyncIterator[Anvil]:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        PROGRAM, "--port", str(port), "--chain-id", "8453", "--no-mining", "--silent"
    )
    chain = Anvil(port)
    try:
        await chain.ready()
        yield chain
    finally:
        for http in chain.https:
            await http.close()
        process.kill()
        await process.wait()


def test_fills_are_read_from_anvil_and_a_reorganisation_takes_back_what_was_not_final() -> None:
    async def scene() -> None:
        async with anvil() as chain:
            await chain.trade(1)
            await chain.do("anvil_mine", "0x3")
            assert await chain.read() == ([1], None)
            await chain.do("anvil_mine", "0x64")
            assert await chain.read() == ([], None)
            await chain.trade(2)
            await chain.do("anvil_mine", "0x2")
            assert await chain.read() == ([104], None)
            await chain.do("anvil_reorg", 5, [])
            await chain.do("anvil_mine", "0x2")
            assert await chain.read() == ([], 42)

    asyncio.run(scene())
