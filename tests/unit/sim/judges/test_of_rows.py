"""Judges of the journal itself: what breaks them, and what does not."""

from __future__ import annotations

from decimal import Decimal
from typing import cast

import pytest

from flatbook.events import chain, control
from flatbook.values.ids import ChainId, SourceId
from flatbook.values.money import Price, Quantity
from tests.unit.sim.judges.story import (
    EXPECTS,
    accepted,
    at,
    before_end,
    broken,
    changed,
    filled,
    intended,
    replaced,
    row,
    started,
    vault_filled,
    what,
)


def mark(usd: Decimal) -> control.MarkSet:
    return control.MarkSet(asset=vault_filled().usdc, usd=Price(usd), source="config", marked_at=at(20))


def removed() -> chain.BlocksRemoved:
    return chain.BlocksRemoved(source=SourceId("base"), chain=ChainId(1), first_block=4, last_block=5, seen_at=at(20))


def test_a_row_of_an_older_epoch_after_a_newer_one_breaks_one_writer() -> None:
    new = row(20, 8, started(8, 20), life=2, epoch=8)
    assert broken(before_end(new, row(21, 9, mark(Decimal(1)), life=1))) == ["I11"]
    assert broken(before_end(new, row(21, 9, mark(Decimal(1)), life=2, epoch=8))) == []


def test_an_epoch_that_two_lives_write_breaks_one_writer() -> None:
    assert broken(before_end(row(20, 8, mark(Decimal(1)), life=2))) == ["I11"]


def test_a_start_in_a_row_of_another_epoch_breaks_one_writer() -> None:
    assert broken(before_end(row(20, 8, started(9, 20), life=2, epoch=8))) == ["I11"]


def test_a_hole_in_the_journal_is_found() -> None:
    assert what(before_end(row(20, 9, mark(Decimal(1)))), "I13") == ["a row begins at seq 9 after 7"]


def test_a_row_that_is_written_over_is_found() -> None:
    assert broken(changed(accepted=row(4, 5, accepted()))) == ["I13"]


def test_a_row_of_cursors_alone_takes_no_number() -> None:
    assert broken(before_end(row(20, 8, cursors={"base": "6:c"}), row(21, 8, mark(Decimal(1))))) == []


def test_a_cursor_that_falls_is_found_unless_its_blocks_were_removed() -> None:
    assert what(before_end(row(20, 8, cursors={"base": "4:a"})), "I13") == ["the cursor of base falls from 5 to 4"]
    assert broken(before_end(row(20, 8, removed(), cursors={"base": "4:a"}))) == []
    assert broken(before_end(row(20, 8, cursors={"base": "x"}))) == []
    again = (row(20, 8, removed(), cursors={"base": ""}), row(21, 9, mark(Decimal(1)), cursors={"base": "2:c"}))
    assert broken(before_end(*again)) == []
    assert what(before_end(row(20, 8, cursors={"base": ""})), "I13") == ["the cursor of base falls from 5 to "]


@pytest.mark.parametrize(
    ("value", "flaw"),
    [
        (cast(Decimal, 0.5), "a float"),
        (Decimal("0.1234567890123456789"), "19 decimals"),
        (Decimal(10) ** 38, "39 digits"),
        (Decimal("NaN"), "a number that is not finite"),
        (cast(Decimal, {"a": (1, {"b": 0.5})}), "a float"),
        (cast(Decimal, b"x"), "a bytes"),
    ],
)
def test_a_number_that_is_not_exact_is_found(value: Decimal, flaw: str) -> None:
    assert what(before_end(row(20, 8, mark(value))), "I16") == [f"MarkSet.usd holds {flaw}"]


@pytest.mark.parametrize("value", [Decimal("0.123456789012345678"), Decimal("1E+37"), Decimal("1." + "0" * 40)])
def test_a_number_within_bounds_is_exact(value: Decimal) -> None:
    assert broken(before_end(row(20, 8, mark(value)))) == []


def test_a_number_onchain_may_have_thirty_six_decimals() -> None:
    fine = changed(intent=row(3, 4, vault_filled(price=Price(Decimal(1).scaleb(-36))), intended()))
    assert "I16" not in broken(fine)
    finer = changed(intent=row(3, 4, vault_filled(price=Price(Decimal(1).scaleb(-37))), intended()))
    assert "I16" in broken(finer)
    large = changed(intent=row(3, 4, vault_filled(price=Price(Decimal(1).scaleb(18))), intended()))
    assert what(large, "I16") == ["VaultFilled.price holds 19 digits"]


def test_a_number_inside_a_fee_is_looked_at() -> None:
    fee = replaced(filled().fees[0], amount=Quantity(Decimal(1).scaleb(-19)))
    assert what(changed(filled=row(6, 7, filled(fees=(fee,)))), "I16") == ["OrderFilled.fees holds 19 decimals"]


def test_a_canary_in_an_event_is_a_leak() -> None:
    leak = replaced(mark(Decimal(1)), source="key=canary-1")
    assert broken(before_end(row(20, 8, leak))) == ["I18"]
    assert broken(before_end(row(20, 8, leak)), replaced(EXPECTS, canaries=())) == []
