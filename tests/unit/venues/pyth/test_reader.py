"""Prices from the nodes of a chain: at a block when they agree, in a trace where one tells it."""

from __future__ import annotations

from decimal import Decimal

from flatbook.events.prices import FillPriced, PriceDoubt, PriceSource
from flatbook.sim.evm.contracts import feed_of
from flatbook.sim.evm.node import RpcError
from flatbook.values.ids import Underlying
from flatbook.values.instants import later
from flatbook.venues.pyth.price import Missing, MissingFor, OraclePrice
from tests.unit.sim.evm.scene import fill
from tests.unit.venues.pyth.scene import OracleBench, run

FEED = feed_of("COIN")


def viewed(bench: OracleBench) -> tuple[object, tuple[str, ...]]:
    told = run(bench.reader.viewed(FEED, bench.block.block_hash))
    (stated,) = told.stated
    return stated, told.nodes


def reason(stated: object) -> MissingFor:
    assert isinstance(stated, Missing)
    return stated.reason


def test_the_price_at_the_very_block_is_taken_when_both_nodes_have_it() -> None:
    bench = OracleBench()
    stated, nodes = viewed(bench)
    assert stated == OraclePrice(
        feed=FEED,
        price=Decimal("251.25"),
        confidence=Decimal("0.10"),
        published_at=later(bench.block.at, seconds=-1),
    )
    assert nodes == ("node-1", "node-2")
    call = bench.nodes[0].asked[-1]
    assert call.params[1] == {"blockHash": bench.block.block_hash, "requireCanonical": True}


def test_nodes_that_have_different_prices_are_both_not_believed() -> None:
    bench = OracleBench()
    bench.prices["COIN"] = [25_125, 25_126]
    stated, nodes = viewed(bench)
    assert reason(stated) is MissingFor.NODES_DISAGREE
    assert nodes == ("node-1", "node-2")


def test_one_node_alone_is_not_believed() -> None:
    bench = OracleBench()
    bench.nodes[1].is_silent = True
    stated, nodes = viewed(bench)
    assert stated == Missing(
        reason=MissingFor.NOT_ANSWERED, detail="node-2 does not say it: no answer: timed_out", feed=FEED
    )
    assert nodes == ("node-1",)


def test_a_feed_that_the_contract_does_not_have_is_told() -> None:
    bench = OracleBench()
    del bench.prices["COIN"]
    assert reason(viewed(bench)[0]) is MissingFor.REVERTED


def test_an_answer_that_is_no_price_is_unreadable() -> None:
    bench = OracleBench()
    for node in bench.nodes:
        node.stated["eth_call"] = "0x"
    assert reason(viewed(bench)[0]) is MissingFor.UNREADABLE


def test_a_trace_tells_every_feed_and_who_told_it() -> None:
    bench = OracleBench()
    told = run(bench.reader.traced(fill(1).tx, bench.block.block_hash))
    assert [(each.feed, each.price) for each in told.stated if isinstance(each, OraclePrice)] == [
        (feed_of("ETH"), Decimal(3000)),
        (FEED, Decimal("251.25")),
    ]
    assert told.nodes == ("node-1", "node-2")


def test_one_node_that_traces_is_enough_for_a_trace_and_is_named() -> None:
    bench = OracleBench(traces=(False, True))
    told = run(bench.reader.traced(fill(1).tx, bench.block.block_hash))
    assert (len(told.stated), told.nodes) == (2, ("node-2",))


def test_where_no_node_traces_the_reason_is_told() -> None:
    bench = OracleBench(traces=(False, False))
    told = run(bench.reader.traced(fill(1).tx, bench.block.block_hash))
    (stated,) = told.stated
    assert isinstance(stated, Missing)
    assert stated.reason is MissingFor.NOT_ANSWERED
    assert stated.detail.startswith("node-1 does not trace: -32601")


def test_a_trace_of_the_transaction_in_another_block_is_not_taken() -> None:
    bench = OracleBench()
    replaced = bench.block.block_hash
    bench.chain.reorganise(3, lambda _: True)
    assert bench.block.block_hash != replaced
    (stated,) = run(bench.reader.traced(fill(1).tx, replaced)).stated
    assert stated == Missing(
        reason=MissingFor.NOT_ANSWERED, detail="node-1 does not have the transaction in this block"
    )


def test_two_traces_that_differ_are_no_trace() -> None:
    bench = OracleBench()
    bench.prices["COIN"] = [25_125, 25_126]
    told = run(bench.reader.traced(fill(1).tx, bench.block.block_hash))
    assert [reason(each) for each in told.stated] == [MissingFor.NODES_DISAGREE]


def test_a_fill_is_priced_at_its_block_with_its_doubts() -> None:
    bench = OracleBench()
    bench.age_s = 61
    priced = run(bench.reader.priced(bench.filled()))
    assert isinstance(priced, FillPriced)
    assert (priced.price, priced.source, priced.doubts) == (Decimal("251.25"), PriceSource.VIEW, (PriceDoubt.STALE,))
    assert priced.key.block_hash == bench.block.block_hash


def test_a_fill_is_priced_from_the_trace_where_the_nodes_do_not_answer_at_its_block() -> None:
    bench = OracleBench()
    for node in bench.nodes:
        node.stated["eth_call"] = RpcError(code=-32000, message="missing trie node")
    priced = run(bench.reader.priced(bench.filled()))
    assert isinstance(priced, FillPriced)
    assert (priced.price, priced.source) == (Decimal("251.25"), PriceSource.TRACE)


def test_a_fill_without_a_feed_or_without_an_answer_has_no_price() -> None:
    bench = OracleBench(traces=(False, False))
    assert reason(run(bench.reader.priced(bench.filled(underlying=Underlying("NVDA"))))) is MissingFor.NO_FEED
    for node in bench.nodes:
        node.is_silent = True
    assert reason(run(bench.reader.priced(bench.filled()))) is MissingFor.NOT_ANSWERED
