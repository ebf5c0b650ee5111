"""Prices as exact numbers, and why there is none."""

from __future__ import annotations

from decimal import Decimal

import pytest

from flatbook.values.instants import instant_of_text
from flatbook.venues.pyth.price import Missing, MissingFor, OraclePrice, one_of_feed, price_of_words
from tests.unit.venues.pyth.sample import AT, COIN, ETH, TSLA, words


def read(price: int, confidence: int, exponent: int, seconds: int = 1_764_691_200) -> OraclePrice | Missing:
    return price_of_words(COIN, bytes.fromhex(words(price, confidence, exponent, seconds)[2:]))


def priced(feed: str = COIN, price: str = "250", *, is_average: bool = False) -> OraclePrice:
    return OraclePrice(
        feed=feed, price=Decimal(price), confidence=Decimal("0.1"), published_at=AT, is_average=is_average
    )


@pytest.mark.parametrize(
    ("number", "exponent", "price"),
    [
        (15_445_005, -5, "154.45005"),
        (42, 0, "42"),
        (123, 3, "123000"),
        (-50_000_000, -6, "-50"),
        (2**63 - 1, -18, "9.223372036854775807"),
        (-(2**63), 18, "-9223372036854775808000000000000000000"),
    ],
)
def test_every_digit_of_a_price_is_kept_whatever_the_sign_of_its_exponent(
    number: int, exponent: int, price: str
) -> None:
    found = read(number, 21_005, exponent)
    assert isinstance(found, OraclePrice)
    assert found.price == Decimal(price)
    assert found.published_at == instant_of_text("2025-12-02T16:00:00Z")


@pytest.mark.parametrize(
    ("numbers", "detail"),
    [
        ((1, 1, -19), "an exponent of -19 is out of reason"),
        ((1, 1, 2**31 - 1), "an exponent of 2147483647 is out of reason"),
        ((2**63, 1, 0), "price or confidence does not fit into 64 bits"),
        ((1, 2**64, 0), "price or confidence does not fit into 64 bits"),
        ((1, 1, 0, 0), "second 0 is no time of a price"),
        ((1, 1, 0, 2**200), f"second {2**200} is no time of a price"),
    ],
)
def test_numbers_that_the_contract_cannot_mean_are_unreadable(numbers: tuple[int, ...], detail: str) -> None:
    assert read(*numbers) == Missing(reason=MissingFor.UNREADABLE, detail=detail, feed=COIN)


def test_an_answer_of_another_length_is_unreadable() -> None:
    found = price_of_words(COIN, b"")
    assert found == Missing(reason=MissingFor.UNREADABLE, detail="the contract answered 0 bytes, not 128", feed=COIN)


def test_one_feed_is_told_apart_from_the_others_wherever_it_stands() -> None:
    stated = (priced(ETH, "3000"), priced(TSLA, "430"), priced(COIN, "250"))
    assert one_of_feed(stated, COIN) == priced(COIN, "250")
    assert one_of_feed(stated[:2], COIN) == Missing(
        reason=MissingFor.NOT_CALLED, detail="nothing asked for it", feed=COIN
    )


def test_the_newest_price_goes_before_an_average() -> None:
    average = priced(price="240", is_average=True)
    assert one_of_feed((average, priced()), COIN) == priced()
    assert one_of_feed((average,), COIN) == average


def test_two_different_answers_of_one_feed_are_no_price() -> None:
    found = one_of_feed((priced(), priced(), priced(price="251")), COIN)
    assert found == Missing(reason=MissingFor.AMBIGUOUS, detail="3 calls were answered differently", feed=COIN)
    assert one_of_feed((priced(), priced()), COIN) == priced()


def test_what_kept_a_feed_from_being_read_is_told() -> None:
    broken = Missing(reason=MissingFor.UNREADABLE, detail="the contract answered 0 bytes, not 128", feed=COIN)
    assert one_of_feed((broken,), COIN) == broken
    assert one_of_feed((broken, priced()), COIN) == priced()
