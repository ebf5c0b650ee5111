"""Pyth on a simulated chain: its answers, and how it looks in a trace."""

from __future__ import annotations

from typing import Any

from flatbook.sim.evm.contracts import PYTH, feed_of
from flatbook.sim.evm.node import NodeTerms, RpcError, SimulatedNode
from flatbook.sim.evm.oracle import Point, SimulatedPyth
from flatbook.sim.world.chain import CHAIN, Block
from flatbook.values.instants import later
from tests.unit.sim.evm.scene import START, Chain, Wall, contracts, fill


def points(symbol: str, block: Block) -> Point | None:
    if symbol == "NVDA":
        return None
    return Point(25_000 + block.number, 10, -2, later(block.at, seconds=-1))


def node(**terms: Any) -> SimulatedNode:
    chain = Chain(Wall())
    chain.grow(fill(1), empty=3)
    found = SimulatedNode(
        chain, contracts(), chain_id=CHAIN, terms=NodeTerms(**terms), pyth=SimulatedPyth(("COIN", "NVDA"), points)
    )
    found.follow()
    return found


def asked(symbol: str, selector: str = "96834ad3") -> dict[str, str]:
    return {"to": PYTH, "data": f"0x{selector}{feed_of(symbol)[2:]}"}


def test_the_contract_answers_at_a_block_with_four_words() -> None:
    seconds = START // 10**9 + 1
    wanted = "0x" + "".join(f"{word:064x}" for word in (25_001, 10, 2**256 - 2, seconds))
    assert node().answer("eth_call", [asked("COIN"), "0x1"]) == wanted
    other = node().answer("eth_call", [asked("COIN"), "0x2"])
    assert isinstance(other, str)
    assert other != wanted


def test_what_has_no_price_or_is_not_asked_rightly_reverts() -> None:
    for call in (asked("NVDA"), asked("TSLA"), asked("COIN", "a4ae35e0")):
        answer = node().answer("eth_call", [call, "0x1"])
        assert answer == RpcError(code=3, message="execution reverted: PriceFeedNotFound()")


def test_a_traced_transaction_reads_a_coin_before_the_share_and_once_in_vain() -> None:
    trace: Any = node().answer("debug_traceTransaction", [fill(1).tx, {"tracer": "callTracer"}])
    failed, priced = trace["calls"]
    assert failed["error"] == "execution reverted"
    assert [call["input"] for call in priced["calls"]] == [asked("ETH")["data"], asked("COIN")["data"]]
    assert priced["calls"][1]["output"] == node().answer("eth_call", [asked("COIN"), "0x1"])


def test_a_node_that_does_not_trace_says_so() -> None:
    answer = node(traces=False).answer("debug_traceTransaction", [fill(1).tx])
    assert answer == RpcError(code=-32601, message="the method debug_traceTransaction is not available")
    assert isinstance(node().answer("debug_traceTransaction", ["0x" + "99" * 32]), RpcError)
