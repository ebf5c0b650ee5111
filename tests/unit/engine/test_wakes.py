"""Wakes are kept per net, replaced by each answer, and told apart by what they wait for."""

from __future__ import annotations

from flatbook.engine.wakes import Wakes
from flatbook.strategies.decision import Trigger, Wake
from flatbook.values.ids import OwnerId, SourceId, Underlying
from flatbook.values.instants import Instant, later
from tests.unit.engine.quote_scene import Scene, decision

A, B = (OwnerId("o"), Underlying("A")), (OwnerId("o"), Underlying("B"))
BARS = SourceId("bars")


def wakes() -> Wakes:
    kept = Wakes()
    kept.put(A, Wake(on=(Trigger.FILL_SEEN,), at=Instant(10), observed=(BARS,)))
    kept.put(B, Wake(on=(Trigger.HALT_CHANGED, Trigger.BALANCE_CHANGED), at=Instant(20)))
    return kept


def test_a_net_is_resumed_once_its_strategy_has_answered() -> None:
    assert not Wakes().is_resumed(A)
    assert wakes().resumed() == (A, B)
    assert wakes().is_resumed(A)


def test_a_change_wakes_who_waits_for_it_and_nobody_before_it_is_resumed() -> None:
    assert wakes().wants(A, Trigger.FILL_SEEN)
    assert not wakes().wants(A, Trigger.HALT_CHANGED)
    assert not Wakes().wants(A, Trigger.FILL_SEEN)


def test_who_waits_for_funds_is_known_until_its_next_answer() -> None:
    kept = wakes()
    assert list(kept.awaiting_funds) == [B]
    kept.put(B, Wake(on=(Trigger.FILL_SEEN,)))
    assert list(kept.awaiting_funds) == []


def test_instants_are_due_from_their_own_on_and_the_earliest_is_told() -> None:
    assert wakes().due(Instant(9)) == ()
    assert wakes().due(Instant(10)) == (A,)
    assert wakes().due(Instant(20)) == (A, B)
    assert wakes().next_at() == 10
    assert Wakes().next_at() is None


def test_an_observation_wakes_who_waits_for_its_source_and_underlying() -> None:
    assert wakes().observing(Underlying("A"), BARS) == (A,)
    assert wakes().observing(Underlying("B"), BARS) == ()
    assert wakes().observing(Underlying("A"), SourceId("pool")) == ()


def test_each_answer_replaces_the_one_before() -> None:
    kept = wakes()
    kept.put(A, Wake(on=()))
    assert (kept.due(Instant(99)), kept.observing(Underlying("A"), BARS)) == ((B,), ())


def test_kept_wakes_are_restored_as_they_were() -> None:
    asked = wakes()
    kept = asked.kept()
    asked.put(B, Wake(on=(Trigger.FILL_SEEN,), at=Instant(5)))
    assert (asked.next_at(), list(asked.awaiting_funds)) == (Instant(5), [])
    asked.restore(kept)
    assert (asked.next_at(), list(asked.awaiting_funds)) == (Instant(10), [B])
    asked.put(A, Wake(on=()))
    asked.restore(kept)
    assert asked.wants(A, Trigger.FILL_SEEN)


def test_a_book_that_falls_silent_is_noticed_although_our_clock_was_set_back_since_its_strategy_was_asked() -> None:
    """Simulated world 3053: quotes stood on a silent book until it was scanned."""
    scene = Scene(lambda _view, _params: decision())
    scene.begin()
    key, asked_at = scene.seat.key, scene.now
    scene.now = later(asked_at, seconds=-20)
    scene.observe(999, 1001)
    assert scene.wakes.due(later(scene.now, ms=750)) == (key,)
    assert scene.wakes.due(later(scene.now, ms=749)) == ()
    scene.wait(ms=750)
    assert scene.wakes.due(later(asked_at, seconds=60)) == ()
