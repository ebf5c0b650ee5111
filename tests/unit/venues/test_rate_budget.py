"""The budget of one key: what it counts, what it keeps for cancels, and what replies teach it."""

from __future__ import annotations

from flatbook.values.instants import NS_PER_S, Instant, later
from flatbook.venues.http import Reply
from flatbook.venues.rate_budget import Gauge, Lane, RateBudget, Reading

MINUTE = Instant(1_700_000_040 * NS_PER_S)
ONE = {"weight": 1}


def budget() -> RateBudget:
    return RateBudget({"weight": Gauge(limit=10, window_s=60), "orders": Gauge(limit=5, window_s=10)})


def taken(of: RateBudget, lane: Lane, now: Instant, tries: int = 20) -> int:
    return sum(of.take(ONE, lane, now) for _ in range(tries))


def refusal(status: int, **headers: str) -> Reply:
    return Reply(status=status, headers={name.replace("_", "-"): value for name, value in headers.items()}, body=b"")


def test_reads_leave_room_for_orders_and_both_leave_room_for_exits() -> None:
    used = budget()
    assert [taken(used, lane, MINUTE) for lane in (Lane.READ, Lane.ORDER, Lane.EXIT)] == [5, 3, 2]


def test_what_is_used_of_each_limit_is_told_until_its_window_is_over() -> None:
    used = budget()
    assert taken(used, Lane.READ, MINUTE) == 5
    weight, orders = used.allowances(later(MINUTE, seconds=1))
    assert (weight.name, weight.used, weight.limit, weight.window_s) == ("weight", 5, 10, 60)
    assert weight.full_at == later(MINUTE, seconds=60)
    assert (orders.name, orders.used) == ("orders", 0)
    weight, _ = used.allowances(later(MINUTE, seconds=60))
    assert (weight.used, weight.full_at) == (0, None)


def test_a_cancel_is_sent_although_nothing_is_left() -> None:
    used = budget()
    used.learn({"weight": Reading(used=5000)}, MINUTE)
    assert not used.take(ONE, Lane.EXIT, MINUTE)
    assert taken(used, Lane.CANCEL, MINUTE) == 20
    assert used.refused == 1


def test_a_window_ends_at_a_whole_multiple_of_its_length() -> None:
    used = budget()
    assert taken(used, Lane.EXIT, MINUTE) == 10
    assert not used.take(ONE, Lane.EXIT, later(MINUTE, seconds=59))
    assert used.take(ONE, Lane.EXIT, later(MINUTE, seconds=60))


def test_what_the_venue_counted_stands_above_what_we_did_and_never_below() -> None:
    used = budget()
    assert taken(used, Lane.READ, MINUTE, 3) == 3
    used.learn({"weight": Reading(used=1)}, MINUTE)
    assert taken(used, Lane.READ, MINUTE) == 2
    used.learn({"weight": Reading(used=9)}, MINUTE)
    assert taken(used, Lane.EXIT, MINUTE) == 1


def test_a_limit_that_the_venue_halves_in_mid_run_counts_from_then_on() -> None:
    """V8."""
    used = budget()
    used.learn({"weight": Reading(used=0, limit=5)}, MINUTE)
    assert taken(used, Lane.EXIT, MINUTE) == 5


def test_an_order_fits_every_gauge_that_it_costs() -> None:
    used = budget()
    costs = {"weight": 1, "orders": 1}
    assert sum(used.take(costs, Lane.ORDER, MINUTE) for _ in range(10)) == 4
    assert used.take({"weight": 1}, Lane.ORDER, MINUTE)


def test_a_gauge_that_only_replies_tell_of_is_learnt_and_full_again_when_they_say() -> None:
    used = budget()
    assert used.take({"/v5/order/create": 1}, Lane.ORDER, MINUTE)
    at = later(MINUTE, ms=100)
    used.learn({"/v5/order/create": Reading(used=10, limit=10, resets_at=later(at, ms=700))}, at)
    assert not used.take({"/v5/order/create": 1}, Lane.ORDER, later(at, ms=699))
    assert used.take({"/v5/order/create": 1}, Lane.ORDER, later(at, ms=700))


def test_after_a_429_only_cancels_and_exits_pass_until_the_venues_own_word() -> None:
    used = budget()
    used.learn_refusal(refusal(429, retry_after="7"), MINUTE)
    for lane, passes in ((Lane.READ, False), (Lane.ORDER, False), (Lane.EXIT, True), (Lane.CANCEL, True)):
        assert used.take(ONE, lane, later(MINUTE, seconds=6)) is passes
    assert used.is_held(later(MINUTE, seconds=6))
    assert used.take(ONE, Lane.ORDER, later(MINUTE, seconds=7))


def test_refusals_without_a_word_on_the_time_hold_longer_each_time() -> None:
    used = budget()
    used.learn_refusal(refusal(429), MINUTE)
    assert not used.is_held(later(MINUTE, seconds=2))
    used.learn_refusal(refusal(429), MINUTE)
    assert used.is_held(later(MINUTE, seconds=3))
    used.learn_refusal(refusal(200), MINUTE)
    used.learn_refusal(refusal(429), later(MINUTE, seconds=5))
    assert not used.is_held(later(MINUTE, seconds=7))


def test_under_a_ban_nothing_is_sent_for_two_minutes_at_least() -> None:
    used = budget()
    used.learn_refusal(refusal(418, retry_after="1"), MINUTE)
    assert not used.take(ONE, Lane.CANCEL, later(MINUTE, seconds=119))
    assert used.take(ONE, Lane.CANCEL, later(MINUTE, seconds=120))


def test_a_ban_is_believed_for_three_days_at_most() -> None:
    used = budget()
    used.learn_refusal(refusal(418, retry_after="999999999"), MINUTE)
    assert used.is_held(later(MINUTE, seconds=259_199))
    assert not used.is_held(later(MINUTE, seconds=259_200))


def test_a_limit_too_small_to_be_shared_lets_one_request_of_a_window_through() -> None:
    budget = RateBudget({})
    budget.learn({"/path": Reading(used=1, limit=1)}, Instant(0))
    assert budget.take({"/path": 1}, Lane.READ, Instant(NS_PER_S))
    assert not budget.take({"/path": 1}, Lane.ORDER, Instant(NS_PER_S))
    assert budget.take({"/path": 1}, Lane.CANCEL, Instant(NS_PER_S))
