"""Following a journal that somebody writes: what is new, what was replaced, and what cannot be read."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from decimal import Decimal
from pathlib import Path

from flatbook.api.follow import Follower
from flatbook.events.control import MarkSet
from flatbook.journal.sqlite import create_journal, open_journal
from flatbook.ops.clock import SystemClock
from flatbook.values.ids import AssetId, SourceId
from flatbook.values.instants import Instant, later
from flatbook.values.money import Price
from tests.desk import OPEN


def mark(usd: str, at: Instant = OPEN) -> MarkSet:
    """Returns an event that states what a share is worth."""
    return MarkSet(asset=AssetId("COIN"), usd=Price(Decimal(usd)), source=SourceId("test"), marked_at=at)


def commit(path: Path, *marks: str) -> None:
    """Commits an event for each mark, as an engine would."""
    journal = open_journal(path)
    try:
        epoch = journal.take_lease(OPEN)
        for usd in marks:
            journal.append([mark(usd)], after=journal.last, epoch=epoch, cursors={}, at=OPEN)
    finally:
        journal.close()


@contextmanager
def following(path: Path) -> Iterator[Follower]:
    """Gives what follows a journal."""
    follower = Follower(path, SystemClock(), {})
    yield follower
    follower.close()


def test_what_was_committed_since_the_last_look_is_folded_and_returned(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    create_journal(path)
    commit(path, "250")
    with following(path) as follower:
        assert [item.seq for item in follower.look()] == [1]
        assert follower.look() == []
        commit(path, "251", "252")
        assert [item.seq for item in follower.look()] == [2, 3]
        assert (follower.folds.seq, follower.generation, follower.caught_up) == (3, 1, True)
        assert follower.folds.state.mark(AssetId("COIN")) == Price(Decimal(252))


def test_a_commit_of_nothing_but_cursors_is_not_when_the_event_before_was_committed(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    create_journal(path)
    commit(path, "250")
    with closing(open_journal(path)) as journal:
        cursors, epoch = {SourceId("test"): "7"}, journal.take_lease(later(OPEN, seconds=60))
        journal.append([], after=journal.last, epoch=epoch, cursors=cursors, at=later(OPEN, seconds=60))
    with following(path) as follower:
        follower.look()
        assert (follower.folds.event_at, follower.folds.at) == (OPEN, later(OPEN, seconds=60))


def test_a_journal_that_is_not_there_is_a_fault_until_it_is(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    with following(path) as follower:
        assert follower.look() == []
        assert (follower.caught_up, "is not there" in str(follower.fault)) == (False, True)
        create_journal(path)
        commit(path, "250")
        assert [item.seq for item in follower.look()] == [1]
        assert follower.caught_up


def test_a_journal_in_the_place_of_another_is_folded_anew(tmp_path: Path) -> None:
    path, other = tmp_path / "journal.sqlite", tmp_path / "other.sqlite"
    for each, usd in ((path, "250"), (other, "99")):
        create_journal(each)
        commit(each, usd)
    with following(path) as follower:
        follower.look()
        for suffix in ("", "-wal", "-shm", ".head", ".lock"):
            Path(f"{path}{suffix}").unlink(missing_ok=True)
        shutil.move(other, path)
        follower.look()
        assert (follower.generation, follower.folds.state.mark(AssetId("COIN"))) == (2, Price(Decimal(99)))


def test_the_same_journal_opened_again_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    create_journal(path)
    commit(path, "250")
    with following(path) as follower:
        follower.look()
        follower.close()
        commit(path, "251")
        assert [item.seq for item in follower.look()] == [2]
        assert follower.generation == 1
