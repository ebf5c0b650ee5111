"""What was traded differs from what was simulated by causes that add up.

The middle stands at 100 from the first second, at 101 from the fourth; nothing is recorded between 30 s and 200 s. An
order asks for 9 at 99 unless it says otherwise, and is executed a second after it was decided.
"""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from flatbook.backtest.compared_orders import Scope, Window, collected
from flatbook.backtest.divergence import Cause, Divergence, divergence_of
from flatbook.backtest.tape_file import memory_tape
from flatbook.events.event import Event
from flatbook.events.orders import Fee, OrderDone, OrderEnd, OrderIntended, OrderStyle
from flatbook.values.ids import AccountId, InstrumentId, OrderId, OwnerId, Underlying
from flatbook.values.instants import Instant
from flatbook.values.instruments import Product, Side
from flatbook.values.money import Money, Price, Quantity
from tests.unit.backtest.scenes import PERP, SPOT
from tests.unit.backtest.test_report import USDT, fill, quote

S = 10**9
QUOTES = [quote(S, 0, 999, 1001), *(quote(at * S, 0, 1009, 1011) for at in (4, 30, 200))]
TAPE = memory_tape(QUOTES, (PERP, SPOT))
WINDOW = Window(Instant(S), Instant(200 * S))
OURS = InstrumentId(PERP.id)
SCOPE = Scope({OURS: OURS})


def order(
    at: int, *, qty: str = "0", price: str = "99", fee: str = "0", limit: str = "99", asked: str = "9"
) -> list[Event]:
    """An order that was decided at an instant, and its execution where a quantity is named."""
    order_id = OrderId(f"x{at}")
    intended = OrderIntended(
        order_id=order_id,
        owner=OwnerId("grid"),
        account=AccountId("paper"),
        instrument=OURS,
        underlying=Underlying("BTC"),
        side=Side.BUY,
        qty=Quantity(Decimal(asked)),
        limit=Price(Decimal(limit)),
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
    return [intended] if qty == "0" else [intended, executed(order_id, qty, price, at=at + S, fee=fee)]


def executed(order_id: OrderId, qty: str, price: str, *, at: int, fee: str = "0") -> Event:
    costs = Fee(asset=USDT, amount=Money(Decimal(fee)))
    return replace(fill(Side.BUY, qty, price, at=at, fee=costs), order_id=order_id)


def canceled(at: int, *, after: int) -> Event:
    times = {"happened_at": Instant(after), "seen_at": Instant(after)}
    return OrderDone(order_id=OrderId(f"x{at}"), end=OrderEnd.CANCELED, filled_qty=Quantity(Decimal(0)), **times)


def compared(
    traded: list[Event], simulated: list[Event], *, window: Window = WINDOW, scope: Scope = SCOPE
) -> Divergence:
    ours, theirs = collected(traded, window, scope), collected(simulated, window, SCOPE)
    found = divergence_of(ours, theirs, TAPE, window)
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


def test_an_order_at_another_limit_differs_by_its_price_and_its_fee() -> None:
    ours = order(2 * S, qty="2", price="99.2", limit="99.2", fee="0.3")
    found = compared(ours, order(3 * S, qty="2", fee="0.1"))
    assert causes(found) == [(Cause.PRICE, Decimal("-0.4")), (Cause.FEES, Decimal("-0.2"))]
    assert (found.orders_matched, found.orders_near, found.delays_ns) == (0, 1, ())


def test_an_order_that_was_filled_because_it_stood_at_another_price_differs_by_all_that_it_brought() -> None:
    found = compared(order(2 * S, qty="2", price="99.4", limit="99.4", fee="0.2"), order(2 * S))
    assert causes(found) == [(Cause.PRICE, Decimal("1.0"))]


def test_the_nearest_price_is_the_other_one_and_none_beyond_half_a_percent() -> None:
    theirs = order(2 * S, qty="1", limit="98.9") + order(2 * S + 1, qty="1", limit="98.6")
    near = compared(order(3 * S, limit="99"), theirs)
    assert [(each.simulated, each.cause) for each in near.differences] == [
        ("x2000000000", Cause.PRICE),
        ("x2000000001", Cause.MISSED_FILLS),
    ]
    assert [each.cause for each in compared(order(2 * S, limit="98.5"), order(2 * S, qty="1")).differences] == [
        Cause.MISSED_FILLS
    ]


def test_an_order_of_another_size_that_was_filled_whole_differs_by_its_size() -> None:
    found = compared(order(2 * S, qty="2", asked="2"), order(2 * S, qty="5", asked="5"))
    assert causes(found) == [(Cause.SIZE, Decimal(-3))]


def test_a_smaller_order_that_was_not_filled_whole_stood_elsewhere_in_the_queue() -> None:
    found = compared(order(2 * S, qty="1", asked="2"), order(2 * S, qty="5", asked="5"))
    assert causes(found) == [(Cause.QUEUE, Decimal(-4))]


def test_what_only_we_traded_is_latency_or_a_gap_of_the_recording() -> None:
    found = compared(order(2 * S, qty="1") + order(50 * S, qty="1"), [])
    assert causes(found) == [(Cause.LATENCY, Decimal(1)), (Cause.DATA_GAPS, Decimal(2))]


def test_a_pair_of_which_ours_was_filled_while_nothing_was_recorded_differs_by_the_gap() -> None:
    found = compared(order(50 * S, qty="1"), order(50 * S))
    assert causes(found) == [(Cause.DATA_GAPS, Decimal(2))]


def test_orders_outside_the_window_are_not_compared_on_either_side() -> None:
    late = order(20 * S, qty="1")
    assert compared(order(300 * S, qty="1"), []).orders_traded == 0
    found = compared(
        order(2 * S, qty="1") + late, order(2 * S, qty="1") + late, window=Window(Instant(S), Instant(9 * S))
    )
    assert (found.orders_traded, found.orders_simulated, found.simulated) == (1, 1, 1)


def test_what_was_executed_after_the_window_is_not_compared() -> None:
    found = compared(order(2 * S, qty="1"), order(2 * S), window=Window(Instant(S), Instant(3 * S - 1)))
    assert (found.orders_matched, found.differences) == (1, ())


def test_an_order_that_stood_when_the_window_began_is_that_of_its_begin() -> None:
    before = [*order(S, asked="9"), executed(OrderId(f"x{S}"), "4", "99", at=S + 5)]
    ours = [*before, executed(OrderId(f"x{S}"), "5", "99", at=21 * S)]
    found = compared(ours, order(20 * S, qty="5", asked="5"), window=Window(Instant(20 * S), Instant(29 * S)))
    assert (found.orders_matched, found.differences, found.traded) == (1, (), 10)


def test_what_stood_before_the_window_and_has_no_other_is_what_the_recording_lacks() -> None:
    ours = [*order(S), executed(OrderId(f"x{S}"), "1", "99", at=21 * S)]
    window = Window(Instant(20 * S), Instant(29 * S))
    assert causes(compared(ours, [], window=window)) == [(Cause.DATA_GAPS, Decimal(2))]


def test_what_had_ended_before_the_window_is_not_compared() -> None:
    window = Window(Instant(20 * S), Instant(29 * S))
    assert compared([*order(S), canceled(S, after=19 * S)], [], window=window).orders_traded == 0
    assert compared(order(S, qty="9"), [], window=window).orders_traded == 0


def test_orders_far_apart_in_time_are_not_the_same_order() -> None:
    found = compared(order(2 * S, qty="1"), order(20 * S, qty="1"))
    assert {cause for cause, _ in causes(found)} == {Cause.LATENCY, Cause.MISSED_FILLS}


def test_an_instrument_may_have_another_name_on_the_tape() -> None:
    ours = [replace(event, instrument=InstrumentId("desk-perp")) for event in order(2 * S, qty="1")]
    found = compared(ours, order(2 * S, qty="1"), scope=Scope({InstrumentId("desk-perp"): OURS}))
    assert (found.differences, found.orders_matched, found.orders_elsewhere) == ((), 1, 0)


def test_what_the_tape_has_not_and_what_others_own_is_counted_and_not_compared() -> None:
    shares = [replace(event, instrument=InstrumentId("COIN/USD")) for event in order(2 * S, qty="1")]
    found = compared(shares + order(3 * S, qty="1"), order(3 * S, qty="1"))
    assert (found.orders_traded, found.orders_elsewhere, found.differences) == (1, 1, ())
    of_others = compared(order(3 * S, qty="1"), [], scope=Scope({OURS: OURS}, (OwnerId("other"),)))
    assert (of_others.orders_traded, of_others.orders_elsewhere) == (0, 1)


Side_ = list[tuple[int, str, str, str, str, str]]
Sides = st.lists(
    st.tuples(
        st.integers(1, 100),
        st.sampled_from(["0", "1", "2.5"]),
        st.sampled_from(["98.5", "99"]),
        st.sampled_from(["0", "0.1"]),
        st.sampled_from(["99", "98.9"]),
        st.sampled_from(["1", "2.5", "9"]),
    ),
    max_size=8,
    unique_by=lambda each: each[0],
)


@given(Sides, Sides)
def test_causes_always_add_up(traded: Side_, simulated: Side_) -> None:
    sides = [
        [
            event
            for at, qty, price, fee, limit, asked in side
            for event in order(at * S, qty=qty, price=price, fee=fee, limit=limit, asked=asked)
        ]
        for side in (traded, simulated)
    ]
    found = compared(*sides)
    assert sum((found.total(cause) for cause in Cause), Decimal(0)) == found.traded - found.simulated
