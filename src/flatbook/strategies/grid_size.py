"""How much a level of a grid trades, and what a cycle of it earns after fees."""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache

from flatbook.strategies.grid_terms import QtyPerLevel, QuotePerLevel
from flatbook.values.instruments import Instrument, floor_to_lot, notional
from flatbook.values.lattice import MICRO
from flatbook.values.money import (
    NUMBER_DECIMALS_MAX,
    ONE,
    Money,
    Price,
    Quantity,
    divide_cut,
    proportion,
    scaled_integer,
)

KEPT_LEAST = 100_000
FEE_DECIMALS = 9
FEE_WHOLE = 1_000_000_000
AFFORDABLE_PCT = 80
LEVELS_MAX = 1_000
FEES_CACHED_MAX = 256


def kept_size(volatility: int, *, size_cut: int) -> int:
    """Returns which share of its size an order keeps in a market that moves: never below a tenth.

    Units: volatility (true range by price) and the result in millionths; size_cut in percent of the size per percent.
    """
    return max(KEPT_LEAST, MICRO - size_cut * max(0, volatility))


def size_at(size: QuotePerLevel | QtyPerLevel, px: Price, instrument: Instrument, *, kept: int = MICRO) -> Quantity:
    """Returns what a level at a price trades: never more than asked for, on the lot.

    Units: px in quote per base, above zero; `kept` in millionths of the size; the result in contracts.
    """
    share = size.amount * kept
    each = instrument.contract_size * MICRO * (px if isinstance(size, QuotePerLevel) else ONE)
    return floor_to_lot(Quantity(divide_cut(share, each, decimals=NUMBER_DECIMALS_MAX)), instrument.rules)[0]


def is_enough(qty: Quantity, px: Price, instrument: Instrument) -> bool:
    """Whether a venue takes an order of such a size at such a price. Units: contracts; quote per base."""
    rules = instrument.rules
    return qty >= rules.qty_min and notional(qty, px, contract_size=instrument.contract_size) >= rules.notional_min


def net_of_fees(*, bought: Price, sold: Price, buy_fee: Decimal, sell_fee: Decimal) -> Money:
    """Returns what a unit bought and sold brings after fees. Units: quote per base; fees as shares of the value."""
    return Money(sold - bought - bought * buy_fee - sold * sell_fee)


def break_even_step(px: Price, fee: Decimal) -> Price:
    """Returns the step that just pays the fees of a cycle which begins at a price, cut to 18 decimals.

    Units: quote per base; fee as a share of the value, paid on both orders.
    """
    return Price(divide_cut(2 * px * fee, ONE - fee, decimals=NUMBER_DECIMALS_MAX))


def pays(entry: int, target: int, fee: Decimal) -> bool:
    """Whether a cycle between two prices, whichever is the higher one, leaves anything after fees. Units: ticks."""
    return abs(target - entry) * FEE_WHOLE > (target + entry) * _units_of_fee(fee)


@lru_cache(maxsize=FEES_CACHED_MAX)
def _units_of_fee(fee: Decimal) -> int:
    return scaled_integer(fee, decimals=FEE_DECIMALS)


def levels_affordable(funds: Money, *, leverage: int, per_level: Money) -> int:
    """Returns how many levels four fifths of the funds pay for: none where they do not pay for one.

    Units: quote.
    """
    whole = scaled_integer(divide_cut(funds * leverage, per_level, decimals=0), decimals=0)
    return min(LEVELS_MAX, proportion(whole, part=AFFORDABLE_PCT, of=100))
