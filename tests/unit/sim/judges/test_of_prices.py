"""The judge of prices: a digit, a block or a doubt that is not the oracle's is found."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from flatbook.events.prices import FillPriced, PriceDoubt, PriceSource
from flatbook.sim.world.record import OracleHeld
from flatbook.values.ids import Underlying
from flatbook.values.instants import NS_PER_S, Instant
from flatbook.values.money import Price
from tests.unit.sim.judges.story import HASH, at, before_end, broken, log_key, row, what

MADE_S = at(4) // NS_PER_S
HELD = OracleHeld(
    at=at(4),
    symbol="COIN",
    block_hash=HASH,
    made_s=MADE_S,
    price=25_012_345_678,
    confidence=5_000_000,
    published_s=MADE_S - 1,
)


def priced(**changes: Any) -> FillPriced:
    stated: dict[str, Any] = {
        "key": log_key(),
        "underlying": Underlying("COIN"),
        "oracle": "pyth",
        "feed": "0x" + "c0" * 32,
        "price": Price(Decimal("250.12345678")),
        "confidence": Price(Decimal("0.05")),
        "published_at": Instant((MADE_S - 1) * NS_PER_S),
        "source": PriceSource.VIEW,
        "doubts": (),
        "seen_at": at(30),
    }
    return FillPriced(**{**stated, **changes})


def test_the_price_that_the_oracle_held_is_true() -> None:
    assert broken(before_end(HELD, row(30, 8, priced()))) == []


@pytest.mark.parametrize(
    ("changes", "invariant"),
    [
        ({"price": Price(Decimal("250.12345679"))}, "I16"),
        ({"confidence": Price(Decimal("0.5"))}, "I16"),
        ({"published_at": Instant(MADE_S * NS_PER_S)}, "I16"),
        ({"underlying": Underlying("NVDA")}, "I16"),
        ({"doubts": (PriceDoubt.STALE,)}, "I12"),
    ],
)
def test_another_price_is_found(changes: dict[str, Any], invariant: str) -> None:
    assert broken(before_end(HELD, row(30, 8, priced(**changes)))) == [invariant]


def test_a_price_of_a_block_that_nobody_asked_about_is_found() -> None:
    told = what(before_end(row(30, 8, priced())), "I16")
    assert told == ["a price of COIN is booked that the oracle never held"]
