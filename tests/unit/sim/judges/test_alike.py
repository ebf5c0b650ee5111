"""Orders that nothing tells apart at a venue without ids of ours."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from flatbook.sim.judges.expectation import AccountTerms, Expectation
from flatbook.sim.world import record as rec
from tests.unit.sim.judges.story import EXPECTS, changed, filled, foreign_filled, row, taken, what

NO_IDS: Expectation = msgspec.structs.replace(EXPECTS, accounts={"alpha": AccountTerms(shows_ids=False)})
FOREIGN = foreign_filled(
    execution_id=filled().execution_id,
    side=filled().side,
    qty=filled().qty,
    price=filled().price,
    fees=filled().fees,
)
WRONG = ["execution x1 is booked with another order"]


def with_a_copy(**fields: Any) -> list[rec.Entry]:
    """Returns the story in which the hedge is booked as nobody's and an order beside it was taken."""
    entries = changed(filled=row(6, 7, FOREIGN))
    place = next(number for number, entry in enumerate(entries) if isinstance(entry, rec.OrderTaken))
    copy = taken(**({"venue_id": "v2", "client_id": None, "ours": False} | fields))
    return [*entries[: place + 1], copy, *entries[place + 1 :]]


def test_beside_a_copy_that_looks_the_same_the_order_of_ours_may_be_held_for_nobodys() -> None:
    assert what(with_a_copy(), "I3", NO_IDS) == []


def test_where_ids_are_shown_a_copy_excuses_nothing() -> None:
    assert what(with_a_copy(), "I3") == WRONG


@pytest.mark.parametrize(
    "fields", [{"limit": 2_525_100}, {"qty": 1}, {"sign": -1}, {"symbol": "NVDA"}, {"seconds": 15}]
)
def test_an_order_that_looks_otherwise_or_was_taken_at_another_time_excuses_nothing(fields: dict[str, Any]) -> None:
    assert what(with_a_copy(**fields), "I3", NO_IDS) == WRONG


def test_without_a_copy_nothing_is_excused() -> None:
    assert what(changed(filled=row(6, 7, FOREIGN)), "I3", NO_IDS) == WRONG
