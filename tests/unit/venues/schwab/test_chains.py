"""An order of ours that somebody replaced goes on in its successor."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from flatbook.engine.reports import VenueStatus
from flatbook.values.ids import VenueOrderId
from flatbook.venues.schwab.chains import followed
from flatbook.venues.schwab.parse import Listed
from tests.unit.venues.schwab.sample import OURS, THEIRS, execution, listed, order

NAMES = {VenueOrderId(THEIRS): OURS}


def sized(qty: float, **changes: Any) -> dict[str, Any]:
    leg = order()["orderLegCollection"][0] | {"quantity": qty}
    return {"quantity": qty, "orderLegCollection": [leg]} | changes


def replaced(by: int, *executions: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return order(*executions, status="REPLACED", replacingOrderCollection=[{"orderId": by}], **changes)


def seen(*contents: dict[str, Any]) -> list[Listed]:
    return list(followed([listed(content) for content in contents], NAMES))


def test_the_executions_and_the_state_of_the_successor_are_those_of_our_order() -> None:
    (ours,) = seen(replaced(8, execution(1, 4.0)), order(execution(2, 2.0), orderId=8, **sized(6.0), price=23.0))
    report = ours.report
    assert (report.venue_order_id, report.qty, report.filled_qty) == (THEIRS, Decimal(10), Decimal(6))
    assert (report.status, report.status_text, report.complete) == (VenueStatus.OPEN, "WORKING", True)
    assert [(each.execution_id, each.qty, each.venue_order_id) for each in report.executions] == [
        ("102102029817:0", Decimal(4), THEIRS),
        ("102102029818:0", Decimal(2), THEIRS),
    ]


def test_a_chain_of_several_is_followed_to_its_end() -> None:
    chain = (
        replaced(8, execution(1, 4.0)),
        replaced(9, execution(2, 2.0), orderId=8, **sized(6.0)),
        order(execution(3, 4.0), orderId=9, status="FILLED", **sized(4.0)),
    )
    (ours,) = seen(*chain[::-1])
    assert (ours.report.filled_qty, ours.report.status) == (Decimal(10), VenueStatus.FILLED)


@pytest.mark.parametrize(
    ("word", "status"),
    [("FILLED", "canceled"), ("REJECTED", "canceled"), ("EXPIRED", "expired"), ("CANCELED", "canceled")],
)
def test_a_chain_that_ends_with_less_than_ours_asked_for_was_canceled_in_part(word: str, status: str) -> None:
    (ours,) = seen(replaced(8), order(execution(1, 5.0), orderId=8, status=word, **sized(5.0)))
    assert (ours.report.status.value, ours.report.filled_qty) == (status, Decimal(5))


@pytest.mark.parametrize(
    "other",
    [
        sized(7.0),
        {"enteredTime": "2025-12-01T14:59:59+0000", **sized(6.0)},
        sized(6.0, orderLegCollection=[order()["orderLegCollection"][0] | {"quantity": 6.0, "instruction": "SELL"}]),
        sized(
            6.0,
            orderLegCollection=[order()["orderLegCollection"][0] | {"quantity": 6.0, "instrument": {"symbol": "TSLA"}}],
        ),
    ],
)
def test_what_may_bring_more_or_something_else_is_not_ours(other: dict[str, Any]) -> None:
    ours, theirs = seen(replaced(8, execution(1, 4.0)), order(orderId=8, **other))
    assert (ours.report.status, ours.report.filled_qty) == (VenueStatus.CANCELED, Decimal(4))
    assert (theirs.report.venue_order_id, theirs.report.filled_qty) == ("8", Decimal(0))


@pytest.mark.parametrize("stated", [None, [], ["string"], "string", [{"orderId": 8}, {"orderId": 9}], [{}]])
def test_where_no_one_successor_is_stated_our_order_ends(stated: object) -> None:
    ours, theirs = seen(order(status="REPLACED", replacingOrderCollection=stated), order(orderId=8))
    assert (ours.report.status, theirs.report.venue_order_id) == (VenueStatus.CANCELED, "8")


def test_orders_of_others_and_orders_that_name_each_other_are_left_alone() -> None:
    theirs = seen(replaced(9, orderId=8), order(orderId=9))
    assert [each.report.venue_order_id for each in theirs] == ["8", "9"]
    (ours,) = seen(replaced(int(THEIRS)))
    assert ours.report.status is VenueStatus.CANCELED
    round_about = seen(replaced(8), replaced(int(THEIRS), orderId=8))
    assert [each.report.status for each in round_about] == [VenueStatus.CANCELED]
