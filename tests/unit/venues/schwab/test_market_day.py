"""What Schwab says of the hours of a day."""

from __future__ import annotations

from typing import Any

import pytest

from flatbook.engine.reports import Unknown
from flatbook.values.instants import instant_of_text
from flatbook.venues.http import Reply
from flatbook.venues.schwab.market_day import MarketDay, hours_answer
from tests.unit.venues.schwab.sample import CLOSED, HOURS, HTML, JSON, reply


@pytest.mark.parametrize(
    ("at", "word", "is_open"),
    [
        ("2025-12-01T14:29:59Z", "NORMAL", False),
        ("2025-12-01T14:30:00Z", "NORMAL", True),
        ("2025-12-01T20:59:59Z", "NORMAL", True),
        ("2025-12-01T21:00:00Z", "NORMAL", False),
        ("2025-12-01T13:00:00Z", "AM", True),
        ("2025-12-01T13:00:00Z", "PM", False),
        ("2025-12-01T22:00:00Z", "PM", True),
        ("2025-12-01T15:00:00Z", "OTHER", False),
    ],
)
def test_a_stated_session_contains_its_instants(at: str, word: str, is_open: bool) -> None:
    day = hours_answer(reply(HOURS))
    assert isinstance(day, MarketDay)
    assert day.is_open(word, instant_of_text(at)) == is_open


@pytest.mark.parametrize(
    "content", [CLOSED, {"equity": {"equity": {"isOpen": True}}}, {"equity": {"EQ": {"isOpen": False}}}]
)
def test_a_day_without_sessions_is_closed(content: Any) -> None:
    day = hours_answer(reply(content))
    assert isinstance(day, MarketDay)
    assert not day.is_open("NORMAL", instant_of_text("2025-12-01T15:00:00Z"))


@pytest.mark.parametrize(
    "answer",
    [
        HTML,
        reply({}),
        reply({"equity": {}}),
        reply({"equity": {"EQ": {"isOpen": "yes"}}}),
        reply(HOURS, 404),
        reply({"equity": {"EQ": {"isOpen": True, "sessionHours": {"regularMarket": [{"start": "x", "end": "y"}]}}}}),
        Reply(status=200, headers={"content-type": JSON}, body=b"[" * 9_000),
    ],
)
def test_what_cannot_be_read_says_nothing(answer: Reply) -> None:
    assert isinstance(hours_answer(answer), Unknown)
