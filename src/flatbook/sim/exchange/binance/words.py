"""How the simulated Binance writes: numbers, times, its refusals and their codes.

Source: Binance documentation, Error Codes of Spot and of USD-M Futures.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from flatbook.sim.exchange.orders import Refusal
from flatbook.values.instants import NS_PER_MS, Instant
from flatbook.values.money import cut

SPOT_DECIMALS = 8


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """An answer that says no. `wait_s` is how long not to ask again."""

    code: int
    msg: str
    status: int = 400
    wait_s: int = 0


def fixed(value: Decimal, decimals: int = SPOT_DECIMALS) -> str:
    """Writes a number with so many decimals, cut."""
    return f"{cut(value, decimals=decimals):.{decimals}f}"


def like(value: Decimal, unit: Decimal) -> str:
    """Writes a number with the decimals of a unit, such as a tick."""
    return fixed(value, decimals_of(unit))


def decimals_of(unit: Decimal) -> int:
    """Returns how many decimals a unit has."""
    exponent = unit.normalize().as_tuple().exponent
    return max(-exponent, 0) if isinstance(exponent, int) else 0


def ms(at: Instant) -> int:
    """Returns an instant in ms."""
    return at // NS_PER_MS


def missing(name: str) -> Refused:
    """Refuses for want of a parameter."""
    return Refused(code=-1102, msg=f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")


NO_SYMBOL = Refused(code=-1121, msg="Invalid symbol.")
NO_ORDER = Refused(code=-2013, msg="Order does not exist.")
NOT_OPEN = Refused(code=-2011, msg="Unknown order sent.")

USDM = {
    Refusal.MARKET: NO_SYMBOL,
    Refusal.CLOSED: Refused(code=-4141, msg="Symbol is closed."),
    Refusal.ACCOUNT: Refused(code=-2015, msg="Invalid API-key, IP, or permissions for action.", status=401),
    Refusal.TICK: Refused(code=-4014, msg="Price not increased by tick size."),
    Refusal.PRICE: missing("price"),
    Refusal.LOT: Refused(code=-1111, msg="Precision is over the maximum defined for this asset."),
    Refusal.QTY_MIN: Refused(code=-4004, msg="Quantity less than min quantity."),
    Refusal.QTY_MAX: Refused(code=-4005, msg="Quantity greater than max quantity."),
    Refusal.NOTIONAL: Refused(
        code=-4164, msg="Order's notional must be no smaller than 5 (unless you choose reduce only)."
    ),
    Refusal.FUNDS: Refused(code=-2018, msg="Balance is insufficient."),
    Refusal.MARGIN: Refused(code=-2019, msg="Margin is insufficient."),
    Refusal.CLIENT_ID: Refused(code=-4116, msg="ClientOrderId is duplicated."),
    Refusal.WOULD_TAKE: Refused(
        code=-5022,
        msg="Due to the order could not be executed as maker, the Post Only order will be rejected. "
        "The order will not be recorded in the order history",
    ),
    Refusal.NOT_WHOLE: Refused(
        code=-5021,
        msg="Due to the order could not be filled immediately, the FOK order has been rejected. "
        "The order will not be recorded in the order history",
    ),
    Refusal.REDUCE_ONLY: Refused(code=-2022, msg="ReduceOnly Order is rejected."),
    Refusal.GONE: NOT_OPEN,
}

SPOT = {
    Refusal.MARKET: NO_SYMBOL,
    Refusal.CLOSED: Refused(code=-1013, msg="Market is closed."),
    Refusal.ACCOUNT: Refused(code=-2010, msg="This action is disabled on this account."),
    Refusal.TICK: Refused(code=-1013, msg="Filter failure: PRICE_FILTER"),
    Refusal.PRICE: missing("price"),
    Refusal.LOT: Refused(code=-1013, msg="Filter failure: LOT_SIZE"),
    Refusal.QTY_MIN: Refused(code=-1013, msg="Filter failure: LOT_SIZE"),
    Refusal.QTY_MAX: Refused(code=-1013, msg="Filter failure: LOT_SIZE"),
    Refusal.NOTIONAL: Refused(code=-1013, msg="Filter failure: NOTIONAL"),
    Refusal.FUNDS: Refused(code=-2010, msg="Account has insufficient balance for requested action."),
    Refusal.MARGIN: Refused(code=-2010, msg="Account has insufficient balance for requested action."),
    Refusal.CLIENT_ID: Refused(code=-2010, msg="Duplicate order sent."),
    Refusal.WOULD_TAKE: Refused(code=-2010, msg="Order would immediately match and take."),
    Refusal.NOT_WHOLE: Refused(code=-2010, msg="Order would not be filled at once."),
    Refusal.REDUCE_ONLY: Refused(code=-1104, msg="Not all sent parameters were read."),
    Refusal.GONE: NOT_OPEN,
}
