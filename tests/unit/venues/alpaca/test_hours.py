"""An order is sent only where it cannot execute in a session that is not open yet."""

from __future__ import annotations

import pytest

from flatbook.values.instants import instant_of_text
from flatbook.venues.alpaca.hours import executes_now


@pytest.mark.parametrize(
    ("at", "regular", "extended"),
    [
        ("2025-12-01T08:59:59Z", False, False),  # 03:59:59 in New York: overnight
        ("2025-12-01T09:00:00Z", False, True),
        ("2025-12-01T14:29:59Z", False, True),
        ("2025-12-01T14:30:00Z", True, True),
        ("2025-12-01T20:59:29Z", True, True),
        ("2025-12-01T20:59:30Z", False, True),
        ("2025-12-01T21:00:00Z", False, True),
        ("2025-12-02T00:59:29Z", False, True),
        ("2025-12-02T00:59:30Z", False, False),
        ("2025-12-02T01:30:00Z", False, False),
        ("2025-11-28T17:59:29Z", True, True),  # a half day: 13:00 and 17:00
        ("2025-11-28T17:59:30Z", False, True),
        ("2025-11-28T21:59:30Z", False, False),
        ("2025-11-29T15:00:00Z", False, False),  # a Saturday
        ("2025-12-25T15:00:00Z", False, False),
        ("1999-12-01T15:00:00Z", False, False),  # outside the table
    ],
)
def test_orders_are_sent_into_the_sessions_that_they_end_with(at: str, regular: bool, extended: bool) -> None:
    now = instant_of_text(at)
    assert executes_now(now, extended_hours=False, margin_s=30) is regular
    assert executes_now(now, extended_hours=True, margin_s=30) is extended
