"""Where a world can be cut, and how a cut is written."""

from __future__ import annotations

from collections import Counter
from itertools import islice

from flatbook.services.sim_crash import cuts_of, pairs_of, points_of
from flatbook.services.simulated import run_world
from flatbook.sim.runs.scripted import kept_scenario
from flatbook.sim.world.process import CrashPoint, Cut

PLAIN = kept_scenario("plain_fills")


def test_every_append_and_every_send_has_its_points() -> None:
    scissors = run_world(PLAIN).lives[0].scissors
    assert scissors.appends > 10
    assert Counter(point.cut for point in points_of(PLAIN)) == {
        Cut.BEFORE_APPEND: scissors.appends,
        Cut.WITHIN_APPEND: scissors.appends,
        Cut.AFTER_APPEND: scissors.appends,
        Cut.BEFORE_SEND: scissors.sends,
        Cut.AFTER_SEND: scissors.sends,
    }


def test_a_cut_is_one_crash_beside_the_world_without_it() -> None:
    job = next(iter(cuts_of("plain_fills", PLAIN)))
    assert job.name == "plain_fills cut at before_append:1"
    assert job.replay == "flatbook sim scenario plain_fills --cut before_append:1"
    assert [crash.point for crash in job.scenario.crashes] == [CrashPoint(cut=Cut.BEFORE_APPEND, number=1)]
    assert job.uncut == PLAIN


def test_a_pair_cuts_the_life_that_recovers_too() -> None:
    first, second = islice(pairs_of("plain_fills", PLAIN), 2)
    assert first.replay.endswith("--cut before_append:1 --cut before_append:1")
    assert second.replay.endswith("--cut before_append:1 --cut within_append:1")


def test_a_cut_world_really_is_cut_and_lives_again() -> None:
    job = list(cuts_of("plain_fills", PLAIN))[8]
    lives = run_world(job.scenario).lives
    assert [life.scissors.is_cut for life in lives] == [True, False]
