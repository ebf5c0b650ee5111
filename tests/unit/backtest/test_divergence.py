"""What was traded differs from what was simulated by causes that add up."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from flatbook.backtest.divergence import Cause, Divergence, divergence_of
from flatbook.backtest.tape_file import memory_tape
from flatbook.events.event import Event
from flatbook.events.orders import Fee, OrderIntended, OrderStyle
from flatbook.values.ids import AccountId, InstrumentId, OrderId, OwnerId, Underlying
from flatbook.values.instants import Instant
from flatbook.values.instruments import Product, Side
from flatbook.values.money import Money, Price, Quantity
from tests.unit.backtest.scenes import PERP, SPOT
from tests.unit.backtest.test_report import USDT, fill, quote

S = 10**9
QUOTES = [quote(S, 0, 999, 1001), *(quote(at * S, 0, 1009, 1011) for at in (4, 30, 200))]
TAPE = memory_tape(QUOTES, (PERP, SPOT))


def order(at: int, *, qty: str = "0", price: str = "99", fee: str = "0") -> list[Event]:
    """An order that was decided at an instant, and its execution where a quantity is named."""
    order_id = OrderId(f"x{at}")
    intended = OrderIntended(
        order_id=order_id,
        owner=OwnerId("grid"),
        account=AccountId("paper"),
        instrument=InstrumentId(PERP.id),
        underlying=Underlying("BTC"),
        side=Side.BUY,
        qty=Quantity(Decimal(9)),
        limit=Price(Decimal(99)),
        contract_size=Decimal(1),
        reduce_only=False,
        style=OrderStyle.POST_ONLY,
        product=Product.LINEAR_PERP,
        slot=None,
        together=None,
        because=None,
        evidence=None,
        decided_at=Instant(at),
        good_until=Instant(at + S),
    )  # fmt: skip
    if qty == "0":
        return [intended]
    costs = Fee(asset=USDT, amount=Money(Decimal(fee)))
    return [intended, replace(fill(Side.BUY, qty, price, at=at + S, fee=costs), order_id=order_id)]


def compared(traded: list[Event], simulated: list[Event]) -> Divergence:
    found = divergence_of(traded, simulated, TAPE, {})
    assert found.is_explained
    return found


def causes(found: Divergence) -> list[tuple[Cause, Decimal]]:
    return [(each.cause, each.amount) for each in found.differences]


def test_two_sides_that_did_the_same_do_not_differ() -> None:
    found = compared(order(2 * S, qty="1"), order(2 * S + 7, qty="1"))
    assert (found.differences, found.orders_matched, found.delays_ns) == ((), 1, (-7,))


def test_less_filled_at_the_same_price_is_the_queue() -> None:
    found = compared(order(2 * S), order(2 * S, qty="2"))
    assert causes(found) == [(Cause.QUEUE, Decimal(-2))]
    assert (found.differences[0].traded_qty, found.differences[0].simulated_qty) == (0, 2)


def test_another_price_of_the_same_order_is_latency_and_another_fee_the_fees() -> None:
    found = compared(order(2 * S, qty="1", price="99.5", fee="0.2"), order(2 * S, qty="1", price="99", fee="0.1"))
    assert causes(found) == [(Cause.LATENCY, Decimal("-0.5")), (Cause.FEES, Decimal("-0.1"))]


def test_what_only_the_simulator_filled_was_missed() -> None:
    found = compared([], order(2 * S, qty="3"))
    assert causes(found) == [(Cause.MISSED_FILLS, Decimal(-3))]


def test_what_only_we_traded_is_latency_or_a_gap_of_the_recording() -> None:
    found = compared(order(2 * S, qty="1") + order(50 * S, qty="1"), [])
    assert causes(found) == [(Cause.LATENCY, Decimal(1)), (Cause.DATA_GAPS, Decimal(2))]


def test_orders_outside_the_window_of_the_tape_are_not_compared() -> None:
    assert compared(order(300 * S, qty="1"), []).orders_traded == 0


def test_orders_far_apart_in_time_are_not_the_same_order() -> None:
    found = compared(order(2 * S, qty="1"), order(20 * S, qty="1"))
    assert {cause for cause, _ in causes(found)} == {Cause.LATENCY, Cause.MISSED_FILLS}


def test_an_instrument_may_have_another_name_on_the_tape() -> None:
    ours = [replace(event, instrument=InstrumentId("desk-perp")) for event in order(2 * S, qty="1")]
    found = divergence_of(ours, order(2 * S, qty="1"), TAPE, {InstrumentId("desk-perp"): InstrumentId(PERP.id)})
    assert (found.differences, found.orders_matched) == ((), 1)


Side_ = list[tuple[int, str, str, str]]
Sides = st.lists(
    st.tuples(
        st.integers(1, 100),
        st.sampled_from(["0", "1", "2.5"]),
        st.sampled_from(["98.5", "99"]),
        st.sampled_from(["0", "0.1"]),
    ),
    max_size=8,
    unique_by=lambda each: each[0],
)


@given(Sides, Sides)
def test_causes_always_add_up(traded: Side_, simulated: Side_) -> None:
    sides = [
        [event for at, qty, price, fee in side for event in order(at * S, qty=qty, price=price, fee=fee)]
        for side in (traded, simulated)
    ]
    found = compared(*sides)
    assert sum((found.total(cause) for cause in Cause), Decimal(0)) == found.traded - found.simulated
