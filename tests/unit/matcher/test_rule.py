"""The rule by which orders meet a recorded market."""

from __future__ import annotations

from flatbook.matcher.rule import (
    CANCELING,
    PLACING,
    UNSEEN,
    after_level,
    after_trade,
    goes_through,
    latency,
    left_without_trade,
    reached,
    takes,
)


def test_a_trade_at_a_price_reaches_an_order_only_beyond_what_stands_before_it() -> None:
    assert reached(70, 100) == 30
    assert after_trade(70, 100) == 0
    assert reached(70, 50) == 0
    assert after_trade(70, 50) == 20


def test_nothing_at_a_price_reaches_an_order_whose_queue_was_never_seen() -> None:
    assert reached(UNSEEN, 1_000_000) == 0
    assert after_trade(UNSEEN, 1_000_000) == UNSEEN


def test_a_queue_that_is_seen_for_the_first_time_stands_before_the_order_in_full() -> None:
    assert after_level(UNSEEN, 0, 40, 0) == 40


def test_cancellations_are_behind_the_order_unless_a_share_of_them_is_declared_to_be_before_it() -> None:
    assert after_level(70, 30, 100, 0) == 70
    assert after_level(70, 30, 100, 500_000) == 55
    assert after_level(70, 30, 100, 1_000_000) == 40


def test_never_more_stands_before_an_order_than_is_displayed() -> None:
    assert after_level(70, 0, 25, 0) == 25
    assert after_level(70, 90, 0, 1_000_000) == 0


def test_what_traded_is_not_counted_as_canceled_once_more() -> None:
    assert left_without_trade(100, 40, 60) == 0
    assert left_without_trade(100, 40, 10) == 50
    assert left_without_trade(100, 140, 10) == 0


def test_an_order_takes_where_the_other_side_is_at_its_price_or_better() -> None:
    assert takes(1, 100, 99, 100)
    assert not takes(1, 99, 98, 100)
    assert takes(-1, 100, 100, 101)
    assert not takes(-1, 101, 100, 102)


def test_an_empty_side_matches_nothing() -> None:
    assert not takes(1, 100, 99, 0)
    assert not takes(-1, 0, 0, 101)


def test_a_trade_beyond_an_order_went_through_it_first() -> None:
    assert goes_through(1, 100, 99)
    assert not goes_through(1, 100, 100)
    assert goes_through(-1, 100, 101)


def test_a_latency_is_the_same_for_the_same_seed_order_and_purpose_and_differs_otherwise() -> None:
    drawn = latency(7, 123, PLACING, 1_000, 1_000_000)
    assert drawn == 452_870
    assert drawn != latency(8, 123, PLACING, 1_000, 1_000_000)
    assert drawn != latency(7, 124, PLACING, 1_000, 1_000_000)
    assert drawn != latency(7, 123, CANCELING, 1_000, 1_000_000)


def test_latencies_fill_their_spread_evenly() -> None:
    drawn = [latency(1, key, PLACING, 5, 9) for key in range(10_000)]
    assert (min(drawn), max(drawn)) == (5, 14)
    assert all(850 < drawn.count(value) < 1_150 for value in range(5, 15))
