"""What Alpaca books besides executions, as the adapter reads it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from flatbook.engine.reports import Unknown
from flatbook.events.activities import ActivityKind
from flatbook.values.ids import InstrumentId
from flatbook.values.instants import instant_of_text, text_of_instant
from flatbook.venues.alpaca.activities import Activities, activities_answer
from tests.unit.venues.alpaca.sample import ACCOUNT_ID, charged, reply

NOW = instant_of_text("2025-12-03T15:00:00Z")
SYMBOLS = {"AAPL": InstrumentId("alpaca:AAPL")}


def read(*rows: Any, account_id: str = ACCOUNT_ID) -> Activities | Unknown:
    return activities_answer(reply(list(rows)), account_id=account_id, symbols=SYMBOLS, now=NOW)


def told(*rows: Any) -> list[tuple[ActivityKind, str, Decimal]]:
    page = read(*rows)
    assert isinstance(page, Activities)
    return [(each.kind, each.venue_kind, each.amount) for each in page.activities]


def test_a_fee_that_has_a_day_only_happened_at_its_end_in_new_york() -> None:
    page = read(charged(symbol="AAPL"))
    assert isinstance(page, Activities)
    (fee,) = page.activities
    assert (fee.kind, fee.venue_kind, fee.amount, fee.asset) == (ActivityKind.FEE, "FEE TAF", Decimal("-0.02"), "USD")
    assert (fee.instrument, text_of_instant(fee.happened_at)) == ("alpaca:AAPL", "2025-12-03T05:00:00Z")
    stamped = read(charged(created_at="2025-12-03T04:10:00.5Z"))
    assert isinstance(stamped, Activities)
    assert text_of_instant(stamped.activities[0].happened_at) == "2025-12-03T04:10:00.5Z"
    assert (stamped.count, stamped.last) == (1, "20251202000000000::one")


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("FEE", ActivityKind.FEE),
        ("DIV", ActivityKind.DIVIDEND),
        ("DIVNRA", ActivityKind.DIVIDEND),
        ("INT", ActivityKind.INTEREST),
        ("CSD", ActivityKind.TRANSFER),
        ("JNLC", ActivityKind.TRANSFER),
        ("SPLIT", ActivityKind.OTHER),
        ("BRANDNEW", ActivityKind.OTHER),
    ],
)
def test_each_word_has_its_kind_and_one_that_is_new_is_kept(word: str, kind: ActivityKind) -> None:
    assert told(charged(activity_type=word, activity_sub_type=None)) == [(kind, word, Decimal("-0.02"))]


def test_what_was_canceled_moves_nothing() -> None:
    assert told(charged(status="canceled"), charged("b", status="correct")) == [
        (ActivityKind.FEE, "FEE TAF", Decimal("-0.02"))
    ]


@pytest.mark.parametrize("flaw", [{"net_amount": "much"}, {"net_amount": 0.5}, {"date": None}, {"date": "yesterday"}])
def test_one_that_cannot_be_read_is_told_and_hides_no_other(flaw: dict[str, Any]) -> None:
    assert told(charged(**flaw), charged("b")) == [
        (ActivityKind.OTHER, "FEE", Decimal(0)),
        (ActivityKind.FEE, "FEE TAF", Decimal("-0.02")),
    ]


def test_a_page_of_another_account_or_with_a_row_without_id_is_unknown() -> None:
    assert isinstance(read(charged(account_id="another")), Unknown)
    assert isinstance(read(charged(), account_id=""), Activities)
    for row in (charged(""), {"activity_type": "FEE"}, 7, None):
        assert isinstance(read(row), Unknown)
    for status in (200, 401, 500):
        assert isinstance(activities_answer(reply({}, status), account_id="", symbols={}, now=NOW), Unknown)
