"""Funding at a market that is watched: paid when its venue says, at the rate that it told last."""

from __future__ import annotations

from decimal import Decimal

from flatbook.sim.exchange.exchange import Exchange
from flatbook.sim.exchange.told_funding import ToldFunding
from flatbook.values.instants import later
from tests.exchange import BINANCE, PERP, START, opened
from tests.unit.sim.exchange.core import asked, placed

D = Decimal
SOON, LATER = later(START, seconds=30), later(START, seconds=3_630)


def held() -> tuple[Exchange, ToldFunding]:
    """Returns an exchange at which the account is long 0.5 coins at a mark of 50,000."""
    exchange = opened(BINANCE, START)
    placed(exchange, asked("taken", 1, "0.5", None))
    exchange.set_mark(PERP, D(50_000))
    return exchange, ToldFunding(exchange, PERP)


def paid(exchange: Exchange) -> list[Decimal]:
    return [flow.amount for flow in exchange.flows]


def test_what_was_told_last_before_a_settlement_is_paid_at_its_instant() -> None:
    exchange, told = held()
    told.hear(D("0.0002"), SOON)
    told.hear(D("0.0003"), None)
    exchange.advance(later(START, seconds=29))
    assert paid(exchange) == []
    exchange.advance(later(START, seconds=31))
    assert paid(exchange) == [D("-7.5")]
    assert exchange.flows[0].at == SOON


def test_a_venue_that_is_a_little_ahead_of_our_clock_settles_at_the_rate_before_its_next_one() -> None:
    exchange, told = held()
    told.hear(D("0.0002"), SOON)
    told.hear(D("-0.0002"), LATER)
    assert paid(exchange) == [D("-5")]
    told.hear(D("0.0002"), SOON)
    exchange.advance(later(START, seconds=60))
    assert paid(exchange) == [D("-5")]
    exchange.advance(LATER)
    assert paid(exchange) == [D("-5"), D("5")]


def test_a_settlement_that_the_venue_moves_is_paid_once_and_at_its_new_instant() -> None:
    exchange, told = held()
    told.hear(D("0.0002"), LATER)
    told.hear(None, SOON)
    exchange.advance(SOON)
    assert paid(exchange) == [D("-5")]
    exchange.advance(LATER)
    assert paid(exchange) == [D("-5")]


def test_a_settlement_that_was_past_when_it_was_first_told_is_not_paid_again() -> None:
    exchange, told = held()
    told.hear(D("0.0002"), START)
    exchange.advance(LATER)
    assert paid(exchange) == []


def test_nothing_is_paid_before_a_rate_was_told() -> None:
    exchange, told = held()
    told.hear(None, SOON)
    exchange.advance(LATER)
    assert paid(exchange) == []
