"""The wallet and the reader of offers of a desk at the engine's port, over the simulated chain itself."""

from __future__ import annotations

import hashlib

from flatbook.engine.call_reports import CallFlaw, CallSight, CoinSight, MinedSight, Signature, Taken
from flatbook.engine.offer_reports import OfferSight, OffersSight
from flatbook.engine.ports import CallToSign
from flatbook.engine.reports import Unknown
from flatbook.events.offers import OfferSeen
from flatbook.sim.world.chain import CHAIN, SOURCE, SimulatedChain
from flatbook.sim.world.desk import WALLET
from flatbook.sim.world.offers import act_of, quote_of
from flatbook.sim.world.port_venue import Caller
from flatbook.sim.world.process import Cut
from flatbook.values.ids import ChainId, SourceId, WalletId
from flatbook.values.money import ZERO, Quantity, from_base_units

GAS, FEE_WEI = 100_000, 1_000_000


class PortWallet:
    """Signs and sends at once; a transaction waits for the next block. It can be cut before and after it was sent."""

    def __init__(self, chain: SimulatedChain, caller: Caller) -> None:
        self._chain, self._caller = chain, caller

    @property
    def chain(self) -> ChainId:
        """The chain that its nodes must serve."""
        return CHAIN

    @property
    def wallet(self) -> WalletId:
        """The address that signs."""
        return WALLET

    async def sign(self, call: CallToSign) -> Signature | CallFlaw:
        """Signs under the next free nonce, or under the one that is replaced."""
        nonce = call.nonce if call.nonce is not None else max(call.nonce_floor, self._chain.nonce)
        tx = "0x" + hashlib.sha256(f"{nonce}:{call.payload}:{call.attempt}".encode()).hexdigest()
        raw = f"0x02{nonce:08x}{call.payload[2:]}"
        return Signature(nonce=nonce, tx=tx, raw=raw, gas=GAS, fee_wei_max=FEE_WEI, tip_wei_max=1)

    async def send(self, tx: str, raw: str) -> Taken:
        """Puts a transaction into the pool; one that is there, or was mined, is taken again without effect."""
        scissors = self._caller.scissors
        number = scissors.send()
        scissors.reach(Cut.BEFORE_SEND, number)
        self._chain.submit(int(raw[4:12], 16), act_of(tx, "0x" + raw[12:]))
        scissors.reach(Cut.AFTER_SEND, number)
        return Taken()

    async def look(self, txs: tuple[str, ...], confirmations: int) -> CallSight:
        """Looks for the transactions of a call in blocks and in the pool."""
        chain = self._chain
        head = len(chain.blocks) - 1
        found = next(((block, act) for block in chain.blocks for act in block.acts if act.tx in txs), None)
        mined = None
        if found is not None:
            block, act = found
            mined = MinedSight(
                tx=act.tx,
                block=block.number,
                block_hash=block.block_hash,
                success=True,
                gas_wei=Quantity(ZERO),
                happened_at=block.at,
            )
        settled = sum(
            1 for block in chain.blocks[: max(0, head - confirmations)] for act in block.acts if act.tx in chain.ours
        )
        pooled = tuple(act.tx for _, act in chain.pool if act.tx in txs)
        return CallSight(head=head, mined=mined, pooled=pooled, nonce=chain.nonce, nonce_settled=settled)

    async def coin(self) -> CoinSight:
        """Says that there is enough for gas."""
        return CoinSight(wei=Quantity(from_base_units(10**18, decimals=0)), nonce=self._chain.nonce)


class PortOffers:
    """Says what orders offer at the head of the chain."""

    def __init__(self, chain: SimulatedChain) -> None:
        self._chain = chain

    @property
    def source(self) -> SourceId:
        """The name of the source that sees the orders."""
        return SOURCE

    @property
    def chain(self) -> ChainId:
        """The chain whose orders can be asked for."""
        return CHAIN

    async def offers(self, orders: tuple[OfferSeen, ...]) -> OffersSight | Unknown:
        """Says what orders offer now."""
        ledger, block = self._chain.ledger, self._chain.blocks[-1]
        return OffersSight(
            source=SOURCE,
            block=block.number,
            block_hash=block.block_hash,
            at=block.at,
            offers=tuple(
                OfferSight(order_hash=each.order_hash, legs=(quote_of(ledger, each.order_hash),))
                for each in orders
                if each.order_hash in ledger.placed
            ),
        )
