"""The front door of a simulated venue: a bucket of requests, a ban for who goes on, nothing without faults."""

from __future__ import annotations

from flatbook.sim.world.front_door import Door, FrontDoor
from flatbook.sim.world.injection import Injection
from flatbook.values.instants import NS_PER_S, Instant

START = 1_764_691_200 * NS_PER_S


def door(**strengths: int) -> tuple[FrontDoor, Injection]:
    injection = Injection("door", strengths, lambda _fault, _where: None)
    return FrontDoor("alpha", injection), injection


def ask(front: FrontDoor, *seconds: int, moved: int = 0) -> list[str]:
    return [front.passes(Instant(START + second * NS_PER_S), moved=moved).value for second in seconds]


def test_without_faults_everybody_passes() -> None:
    front, injection = door()
    assert set(ask(front, *([0] * 100), moved=1_000)) == {Door.OPEN.value}
    assert injection.counts == {}


def test_four_requests_at_once_pass_and_one_more_every_three_seconds() -> None:
    front, injection = door(V7=10_000)
    assert ask(front, 0, 0, 0, 0, 0) == ["open"] * 4 + ["rate_limited"]
    assert ask(front, 6, 6) == ["open", "rate_limited"]
    assert injection.counts == {"V7": 2}


def test_who_asks_on_is_banned_for_a_while_and_begins_anew() -> None:
    front, _ = door(V7=10_000)
    assert ask(front, *([0] * 8)) == ["open"] * 4 + ["rate_limited"] * 4
    assert ask(front, 19) == ["rate_limited"]
    assert ask(front, 61, 61, 61) == ["open"] * 3


def test_after_the_faults_nobody_is_held_up() -> None:
    front, injection = door(V7=10_000, N11=10_000)
    assert ask(front, 0) == ["forbidden"]
    injection.stop()
    assert ask(front, *([1] * 20)) == ["open"] * 20
