"""What doctor says of an account at an exchange."""

from __future__ import annotations

from decimal import Decimal

import pytest

from flatbook.engine.reports import Balance
from flatbook.ops.doctor import Verdict
from flatbook.services.exchange_checks import of_fee_coin
from flatbook.values.ids import AssetId
from flatbook.values.money import Quantity


@pytest.mark.parametrize(
    ("held", "marks", "told"),
    [
        ("0.5", {}, ["it holds BNB, which fees may be paid in, and BNB has no mark"]),
        ("0.5", {"BNB": Decimal(600)}, []),
        ("0", {}, []),
    ],
)
def test_an_account_that_may_pay_its_fees_in_a_coin_without_a_mark_is_warned_of(
    held: str, marks: dict[str, Decimal], told: list[str]
) -> None:
    dollars = Balance(asset=AssetId("USDT"), total=Quantity(Decimal(5)), available=Quantity(Decimal(5)))
    coins = Balance(asset=AssetId("BNB"), total=Quantity(Decimal(held)), available=Quantity(Decimal(0)))
    found = list(of_fee_coin("account one", (dollars, coins), marks))
    assert [(each.found, each.verdict) for each in found] == [(text, Verdict.WARN) for text in told]
