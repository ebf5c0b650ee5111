"""What a fee takes away from what was traded."""

from __future__ import annotations

from decimal import Decimal

from flatbook.events.forced import ForcedReduction
from flatbook.events.orders import Fee, ForeignFilled, OrderFilled
from flatbook.values.ids import AssetId
from flatbook.values.instruments import Product
from flatbook.values.money import NUMBER_DECIMALS_MAX, ONE, ZERO, divide_cut


def is_in_kind(event: OrderFilled | ForeignFilled | ForcedReduction, fee: Fee) -> bool:
    """Whether a fee was taken of the very thing that was traded. Of a position in margin nothing is taken."""
    return event.product is Product.SPOT and fee.asset == AssetId(event.underlying)


def fee_in_kind(event: OrderFilled | ForeignFilled | ForcedReduction) -> Decimal:
    """Returns what the fees of an execution took of the very thing that was traded, a rebate below zero.

    Units: contracts, cut to 18 decimals. Of a position in margin nothing is taken.
    """
    if event.product is not Product.SPOT:
        return ZERO
    taken, held_as = ZERO, AssetId(event.underlying)
    for fee in event.fees:
        if fee.asset == held_as:
            taken += fee.amount
    if not taken or event.contract_size == ONE:
        return taken
    return divide_cut(taken, event.contract_size, decimals=NUMBER_DECIMALS_MAX)
