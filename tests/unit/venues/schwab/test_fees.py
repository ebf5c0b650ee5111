"""What an order of Schwab states of its own fees."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.unit.venues.schwab.sample import execution, listed, order

STATED = {
    "commission": {"commissionLegs": [{"commissionValues": [{"value": 0.65, "type": "COMMISSION"}]}]},
    "fee": {"feeLegs": [{"feeValues": [{"value": 0.05, "type": "SEC_FEE"}, {"value": 0.01, "type": "TAF_FEE"}]}]},
    "trueCommission": {"commissionLegs": [{"commissionValues": [{"value": 0.65, "type": "COMMISSION"}]}]},
}


def test_fees_and_commissions_of_all_legs_are_summed_and_booked_with_no_execution() -> None:
    found = listed(order(execution(), commissionAndFee=STATED))
    assert found.fees == Decimal("0.71")
    assert found.report.executions[0].fees == ()


@pytest.mark.parametrize(
    "stated", [None, {}, {"fee": {"feeLegs": [{"feeValues": []}]}}, "free", {"fee": {"feeLegs": 7}}]
)
def test_an_order_that_states_no_fees_that_can_be_read_is_read_all_the_same(stated: object) -> None:
    assert listed(order(commissionAndFee=stated)).fees is None
