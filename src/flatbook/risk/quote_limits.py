"""The limits of one quoting strategy. None of them has a default."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from flatbook.values.money import ZERO


class QuoteLimits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Caps that every intent of a quoting strategy must respect, on each of its instruments.

    Units: USD, contracts and milliseconds as the names say; `collar_bps_max` in basis points beyond the touch;
    `sanity_bps_max` is how far the middle of a book may lie from the mark of its venue, None where nothing is compared;
    `open_orders_max` counts those of the strategy on one instrument, `orders_per_minute_max` those of the whole desk.
    """

    order_notional_usd_max: Decimal
    order_qty_max: Decimal
    position_max: Decimal
    open_orders_max: int
    orders_per_minute_max: int
    day_loss_usd_max: Decimal
    collar_bps_max: int
    book_age_ms_max: int
    sanity_bps_max: int | None = None

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            stated = getattr(self, name)
            if stated is not None and not stated > ZERO:
                raise ValueError(f"limit {name} of a quoting strategy must be above zero")
