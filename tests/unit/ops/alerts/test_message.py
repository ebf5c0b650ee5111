from __future__ import annotations

import json

from msgspec.structs import replace

from flatbook.events.control import Severity
from flatbook.ops.alerts.book import Kind, News
from flatbook.ops.alerts.message import message_of, sample, visible
from flatbook.ops.alerts.rules import Condition
from tests.unit.ops.alerts.scene import MESSAGE, T0, at

NEWS = News(
    id="n1",
    kind=Kind.RAISED,
    condition=Condition(name="halted", subject="halt-one", severity=Severity.CRITICAL, detail="no new orders"),
    since=T0,
    at=at(2),
)


def test_a_message_says_what_where_since_when_and_what_to_do() -> None:
    assert message_of(NEWS, "coin desk").text == (
        "CRITICAL halted: halt-one [coin desk]\n"
        "no new orders\n"
        "since 2025-12-02T15:00:00Z, told 2025-12-02T15:00:02Z\n"
        "do: find the alert behind it; then flatbook lift HALT_ID --reason\n"
        "runbook: docs/runbook.md#halted"
    )


def test_an_end_says_so_and_asks_for_nothing() -> None:
    text = message_of(replace(NEWS, kind=Kind.RECOVERED), "coin desk").text
    assert text.splitlines()[0] == "OVER halted: halt-one [coin desk]"
    assert "do:" not in text
    assert replace(MESSAGE, kind=Kind.RENEWED).head == "CRITICAL books_diverged (still): paper:COIN [coin desk]"


def test_what_a_venue_wrote_cannot_hide_turn_or_run_on() -> None:
    hostile = replace(NEWS.condition, detail="a\r\nBcc: x\u202eb\u200bc\x1b[2J" + "z" * 2000, subject="s\n" + "y" * 300)
    told = message_of(replace(NEWS, condition=hostile), "d")
    assert told.detail.startswith("a Bcc: x\ufffdb\ufffdc\ufffd[2Jzz")
    assert (len(told.detail), len(told.subject), told.detail[-3:]) == (1000, 200, "...")
    assert "\n" not in told.head + told.subject
    assert len(told.head) == 200
    assert visible("  two\t words ") == "two words"


def test_programs_get_every_field_by_name() -> None:
    assert json.loads(MESSAGE.body()) == {
        "schema": "flatbook.alert.v1",
        "id": "abc",
        "kind": "raised",
        "name": "books_diverged",
        "severity": "critical",
        "desk": "coin desk",
        "subject": "paper:COIN",
        "detail": "ours 3, theirs 2",
        "do": "find the missing trade",
        "runbook": "docs/runbook.md#books_diverged",
        "since": "2025-12-02T15:00:00Z",
        "at": "2025-12-02T15:00:01Z",
    }


def test_a_test_says_that_it_is_one() -> None:
    assert sample("coin desk", T0, "phone").text.splitlines()[:2] == [
        "INFO test: phone [coin desk]",
        "This is a test. Nothing has happened.",
    ]
