"""Which quotes of a venue are sound enough to trade by.

Source: st0x.liquidity, adr 0019: closing quotes of one exchange stood 10 to 28 % wide, or without an ask.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from flatbook.market.quotes import Quote, check_price
from flatbook.values.instants import Instant, later
from flatbook.values.money import BPS, ZERO, Price, check_number

HALF = Decimal("0.5")


class QuoteGates(msgspec.Struct, frozen=True, kw_only=True):
    """Which quotes are sound. Units: `age_ms_max` ms since it was made; `spread_bps_max` of the middle."""

    age_ms_max: int
    spread_bps_max: int

    def __post_init__(self) -> None:
        if self.age_ms_max <= 0 or self.spread_bps_max <= 0:
            raise ValueError("the gates of quotes must be above zero")


def middle_of(bid: Decimal, ask: Decimal, made_at: Instant, *, gates: QuoteGates, now: Instant) -> Quote | None:
    """Returns the middle of a bid and an ask, None where they cross, one is missing, or they are too wide or too old.

    Units: USD per share.
    Errors: ValueError when a number is too long or out of bounds.
    """
    middle = (check_number(bid) + check_number(ask)) * HALF
    if not ZERO < bid <= ask or ask - bid > middle * gates.spread_bps_max * BPS:
        return None
    return price_of(middle, made_at, gates=gates, now=now)


def price_of(price: Decimal, made_at: Instant, *, gates: QuoteGates, now: Instant) -> Quote | None:
    """Returns a price that something traded at, None where it is none or too old.

    Units: USD per share.
    Errors: ValueError when the number is too long or out of bounds.
    """
    if not check_number(price) > ZERO or later(made_at, ms=gates.age_ms_max) < now:
        return None
    check_price(Price(price))
    return Quote(price=Price(price), happened_at=made_at, seen_at=now)
