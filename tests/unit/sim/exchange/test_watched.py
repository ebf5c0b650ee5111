"""A market that is only watched: our orders stand in its queues, and never move it."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from flatbook.sim.exchange.exchange import Exchange
from flatbook.sim.exchange.orders import Status
from tests.exchange import BINANCE, PERP, START, levels
from tests.unit.sim.exchange.core import asked, placed

D = Decimal
WATCHED = msgspec.structs.replace(PERP, is_watched=True)
TERMS = msgspec.structs.replace(BINANCE, markets=(WATCHED,))


def scene() -> Exchange:
    exchange = Exchange(TERMS, now=START)
    exchange.quote(WATCHED, levels("50000 x 2", "49999 x 5"), levels("50001 x 1", "50002 x 4"))
    return exchange


def test_an_order_waits_until_what_stood_before_it_has_traded() -> None:
    exchange = scene()
    order = placed(exchange, asked("q", 1, "0.5", "50000", market=WATCHED))
    exchange.trade_outside(WATCHED, -1, D("1.5"), D(50_000))
    assert order.filled == 0
    exchange.trade_outside(WATCHED, -1, D("0.7"), D(50_000))
    assert (order.status, order.filled) == (Status.PARTIALLY_FILLED, D("0.2"))
    assert order.executions[0].is_maker


def test_cancellations_before_it_do_not_help_it_but_for_what_cannot_be_there_any_more() -> None:
    exchange = scene()
    order = placed(exchange, asked("q", 1, "0.5", "50000", market=WATCHED))
    exchange.quote(WATCHED, levels("50000 x 0.3"), [], whole=False)
    exchange.trade_outside(WATCHED, -1, D("0.4"), D(50_000))
    assert order.filled == D("0.1")


def test_a_trade_through_its_price_fills_it_whatever_stood_before_it() -> None:
    exchange = scene()
    order = placed(exchange, asked("q", 1, "0.5", "50000", market=WATCHED))
    exchange.trade_outside(WATCHED, -1, D("0.3"), D(49_999))
    assert order.filled == D("0.3")


def test_the_other_side_that_comes_to_its_price_fills_it_by_what_is_displayed_there() -> None:
    exchange = scene()
    order = placed(exchange, asked("q", 1, "0.5", "50000", market=WATCHED))
    exchange.quote(WATCHED, levels("49998 x 1"), levels("50000 x 0.4"))
    assert (order.filled, order.executions[0].price) == (D("0.4"), D(50_000))


def test_what_is_displayed_serves_one_taker_and_stays_displayed() -> None:
    exchange = scene()
    first = placed(exchange, asked("a", 1, "0.8", "50001", market=WATCHED))
    second = placed(exchange, asked("b", 1, "0.8", None, market=WATCHED))
    assert (first.filled, second.executions[0].qty, second.executions[1].price) == (D("0.8"), D("0.2"), D(50_002))
    assert exchange.pits[WATCHED.name].best(-1) == 500_010


def test_two_accounts_do_not_meet_there() -> None:
    exchange = scene()
    ours = placed(exchange, asked("a", 1, "0.5", "50000.5", market=WATCHED))
    theirs = placed(exchange, asked("b", -1, "0.5", "50000.5", market=WATCHED, account="other"))
    assert (ours.filled, theirs.filled) == (0, 0)
