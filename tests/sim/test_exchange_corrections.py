"""Positions at the simulated exchange that differ without any execution: small ones are corrected, large ones halt."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

import msgspec
import pytest

from flatbook.events.control import BooksAgreed, BooksDiverged, TradingHalted
from flatbook.events.event import Event
from flatbook.events.orders import OrderIntended
from flatbook.events.risk import BooksCorrected, BooksDoubted
from flatbook.sim.tapes.script import ScriptedBlocks
from flatbook.values.instruments import Product
from tests.desk import OWNER, PAPER, at, fill
from tests.sim.exchange_desk import ExchangeDesk
from tests.unit.risk.test_corrections import RULES

D = Decimal
SOLD = ScriptedBlocks(at=at(1), events=(fill(1, "sell", "100", at=at(1)),))
LATER = ScriptedBlocks(at=at(40), events=(fill(2, "sell", "50", at=at(40)),))


@contextmanager
def hedged(*, corrected: bool = True) -> Iterator[ExchangeDesk]:
    """Yields a desk that holds what it sold onchain as a perpetual, ten minutes after its start."""
    desk = ExchangeDesk((SOLD, LATER), Product.LINEAR_PERP)
    if corrected:
        desk.rules = msgspec.structs.replace(desk.rules, corrections={PAPER: RULES})
    try:
        desk.begin()
        desk.advance(seconds=600)
        assert 99 < desk.position() <= 100
        yield desk
        assert desk.loop.faults == []
    finally:
        desk.kill()
        desk.close()


def drift(desk: ExchangeDesk, by: str) -> None:
    """Moves a position at the exchange without any execution."""
    position = desk.exchange.accounts["main"].position(desk.market)
    position.qty += D(by)


def kinds(desk: ExchangeDesk) -> list[type[Event]]:
    wanted = (BooksDoubted, BooksCorrected, BooksAgreed, BooksDiverged, TradingHalted)
    return [type(event) for event in desk.events() if isinstance(event, wanted)]


def held(desk: ExchangeDesk) -> Decimal:
    return desk.engines[-1].state.positions.rows[OWNER, PAPER, desk.instrument.id].qty


def test_a_small_difference_is_doubted_corrected_and_proven_and_trading_goes_on() -> None:
    with hedged() as desk:
        drift(desk, "-0.25")
        desk.advance(seconds=300)
        assert kinds(desk) == [BooksDoubted, BooksCorrected, BooksAgreed]
        assert held(desk) == desk.position()
        desk.advance(seconds=2_400)
        assert kinds(desk)[3:] == []
        assert held(desk) == desk.position()
        assert desk.position() > 149


def test_it_is_corrected_once_although_the_process_dies_between() -> None:
    with hedged() as desk:
        drift(desk, "-0.25")
        while BooksCorrected not in kinds(desk):
            desk.advance(seconds=1)
        desk.kill()
        desk.begin()
        desk.advance(seconds=300)
        assert kinds(desk).count(BooksCorrected) == 1
        assert BooksDiverged not in kinds(desk)
        assert held(desk) == desk.position()


@pytest.mark.parametrize(("by", "corrected"), [("-6", True), ("-0.25", False)])
def test_what_is_large_or_at_an_account_without_rules_halts_and_nothing_new_is_sent(by: str, corrected: bool) -> None:
    with hedged(corrected=corrected) as desk:
        drift(desk, by)
        desk.advance(seconds=300)
        assert BooksCorrected not in kinds(desk)
        assert kinds(desk)[-2:] == [BooksDiverged, TradingHalted]
        placed = sum(isinstance(event, OrderIntended) for event in desk.events())
        desk.advance(seconds=2_400)
        assert sum(isinstance(event, OrderIntended) for event in desk.events()) == placed


def test_a_leak_of_small_differences_is_stopped_on_its_day() -> None:
    with hedged() as desk:
        for _ in range(5):
            drift(desk, "-0.4")
            desk.advance(seconds=300)
        found = kinds(desk)
        assert found.count(BooksCorrected) == 2
        assert found[found.index(BooksDiverged) :][:2] == [BooksDiverged, TradingHalted]
        assert BooksCorrected not in found[found.index(TradingHalted) :]
