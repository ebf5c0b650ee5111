"""Laws of the Raindex parser: nothing raises, order and copies do not matter, and the journal can hold its events."""

from __future__ import annotations

import json
from contextlib import suppress
from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from flatbook.events.chain import FillSkipped, SkipReason, VaultFilled
from flatbook.events.codec import decode_events, encode_events
from flatbook.values.instruments import Side
from flatbook.venues.raindex.parse import Parsed
from flatbook.venues.raindex.recording import RecordingBroken, block_of_line
from flatbook.venues.raindex.wire import Topic
from tests.unit.venues.raindex.sample import (
    ALICE,
    BOB,
    BOOK,
    INVENTORY,
    OTHER_TX,
    STRANGER,
    T_AAPL,
    UNKNOWN,
    USDC,
    WT_COIN,
    clear,
    moved,
    parsed,
    place,
    take,
)

Log = dict[str, Any]
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
SEEDS: tuple[Log, ...] = (
    take(at=place(1)),
    take(WT_COIN, "3", USDC, "600", at=place(2)),
    take(USDC, "1", UNKNOWN, "1", owner=BOB, at=place(3)),
    take(owner=STRANGER, at=place(4)),
    *clear(ALICE, BOB, at=place(5)),
    *clear(ALICE, STRANGER, at=place(7), after_index=9),
    moved(Topic.OPERATOR_WITHDRAW, WT_COIN, 10**18, log_index=10),
    moved(Topic.OPERATOR_DEPOSIT, USDC, 9 * 10**6, log_index=11),
    moved(Topic.OPERATOR_DEPOSIT, T_AAPL, 5, log_index=12, tx=OTHER_TX),
)


def check(found: Parsed) -> None:
    """Whatever comes out can be written to the journal and read again, each fill under an identity of its own."""
    assert decode_events(encode_events(found.events)) == found.events
    keys = [(event.key.tx, event.key.log_index) for event in found.events if isinstance(event, VaultFilled)]
    assert len(keys) == len(set(keys))


@given(st.lists(json_values, max_size=4))
def test_any_json_is_parsed_without_raising(stated: list[Any]) -> None:
    check(parsed(*stated))


@given(
    st.sampled_from(list(Topic)),
    st.binary(max_size=2048),
    st.sampled_from([BOOK, INVENTORY]),
    st.lists(st.binary(min_size=32, max_size=32), max_size=3),
)
def test_any_bytes_under_any_topic_are_parsed_without_raising(
    topic: Topic, payload: bytes, address: str, more: list[bytes]
) -> None:
    topics = [topic.value, *("0x" + word.hex() for word in more)]
    check(parsed(take() | {"address": address, "topics": topics, "data": "0x" + payload.hex()}))


@given(st.sampled_from(SEEDS), st.integers(0, 63), st.binary(min_size=32, max_size=32))
def test_a_word_replaced_in_a_log_never_raises(seed: Log, position: int, word: bytes) -> None:
    words = str(seed["data"])[2:]
    start = 64 * (position % (len(words) // 64))
    changed = "0x" + words[:start] + word.hex() + words[start + 64 :]
    others = [log for log in SEEDS if log is not seed]
    check(parsed(*others, seed | {"data": changed}))


@given(st.sampled_from(SEEDS), st.integers(0, 63), st.integers(0, 2**256 - 1) | st.integers(0, 2048))
def test_a_length_or_offset_replaced_in_a_log_never_raises(seed: Log, position: int, number: int) -> None:
    words = str(seed["data"])[2:]
    start = 64 * (position % (len(words) // 64))
    check(parsed(seed | {"data": f"0x{words[:start]}{number:064x}{words[start + 64 :]}"}))


@given(st.sampled_from(SEEDS), st.sampled_from(sorted(SEEDS[0])), json_values)
def test_a_field_replaced_in_a_log_never_raises(seed: Log, name: str, value: Any) -> None:
    check(parsed(seed | {name: value}))


@given(st.sampled_from(SEEDS), st.integers(0, 4000))
@example(SEEDS[0], 1538)  # within the length of what is signed, the last word of this log
def test_a_log_cut_anywhere_gives_no_fill(seed: Log, size: int) -> None:
    cut = str(seed["data"])[: 2 + size]
    found = parsed(seed | {"data": cut})
    check(found)
    whole = cut == seed["data"]
    assert whole or not any(isinstance(event, VaultFilled) for event in found.events)


broken = st.builds(lambda seed, size: seed | {"data": seed["data"][:size]}, st.sampled_from(SEEDS), st.integers(2, 200))
twins = st.builds(lambda seed, index: seed | {"logIndex": hex(index)}, st.sampled_from(SEEDS), st.integers(1, 12))


@given(st.lists(broken | twins | json_values, max_size=4), st.randoms(use_true_random=False), st.data())
def test_neither_order_nor_copies_of_logs_change_the_events(extra: list[Any], random: Any, data: st.DataObject) -> None:
    logs: list[Any] = [*SEEDS, *extra]
    copies = data.draw(st.lists(st.sampled_from(logs), max_size=6))
    shuffled = [*logs, *copies]
    random.shuffle(shuffled)
    assert parsed(*shuffled).events == parsed(*logs).events


@given(st.integers(1, 10**66), st.integers(-66, -20), st.booleans())
def test_an_amount_is_cut_by_less_than_its_last_decimal_and_never_changes_side(
    digits: int, exponent: int, sells: bool
) -> None:
    stated, exact = f"{digits}e{exponent}", Fraction(digits) * Fraction(10) ** exponent
    (event,) = parsed(take(USDC, "7", WT_COIN, stated) if sells else take(WT_COIN, stated, USDC, "7")).events
    if isinstance(event, VaultFilled):
        assert event.side is (Side.SELL if sells else Side.BUY)
        assert 0 <= exact - Fraction(event.token_amount) < Fraction(1, 10**36)
        assert event.token_amount > 0
    elif isinstance(event, FillSkipped):
        assert event.reason in {SkipReason.ZERO_EQUITY, SkipReason.OVER_SHARE_CAP, SkipReason.NON_POSITIVE_PRICE}
    else:
        assert exact >= 10**18


@given(st.integers(1, 10**24), st.integers(1, 10**12))
def test_amounts_of_a_fill_are_those_of_the_log_to_the_last_digit(tokens: int, cents: int) -> None:
    sold = f"{tokens}e-21"
    paid = f"{cents}e-2"
    (event,) = parsed(take(USDC, paid, WT_COIN, sold)).events
    if isinstance(event, VaultFilled):
        assert event.token_amount.scaleb(21) == tokens
        assert event.usdc_amount.scaleb(2) == cents
        assert Decimal(0) <= event.token_amount - event.shares < Decimal("1e-18")
        assert event.price * event.token_amount <= event.usdc_amount


@given(st.binary(max_size=200) | st.builds(lambda value: json.dumps(value).encode(), json_values))
def test_a_line_of_a_recording_is_read_or_refused(line: bytes) -> None:
    with suppress(RecordingBroken):
        assert block_of_line(line).number >= 0
