"""What a report may say at all."""

from __future__ import annotations

from decimal import Decimal

import pytest

from flatbook.engine.sound import (
    flaw_of_chain_number,
    flaw_of_instant,
    flaw_of_number,
    flaw_of_text,
    reasonable,
    told,
)
from flatbook.values.instants import Instant, instant_of_text, later
from tests.unit.engine.scene import START


@pytest.mark.parametrize("number", ["0", "-1", "99999999999999999999", "0.000000000000000001", "-1E+19"])
def test_a_number_within_bounds_has_no_flaw(number: str) -> None:
    assert flaw_of_number("n", Decimal(number)) is None


@pytest.mark.parametrize(
    ("number", "said"),
    [
        ("NaN", "finite"),
        ("sNaN", "finite"),
        ("-Infinity", "finite"),
        ("1E+20", "integer digits"),
        ("-1E+20", "integer digits"),
        ("1E-19", "decimals"),
        ("1E+1000000", "out of bounds"),
        ("1E-1000000", "out of bounds"),
    ],
)
def test_a_number_out_of_bounds_is_named_with_its_flaw(number: str, said: str) -> None:
    flaw = flaw_of_number("quantity", Decimal(number))
    assert flaw is not None
    assert flaw.startswith("quantity")
    assert said in flaw


def test_where_a_number_must_be_positive_nothing_is_not_enough() -> None:
    assert flaw_of_number("price", Decimal(0), positive=True) == "price 0 is not above zero"
    assert flaw_of_number("price", Decimal("0E+5"), positive=True) is not None
    assert flaw_of_chain_number("amount", Decimal(-1), positive=True) == "amount -1 is not above zero"
    assert flaw_of_chain_number("amount", Decimal("1E-36"), positive=True) is None


@pytest.mark.parametrize(
    ("at", "believed"),
    [
        (instant_of_text("2008-01-01T00:00:00Z"), True),
        (Instant(instant_of_text("2008-01-01T00:00:00Z") - 1), False),
        (START, True),
        (later(START, seconds=86_400), True),
        (Instant(later(START, seconds=86_400) + 1), False),
    ],
)
def test_an_instant_lies_between_2008_and_tomorrow(at: Instant, believed: bool) -> None:
    assert (flaw_of_instant(at, START) is None) is believed
    assert reasonable(at, START) == (at if believed else START)


@pytest.mark.parametrize(
    ("text", "good"),
    [("V-1", True), ("\u00fc", True), ("", False), ("x" * 257, False), ("a\n", False), ("\ud800", False)],
)
def test_an_id_is_a_short_text_that_can_be_printed(text: str, good: bool) -> None:
    assert (flaw_of_text("id", text) is None) is good


def test_words_are_cut_and_made_printable() -> None:
    assert told("a\x00\ud800b", 3) == "a??"
    assert told("", 3) == ""
