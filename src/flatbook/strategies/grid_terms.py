"""The terms of a grid: where its levels lie, how much each trades, and what ends it."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum

import msgspec

from flatbook.values.instruments import Instrument
from flatbook.values.lattice import Spacing
from flatbook.values.money import ONE, ZERO, Money, Quantity

WINDOW_MAX = 200
ORDERS_MAX = 100
HYSTERESIS_STEPS = 1
RELAY_PCT = 20
LOCK_S = 10
LOCK_S_MAX = 600
ORDER_S = 86_400
STALE_NS = 750_000_000
SKEW_BPS_MAX = 9_999
ATR = "atr"
CLOSE = "close"


class GridMode(Enum):
    """Whether a grid only buys below and sells what it bought, or also sells above and buys back."""

    LONG = "long"
    NEUTRAL = "neutral"


class Exits(Enum):
    """Whether exits only add liquidity until that failed too often, or may take it at their target at once."""

    MAKER = "maker"
    TAKER = "taker"


class QuotePerLevel(msgspec.Struct, frozen=True, kw_only=True, tag="quote"):
    """Each level trades for the same amount. Units: quote."""

    amount: Money


class QtyPerLevel(msgspec.Struct, frozen=True, kw_only=True, tag="base"):
    """Each level trades the same quantity. Units: base."""

    amount: Quantity


class GridParams(msgspec.Struct, frozen=True, kw_only=True):
    """The parameters of one grid.

    Units: step in ticks or in millionths of the price, as the spacing says; `anchor`, `low` and `high` in ticks;
    inventory_max in contracts; skew_bps how far the whole grid moves against a full inventory; fee as a share of the
    value of an order that rests; atr_scale_pct in percent of the average true range, 0 for a step that stays; relay_pct
    by how much another step must differ to be taken; hysteresis in steps; `size_cut` by how many percent of itself an
    order shrinks per percent of volatility (true range by price).
    """

    instrument: Instrument
    mode: GridMode
    spacing: Spacing
    step: int
    buy_levels: int
    sell_levels: int
    size: QuotePerLevel | QtyPerLevel
    inventory_max: Quantity
    fee: Decimal
    anchor: int | None = None
    skew_bps: int = 0
    atr_scale_pct: int = 0
    atr_span_ns: int = 60_000_000_000
    atr_count: int = 14
    size_cut: int = 0
    relay_pct: int = RELAY_PCT
    hysteresis: int = HYSTERESIS_STEPS
    trail_up: bool = True
    trail_down: bool = True
    exits: Exits = Exits.MAKER
    low: int | None = None
    high: int | None = None
    flatten: bool = False
    leverage: int = 1
    orders_max: int = ORDERS_MAX
    stale_ns: int = STALE_NS
    lock_s: int = LOCK_S
    lock_s_max: int = LOCK_S_MAX
    order_s: int = ORDER_S

    def __post_init__(self) -> None:
        flaw = flaw_of(self)
        if flaw is not None:
            raise ValueError(f"{self.instrument.id}: {flaw}")

    @property
    def follows_range(self) -> bool:
        """Whether the step or the sizes follow the true range."""
        return bool(self.atr_scale_pct or self.size_cut)


def flaw_of(params: GridParams) -> str | None:
    """Returns what is wrong with the parameters of a grid, None when they hold together."""
    sizes = ("step", "inventory_max", "leverage", "orders_max", "atr_count")
    times = ("stale_ns", "lock_s", "order_s", "atr_span_ns")
    least_zero = ("skew_bps", "atr_scale_pct", "size_cut", "relay_pct", "hysteresis")
    for name in (*sizes, *times):
        if not getattr(params, name) > ZERO:
            return f"{name} must be above zero"
    for name in least_zero:
        if getattr(params, name) < ZERO:
            return f"{name} must not be negative"
    if params.instrument.rules.tick_below_one is not None:
        return "levels need one tick at every price, and the instrument has two"
    if not params.size.amount > ZERO:
        return "what a level trades must be above zero"
    return _flaw_of_windows(params) or _flaw_of_range(params)


def _flaw_of_windows(params: GridParams) -> str | None:
    for name in ("buy_levels", "sell_levels"):
        if not 1 <= getattr(params, name) <= WINDOW_MAX:
            return f"{name} must be from 1 to {WINDOW_MAX}"
    if params.skew_bps > SKEW_BPS_MAX:
        return f"skew_bps must be at most {SKEW_BPS_MAX}"
    if params.lock_s_max < params.lock_s:
        return "lock_s_max must not be below lock_s"
    return None if -ONE < params.fee < ONE else "fee must be a share of the value, such as 0.0002"


def _flaw_of_range(params: GridParams) -> str | None:
    low, high = params.low, params.high
    if params.anchor is not None and params.anchor <= 0:
        return "anchor must be above zero"
    if low is not None and high is not None and low >= high:
        return "low must be below high"
    if params.flatten and low is None and high is None:
        return "flatten needs low or high"
    return None
