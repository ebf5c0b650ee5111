from __future__ import annotations

from pathlib import Path

from flatbook.events.control import Severity
from flatbook.ops.alerts.book import alerts_of
from flatbook.ops.alerts.delivery import (
    Again,
    Kept,
    Line,
    Refused,
    Sent,
    file_beside,
    next_due,
    put,
    read_kept,
    settle,
    write_kept,
)
from flatbook.ops.alerts.quiet import quiet_of
from flatbook.ops.alerts.rules import Condition
from flatbook.values.ids import SourceId
from tests.unit.ops.alerts.scene import TERMS, at, message


def ids(line: Line) -> list[str]:
    return [each.id for each in line.pending]


def test_what_was_taken_leaves_the_line_and_what_was_not_stays() -> None:
    line = Line(pending=[message(1), message(2)])
    settle(line, message(1), Again(why="status 502"), at(0))
    assert (ids(line), line.failing_since, line.why) == (["m1", "m2"], at(0), "status 502")
    settle(line, message(1), Sent(), at(5))
    assert (ids(line), line.failing_since, line.why, line.dropped) == (["m2"], None, "", 0)


def test_a_channel_is_asked_again_after_longer_and_longer_rests() -> None:
    line, rests, now = Line(pending=[message(1)]), [], at(0)
    for _ in range(8):
        settle(line, message(1), Again(why="no answer in time"), now)
        rests.append((line.next_at - now) // 10**9)
        now = line.next_at
    assert rests == [5, 10, 20, 40, 80, 160, 320, 320]
    assert line.failing_since == at(0)


def test_the_rest_that_a_channel_asks_for_is_kept_within_an_hour() -> None:
    line = Line(pending=[message(1)])
    for asked, kept in ((7, 7), (0, 1), (999_999, 3600)):
        settle(line, message(1), Again(why="status 429", after_s=asked), at(0))
        assert line.next_at == at(kept)
    assert next_due(line, at(3599)) is None
    assert next_due(line, at(3600)) == message(1)


def test_what_a_channel_will_never_take_is_given_up_and_counts_as_a_failure() -> None:
    line = Line(pending=[message(1), message(2)])
    settle(line, message(1), Refused(why="status 400"), at(3))
    assert (ids(line), line.dropped, line.failing_since, line.why) == (["m2"], 1, at(3), "status 400")


def test_where_too_many_wait_the_oldest_that_is_not_critical_goes() -> None:
    line = Line()
    put(line, message(0))
    put(line, message(1, Severity.WARNING))
    for number in range(2, 201):
        put(line, message(number))
    assert (len(line.pending), line.dropped, ids(line)[:3]) == (200, 1, ["m0", "m2", "m3"])
    put(line, message(999))
    assert (len(line.pending), line.dropped, ids(line)[:2]) == (200, 2, ["m2", "m3"])


def test_within_quiet_hours_only_what_is_critical_is_due_and_all_else_in_its_order_after_them() -> None:
    quiet = quiet_of("15:00-16:00", "UTC")  # the scene begins at 15:00
    line = Line(pending=[message(1, Severity.WARNING), message(2), message(3, Severity.INFO)])
    assert next_due(line, at(60), quiet) == message(2)
    settle(line, message(2), Sent(), at(60))
    assert next_due(line, at(3_599), quiet) is None
    assert next_due(line, at(3_600), quiet) == message(1, Severity.WARNING)
    assert (ids(line), line.dropped) == (["m1", "m3"], 0)


def test_a_message_of_yesterday_is_given_up() -> None:
    line = Line(pending=[message(1, seconds=0), message(2, seconds=90_000)])
    assert next_due(line, at(86_401)) == message(2, seconds=90_000)
    assert line.dropped == 1


def test_what_is_kept_is_read_as_it_was_written(tmp_path: Path) -> None:
    condition = Condition(name="halted", subject="h", severity=Severity.CRITICAL, detail="d")
    kept = Kept(
        book=alerts_of({}, (condition,), TERMS, at(0)).book,
        lines={"phone": Line(pending=[message(1)], attempts=2, next_at=at(9), failing_since=at(1), why="status 502")},
        read_at={SourceId("raindex:base"): at(4)},
    )
    path = file_beside(tmp_path / "journal.sqlite")
    assert path.name == "journal.sqlite.alerts"
    assert write_kept(path, kept)
    assert read_kept(path) == kept


def test_a_file_that_is_missing_damaged_or_of_another_version_is_as_none(tmp_path: Path) -> None:
    path = tmp_path / "kept"
    assert read_kept(path) == Kept()
    path.write_bytes(b'{"format": 1, "book": [')
    assert read_kept(path) == Kept()
    write_kept(path, Kept(format=2, read_at={SourceId("a"): at(0)}))
    assert read_kept(path) == Kept()
    assert not write_kept(tmp_path / "no-folder" / "kept", Kept())
