"""When the outside is asked: by the pace, a little later each time, and the same in every run."""

from __future__ import annotations

import asyncio
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from flatbook.engine.rest import rest_until
from flatbook.events.control import AlertCleared, AlertRaised
from flatbook.sim.broker.faults import Fault, FaultKind, FaultPlan
from flatbook.sim.broker.wire import Verb
from flatbook.sim.tapes.script import ScriptedBlocks, ScriptedChain
from flatbook.values.instants import NS_PER_MS, NS_PER_S, Instant, later
from tests.desk import CHAIN, OPEN, Setting, at, desk_of, journalled
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


def told_of_silence(refused: range) -> list[tuple[str, str, str, int]]:
    """Returns the alerts of an hour in which a broker answers some requests for statements with a fault."""
    faults = tuple(Fault(verb=Verb.STATEMENT, kind=FaultKind.SERVER_FAULT, number=number) for number in refused)
    desk = desk_of(Setting(plan=FaultPlan(faults=faults)), ())
    asyncio.run(Life(desk).run(at(60)))
    told = [event for event in journalled(desk) if isinstance(event, AlertRaised | AlertCleared)]
    return [
        (event.name.value, event.subject, event.severity.value, (event.raised_at - OPEN) // NS_PER_S)
        if isinstance(event, AlertRaised)
        else (event.name.value, event.subject, "cleared", (event.cleared_at - OPEN) // NS_PER_S)
        for event in told
    ]


def test_a_venue_that_does_not_answer_at_the_start_is_told_and_cleared_by_an_answer() -> None:
    (raised, cleared) = told_of_silence(range(1, 301))
    assert raised == ("venue_silent", "paper", "critical", 901)
    assert cleared[:3] == ("venue_silent", "paper", "cleared")
    assert 1_500 < cleared[3] < 1_800


def test_a_venue_that_stops_answering_is_told_once_and_stands() -> None:
    (raised,) = told_of_silence(range(3, 1_000))
    assert raised[:3] == ("venue_silent", "paper", "critical")
    assert 900 < raised[3] < 1_000


def test_a_venue_that_misses_two_statements_is_not_told() -> None:
    assert told_of_silence(range(3, 8)) == []


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
