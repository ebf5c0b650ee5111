"""Laws of the ledger: every entry balances, what is undone leaves nothing, and profit and loss agrees."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from flatbook.events import chain
from flatbook.events.event import Event
from flatbook.projections.audit import TOLERANCE_USD, audit
from flatbook.projections.fold import fold, fold_all
from flatbook.projections.ledger import Ledger, balances, trial_balance
from flatbook.projections.pnl import Pnl
from tests.property.journals import journals
from tests.unit.projections.scene import at, reversal, rows_of


@given(journals())
def test_the_trial_balance_is_zero_at_every_sequence(events: list[Event]) -> None:
    ledger = Ledger()
    for row in rows_of(events):
        fold(ledger, (row,))
        assert [line.asset for line in trial_balance(ledger) if line.difference] == []


@given(journals(), st.integers(0, 400))
def test_the_trial_balance_is_zero_at_every_instant(events: list[Event], seconds: int) -> None:
    ledger = fold(Ledger(), rows_of(events))
    assert [line.asset for line in trial_balance(ledger, at(seconds)) if line.difference] == []


@given(journals())
def test_no_entry_is_out_of_balance_by_itself(events: list[Event]) -> None:
    for entry in fold(Ledger(), rows_of(events)).entries():
        for asset in dict.fromkeys(posting.asset for posting in entry.postings):
            assert sum(posting.amount for posting in entry.postings if posting.asset == asset) == 0


@given(journals())
def test_fills_that_are_all_reversed_leave_nothing_behind(events: list[Event]) -> None:
    fills = [event for event in events if isinstance(event, chain.VaultFilled | chain.FillUnvalued)]
    values = [event for event in events if isinstance(event, chain.FillValued)]
    ledger = fold(Ledger(), rows_of([*fills, *values, *(reversal(event) for event in fills)]))
    assert balances(ledger) == {}


@given(journals())
def test_profit_and_loss_agrees_with_the_ledger(events: list[Event]) -> None:
    ledger, pnl = Ledger(), Pnl()
    fold_all((ledger, pnl), rows_of(events))
    found = audit(ledger, pnl)
    assert (found.unbalanced, found.cost_differences) == ((), {})
    for line in found.lines:
        assert line.qty_difference == 0
        assert line.refused == 0
        assert line.cash_difference is None or abs(line.cash_difference) <= TOLERANCE_USD


@given(journals())
def test_a_second_log_under_the_same_key_can_be_booked_after_the_first_was_reversed(events: list[Event]) -> None:
    fills = [event for event in events if isinstance(event, chain.VaultFilled)]
    once = fold(Ledger(), rows_of(fills))
    again = fold(Ledger(), rows_of([step for event in fills for step in (event, reversal(event), event)]))
    assert balances(again) == balances(once)
