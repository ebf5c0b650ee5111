"""Live orders in the table are, after whatever was kept, canceled and ended, those of a list in order of age."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from flatbook.backtest.kernel import desk_table as desk
from flatbook.backtest.kernel.live_orders import keep_order, let_go, order_row, unlink
from flatbook.backtest.kernel.tables import ORDERS_MAX, Longs

FIRST, SECOND = desk.S0, desk.S0 + 1
BOTH = (FIRST, SECOND)


class Live(NamedTuple):
    """An order as a list would keep it."""

    number: int
    standing: int
    sign: int
    price: int
    lots: int
    is_going: bool = False


def keep(d: Longs, each: Live, *, now: int = 7) -> None:
    """Keeps an order, as one that is sent."""
    wish = np.zeros(desk.DESK_WIDTH, np.int64)
    for column, value in (
        (desk.W_NUMBER, each.number),
        (desk.W_STANDING, each.standing),
        (desk.W_COUNTED, 3),
        (desk.W_SIGN, each.sign),
        (desk.W_PRICE, each.price),
        (desk.W_LOTS, each.lots),
        (desk.W_DECIMALS, 2),
        (desk.W_NOW, now),
    ):
        wish[column] = value
    keep_order(d, wish)


def by_age(d: Longs, standing: int) -> list[int]:
    """Returns the numbers of the orders of a standing, the oldest first, as they hang together both ways."""
    found, row, before = [], d[standing, desk.FIRST], 0
    while row:
        assert d[row, desk.BEFORE] == before
        found.append(int(d[row, desk.O_NUMBER]))
        before, row = row, d[row, desk.NEXT]
    assert d[standing, desk.FINAL_ONE] == before
    return found


@given(
    orders=st.lists(
        st.builds(
            Live,
            number=st.builds(lambda low, lap: low + lap * ORDERS_MAX, st.integers(1, 4), st.integers(0, 3)),
            standing=st.sampled_from(BOTH),
            sign=st.sampled_from((1, -1)),
            price=st.integers(1, 9),
            lots=st.integers(1, 5),
            is_going=st.just(False),
        ),
        unique_by=lambda order: order.number,
        min_size=1,
        max_size=10,
    ),
    acts=st.lists(st.tuples(st.sampled_from(("keep", "cancel", "end")), st.integers(0, 9)), max_size=25),
)
def test_the_table_says_what_a_list_of_orders_says(orders: list[Live], acts: list[tuple[str, int]]) -> None:
    """Numbers that are ORDERS_MAX apart fall to the same row."""
    d, live, changes = desk.new_desk_table(), dict[int, Live](), dict.fromkeys(BOTH, 0)
    for act, place in acts:
        order = orders[place % len(orders)]
        number, row = order.number, order_row(d, order.number)
        assert (row >= 0) == (number in live)
        if act == "keep" and number not in live:
            keep(d, order)
            live[number] = order
        elif act == "cancel" and number in live and not live[number].is_going:
            let_go(d, row, 11)
            live[number] = live[number]._replace(is_going=True)
        elif act == "end" and number in live:
            unlink(d, row, order.standing)
            del live[number]
        else:
            continue
        changes[order.standing] += 1
        for standing in BOTH:
            own = [each for each in live.values() if each.standing == standing]
            resting = [each for each in own if not each.is_going]
            assert by_age(d, standing) == [each.number for each in own]
            assert d[standing, desk.LIVE] == len(own)
            assert d[standing, desk.CHANGES] == changes[standing]
            highest = max((each.price for each in resting if each.sign > 0), default=-desk.NOTHING)
            lowest = min((each.price for each in resting if each.sign < 0), default=desk.NOTHING)
            assert (d[standing, desk.HIGH_BUY], d[standing, desk.LOW_SELL]) == (highest, lowest)
        assert d[desk.DESK_ROW, desk.ALIVE] == len(live)


def test_what_is_sent_counts_until_it_is_executed_or_over() -> None:
    d = desk.new_desk_table()
    keep(d, Live(1, FIRST, sign=1, price=100, lots=5))
    keep(d, Live(2, FIRST, sign=1, price=101, lots=7))
    keep(d, Live(3, FIRST, sign=-1, price=103, lots=2))
    assert (d[FIRST, desk.BUY_LEAVES], d[FIRST, desk.SELL_LEAVES]) == (12, 2)
    let_go(d, order_row(d, 2), 8)
    assert (d[FIRST, desk.BUY_LEAVES], d[FIRST, desk.HIGH_BUY]) == (12, 100)


def test_an_order_is_kept_as_one_of_which_nothing_was_heard() -> None:
    d = desk.new_desk_table()
    keep(d, Live(5, SECOND, sign=-1, price=103, lots=2), now=40)
    row = d[order_row(d, 5)]
    columns = (desk.STANDING, desk.COUNTED, desk.O_SIGN, desk.O_PRICE, desk.LOTS, desk.QTY_DECIMALS)
    assert [int(row[column]) for column in columns] == [SECOND, 3, -1, 103, 2, 2]
    heard = (desk.STATUS, desk.FILLED_LOTS, desk.PENDING, desk.ATTEMPT, desk.CANCEL_AT, desk.CHANGED_AT, desk.O_CHANGES)
    assert [int(row[column]) for column in heard] == [desk.INTENDED, 0, 0, 0, 0, 40, 0]


def test_a_cancel_changes_the_status_of_what_was_accepted_only() -> None:
    d = desk.new_desk_table()
    for number in (1, 2):
        keep(d, Live(number, FIRST, sign=1, price=100, lots=5))
    first, second = (order_row(d, number) for number in (1, 2))
    d[second, desk.STATUS] = desk.ACCEPTED
    let_go(d, first, 50)
    let_go(d, second, 60)
    told = (desk.STATUS, desk.PENDING, desk.ATTEMPT, desk.CANCEL_AT, desk.CHANGED_AT, desk.O_CHANGES)
    assert [int(d[first, column]) for column in told] == [desk.INTENDED, 1, 1, 50, 50, 1]
    assert [int(d[second, column]) for column in told] == [desk.CANCELING, 1, 1, 60, 60, 1]


def test_a_row_that_was_left_is_used_again_and_those_behind_it_are_still_found() -> None:
    d = desk.new_desk_table()
    numbers = [1, 1 + ORDERS_MAX, 1 + 2 * ORDERS_MAX]
    for number in numbers:
        keep(d, Live(number, FIRST, sign=1, price=100, lots=5))
    rows = [order_row(d, number) for number in numbers]
    assert rows == [desk.D0 + 1, desk.FAR_ROWS + 1, desk.FAR_ROWS + 2]
    unlink(d, rows[0], FIRST)
    assert [order_row(d, number) for number in numbers] == [-1, *rows[1:]]
    keep(d, Live(1 + 3 * ORDERS_MAX, FIRST, sign=1, price=100, lots=5))
    assert order_row(d, 1 + 3 * ORDERS_MAX) == rows[0]
    assert by_age(d, FIRST) == [*numbers[1:], 1 + 3 * ORDERS_MAX]


def test_orders_that_have_ended_are_noted_until_there_is_no_more_room() -> None:
    d = desk.new_desk_table()
    for number in range(1, desk.GONE_MAX + 3):
        keep(d, Live(number, FIRST, sign=1, price=100, lots=5))
        unlink(d, order_row(d, number), FIRST)
    assert d[desk.DESK_ROW, desk.GONE] == desk.GONE_MAX
    assert d[desk.K0 :].reshape(-1).tolist() == list(range(1, desk.GONE_MAX + 1))
