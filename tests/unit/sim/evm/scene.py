"""A chain of a few blocks, the contracts on it, and nodes of it, for tests."""

from __future__ import annotations

from collections.abc import Mapping

from flatbook.sim.evm.contracts import Contracts
from flatbook.sim.evm.faults import CalmNode
from flatbook.sim.evm.node import NodeTerms, SimulatedNode
from flatbook.sim.world.chain import CHAIN, SimulatedChain, VaultNames
from flatbook.sim.world.record import TOKEN, USDC, ChainFill, Record
from flatbook.values.ids import AccountId, AssetId, InstrumentId, OwnerId
from flatbook.values.instants import Instant, instant_of_text, later

START = instant_of_text("2025-12-02T16:00:00Z")
OWNER = OwnerId("desk")
NAMES = VaultNames(
    account=AccountId("base:vault"),
    instruments={symbol: InstrumentId(f"wt{symbol}/USDC@base") for symbol in ("COIN", "NVDA")},
    tokens={symbol: AssetId(f"wt{symbol}") for symbol in ("COIN", "NVDA")},
)


def contracts(**decimals: int) -> Contracts:
    return Contracts(owner=OWNER, names=NAMES, decimals=decimals or {"COIN": 18})


class Wall:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.at = START

    def now(self) -> Instant:
        return self.at

    def wait(self, seconds: int) -> None:
        self.at = later(self.at, seconds=seconds)

    async def sleep_until(self, at: Instant) -> None:
        self.at = max(self.at, at)


def fill(number: int, *, sign: int = -1, shares: int = 2, symbol: str = "COIN", owner: str = OWNER) -> ChainFill:
    return ChainFill(
        tx=f"0x{number:064x}",
        log_index=number,
        owner=owner,
        underlying=symbol,
        sign=sign,
        tokens=shares * TOKEN,
        usdc=shares * 250 * USDC,
    )


class Chain(SimulatedChain):
    """A chain that is built block by block, two seconds each."""

    def __init__(self, wall: Wall, ratios: Mapping[str, tuple[tuple[int, int], ...]] | None = None) -> None:
        super().__init__("seed", Record(), wall.now, ratios)
        self._wall = wall
        self.grow()

    def grow(self, *fills: ChainFill, empty: int = 0) -> None:
        """Makes a block with these fills, and then some without any."""
        for each in fills:
            self.trade(each)
        for _ in range(1 + empty):
            self.mine()
            self._wall.wait(2)


class Faulty(CalmNode):
    """A node whose faults a test switches on."""

    def __init__(self) -> None:
        self.still = self.slow = self.leaving_out = self.hiding = self.inventing = self.unfiltered = False
        self.behind = 0
        self.allowed: int | None = None

    def stands_still(self) -> bool:
        return self.still

    def shows_behind(self) -> int:
        return self.behind

    def range_max(self, stated: int) -> int:
        return stated if self.allowed is None else self.allowed

    def times_out(self) -> bool:
        return self.slow

    def leaves_out(self) -> bool:
        return self.leaving_out

    def hides_logs(self) -> bool:
        return self.hiding

    def invents_fill(self) -> bool:
        return self.inventing

    def forgets_filter(self) -> bool:
        return self.unfiltered


def node_of(
    chain: SimulatedChain, faults: Faulty | None = None, *, chain_id: int = CHAIN, terms: NodeTerms | None = None
) -> SimulatedNode:
    node = SimulatedNode(chain, contracts(), chain_id=chain_id, terms=terms, faults=faults)
    node.follow()
    return node
