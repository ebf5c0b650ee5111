"""What a hostile world does to our own transactions on a real chain: nothing happens twice, and nothing unbidden."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

import pytest

from flatbook.engine.inputs import Verb
from flatbook.events.calls import CallPurpose
from flatbook.events.chain import GasSpent
from flatbook.state.calls import CallStatus
from flatbook.state.intents import CallIntent
from flatbook.venues.evm.node import Node
from flatbook.venues.evm.rpc import Call, Outcome, Result
from tests.real.abi import call_of
from tests.real.anvil import Anvil, running_anvil
from tests.real.test_wallet import approve, desk_over, ended, events_of, moving, started
from tests.real.wallet_desk import Life, WalletDesk, mining

pytestmark = pytest.mark.real


@pytest.fixture
def chain() -> Iterator[Anvil]:
    with running_anvil() as running:
        yield running


def stands(life: Life, intent: CallIntent) -> tuple[CallStatus, int]:
    """Returns how a call stands and how often it was signed."""
    call = life.call(intent.call_id)
    return call.status, call.signed


class Repeating:
    """A node behind a box that carries every broadcast twice, a block apart, and answers what the second one got."""

    def __init__(self, node: Node, chain: Anvil) -> None:
        self.name, self._node, self._chain = node.name, node, chain

    async def ask(self, calls: Sequence[Call]) -> tuple[Outcome, ...]:
        if [call.method for call in calls] == ["eth_sendRawTransaction"]:
            await self._node.ask(calls)
            await asyncio.to_thread(self._chain.mine)
        return await self._node.ask(calls)


class Inventing:
    """A node that states a receipt of success for whatever it is asked, in its newest block, until it is honest."""

    def __init__(self, node: Node, wallet: str) -> None:
        self.name, self._node, self._wallet, self.is_honest = node.name, node, wallet, False

    async def ask(self, calls: Sequence[Call]) -> tuple[Outcome, ...]:
        stated = await self._node.ask(calls)
        if self.is_honest or not any(call.method == "eth_getTransactionReceipt" for call in calls):
            return stated
        (head,) = await self._node.ask((Call(method="eth_getBlockByNumber", params=("latest", False)),))
        assert isinstance(head, Result)
        return tuple(
            Result(value=self._receipt(str(call.params[0]), head.value))
            if call.method == "eth_getTransactionReceipt"
            else outcome
            for call, outcome in zip(calls, stated, strict=True)
        )

    def _receipt(self, tx: str, block: Any) -> dict[str, object]:
        return {
            "transactionHash": tx,
            "from": self._wallet,
            "blockNumber": block["number"],
            "blockHash": block["hash"],
            "status": "0x1",
            "gasUsed": "0x5208",
            "effectiveGasPrice": "0x1",
            "logs": [],
        }


def test_a_receipt_that_one_node_invents_is_not_believed(chain: Anvil) -> None:
    scene, desk = desk_over(chain)
    allow = approve(scene, desk, "10")

    async def session() -> None:
        async with started(desk) as life:
            honest, liar = life.sender._nodes[0], Inventing(life.sender._nodes[1], desk.wallet)
            life.sender._nodes = (honest, liar)
            life.wants(allow)
            await life.until(lambda: life.call(allow.call_id).status is CallStatus.SENT)
            await asyncio.sleep(0.5)
            assert life.call(allow.call_id).mined is None
            liar.is_honest = True
            await mining(chain, life.until(lambda: ended(life, allow)))
            assert life.call(allow.call_id).status is CallStatus.CONFIRMED

    asyncio.run(session())
    (gas,) = [event for event in events_of(desk) if isinstance(event, GasSpent)]
    assert 10**19 - int(chain.do("eth_getBalance", desk.wallet, "latest"), 16) == gas.wei_amount


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


def test_what_adds_risk_and_waits_in_the_pool_when_a_halt_comes_never_happens(chain: Anvil) -> None:
    scene, desk = desk_over(chain)
    allow = approve(scene, desk, "500")

    async def session() -> None:
        async with started(desk, allow) as life:
            await life.until(lambda: life.call(allow.call_id).status is CallStatus.SENT)
            assert (await life.command(Verb.HALT, scope="all")).accepted
            await life.until(lambda: stands(life, allow) == (CallStatus.SENT, 2))
            await mining(chain, life.until(lambda: ended(life, allow)))
            assert life.call(allow.call_id).status is CallStatus.CANCELED

    asyncio.run(session())
    spent = scene.chain.do(
        "eth_call",
        {"to": scene.usdc.address, "data": call_of("Token", "allowance", desk.wallet, scene.book.address)},
        "latest",
    )
    assert int(spent, 16) == 0
    assert int(chain.do("eth_getTransactionCount", desk.wallet, "latest"), 16) == 1


def test_two_desks_on_one_wallet_do_nothing_twice_and_are_told(chain: Anvil) -> None:
    scene, desk = desk_over(chain)
    other = WalletDesk(chain, desk.rules.wallets[desk.wallet_key].limits)
    allow = approve(scene, desk, "500")
    put = CallPurpose.DEPOSIT
    ours = [moving(scene, desk, put, amount, number) for number, amount in enumerate(("1", "2", "4"), 1)]
    theirs = [moving(scene, other, put, amount, number) for number, amount in enumerate(("8", "16", "32"), 1)]

    async def session() -> list[Life]:
        async with started(desk, allow) as first, started(other) as second:
            await mining(chain, first.until(lambda: ended(first, allow)))
            first.wants(*ours)
            second.wants(*theirs)
            await mining(chain, first.until(lambda: ended(first, *ours) and ended(second, *theirs)), every_s=0.2)
            return [first, second]

    lives = asyncio.run(session())
    calls = [call for life in lives for call in life.state.calls.values()]
    done = [call for call in calls if call.status is CallStatus.CONFIRMED and call.purpose is put]
    moved = sum(call.amount or 0 for call in done)
    assert scene.vault(desk.wallet, scene.usdc) == moved
    assert {call.status for call in calls} <= {CallStatus.CONFIRMED, CallStatus.DISPLACED, CallStatus.REFUSED}
    told = {name.value for life in lives for name, _ in life.state.alerts}
    assert "wallet_shared" in told


def test_gas_that_becomes_a_hundred_times_as_dear_keeps_a_call_waiting_and_within_what_it_may_pay(chain: Anvil) -> None:
    scene, desk = desk_over(chain)
    allow = approve(scene, desk, "10")

    async def session() -> None:
        async with started(desk, allow) as life:
            await life.until(lambda: life.call(allow.call_id).status is CallStatus.SENT)
            chain.do("anvil_setNextBlockBaseFeePerGas", hex(10**12))
            chain.mine()
            assert life.call(allow.call_id).is_open
            await mining(chain, life.until(lambda: ended(life, allow)), every_s=0.02)
            assert life.call(allow.call_id).status is CallStatus.CONFIRMED

    asyncio.run(session())
    spent = [event for event in events_of(desk) if isinstance(event, GasSpent)]
    assert len(spent) == 1
    assert spent[0].wei_amount <= Decimal("0.05") * 10**18
    assert 10**19 - int(chain.do("eth_getBalance", desk.wallet, "latest"), 16) == spent[0].wei_amount
