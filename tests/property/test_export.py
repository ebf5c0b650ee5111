"""Laws of the export: whatever a journal holds, the rows of each table add up to what the ledger says."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flatbook.events import chain, orders
from flatbook.events.activities import AccountActivityBooked
from flatbook.events.event import Event
from flatbook.events.fees import is_in_kind
from flatbook.projections.export import TABLES, Export, Window
from flatbook.projections.fold import fold, recorded
from flatbook.projections.ledger import Ledger, balances
from flatbook.values.instruments import Side
from tests.property.journals import journals
from tests.unit.projections.scene import at, fill, reversal, rows_of

seconds = st.none() | st.integers(-10, 420)


def drawn(name: str, events: list[Event], window: Window) -> Export:
    export = Export(TABLES[name], window, checked=True)
    for line in export.lines(recorded(rows_of(events))):
        assert len(line.values) == len(TABLES[name].columns)
    return export


@pytest.mark.parametrize("name", TABLES)
@given(events=journals(), since=seconds, until=seconds)
def test_the_rows_of_any_window_add_up_to_the_ledger(
    name: str, events: list[Event], since: int | None, until: int | None
) -> None:
    window = Window(since=None if since is None else at(since), until=None if until is None else at(until))
    export = drawn(name, events, window)
    assert [total for total in export.totals() if total.difference] == []


@given(journals())
def test_every_event_that_moved_an_asset_has_its_row(events: list[Event]) -> None:
    kinds = Counter(type(event) for event in events)
    everything = Window()
    assert drawn("fills", events, everything).rows == sum(
        kinds[kind] for kind in (chain.VaultFilled, chain.FillSkipped, chain.FillUnvalued)
    )
    assert drawn("hedges", events, everything).rows == kinds[orders.OrderFilled] + kinds[orders.ForeignFilled]
    assert drawn("gas", events, everything).rows == kinds[chain.GasSpent]
    assert drawn("activities", events, everything).rows == kinds[AccountActivityBooked]
    assert drawn("reversals", events, everything).rows == kinds[chain.FillReversed]


def test_a_reversal_that_stands_twice_in_a_journal_is_one_row() -> None:
    sold = fill(1, Side.SELL, "1", "250", 0)
    export = drawn("reversals", [sold, reversal(sold), reversal(sold)], Window())
    assert export.rows == 1
    assert [(total.asset, total.difference) for total in export.totals()] == [("USDC", 0), ("wtCOIN", 0)]


@given(journals())
def test_two_windows_that_meet_hold_every_row_once(events: list[Event]) -> None:
    for name in TABLES:
        whole = drawn(name, events, Window()).rows
        parts = drawn(name, events, Window(until=at(200))).rows + drawn(name, events, Window(since=at(200))).rows
        assert parts == whole


@given(journals())
def test_fills_and_reversals_and_hedges_together_are_what_trades_left_in_the_accounts(events: list[Event]) -> None:
    moved: Counter[str] = Counter()
    for name, sign in (("fills", 1), ("reversals", 1), ("hedges", 1), ("gas", -1), ("activities", 1)):
        for total in drawn(name, events, Window()).totals():
            moved[total.asset] += total.rows * sign  # type: ignore[assignment]
    for executed in (event for event in events if isinstance(event, orders.OrderFilled)):
        for fee in executed.fees:
            if not is_in_kind(executed, fee):
                moved[fee.asset] -= fee.amount  # type: ignore[assignment]
    held: Counter[str] = Counter()
    stated = [event for event in events if type(event).__name__ == "BalanceStated"]
    for (account, asset), amount in balances(fold(Ledger(), rows_of(events))).items():
        if account.startswith("holdings:"):
            held[asset] += amount  # type: ignore[assignment]
    for event in stated:
        held[event.asset] -= event.change  # type: ignore[attr-defined]
    assert {asset: amount for asset, amount in moved.items() if amount} == {
        asset: amount for asset, amount in held.items() if amount
    }
