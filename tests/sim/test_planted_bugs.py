"""Planted bugs are seen by the judges, and only by worlds that are green without them; `sim mutants` plants all."""

from __future__ import annotations

from flatbook.services.sim_mutants import hunts


def test_a_bug_is_seen_in_a_world_that_is_green_without_it() -> None:
    (hunt,) = hunts(1, [1], watch=lambda _hunt: None)
    assert (hunt.survived, "I4" in hunt.reasons, hunt.controls_red) == (False, True, ())


def test_a_bug_that_only_a_crash_can_show_is_found_by_cutting_at_every_point() -> None:
    (hunt,) = hunts(1, [21], watch=lambda _hunt: None)
    assert hunt.killer is not None
    assert "cut at" in hunt.killer


def test_a_bug_without_a_room_is_not_counted_as_seen() -> None:
    (hunt,) = hunts(1, [43], watch=lambda _hunt: None)
    assert (hunt.killer, hunt.survived, hunt.room) == (None, False, "two-leg execution")
