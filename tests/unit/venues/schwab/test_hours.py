"""In which session an order that is sent now executes now."""

from __future__ import annotations

import pytest

from flatbook.values.instants import instant_of_text
from flatbook.venues.schwab.hours import session_word


@pytest.mark.parametrize(
    ("at", "extended", "word"),
    [
        ("2025-12-01T15:00:00Z", False, "NORMAL"),
        ("2025-12-01T15:00:00Z", True, "NORMAL"),
        ("2025-12-01T20:59:40Z", False, None),
        ("2025-12-01T11:59:59Z", True, None),
        ("2025-12-01T12:00:00Z", True, "AM"),
        ("2025-12-01T12:00:00Z", False, None),
        ("2025-12-01T14:24:20Z", True, "AM"),
        ("2025-12-01T14:24:40Z", True, None),
        ("2025-12-01T21:04:59Z", True, None),
        ("2025-12-01T21:05:00Z", True, "PM"),
        ("2025-12-02T00:59:40Z", True, None),
        ("2025-11-28T18:05:00Z", True, "PM"),
        ("2025-11-28T21:59:40Z", True, None),
        ("2025-11-27T15:00:00Z", True, None),
        ("2025-12-02T06:00:00Z", True, None),
        ("2199-01-01T15:00:00Z", True, None),
    ],
)
def test_a_session_is_asked_for_only_while_it_is_held(at: str, extended: bool, word: str | None) -> None:
    assert session_word(instant_of_text(at), extended_hours=extended, margin_s=30) == word
