"""One node of a simulated chain: what it shows of the blocks, and its answers to calls. Pure: no bytes travel.

Sources: Ethereum JSON-RPC specification, EIP-1474 (error codes), EIP-1898 (blocks by hash); limits as large providers
have them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec

from flatbook.sim.evm.contracts import BOOK, DOLLAR, FORGER, PYTH, Contracts, address_of
from flatbook.sim.evm.faults import CalmNode, NodeFaults
from flatbook.sim.evm.logs import Log, invented, logs_of
from flatbook.sim.evm.oracle import NOT_FOUND, SimulatedPyth
from flatbook.sim.world.chain import USDC_DECIMALS, Block, SimulatedChain
from flatbook.sim.world.record import TOKEN, USDC, ChainFill
from flatbook.values.instants import NS_PER_S

FINAL_DEPTH, SAFE_DEPTH = 64, 32
NEAR_HEAD = 8
GAS_USED, GAS_PRICE_WEI, L1_FEE_WEI = 210_000, 1_000_000, 40_000_000_000
NO_PARENT = "0x" + "00" * 32
WORD_DIGITS = 64
DECIMALS, SYMBOL, CONVERT_TO_ASSETS = "0x313ce567", "0x95d89b41", "0x07a2d13a"
LIMIT_EXCEEDED, METHOD_UNKNOWN, PARAMS_WRONG, SERVER_ERROR, REVERTED = -32005, -32601, -32602, -32000, 3


class NodeTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What a node allows. Units: `blocks_max` blocks and `logs_max` logs a query; `request_ms` a request or batch."""

    blocks_max: int = 1_000
    logs_max: int = 10_000
    calls_max: int = 100
    request_ms: int = 10
    traces: bool = True


class RpcError(msgspec.Struct, frozen=True, kw_only=True):
    """A refusal, as JSON-RPC states it."""

    code: int
    message: str


class SimulatedNode:
    """Shows a chain up to where it has followed it, and answers calls about what it shows."""

    def __init__(
        self,
        chain: SimulatedChain,
        contracts: Contracts,
        *,
        chain_id: int,
        terms: NodeTerms | None = None,
        faults: NodeFaults | None = None,
        pyth: SimulatedPyth | None = None,
    ) -> None:
        self.terms = terms or NodeTerms()
        self.faults: NodeFaults = faults or CalmNode()
        self._chain, self._contracts, self._chain_id = chain, contracts, chain_id
        self._pyth = pyth
        self._has: list[Block] = []
        self._shown = 0
        self._logs: dict[str, tuple[Log, ...]] = {}
        self._answers: dict[str, Callable[[Sequence[object]], object]] = {
            "eth_chainId": lambda _params: hex(self._chain_id),
            "eth_blockNumber": lambda _params: hex(max(self._shown - 1, 0)),
            "eth_getBlockByNumber": self._block,
            "eth_getLogs": self._query,
            "eth_getTransactionReceipt": self._receipt,
            "eth_call": self._view,
            "debug_traceTransaction": self._trace,
        }

    def follow(self) -> None:
        """Takes what the chain has by now, forks included, unless the node stands still."""
        if self.faults.stands_still():
            return
        blocks, has = self._chain.blocks, self._has
        while has and (len(has) > len(blocks) or has[-1].block_hash != blocks[len(has) - 1].block_hash):
            has.pop()
        has.extend(blocks[len(has) :])
        self._shown = max(min(self._shown, len(has)), len(has) - self.faults.shows_behind())

    def answer(self, method: object, params: object) -> object:
        """Returns the result of one call, or an RpcError."""
        known = self._answers.get(method) if isinstance(method, str) else None
        if known is None:
            return RpcError(code=METHOD_UNKNOWN, message=f"the method {method} does not exist/is not available")
        if not isinstance(params, Sequence) or isinstance(params, str):
            return RpcError(code=PARAMS_WRONG, message="invalid params")
        try:
            return known(params)
        except (AttributeError, IndexError, KeyError, TypeError, ValueError):
            return RpcError(code=PARAMS_WRONG, message="invalid params")

    # Blocks.

    def _block(self, params: Sequence[object]) -> object:
        number = self._number(params[0])
        return self._header(self._has[number]) if 0 <= number < self._shown else None

    def _number(self, stated: object) -> int:
        head = self._shown - 1
        tags = {
            "latest": head,
            "safe": max(head - SAFE_DEPTH, 0),
            "finalized": max(head - FINAL_DEPTH, 0),
            "earliest": 0,
        }
        return tags[stated] if isinstance(stated, str) and stated in tags else int(str(stated), 16)

    def _header(self, block: Block) -> dict[str, object]:
        return {
            "number": hex(block.number),
            "hash": block.block_hash,
            "parentHash": block.parent or NO_PARENT,
            "timestamp": hex(block.at // NS_PER_S),
        }

    def _shown_by_hash(self, block_hash: object) -> Block | None:
        block = self._chain.ever.get(str(block_hash))
        if block is None or block.number >= self._shown or self._has[block.number] is not block:
            return None
        return block

    # Logs.

    def _query(self, params: Sequence[object]) -> object:
        asked = params[0]
        if not isinstance(asked, Mapping):
            raise TypeError("the filter is no object")
        beyond = asked["toBlock"] == "pending"
        first = self._number(asked["fromBlock"])
        last = max(first, self._shown - 1) if beyond else self._number(asked["toBlock"])
        if beyond and first >= self._shown:
            return self._announced(asked)
        if last >= self._shown:
            return RpcError(code=SERVER_ERROR, message="block range extends beyond current head block")
        allowed = self.faults.range_max(self.terms.blocks_max)
        if last - first >= allowed:
            return RpcError(code=LIMIT_EXCEEDED, message=f"query exceeds max block range {allowed}")
        if self.faults.times_out():
            return RpcError(code=SERVER_ERROR, message="query timeout exceeded")
        found = [log for block in self._has[first : last + 1] for log in self._stated(block, asked)]
        if found and last >= self._shown - NEAR_HEAD and self.faults.hides_logs():
            return []
        if len(found) > self.terms.logs_max:
            return RpcError(code=LIMIT_EXCEEDED, message=f"query returned more than {self.terms.logs_max} results")
        if self.faults.forgets_filter():
            found += self._made_up(self._has[last], FORGER)
        if self.faults.invents_fill():
            found += self._made_up(self._has[last], BOOK)
        return found

    def _announced(self, asked: Mapping[str, object]) -> list[Log]:
        """Returns the logs of what waits for the next block; a node that is behind knows of nothing yet."""
        head = self._has[-1] if self._has else None
        if head is None or self._shown < len(self._has) or head is not self._chain.blocks[-1]:
            return []
        made = head._replace(number=head.number + 1, block_hash=NO_PARENT)
        return [log for log in logs_of(made, self._chain.waiting, self._contracts) if _is_asked(log, asked)]

    def _stated(self, block: Block, asked: Mapping[str, object]) -> list[Log]:
        if not block.fills:
            return []
        logs = self._logs.get(block.block_hash)
        if logs is None:
            logs = self._logs[block.block_hash] = logs_of(block, block.fills, self._contracts)
        return [log for log in logs if _is_asked(log, asked)]

    def _made_up(self, block: Block, book: str) -> tuple[Log, ...]:
        symbol = next(iter(self._contracts.decimals))
        like = ChainFill(
            tx="",
            log_index=0,
            owner=str(self._contracts.owner),
            underlying=symbol,
            sign=-1,
            tokens=TOKEN,
            usdc=100 * USDC,
        )
        return logs_of(block, (invented(block, like),), self._contracts, book=book)

    # Receipts and views.

    def _receipt(self, params: Sequence[object]) -> object:
        wanted = str(params[0])
        found = self._fill_of(wanted)
        if found is None:
            return None
        return {
            "transactionHash": wanted,
            "blockHash": found[0].block_hash,
            "blockNumber": hex(found[0].number),
            "from": address_of("taker"),
            "status": "0x1",
            "gasUsed": hex(GAS_USED),
            "effectiveGasPrice": hex(GAS_PRICE_WEI),
            "l1Fee": hex(L1_FEE_WEI),
        }

    def _fill_of(self, tx: str) -> tuple[Block, ChainFill] | None:
        filled = ((block, fill) for block in reversed(self._has[: self._shown]) for fill in block.fills)
        return next(((block, fill) for block, fill in filled if fill.tx == tx), None)

    def _trace(self, params: Sequence[object]) -> object:
        if self._pyth is None or not self.terms.traces:
            return RpcError(code=METHOD_UNKNOWN, message="the method debug_traceTransaction is not available")
        found = self._fill_of(str(params[0]))
        if found is None:
            return RpcError(code=SERVER_ERROR, message="transaction not found")
        return self._pyth.trace(found[1].underlying, found[0])

    def _view(self, params: Sequence[object]) -> object:
        call, at = params[0], params[1]
        if not isinstance(call, Mapping):
            raise TypeError("the call is no object")
        if isinstance(at, Mapping):
            block = self._shown_by_hash(at["blockHash"])
        else:
            number = self._number(at)
            block = self._has[number] if 0 <= number < self._shown else None
        if block is None:
            return RpcError(code=SERVER_ERROR, message="header not found")
        address, payload = str(call["to"]).lower(), str(call["data"])
        if address == PYTH:
            answer = None if self._pyth is None else self._pyth.answer(payload, block)
            return RpcError(code=REVERTED, message=NOT_FOUND) if answer is None else answer
        share = self._contracts.symbols.get(address)
        if share is None and address != DOLLAR:
            return "0x"
        if payload[:10] == DECIMALS:
            return _word(USDC_DECIMALS if share is None else self._contracts.decimals[share])
        if payload[:10] == SYMBOL:
            return _text("USDC" if share is None else f"wt{share}")
        if payload[:10] == CONVERT_TO_ASSETS and share is not None:
            return _word(int(payload[10:], 16) * self._chain.ratio_at(share, block.number) // TOKEN)
        return RpcError(code=REVERTED, message="execution reverted")


def _word(number: int) -> str:
    return f"0x{number:064x}"


def _text(name: str) -> str:
    """Returns a text as a contract answers it: where it begins, how long it is, and itself."""
    return "0x" + f"{32:064x}{len(name):064x}" + name.encode().hex().ljust(WORD_DIGITS, "0")


def _is_asked(log: Log, asked: Mapping[str, object]) -> bool:
    addresses, topics = asked.get("address"), asked.get("topics")
    if isinstance(addresses, list) and addresses and log["address"] not in addresses:
        return False
    first = topics[0] if isinstance(topics, list) and topics else None
    stated = log["topics"]
    return first is None or (isinstance(stated, list) and stated[0] in (first if isinstance(first, list) else [first]))
