"""Minute bars: what is known at an instant, gaps, and quotes."""

from __future__ import annotations

from decimal import Decimal

import pytest

from flatbook.market.quotes import Market
from flatbook.sim.tapes.bars import PAPER_BARS, Bar, BarQuotes, Bars
from flatbook.values.ids import Underlying
from flatbook.values.instruments import Side
from flatbook.values.money import Price
from tests.unit.sim.scene import at, bars, minutes

GAPPY = bars({"15:00": "100", "15:02": "102", "15:07": "107", "15:13": "113"})
COIN = Underlying("COIN")


def test_a_running_bar_is_known_by_its_open_and_an_ended_one_by_its_close() -> None:
    known = [GAPPY.known(at(clock)) for clock in ("15:00:00", "15:00:59", "15:01:00", "15:01:59", "15:02:00")]
    assert [None if price is None else (str(price.price), price.happened_at) for price in known] == [
        ("100", at("15:00:00")),
        ("100", at("15:00:00")),
        ("101", at("15:01:00")),
        ("101", at("15:01:00")),
        ("102", at("15:02:00")),
    ]
    assert GAPPY.known(at("14:59:59")) is None


def test_the_known_price_changes_at_opens_and_ends() -> None:
    changes, now = [], at("14:00:00")
    while (change := GAPPY.next_change(now)) is not None:
        changes.append(change)
        now = change
    wanted = ("15:00:00", "15:01:00", "15:02:00", "15:03:00", "15:07:00", "15:08:00", "15:13:00", "15:14:00")
    assert changes == [at(clock) for clock in wanted]


def test_quiet_is_five_minutes_without_a_start() -> None:
    assert GAPPY.is_quiet(at("14:59:59"))
    assert not GAPPY.is_quiet(at("15:06:59"))
    assert not GAPPY.is_quiet(at("15:07:00"))
    assert not GAPPY.is_quiet(at("15:11:59"))
    assert GAPPY.is_quiet(at("15:12:00"))


@pytest.mark.parametrize(
    ("asked", "quiet"),
    [
        ("14:00:00", "14:05:00"),
        ("14:56:00", "15:12:00"),
        ("15:00:30", "15:12:00"),
        ("15:12:30", "15:18:00"),
        ("15:14:00", "15:18:00"),
        ("15:30:00", "15:35:00"),
    ],
)
def test_quiet_begins_five_minutes_after_the_last_start(asked: str, quiet: str) -> None:
    assert GAPPY.quiet_from(at(asked)) == at(quiet)


def test_bars_without_any_bar_are_quiet_at_once() -> None:
    empty = Bars([])
    assert (empty.known(at("15:00:00")), empty.next_change(at("15:00:00")), len(empty)) == (None, None, 0)
    assert empty.quiet_from(at("15:00:00")) == at("15:05:00")


def test_the_first_open_inside_a_limit_is_found_between_its_bounds() -> None:
    def first(side: Side, limit: str, start: str, before: str) -> str | None:
        bar = GAPPY.first_open_inside(start=at(start), before=at(before), side=side, limit=Price(Decimal(limit)))
        return None if bar is None else str(bar.open)

    assert first(Side.SELL, "103", "15:00:00", "16:00:00") == "107"
    assert first(Side.SELL, "103", "15:00:00", "15:07:00") is None
    assert first(Side.BUY, "102", "15:00:00", "16:00:00") == "100"
    assert first(Side.BUY, "102", "15:00:01", "16:00:00") == "102"
    assert first(Side.BUY, "99", "15:00:00", "16:00:00") is None


def test_bars_that_overlap_or_cost_nothing_are_refused() -> None:
    bar = Bar(starts_at=at("15:00:00"), open=Price(Decimal(1)), close=Price(Decimal(1)))
    with pytest.raises(ValueError, match="overlap"):
        Bars([bar, bar])
    with pytest.raises(ValueError, match="above zero"):
        Bars([Bar(starts_at=at("15:00:00"), open=Price(Decimal(0)), close=Price(Decimal(1)))])


def test_quotes_state_only_what_was_known() -> None:
    market, quotes = Market(), BarQuotes({COIN: minutes("15:00", "100", "105")})
    assert quotes.write(market.write, at("14:59:59")) == 0
    assert market.quote(COIN, PAPER_BARS) is None
    assert quotes.write(market.write, at("15:00:30")) == 1
    quote = market.quote(COIN, PAPER_BARS)
    assert quote is not None
    assert (str(quote.price), quote.happened_at, quote.seen_at) == ("100", at("15:00:00"), at("15:00:30"))
    assert quotes.next_change(at("15:00:30")) == at("15:01:00")
    quotes.write(market.write, at("16:00:00"))
    last = market.quote(COIN, PAPER_BARS)
    assert last is not None
    assert (str(last.price), last.happened_at) == ("105", at("15:02:00"))
    assert quotes.next_change(at("16:00:00")) is None
