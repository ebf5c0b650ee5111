"""What a breaker counts of each execution: results of what was closed, losses in a row, and the total since a reset."""

from __future__ import annotations

from decimal import Decimal

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from flatbook.events.activities import AccountActivityBooked, ActivityKind
from flatbook.events.control import HaltCause, HaltScope, MarkSet, TradingHalted, TradingLifted
from flatbook.events.orders import Fee
from flatbook.events.risk import BreakerArmed
from flatbook.state.breakers import BreakerBook, Traded, book_traded, reset_breaker
from flatbook.state.desk import State
from flatbook.state.dump import state_bytes, state_from_bytes
from flatbook.state.fold import apply
from flatbook.values.ids import ActivityId, AssetId, HaltId, InstrumentId
from flatbook.values.money import Money, Price
from tests.unit.state.scene import OWNER, PAPER, STOCK, USD, at, executed, intended, qty

ONE = InstrumentId("one")


def new_book() -> BreakerBook:
    return BreakerBook(losses_max=3, drawdown_usd_max=Decimal(100))


def trade(
    book: BreakerBook, size: str, price: str, *, name: str, before: str = "0", fee: str = "0", of: InstrumentId = ONE
) -> None:
    shares, each = Decimal(size), Decimal(price)
    cash = -shares * each - Decimal(fee)
    book_traded(
        book, Traded(instrument=of, trade=name, qty=shares, cash_usd=cash, price_usd=each, before=Decimal(before))
    )


def test_what_is_closed_is_compared_with_what_it_cost_on_average() -> None:
    book = new_book()
    trade(book, "1", "100", name="a")
    trade(book, "1", "110", name="b")
    trade(book, "-1", "104", name="c")
    assert (book.trade_usd, book.losses, book.rows[ONE].cost_usd) == (Decimal(-1), 1, Decimal(105))
    trade(book, "-1", "106", name="d")
    assert (book.trade_usd, book.losses, book.total_usd) == (Decimal(1), 0, Decimal(0))


def test_a_short_loses_when_the_price_rises_as_a_long_does_when_it_falls() -> None:
    for first, price in (("1", "90"), ("-1", "110")):
        book = new_book()
        trade(book, first, "100", name="a")
        trade(book, str(-int(first)), price, name="b")
        assert (book.trade_usd, book.losses, book.total_usd) == (Decimal(-10), 1, Decimal(-10))


def test_what_turns_a_position_over_closes_the_old_and_opens_the_new_one() -> None:
    book = new_book()
    trade(book, "5", "100", name="a")
    trade(book, "-8", "90", name="b")
    assert (book.trade_usd, book.rows[ONE].qty, book.rows[ONE].cost_usd) == (Decimal(-50), Decimal(-3), Decimal(-270))
    trade(book, "3", "80", name="c")
    assert (book.trade_usd, book.total_usd) == (Decimal(30), Decimal(-20))


def test_fees_may_make_a_loss_of_a_trade() -> None:
    book = new_book()
    trade(book, "1", "100", name="a", fee="0.1")
    trade(book, "-1", "100.05", name="b", fee="0.1")
    assert (book.losses, book.total_usd) == (1, Decimal("-0.15"))


def test_the_executions_of_one_order_are_one_trade() -> None:
    book = new_book()
    trade(book, "10", "100", name="a")
    for _ in range(5):
        trade(book, "-1", "99", name="b")
    assert book.losses == 1
    trade(book, "-1", "120", name="b")
    assert book.losses == 0
    trade(book, "-1", "99", name="c")
    trade(book, "-1", "99", name="d")
    assert book.losses == 2


def test_a_position_that_was_there_before_counts_from_the_first_price_on() -> None:
    book = new_book()
    trade(book, "-1", "100", name="a", before="4")
    assert (book.losses, book.total_usd, book.rows[ONE].qty) == (0, Decimal(0), Decimal(3))
    trade(book, "-1", "90", name="b", before="3")
    assert (book.losses, book.total_usd) == (1, Decimal(-30))


def test_a_reset_counts_anew_from_the_newest_prices() -> None:
    book = new_book()
    trade(book, "4", "100", name="a")
    trade(book, "-1", "90", name="b")
    book.paid_usd = Decimal(-7)
    reset_breaker(book)
    assert (book.losses, book.total_usd, book.rows[ONE].qty) == (0, Decimal(0), Decimal(3))
    trade(book, "-1", "88", name="c")
    assert (book.losses, book.total_usd) == (1, Decimal(-6))


def test_what_cannot_be_valued_is_noted_and_not_counted() -> None:
    book = new_book()
    book_traded(
        book,
        Traded(instrument=ONE, trade="a", qty=Decimal(1), cash_usd=None, price_usd=Decimal(0), before=Decimal(0)),
    )
    assert (book.unvalued, book.rows) == (True, {})


@given(st.lists(st.tuples(st.integers(-9, 9).filter(bool), st.integers(1, 99)), max_size=30))
def test_the_total_of_a_flat_book_is_the_sum_of_its_trades(deals: list[tuple[int, int]]) -> None:
    book, realised, held = new_book(), Decimal(0), 0
    deals = [*deals, *([(-left, 50)] if (left := sum(size for size, _ in deals)) else [])]
    for number, (size, price) in enumerate(deals):
        trade(book, str(size), str(price), name=str(number), before=str(held))
        held += size
        realised += book.trade_usd if book.trade == str(number) else 0
    assert held == 0
    assert abs(book.total_usd - realised) < Decimal("1e-15")
    assert book.total_usd == -sum(size * price for size, price in deals)


def armed() -> State:
    state = State()
    apply(state, BreakerArmed(owner=OWNER, losses_max=2, drawdown_usd_max=Decimal(50), armed_at=at(0)))
    return state


def test_every_execution_of_the_owner_feeds_it_and_no_caller_has_to() -> None:
    state = armed()
    for number, (side, price) in enumerate((("buy", "250"), ("sell", "240"))):
        order = f"fb{number}"
        apply(state, intended(side, "2", order))
        apply(state, executed("2", number, side=side, price=price, order_id=order))
    book = state.breakers[OWNER]
    fees = sum((fee.amount for fee in executed("2").fees), Money(Decimal(0)))
    assert (book.losses, book.total_usd) == (1, Decimal(-20) - 2 * fees)
    assert state_from_bytes(state_bytes(state)).breakers == state.breakers


def test_a_fee_in_a_coin_that_has_no_mark_leaves_an_execution_without_a_value_until_it_has_one() -> None:
    for marked, told in ((False, (True, Decimal(0))), (True, (False, Decimal("-1.2")))):
        state = armed()
        if marked:
            apply(state, MarkSet(asset=AssetId("BNB"), usd=Price(Decimal(600)), source="config", marked_at=at(0)))
        apply(state, intended("buy", "2", "fb0"))
        fee = Fee(asset=AssetId("BNB"), amount=Money(Decimal("0.002")))
        apply(state, msgspec.structs.replace(executed("2", side="buy", price="250", order_id="fb0"), fees=(fee,)))
        book = state.breakers[OWNER]
        assert (book.unvalued, book.total_usd) == told


def test_funding_and_fees_of_the_venue_count_and_transfers_do_not() -> None:
    state = armed()
    for number, kind in enumerate((ActivityKind.FUNDING, ActivityKind.FEE, ActivityKind.TRANSFER)):
        apply(
            state,
            AccountActivityBooked(
                account=PAPER,
                activity_id=ActivityId(str(number)),
                kind=kind,
                venue_kind="",
                owner=OWNER,
                underlying=None,
                instrument=STOCK,
                order_id=None,
                asset=AssetId(USD),
                amount=qty("-3"),
                detail="",
                happened_at=at(1),
                seen_at=at(1),
            ),
        )
    assert state.breakers[OWNER].total_usd == Decimal(-6)


def test_a_charge_without_a_mark_leaves_no_value_and_what_is_paid_to_us_is_left_out() -> None:
    for amount, unvalued in (("-3", True), ("3", False)):
        state = armed()
        apply(
            state,
            AccountActivityBooked(
                account=PAPER,
                activity_id=ActivityId("1"),
                kind=ActivityKind.FUNDING,
                venue_kind="",
                owner=OWNER,
                underlying=None,
                instrument=STOCK,
                order_id=None,
                asset=AssetId("BNB"),
                amount=qty(amount),
                detail="",
                happened_at=at(1),
                seen_at=at(1),
            ),
        )
        assert (state.breakers[OWNER].unvalued, state.breakers[OWNER].total_usd) == (unvalued, Decimal(0))


def test_only_the_lift_of_its_own_halt_resets_it() -> None:
    state = armed()
    state.breakers[OWNER].losses = 2
    for cause, left in ((HaltCause.OPERATOR, 2), (HaltCause.BREAKER, 0)):
        halt = HaltId(f"halt-{cause.value}")
        apply(
            state,
            TradingHalted(halt_id=halt, scope=HaltScope.OWNER, target=OWNER, cause=cause, reason="", halted_at=at(1)),
        )
        apply(state, TradingLifted(halt_id=halt, reason="", lifted_at=at(2)))
        assert state.breakers[OWNER].losses == left


def test_limits_that_change_leave_what_is_counted_and_none_end_it() -> None:
    state = armed()
    state.breakers[OWNER].losses = 1
    apply(state, BreakerArmed(owner=OWNER, losses_max=9, drawdown_usd_max=None, armed_at=at(0)))
    assert (state.breakers[OWNER].losses, state.breakers[OWNER].losses_max) == (1, 9)
    apply(state, BreakerArmed(owner=OWNER, losses_max=None, drawdown_usd_max=None, armed_at=at(0)))
    assert state.breakers == {}
