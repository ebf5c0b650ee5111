"""Nodes from a file say what they said, and nothing else."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from flatbook.sim.evm.node import RpcError
from flatbook.venues.evm.recorded import AnswersRefused, RecordingNode, read_answers, write_answers
from flatbook.venues.evm.rpc import Call, Refused, RefusedFor, Result, Unanswered
from tests.unit.venues.evm.sample import Bench

HEAD, CHAIN_ID = Call(method="eth_blockNumber"), Call(method="eth_chainId")
BLOCK = Call(method="eth_getBlockByNumber", params=("0x1", False))


def test_what_nodes_answered_is_answered_again_from_the_file(tmp_path: Path) -> None:
    bench, path = Bench(), tmp_path / "answers.json"
    nodes = [RecordingNode(node) for node in bench.nodes]
    bench.nodes[0].stated["eth_getBlockByNumber"] = RpcError(code=-32005, message="limit exceeded")
    bench.nodes[1].is_silent = True
    said = [asyncio.run(node.ask((HEAD, BLOCK))) for node in nodes]
    write_answers(path, nodes)
    one, two = read_answers(path)
    assert (one.name, two.name) == ("node-1", "node-2")
    assert asyncio.run(one.ask((BLOCK, HEAD))) == (said[0][1], said[0][0])
    assert said[0] == (
        Result(value="0x0"),
        Refused(kind=RefusedFor.LIMIT, detail="-32005: limit exceeded"),
    )
    unknown = Unanswered(detail="the recording does not hold this call")
    assert asyncio.run(one.ask((CHAIN_ID,))) == (unknown,)
    assert asyncio.run(two.ask((HEAD,))) == (unknown,)


@pytest.mark.parametrize("content", ["", "[]", '{"one": 1}', '{"one": [{"method": "x"}]}', '{"one": [{"x": 1}]}', "{"])
def test_another_file_holds_no_answers(tmp_path: Path, content: str) -> None:
    path = tmp_path / "other.json"
    path.write_text(content)
    with pytest.raises(AnswersRefused, match=r"other\.json holds no recorded answers"):
        read_answers(path)
