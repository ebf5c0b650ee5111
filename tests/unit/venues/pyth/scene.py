"""A chain with one fill, the oracle on it, two nodes, and who asks them."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from decimal import Decimal
from typing import Any, TypeVar

from flatbook.events.chain import LogKey, VaultFilled
from flatbook.sim.evm.contracts import PYTH, feed_of
from flatbook.sim.evm.node import NodeTerms, SimulatedNode
from flatbook.sim.evm.oracle import Point, SimulatedPyth
from flatbook.sim.world.chain import CHAIN, Block
from flatbook.values.ids import AccountId, AssetId, InstrumentId, OwnerId, Underlying
from flatbook.values.instants import later
from flatbook.values.instruments import Side
from flatbook.values.money import Money, Price, Quantity
from flatbook.values.sessions import SessionKind
from flatbook.venues.pyth.reader import PythReader
from flatbook.venues.pyth.terms import Feed, PythTerms
from tests.unit.sim.evm.scene import Chain, Faulty, Wall, contracts, fill
from tests.unit.venues.evm.sample import DirectNode

COIN, ETH = Underlying("COIN"), Underlying("ETH")
TERMS = PythTerms(
    contract=PYTH,
    feeds={COIN: Feed(id=feed_of("COIN"), sessions=(SessionKind.REGULAR,)), ETH: Feed(id=feed_of("ETH"))},
    age_s_max=60,
    confidence_bps_max=50,
)

_Found = TypeVar("_Found")


class OracleBench:
    """Two nodes of a chain; `prices` are what each of them has of a share, in cents."""

    def __init__(self, *, traces: tuple[bool, bool] = (True, True)) -> None:
        self.wall = Wall()
        self.chain = Chain(self.wall)
        self.prices = {"COIN": [25_125, 25_125], "ETH": [300_000, 300_000]}
        self.age_s = 1
        self.nodes = [self._node(number, does) for number, does in enumerate(traces)]
        self.chain.grow(fill(1), empty=2)
        self.reader = PythReader(self.nodes, TERMS, self.wall)

    def _node(self, number: int, traces: bool) -> DirectNode:
        def points(symbol: str, block: Block) -> Point | None:
            known = self.prices.get(symbol)
            return None if known is None else Point(known[number], 10, -2, later(block.at, seconds=-self.age_s))

        pyth = SimulatedPyth(("COIN",), points)
        node = SimulatedNode(
            self.chain, contracts(), chain_id=CHAIN, terms=NodeTerms(traces=traces), faults=Faulty(), pyth=pyth
        )
        return DirectNode(f"node-{number + 1}", node)

    @property
    def block(self) -> Block:
        """The block of the fill."""
        return self.chain.blocks[1]

    def filled(self, **changes: Any) -> VaultFilled:
        """Returns the fill as the parser states it."""
        stated: dict[str, Any] = {
            "key": LogKey(
                chain=CHAIN, tx=fill(1).tx, log_index=1, block=self.block.number, block_hash=self.block.block_hash
            ),
            "owner": OwnerId("desk"),
            "account": AccountId("base:vault"),
            "instrument": InstrumentId("wtCOIN/USDC@base"),
            "underlying": COIN,
            "token": AssetId("wtCOIN"),
            "side": Side.SELL,
            "token_amount": Quantity(Decimal(2)),
            "usdc_amount": Money(Decimal(500)),
            "usdc": AssetId("USDC"),
            "ratio": Decimal(1),
            "shares": Quantity(Decimal(2)),
            "price": Price(Decimal(250)),
            "kind": "take_order_v3",
            "taker_gas_wei": None,
            "happened_at": self.block.at,
            "seen_at": self.block.at,
        }
        return VaultFilled(**{**stated, **changes})


def run(work: Coroutine[Any, Any, _Found]) -> _Found:
    return asyncio.run(work)
