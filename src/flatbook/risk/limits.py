"""The limits a desk sets itself. None of them has a default."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from flatbook.values.money import ZERO

ORDER_RATE_WINDOW_S = 60


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Caps that every intent must respect.

    Units: USD, shares, basis points, seconds and orders per 60 seconds, as the names say.
    """

    order_notional_usd_max: Decimal
    order_shares_max: Decimal
    collar_bps_max: int
    second_bps_max: int
    price_age_s_max: int
    day_loss_usd_max: Decimal
    open_orders_max: int
    orders_per_minute_max: int

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            if not getattr(self, name) > ZERO:
                raise ValueError(f"risk limit {name} must be above zero")


def tightened(limits: Limits, told: Mapping[str, Decimal]) -> Limits:
    """Returns limits in which none is looser than an operator told. Each is a cap, so that the smaller one holds.

    Units: `told` in the unit of each limit; a limit that is counted is told as a whole number.
    """
    changes = {
        name: type(getattr(limits, name))(to)
        for name, to in told.items()
        if name in limits.__struct_fields__ and to < getattr(limits, name)
    }
    return msgspec.structs.replace(limits, **changes) if changes else limits
