"""Which orders at Schwab are ours."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from flatbook.values.ids import OrderId, VenueOrderId
from flatbook.values.instants import instant_of_text, later
from flatbook.values.instruments import Side
from flatbook.values.money import Price, Quantity
from flatbook.venues.schwab.fingerprints import entered_from, entered_to, fits, owners
from tests.unit.venues.schwab.sample import OURS, REGULAR, THEIRS, listed, order, own

OTHER = OrderId("fbbbbbbbbbbbbbbbbbbbbbbbbb")
LEG = order()["orderLegCollection"][0]


def test_an_order_is_looked_for_from_the_second_before_its_decision_to_the_death_of_its_request() -> None:
    late = own(decided_at=later(REGULAR, ms=700))
    assert entered_from(late) == instant_of_text("2025-12-01T14:59:55Z")
    assert entered_to(late, window_s=30) == instant_of_text("2025-12-01T15:10:35Z")


@pytest.mark.parametrize(
    ("changes", "is_fit"),
    [
        ({}, True),
        ({"enteredTime": "2025-12-01T14:59:55+0000"}, True),
        ({"enteredTime": "2025-12-01T14:59:54+0000"}, False),
        ({"enteredTime": "2025-12-01T15:10:35+0000"}, True),
        ({"enteredTime": "2025-12-01T15:10:36+0000"}, False),
        ({"price": 22.74}, False),
        ({"orderType": "MARKET"}, False),
        ({"orderLegCollection": [LEG | {"quantity": 9.0}]}, False),
        ({"orderLegCollection": [LEG | {"instruction": "SELL"}]}, False),
        ({"orderLegCollection": [LEG | {"instrument": {"symbol": "AMC"}}]}, False),
        ({"orderLegCollection": [LEG | {"instruction": "BUY_TO_COVER"}]}, True),
        ({"status": "FILLED", "closeTime": "2025-12-01T14:59:58+0000"}, True),
    ],
)
def test_a_fingerprint_is_symbol_side_quantity_limit_and_time(changes: dict[str, Any], is_fit: bool) -> None:
    assert fits(own(), listed(order(**changes)), window_s=30) == is_fit


def test_of_several_that_fit_the_first_entered_is_ours_whatever_their_order_in_the_list() -> None:
    first, second, third = (
        listed(order(orderId=number, enteredTime=f"2025-12-01T15:00:0{second}+0000"))
        for number, second in ((99, 1), (100, 1), (5, 2))
    )
    for listing in ((first, second, third), (third, second, first)):
        assert owners([own()], listing, {}, window_s=30) == {"99": OURS}


def test_an_order_that_is_booked_takes_no_second_one_and_is_taken_by_no_other_order() -> None:
    booked = own(venue_order_id=THEIRS)
    newer = own(order_id=OTHER, decided_at=later(REGULAR, seconds=1))
    copy = listed(order(orderId=7))
    assert owners([booked], [listed(order()), copy], {}, window_s=30) == {THEIRS: OURS}
    assert owners([booked, newer], [listed(order()), copy], {}, window_s=30) == {THEIRS: OURS, "7": OTHER}
    assert owners([booked, newer], [listed(order())], {}, window_s=30) == {THEIRS: OURS}


def test_what_was_recognised_before_stays_so_and_what_is_booked_overrules_it() -> None:
    seven = VenueOrderId("7")
    assert owners([own()], [listed(order())], {seven: OURS}, window_s=30) == {"7": OURS}
    booked = owners([own(order_id=OTHER, venue_order_id=seven)], [], {seven: OURS}, window_s=30)
    assert booked == {"7": OTHER}


def test_an_order_that_has_ended_without_an_id_is_not_looked_for() -> None:
    assert owners([own(is_open=False)], [listed(order())], {}, window_s=30) == {}


def test_the_older_of_two_orders_that_look_alike_chooses_first() -> None:
    older = own(order_id=OTHER, decided_at=later(REGULAR, seconds=-1))
    assert owners([own(), older], [listed(order())], {}, window_s=30) == {THEIRS: OTHER}


def test_an_order_at_the_market_is_not_one_with_a_limit() -> None:
    market = own(limit=None, side=Side.BUY, qty=Quantity(Decimal(10)))
    assert fits(market, listed(order(orderType="MARKET", price=None)), window_s=30)
    assert not fits(market, listed(order()), window_s=30)
    assert fits(own(limit=Price(Decimal("22.730"))), listed(order()), window_s=30)
