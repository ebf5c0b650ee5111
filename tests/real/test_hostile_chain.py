"""What a hostile world does to our own transactions on a real chain: nothing happens twice, and nothing unbidden."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from decimal import Decimal

import pytest

from flatbook.events.calls import CallPurpose
from flatbook.venues.evm.node import Node
from flatbook.venues.evm.rpc import Call, Outcome
from tests.real.anvil import Anvil, running_anvil
from tests.real.test_wallet import approve, desk_over, ended, moving, started
from tests.real.wallet_desk import mining

pytestmark = pytest.mark.real


@pytest.fixture
def chain() -> Iterator[Anvil]:
    with running_anvil() as running:
        yield running


class Repeating:
    """A node behind a box that carries every broadcast twice, a block apart, and answers what the second one got."""

    def __init__(self, node: Node, chain: Anvil) -> None:
        self.name, self._node, self._chain = node.name, node, chain

    async def ask(self, calls: Sequence[Call]) -> tuple[Outcome, ...]:
        if [call.method for call in calls] == ["eth_sendRawTransaction"]:
            await self._node.ask(calls)
            await asyncio.to_thread(self._chain.mine)
        return await self._node.ask(calls)


def test_a_broadcast_that_a_box_repeats_after_it_was_mined_has_one_effect(chain: Anvil) -> None:
    scene, desk = desk_over(chain)
    allow = approve(scene, desk, "500")
    put = moving(scene, desk, CallPurpose.DEPOSIT, "120", 1, after=allow.call_id)

    again = moving(scene, desk, CallPurpose.DEPOSIT, "50", 2, after=put.call_id)

    async def session() -> None:
        async with started(desk) as life:
            life.sender._nodes = tuple(Repeating(node, chain) for node in life.sender._nodes)
            life.wants(allow, put, again)
            await mining(chain, life.until(lambda: ended(life, allow, put, again)))

    asyncio.run(session())
    assert scene.vault(desk.wallet, scene.usdc) == Decimal(170)
    assert int(chain.do("eth_getTransactionCount", desk.wallet, "latest"), 16) == 3
