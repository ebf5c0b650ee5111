"""Laws of profit and loss: arrival does not matter, asking does not matter, and nothing is made from nothing."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from flatbook.events.event import Event
from flatbook.projections.fold import fold
from flatbook.projections.lots import COUNTER_TRADE_NS_MAX, Bucket, Place
from flatbook.projections.pnl import Pnl
from flatbook.projections.results import days_of, open_lots_of, slices_of, totals_of
from flatbook.values.instruments import Side
from tests.property.journals import executions, fills, journals
from tests.unit.projections import scene
from tests.unit.projections.scene import USDC, rows_of

TRADES_MAX = 20


@st.composite
def trades(draw: Any) -> list[Event]:
    """Draws fills and executions whose value is known."""
    numbers = range(draw(st.integers(0, TRADES_MAX)))
    return [scene.mark(USDC, "1", -60), *(draw(st.one_of(fills(number), executions(number))) for number in numbers)]


@given(st.data())
def test_the_order_of_arrival_does_not_matter(data: st.DataObject) -> None:
    events = data.draw(trades())
    shuffled = data.draw(st.permutations(events))
    one, other = fold(Pnl(), rows_of(events)), fold(Pnl(), rows_of(shuffled))
    assert slices_of(one) == slices_of(other)
    assert totals_of(one) == totals_of(other)


@given(journals(), st.integers(0, 20))
def test_asking_in_between_changes_nothing(events: list[Event], first: int) -> None:
    whole = fold(Pnl(), rows_of(events))
    asked = Pnl()
    rows = rows_of(events)
    fold(asked, rows[:first])
    totals_of(asked)
    for row in rows[first:]:
        fold(asked, (row,))
        totals_of(asked)
    assert slices_of(asked) == slices_of(whole)
    assert totals_of(asked) == totals_of(whole)


@given(trades())
def test_duplicates_count_once(events: list[Event]) -> None:
    assert slices_of(fold(Pnl(), rows_of([*events, *events]))) == slices_of(fold(Pnl(), rows_of(events)))


@given(trades())
def test_every_traded_share_is_closed_or_open(events: list[Event]) -> None:
    pnl = fold(Pnl(), rows_of(events))
    traded = sum((fact.qty for underlying in pnl.underlyings() for fact in pnl.trades(underlying)), Decimal(0))
    closed = sum((each.qty for each in slices_of(pnl)), Decimal(0))
    left = sum((each.lot.qty for each in open_lots_of(pnl)), Decimal(0))
    assert traded == 2 * closed + left


@given(trades())
def test_lots_of_both_sides_never_stand_open_together(events: list[Event]) -> None:
    pnl = fold(Pnl(), rows_of(events))
    sides: dict[str, Side] = {}
    for each in open_lots_of(pnl):
        assert sides.setdefault(each.owner, each.lot.side) is each.lot.side


@given(trades())
def test_a_slice_closes_after_it_opened_and_its_bucket_follows_from_its_sides(events: list[Event]) -> None:
    for each in slices_of(fold(Pnl(), rows_of(events))):
        assert each.opened_at <= each.closed_at
        hedged = (each.opening_place, each.closing_place) == (Place.ONCHAIN, Place.OFFCHAIN)
        prompt = each.closed_at - each.opened_at <= COUNTER_TRADE_NS_MAX
        assert (each.bucket is Bucket.COUNTER_TRADE) == (hedged and prompt)
        assert each.delayed == (hedged and not prompt)


@given(journals())
def test_days_add_up_to_the_whole(events: list[Event]) -> None:
    pnl = fold(Pnl(), rows_of(events))
    days, whole = days_of(pnl), totals_of(pnl)
    assert sum((line.totals.net for line in days), Decimal(0)) == whole.net
    assert sum(line.totals.missing for line in days) == whole.missing
    assert not days or days[-1].running_net == whole.net
