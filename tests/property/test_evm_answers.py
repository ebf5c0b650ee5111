"""Laws of what nodes answer: whatever the bytes are nothing raises, and what one says alone is not booked."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from flatbook.venues.evm.answers import decimals_of, header_of, log_of, ratio_of, symbol_of
from flatbook.venues.evm.log_source import EvmLogSource, ReadUpTo
from flatbook.venues.evm.rpc import Call, Outcome, Refused, Result, Unanswered, outcomes_of
from flatbook.venues.http import Reply
from tests.depth import examples
from tests.unit.sim.evm.scene import Wall, contracts, fill
from tests.unit.venues.evm.sample import Bench

hexes = st.from_regex(r"0x[0-9a-f]{0,80}", fullmatch=True) | st.sampled_from(["0x1", "0x2105", "0x" + "00" * 32])
names = st.sampled_from(
    ["id", "result", "error", "code", "message", "number", "hash", "timestamp", "blockNumber", "blockHash", "topics"]
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=10) | hexes,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names | st.text(max_size=5), inner, max_size=6),
    max_leaves=12,
)


@given(
    body=st.binary(max_size=200) | values.map(msgspec.json.encode),
    status=st.integers(100, 599),
    count=st.integers(0, 4),
)
def test_any_bytes_are_an_outcome_for_each_call(body: bytes, status: int, count: int) -> None:
    outcomes = outcomes_of(Reply(status=status, headers={}, body=body), count)
    assert len(outcomes) == count
    assert all(isinstance(each, (Result, Refused, Unanswered)) for each in outcomes)


@given(value=values)
def test_any_result_is_read_or_is_none(value: Any) -> None:
    header, log, ratio = header_of(value), log_of(value), ratio_of(value)
    assert header is None or header.block_hash.startswith("0x")
    assert log is None or len(log.raw.topics) <= 4
    assert ratio is None or ratio > 0
    assert symbol_of(value) is None or isinstance(value, str)
    assert decimals_of(value) is None or isinstance(value, str)


class AnyNode:
    """A node that answers with whatever comes."""

    def __init__(self, name: str, said: Sequence[object]) -> None:
        self.name, self._said = name, said
        self._next = 0

    async def ask(self, calls: Sequence[Call]) -> tuple[Outcome, ...]:
        outcomes: list[Outcome] = []
        for call in calls:
            if call.method == "eth_chainId":
                outcomes.append(Result(value="0x2105"))
                continue
            outcomes.append(Result(value=self._said[self._next % len(self._said)]))
            self._next += 1
        return tuple(outcomes)


@settings(max_examples=examples(200))
@given(said=st.lists(values, min_size=1, max_size=8))
def test_whatever_two_nodes_say_alike_a_source_does_not_raise(said: list[object]) -> None:
    nodes = [AnyNode("one", said), AnyNode("two", said)]
    source = EvmLogSource(nodes, contracts().config(), Wall(), ReadUpTo(first_block=1))
    for cursor in ("", f"9:0x{9:064x}:3"):
        found = asyncio.run(source.read(cursor))
        assert found is None or found.trouble is None


@settings(max_examples=examples(100), deadline=None)
@given(
    method=st.sampled_from(["eth_getLogs", "eth_getBlockByNumber", "eth_call", "eth_chainId"]),
    said=values,
    false_one=st.integers(0, 1),
)
def test_what_one_of_two_nodes_says_alone_is_never_booked(method: str, said: object, false_one: int) -> None:
    bench = Bench()
    bench.chain.grow(fill(1))
    bench.nodes[false_one].stated[method] = said
    found = asyncio.run(bench.read())
    events = () if found is None else found.events
    bench.nodes[false_one].stated.clear()
    honest = asyncio.run(bench.events())
    assert [event.key.tx for event in (*events, *honest)] == [f"0x{1:064x}"]  # type: ignore[attr-defined]
