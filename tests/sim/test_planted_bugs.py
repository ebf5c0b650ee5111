"""Planted bugs are seen by the judges, and only by worlds that are green without them."""

from __future__ import annotations

from flatbook.services.sim_mutants import hunts


def test_a_bug_is_seen_in_a_world_that_is_green_without_it() -> None:
    (hunt,) = hunts(1, [1], watch=lambda _hunt: None)
    assert (hunt.survived, "I4" in hunt.reasons, hunt.controls_red) == (False, True, ())


def test_a_bug_that_only_a_crash_can_show_is_found_by_cutting_at_every_point() -> None:
    (hunt,) = hunts(1, [21], watch=lambda _hunt: None)
    assert hunt.killer is not None
    assert "cut at" in hunt.killer


def test_a_node_that_is_believed_alone_is_seen_in_a_world_with_two() -> None:
    (hunt,) = hunts(1, [35], watch=lambda _hunt: None)
    assert (hunt.survived, "I3" in hunt.reasons, hunt.controls_red) == (False, True, ())


def test_a_ratio_that_is_read_at_the_hedge_is_seen_in_a_world_whose_ratios_step() -> None:
    (hunt,) = hunts(1, [42], watch=lambda _hunt: None)
    assert (hunt.survived, "I3" in hunt.reasons, hunt.controls_red) == (False, True, ())


def test_a_bug_without_a_room_is_not_counted_as_seen() -> None:
    (hunt,) = hunts(1, [43], watch=lambda _hunt: None)
    assert (hunt.killer, hunt.survived, hunt.room) == (None, False, "two-leg execution")


def test_a_price_that_went_through_a_float_is_seen_in_a_world_on_bytes() -> None:
    (hunt,) = hunts(1, [32], watch=lambda _hunt: None)
    assert (hunt.survived, "failure" in hunt.reasons, hunt.controls_red) == (False, False, ())
