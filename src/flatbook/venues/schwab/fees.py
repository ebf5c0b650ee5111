"""What an order of Schwab states of its own fees. It is compared with the history of the account, never booked.

Source: Trader API, schema CommissionAndFee: lists of legs, each a list of values with a type; documented in previews.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from flatbook.values.money import ZERO, check_number

_FAULTS = (msgspec.MsgspecError, ValueError, ArithmeticError, RecursionError)


class WireValue(msgspec.Struct, frozen=True, kw_only=True):
    """One fee as Schwab writes it. Its type is not read: only sums are compared."""

    value: Decimal


class WireFeeLeg(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The fees or the commissions of one leg as Schwab writes them."""

    commission_values: list[WireValue] = []
    fee_values: list[WireValue] = []


class WireFeeLegs(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The fees or the commissions of an order as Schwab writes them."""

    commission_legs: list[WireFeeLeg] = []
    fee_legs: list[WireFeeLeg] = []


class WireCommissionAndFee(msgspec.Struct, frozen=True, kw_only=True):
    """What an order costs as Schwab writes it; `trueCommission` says the commission once more and is not read."""

    commission: WireFeeLegs = WireFeeLegs()
    fee: WireFeeLegs = WireFeeLegs()


def stated_fees(content: msgspec.Raw) -> Decimal | None:
    """Returns the sum of what an order states of its fees, None where it states nothing that can be read.

    Units: USD, above zero where it is paid.
    """
    try:
        stated = msgspec.json.decode(content, type=WireCommissionAndFee | None)
        return None if stated is None else _sum(stated)
    except _FAULTS:
        return None


def _sum(stated: WireCommissionAndFee) -> Decimal | None:
    values = [
        check_number(each.value)
        for part in (stated.commission, stated.fee)
        for leg in (*part.commission_legs, *part.fee_legs)
        for each in (*leg.commission_values, *leg.fee_values)
    ]
    return sum(values, ZERO) if values else None
