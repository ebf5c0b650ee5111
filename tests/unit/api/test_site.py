"""Moments of the past: folded once, kept while they cannot change, and named by an event or an instant."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from flatbook.api.answers.positions import PositionsAnswer, positions_answer
from flatbook.api.problems import Problem
from flatbook.api.reads_desk import present_status_of
from flatbook.api.site import Site, until_of
from flatbook.ops.clock import SystemClock
from flatbook.values.ids import Seq
from flatbook.values.instants import Instant
from tests.desk import OPEN
from tests.unit.api.conftest import site_of
from tests.unit.api.test_follow import commit


class Stopped(SystemClock):
    """A clock that stands."""

    def now(self) -> Instant:
        """Returns always the same instant."""
        return OPEN


def read(home: Path) -> Site:
    """Returns a site whose journal was read to its end."""
    site = site_of(home)
    site.follower.look()
    return site


def test_a_moment_that_is_over_is_folded_once_for_all_who_ask_for_it(demo: Path) -> None:
    async def ask(site: Site) -> list[int]:
        views = await asyncio.gather(*(site.view("12") for _ in range(8)))
        later = await site.view("12")
        site.follower.close()
        return [id(view.folds) for view in (*views, later)]

    assert len(dict.fromkeys(asyncio.run(ask(read(demo))))) == 1


def test_no_more_moments_are_folded_at_a_time_than_can_be(demo: Path) -> None:
    async def ask(site: Site) -> list[str]:
        asked = await asyncio.gather(*(site.view(str(seq)) for seq in range(1, 8)), return_exceptions=True)
        site.follower.close()
        return [each.code.value if isinstance(each, Problem) else "folded" for each in asked]

    assert asyncio.run(ask(read(demo))) == ["folded"] * 4 + ["unavailable"] * 3


def test_an_answer_that_many_ask_for_is_made_anew_only_when_something_was_committed(demo: Path, tmp_path: Path) -> None:
    home = shutil.copytree(demo, tmp_path / "home")
    site, made = read(home), list[int]()

    def make() -> PositionsAnswer:
        made.append(site.folds.seq)
        return positions_answer(site.holdings(site.present()), site.present().moment)

    site.clock = Stopped()
    first, again = (site.remembered("positions", site.present(), make) for _ in range(2))
    commit(home / "journal.sqlite", "111")
    site.follower.look()
    anew = site.remembered("positions", site.present(), make)
    site.follower.close()
    assert (first.nets, anew.nets[0].price, len(made)) == (again.nets, "111", 2)


def test_what_was_told_of_the_engine_is_not_told_again_once_it_was_asked_anew(demo: Path) -> None:
    site = read(demo)
    site.clock = Stopped()
    before = present_status_of(site, site.present()).engine.running
    asyncio.run(site.live.look())
    after = present_status_of(site, site.present()).engine.running
    site.follower.close()
    assert (before, after) == (None, False)


def test_what_was_answered_here_is_waited_for_until_it_is_folded(demo: Path, tmp_path: Path) -> None:
    home = shutil.copytree(demo, tmp_path / "home")
    site = read(home)
    before = site.folds.seq
    commit(home / "journal.sqlite", "111")

    async def ask() -> tuple[bool, int]:
        site.answered(Seq(before + 1))
        asked = asyncio.create_task(site.present_with_own())
        await asyncio.sleep(0)
        waits = not asked.done()
        site.follower.look()
        return waits, (await asked).folds.seq

    assert asyncio.run(ask()) == (True, before + 1)
    site.follower.close()


def test_what_is_not_folded_in_time_is_a_problem_and_no_older_view(demo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flatbook.api.site.OWN_WAIT_S", 0)
    site = read(demo)
    site.answered(Seq(site.folds.seq + 1))
    with pytest.raises(Problem) as told:
        asyncio.run(site.present_with_own())
    site.follower.close()
    assert told.value.code.value == "catching_up"


def test_what_was_answered_of_another_journal_is_not_waited_for(demo: Path) -> None:
    site = read(demo)
    site.answered(Seq(site.folds.seq + 1))
    site.follower.generation += 1
    assert asyncio.run(site.present_with_own()).folds is site.folds
    site.follower.close()


@pytest.mark.parametrize("text", ["14", "999999999999999999999", "soon", "2025-12-02T14:32:30", ""])
def test_what_names_no_moment_is_a_problem(text: str) -> None:
    with pytest.raises(Problem) as refused:
        until_of(text, Seq(13))
    assert (refused.value.status, refused.value.code.value) == (422, "no_such_moment")
