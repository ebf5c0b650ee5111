"""Moments of the past: what was known then, from the nearest state that the journal bears out."""

from __future__ import annotations

from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient

from flatbook.api.answers.moment import as_of
from flatbook.api.answers.pnl import Books, pnl_answer
from flatbook.api.answers.trades import trades_answer
from flatbook.api.follow import Folds, Part
from flatbook.api.past import MOMENTS_MAX, STATES_BYTES_MAX, Moments, Past
from flatbook.journal.kept_states import desk_fold
from flatbook.journal.snapshot import fold_journal
from flatbook.journal.sqlite import create_journal
from flatbook.journal.sqlite_reader import open_reader
from flatbook.projections.results import EVERYTHING
from flatbook.values.ids import AssetId, Seq
from flatbook.values.instants import Instant
from flatbook.values.money import Price
from tests.desk import OPEN
from tests.unit.api.test_follow import commit

COIN = AssetId("COIN")


def marked(past: Past, seq: int) -> Price | None:
    """Returns what a share was worth once an event was committed."""
    return past.fold(Part.STATE, seq=Seq(seq), at=None).state.mark(COIN)


def journal_of(path: Path, events: int) -> Path:
    """Makes a journal whose event number n says that a share is worth n."""
    create_journal(path)
    commit(path, *(str(number) for number in range(1, events + 1)))
    return path


def test_the_past_ends_behind_an_event_or_an_instant(tmp_path: Path) -> None:
    past = Past(journal_of(tmp_path / "journal.sqlite", 3), tmp_path / "snapshots")
    assert marked(past, 2) == Price(Decimal(2))
    assert past.fold(Part.STATE, seq=None, at=Instant(OPEN - 1)).seq == 0
    assert past.fold(Part.STATE, seq=None, at=OPEN).seq == 3


def test_a_moment_is_folded_from_the_nearest_one_that_an_earlier_fold_left(tmp_path: Path) -> None:
    past = Past(journal_of(tmp_path / "journal.sqlite", 60), tmp_path / "snapshots")
    past._states = Moments(STATES_BYTES_MAX, 10)
    assert marked(past, 60) == Price(Decimal(60))
    before = past.rows_folded
    assert [marked(past, seq) for seq in (35, 9, 40)] == [Price(Decimal(35)), Price(Decimal(9)), Price(Decimal(40))]
    assert past.rows_folded - before == 5 + 9 + 0
    found = past.fold(Part.STATE, seq=Seq(40), at=None)
    assert (found.seq, found.at) == (40, OPEN)


def test_a_state_is_folded_from_the_nearest_one_that_the_present_left(tmp_path: Path) -> None:
    path = journal_of(tmp_path / "journal.sqlite", 30)
    past, present = Past(path, tmp_path / "snapshots"), Folds()
    past._states = Moments(STATES_BYTES_MAX, 10)
    with closing(open_reader(path)) as reader:
        for row in reader.read():
            present.take(row)
            past.pass_by(present)
    assert (marked(past, 29), past.rows_folded) == (Price(Decimal(29)), 9)


def test_what_is_kept_of_the_past_has_a_bound(tmp_path: Path) -> None:
    past = Past(journal_of(tmp_path / "journal.sqlite", 50), tmp_path / "snapshots")
    past._states = Moments(STATES_BYTES_MAX, 1)
    assert marked(past, 50) == Price(Decimal(50))
    assert len(past._states.known) <= MOMENTS_MAX
    assert marked(past, 31) == Price(Decimal(31))


def test_the_snapshots_of_the_home_are_begun_from(tmp_path: Path) -> None:
    path, fold = journal_of(tmp_path / "journal.sqlite", 8), desk_fold()
    assert fold is not None
    fold_journal(open_reader(path), tmp_path / "snapshots", fold, events_min=1)
    commit(path, "9", "10")
    past = Past(path, tmp_path / "snapshots")
    assert (marked(past, 9), past.rows_folded) == (Price(Decimal(9)), 1)
    assert (marked(past, 4), past.rows_folded) == (Price(Decimal(4)), 5)


def test_a_state_of_another_journal_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other, fold = journal_of(tmp_path / "other" / "journal.sqlite", 4), desk_fold()
    assert fold is not None
    fold_journal(open_reader(other), tmp_path / "snapshots", fold, events_min=1)
    path = tmp_path / "journal.sqlite"
    create_journal(path)
    commit(path, "71", "72", "73", "74", "75")
    past = Past(path, tmp_path / "snapshots")
    assert (marked(past, 5), past.rows_folded) == (Price(Decimal(75)), 5)


@pytest.mark.parametrize(
    "path",
    [
        "status",
        "positions",
        "accumulators",
        "inventory",
        "capacity",
        "offers",
        "grids",
        "risk",
        "halts",
        "orders",
        "executions",
        "trades",
        "pnl",
    ],
)
def test_the_newest_moment_of_the_past_is_told_as_the_present(api: TestClient[Any], path: str) -> None:
    now = api.get(f"/api/v1/{path}").json()
    then = api.get(f"/api/v1/{path}?at={now['as_of']['seq']}").json()
    for body in (now, then):
        body.pop("as_of")
        for name in ("last_event_age_s", "engine", "now"):
            body.pop(name, None)
    assert then == now


@pytest.mark.parametrize("part", [Part.ORDERS, Part.RESULTS])
def test_orders_and_results_go_on_from_copies_that_the_present_left_and_say_the_same(demo: Path, part: Part) -> None:
    kept, last = passed_by(demo, copied_max=100_000)
    for seq in (last, 60, 35, 90, 60, last - 1):
        assert told(kept, part, seq) == told(Past(demo / "journal.sqlite", demo / "none"), part, seq)
    rows = kept.rows_folded
    told(kept, part, 90)
    assert kept.rows_folded - rows < 10
    assert told(kept, part, 5) == told(Past(demo / "journal.sqlite", demo / "none"), part, 5)


def passed_by(demo: Path, *, copied_max: int) -> tuple[Past, int]:
    """Returns what the folds of the demo's journal left behind every ten events, and how long it is."""
    past, present = Past(demo / "journal.sqlite", demo / "none"), Folds()
    past._copies = Moments(copied_max, 10)
    with closing(open_reader(demo / "journal.sqlite")) as reader:
        for row in reader.read():
            present.take(row)
            past.pass_by(present)
    return past, present.seq


def told(past: Past, part: Part, seq: int) -> tuple[Any, ...]:
    """Returns what is said of a moment: of its orders with all filters, or of its results."""
    folds = past.fold(part, seq=Seq(seq), at=None)
    moment = as_of(folds.seq, folds.event_at)
    if part is Part.ORDERS:
        return folds.orders.rows, folds.orders.keys, folds.orders._by, folds.times.seen
    books = Books(pnl=folds.pnl, evidence=folds.evidence, ledger=folds.ledger)
    trades = trades_answer(folds.pnl, folds.priced, moment, EVERYTHING, ())
    return pnl_answer(books, moment, EVERYTHING, None, folds.at), trades


def test_copies_of_the_present_are_kept_within_a_bound_and_those_of_another_journal_are_forgotten(demo: Path) -> None:
    past, _ = passed_by(demo, copied_max=150)
    kept = [each.seq for each in past._copies.known]
    assert 0 < sum(kept) <= 150
    past.pass_by(Folds())
    assert past._copies.known == ()
