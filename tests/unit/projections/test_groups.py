"""Results by when they closed: hours and weeks are those of New York, sessions those of its exchange."""

from __future__ import annotations

import pytest

from flatbook.projections.groups import GroupBy, name_of
from flatbook.values.instants import instant_of_text


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
        ("2025-12-01T14:30:00Z", GroupBy.WEEK, "2025-W49"),
        ("2024-12-30T14:30:00Z", GroupBy.WEEK, "2025-W01"),
    ],
)
def test_an_instant_is_of_one_group(at: str, by: GroupBy, name: str) -> None:
    assert name_of(instant_of_text(at), by) == name
