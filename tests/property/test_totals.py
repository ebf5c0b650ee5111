"""Running totals, in any order and any number of times, are booked once, to the last digit of cash."""

from __future__ import annotations

from decimal import Decimal

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from flatbook.engine.ports import FillSource
from flatbook.engine.reports import FillTotal, OrderReport
from flatbook.events.orders import Fee, OrderFilled
from flatbook.values.ids import AssetId
from flatbook.values.instants import later
from flatbook.values.money import Money, Quantity
from tests.depth import examples
from tests.desk import PAPER
from tests.unit.engine.scene import START, Bench, report
from tests.unit.state.scene import USD

BNB = AssetId("BNB")


def totals_bench() -> Bench:
    """Returns a desk whose venue states running totals, with a buy of ten that works there."""
    bench = Bench()
    card = msgspec.structs.replace(bench.rules.cards[PAPER], fill_source=FillSource.TOTALS)
    bench.rules = msgspec.structs.replace(bench.rules, cards={PAPER: card})
    return bench


def total(order_id: str, filled: str, notional: str, number: int, *, fee: str = "0", coin: str = "0") -> OrderReport:
    """Returns what a venue states of a buy of ten: the n-th report of it, with its fees in cash and in a coin."""
    fees = tuple(Fee(asset=asset, amount=Money(Decimal(text))) for asset, text in ((USD, fee), (BNB, coin)))
    shown = report(order_id, "filled" if filled == "10" else "open", filled=filled, happened_at=later(START, ms=number))
    return msgspec.structs.replace(shown, total=FillTotal(notional=Money(Decimal(notional)), fees=fees))


@st.composite
def lives(draw: st.DrawFn) -> tuple[list[tuple[str, str, str, str]], list[int]]:
    """Returns rising totals up to the whole order, and the order in which their reports come, some twice."""
    parts = draw(st.lists(st.integers(1, 9_999), min_size=0, max_size=5, unique=True))
    filled = [Decimal(part).scaleb(-3) for part in sorted(parts)]
    rising, notional, fee, coin, before = [], Decimal(0), Decimal(0), Decimal(0), Decimal(0)
    for qty in [*filled, Decimal(10)]:
        cents = draw(st.integers(20_000, 30_000))
        notional += (qty - before) * Decimal(cents).scaleb(-2) + Decimal(draw(st.integers(0, 999))).scaleb(-9)
        fee += Decimal(draw(st.integers(0, 500))).scaleb(-4)
        coin += Decimal(draw(st.integers(0, 500))).scaleb(-8)
        rising.append((f"{qty:f}", f"{notional:f}", f"{fee:f}", f"{coin:f}"))
        before = qty
    order = draw(st.permutations(range(len(rising))))
    repeats = draw(st.lists(st.sampled_from(range(len(rising))), max_size=5))
    return rising, [*order, *repeats]


@settings(max_examples=examples(150), deadline=None)
@given(life=lives())
def test_any_order_and_any_repeats_of_totals_book_the_same_shares_and_cash(
    life: tuple[list[tuple[str, str, str, str]], list[int]],
) -> None:
    rising, order = life
    bench = totals_bench()
    order_id = bench.working("10")
    for number in order:
        filled, notional, fee, coin = rising[number]
        bench.report(total(order_id, filled, notional, number, fee=fee, coin=coin))
    filled, notional, fee, coin = rising[-1]
    assert bench.order(order_id).filled == 10
    assert bench.status(order_id) == "filled"
    assert bench.state.balances[PAPER, AssetId("COIN")] == 10
    assert bench.state.balances[PAPER, USD] == -Decimal(notional) - Decimal(fee)
    assert bench.state.balances.get((PAPER, BNB), Decimal(0)) == -Decimal(coin)
    assert sum((event.qty for event in bench.events if isinstance(event, OrderFilled)), Decimal(0)) == Quantity(
        Decimal(10)
    )
    assert bench.halted == []
