"""Our orders in a market that is only observed."""

from __future__ import annotations

import pytest

from flatbook.matcher.observed import Arrival, Fill, ObservedMarket, Style

BUY, SELL = 1, -1


def touch_market() -> ObservedMarket:
    market = ObservedMarket(has_levels=False)
    market.show_touch(100, 50, 101, 50)
    return market


def test_an_order_at_the_touch_waits_for_what_was_displayed_before_it() -> None:
    market = touch_market()
    assert market.arrive("a", BUY, 100, 8, Style.LIMIT) == Arrival(is_refused=False, fills=[], left=8, rests=True)
    assert market.trade(100, 30, -1) == []
    assert market.trade(100, 25, -1) == [Fill("a", 100, 5, is_maker=True, ahead=50)]
    assert market.trade(100, 25, -1) == [Fill("a", 100, 3, is_maker=True, ahead=50)]
    assert market.left("a") == 0


def test_two_orders_at_a_price_share_a_trade_and_both_move_forward() -> None:
    market = touch_market()
    market.arrive("a", BUY, 100, 8, Style.LIMIT)
    market.arrive("b", BUY, 100, 8, Style.LIMIT)
    assert market.trade(100, 60, -1) == [
        Fill("a", 100, 8, is_maker=True, ahead=50),
        Fill("b", 100, 2, is_maker=True, ahead=50),
    ]
    assert market.trade(100, 1, -1) == [Fill("b", 100, 1, is_maker=True, ahead=50)]


def test_a_trade_of_an_unknown_taker_only_goes_through() -> None:
    market = touch_market()
    market.arrive("a", BUY, 100, 8, Style.LIMIT)
    assert market.trade(100, 500, 0) == []
    assert market.trade(99, 3, 0) == [Fill("a", 100, 3, is_maker=True, ahead=50)]


def test_nothing_stands_before_what_is_left_of_an_order_that_a_trade_went_through() -> None:
    market = touch_market()
    market.arrive("a", BUY, 100, 8, Style.LIMIT)
    assert market.trade(99, 3, -1) == [Fill("a", 100, 3, is_maker=True, ahead=50)]
    assert market.trade(100, 2, -1) == [Fill("a", 100, 2, is_maker=True, ahead=50)]
    assert market.left("a") == 3


def test_an_order_behind_the_touch_stands_behind_all_that_is_first_seen_at_its_price() -> None:
    market = touch_market()
    market.arrive("a", BUY, 99, 1, Style.LIMIT)
    assert market.trade(99, 9_000, -1) == []
    market.show_touch(99, 40, 100, 1)
    assert market.trade(99, 40, -1) == []
    assert market.trade(99, 1, -1) == [Fill("a", 99, 1, is_maker=True, ahead=-1)]


def test_an_order_that_is_better_than_the_touch_stands_before_all() -> None:
    market = ObservedMarket(has_levels=False)
    market.show_touch(100, 50, 105, 50)
    market.arrive("a", BUY, 102, 5, Style.LIMIT)
    assert market.trade(102, 2, -1) == [Fill("a", 102, 2, is_maker=True, ahead=0)]


def test_what_was_taken_is_there_again_only_after_its_price_was_gone() -> None:
    market = touch_market()
    assert market.arrive("a", BUY, 101, 60, Style.IOC).fills == [Fill("a", 101, 50, is_maker=False, ahead=0)]
    assert market.show_touch(100, 50, 101, 50) == []
    assert market.arrive("b", BUY, 101, 1, Style.IOC) == Arrival(is_refused=False, fills=[], left=1, rests=False)
    market.show_touch(100, 50, 102, 50)
    market.show_touch(100, 50, 101, 50)
    assert market.arrive("c", BUY, 101, 1, Style.IOC).fills == [Fill("c", 101, 1, is_maker=False, ahead=0)]


def test_a_level_that_falls_without_trades_moves_an_order_by_the_declared_share() -> None:
    market = ObservedMarket(has_levels=True, share=500_000)
    market.set_level(BUY, 100, 50)
    market.set_level(SELL, 101, 50)
    market.arrive("a", BUY, 100, 1, Style.LIMIT)
    market.set_level(BUY, 100, 70)
    market.set_level(BUY, 100, 60)
    assert market.trade(100, 45, -1) == []
    assert market.trade(100, 1, -1) == [Fill("a", 100, 1, is_maker=True, ahead=50)]


def test_a_book_that_comes_to_an_order_executes_it_over_the_levels_that_crossed() -> None:
    market = ObservedMarket(has_levels=True)
    market.set_level(BUY, 99, 5)
    market.set_level(SELL, 102, 5)
    market.arrive("a", BUY, 101, 9, Style.LIMIT)
    market.set_level(SELL, 101, 2)
    market.set_level(SELL, 100, 3)
    assert market.whole() == [Fill("a", 101, 5, is_maker=True, ahead=0)]
    assert market.whole() == []


def test_a_market_that_was_cleared_matches_nothing_until_it_is_known_again() -> None:
    market = touch_market()
    market.clear()
    assert market.arrive("a", BUY, 101, 1, Style.IOC).fills == []
    assert market.arrive("b", BUY, 101, 1, Style.POST_ONLY).rests


def test_an_order_of_nothing_or_of_a_known_id_cannot_arrive() -> None:
    market = touch_market()
    market.arrive("a", BUY, 99, 1, Style.LIMIT)
    with pytest.raises(ValueError, match="cannot arrive"):
        market.arrive("a", BUY, 99, 1, Style.LIMIT)
    with pytest.raises(ValueError, match="cannot arrive"):
        market.arrive("b", BUY, 99, 0, Style.LIMIT)
