"""A node of a chain that takes transactions: answers calls about it, from a head of its own, with the faults of a node.

The bytes of JSON-RPC are left out here: they are those of the other simulated nodes, and of anvil.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from flatbook.sim.evm.tx_chain import GAS_USED, TIP_WEI, Refusal, TxBlock, TxChain, price_of
from flatbook.values.instants import NS_PER_S
from flatbook.venues.evm.rpc import Call, Outcome, Refused, RefusedFor, Result, Unanswered

_SILENT = Unanswered(detail="no answer: timed_out")


class TxNodeFaults(Protocol):
    """The faults of one node, asked in the order in which things happen."""

    def blocks_behind(self) -> int:
        """How many blocks the node shows less than there are."""

    def loses_request(self, method: str) -> bool:
        """Whether a request never arrives."""

    def loses_answer(self, method: str) -> bool:
        """Whether an answer never comes back."""

    async def rest(self) -> None:
        """Lets a request travel."""


class TxNode:
    """One node. `before_send` is called before a node takes a transaction, and again once it has."""

    def __init__(
        self, name: str, chain: TxChain, faults: TxNodeFaults, *, chain_id: int, around_send: Callable[[bool], None]
    ) -> None:
        self.name = name
        self._chain, self._faults, self._chain_id, self._around_send = chain, faults, chain_id, around_send
        self._answers: dict[str, Callable[[Sequence[Any], int], object]] = {
            "eth_chainId": lambda _params, _head: hex(self._chain_id),
            "eth_getBlockByNumber": self._block,
            "eth_getTransactionCount": self._count,
            "eth_getBalance": lambda params, _head: hex(self._chain.coin.get(params[0], 0)),
            "eth_maxPriorityFeePerGas": lambda _params, _head: hex(TIP_WEI),
            "eth_estimateGas": lambda _params, _head: hex(GAS_USED),
            "eth_getTransactionReceipt": self._receipt,
            "eth_getTransactionByHash": self._transaction,
        }

    async def ask(self, calls: Sequence[Call]) -> tuple[Outcome, ...]:
        """Answers a batch, or loses it on its way there or back."""
        methods = calls[0].method
        await self._faults.rest()
        if self._faults.loses_request(methods):
            return (_SILENT,) * len(calls)
        head = max(0, self._chain.head - self._faults.blocks_behind())
        outcomes = tuple([self._answer(call, head) for call in calls])
        await self._faults.rest()
        return (_SILENT,) * len(calls) if self._faults.loses_answer(methods) else outcomes

    def _answer(self, call: Call, head: int) -> Outcome:
        if call.method == "eth_sendRawTransaction":
            return self._send(str(call.params[0]))
        return Result(value=self._answers[call.method](call.params, head))

    def _send(self, raw: str) -> Outcome:
        self._around_send(True)
        taken = self._chain.submit(raw)
        self._around_send(False)
        if isinstance(taken, Refusal):
            return Refused(kind=RefusedFor.OTHER, detail=f"-32000: {taken.message}")
        return Result(value=taken.tx)

    def _block(self, params: Sequence[Any], head: int) -> object:
        number = head if params[0] == "latest" else int(str(params[0]), 16)
        return self._header(self._chain.blocks[number]) if number <= head else None

    def _header(self, block: TxBlock) -> dict[str, object]:
        return {
            "number": hex(block.number),
            "hash": block.block_hash,
            "timestamp": hex(block.at // NS_PER_S),
            "baseFeePerGas": hex(block.base_wei),
        }

    def _count(self, params: Sequence[Any], head: int) -> object:
        sender, at = str(params[0]), str(params[1])
        if at == "pending":
            return hex(max(self._chain.pending_nonce(sender), self._chain.nonce_at(sender, head)))
        return hex(self._chain.nonce_at(sender, head if at == "latest" else min(head, int(at, 16))))

    def _receipt(self, params: Sequence[Any], head: int) -> object:
        found = self._chain.find(str(params[0]), head)
        if found is None:
            return None
        block, tx = found
        return {
            "transactionHash": tx.tx,
            "blockHash": block.block_hash,
            "blockNumber": hex(block.number),
            "status": "0x1" if tx.succeeds else "0x0",
            "gasUsed": hex(GAS_USED),
            "effectiveGasPrice": hex(price_of(tx, block.base_wei)),
        }

    def _transaction(self, params: Sequence[Any], head: int) -> object:
        tx = str(params[0])
        if self._chain.in_pool(tx) is None and self._chain.find(tx, head) is None:
            return None
        return {"hash": tx}
