"""Profit and loss against the ledger."""

from __future__ import annotations

from decimal import Decimal

from flatbook.events.event import Event
from flatbook.projections.audit import Audit, audit
from flatbook.projections.fold import fold_all
from flatbook.projections.ledger import Ledger
from flatbook.projections.pnl import Pnl
from flatbook.values.instruments import Side
from tests.unit.projections import scene
from tests.unit.projections.scene import USDC, d, executed, fill

BUY, SELL = Side.BUY, Side.SELL
PAR = scene.mark(USDC, "0.998", -60)


def audited(*events: Event) -> Audit:
    ledger, pnl = Ledger(), Pnl()
    fold_all((ledger, pnl), scene.rows_of(events))
    return audit(ledger, pnl)


def test_both_books_agree_on_a_day_with_everything_in_it() -> None:
    gone = fill(9, SELL, "7", "1700", 3)
    found = audited(
        PAR,
        fill(1, SELL, "0.1234567890123456789", "33.333333333333333333333", 0, ratio="1.05"),
        gone,
        executed(BUY, "0.1", "255.01", 30, number=1, fees=[("USD", "0.65"), ("BNB", "-0.001")]),
        scene.unvalued(2, BUY, "2", "520", 40, assumed="1"),
        scene.valued(2, ratio="1.1", shares="2.2", price="236.36"),
        scene.foreign(BUY, "3", "250", 50),
        scene.assigned("2", 60),
        scene.overwritten("0.1", "4", "260", 70),
        executed(SELL, "1.7", "262", 80, number=2, contract_size=Decimal("0.1"), instrument=scene.ONCHAIN),
        scene.gas(7, "21000000000000", None, 90),
        scene.reversal(gone),
    )
    assert found.is_sound
    assert [(line.qty_difference, line.refused) for line in found.lines] == [(d(0), 0)]


def test_a_trade_without_a_value_keeps_the_comparison_open() -> None:
    found = audited(fill(1, SELL, "1", "260", 0))
    assert (found.lines[0].cash_difference, found.lines[0].is_sound, found.is_sound) == (None, False, False)


def test_a_fact_that_could_not_be_matched_shows_in_the_comparison() -> None:
    found = audited(PAR, executed(BUY, "2", "0", 0))
    assert (found.lines[0].qty_difference, found.lines[0].refused, found.is_sound) == (d(2), 1, False)


def test_a_cost_that_only_one_book_has_is_named() -> None:
    ledger, pnl = Ledger(), Pnl()
    fold_all((ledger,), scene.rows_of((scene.gas(7, "21000000000000", "3000", 0),)))
    assert audit(ledger, pnl).cost_differences == {"ETH": d("0.000021")}


def test_corrections_that_add_and_take_away_leave_both_books_the_same() -> None:
    found = audited(
        executed(BUY, "3", "250", 10),
        scene.corrected("-0.002", "260", "-0.52", 20),
        scene.corrected("0.0003", "0.05", "0.07", 30),
        executed(SELL, "2", "262", 40, number=2),
        scene.corrected("-1.5", "262", "-393", 50),
    )
    assert found.is_sound
