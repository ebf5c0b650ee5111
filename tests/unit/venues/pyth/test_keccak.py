"""The hash of Ethereum, against another implementation."""

from __future__ import annotations

import pytest
from Crypto.Hash import keccak

from flatbook.venues.pyth.keccak import keccak256


def test_the_hash_of_nothing_is_the_known_one() -> None:
    assert keccak256(b"").hex() == "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"


@pytest.mark.parametrize("length", [1, 8, 85, 135, 136, 137, 271, 272, 500])
def test_every_length_around_a_block_is_hashed_as_another_implementation_does(length: int) -> None:
    content = bytes(number * 7 % 256 for number in range(length))
    assert keccak256(content) == keccak.new(digest_bits=256, data=content).digest()
