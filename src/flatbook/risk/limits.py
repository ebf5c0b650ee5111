"""The limits a desk sets itself. None of them has a default."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from flatbook.values.instruments import is_multiple
from flatbook.values.money import ONE, ZERO, NumberRefused, parse_number, plain

ORDER_RATE_WINDOW_S = 60
CONFIGURED = "configured"


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


def why_not_told(configured: Limits, told: Mapping[str, Decimal], name: str, text: str) -> str | None:
    """Returns why an operator cannot set a limit, None when he can: it exists, and is not looser than configured.

    Needs: `told` is what was set before; `text` is a number, or CONFIGURED to take that back.
    """
    if name not in Limits.__struct_fields__:
        return f"no limit is called {name!r}: {', '.join(Limits.__struct_fields__)}"
    if text == CONFIGURED:
        return None if name in told else f"{name} is as it is configured already"
    try:
        to = parse_number(text)
    except NumberRefused as error:
        return f"to must be a number, or {CONFIGURED}: {error}"
    most = getattr(configured, name)
    if isinstance(most, int) and to > ZERO and not is_multiple(to, ONE):
        return f"{name} is counted: it must be a whole number"
    if not ZERO < to <= most:
        return f"{name} must be above zero and at most {plain(Decimal(most))}, as configured: more needs a new start"
    return None
