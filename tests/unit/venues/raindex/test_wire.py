"""Topics, layouts and strict reading of JSON-RPC fields."""

from __future__ import annotations

import pytest
from Crypto.Hash import keccak

from flatbook.venues.raindex.wire import (
    LAYOUTS,
    RawLog,
    Receipt,
    Topic,
    Unreadable,
    read_hex,
    read_log,
    read_quantity,
    read_receipt,
    read_take_order,
)
from tests.unit.venues.raindex.sample import take

NAMES = {
    Topic.CLEAR_V2: "ClearV2",
    Topic.AFTER_CLEAR: "AfterClear",
    Topic.TAKE_ORDER_V2: "TakeOrderV2",
    Topic.CLEAR_V3: "ClearV3",
    Topic.AFTER_CLEAR_V2: "AfterClearV2",
    Topic.TAKE_ORDER_V3: "TakeOrderV3",
}


def topic_of(signature: str) -> str:
    return "0x" + keccak.new(digest_bits=256, data=signature.encode()).hexdigest()


@pytest.mark.parametrize("topic", list(NAMES))
def test_a_topic_is_the_hash_of_the_layout_that_it_is_read_with(topic: Topic) -> None:
    assert topic.value == topic_of(f"{NAMES[topic]}({','.join(LAYOUTS[topic])})")


def test_the_topics_of_the_inventory_are_the_hashes_of_its_events() -> None:
    assert Topic.OPERATOR_DEPOSIT.value == topic_of("OperatorDeposit(address,address,bytes32,uint256)")
    assert Topic.OPERATOR_WITHDRAW.value == topic_of("OperatorWithdraw(address,address,bytes32,uint256)")


def test_hex_text_is_read_strictly() -> None:
    assert read_hex("0xAb01", size=2) == b"\xab\x01"
    for wrong in ("ab01", "0xab0", "0xzz", "0x", "0XAB01", 5, None, b"0xab01", "0xab01 "):
        assert read_hex(wrong, size=2) is None


def test_quantities_are_whole_and_bounded() -> None:
    assert (read_quantity("0x10"), read_quantity(7), read_quantity("0x0a")) == (16, 7, 10)
    for wrong in (-1, True, 1.0, "7", "0x", "0xg", None, 2**53, "0x" + "f" * 65):
        assert read_quantity(wrong) is None


@pytest.mark.parametrize("stated", [None, [], "log", 5, {}, {"address": 1}])
def test_what_is_no_log_is_unreadable(stated: object) -> None:
    assert isinstance(read_log(stated), Unreadable)


@pytest.mark.parametrize(
    "changes",
    [{"topics": "0x"}, {"topics": ["0x12"]}, {"topics": ["0x" + "00" * 32] * 5}, {"removed": "no"}, {"data": 5}],
)
def test_a_field_of_another_shape_makes_a_log_unreadable(changes: dict[str, object]) -> None:
    assert isinstance(read_log(take() | changes), Unreadable)


def test_bits_beside_an_address_are_not_read_over() -> None:
    log = take()
    dirty = read_log(log | {"data": "0x01" + str(log["data"])[4:]})
    assert isinstance(dirty, RawLog)
    assert isinstance(read_take_order(dirty, Topic.TAKE_ORDER_V3), Unreadable)


def test_a_length_beyond_all_memory_is_unreadable() -> None:
    words = str(take()["data"])[2:]
    for position in range(0, len(words), 64):
        huge = read_log(take() | {"data": "0x" + words[:position] + "f" * 64 + words[position + 64 :]})
        assert isinstance(huge, RawLog)
        read = read_take_order(huge, Topic.TAKE_ORDER_V3)
        assert isinstance(read, Unreadable) or position // 64 in (2, 3) or read.order.owner


def test_a_receipt_states_sender_cost_and_outcome() -> None:
    stated = {"from": "0x" + "AB" * 20, "gasUsed": "0x7a62d", "effectiveGasPrice": "0x57bcf0", "status": "0x0"}
    assert read_receipt(stated) == Receipt(sender="0x" + "ab" * 20, gas_wei=2_882_434_750_000, success=False)
    assert read_receipt(stated | {"l1Fee": "0x5"}).gas_wei == 2_882_434_750_005
    assert read_receipt(stated | {"gasUsed": None}).gas_wei is None
    assert read_receipt("nothing") == Receipt(sender=None, gas_wei=None, success=True)
