"""When the outside is asked: by the pace, a little later each time, and the same in every run."""

from __future__ import annotations

import asyncio
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from flatbook.engine.follow import rest_until
from flatbook.sim.script import ScriptedBlocks, ScriptedChain
from flatbook.values.instants import NS_PER_MS, NS_PER_S, Instant, later
from tests.desk import CHAIN, OPEN, Setting, at, desk_of
from tests.lives import SIMULATED_PACE, Life


@given(now=st.integers(0, 2**62), seconds=st.integers(1, 86_400), purpose=st.text(max_size=20))
def test_a_rest_lasts_its_seconds_and_at_most_a_tenth_more(now: int, seconds: int, purpose: str) -> None:
    until = rest_until(Instant(now), seconds, purpose)
    assert 0 <= until - now - seconds * NS_PER_S <= seconds * NS_PER_S // 10
    assert (until - now) % NS_PER_MS == 0
    assert rest_until(Instant(now), seconds, purpose) == until


def test_two_accounts_that_began_together_drift_apart() -> None:
    ends = [rest_until(OPEN, 10, "account", name) - OPEN for name in ("alpha", "beta", "gamma", "delta")]
    assert [end // NS_PER_MS for end in ends] == [10_388, 10_447, 10_452, 10_124]
    again = later(OPEN, seconds=10)
    assert (rest_until(again, 10, "account", "alpha") - again) // NS_PER_MS == 10_519


def asked_in_ten_minutes() -> list[Instant]:
    """Returns when a chain whose next blocks come later was asked for them."""
    desk = desk_of(Setting(), ())
    asked: list[Instant] = []

    def visible() -> Instant:
        asked.append(desk.clock.now())
        return desk.clock.now()

    later_on = (ScriptedBlocks(at=at(600), events=()),)
    asyncio.run(Life(replace(desk, sources=(ScriptedChain(CHAIN, later_on, visible),))).run(at(10)))
    return asked


def test_a_quiet_chain_is_asked_at_uneven_instants_that_are_the_same_in_every_run() -> None:
    asked = asked_in_ten_minutes()
    gaps_ms = [(late - early) // NS_PER_MS for early, late in pairwise(asked)]
    assert SIMULATED_PACE.chain_poll_s == 5
    assert len(dict.fromkeys(gaps_ms)) > 50
    assert (min(gaps_ms) >= 5_000, max(gaps_ms) <= 5_500) == (True, True)
    assert asked_in_ten_minutes() == asked
