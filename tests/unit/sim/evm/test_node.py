"""A simulated node: what it shows of a chain, and how it refuses."""

from __future__ import annotations

from typing import Any

import pytest

from flatbook.sim.evm.contracts import BOOK, FORGER, token_of
from flatbook.sim.evm.node import NodeTerms, RpcError, SimulatedNode
from tests.unit.sim.evm.scene import Chain, Faulty, Wall, fill, node_of

TAKE = "0x194f1feb3b4d7076a2c272e774e792e0c48bb8c7aa1a9a3671c1cd6da9e6b4c1"


def chain_of(*fills: Any, ratios: Any = None, empty: int = 0) -> Chain:
    chain = Chain(Wall(), ratios)
    for each in fills:
        chain.grow(each)
    if empty:
        chain.grow(empty=empty - 1)
    return chain


def logs(node: SimulatedNode, first: int, last: int, **asked: Any) -> Any:
    return node.answer("eth_getLogs", [{"fromBlock": hex(first), "toBlock": hex(last), **asked}])


def header(node: SimulatedNode, block: str) -> Any:
    return node.answer("eth_getBlockByNumber", [block, False])


def test_a_node_states_chain_and_head() -> None:
    node = node_of(chain_of(empty=3))
    assert node.answer("eth_chainId", []) == "0x2105"
    assert node.answer("eth_blockNumber", []) == "0x3"


def test_blocks_name_their_parent_and_when_they_were_made() -> None:
    node = node_of(chain_of(empty=2))
    first, second = header(node, "0x1"), header(node, "latest")
    assert (second["number"], second["parentHash"]) == ("0x2", first["hash"])
    assert int(second["timestamp"], 16) - int(first["timestamp"], 16) == 2
    assert header(node, "0x3") is None


def test_safe_and_final_blocks_are_behind_the_head_and_never_below_the_first() -> None:
    node = node_of(chain_of(empty=100))
    assert [header(node, tag)["number"] for tag in ("latest", "safe", "finalized")] == ["0x64", "0x44", "0x24"]
    assert header(node_of(chain_of(empty=3)), "finalized")["number"] == "0x0"


def test_logs_are_those_of_the_asked_contracts_and_topics() -> None:
    node = node_of(chain_of(fill(1), fill(2)))
    assert [log["transactionHash"][-1] for log in logs(node, 1, 2)] == ["1", "2"]
    assert len(logs(node, 1, 1, address=[BOOK], topics=[[TAKE]])) == 1
    assert logs(node, 1, 2, address=[FORGER]) == []
    assert logs(node, 1, 2, topics=[["0x" + "00" * 32]]) == []


def test_a_range_that_is_too_long_or_not_there_yet_is_refused() -> None:
    node = node_of(chain_of(empty=5), terms=NodeTerms(blocks_max=3))
    assert logs(node, 1, 3) == []
    assert logs(node, 1, 4) == RpcError(code=-32005, message="query exceeds max block range 3")
    assert logs(node, 4, 6) == RpcError(code=-32000, message="block range extends beyond current head block")


def test_too_many_logs_are_refused() -> None:
    node = node_of(chain_of(fill(1), fill(2), fill(3)), terms=NodeTerms(logs_max=2))
    assert len(logs(node, 1, 2)) == 2
    assert logs(node, 1, 3) == RpcError(code=-32005, message="query returned more than 2 results")


def test_a_node_follows_a_fork_and_one_that_stands_still_does_not() -> None:
    chain, faults = chain_of(empty=5), Faulty()
    node, other = node_of(chain, faults), node_of(chain)
    faults.still = True
    chain.reorganise(2, lambda _fill: True)
    for each in (node, other):
        each.follow()
    assert header(node, "0x3") == header(other, "0x3")
    assert header(node, "0x4")["hash"] != header(other, "0x4")["hash"]
    faults.still = False
    node.follow()
    assert header(node, "0x5") == header(other, "0x5")


def test_a_node_that_is_behind_comes_back_and_never_falls_further() -> None:
    chain, faults = chain_of(empty=10), Faulty()
    node = node_of(chain, faults)
    chain.grow(empty=9)
    faults.behind = 15
    node.follow()
    assert node.answer("eth_blockNumber", []) == "0xa"
    faults.behind = 2
    node.follow()
    assert node.answer("eth_blockNumber", []) == "0x12"


def test_contracts_answer_for_the_very_block() -> None:
    node = node_of(chain_of(empty=3, ratios={"COIN": ((0, 10**18), (2, 2 * 10**18))}))

    def view(payload: str, block: int) -> Any:
        at = {"blockHash": header(node, hex(block))["hash"], "requireCanonical": True}
        return node.answer("eth_call", [{"to": token_of("COIN"), "data": payload}, at])

    one = f"0x07a2d13a{10**18:064x}"
    assert [int(view(one, block), 16) for block in (1, 2, 3)] == [10**18, 2 * 10**18, 2 * 10**18]
    assert int(view("0x313ce567", 1), 16) == 18
    assert bytes.fromhex(view("0x95d89b41", 1)[130:]).rstrip(b"\0") == b"wtCOIN"
    assert view("0x12345678", 1) == RpcError(code=3, message="execution reverted")
    gone = node.answer("eth_call", [{"to": token_of("COIN"), "data": one}, {"blockHash": "0x" + "0" * 64}])
    assert gone == RpcError(code=-32000, message="header not found")
    assert node.answer("eth_call", [{"to": BOOK, "data": one}, "latest"]) == "0x"


def test_a_receipt_states_what_the_transaction_cost() -> None:
    node = node_of(chain_of(fill(1)))
    receipt: Any = node.answer("eth_getTransactionReceipt", [f"0x{1:064x}"])
    assert (receipt["gasUsed"], receipt["status"]) == ("0x33450", "0x1")
    assert node.answer("eth_getTransactionReceipt", [f"0x{2:064x}"]) is None


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("eth_sendRawTransaction", [], -32601),
        ("eth_getLogs", [], -32602),
        ("eth_getLogs", ["0x1"], -32602),
        ("eth_getLogs", [{"fromBlock": "0x1"}], -32602),
        ("eth_getBlockByNumber", ["newest", False], -32602),
        ("eth_call", "0x1", -32602),
        (None, [], -32601),
    ],
)
def test_what_cannot_be_asked_is_refused(method: object, params: object, code: int) -> None:
    found = node_of(chain_of(empty=1)).answer(method, params)
    assert isinstance(found, RpcError)
    assert found.code == code


def test_a_false_node_hides_logs_near_its_head_only() -> None:
    chain, faults = chain_of(fill(1), empty=9), Faulty()
    node = node_of(chain, faults)
    faults.hiding = True
    assert len(logs(node, 1, 1)) == 1
    assert logs(node, 1, 10) == []


def test_a_false_node_invents_a_fill_and_a_careless_one_states_that_of_a_stranger() -> None:
    faults = Faulty()
    node = node_of(chain_of(empty=3), faults)
    faults.inventing = True
    assert [(log["address"], log["blockNumber"]) for log in logs(node, 1, 3, address=[BOOK])] == [(BOOK, "0x3")]
    faults.inventing, faults.unfiltered = False, True
    assert [log["address"] for log in logs(node, 1, 3, address=[BOOK])] == [FORGER]


def test_a_slow_node_refuses_a_query() -> None:
    faults = Faulty()
    node = node_of(chain_of(empty=3), faults)
    faults.slow = True
    assert logs(node, 1, 3) == RpcError(code=-32000, message="query timeout exceeded")
