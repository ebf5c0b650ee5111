"""A source over two nodes: each fill once, from blocks that both agree on, whatever one of them does."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from flatbook.engine.ports import Preconfirmed
from flatbook.events.chain import FillSkipped, FillUnvalued, VaultFilled
from flatbook.events.event import Event
from flatbook.sim.evm.contracts import token_of
from flatbook.sim.evm.node import RpcError
from flatbook.venues.evm.log_source import CursorRefused, EvmLogSource, ReadUpTo, Tag
from flatbook.venues.evm.rpc import Call
from flatbook.venues.raindex.parse import IgnoreReason
from tests.unit.sim.evm.scene import Wall, contracts, fill
from tests.unit.venues.evm.sample import Bench


def places(events: list[Event]) -> list[tuple[int, int]]:
    """Returns block and log index of each fill."""
    return [(event.key.block, event.key.log_index) for event in events if isinstance(event, VaultFilled)]


def read(bench: Bench) -> Any:
    return asyncio.run(bench.read())


def events(bench: Bench) -> list[Event]:
    return asyncio.run(bench.events())


def test_fills_come_once_and_in_their_order() -> None:
    bench = Bench()
    bench.chain.grow(fill(2), fill(1), empty=3)
    bench.chain.grow(fill(3, sign=1))
    assert places(events(bench)) == [(1, 1), (1, 2), (5, 3)]
    bench.chain.grow(fill(4))
    assert places(events(bench)) == [(6, 4)]
    assert read(bench) is None


def test_a_fill_carries_the_ratio_of_its_own_block_and_when_it_was_made() -> None:
    bench = Bench(ratios={"COIN": ((0, 10**18), (2, 3 * 10**18))})
    bench.chain.grow(fill(1))
    bench.chain.grow(fill(2), empty=5)
    found = [event for event in events(bench) if isinstance(event, VaultFilled)]
    assert [(event.ratio, event.shares) for event in found] == [(1, 2), (3, 6)]
    assert [event.happened_at for event in found] == [bench.chain.blocks[1].at, bench.chain.blocks[2].at]


def test_a_cursor_names_the_block_read_last_and_the_one_that_was_final_by_then() -> None:
    bench = Bench()
    bench.chain.grow(empty=99)
    read(bench)
    assert bench.cursor == f"100:{bench.chain.blocks[100].block_hash}:36"


@pytest.mark.parametrize(("tag", "lag", "last"), [("latest", 0, 100), ("latest", 12, 88), ("safe", 0, 68)])
def test_reading_stays_behind_the_head_as_it_is_told(tag: str, lag: int, last: int) -> None:
    bench = Bench(tag=Tag(tag), lag=lag)
    bench.chain.grow(empty=99)
    read(bench)
    assert bench.cursor.split(":")[0] == str(last)


def test_reading_begins_at_the_first_block_that_is_asked_for() -> None:
    bench = Bench(first_block=3)
    bench.chain.grow(fill(1))
    bench.chain.grow(fill(2))
    bench.chain.grow(fill(3))
    assert places(events(bench)) == [(3, 3)]


# Nodes that do not agree.


def test_the_cursor_never_passes_the_slower_node() -> None:
    bench = Bench()
    bench.chain.grow(empty=4)
    read(bench)
    bench.faults[1].still = True
    bench.chain.grow(fill(1), empty=3)
    assert read(bench) is None
    bench.faults[1].still = False
    assert places(events(bench)) == [(6, 1)]


def test_a_node_behind_our_cursor_is_waited_for() -> None:
    bench = Bench()
    bench.chain.grow(empty=4)
    read(bench)
    before = bench.cursor
    bench.nodes[0].node._shown = 3
    bench.faults[0].still = True
    assert read(bench) is None
    assert bench.cursor == before


@pytest.mark.parametrize("false_one", [0, 1])
def test_a_node_that_states_no_logs_near_its_head_is_not_believed(false_one: int) -> None:
    bench = Bench()
    bench.chain.grow(fill(1))
    bench.faults[false_one].hiding = True
    assert read(bench) is None
    bench.faults[false_one].hiding = False
    assert places(events(bench)) == [(1, 1)]


@pytest.mark.parametrize("false_one", [0, 1])
def test_a_fill_that_one_node_invents_is_not_booked_and_told_when_it_lasts(false_one: int) -> None:
    bench = Bench()
    bench.chain.grow(fill(1))
    bench.faults[false_one].inventing = True
    assert read(bench) is None
    bench.wall.wait(30)
    found = read(bench)
    assert (found.events, found.cursor) == ((), "")
    assert f"only node-{false_one + 1} has 0xeee" in found.trouble
    bench.faults[false_one].inventing = False
    assert places(events(bench)) == [(1, 1)]


def test_a_log_of_a_contract_that_was_not_asked_for_is_ignored_and_counted() -> None:
    bench = Bench()
    bench.chain.grow(fill(1))
    bench.faults[0].unfiltered = True
    assert places(list(read(bench).events)) == [(1, 1)]
    assert bench.source.ignored[IgnoreReason.FOREIGN_CONTRACT] == 1


def test_nodes_on_different_forks_are_waited_for() -> None:
    bench = Bench()
    bench.chain.grow(empty=9)
    read(bench)
    bench.faults[0].still = True
    bench.chain.reorganise(3, lambda _fill: True)
    bench.chain.grow()
    assert read(bench) is None
    bench.wall.wait(30)
    assert read(bench).trouble == "the nodes are on different forks at block 10"


def test_nodes_that_state_different_ratios_are_not_believed() -> None:
    bench = Bench()
    bench.chain.grow(fill(1))
    bench.nodes[1].stated["eth_call"] = f"0x{2 * 10**18:064x}"
    assert read(bench) is None
    bench.wall.wait(30)
    assert read(bench).trouble == "node-1 and node-2 say different things of block 1"


def test_a_node_of_another_chain_is_refused_at_once() -> None:
    bench = Bench(chain_ids=(8453, 1))
    bench.chain.grow(fill(1))
    assert read(bench).trouble == (
        "node-2 serves chain 1 and base is chain 8453: nothing is read; correct the address of the node or the id of "
        "the chain"
    )
    assert bench.cursor == ""


def test_trouble_that_is_over_is_told_even_where_nothing_is_to_be_read() -> None:
    bench = Bench()
    bench.chain.grow(empty=4)
    read(bench)
    bench.nodes[0].is_silent = True
    assert read(bench) is None
    bench.wall.wait(30)
    assert read(bench).trouble == "node-1 does not state the head: no answer: timed_out"
    bench.nodes[0].is_silent = False
    still = read(bench)
    assert (still.trouble, still.events, still.cursor) == (None, (), bench.cursor)
    assert read(bench) is None


# Reorganisations.


@pytest.mark.parametrize("depth", [1, 3, 20, 64])
@pytest.mark.parametrize("restarted", [False, True])
def test_a_reorganisation_of_any_depth_is_read_again_from_what_was_final(depth: int, restarted: bool) -> None:
    bench = Bench()
    bench.chain.grow(fill(1), empty=80)
    bench.chain.grow(fill(2))
    bench.chain.grow(empty=2)
    assert places(events(bench)) == [(1, 1), (82, 2)]
    bench.chain.reorganise(depth, lambda _fill: True)
    if restarted:
        bench.restart()
    found = read(bench)
    assert found.removed_from == 22
    again = places(list(found.events))
    assert len(again) == 1
    assert (again == [(82, 2)]) is (depth < 4)
    assert bench.cursor.split(":")[:2] == ["85", bench.chain.blocks[85].block_hash]


def test_two_reorganisations_while_nobody_looked_are_one() -> None:
    bench = Bench()
    bench.chain.grow(empty=99)
    read(bench)
    bench.chain.reorganise(5, lambda _fill: True)
    bench.chain.grow(fill(1))
    bench.chain.reorganise(30, lambda _fill: True)
    bench.chain.grow(empty=300)
    found = read(bench)
    assert found.removed_from == 37
    assert [block for block, _ in places(list(found.events))] == [72]


def test_a_block_that_changes_while_its_range_is_read_is_read_another_time() -> None:
    bench = Bench()
    bench.chain.grow(empty=9)
    read(bench)
    bench.chain.grow(fill(1))
    node = bench.nodes[0]

    def moving(call: Call, found: object) -> object:
        if call.method == "eth_getLogs":
            bench.chain.reorganise(1, lambda _fill: False)
            node.node.follow()
        return found

    node.change = moving
    assert read(bench) is None
    node.change = lambda _call, found: found
    assert events(bench) == []


# Ranges.


def test_a_range_is_halved_until_the_nodes_answer_and_grows_again() -> None:
    bench = Bench(range_max=64)
    bench.chain.grow(fill(1), empty=199)
    bench.faults[1].allowed = 10
    ends = []
    for _ in range(4):
        ends.append(int(read(bench).cursor.split(":")[0]))
        bench.faults[1].allowed = None
    assert ends == [8, 24, 56, 120]


def test_a_node_that_is_too_slow_is_asked_for_fewer_blocks_next_time() -> None:
    bench = Bench(range_max=64)
    bench.chain.grow(empty=199)
    bench.faults[0].slow = True
    assert read(bench) is None
    bench.faults[0].slow = False
    assert read(bench).cursor.split(":")[0] == "1"


def test_a_block_alone_that_is_too_much_is_told() -> None:
    bench = Bench()
    bench.chain.grow(fill(1))
    bench.faults[0].allowed = 0
    assert read(bench) is None
    bench.wall.wait(30)
    assert read(bench).trouble == "node-1: -32005: query exceeds max block range 0"


# Facts.


def test_a_token_that_does_not_call_itself_as_configured_is_skipped() -> None:
    bench = Bench()
    bench.chain.grow(fill(1))
    name = b"wtFAKE"
    fake = "0x" + f"{32:064x}{len(name):064x}" + name.hex().ljust(64, "0")
    asked = {"to": token_of("COIN"), "data": "0x95d89b41"}
    for each in bench.nodes:
        each.change = lambda call, found: fake if call.params and call.params[0] == asked else found
    (event,) = read(bench).events
    assert isinstance(event, FillSkipped)
    assert (event.reason.value, event.detail) == ("symbol_mismatch", "wtCOIN calls itself 'wtFAKE'")


def test_a_token_with_other_decimals_than_configured_is_skipped() -> None:
    bench = Bench()
    bench.chain.grow(fill(1))
    for each in bench.nodes:
        each.node._contracts = contracts(COIN=8)
    (event,) = read(bench).events
    assert isinstance(event, FillSkipped)
    assert (event.reason.value, event.detail) == ("decimals_mismatch", "wtCOIN has 18 decimals, not 8")


def test_a_wrapper_that_refuses_its_ratio_leaves_the_fill_without_value() -> None:
    bench = Bench()
    bench.chain.grow(fill(1))
    for each in bench.nodes:
        each.stated["eth_call"] = RpcError(code=3, message="execution reverted")
    (event,) = read(bench).events
    assert isinstance(event, FillUnvalued)
    assert event.ratio_assumed == Decimal(1)


def test_a_ratio_that_a_node_cannot_state_stops_the_reading() -> None:
    bench = Bench()
    bench.chain.grow(fill(1))
    bench.nodes[0].stated["eth_call"] = RpcError(code=-32000, message="missing trie node")
    assert read(bench) is None
    bench.wall.wait(30)
    assert read(bench).trouble == "node-1 does not state what block 1 holds: -32000: missing trie node"


def test_names_are_asked_once_and_only_of_blocks_that_concern_us() -> None:
    bench = Bench()
    bench.chain.grow(fill(1))
    bench.chain.grow(fill(2))
    bench.chain.grow(fill(3, owner="stranger"))
    events(bench)
    bench.chain.grow(fill(5))
    events(bench)
    views = [call.params[0]["data"][:10] for call in bench.nodes[0].asked if call.method == "eth_call"]  # type: ignore[index]
    assert views.count("0x07a2d13a") == 3
    assert views.count("0x95d89b41") == 2
    assert {call.params[0]["to"]: None for call in bench.nodes[0].asked if call.method == "eth_call"} == {  # type: ignore[index]
        token_of("COIN"): None,
        "0x" + "d0" * 20: None,
    }


def test_receipts_are_read_where_they_are_wanted() -> None:
    bench = Bench(receipts=True)
    bench.chain.grow(fill(1))
    (event,) = read(bench).events
    assert event.taker_gas_wei == 210_000 * 1_000_000 + 40_000_000_000


def test_a_receipt_that_is_missing_is_waited_for() -> None:
    bench = Bench(receipts=True)
    bench.chain.grow(fill(1))
    bench.nodes[1].stated["eth_getTransactionReceipt"] = None
    assert read(bench) is None
    bench.wall.wait(30)
    assert read(bench).trouble == f"node-2 does not have the receipt of 0x{1:064x}"


def test_nodes_that_do_not_say_when_a_block_was_made_are_asked_for_it() -> None:
    bench = Bench()
    bench.chain.grow(fill(1), empty=2)
    for each in bench.nodes:
        each.change = lambda call, found: (
            [{**log, "blockTimestamp": None} for log in found] if call.method == "eth_getLogs" else found
        )
    (event,) = read(bench).events
    assert event.happened_at == bench.chain.blocks[1].at


# What cannot be.


@pytest.mark.parametrize("cursor", ["17", "17:0xab", f"17:0x{1:064x}", f"x:0x{1:064x}:3"])
def test_a_cursor_of_another_kind_of_source_is_refused(cursor: str) -> None:
    bench = Bench()
    bench.cursor = cursor
    with pytest.raises(CursorRefused, match="was not made by reading nodes"):
        read(bench)


def test_one_node_alone_is_refused() -> None:
    bench = Bench()
    with pytest.raises(ValueError, match="base needs at least 2 nodes"):
        EvmLogSource(bench.nodes[:1], contracts().config(), Wall(), ReadUpTo(first_block=1))


@pytest.mark.parametrize(
    "wrong", [{"first_block": 0}, {"first_block": 1, "lag": -1}, {"first_block": 1, "range_max": 0}]
)
def test_bounds_that_cannot_be_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="must be above zero"):
        ReadUpTo(**{"first_block": 1, **wrong})  # type: ignore[arg-type]


# Beyond the newest block.


def test_what_every_node_announces_is_stated_with_the_newest_ratio_and_again_only_when_it_changes() -> None:
    bench = Bench(tag=Tag.PENDING, ratios={"COIN": ((0, 3 * 10**18),)})
    bench.chain.grow(empty=2)
    read(bench)
    bench.chain.trade(fill(7))
    found = read(bench)
    (event,) = found.preconfirmed.events
    assert (event.key.block, event.key.block_hash, event.key.log_index, event.shares) == (4, "preconfirmed", 7, 6)
    assert (found.events, found.cursor) == ((), bench.cursor)
    assert found.preconfirmed.seen == ((fill(7).tx, 7),)
    assert read(bench) is None
    bench.chain.grow()
    assert places(list(read(bench).events)) == [(4, 7)]
    assert read(bench).preconfirmed == Preconfirmed(events=(), seen=())


def test_what_one_node_announces_alone_is_seen_and_not_booked() -> None:
    bench = Bench(tag=Tag.PENDING)
    bench.chain.grow(empty=2)
    read(bench)
    bench.chain.trade(fill(7))
    bench.nodes[1].change = lambda call, found: [] if call.method == "eth_getLogs" else found
    found = read(bench).preconfirmed
    assert (found.events, found.seen) == ((), ((fill(7).tx, 7),))


def test_nothing_is_read_beyond_the_newest_block_unless_it_is_asked_for() -> None:
    bench = Bench()
    bench.chain.grow(empty=2)
    read(bench)
    bench.chain.trade(fill(7))
    assert read(bench) is None


def test_a_lag_and_reading_beyond_the_newest_block_exclude_each_other() -> None:
    with pytest.raises(ValueError, match="exclude each other"):
        ReadUpTo(first_block=1, tag=Tag.PENDING, lag=1)


def test_the_lag_of_each_tag_is_measured_at_each_node_while_nothing_is_to_be_read() -> None:
    bench = Bench()
    bench.faults[1].behind = 3
    bench.chain.grow(empty=99)
    assert places(events(bench)) == []
    told = {(lag.node, lag.tag): (lag.blocks, lag.seconds) for lag in bench.source.lags}
    assert told["node-1", "latest"] == (0, 2)
    assert told["node-1", "safe"] == (32, 66)
    assert told["node-1", "finalized"] == (64, 130)
    assert told["node-2", "latest"] == (3, 8)
