"""A desk with one wallet and nothing else, over a real chain: the production engine, journal, sender and signature."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from time import monotonic
from typing import TypeVar

import aiohttp
import msgspec

from flatbook.engine.follow import Pace
from flatbook.engine.inputs import Command, Verb
from flatbook.engine.rules import Rules, VaultRules, WalletRules
from flatbook.engine.run import CommandAnswer, Engine, Parts
from flatbook.engine.take_calls import cancel_call, intend_call
from flatbook.engine.turn import Turn
from flatbook.events.calls import CallPurpose
from flatbook.events.control import Mode
from flatbook.journal.memory import MemoryJournal, MemoryStore
from flatbook.market.quotes import Market
from flatbook.risk.call_limits import AllowedCall, CallLimits
from flatbook.state.calls import ChainCall
from flatbook.state.desk import State
from flatbook.state.intents import CallIntent
from flatbook.values.ids import AccountId, AssetId, CallId, ChainId, EventRef, OwnerId, WalletId, call_id_of
from flatbook.values.instants import Instant, instant_of_seconds, later
from flatbook.values.money import Quantity
from flatbook.venues.evm.node import RpcNode
from flatbook.venues.evm.sender import EvmSender
from flatbook.venues.evm.signing import LocalSigner, address_of_key
from flatbook.venues.http import SessionHttp
from flatbook.venues.raindex.calls import Function
from flatbook.venues.raindex.vaults import RaindexVault
from tests.desk import LIMITS, Setting, desk_of
from tests.real.anvil import CHAIN_ID, GENESIS_S, Anvil

QUICK = 40
STEP_S = 0.02
WAIT_S = 60
CHAIN = ChainId(CHAIN_ID)
OWNER, VAULT, HOLDINGS = OwnerId("desk"), AccountId("base:vault"), AccountId("base:wallet")
USDC, ETH = AssetId("USDC"), AssetId("ETH")
KEY = "0x" + "5a" * 32

_T = TypeVar("_T")


class QuickClock:
    """A clock on which forty seconds pass in one."""

    def __init__(self, start_s: int = GENESIS_S) -> None:
        self._began, self._start = monotonic(), instant_of_seconds(start_s)

    def now(self) -> Instant:
        return Instant(self._start + int((monotonic() - self._began) * QUICK * 1_000_000_000))

    async def sleep_until(self, at: Instant) -> None:
        wait_ns = at - self.now()
        await asyncio.sleep(max(0, wait_ns) / QUICK / 1_000_000_000)


def limits_of(*contracts: tuple[str, Function, tuple[str, ...]], most: str = "1000") -> CallLimits:
    """Returns limits that allow functions of contracts for destinations."""
    allowed = tuple(
        AllowedCall(to=to, selector=function.value, destinations=destinations)
        for to, function, destinations in contracts
    )
    cap = {USDC: Decimal(most)}
    return CallLimits(
        allowed=allowed, amount_max=cap, amount_day_max=cap, calls_day_max=50, fee_coin_max=Decimal("0.05")
    )


class WalletDesk:
    """What stays when the process is killed: the chain, the journal's store and the rules."""

    def __init__(self, chain: Anvil, limits: CallLimits, vault: RaindexVault | None = None) -> None:
        self.chain, self.store, self.clock = chain, MemoryStore(), QuickClock()
        self.wallet = address_of_key(KEY)
        self.wallet_key = (CHAIN, self.wallet)
        wallet = WalletRules(account=HOLDINGS, coin=ETH, limits=limits, coin_low=Decimal("0.05"))
        rules = desk_of(Setting(limits=LIMITS), ()).rules
        vaults = {} if vault is None else {(VAULT, USDC): self._vault_rules(vault)}
        self.rules: Rules = msgspec.structs.replace(
            rules, hedges={}, cards={}, wallets={self.wallet_key: wallet}, vaults=vaults
        )
        chain.do("anvil_setBalance", self.wallet, hex(10**19))

    def _vault_rules(self, vault: RaindexVault) -> VaultRules:
        return VaultRules(
            owner=OWNER,
            wallet=self.wallet_key,
            token=vault.token,
            decimals=vault.decimals,
            book=vault.book,
            words=vault,
        )

    def wish(self, purpose: CallPurpose, number: int, to: str, payload: str, **changes: object) -> CallIntent:
        """Returns a wish for a call of this wallet."""
        plain = CallIntent(
            call_id=call_id_of(OWNER, EventRef("real"), index=number),
            owner=OWNER,
            account=HOLDINGS,
            chain=CHAIN,
            wallet=self.wallet,
            purpose=purpose,
            to=to,
            payload=payload,
            value=Quantity(Decimal(0)),
            asset=None,
            amount=None,
            destination=None,
            urgent=False,
            after=None,
            because=None,
            evidence={},
            good_until=later(self.clock.now(), seconds=36_000),
        )
        return msgspec.structs.replace(plain, **changes)


class Life:
    """One process over a wallet desk."""

    def __init__(self, desk: WalletDesk) -> None:
        self.desk = desk
        https = [
            SessionHttp(desk.chain.url, desk.clock, connect=aiohttp.TCPConnector, authorize=dict) for _ in range(2)
        ]
        self._https = https
        nodes = [
            RpcNode(http, desk.clock, name=f"way-{place}", timeout_s=10 * QUICK) for place, http in enumerate(https, 1)
        ]
        self.sender = EvmSender(nodes, LocalSigner(WalletId(desk.wallet), lambda: KEY), chain=CHAIN)
        self.engine = Engine(
            Parts(
                journal=MemoryJournal(desk.store),
                venues={},
                sources=(),
                clock=desk.clock,
                rules=desk.rules,
                market=Market(),
                pace=Pace(chain_poll_s=60, order_poll_s=60, idle_poll_s=60, statement_s=600, retry_s=60),
                mode=Mode.PAPER,
                version="real",
                senders={desk.wallet_key: self.sender},
            )
        )
        self._running: asyncio.Task[str] | None = None

    async def start(self) -> None:
        """Lets the engine recover and run."""
        self._running = asyncio.create_task(self.engine.run())
        await asyncio.sleep(0)

    async def kill(self) -> None:
        """Ends the process where it stands: nothing more is written, answers under way are lost."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
        for http in self._https:
            await http.close()

    def wants(self, *intents: CallIntent) -> None:
        """Takes wishes as a decider of this engine would state them, in one commit."""
        engine, desk = self.engine, self.desk
        turn = Turn(engine.state, desk_market(), engine.wakes, now=desk.clock.now(), rules=desk.rules)
        for intent in intents:
            intend_call(turn, intent)
        engine._commit(tuple(turn.events), {})
        engine._act(turn.effects)

    async def command(self, verb: Verb, **arguments: str) -> CommandAnswer:
        """Gives an operator's command."""
        key = f"k-{len(self.state.commands)}"
        return await self.engine.command(
            Command(key=key, actor="alice", reason="because", verb=verb, arguments=arguments)
        )

    def takes_back(self, call_id: CallId) -> None:
        """Takes the wish that a call shall not happen any more."""
        engine, desk = self.engine, self.desk
        turn = Turn(engine.state, desk_market(), engine.wakes, now=desk.clock.now(), rules=desk.rules)
        cancel_call(turn, engine.state.calls[call_id], "not wanted any more")
        engine._commit(tuple(turn.events), {})
        engine._act(turn.effects)

    def call(self, call_id: CallId) -> ChainCall:
        """Returns a call as it stands."""
        return self.state.calls[call_id]

    @property
    def state(self) -> State:
        return self.engine.state

    async def until(self, holds: Callable[[], bool]) -> None:
        """Waits until something holds, at most WAIT_S; fails with what the calls came to."""
        until = monotonic() + WAIT_S
        while not holds():
            if self._running is not None and self._running.done():
                self._running.result()
            told = {name.value: alert.detail for (name, _), alert in self.state.alerts.items()}
            stands = [(call.purpose.value, call.status.value, call.signed) for call in self.state.calls.values()]
            assert monotonic() < until, (stands, told, self.engine.dropped)
            await asyncio.sleep(STEP_S)


def desk_market() -> Market:
    """Returns a market in which nothing is quoted."""
    return Market()


async def mining(chain: Anvil, work: Awaitable[_T], *, every_s: float = 0.05) -> _T:
    """Returns the result of some work while the chain makes blocks.

    The miner is let finish its block: a thread that asks the chain cannot be canceled, and would still hold the
    connection that the test asks on next.
    """
    done = asyncio.Event()

    async def mine() -> None:
        while not done.is_set():
            await asyncio.to_thread(chain.mine)
            await asyncio.sleep(every_s)

    miner = asyncio.create_task(mine())
    try:
        return await work
    finally:
        done.set()
        await miner
