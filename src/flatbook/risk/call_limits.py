"""What a wallet may be made to sign: which functions of which contracts, for whom, and how much of it."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from flatbook.values.ids import AssetId
from flatbook.values.money import ZERO

SELECTOR_TEXT = 10


class AllowedCall(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A function of a contract that may be called.

    `to` is an address in lower case, `selector` the first four bytes of the payload as 0x-text. `destinations` are the
    addresses that may be approved or paid by it; empty where the function names none.
    """

    to: str
    selector: str
    destinations: tuple[str, ...] = ()


class CallLimits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Caps of one wallet on one chain. What is not named is not allowed.

    Units: `amount_max` and `amount_day_max` in units of the asset, a call and a UTC day; `fee_coin_max` in units of the
    chain's coin, the most that one transaction may pay for gas.
    """

    allowed: tuple[AllowedCall, ...]
    amount_max: dict[AssetId, Decimal]
    amount_day_max: dict[AssetId, Decimal]
    calls_day_max: int
    fee_coin_max: Decimal

    def __post_init__(self) -> None:
        if not self.fee_coin_max > ZERO or not self.calls_day_max > 0:
            raise ValueError("fee_coin_max and calls_day_max of a wallet must be above zero")
        for each in self.allowed:
            if each.to != each.to.lower() or len(each.selector) != SELECTOR_TEXT:
                raise ValueError(f"{each.to} {each.selector}: an address in lower case and a selector of four bytes")
