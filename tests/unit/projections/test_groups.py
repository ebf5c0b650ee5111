"""Results by when they closed: hours and weeks are those of New York, sessions those of its exchange."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from flatbook.projections.fold import fold
from flatbook.projections.groups import GroupBy, groups_of, name_of
from flatbook.projections.pnl import Pnl
from flatbook.projections.results import EVERYTHING, Scope
from flatbook.values.instants import instant_of_text
from flatbook.values.instruments import Side
from tests.unit.projections.scene import executed, rows_of


@pytest.mark.parametrize(
    ("at", "by", "name"),
    [
        ("2025-12-01T14:30:00Z", GroupBy.HOUR, "09"),
        ("2025-12-02T04:59:59Z", GroupBy.HOUR, "23"),
        ("2025-12-02T04:59:59Z", GroupBy.WEEKDAY, "Monday"),
        ("2025-12-01T14:30:00Z", GroupBy.SESSION, "regular"),
        ("2025-12-01T09:30:00Z", GroupBy.SESSION, "early"),
        ("2025-12-06T14:30:00Z", GroupBy.SESSION, "closed"),
        ("1999-12-06T14:30:00Z", GroupBy.SESSION, "no calendar"),
        ("1999-12-06T14:30:00Z", GroupBy.HOUR, "no calendar"),
        ("1999-12-06T14:30:00Z", GroupBy.WEEKDAY, "no calendar"),
        ("2025-12-01T14:30:00Z", GroupBy.WEEK, "2025-W49"),
        ("2024-12-30T14:30:00Z", GroupBy.WEEK, "2025-W01"),
    ],
)
def test_an_instant_is_of_one_group(at: str, by: GroupBy, name: str) -> None:
    assert name_of(instant_of_text(at), by) == name


def test_what_a_fee_took_of_the_shares_is_given_back_in_the_group_of_its_execution() -> None:
    events = (
        executed(Side.BUY, "2", "100", 0, number=1, fees=[("COIN", "0.1")]),
        executed(Side.SELL, "1.9", "110", 7_200, number=2),
    )
    pnl = fold(Pnl(), rows_of(events))
    groups = groups_of(pnl, EVERYTHING, GroupBy.HOUR)
    told = [(each.name, each.gross, each.in_kind, each.slices, each.lost) for each in groups]
    assert told == [("10", Decimal(10), Decimal(10), 0, 0), ("12", Decimal(9), Decimal(0), 1, 0)]
    assert groups_of(pnl, Scope(first=date(2025, 12, 2)), GroupBy.HOUR) == ()
