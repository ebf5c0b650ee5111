"""Positions in margin: the margin moves by what is realised and by fees, and by nothing else."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from flatbook.engine.realise import realised_from
from flatbook.events.control import STATEMENT_ACCEPTED, BalanceStated
from flatbook.events.orders import OrderFilled, OrderStyle
from flatbook.projections.audit import audit
from flatbook.projections.fold import Recorded
from flatbook.projections.ledger import Ledger, balances
from flatbook.projections.pnl import Pnl
from flatbook.state.fold import apply
from flatbook.state.positions import Entry
from flatbook.strategies.decision import Decision
from flatbook.strategies.quoting import QuoteView
from flatbook.values.ids import AssetId, InstrumentId, Seq
from flatbook.values.instruments import Product, Side
from flatbook.values.money import Money, Price, Quantity
from tests.unit.engine.quote_scene import ACCOUNT, LIMITS, OWNER, USDT, Scene, decision, fee, instrument, place

PERP = instrument(Product.LINEAR_PERP, id=InstrumentId("BTC-PERP"))
HELD = (ACCOUNT, AssetId("BTC-PERP"))
MARGIN = (ACCOUNT, USDT)
HUGE = Decimal(1_000_000)
WIDE = replace(LIMITS, order_notional_usd_max=HUGE, order_qty_max=HUGE, position_max=HUGE, day_loss_usd_max=HUGE)


class Traded(Scene):
    """A desk that trades a perpetual as a test says."""

    def __init__(self) -> None:
        super().__init__(script, PERP, WIDE)
        self.wanted: list[tuple[Side, str]] = []


def script(view: QuoteView, scene: Traded) -> Decision:
    """Places what the test says next, once there is a book."""
    if view.touch(PERP.id) is None or not scene.wanted:
        return decision()
    side, qty = scene.wanted.pop()
    return decision(place(view, 0, side, "100", qty, instrument=PERP, style=OrderStyle.IOC))


def scene_of(*trades: tuple[str, str, str]) -> Traded:
    """Returns a desk that made these trades in a perpetual: side, quantity, price."""
    scene = Traded()
    scene.begin()
    for side, qty, price in trades:
        trade(scene, side, qty, price)
    return scene


def trade(scene: Traded, side: str, qty: str, price: str, **changes: Any) -> OrderFilled:
    """Places an order that executes in full, and returns its execution."""
    scene.wanted = [(Side(side), qty)]
    scene.observe(999, 1001, is_fit=False)
    scene.observe(999, 1001)
    scene.fill(scene.intents()[-1].order_id, qty, price, **changes)
    return next(event for event in reversed(scene.events) if isinstance(event, OrderFilled))


def realised(*trades: tuple[str, str, str]) -> list[str]:
    """Returns what each trade realised."""
    scene = scene_of(*trades)
    return [str(event.realised) for event in scene.events if isinstance(event, OrderFilled)]


@pytest.mark.parametrize(
    ("trades", "expected"),
    [
        ([("buy", "2", "100"), ("sell", "1", "110"), ("sell", "1", "90")], ["0", "10", "-10"]),
        ([("buy", "1", "100"), ("buy", "1", "110"), ("sell", "2", "106")], ["0", "0", "2"]),
        ([("sell", "2", "100"), ("buy", "1", "90"), ("buy", "1", "105")], ["0", "10", "-5"]),
        ([("buy", "1", "100"), ("sell", "3", "110"), ("buy", "2", "100")], ["0", "10", "20"]),
        (
            [("buy", "3", "100"), ("buy", "4", "101"), ("sell", "1", "100"), ("sell", "6", "100")],
            ["0", "0", "-0.571428571428571428", "-3.428571428571428572"],
        ),
    ],
)
def test_what_is_realised_is_the_price_less_the_average_entry(
    trades: list[tuple[str, str, str]], expected: list[str]
) -> None:
    assert [Decimal(each) for each in realised(*trades)] == [Decimal(each) for each in expected]


def test_what_is_realised_has_as_many_decimals_as_its_venue_keeps_cash_with() -> None:
    entry = Entry(qty=Quantity(Decimal("2.7")), cost=Money(Decimal("675.052")))
    part = (Side.SELL, Quantity(Decimal("1.3")), Price(Decimal("250.16")), Decimal(1))
    assert realised_from(entry, *part) == Decimal("0.182962962962962963")
    assert realised_from(entry, *part, cash_decimals=8) == Decimal("0.18296297")


def test_the_margin_moves_by_what_is_realised_and_by_fees_and_the_base_never() -> None:
    scene = scene_of(("buy", "2", "100"))
    assert scene.state.balances == {HELD: Decimal(2)}
    trade(scene, "sell", "1", "110", fees=(fee(USDT, "0.05"),))
    assert scene.state.balances == {HELD: Decimal(1), MARGIN: Decimal("9.95")}
    entry = scene.state.entries[ACCOUNT, PERP.id]
    assert (entry.qty, entry.cost) == (Decimal(1), Decimal(100))
    trade(scene, "sell", "1", "100")
    assert scene.state.entries == {}
    assert scene.state.balances == {HELD: Decimal(0), MARGIN: Decimal("9.95")}


def test_what_the_venue_says_it_realised_is_booked_as_it_says() -> None:
    scene = scene_of(("buy", "3", "100"))
    event = trade(scene, "sell", "1", "110", realised=Money(Decimal("9.99")))
    assert event.realised == Decimal("9.99")
    assert scene.state.entries[ACCOUNT, PERP.id].cost == Decimal("199.99")


@pytest.mark.parametrize(
    ("held", "entered"), [("3", ("3", "301.5")), ("1", ("1", "100.5")), ("-2", ("-2", "-201")), ("0", None)]
)
def test_what_a_statement_says_is_held_was_entered_at_the_average_of_before(
    held: str, entered: tuple[str, str] | None
) -> None:
    scene = scene_of(("buy", "1", "100"), ("buy", "1", "101"))
    change = Quantity(Decimal(held) - 2)
    stated = BalanceStated(
        account=ACCOUNT, asset=HELD[1], change=change, reason=STATEMENT_ACCEPTED, stated_at=scene.now
    )
    state = apply(scene.state, stated)
    entry = state.entries.get((ACCOUNT, PERP.id))
    assert state.balances[HELD] == Decimal(held)
    found = None if entry is None else (entry.qty, entry.cost)
    assert found == (None if entered is None else (Decimal(entered[0]), Decimal(entered[1])))


def test_the_ledger_keeps_what_a_position_was_entered_at_and_agrees_with_profit_and_loss() -> None:
    scene = scene_of(("buy", "2", "100"), ("sell", "3", "110"), ("buy", "0.5", "120"))
    ledger, pnl = Ledger(), Pnl()
    for number, event in enumerate(scene.events, 1):
        item = Recorded(seq=Seq(number), event=event, at=scene.now)
        ledger.apply(item)
        pnl.apply(item)
    sums = balances(ledger)
    entry = scene.state.entries[ACCOUNT, PERP.id]
    assert sums["entered:exchange:BTC-PERP", USDT] == -entry.cost == Decimal(55)  # type: ignore[index]
    assert sums["holdings:exchange:free", USDT] == scene.state.balances[MARGIN] == Decimal(15)  # type: ignore[index]
    assert sums["holdings:exchange:free", HELD[1]] == scene.state.balances[HELD] == Decimal("-0.5")  # type: ignore[index]
    found = audit(ledger, pnl)
    assert found.is_sound, found


TRADES = st.lists(
    st.tuples(
        st.sampled_from(["buy", "sell"]),
        st.integers(1, 40).map(lambda lots: str(Decimal(lots) * Decimal("0.1"))),
        st.integers(950, 1_050).map(lambda ticks: str(ticks * Decimal("0.1"))),
    ),
    max_size=8,
)


@given(TRADES)
def test_all_that_is_realised_of_a_closed_position_is_what_its_trades_brought(
    trades: list[tuple[str, str, str]],
) -> None:
    held = sum((Decimal(qty) * Side(side).sign for side, qty, _ in trades), Decimal(0))
    closing = [("sell" if held > 0 else "buy", str(abs(held)), "100")] if held else []
    scene = scene_of(*trades, *closing)
    brought = sum(
        (-Side(side).sign * Decimal(qty) * Decimal(price) for side, qty, price in (*trades, *closing)), Decimal(0)
    )
    assert scene.state.balances.get(MARGIN, Decimal(0)) == brought
    assert scene.state.entries == {}
    assert scene.state.positions.net(OWNER, PERP.underlying).known == 0
