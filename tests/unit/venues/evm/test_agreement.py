"""Whether nodes agree, from what each of them answered."""

from __future__ import annotations

from typing import Any

import pytest

from flatbook.venues.evm.agreement import (
    LOGS_MAX,
    Asked,
    Place,
    Range,
    Sight,
    TooWide,
    Trouble,
    agreed,
    is_replaced,
    range_of,
    sight_of,
)
from flatbook.venues.evm.rpc import Outcome, Refused, RefusedFor, Result, Unanswered

BOOK, TOPIC = "0x" + "b0" * 20, "0x" + "01" * 32
HASHES = {number: f"0x{number:064x}" for number in range(20)}
PLACE = Place(number=9, block_hash=HASHES[9], final=3)
ASKED = Asked(first=10, last=12, addresses=(BOOK,), topics=(TOPIC,), after=PLACE)


def block(number: int, *, block_hash: str = "") -> Result:
    return Result(
        value={"number": hex(number), "hash": block_hash or HASHES[number], "timestamp": hex(1_764_000_000 + number)}
    )


def log(number: int, index: int = 0, **changes: Any) -> dict[str, Any]:
    return {
        "blockNumber": hex(number),
        "logIndex": hex(index),
        "blockHash": HASHES[number],
        "transactionHash": f"0x{number * 1000 + index:064x}",
        "address": BOOK,
        "topics": [TOPIC],
        "data": "0x",
        **changes,
    }


def ranged(*logs: object, before: Outcome | None = None, place: Outcome | None = None) -> Range | TooWide | Trouble:
    return range_of("one", (before or block(12), Result(value=list(logs)), block(12), place or block(9)), ASKED)


def taken(*logs: object) -> Range:
    found = ranged(*logs)
    assert isinstance(found, Range)
    return found


def test_a_range_has_its_last_block_and_its_logs_in_order() -> None:
    found = taken(log(12, 1), log(10, 7), log(12, 0))
    assert found.last.number == 12
    assert [(each.block, each.raw.log_index) for each in found.logs] == [(10, 7), (12, 0), (12, 1)]


def test_logs_that_nobody_asked_for_are_left_out_and_counted() -> None:
    found = taken(log(10), log(11, address="0x" + "f0" * 20), log(11, topics=["0x" + "02" * 32]), log(11, topics=[]))
    assert ([each.block for each in found.logs], found.foreign) == ([10], 3)


@pytest.mark.parametrize(
    ("found", "detail"),
    [
        (ranged(before=block(12, block_hash="0x" + "ff" * 32)), "one changed block 12 while it was read"),
        (ranged(log(12, blockHash="0x" + "ff" * 32)), "one changed block 12 while it was read"),
        (
            ranged(place=block(9, block_hash="0x" + "ff" * 32)),
            "one replaced block 9 while the range after it was read",
        ),
        (ranged(place=Result(value=None)), "one does not have block 9"),
        (ranged(before=Result(value="0x")), "what one states as block 12 is no block"),
        (ranged(before=Unanswered(detail="gone")), "one does not state block 12: gone"),
        (ranged(log(13)), "one states a log of block 13, which was not asked for"),
        (ranged(log(10), {"data": "0x"}), "one states a log that cannot be read"),
    ],
)
def test_a_range_in_doubt_is_trouble(found: object, detail: str) -> None:
    assert isinstance(found, Trouble)
    assert found.detail == detail


def test_too_much_at_once_is_too_wide() -> None:
    limit = Refused(kind=RefusedFor.LIMIT, detail="-32005: too many")
    found = range_of("one", (block(12), limit, block(12), block(9)), ASKED)
    assert found == TooWide(detail="one: -32005: too many")
    many = Result(value=[log(10)] * (LOGS_MAX + 1))
    assert isinstance(range_of("one", (block(12), many, block(12), block(9)), ASKED), TooWide)


def test_an_answer_that_did_not_come_may_come_for_less() -> None:
    silent = range_of("one", (block(12), Unanswered(detail="gone"), block(12), block(9)), ASKED)
    other = range_of("one", (block(12), Result(value={}), block(12), block(9)), ASKED)
    assert silent == Trouble(detail="one does not state logs: gone", is_slow=True)
    assert other == Trouble(detail="what one states as logs is no list")


def test_nodes_that_say_the_same_agree_however_they_write_it() -> None:
    ours, theirs = taken(log(10, data="0xAB")), taken(log(10, data="0xab", removed=False))
    assert agreed((ours, theirs), ("one", "two")) is ours


def test_nodes_that_differ_are_told_by_the_log_that_one_of_them_has() -> None:
    ours, theirs = taken(log(10), log(11)), taken(log(10))
    found = agreed((ours, theirs), ("one", "two"))
    assert found == Trouble(
        detail=f"up to block 12 0x00000000 one has 2 logs and two has 1: only one has 0x{11_000:064x}:0 of block 11; "
    )
    changed = agreed((taken(log(10)), taken(log(10, data="0x01"))), ("one", "two"))
    assert isinstance(changed, Trouble)
    assert changed.detail.count("only") == 2


def test_nodes_on_different_forks_do_not_agree() -> None:
    other = "0x" + "ff" * 32
    theirs = range_of(
        "two", (block(12, block_hash=other), Result(value=[]), block(12, block_hash=other), block(9)), ASKED
    )
    assert isinstance(theirs, Range)
    found = agreed((taken(), theirs), ("one", "two"))
    assert found == Trouble(detail="one has block 12 0x00000000, two has 12 0xffffffff")


def sight(block_hash: str) -> Sight:
    found = sight_of("one", (block(15), block(3), block(9, block_hash=block_hash)))
    assert isinstance(found, Sight)
    return found


def test_the_block_at_our_place_is_replaced_when_all_say_so() -> None:
    ours, other, third = HASHES[9], "0x" + "ff" * 32, "0x" + "ee" * 32
    assert is_replaced(PLACE, (sight(ours), sight(ours))) is False
    assert is_replaced(PLACE, (sight(other), sight(other))) is True
    assert isinstance(is_replaced(PLACE, (sight(ours), sight(other))), Trouble)
    assert isinstance(is_replaced(PLACE, (sight(third), sight(other))), Trouble)


def test_a_node_without_our_block_or_without_a_final_one_sees_nothing() -> None:
    assert sight_of("one", (block(15), block(3), Result(value=None))) == Trouble(
        detail="one does not have the block at our cursor"
    )
    unknown = Refused(kind=RefusedFor.BEHIND, detail="-32000: unknown block")
    assert sight_of("one", (block(15), unknown)) == Trouble(
        detail="one does not state the last final block: -32000: unknown block"
    )
