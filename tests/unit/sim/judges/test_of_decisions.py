"""Judges of decisions: what breaks them, and what does not."""

from __future__ import annotations

from decimal import Decimal

from flatbook.events import orders
from flatbook.sim.world import record as rec
from flatbook.values.ids import OrderId
from flatbook.values.instants import text_of_instant
from flatbook.values.money import Quantity
from tests.unit.sim.judges.story import (
    EXPECTS,
    ORDER,
    at,
    before_end,
    broken,
    changed,
    intended,
    replaced,
    requested,
    row,
    vault_filled,
    what,
)


def decided(**fields: object) -> list[rec.Entry]:
    return changed(intent=row(3, 4, vault_filled(), intended(**fields)))


def evidence(price: str, seconds: int) -> dict[str, str]:
    return {"price": price, "price_at": text_of_instant(at(seconds))}


def test_a_decision_on_an_old_price_is_not_fresh() -> None:
    assert broken(decided(evidence=evidence("250", -7))) == []
    assert broken(decided(evidence=evidence("250", -8))) == ["I12"]


def test_a_decision_without_a_price_is_not_fresh() -> None:
    assert what(decided(evidence=None), "I12") == [f"{ORDER} was decided without a price"]
    assert broken(decided(evidence=None, reduce_only=True)) == []


def test_a_decision_that_is_written_long_after_it_was_made_is_not_fresh() -> None:
    assert broken(changed(intent=row(3, 4, vault_filled(), intended(), believed_at=at(14)))) == ["I12"]


def test_a_decision_on_a_price_that_was_not_true_is_not_fresh() -> None:
    assert broken(decided(evidence=evidence("250.25", 3))) == []
    assert what(decided(evidence=evidence("250.26", 3)), "I12") == [
        f"{ORDER} was decided on 250.26, which was not true"
    ]


def test_a_price_that_was_true_within_the_bound_is_fresh_and_an_older_one_is_not() -> None:
    def moved(seconds: int) -> list[rec.Entry]:
        first = rec.Priced(at=at(-60), symbol="COIN", price=2_500_000)
        return changed(price=(first, rec.Priced(at=at(seconds), symbol="COIN", price=2_600_000)))

    assert broken(moved(-6)) == []
    assert broken(moved(-8)) == ["I12"]


def test_a_row_that_reaches_the_record_long_after_its_commit_is_not_judged_by_the_prices_of_that_time() -> None:
    wrong = row(3, 4, vault_filled(), intended(evidence=evidence("249", -60), decided_at=at(-60)), believed_at=at(-60))
    assert "I12" not in broken(changed(intent=wrong))


def test_prices_are_not_judged_where_the_world_bounds_none() -> None:
    assert broken(decided(evidence=evidence("9", -999)), replaced(EXPECTS, price_age=None)) == []
    assert broken(decided(evidence=evidence("9", 3)), replaced(EXPECTS, price_true_within=None)) == []


def test_an_execution_in_another_session_than_its_decision_was_for_tomorrow() -> None:
    halves = replaced(EXPECTS, sessions=((at(0), at(4)), (at(4), at(100))))
    assert what(changed(), "I22", halves) == [
        f"{ORDER} was decided in session 0 and works in 1",
        f"{ORDER} was decided in session 0 and executed in 1",
    ]


def test_an_order_that_is_decided_or_taken_outside_its_session_could_execute_in_another_one() -> None:
    closed = replaced(EXPECTS, sessions=((at(-9), at(3)), (at(90), at(100))))
    unfilled = changed(executed=None, over=None, filled=None)
    assert what(unfilled, "I22", closed) == [
        f"{ORDER} was decided outside all sessions",
        f"{ORDER} was decided in session None and works in 1",
    ]


def test_an_order_that_is_decided_for_a_session_by_a_clock_that_is_ahead_may_wait_for_it() -> None:
    ahead = replaced(EXPECTS, sessions=((at(5), at(90)),))
    told = changed(intent=row(3, 4, vault_filled(), intended(decided_at=at(5))))
    assert what(told, "I22", ahead) == []


def test_an_execution_outside_all_sessions_is_found() -> None:
    assert broken(changed(), replaced(EXPECTS, sessions=((at(0), at(5)),))) == ["I22"]
    assert broken(changed(), replaced(EXPECTS, sessions=((at(0), at(6)),))) == []


def test_an_order_that_is_sent_too_often_is_not_bounded() -> None:
    more = (requested(10, 11), requested(12, 13))
    assert "I19" in broken(before_end(*more))
    assert "I19" not in broken(before_end(*more), replaced(EXPECTS, sends_per_order_max=3))


def test_orders_that_are_intended_too_fast_are_not_bounded() -> None:
    def three(last: int) -> list[rec.Entry]:
        small = [
            intended(order_id=OrderId(f"fb{n}"), qty=Quantity(Decimal("0.1")), decided_at=at(seconds))
            for n, seconds in ((8, 4), (9, last))
        ]
        return before_end(row(20, 8, *small))

    assert "I19" in broken(three(62))
    assert "I19" not in broken(three(64))
    assert "I19" not in broken(three(62), replaced(EXPECTS, orders_per_minute_max=None))


def test_an_order_is_a_new_one_with_its_id() -> None:
    assert isinstance(intended(), orders.OrderIntended)
