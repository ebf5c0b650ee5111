"""Instruments, their trading rules, and the roundings that these rules demand."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum
from functools import lru_cache
from math import gcd

import msgspec

from flatbook.values.ids import AccountId, AssetId, InstrumentId, Underlying
from flatbook.values.money import (
    BPS,
    NUMBER_DECIMALS_MAX,
    ONE,
    ZERO,
    Money,
    Price,
    Quantity,
    divide_cut,
    lower_to,
    raise_to,
    scaled_integer,
    significant_decimals,
)


class Side(Enum):
    """The side of an order or fill, from our point of view."""

    __hash__ = object.__hash__  # members are compared by identity, and are keys on the way of every order

    BUY = "buy"
    SELL = "sell"

    @property
    def sign(self) -> int:
        """Returns +1 for buy and -1 for sell."""
        return 1 if self is _BUY else -1

    @property
    def opposite(self) -> Side:
        """Returns the other side."""
        return _SELL if self is _BUY else _BUY


_BUY, _SELL = Side.BUY, Side.SELL  # the name of a member is looked up slowly, and its identity at once


class Product(Enum):
    """What a trade of an instrument moves: the assets themselves, or a position that is settled in its margin."""

    SPOT = "spot"
    LINEAR_PERP = "linear_perp"
    INVERSE_PERP = "inverse_perp"


def held_as(product: Product, underlying: Underlying, instrument: InstrumentId) -> AssetId:
    """Returns the asset under which an account holds what an instrument trades.

    Gives: the underlying of what is traded itself; a position in margin is an asset named as its instrument.
    """
    return AssetId(underlying if product is Product.SPOT else instrument)


Residue = Quantity
STEPS_CACHED_MAX = 1_024
LAST_DECIMAL = Decimal(1).scaleb(-NUMBER_DECIMALS_MAX)


class TradingRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The grid on which a venue accepts orders.

    Units: tick in quote per base; lot and qty_min in base; notional_min in quote. `tick_below_one` replaces `tick`
    where the rounded price would be below 1 (US equities quote sub-dollar prices in hundredths of a cent).
    """

    tick: Decimal
    lot: Decimal
    qty_min: Decimal
    notional_min: Decimal
    tick_below_one: Decimal | None = None

    def __post_init__(self) -> None:
        for name in ("tick", "lot", "qty_min"):
            if not getattr(self, name) > ZERO:
                raise ValueError(f"trading rule {name} must be above zero")
        if self.tick_below_one is not None and not self.tick_below_one > ZERO:
            raise ValueError("trading rule tick_below_one must be above zero")
        if self.notional_min < ZERO:
            raise ValueError("trading rule notional_min must not be negative")


class Instrument(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is traded at one account.

    Units: contract_size in base units per contract (1 for shares and spot). Of a perpetual `quote` is what profit and
    loss are paid in.
    """

    id: InstrumentId
    account: AccountId
    symbol: str
    underlying: Underlying
    quote: AssetId
    rules: TradingRules
    contract_size: Decimal = ONE
    product: Product = Product.SPOT

    @property
    def asset(self) -> AssetId:
        """The asset under which its account holds what it trades."""
        return held_as(self.product, self.underlying, self.id)

    def __post_init__(self) -> None:
        if not self.contract_size > ZERO:
            raise ValueError(f"{self.id}: contract_size must be above zero")


def floor_to_lot(qty: Quantity, rules: TradingRules) -> tuple[Quantity, Residue]:
    """Returns the largest multiple of the lot that is not above the quantity, and what is left.

    Needs: qty >= 0.
    Gives: floored + residue == qty; both are booked, none is dropped.
    """
    lots = _whole_multiples(qty, rules.lot)
    floored = Quantity(lots * rules.lot)
    return floored, Residue(qty - floored)


def _whole_multiples(value: Decimal, step: Decimal) -> Decimal:
    (above, below), (step_above, step_below) = value.as_integer_ratio(), _ratio_of(step)
    return Decimal(above * step_below // (below * step_above))


@lru_cache(maxsize=STEPS_CACHED_MAX)
def _ratio_of(step: Decimal) -> tuple[int, int]:
    return step.as_integer_ratio()


def is_multiple(value: Decimal, step: Decimal) -> bool:
    """Returns whether a number above zero is a whole multiple of a step.

    Needs: the step is above zero.
    """
    return value > ZERO and _whole_multiples(value, step) * step == value


def tick_at(px: Decimal, rules: TradingRules) -> Decimal:
    """Returns the tick in force at a price: below one `tick_below_one` holds where the venue has it.

    Units: quote per base.
    """
    return rules.tick if rules.tick_below_one is None or px >= ONE else rules.tick_below_one


def round_to_tick(px: Decimal, *, side: Side, rules: TradingRules) -> Price:
    """Returns the price on the tick grid that is not worse for getting filled: a buy rounds up, a sell down.

    Errors: ValueError when the rounded price is not above zero.
    """
    tick = tick_at(px, rules)
    floored = Price(_whole_multiples(px, tick) * tick)
    rounded = Price(floored + tick) if side is Side.BUY and floored != px else floored
    if not rounded > ZERO:
        raise ValueError(f"a {side.value} price of {px} rounds to nothing on a tick of {tick}")
    return rounded


def collared_limit(reference: Price, *, side: Side, collar_bps: int, rules: TradingRules) -> Price:
    """Returns the limit of a marketable order: the reference moved by the collar, then rounded to the tick.

    Units: collar_bps in basis points of the reference.
    Gives: a buy limit at or above, a sell limit at or below the reference.
    Errors: ValueError when the result is not above zero.
    """
    return round_to_tick(reference * (ONE + side.sign * collar_bps * BPS), side=side, rules=rules)


def least_order(instrument: Instrument, px_usd: Price, *, quote_usd: Decimal) -> Quantity:
    """Returns the smallest quantity on the grid that the venue takes at a price.

    Units: px_usd in USD per base, above zero; quote_usd in USD per unit of the quote; the result in contracts.
    """
    rules = instrument.rules
    each = px_usd * instrument.contract_size
    by_value = divide_cut(rules.notional_min * quote_usd, each, decimals=NUMBER_DECIMALS_MAX)
    least = max(rules.qty_min, by_value)
    floored, rest = floor_to_lot(Quantity(least), rules)
    enough = not rest and floored * each >= rules.notional_min * quote_usd
    return floored if enough else Quantity(floored + rules.lot)


def in_quote(usd: Decimal, *, quote_usd: Decimal, side: Side) -> Price:
    """Returns a price in USD as one in an instrument's quote, at the mark of the quote.

    Units: usd in USD per base, quote_usd in USD per unit of the quote, above zero; the result in quote per base.
    Gives: what has more than 18 decimals is cut so that a buy is never dearer and a sell never cheaper.
    """
    if quote_usd == ONE:
        return Price(usd)
    price = divide_cut(usd, quote_usd, decimals=NUMBER_DECIMALS_MAX)
    short = side is Side.SELL and price * quote_usd < usd
    return Price(price + LAST_DECIMAL if short else price)


def whole_share_lot(lot: Decimal, *, contract_size: Decimal) -> Decimal:
    """Returns the smallest multiple of a lot that is a whole number of shares.

    Units: lot in contracts, contract_size in shares per contract; the result in contracts.
    """
    step = lot * contract_size
    decimals = significant_decimals(step)
    unit: int = 10**decimals
    return lot * (unit // gcd(scaled_integer(step, decimals=decimals), unit))


def notional(qty: Quantity, px: Price, *, contract_size: Decimal = ONE) -> Money:
    """Returns the value of a quantity at a price.

    Units: quantity in contracts, price in quote per base, contract_size in base per contract; the result in quote.
    """
    return Money(qty * px * contract_size)


def cost_ceiling(qty: Quantity, px: Price, *, collar_bps: int, contract_size: Decimal = ONE) -> Money:
    """Returns the cash that a buy may need: cost at the collar, rounded up to a cent.

    Units: qty in contracts, px in quote per base; the result in quote.
    """
    return Money(raise_to(notional(qty, px, contract_size=contract_size) * (ONE + collar_bps * BPS), decimals=2))


def in_cents(usd: Money) -> int:
    """Returns a dollar amount in cents, cut toward minus infinity below a cent."""
    return scaled_integer(lower_to(usd, decimals=2), decimals=2)
