"""Facts of a venue and of a chain in any order, any number of times, by any road: the books are those of their set."""

from __future__ import annotations

from decimal import Decimal

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from flatbook.engine.inputs import ExecutionsRead, FindAnswered, Item, OrderReported
from flatbook.engine.ports import ChainRead
from flatbook.engine.reports import Execution
from flatbook.events.event import Event
from flatbook.events.orders import Fee
from flatbook.state.desk import State
from flatbook.state.exposure import exposure_of
from flatbook.state.fold import apply
from flatbook.values.ids import UNASSIGNED, AssetId
from flatbook.values.instants import later
from flatbook.values.instruments import Side
from flatbook.values.money import Money, Price
from tests.depth import examples
from tests.desk import CHAIN, COIN, OWNER, PAPER, USDC
from tests.unit.engine.scene import START, Bench, execution, report, statement
from tests.unit.state.scene import intended, marked, skipped, unvalued, valued, vault_filled

ORDERS = {"fb1": ("buy", "10"), "fb2": ("sell", "6"), "fb3": ("buy", "3")}
FEES = (
    Fee(asset=AssetId("USD"), amount=Money(Decimal("0.013"))),
    Fee(asset=AssetId("BNB"), amount=Money(Decimal("1E-9"))),
)

EXECUTIONS = st.lists(
    st.builds(
        lambda number, order_id, size, cents, seconds, fee: msgspec.structs.replace(
            execution(size, number, order_id=order_id, at=later(START, seconds=seconds)),
            side=Side.SELL if order_id == "fb2" else Side.BUY,
            price=Price(Decimal(cents).scaleb(-2)),
            fees=FEES if fee else (),
        ),
        st.integers(1, 10**6),
        st.sampled_from(["fb1", "fb2", "fb3", None]),
        st.sampled_from(["0.001", "1", "2.5", "6", "10"]),
        st.integers(1, 10**6),
        st.one_of(st.integers(-3600, 100), st.integers(-200_000, 0)),
        st.booleans(),
    ),
    min_size=1,
    max_size=8,
    unique_by=lambda each: each.execution_id,
)
ROADS = st.sampled_from(["poll", "report", "find"])


def desk() -> Bench:
    """Returns a desk with three orders, whose strategy is not asked: only facts move it."""
    bench = Bench()
    bench.state_account(statement(later(START, seconds=-7200)))
    for order_id, (side, size) in ORDERS.items():
        apply(bench.state, intended(side, size, order_id, decided_at=START, good_until=later(START, seconds=600)))
    return bench


def carried(fact: Execution, road: str) -> Item:
    """Returns the input by which an execution comes."""
    if road == "poll" or fact.order_id is None:
        return ExecutionsRead(account=PAPER, executions=(fact,), cursor=None)
    size = ORDERS[fact.order_id][1]
    shown = msgspec.structs.replace(report(fact.order_id, size=size), side=fact.side, executions=(fact,))
    if road == "report":
        return OrderReported(account=PAPER, report=shown)
    return FindAnswered(order_id=fact.order_id, asked_at=START, answer=shown)


def books(state: State) -> object:
    """Returns all that the facts determine, without the order in which they came."""
    return (
        {key: row.qty for key, row in state.positions.rows.items()},
        {key: (net.known, net.held, net.unvalued) for key, net in state.positions.nets.items()},
        dict(state.balances),
        {key: (day.day, day.cash_usd, day.qty) for key, day in state.positions.days.items()},
        {order_id: (order.filled, order.leaves, order.is_open) for order_id, order in state.orders.items()},
        [exposure_of(state, key) for key in ((OWNER, COIN), (UNASSIGNED, COIN))],
        dict(state.executions),
    )


@settings(max_examples=examples(150), deadline=None)
@given(EXECUTIONS, st.data())
def test_executions_in_any_order_number_and_road_give_the_same_books(
    facts: list[Execution], data: st.DataObject
) -> None:
    straight = desk()
    for fact in facts:
        straight.take(carried(fact, "report"))
    copies = data.draw(st.lists(st.sampled_from(facts), max_size=8))
    shuffled = data.draw(st.permutations([*facts, *copies]))
    other = desk()
    for fact in shuffled:
        other.take(carried(fact, data.draw(ROADS)))
    assert books(other.state) == books(straight.state)
    booked = sum((fact.qty for fact in facts if fact.order_id == "fb1"), Decimal(0))
    assert other.state.orders[intended().order_id].filled == booked
    assert all(halt.cause.value == "foreign_fill" for halt in other.state.halts.values())


FILLS: list[Event] = [
    vault_filled(1, "sell", "2.5", price="251", seconds=5),
    vault_filled(2, "buy", "0.000000000000000001", seconds=3),
    vault_filled(3, "sell", "7", price="249.99", seconds=4),
    skipped(4),
    unvalued(vault_filled(5, "sell", "1", seconds=1), "1.5"),
    vault_filled(6, "buy", "3", seconds=2),
]


@settings(max_examples=examples(100), deadline=None)
@given(st.permutations(FILLS), st.lists(st.sampled_from(FILLS), max_size=6), st.integers(1, 3), st.booleans())
def test_fills_in_any_order_and_number_and_range_give_the_same_books(
    order: list[Event], copies: list[Event], size: int, value: bool
) -> None:
    states = []
    for events in (FILLS, [*order, *copies]):
        bench = Bench()
        apply(bench.state, marked(USDC, "1"))
        for start in range(0, len(events), size):
            bench.take(ChainRead(source=CHAIN, events=tuple(events[start : start + size]), cursor=str(start)))
        if value:
            late = valued(vault_filled(5, "sell", "1", seconds=1))
            for _ in range(2):
                bench.take(ChainRead(source=CHAIN, events=(late,), cursor="v"))
        states.append(bench.state)
    assert books(states[0]) == books(states[1])
    nets = [state.positions.net(OWNER, COIN) for state in states]
    assert nets[0].last_price == nets[1].last_price == 251
    assert nets[0].hedgeable == nets[1].hedgeable


@given(st.permutations(range(1, 7)), st.integers(1, 6))
def test_a_reorganisation_of_any_depth_leaves_what_stands(order: list[int], first: int) -> None:
    standing = [number for number in order if number < first]
    bench, other = Bench(), Bench()
    for each in (bench, other):
        apply(each.state, marked(USDC, "1"))
    fills = {number: vault_filled(number, "sell", str(number)) for number in order}
    bench.take(ChainRead(source=CHAIN, events=tuple(fills[number] for number in order), cursor="a"))
    bench.take(ChainRead(source=CHAIN, events=(), cursor="b", removed_from=1000 + first))
    other.take(ChainRead(source=CHAIN, events=tuple(fills[number] for number in standing), cursor="a"))
    kept, direct = bench.state, other.state
    assert kept.positions.net(OWNER, COIN).known == direct.positions.net(OWNER, COIN).known == -sum(standing)
    assert {key: value for key, value in kept.balances.items() if value} == {
        key: value for key, value in direct.balances.items() if value
    }
    assert sum(day.cash_usd for day in kept.positions.days.values()) == sum(
        day.cash_usd for day in direct.positions.days.values()
    )
