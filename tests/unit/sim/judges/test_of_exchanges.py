"""What a desk leaves at an exchange, what it trades with itself, and whose a forced close is."""

from __future__ import annotations

from typing import Any

import pytest

from flatbook.sim.judges.expectation import Expectation, SeatBound
from flatbook.sim.world import record as rec
from flatbook.sim.world.record import SHARE
from flatbook.values.instants import NS_PER_S
from tests.unit.sim.judges.story import (
    EXPECTS,
    accepted,
    at,
    before_end,
    changed,
    executed,
    filled,
    foreign_filled,
    intended,
    replaced,
    row,
    what,
)


def expects(**fields: Any) -> Expectation:
    """Returns what is expected of a desk that quotes at an exchange."""
    return replaced(EXPECTS, seat=SeatBound(owner="desk", inventory_max=100 * SHARE, seen_within=None, **fields))


def dead(died: int, lives: int) -> list[rec.Entry]:
    """Returns a story in which the desk is dead for a while, and its order stands."""
    ended = rec.LifeEnded(at=at(died), process="desk", life=1, how="killed")
    began = rec.LifeBegan(at=at(lives), process="desk", life=2)
    return [*changed(executed=None, over=None, filled=None, safety=(ended, began, rec.SafetyOver(at=at(90))))]


@pytest.mark.parametrize(("died", "lives", "is_found"), [(10, 39, False), (10, 40, True), (3, 80, False)])
def test_an_order_that_stands_longer_than_its_exchange_lets_it_is_found(died: int, lives: int, is_found: bool) -> None:
    bound = expects(dead_within=30 * NS_PER_S)
    said = [f"order {executed().client_id} stood all the while that its desk was dead"]
    assert what(dead(died, lives), "I21", bound) == (said if is_found else [])
    assert what(dead(died, lives), "I21", expects()) == []


def test_an_order_that_ended_while_its_desk_was_dead_is_as_it_should_be() -> None:
    ended = rec.LifeEnded(at=at(10), process="desk", life=1, how="killed")
    over = rec.OrderOver(at=at(20), account="alpha", venue_id="v1", client_id=executed().client_id, ending="canceled")
    began = rec.LifeBegan(at=at(80), process="desk", life=2)
    entries = changed(executed=None, over=None, filled=None, safety=(ended, over, began, rec.SafetyOver(at=at(90))))
    assert what(entries, "I21", expects(dead_within=30 * NS_PER_S)) == []


def test_two_orders_of_ours_that_trade_with_each_other_are_found() -> None:
    ours, theirs = executed(6, sign=-1), executed(6, sign=-1, client_id="hand1", venue_id="v9")
    assert what(before_end(ours), "I24", expects()) == [f"{ours.client_id} traded with {ours.client_id}"]
    assert what(before_end(theirs), "I24", expects()) == []


def test_a_forced_close_of_what_a_seat_holds_is_not_nobodys() -> None:
    closed = executed(20, execution_id="x2", venue_id="v7", client_id=None, qty=SHARE, fee=0, forced=True, sign=-1)
    bought = foreign_filled(side=foreign_filled().side.opposite)
    held: dict[str, Any] = {
        "block": None,
        "intent": row(3, 4, intended()),
        "accepted": row(4, 5, accepted()),
        "filled": row(6, 6, filled()),
    }
    for sign, event, is_found in ((-1, foreign_filled(), True), (1, bought, False)):
        told = (replaced(closed, sign=sign), row(21, 7, event), rec.SafetyOver(at=at(50)))
        said = [each for each in what(changed(**held, safety=told), "I23", expects()) if "under nobody" in each]
        assert bool(said) is is_found


def waits(*read_at: int, verb: str = "GET /fapi/v1/time", until: int = 50) -> list[rec.Entry]:
    """Returns a story in which questions are turned down at some seconds, each with the word to wait until another."""
    entries = [rec.AskedToWait(at=at(second), account="alpha", verb=verb, until=at(until)) for second in read_at]
    return [*changed(executed=None, over=None, filled=None, safety=(*entries, rec.SafetyOver(at=at(90))))]


def test_questions_that_go_on_while_an_exchange_has_asked_to_wait_are_found_once() -> None:
    said = ["9 questions came to alpha while it had asked to wait"]
    assert what(waits(*range(10, 20)), "I19", expects()) == said
    assert what(waits(*range(10, 40)), "I19", expects()) == said
    assert what(waits(*range(10, 19)), "I19", expects()) == []


def test_cancels_and_switches_that_do_not_wait_and_questions_after_it_are_as_they_should_be() -> None:
    assert what(waits(*range(10, 40), verb="DELETE /fapi/v1/order"), "I19", expects()) == []
    assert what(waits(*range(10, 40), until=11), "I19", expects()) == []
