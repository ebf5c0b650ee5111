"""What is wanted is let through where plain statements of its limits let it, and is written as the codec writes it."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flatbook.backtest.booked import Booked
from flatbook.backtest.kernel import desk_table as desk
from flatbook.backtest.kernel import wishes
from flatbook.backtest.kernel.live_orders import keep_order, order_row
from flatbook.backtest.kernel.tables import HEARD_AT, I0, IS_FIT, SAW_ASK, SAW_BID, Longs, new_table
from flatbook.backtest.pieces import pieces_of, shape_of
from flatbook.events.codec import decode_events, encode_event, gathered
from flatbook.events.orders import CancelIntended, CancelReason, OrderIntended, OrderStyle
from flatbook.journal.memory import MemoryJournal, MemoryStore
from flatbook.values.ids import EventRef, OrderId, OwnerId
from flatbook.values.instants import Instant
from flatbook.values.instruments import Side
from flatbook.values.money import Price, Quantity
from tests.unit.engine.quote_scene import SPOT as TRADED

FIRST, SECOND = desk.S0, desk.S0 + 1
NOW = 1_764_685_800_000_000_000
DAY_NS = 86_400 * 10**9
OWNER, PREFIX = OwnerId("maker"), "fb12abcdefghijklm"
UNIT, UNIT_OVER = 3, 1_000
Sending = tuple[int, int, int]
"""(sign, ticks, lots)"""
sendings = st.tuples(st.sampled_from((1, -1)), st.integers(90, 110), st.integers(1, 9))


def set_row(d: Longs, row: int, **columns: int) -> None:
    for name, value in columns.items():
        d[row, getattr(desk, name)] = value


def ready(**limits: int) -> Longs:
    """Returns a desk with two standings on one instrument, far from limits that are not given, at a touch of 99/101."""
    d = desk.new_desk_table()
    set_row(d, desk.DESK_ROW, DAY=5, DAY_FROM=NOW - 1, DAY_UNTIL=NOW + DAY_NS)
    for row, follows in ((FIRST, SECOND), (SECOND, FIRST)):
        set_row(d, row, UNIT=UNIT, UNIT_OVER=UNIT_OVER, IS_VALUED=1, LOOK_BID=99, LOOK_ASK=101, NEXT_ON=follows)
        set_row(d, row, LOTS_EACH=1_000, POSITION_MAX=1_000, NOTIONAL_MAX=10**9, OPEN_MAX=100)
        set_row(d, row, CAN_LOSE=1, LOSS=1_000, TICK=1, TICK_DECIMALS=1)
    set_row(d, FIRST, **limits)
    return d


def want(d: Longs, *wanted: Sending, standing: int = FIRST) -> None:
    """Writes down orders that are wanted, behind those that are there."""
    for sign, ticks, lots in wanted:
        count = d[desk.DESK_ROW, desk.WISHES]
        row = desk.W0 + count
        set_row(d, row, WISH=desk.PLACES, W_NUMBER=50 + count, W_NOW=NOW, W_STANDING=standing, W_LOOKED=1)
        set_row(d, row, W_SIGN=sign, W_PRICE=ticks, W_LOTS=lots)
        d[desk.DESK_ROW, desk.WISHES] += 1


def rest(d: Longs, number: int, order: Sending, standing: int = FIRST) -> None:
    """Has an order rest."""
    wish = np.zeros(desk.DESK_WIDTH, np.int64)
    columns = (desk.W_NUMBER, desk.W_STANDING, desk.W_SIGN, desk.W_PRICE, desk.W_LOTS)
    for column, value in zip(columns, (number, standing, *order), strict=True):
        wish[column] = value
    keep_order(d, wish)


def is_let_through(d: Longs, *wanted: Sending) -> bool:
    want(d, *wanted)
    return wishes.pass_all(d)


# The limits.


def plain_statement(
    limits: dict[str, int], held: int, own: list[Sending], others: list[Sending], wanted: list[Sending]
) -> bool:
    """Whether orders may be sent one after the other, each counted as working for those behind it."""
    working, resting = list(own), [*own, *others]
    for sign, ticks, lots in wanted:
        leaves = sum(each[2] for each in working if each[0] == sign)
        opposite = [each[1] for each in resting if each[0] != sign]
        crosses = ticks >= min([101, *opposite]) if sign > 0 else ticks <= max([99, *opposite])
        if (
            crosses
            or len(working) >= limits["OPEN_MAX"]
            or lots > limits["LOTS_EACH"]
            or ticks * lots > limits["NOTIONAL_MAX"]
            or sign * held + leaves + lots > limits["POSITION_MAX"]
        ):
            return False
        working.append((sign, ticks, lots))
        resting.append((sign, ticks, lots))
    return True


@given(
    limits=st.fixed_dictionaries(
        {
            "OPEN_MAX": st.integers(1, 6),
            "LOTS_EACH": st.integers(3, 9),
            "NOTIONAL_MAX": st.integers(300, 1_000),
            "POSITION_MAX": st.integers(5, 30),
        }
    ),
    held=st.integers(-10, 10),
    own=st.lists(sendings, max_size=3),
    others=st.lists(sendings, max_size=2),
    wanted=st.lists(sendings, min_size=1, max_size=3),
)
def test_orders_are_let_through_as_the_rules_say(
    limits: dict[str, int], held: int, own: list[Sending], others: list[Sending], wanted: list[Sending]
) -> None:
    d = ready(**limits, QTY=held)
    for number, order in enumerate(own, 1):
        rest(d, number, order)
    for number, order in enumerate(others, 21):
        rest(d, number, order, SECOND)
    is_plain = is_let_through(d, *wanted)
    assert is_plain == plain_statement(limits, held, own, others, wanted)
    assert d[desk.DESK_ROW, desk.WHY] == (desk.PLAIN if is_plain else desk.NOT_PLAIN)


@pytest.mark.parametrize(
    ("limits", "order", "may"),
    [
        ({}, (1, 100, 1), True),
        ({}, (1, 101, 1), False),
        ({}, (-1, 100, 1), True),
        ({}, (-1, 99, 1), False),
        ({"LOTS_EACH": 5}, (1, 100, 5), True),
        ({"LOTS_EACH": 5}, (1, 100, 6), False),
        ({"NOTIONAL_MAX": 500}, (1, 100, 5), True),
        ({"NOTIONAL_MAX": 499}, (1, 100, 5), False),
        ({"POSITION_MAX": 7, "QTY": 3}, (1, 100, 4), True),
        ({"POSITION_MAX": 7, "QTY": 3}, (1, 100, 5), False),
        ({"POSITION_MAX": 7, "QTY": 3}, (-1, 100, 10), True),
        ({"POSITION_MAX": 7, "QTY": 3}, (-1, 100, 11), False),
        ({"OPEN_MAX": 0}, (1, 100, 1), False),
        ({"LOOK_BID": 0, "LOOK_ASK": 0}, (1, 100, 1), False),
        ({"IS_VALUED": 0}, (1, 100, 1), False),
        ({"CAN_LOSE": 0}, (1, 100, 1), False),
        ({"LOTS_EACH": 2**60, "POSITION_MAX": 2**60}, (1, 100, 2**55), False),
    ],
)
def test_an_order_at_the_edge_of_a_limit(limits: dict[str, int], order: Sending, may: bool) -> None:
    assert is_let_through(ready(**limits), order) == may


@given(
    cash=st.integers(-(10**8), 10**8),
    fees=st.integers(-(10**12), 10**12),
    lots=st.integers(-(10**5), 10**5),
    base=st.tuples(st.integers(-(10**6), 10**6), st.integers(0, desk.PARTS - 1), st.integers(-(10**5), 10**5)),
    loss=st.tuples(st.integers(0, 10**6), st.integers(0, desk.PARTS - 1)),
    days=st.tuples(st.sampled_from((4, 5)), st.sampled_from((4, 5))),
)
def test_the_loss_of_a_day_is_looked_at_exactly(
    cash: int, *, fees: int, lots: int, base: tuple[int, int, int], loss: tuple[int, int], days: tuple[int, int]
) -> None:
    """Valued at the bid where more was bought, at the ask where more was sold; other days count for nothing."""
    d = ready(LOSS=loss[0], LOSS_PARTS=loss[1], DAY_AT=days[0], DAY_CASH=cash, DAY_FEES=fees, DAY_LOTS=lots)
    set_row(d, FIRST, BASE_DAY=days[1], BASE_CASH=base[0], BASE_PARTS=base[1], BASE_LOTS=base[2])
    own, before = days[0] == 5, days[1] == 5
    held = lots * own + base[2] * before
    result = (cash * own + held * (99 if held > 0 else 101)) * Fraction(UNIT, UNIT_OVER)
    result -= Fraction(fees * own, 10**8)
    result += before * (base[0] + Fraction(base[1], desk.PARTS))
    assert wishes.can_lose(d, FIRST) == (result + loss[0] + Fraction(loss[1], desk.PARTS) >= 0)


def test_a_day_may_lose_all_of_its_limit_and_not_a_part_more() -> None:
    all_of_it = {"LOSS": 7, "BASE_DAY": 5, "BASE_CASH": -7}
    a_part_more = {**all_of_it, "BASE_CASH": -8, "BASE_PARTS": desk.PARTS - 1}
    assert wishes.can_lose(ready(**all_of_it), FIRST)
    assert not wishes.can_lose(ready(**a_part_more), FIRST)


def test_numbers_that_are_out_of_reach_are_left_to_the_rules() -> None:
    assert not wishes.can_lose(ready(DAY_AT=5, DAY_LOTS=2**60), FIRST)
    assert not wishes.can_lose(ready(DAY_AT=5, DAY_CASH=2**60, UNIT=2**10), FIRST)


# All that is wanted at once.


def test_what_passed_the_rules_is_let_through_once() -> None:
    d = ready(OPEN_MAX=0)
    set_row(d, desk.DESK_ROW, CHECKED=1)
    assert is_let_through(d, (1, 100, 1))
    assert not wishes.pass_all(d)


def test_orders_that_come_too_often_are_left_to_the_rules_once() -> None:
    d = ready()
    set_row(d, desk.DESK_ROW, OFTEN=1)
    assert not is_let_through(d, (1, 100, 1))
    assert d[desk.DESK_ROW, desk.WHY] == desk.NOT_PLAIN
    assert wishes.pass_all(d)


def test_an_order_of_another_day_waits_until_that_day_is_known() -> None:
    for change in ({"DAY_FROM": NOW + 1}, {"DAY_UNTIL": NOW}):
        d = ready()
        set_row(d, desk.DESK_ROW, **change)
        assert not is_let_through(d, (1, 100, 1))
        assert d[desk.DESK_ROW, desk.WHY] == desk.NEW_DAY


def test_an_order_that_one_look_cannot_judge_is_left_to_the_rules_and_cancels_never_are() -> None:
    d = ready(OPEN_MAX=0)
    set_row(d, desk.W0, WISH=desk.CANCELS)
    set_row(d, desk.DESK_ROW, WISHES=1)
    assert wishes.pass_all(d)
    d = ready()
    want(d, (1, 100, 1))
    set_row(d, desk.W0, W_LOOKED=0)
    assert not wishes.pass_all(d)
    assert d[desk.DESK_ROW, desk.WHY] == desk.NOT_PLAIN


@pytest.mark.parametrize(
    ("fit", "heard_ago", "touch"),
    [(1, 999, (99, 101)), (1, 1_000, (0, 0)), (0, 0, (0, 0))],
    ids=["young", "old", "unfit"],
)
def test_a_touch_is_taken_where_its_book_is_fit_and_young(fit: int, heard_ago: int, touch: tuple[int, int]) -> None:
    d, t = ready(LOOK_BID=1, LOOK_ASK=2, AGE_NS=1_000), new_table(2)
    for column, value in ((IS_FIT, fit), (HEARD_AT, NOW - heard_ago), (SAW_BID, 99), (SAW_ASK, 101)):
        t[I0, column] = value
    want(d, (1, 100, 1))
    wishes.look_at_books(t, d)
    assert (d[FIRST, desk.LOOK_BID], d[FIRST, desk.LOOK_ASK]) == touch


def test_each_order_gets_what_its_shape_says_and_cancels_get_nothing() -> None:
    d = ready()
    d[desk.H0 + 3, : desk.SHAPE_COLUMNS] = range(20, 28)
    for row, kind in ((desk.W0, desk.PLACES), (desk.W0 + 1, desk.CANCELS)):
        set_row(d, row, WISH=kind, W_SHAPE=desk.H0 + 3)
    set_row(d, desk.DESK_ROW, WISHES=2)
    wishes.take_shapes(d)
    assert d[desk.W0, desk.W_PLACE : desk.W_PLACE + desk.SHAPE_COLUMNS].tolist() == list(range(20, 28))
    assert not d[desk.W0 + 1, desk.W_PLACE :].any()


# What is written.


def intended(count: int, limit: str, because: EventRef | None = None) -> OrderIntended:
    """Returns an order of half a coin as the engine would intend it."""
    return OrderIntended(
        order_id=OrderId(f"{PREFIX}{count:09}"),
        owner=OWNER,
        account=TRADED.account,
        instrument=TRADED.id,
        underlying=TRADED.underlying,
        side=Side.BUY,
        qty=Quantity(Decimal("0.5")),
        limit=Price(Decimal(limit)),
        contract_size=TRADED.contract_size,
        reduce_only=False,
        style=OrderStyle.POST_ONLY,
        product=TRADED.product,
        slot=None,
        together=None,
        because=because,
        evidence={},
        decided_at=Instant(NOW),
        good_until=Instant(NOW + 60),
    )


def canceled(count: int, attempt: int, because: EventRef | None = None) -> CancelIntended:
    return CancelIntended(
        order_id=OrderId(f"{PREFIX}{count:09}"),
        attempt=attempt,
        reason=CancelReason.OFF_GRID,
        because=because,
        decided_at=Instant(NOW),
    )


class Written:
    """A desk whose texts are put together, and what came of them."""

    def __init__(self) -> None:
        journal = MemoryJournal(MemoryStore())
        self.book: Any = Booked(journal, journal.take_lease(Instant(NOW)))
        pieces = pieces_of(OWNER, TRADED, PREFIX)
        self.shape = len(pieces)
        self.book.set_pieces([*pieces, *shape_of(intended(0, "1"), PREFIX)])
        self.d = self.book.table
        set_row(self.d, FIRST, TICK=1, TICK_DECIMALS=1, LIVE=0)

    def wish(self, **columns: int) -> None:
        row = desk.W0 + self.d[desk.DESK_ROW, desk.WISHES]
        set_row(self.d, row, W_NOW=NOW, W_STANDING=FIRST, **columns)
        self.d[desk.DESK_ROW, desk.WISHES] += 1

    def raw(self, event: OrderIntended | CancelIntended) -> dict[str, int]:
        begins, length = self.book.keep_raw(encode_event(event))
        return {"W_RAW": begins, "W_RAW_BYTES": length}

    def take(self) -> list[Any]:
        """Has all taken that is wanted, and returns the events of it."""
        book = self.book
        wishes.take_wishes(self.d, (book._text, book._pieces, book._letters, book._executions, book._raw))
        text, count = book._text[: book.head[desk.WRITTEN]].tobytes(), book.head[desk.COUNT]
        return list(decode_events(gathered(text, count)))


ORDERED = {"WISH": desk.PLACES, "W_SIGN": 1, "W_LOTS": 5, "W_DECIMALS": 1, "W_DUE": NOW + 60}


def test_all_that_is_wanted_is_written_in_turn_and_kept() -> None:
    desk_ = Written()
    desk_.wish(**ORDERED, W_NUMBER=7, W_COUNTED=31, W_PRICE=12_345, W_TEXT=desk_.shape)
    desk_.wish(**ORDERED, W_NUMBER=8, W_COUNTED=32, W_PRICE=12_340, **desk_.raw(intended(32, "1234.0", EventRef("x"))))
    desk_.wish(WISH=desk.HOLDS, W_NUMBER=7, W_REASON=list(CancelReason).index(CancelReason.OFF_GRID))
    desk_.wish(WISH=desk.NOTES, **desk_.raw(canceled(99, 4)))
    desk_.wish(WISH=desk.CANCELS, W_NUMBER=8, **desk_.raw(canceled(32, 1, EventRef("y"))))
    desk_.wish(WISH=desk.SENDS, W_NUMBER=8)
    assert desk_.take() == [
        intended(31, "1234.5"),
        intended(32, "1234.0", EventRef("x")),
        canceled(31, 1),
        canceled(99, 4),
        canceled(32, 1, EventRef("y")),
    ]
    rows = [desk_.d[order_row(desk_.d, number)] for number in (7, 8)]
    assert [(int(row[desk.O_PRICE]), int(row[desk.LOTS]), int(row[desk.PENDING])) for row in rows] == [
        (12_345, 5, 1),
        (12_340, 5, 1),
    ]
    assert desk_.d[desk.DESK_ROW, desk.WISHES] == 0


def test_a_second_cancel_is_the_second_attempt() -> None:
    desk_ = Written()
    desk_.wish(**ORDERED, W_NUMBER=7, W_COUNTED=31, W_PRICE=1, W_TEXT=desk_.shape)
    for _ in range(2):
        desk_.wish(WISH=desk.CANCELS, W_NUMBER=7, W_REASON=list(CancelReason).index(CancelReason.OFF_GRID))
    assert desk_.take() == [intended(31, "0.1"), canceled(31, 1), canceled(31, 2)]
