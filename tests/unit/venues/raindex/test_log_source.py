"""Replaying a recorded chain: cursors, clock, reorganisations, bounds and late ratios."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import msgspec
import pytest

from flatbook.engine.ports import ChainRead
from flatbook.events.chain import FillUnvalued, FillValued, VaultFilled
from flatbook.values.instants import Instant, instant_of_seconds
from flatbook.venues.raindex.log_source import READ_BLOCKS_MAX, CursorRefused, RecordedLogSource
from flatbook.venues.raindex.parse import IgnoreReason
from flatbook.venues.raindex.recording import LateRatio, RecordedBlock, RecordingBroken
from tests.unit.venues.raindex.sample import CONFIG, STRANGER, USDC, WT_SPLG, place, take


def hash_of(number: int, branch: str) -> str:
    return f"0x{number:062x}{branch}"


def block(
    number: int, branch: str = "aa", *, parent: str = "aa", fills: int = 1, owner: str | None = None, shown_at: int = 0
) -> RecordedBlock:
    """Returns a block at second `number`, with as many fills as wanted."""
    tx = f"0x{number:062x}{branch}"
    logs = [take(at=place(index, tx=tx), **({"owner": owner} if owner else {})) for index in range(fills)]
    mine = {"blockNumber": hex(number), "blockHash": hash_of(number, branch)}
    return RecordedBlock(
        number=number,
        hash=hash_of(number, branch),
        parent_hash=hash_of(number - 1, parent),
        at=instant_of_seconds(number),
        shown_at=instant_of_seconds(shown_at),
        logs=tuple(log | mine for log in logs),
        receipts={},
        ratios={},
        symbols={},
        late_ratios=(),
    )


class Reader:
    """Reads a recording as the engine does, one read after another."""

    def __init__(self, *blocks: RecordedBlock, lag_blocks: int = 0, now_s: int = 10**6) -> None:
        self.now_s = now_s
        self.source = RecordedLogSource(blocks, CONFIG, self.clock, lag_blocks=lag_blocks)
        self.cursor = ""

    def clock(self) -> Instant:
        return instant_of_seconds(self.now_s)

    def peek(self) -> ChainRead | None:
        return asyncio.run(self.source.read(self.cursor))

    def read(self, now_s: int | None = None) -> ChainRead:
        self.now_s = self.now_s if now_s is None else now_s
        found = self.peek()
        assert found is not None
        self.cursor = found.cursor
        return found


def fills_of(found: ChainRead) -> list[tuple[int, str]]:
    return [(event.key.block, event.key.tx[-2:]) for event in found.events if isinstance(event, VaultFilled)]


def test_blocks_become_visible_with_their_time_and_are_read_once() -> None:
    reader = Reader(block(10), block(11), now_s=9)
    assert reader.peek() is None
    assert fills_of(reader.read(10)) == [(10, "aa")]
    assert reader.peek() is None
    found = reader.read(11)
    assert (fills_of(found), found.cursor, found.source) == ([(11, "aa")], f"11:{hash_of(11, 'aa')}", "base")


def test_a_fresh_source_goes_on_from_a_stored_cursor() -> None:
    blocks = (block(10), block(11), block(12))
    first = Reader(*blocks, now_s=11)
    first.read()
    second = Reader(*blocks)
    second.cursor = first.cursor
    assert fills_of(second.read()) == [(12, "aa")]


def test_a_cursor_beyond_the_clock_waits() -> None:
    reader = Reader(block(10), block(11), now_s=11)
    reader.read()
    behind = Reader(block(10), block(11), now_s=10)
    behind.cursor = reader.cursor
    assert behind.peek() is None


@pytest.mark.parametrize(
    "cursor", ["10", "x:y", f"11:{hash_of(10, 'aa')}", f"10:{hash_of(10, 'ff')}", "10:" + "0" * 64]
)
def test_a_cursor_of_another_recording_is_refused(cursor: str) -> None:
    reader = Reader(block(10), block(11))
    reader.cursor = cursor
    with pytest.raises(CursorRefused, match="fresh journal"):
        reader.peek()


def test_a_replaced_block_is_reported_with_the_first_number_that_changed() -> None:
    reader = Reader(
        block(10), block(11), block(12), block(11, "bb", fills=2, shown_at=20), block(12, "bb", parent="bb")
    )
    assert fills_of(reader.read(12)) == [(10, "aa"), (11, "aa"), (12, "aa")]
    found = reader.read(20)
    assert found.removed_from == 11
    assert fills_of(found) == [(11, "bb"), (11, "bb"), (12, "bb")]
    assert reader.peek() is None


def test_a_reorganisation_that_nobody_read_is_not_reported() -> None:
    reader = Reader(block(10), block(11), block(11, "bb", shown_at=20))
    assert fills_of(reader.read(10)) == [(10, "aa")]
    found = reader.read(20)
    assert (found.removed_from, fills_of(found)) == (None, [(11, "bb")])


def test_a_reorganisation_while_the_process_was_down_is_found_from_the_cursor() -> None:
    blocks = (block(10), block(11), block(12), block(11, "bb", shown_at=20))
    before = Reader(*blocks, now_s=12)
    before.read()
    after = Reader(*blocks)
    after.cursor = before.cursor
    found = after.read()
    assert (found.removed_from, fills_of(found)) == (11, [(11, "bb")])


def test_a_chain_may_return_to_the_branch_that_it_left() -> None:
    reader = Reader(block(10), block(11), block(11, "bb", shown_at=20), block(11, shown_at=30), block(12))
    reader.read(11)
    assert reader.read(20).removed_from == 11
    found = reader.read(30)
    assert (found.removed_from, fills_of(found)) == (11, [(11, "aa"), (12, "aa")])


def test_a_reorganisation_of_everything_starts_again_from_the_beginning() -> None:
    reader = Reader(block(10), block(10, "bb", shown_at=20))
    reader.read(10)
    found = reader.read(20)
    assert (found.removed_from, fills_of(found)) == (10, [(10, "bb")])


@pytest.mark.parametrize("depth", [1, 2, 16, 64])
def test_a_reorganisation_of_any_depth_ends_with_the_fills_that_stand(depth: int) -> None:
    old = [block(number) for number in range(100, 200)]
    fork = 200 - depth
    new = [block(number, "bb", parent="aa" if number == fork else "bb", shown_at=1000) for number in range(fork, 202)]
    reader = Reader(*old, *new)
    standing = fills_of(reader.read(500))
    found = reader.read(1000)
    assert found.removed_from == fork
    kept = [fill for fill in standing if fill[0] < fork] + fills_of(found)
    assert kept == [(number, "aa" if number < fork else "bb") for number in range(100, 202)]


def test_reading_behind_the_head_is_spared_a_shallow_reorganisation() -> None:
    reader = Reader(
        block(10), block(11), block(12), block(12, "bb", shown_at=20), block(13, "bb", parent="bb"), lag_blocks=1
    )
    assert fills_of(reader.read(12)) == [(10, "aa"), (11, "aa")]
    found = reader.read(20)
    assert (found.removed_from, fills_of(found)) == (None, [(12, "bb")])


def test_a_removal_is_reported_even_when_nothing_new_is_deep_enough() -> None:
    reader = Reader(block(10), block(11), block(12), block(11, "bb", shown_at=20), lag_blocks=1)
    reader.read(12)
    found = reader.read(20)
    assert (found.removed_from, found.events, found.cursor) == (11, (), f"10:{hash_of(10, 'aa')}")


def test_a_read_is_bounded_and_the_next_goes_on() -> None:
    reader = Reader(*(block(number, fills=int(number == 1050)) for number in range(1, 1101)))
    first = reader.read()
    assert (first.events, first.cursor.split(":")[0]) == ((), str(READ_BLOCKS_MAX))
    second = reader.read()
    assert (fills_of(second), second.cursor.split(":")[0]) == ([(1050, "aa")], "1100")


def test_blocks_without_logs_may_be_left_out() -> None:
    reader = Reader(block(10), block(500), block(20, "bb", shown_at=600))
    reader.read(500)
    found = reader.read(600)
    assert (found.removed_from, fills_of(found)) == (500, [(20, "bb")])


def test_a_block_whose_parent_was_never_recorded_is_refused() -> None:
    reader = Reader(block(10), block(11, parent="bb"))
    with pytest.raises(RecordingBroken, match="record again from block 10"):
        reader.peek()


def test_what_is_ignored_is_counted() -> None:
    reader = Reader(block(10, owner=STRANGER, fills=3))
    assert reader.read().events == ()
    assert reader.source.ignored[IgnoreReason.NOT_OUR_ORDER] == 3


def with_fill_of_splg(number: int) -> RecordedBlock:
    log = take(USDC, "105", WT_SPLG, "1") | {"blockNumber": hex(number), "blockHash": hash_of(number, "aa")}
    return msgspec.structs.replace(block(number), logs=(log,))


def test_the_last_ratio_read_before_a_block_is_assumed_and_the_late_one_values_the_fill() -> None:
    known = msgspec.structs.replace(block(10, fills=0), ratios={WT_SPLG: Decimal("1.02")})
    late = LateRatio(block=11, token=WT_SPLG, ratio=Decimal("1.05"))
    read_late = msgspec.structs.replace(block(12, fills=0), late_ratios=(late,))
    reader = Reader(known, with_fill_of_splg(11), read_late)
    (unvalued,) = reader.read(11).events
    assert isinstance(unvalued, FillUnvalued)
    assert unvalued.ratio_assumed == Decimal("1.02")
    (valued,) = reader.read(12).events
    assert isinstance(valued, FillValued)
    assert (valued.tx, valued.log_index) == (unvalued.key.tx, unvalued.key.log_index)
    assert (valued.ratio, valued.shares, valued.price) == (Decimal("1.05"), Decimal("1.05"), Decimal(100))


def test_a_late_ratio_for_a_fill_that_has_its_value_changes_nothing() -> None:
    late = LateRatio(block=10, token=WT_SPLG, ratio=Decimal("1.05"))
    valued = msgspec.structs.replace(with_fill_of_splg(10), ratios={WT_SPLG: Decimal(1)})
    again = msgspec.structs.replace(block(11, fills=0), late_ratios=(late,))
    assert len(Reader(valued, again).read().events) == 1


def test_a_ratio_of_a_branch_that_was_dropped_is_forgotten() -> None:
    stated = msgspec.structs.replace(block(10, fills=0), ratios={WT_SPLG: Decimal("1.02")})
    dropped = msgspec.structs.replace(block(11, fills=0), ratios={WT_SPLG: Decimal(9)})
    restated = msgspec.structs.replace(block(11, "bb", fills=0), parent_hash=hash_of(10, "aa"))
    fill = msgspec.structs.replace(with_fill_of_splg(12), parent_hash=hash_of(11, "bb"))
    (unvalued,) = Reader(stated, dropped, restated, fill).read().events
    assert isinstance(unvalued, FillUnvalued)
    assert unvalued.ratio_assumed == Decimal("1.02")
