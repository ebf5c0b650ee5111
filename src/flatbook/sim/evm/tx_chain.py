"""A simulated chain that takes transactions: wallets, a pool, blocks and forks. The truth that wallets are judged by.

A transaction is what its signer wrote down; its signature is the word of that signer. Rules as every node has them: a
nonce is used once and in order, a replacement pays a tenth more, what is mined costs gas whether it succeeds or not.
"""

from __future__ import annotations

import json
from enum import Enum
from typing import Any

import msgspec

from flatbook.sim.chance import digest
from flatbook.values.instants import Instant

REPLACEMENT_PERCENT = 110
GAS_USED = 50_000
TIP_WEI = 1_000
BASE_WEI = 1_000_000
RAW_PREFIX = "0x02"
FAILS = "ff"


class Tx(msgspec.Struct, frozen=True, kw_only=True):
    """A transaction as its signer wrote it. Units: fees in wei per unit of gas."""

    tx: str
    raw: str
    sender: str
    nonce: int
    to: str
    payload: str
    gas: int
    fee_wei_max: int
    tip_wei_max: int

    @property
    def succeeds(self) -> bool:
        """Whether its contract takes it: a payload that ends so is refused there, and only there."""
        return not self.payload.endswith(FAILS)


class TxBlock(msgspec.Struct, frozen=True, kw_only=True):
    """A block of transactions. Units: base_wei in wei per unit of gas."""

    number: int
    block_hash: str
    at: Instant
    txs: tuple[Tx, ...]
    base_wei: int


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """What a node says when it does not take a transaction."""

    message: str


def raw_of(fields: dict[str, Any]) -> tuple[str, str]:
    """Returns a transaction as bytes that `tx_of_raw` reads, and their hash."""
    content = json.dumps(fields, sort_keys=True).encode()
    return RAW_PREFIX + content.hex(), "0x" + digest("tx", content.decode()).hex()


def tx_of_raw(raw: str) -> Tx:
    """Returns the transaction that bytes state. Errors: ValueError for bytes that state none."""
    content = bytes.fromhex(raw[len(RAW_PREFIX) :]).decode()
    return Tx(tx="0x" + digest("tx", content).hex(), raw=raw, **json.loads(content))


class Back(Enum):
    """What waits again after a reorganisation: nothing, what was mined, or what was first sent under its nonce."""

    NOTHING = "nothing"
    SAME = "same"
    ELDEST = "eldest"


class TxChain:
    """Blocks, the pool, and all that was ever taken into it.

    Units: `coin` in wei by wallet. `taken` holds every transaction that was ever in the pool, in order.
    """

    def __init__(self, start: Instant, *, coin: dict[str, int]) -> None:
        self.coin = dict(coin)
        self.blocks = [TxBlock(number=0, block_hash=_hash_of(0, 0), at=start, txs=(), base_wei=BASE_WEI)]
        self.pool: dict[tuple[str, int], Tx] = {}
        self.taken: list[Tx] = []
        self.base_wei = BASE_WEI
        self._forks = 0

    @property
    def head(self) -> int:
        """The number of the newest block."""
        return self.blocks[-1].number

    def nonce_at(self, sender: str, number: int) -> int:
        """Returns the next nonce of a wallet after a block."""
        return sum(tx.sender == sender for block in self.blocks[: number + 1] for tx in block.txs)

    def pending_nonce(self, sender: str) -> int:
        """Returns the next nonce of a wallet after what waits in the pool without a gap."""
        nonce = self.nonce_at(sender, self.head)
        while (sender, nonce) in self.pool:
            nonce += 1
        return nonce

    def find(self, tx: str, upto: int) -> tuple[TxBlock, Tx] | None:
        """Returns the block of a transaction, as far as a block, and the transaction."""
        for block in self.blocks[: upto + 1]:
            for each in block.txs:
                if each.tx == tx:
                    return block, each
        return None

    def in_pool(self, tx: str) -> Tx | None:
        """Returns a transaction that waits."""
        return next((each for each in self.pool.values() if each.tx == tx), None)

    def submit(self, raw: str) -> Tx | Refusal:
        """Takes a transaction into the pool, or says why not."""
        tx = tx_of_raw(raw)
        key = (tx.sender, tx.nonce)
        if self.in_pool(tx.tx) is not None:
            return Refusal(message="already known")
        used = self.nonce_at(tx.sender, self.head)
        if tx.nonce < used:
            return Refusal(message=f"nonce too low: next nonce {used}, tx nonce {tx.nonce}")
        if self.coin.get(tx.sender, 0) < tx.gas * tx.fee_wei_max:
            return Refusal(message="insufficient funds for gas * price + value")
        waiting = self.pool.get(key)
        if waiting is not None and 100 * tx.fee_wei_max < REPLACEMENT_PERCENT * waiting.fee_wei_max:
            return Refusal(message="replacement transaction underpriced")
        self.pool[key] = tx
        self.taken.append(tx)
        return tx

    def drop(self, tx: str) -> None:
        """Forgets a transaction that waits, as a full pool does."""
        held = self.in_pool(tx)
        if held is not None:
            del self.pool[held.sender, held.nonce]

    def mine(self, at: Instant) -> TxBlock:
        """Adds a block with all that waits without a gap and pays the base fee."""
        chosen: list[Tx] = []
        for sender in dict.fromkeys(sender for sender, _ in self.pool):
            nonce = self.nonce_at(sender, self.head)
            while (tx := self.pool.get((sender, nonce))) is not None and tx.fee_wei_max >= self.base_wei:
                chosen.append(tx)
                del self.pool[sender, nonce]
                nonce += 1
        for tx in chosen:
            self.coin[tx.sender] = self.coin.get(tx.sender, 0) - cost_of(tx, self.base_wei)
        number = self.head + 1
        block = TxBlock(
            number=number,
            block_hash=_hash_of(number, self._forks),
            at=at,
            txs=tuple(chosen),
            base_wei=self.base_wei,
        )
        self.blocks.append(block)
        self._forget_overtaken()
        return block

    def reorganise(self, depth: int, back: Back) -> None:
        """Removes the newest blocks; of each nonce that is free again, what `back` says waits again."""
        depth = min(depth, self.head)
        for _ in range(depth):
            gone = self.blocks.pop()
            for tx in gone.txs:
                self.coin[tx.sender] = self.coin.get(tx.sender, 0) + cost_of(tx, gone.base_wei)
                if back is Back.SAME:
                    self.pool.setdefault((tx.sender, tx.nonce), tx)
                elif back is Back.ELDEST:
                    self.pool[tx.sender, tx.nonce] = self._eldest(tx)
        self._forks += 1

    def _eldest(self, tx: Tx) -> Tx:
        """Returns the first transaction that ever took a nonce: some pool far away may still hold it."""
        return next(each for each in self.taken if (each.sender, each.nonce) == (tx.sender, tx.nonce))

    def _forget_overtaken(self) -> None:
        for sender, nonce in tuple(self.pool):
            if nonce < self.nonce_at(sender, self.head):
                del self.pool[sender, nonce]


def cost_of(tx: Tx, base_wei: int) -> int:
    """Returns what a transaction pays in a block of a base fee. Units: wei."""
    return GAS_USED * price_of(tx, base_wei)


def price_of(tx: Tx, base_wei: int) -> int:
    """Returns what a transaction pays for a unit of gas. Units: wei."""
    return min(tx.fee_wei_max, base_wei + tx.tip_wei_max)


def _hash_of(number: int, fork: int) -> str:
    return "0x" + digest("block", str(number), str(fork)).hex()
