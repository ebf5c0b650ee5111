"""Logs of Raindex are read as eth-abi reads them: on good ones, on spoiled ones and on arbitrary bytes.

eth-abi reads all of a log. What our reader passes over, because nothing in it decides, is what an order evaluates and
what its taker signed: a payload that is spoiled only there is read by ours and refused by eth-abi.
"""

from __future__ import annotations

from typing import Any

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError
from hypothesis import example, given
from hypothesis import strategies as st

from flatbook.venues.raindex.rain_float import unpack
from flatbook.venues.raindex.wire import (
    LAYOUTS,
    AfterClear,
    Clear,
    RawLog,
    TakeOrder,
    Topic,
    Unreadable,
    read_after_clear,
    read_clear,
    read_take_order,
)

WORD = 32
V4 = (Topic.TAKE_ORDER_V2, Topic.CLEAR_V2, Topic.AFTER_CLEAR)
READERS: dict[Topic, Any] = {
    Topic.TAKE_ORDER_V2: read_take_order,
    Topic.TAKE_ORDER_V3: read_take_order,
    Topic.CLEAR_V2: read_clear,
    Topic.CLEAR_V3: read_clear,
    Topic.AFTER_CLEAR: read_after_clear,
    Topic.AFTER_CLEAR_V2: read_after_clear,
}

topics = st.sampled_from(list(READERS))
addresses = st.binary(min_size=20, max_size=20).map(lambda raw: "0x" + raw.hex())
words = st.binary(min_size=32, max_size=32)
numbers = st.integers(0, 2**256 - 1)


def orders(is_v4: bool) -> st.SearchStrategy[Any]:
    side = st.tuples(addresses, st.integers(0, 255), numbers) if is_v4 else st.tuples(addresses, words)
    sides = st.lists(side, max_size=3)
    evaluable = st.tuples(addresses, addresses, st.binary(max_size=70))
    return st.tuples(addresses, evaluable, sides, sides, words)


@st.composite
def payloads(draw: st.DrawFn) -> tuple[Topic, bytes]:
    topic = draw(topics)
    amount = numbers if topic in V4 else words
    if READERS[topic] is read_after_clear:
        parts: tuple[Any, ...] = (draw(addresses), draw(st.tuples(amount, amount, amount, amount)))
    elif READERS[topic] is read_clear:
        order = orders(topic in V4)
        change = st.tuples(numbers, numbers, numbers, numbers, amount, amount)
        parts = (draw(addresses), draw(order), draw(order), draw(change))
    else:
        signed = st.lists(st.tuples(addresses, st.lists(amount, max_size=2), st.binary(max_size=40)), max_size=2)
        config = st.tuples(orders(topic in V4), numbers, numbers, signed)
        parts = (draw(addresses), draw(config), draw(amount), draw(amount))
    return topic, encode(LAYOUTS[topic], parts)


def log_of(topic: Topic, payload: bytes) -> RawLog:
    return RawLog(
        address="0x" + "b0" * 20,
        topics=(topic.value,),
        payload=payload,
        tx="0x" + "01" * 32,
        log_index=0,
        block=1,
        block_hash=None,
        removed=False,
    )


def ours(topic: Topic, payload: bytes) -> Any:
    return READERS[topic](log_of(topic, payload), topic)


def theirs(topic: Topic, payload: bytes) -> Any:
    """Returns what eth-abi reads, as plain values; None when it refuses."""
    try:
        return decode(LAYOUTS[topic], payload)
    except (DecodingError, OverflowError):
        return None


def order_of(stated: Any) -> Any:
    owner, _, inputs, outputs, _ = stated
    return owner, *([(side[0], side[1] if len(side) == 3 else None) for side in sides] for sides in (inputs, outputs))


def plain_order(order: Any) -> Any:
    return order.owner, *([(side.token, side.decimals) for side in sides] for sides in (order.inputs, order.outputs))


def amounts_of(stated: Any) -> list[Any]:
    return [each if isinstance(each, int) else unpack(each) for each in stated]


def check_equal(read: Any, stated: Any) -> None:
    if isinstance(read, TakeOrder):
        _, (order, input_index, output_index, _), taker_input, taker_output = stated
        assert plain_order(read.order) == order_of(order)
        assert (read.input_index, read.output_index) == (input_index, output_index)
        assert [read.taker_input, read.taker_output] == amounts_of((taker_input, taker_output))
    elif isinstance(read, Clear):
        _, alice, bob, indexes = stated
        assert (plain_order(read.alice.order), plain_order(read.bob.order)) == (order_of(alice), order_of(bob))
        sides = (read.alice.input_index, read.alice.output_index, read.bob.input_index, read.bob.output_index)
        assert sides == indexes[:4]
    else:
        assert isinstance(read, AfterClear)
        amounts = [read.alice_output, read.bob_output, read.alice_input, read.bob_input]
        assert amounts == amounts_of(stated[1])


def check(topic: Topic, payload: bytes) -> None:
    """What eth-abi reads ours reads alike, so that what ours refuses eth-abi refuses too."""
    stated = theirs(topic, payload)
    if stated is not None:
        check_equal(ours(topic, payload), stated)


@given(payloads())
def test_whatever_is_encoded_is_read_as_eth_abi_reads_it(made: tuple[Topic, bytes]) -> None:
    check(*made)
    assert theirs(*made) is not None


@given(payloads(), st.integers(0, 100), words | st.integers(0, 2000).map(lambda number: number.to_bytes(WORD, "big")))
def test_a_log_with_another_word_in_it_is_read_as_eth_abi_reads_it(
    made: tuple[Topic, bytes], place: int, word: bytes
) -> None:
    topic, payload = made
    at = place % (len(payload) // WORD) * WORD
    check(topic, payload[:at] + word + payload[at + WORD :])


@given(payloads(), st.integers(0, 3000))
def test_a_log_that_is_cut_off_or_longer_is_read_as_eth_abi_reads_it(made: tuple[Topic, bytes], length: int) -> None:
    topic, payload = made
    check(topic, payload[:length].ljust(length % 4096, b"\0"))


@given(topics, st.binary(max_size=1024))
@example(Topic.TAKE_ORDER_V3, b"\xff" * 1024)
@example(Topic.AFTER_CLEAR_V2, bytes(32 * 5))
def test_arbitrary_bytes_are_read_as_eth_abi_reads_them(topic: Topic, payload: bytes) -> None:
    check(topic, payload)


ORDER: Any = (
    "0x" + "a1" * 20,
    ("0x" + "11" * 20, "0x" + "12" * 20, b"\x01"),
    [("0x" + "c1" * 20, bytes(32))],
    [],
    bytes(32),
)
TAKEN = encode(LAYOUTS[Topic.TAKE_ORDER_V3], ("0x" + "ee" * 20, (ORDER, 0, 0, []), bytes(32), bytes(32)))
NOT_LOOKED_INTO = (13, 14, 15, 16, 17, 22)  # interpreter, store and bytecode of the order; what the taker signed


def test_only_what_is_evaluated_and_signed_is_passed_over() -> None:
    for place in range(len(TAKEN) // WORD):
        spoiled = TAKEN[: place * WORD] + b"\xff" * WORD + TAKEN[(place + 1) * WORD :]
        is_refused = isinstance(ours(Topic.TAKE_ORDER_V3, spoiled), Unreadable)
        if place not in NOT_LOOKED_INTO:
            assert is_refused == (theirs(Topic.TAKE_ORDER_V3, spoiled) is None), place
        else:
            assert not is_refused
