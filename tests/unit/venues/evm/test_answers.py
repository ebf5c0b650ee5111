"""What results state, read strictly."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from flatbook.values.instants import instant_of_text
from flatbook.venues.evm.answers import (
    Header,
    block_call,
    decimals_of,
    header_of,
    log_of,
    logs_call,
    number_of,
    ratio_call,
    ratio_of,
    receipt_call,
    symbol_of,
    word_of,
)

HASH, TX = "0x" + "ab" * 32, "0x" + "cd" * 32
BLOCK = {"number": "0x10", "hash": "0x" + "AB" * 32, "timestamp": "0x692f0c20"}
LOG: dict[str, Any] = {
    "blockNumber": "0x10",
    "logIndex": "0x2",
    "blockHash": HASH,
    "transactionHash": TX,
    "address": "0x" + "B0" * 20,
    "topics": ["0x" + "01" * 32],
    "data": "0xFF",
    "removed": False,
}


def word(number: int) -> str:
    return f"0x{number:064x}"


def text(name: bytes, *, length: int | None = None) -> str:
    return "0x" + f"{32:064x}{len(name) if length is None else length:064x}" + name.hex().ljust(64, "0")


def test_calls_are_those_of_the_protocol() -> None:
    assert block_call(16).params == ("0x10", False)
    assert block_call("safe").params == ("safe", False)
    (asked,) = logs_call(1, 16, ["0xb0"], ["0x01"]).params
    assert asked == {"fromBlock": "0x1", "toBlock": "0x10", "address": ["0xb0"], "topics": [["0x01"]]}
    assert receipt_call(TX).params == (TX,)
    call, at = ratio_call("0xb0", HASH).params
    assert call == {"to": "0xb0", "data": "0x07a2d13a" + f"{10**18:064x}"}
    assert at == {"blockHash": HASH, "requireCanonical": True}


def test_a_block_has_a_number_a_hash_and_an_instant() -> None:
    header = header_of(BLOCK)
    assert header == Header(number=16, block_hash=HASH, at=instant_of_text("2025-12-02T15:56:16Z"))
    assert header is not None
    assert header.place == "16 0xabababab"


@pytest.mark.parametrize("field", ["number", "hash", "timestamp"])
@pytest.mark.parametrize("value", [None, "", "0x", "latest", -1, 1.5, [], "0x" + "f" * 65])
def test_a_block_without_one_of_them_is_none(field: str, value: object) -> None:
    assert header_of({**BLOCK, field: value}) is None


def test_a_log_is_read_alike_however_its_hex_is_written() -> None:
    log = log_of(LOG)
    assert log is not None
    assert (log.block, log.raw.log_index, log.raw.address, log.raw.payload) == (16, 2, "0x" + "b0" * 20, b"\xff")
    assert log.at is None
    other = log_of({**LOG, "data": "0xff", "blockTimestamp": "0x692f0c20", "transactionIndex": "0x1"})
    assert other is not None
    assert other.raw == log.raw
    assert other.at == instant_of_text("2025-12-02T15:56:16Z")


@pytest.mark.parametrize(
    "field", ["blockNumber", "logIndex", "blockHash", "transactionHash", "address", "data", "topics"]
)
@pytest.mark.parametrize("value", [None, "", "0x0", 1.5, {}, ["0x01"], ["0x" + "01" * 32] * 5])
def test_a_log_without_its_place_or_content_is_none(field: str, value: object) -> None:
    stated = {**LOG, field: value}
    if (field, value) in (("blockNumber", "0x0"), ("logIndex", "0x0")):
        assert log_of(stated) is not None
    else:
        assert log_of(stated) is None


def test_a_symbol_is_a_text_or_one_padded_word() -> None:
    assert symbol_of(text(b"wtCOIN")) == "wtCOIN"
    assert symbol_of("0x" + b"MKR".hex().ljust(64, "0")) == "MKR"


@pytest.mark.parametrize(
    "value", [None, 1, "0x", "0xzz", text(b"\xff\xfe"), text(b"a", length=65), text(b"a", length=40), word(32) + "00"]
)
def test_what_is_no_symbol_is_none(value: object) -> None:
    assert symbol_of(value) is None


def test_a_ratio_is_what_one_token_is_worth() -> None:
    assert ratio_of(word(1_020_000_000_000_000_001)) == Decimal("1.020000000000000001")


@pytest.mark.parametrize("value", [None, "0x", word(0), word(2**255), "0x" + "f" * 128])
def test_a_ratio_that_cannot_be_is_none(value: object) -> None:
    assert ratio_of(value) is None


def test_numbers_are_words_or_quantities() -> None:
    assert (number_of("0x2105"), number_of(8453), number_of("8453")) == (8453, None, None)
    assert (word_of(word(7)), word_of("0x07"), decimals_of(word(18)), decimals_of(word(256))) == (7, None, 18, None)
