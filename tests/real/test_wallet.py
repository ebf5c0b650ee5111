"""Our own transactions on a real chain: approved exactly, mined once, replaced, dropped, reorganised, found again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager
from decimal import Decimal
from itertools import pairwise

import pytest

from flatbook.engine.inputs import Verb
from flatbook.events.calls import (
    CallConfirmed,
    CallDropped,
    CallMined,
    CallPurpose,
    CallRefusal,
    CallRefused,
    CallSigned,
    CallUnmined,
    VaultMoved,
)
from flatbook.events.chain import GasSpent
from flatbook.events.event import Event
from flatbook.journal.memory import MemoryJournal
from flatbook.state.calls import CallStatus
from flatbook.state.intents import CallIntent
from flatbook.values.ids import CallId
from flatbook.values.money import Quantity
from flatbook.venues.evm.rpc import Call
from flatbook.venues.raindex.calls import (
    BookVersion,
    Function,
    VaultPart,
    approve_payload,
    deposit_payload,
    withdraw_payload,
)
from flatbook.venues.raindex.vaults import RaindexVault, allowance_call, amount_of, balance_call, vault_call, vault_of
from tests.real.abi import call_of
from tests.real.anvil import Anvil, running_anvil
from tests.real.books import VAULT, Generation
from tests.real.scene import Scene, deployed
from tests.real.wallet_desk import USDC, Life, WalletDesk, limits_of, mining

pytestmark = pytest.mark.real
VAULT_ACCOUNT = "base:vault"
DEPOSITS = {
    Generation.V4: (BookVersion.V4, Function.DEPOSIT2, Function.WITHDRAW2),
    Generation.V5: (BookVersion.V5, Function.DEPOSIT3, Function.WITHDRAW3),
    Generation.V6: (BookVersion.V6, Function.DEPOSIT4, Function.WITHDRAW4),
}


@pytest.fixture
def chain() -> Iterator[Anvil]:
    with running_anvil() as running:
        yield running


def desk_over(chain: Anvil, generation: Generation = Generation.V6) -> tuple[Scene, WalletDesk]:
    scene = deployed(chain, generation)
    _, deposit, withdraw = DEPOSITS[generation]
    limits = limits_of(
        (scene.usdc.address, Function.APPROVE, (scene.book.address,)),
        (scene.book.address, deposit, ()),
        (scene.book.address, withdraw, ()),
    )
    version, usdc = DEPOSITS[generation][0], scene.usdc
    vault = RaindexVault(version=version, book=scene.book.address, token=usdc.address, decimals=6, vault=VAULT)
    desk = WalletDesk(chain, limits, vault)
    scene.act(scene.owner, scene.usdc.address, call_of("Token", "mint", desk.wallet, 500 * 10**6))
    return scene, desk


def approve(scene: Scene, desk: WalletDesk, amount: str, number: int = 0) -> CallIntent:
    raw = int(Decimal(amount) * 10**6)
    return desk.wish(
        CallPurpose.APPROVE,
        number,
        scene.usdc.address,
        approve_payload(scene.book.address, raw),
        asset=USDC,
        amount=Quantity(Decimal(amount)),
        destination=scene.book.address,
    )


def moving(
    scene: Scene, desk: WalletDesk, purpose: CallPurpose, amount: str, number: int, after: CallId | None = None
) -> CallIntent:
    version = DEPOSITS[scene.book.generation][0]
    part = VaultPart(token=scene.usdc.address, vault=VAULT, raw=int(Decimal(amount) * 10**6), decimals=6)
    payload = deposit_payload(version, part) if purpose is CallPurpose.DEPOSIT else withdraw_payload(version, part)
    return desk.wish(
        purpose, number, scene.book.address, payload, asset=USDC, amount=Quantity(Decimal(amount)), after=after
    )


def events_of(desk: WalletDesk) -> list[Event]:
    return [event for row in MemoryJournal(desk.store).read() for event in row.events]


def ended(life: Life, *intents: CallIntent) -> bool:
    return all(not life.call(intent.call_id).is_open for intent in intents)


@pytest.mark.parametrize("generation", list(Generation), ids=lambda generation: generation.value)
def test_tokens_are_approved_exactly_deposited_and_withdrawn_in_every_generation(
    chain: Anvil, generation: Generation
) -> None:
    scene, desk = desk_over(chain, generation)
    allow = approve(scene, desk, "120")
    put = moving(scene, desk, CallPurpose.DEPOSIT, "120", 1, after=allow.call_id)
    take = moving(scene, desk, CallPurpose.WITHDRAW, "1000", 2, after=put.call_id)

    async def session() -> None:
        async with started(desk, allow, put, take) as life:
            await mining(chain, life.until(lambda: ended(life, allow, put, take)))
            assert [call.status for call in life.state.calls.values()] == [CallStatus.CONFIRMED] * 3

    asyncio.run(session())
    assert scene.balance(desk.wallet, scene.usdc) == Decimal(500)
    assert scene.vault(desk.wallet, scene.usdc) == 0
    assert [event.nonce for event in events_of(desk) if isinstance(event, CallSigned)] == [0, 1, 2]
    moved = [event.amount for event in events_of(desk) if isinstance(event, VaultMoved)]
    assert moved == [Decimal(120), Decimal(-120)]
    spent = sum(event.wei_amount for event in events_of(desk) if isinstance(event, GasSpent))
    assert 10**19 - int(chain.do("eth_getBalance", desk.wallet, "latest"), 16) == spent


def run(work: Coroutine[object, object, None]) -> None:
    asyncio.run(work)


@asynccontextmanager
async def started(desk: WalletDesk, *intents: CallIntent) -> AsyncIterator[Life]:
    """Runs a process over the desk, which wants something as soon as it runs, and kills it at the end."""
    life = Life(desk)
    try:
        await life.start()
        if intents:
            life.wants(*intents)
        yield life
    finally:
        await life.kill()


def in_pool(chain: Anvil, desk: WalletDesk) -> dict[int, str]:
    """Returns what the chain still holds of the wallet: the hash by nonce."""
    content = chain.do("txpool_content")
    found = {**content["pending"], **content["queued"]}
    mine: dict[str, dict[str, str]] = next((txs for sender, txs in found.items() if sender.lower() == desk.wallet), {})
    return {int(nonce): tx["hash"].lower() for nonce, tx in mine.items()}


def test_a_call_that_waits_is_replaced_under_its_nonce_and_one_of_the_two_is_mined(chain: Anvil) -> None:
    scene, desk = desk_over(chain)
    allow = approve(scene, desk, "10")

    async def session() -> None:
        async with started(desk, allow) as life:
            await life.until(lambda: life.call(allow.call_id).signed == 3)
            await life.until(lambda: life.call(allow.call_id).status is CallStatus.SENT)
            attempts = life.call(allow.call_id).attempts
            assert {each.nonce for each in attempts} == {0}
            fees = [each.fee_wei_max for each in attempts]
            assert all(100 * after >= 115 * before for before, after in pairwise(fees))
            assert in_pool(chain, desk) == {0: attempts[-1].tx}
            chain.mine(3)
            await life.until(lambda: ended(life, allow))

    run(session())
    assert len([event for event in events_of(desk) if isinstance(event, CallMined)]) == 1
    assert int(chain.do("eth_getTransactionCount", desk.wallet, "latest"), 16) == 1


def test_a_dropped_call_is_sent_again_as_the_same_bytes(chain: Anvil) -> None:
    scene, desk = desk_over(chain)
    allow = approve(scene, desk, "10")

    async def session() -> None:
        async with started(desk, allow) as life:
            await life.until(lambda: life.call(allow.call_id).status is CallStatus.SENT)
            (attempt,) = life.call(allow.call_id).attempts
            chain.do("anvil_dropTransaction", attempt.tx)
            assert in_pool(chain, desk) == {}
            await life.until(lambda: in_pool(chain, desk) == {0: attempt.tx})
            chain.mine(3)
            await life.until(lambda: ended(life, allow))

    run(session())
    assert len([event for event in events_of(desk) if isinstance(event, CallDropped)]) == 1
    assert len([event for event in events_of(desk) if isinstance(event, CallSigned)]) == 1


def test_a_reorganisation_before_the_last_confirmation_leads_to_the_same_end(chain: Anvil) -> None:
    scene, desk = desk_over(chain)
    allow = approve(scene, desk, "10")

    async def session() -> None:
        async with started(desk, allow) as life:
            await life.until(lambda: life.call(allow.call_id).status is CallStatus.SENT)
            chain.mine()
            await life.until(lambda: life.call(allow.call_id).status is CallStatus.MINED)
            chain.reorg(1)
            await life.until(lambda: life.call(allow.call_id).status is CallStatus.SENT)
            await mining(chain, life.until(lambda: ended(life, allow)))

    run(session())
    events = events_of(desk)
    assert [type(each) for each in events if isinstance(each, (CallMined, CallUnmined, CallConfirmed))] == [
        CallMined,
        CallUnmined,
        CallMined,
        CallConfirmed,
    ]
    assert len([event for event in events if isinstance(event, GasSpent)]) == 1


@pytest.mark.parametrize("rounds", [1, 2, 3, 5, 8])
def test_killed_again_and_again_a_session_has_the_effect_of_one(chain: Anvil, rounds: int) -> None:
    scene, desk = desk_over(chain)
    allow = approve(scene, desk, "120")
    put = moving(scene, desk, CallPurpose.DEPOSIT, "120", 1, after=allow.call_id)

    async def session() -> None:
        wanted: tuple[CallIntent, ...] = (allow, put)
        for number in range(rounds):
            async with started(desk, *wanted):
                await asyncio.sleep(0.037 * (number + 1))
            wanted = ()
        async with started(desk) as life:
            await life.until(lambda: ended(life, allow, put))
            assert [call.status for call in life.state.calls.values()] == [CallStatus.CONFIRMED] * 2

    run(mining(chain, session(), every_s=0.11))
    assert scene.vault(desk.wallet, scene.usdc) == Decimal(120)
    assert scene.balance(desk.wallet, scene.usdc) == Decimal(380)
    assert int(chain.do("eth_getTransactionCount", desk.wallet, "latest"), 16) == 2


def test_a_nonce_that_another_program_used_is_adopted_and_told(chain: Anvil) -> None:
    scene, desk = desk_over(chain)
    chain.do("anvil_impersonateAccount", desk.wallet)
    first, second = approve(scene, desk, "10"), approve(scene, desk, "20", 1)

    async def session() -> None:
        async with started(desk, first) as life:
            await mining(chain, life.until(lambda: ended(life, first)))
            scene.act(desk.wallet, scene.usdc.address, call_of("Token", "mint", desk.wallet, 1))
            life.wants(second)
            await mining(chain, life.until(lambda: ended(life, second)))
            assert life.call(second.call_id).nonce == 2
            assert "wallet_shared" in [name.value for name, _ in life.state.alerts]

    run(session())


def test_a_call_whose_nonce_another_program_took_ends_as_displaced_and_never_happens(chain: Anvil) -> None:
    scene, desk = desk_over(chain)
    chain.do("anvil_impersonateAccount", desk.wallet)
    allow = approve(scene, desk, "10")

    async def session() -> None:
        async with started(desk, allow) as life:
            await life.until(lambda: life.call(allow.call_id).status is CallStatus.SENT)
            chain.do("anvil_dropTransaction", life.call(allow.call_id).attempts[0].tx)
            scene.act(desk.wallet, scene.usdc.address, call_of("Token", "mint", desk.wallet, 1))
            chain.mine(3)
            await life.until(lambda: ended(life, allow))
            assert life.call(allow.call_id).status is CallStatus.DISPLACED

    run(session())
    assert chain.do("txpool_status")["pending"] == "0x0"


def test_what_would_revert_is_refused_before_it_costs_anything(chain: Anvil) -> None:
    scene, desk = desk_over(chain)
    put = moving(scene, desk, CallPurpose.DEPOSIT, "120", 1)

    async def session() -> None:
        async with started(desk, put) as life:
            await life.until(lambda: ended(life, put))
            (refused,) = [event for event in events_of(desk) if isinstance(event, CallRefused)]
            assert refused.reason is CallRefusal.WOULD_REVERT

    run(session())
    assert int(chain.do("eth_getTransactionCount", desk.wallet, "latest"), 16) == 0


def test_a_wallet_without_coin_waits_and_says_so_and_goes_on_when_it_is_filled(chain: Anvil) -> None:
    scene, desk = desk_over(chain)
    chain.do("anvil_setBalance", desk.wallet, "0x0")
    allow = approve(scene, desk, "10")

    async def session() -> None:
        async with started(desk, allow) as life:
            await life.until(lambda: {"call_stuck", "gas_low"} <= {name.value for name, _ in life.state.alerts})
            chain.do("anvil_setBalance", desk.wallet, hex(10**18))
            await mining(chain, life.until(lambda: ended(life, allow)))
            assert life.call(allow.call_id).status is CallStatus.CONFIRMED

    run(session())


def test_a_call_that_is_taken_back_spends_its_nonce_on_nothing(chain: Anvil) -> None:
    scene, desk = desk_over(chain)
    allow = approve(scene, desk, "10")

    async def session() -> None:
        async with started(desk, allow) as life:
            await life.until(lambda: life.call(allow.call_id).status is CallStatus.SENT)
            life.takes_back(allow.call_id)
            await life.until(lambda: life.call(allow.call_id).signed == 2)
            await life.until(lambda: life.call(allow.call_id).status is CallStatus.SENT)
            chain.mine(3)
            await life.until(lambda: ended(life, allow))
            assert life.call(allow.call_id).status is CallStatus.CANCELED

    run(session())
    assert int(chain.do("eth_getTransactionCount", desk.wallet, "latest"), 16) == 1


def test_a_node_of_another_chain_is_refused(chain: Anvil) -> None:
    scene, desk = desk_over(chain)
    allow = approve(scene, desk, "10")
    chain.do("anvil_setChainId", 1)

    async def session() -> None:
        async with started(desk, allow) as life:
            await life.until(lambda: ended(life, allow))
            (refused,) = [event for event in events_of(desk) if isinstance(event, CallRefused)]
            assert refused.reason is CallRefusal.WRONG_CHAIN

    run(session())


def test_an_operator_deposits_and_withdraws_by_command_and_the_books_say_what_the_chain_says(chain: Anvil) -> None:
    scene, desk = desk_over(chain)

    async def session() -> None:
        async with started(desk) as life:
            await life.until(lambda: life.state.epoch > 0)
            move = {"account": VAULT_ACCOUNT, "asset": "USDC"}
            answer = await life.command(Verb.VAULT_MOVE, move="deposit", amount="75.5", **move)
            assert answer.accepted
            await mining(chain, life.until(lambda: not life.state.open_calls))
            answer = await life.command(Verb.VAULT_MOVE, move="withdraw", amount="80", **move)
            assert answer.accepted
            await mining(chain, life.until(lambda: not life.state.open_calls))
            refused = await life.command(Verb.VAULT_MOVE, move="deposit", amount="0.0000001", **move)
            assert "has more than 6 decimals" in str(refused.why)
            held = {key[0]: amount for key, amount in life.state.balances.items() if key[1] == "USDC"}
            assert held == {VAULT_ACCOUNT: 0, "base:wallet": 0}

    run(session())
    assert scene.balance(desk.wallet, scene.usdc) == Decimal(500)
    assert int(chain.do("eth_getTransactionCount", desk.wallet, "latest"), 16) == 3


@pytest.mark.parametrize("generation", list(Generation), ids=lambda generation: generation.value)
def test_vaults_balances_and_allowances_are_read_at_the_block_of_a_hash(chain: Anvil, generation: Generation) -> None:
    scene, desk = desk_over(chain, generation)
    version = DEPOSITS[generation][0]
    vault = RaindexVault(version=version, book=scene.book.address, token=scene.usdc.address, decimals=6, vault=VAULT)
    before = chain.do("eth_getBlockByNumber", "latest", False)["hash"]
    scene.deposit(scene.owner, scene.usdc, "12.5")
    after = chain.do("eth_getBlockByNumber", "latest", False)["hash"]

    def ask(call: Call) -> object:
        return chain.do(call.method, *call.params)

    read = [vault_of(vault, ask(vault_call(vault, scene.owner, block))) for block in (before, after)]
    assert read[0] is not None
    assert read[1] == read[0] + Decimal("12.5") == scene.vault(scene.owner, scene.usdc)
    assert amount_of(ask(balance_call(vault.token, desk.wallet, after)), decimals=6) == Decimal(500)
    assert amount_of(ask(allowance_call(vault.token, desk.wallet, vault.book, after)), decimals=6) == 0


def test_a_reorganisation_below_what_was_final_holds_up_no_later_call(chain: Anvil) -> None:
    scene, desk = desk_over(chain)
    first, second = approve(scene, desk, "10"), approve(scene, desk, "20", 1)

    async def session() -> None:
        async with started(desk, first) as life:
            await life.until(lambda: life.call(first.call_id).status is CallStatus.SENT)
            chain.mine(3)
            await life.until(lambda: ended(life, first))
            chain.reorg(3)
            assert int(chain.do("eth_getTransactionCount", desk.wallet, "latest"), 16) == 0
            life.wants(second)
            await mining(chain, life.until(lambda: ended(life, second)))
            assert life.call(second.call_id).status is CallStatus.CONFIRMED

    run(session())
    assert int(chain.do("eth_getTransactionCount", desk.wallet, "latest"), 16) == 2
