"""What a venue without client ids is shown of our books."""

from __future__ import annotations

from decimal import Decimal

from flatbook.engine.inputs import Stated
from flatbook.engine.own_books import OwnBooks, own_books
from flatbook.values.ids import AccountId
from tests.desk import PAPER
from tests.unit.engine.scene import START, Bench, accepted, statement


def books_of(bench: Bench) -> OwnBooks:
    return own_books(bench.state, bench.rules, PAPER)


def test_an_intent_is_shown_before_its_answer_and_with_the_venues_id_after_it() -> None:
    bench = Bench()
    order_id = bench.ordered("10")
    (order,) = books_of(bench).orders
    intended = bench.order(order_id)
    assert (order.order_id, order.qty, order.side, order.limit) == (
        order_id,
        Decimal(10),
        intended.side,
        intended.limit,
    )
    assert (order.decided_at, order.good_until, order.venue_order_id, order.is_open) == (
        START,
        intended.good_until,
        None,
        True,
    )
    answer = accepted(bench.now)
    bench.answer(order_id, answer)
    (order,) = books_of(bench).orders
    assert (order.venue_order_id, order.is_open) == (answer.venue_order_id, True)


def test_shares_are_known_once_the_account_was_stated() -> None:
    bench = Bench()
    bench.resume()
    (instrument,) = books_of(bench).held
    assert books_of(bench).held[instrument] is None
    early = statement(bench.now, shares="25")
    bench.wait(60)
    bench.take(Stated(statement=statement(bench.now, shares="25"), earlier=early))
    assert books_of(bench).held[instrument] == Decimal(25)


def test_orders_of_other_accounts_are_not_shown() -> None:
    bench = Bench()
    bench.ordered()
    assert own_books(bench.state, bench.rules, AccountId("other")) == OwnBooks(orders=(), held={})
