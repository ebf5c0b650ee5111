"""A long journal is folded once: verbs that read keep what they have folded beside it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from flatbook.cli.faults import Exit
from flatbook.cli.options import Where
from flatbook.cli.reading import past_of
from flatbook.events.control import AlertCleared, AlertName, AlertRaised, Severity
from flatbook.events.event import Event
from flatbook.journal.kept_states import SNAPSHOT_EVENTS_MIN, desk_fold
from flatbook.journal.snapshot import fold_journal
from flatbook.journal.sqlite import open_journal
from flatbook.values.ids import SourceId
from tests.desk import at
from tests.unit.cli.scene import call, flat_desk, keep

CLEARED = AlertCleared(name=AlertName.RESIDUE_LIMIT, subject="desk", cleared_at=at(9))
RAISED = AlertRaised(
    name=AlertName.RESIDUE_LIMIT,
    severity=Severity.WARNING,
    subject="desk",
    detail="much",
    because=None,
    raised_at=at(10),
)


def append(home: Path, events: Sequence[Event]) -> None:
    with closing(open_journal(home / "journal.sqlite")) as journal:
        journal.append(events, after=journal.last, epoch=journal.take_lease(at(9)), cursors={}, at=at(9))


def append_cursors(home: Path) -> None:
    with closing(open_journal(home / "journal.sqlite")) as journal:
        cursors = {SourceId("chain"): "7"}
        journal.append([], after=journal.last, epoch=journal.take_lease(at(11)), cursors=cursors, at=at(11))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Gives the home of a desk whose journal is long."""
    keep(flat_desk(), tmp_path)
    append(tmp_path, [CLEARED] * SNAPSHOT_EVENTS_MIN)
    return tmp_path


def told(home: Path, verb: str, *words: str) -> dict[str, object]:
    body = call(verb, *words, "--json", "--home", str(home)).body()
    body.pop("last_event_age_s", None)
    return body


@pytest.mark.parametrize("verb", ["status", "positions"])
def test_what_was_folded_is_kept_and_tells_the_same(home: Path, verb: str) -> None:
    folded = told(home, verb)
    assert folded["as_of"] == {"seq": 14 + SNAPSHOT_EVENTS_MIN, "at": "2025-12-02T14:39:00Z"}
    assert len(list((home / "snapshots").iterdir())) == 1
    assert told(home, verb) == folded


def test_what_came_since_is_folded_on(home: Path) -> None:
    told(home, "status")
    append(home, [RAISED])
    where, fold = Where(home=home), desk_fold()
    assert fold is not None
    with past_of(where) as past:
        folded = fold_journal(past, where.snapshots, fold, events_min=SNAPSHOT_EVENTS_MIN)
    assert (folded.from_snapshot, folded.rows) == (True, 1)
    now = call("status", "--json", "--home", str(home)).body()
    assert now["as_of"]["seq"] == 15 + SNAPSHOT_EVENTS_MIN
    assert [alert["name"] for alert in now["alerts"]] == ["residue_limit"]


@pytest.mark.parametrize("words", [("pnl",), ("pnl", "--symbol", "COIN"), ("trades", "--limit", "1")])
def test_an_answer_is_kept_until_the_journal_goes_on(home: Path, words: tuple[str, ...]) -> None:
    first = told(home, *words)
    kept = list((home / "snapshots").glob(f"{words[0]}-*"))  # a name that no configuration has folds the state as well
    assert len(kept) == 1
    written = kept[0].stat().st_mtime_ns
    assert told(home, *words) == first
    assert kept[0].stat().st_mtime_ns == written
    append(home, [RAISED])
    assert told(home, *words)["as_of"] == {"seq": 15 + SNAPSHOT_EVENTS_MIN, "at": "2025-12-02T14:39:00Z"}


def test_an_answer_to_another_question_is_not_given(home: Path) -> None:
    whole = told(home, "trades")
    assert told(home, "trades", "--limit", "1")["trades"] == whole["trades"][-1:]  # type: ignore[index]
    assert told(home, "trades") == whole


def test_an_answer_that_was_changed_on_the_disk_is_made_anew(home: Path) -> None:
    first = told(home, "pnl")
    (kept,) = (home / "snapshots").iterdir()
    kept.write_bytes(kept.read_bytes().replace(b"total", b"toxic"))
    assert told(home, "pnl") == first


def test_an_answer_about_the_past_is_neither_kept_nor_taken(home: Path) -> None:
    present = told(home, "pnl")
    (kept,) = (home / "snapshots").iterdir()
    past = told(home, "pnl", "--at", str(14 + SNAPSHOT_EVENTS_MIN))
    assert past == present
    assert told(home, "pnl", "--at", "14")["as_of"] == {"seq": 14, "at": "2025-12-02T14:34:00Z"}
    assert list((home / "snapshots").iterdir()) == [kept]


def test_the_past_and_a_home_that_cannot_be_written_need_no_snapshot(home: Path) -> None:
    assert call("status", "--at", "14", "--home", str(home)).out.startswith("FLAT; as of event 14")
    assert not (home / "snapshots").exists()
    (home / "snapshots").write_text("a file where the folder should be")
    assert told(home, "status")["flat"] is True


def test_a_short_journal_leaves_nothing_beside_it(flat: Path) -> None:
    told(flat, "status")
    assert not (flat / "snapshots").exists()


@pytest.mark.parametrize("verb", ["status", "pnl", "trades"])
def test_a_commit_of_nothing_but_cursors_is_not_when_the_event_before_was_committed(tmp_path: Path, verb: str) -> None:
    keep(flat_desk(), tmp_path)
    append(tmp_path, [CLEARED])
    append_cursors(tmp_path)
    assert told(tmp_path, verb)["as_of"] == {"seq": 15, "at": "2025-12-02T14:39:00Z"}


def test_a_state_kept_behind_cursors_still_tells_when_its_event_was_committed(home: Path) -> None:
    append_cursors(home)
    folded = told(home, "status")
    assert folded["as_of"] == {"seq": 14 + SNAPSHOT_EVENTS_MIN, "at": "2025-12-02T14:39:00Z"}
    assert len(list((home / "snapshots").iterdir())) == 1
    assert told(home, "status") == folded


def test_numbers_of_any_length_are_behind_the_end_or_all_there_is(flat: Path) -> None:
    for digits in ("9" * 5_000, "9" * 20):
        told = call("status", "--at", digits, "--home", str(flat))
        assert told.code == Exit.USAGE
        assert "the journal ends at event" in told.err
        assert len(told.err) < 200
    every = call("events", "tail", "--limit", "0", "--home", str(flat)).out
    assert call("events", "tail", "--limit", "9" * 20, "--home", str(flat)).out == every
