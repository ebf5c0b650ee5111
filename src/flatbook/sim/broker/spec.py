"""What kind of broker the paper broker is: accounts, rules, hours, fees, delays."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum

import msgspec

from flatbook.engine.ports import IdRule
from flatbook.values.instruments import Side, TradingRules
from flatbook.values.money import ZERO, Money, Quantity, raise_to

USD = "USD"
CENTS = 2
PERCENT = Decimal("0.01")


class Shorting(Enum):
    """What the broker does with a sell above the shares held."""

    NEVER = "never"
    WHOLE_SHARES = "whole_shares"


class WhenClosed(Enum):
    """What the broker does with a DAY order while the market is closed: real ones keep it for the next session."""

    QUEUE = "queue"
    REJECT = "reject"


class OpeningAccount(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An account as the broker opens it. Units: cash in the broker's currency; holdings in shares by symbol."""

    account: str
    cash: Money
    holdings: dict[str, Quantity]

    def __post_init__(self) -> None:
        if self.cash < ZERO or any(qty < ZERO for qty in self.holdings.values()):
            raise ValueError(f"account {self.account} cannot open with cash or shares below zero")


class FeeSchedule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the broker charges. Commission and regulatory fees are each rounded up to a cent per order.

    Units: currency per order and per share; `sell_notional_rate` in currency per currency sold (SEC section 31);
    `sell_per_share` in currency per share sold (FINRA trading activity fee).
    """

    commission_per_order: Money
    commission_per_share: Money
    sell_notional_rate: Decimal
    sell_per_share: Money


NO_FEES = FeeSchedule(
    commission_per_order=Money(ZERO),
    commission_per_share=Money(ZERO),
    sell_notional_rate=ZERO,
    sell_per_share=Money(ZERO),
)


class BrokerSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One paper broker.

    Units: milliseconds and seconds as the names say; rules by symbol; `fill_qty_max` in shares an order and bar, None
    for no bound; `partial_bps` is the chance in basis points that a bar fills only a part of what it could.
    `read_lag_ms` is how far reads trail the truth; `cancel_ms` how long a cancel takes to act. Opening accounts are
    credited once, when the account is first seen by this broker's file. `currency` is what
    cash, prices and fees are in.
    """

    accounts: tuple[OpeningAccount, ...]
    rules: dict[str, TradingRules]
    fees: FeeSchedule
    seed: str
    currency: str = USD
    id_rule: IdRule = IdRule.FOR_EVER
    id_window_s: int = 0
    extended_hours: bool = False
    when_closed: WhenClosed = WhenClosed.QUEUE
    shorting: Shorting = Shorting.NEVER
    latency_ms: int = 40
    latency_jitter_ms: int = 20
    cancel_ms: int = 0
    read_lag_ms: int = 0
    request_window_s: int = 5
    fill_qty_max: Quantity | None = None
    partial_bps: int = 0

    def __post_init__(self) -> None:
        delays = (self.latency_ms, self.latency_jitter_ms, self.cancel_ms, self.read_lag_ms, self.id_window_s)
        if min(delays) < 0 or self.request_window_s <= 0:
            raise ValueError("delays of a broker must not be negative, and request_window_s must be above zero")
        if not 0 <= self.partial_bps <= 10_000:
            raise ValueError("partial_bps is a chance in basis points, 0 to 10000")
        if len({opening.account for opening in self.accounts}) != len(self.accounts):
            raise ValueError("an account is opened twice")
        if self.currency in self.rules:
            raise ValueError(f"{self.currency} is the cash of the accounts and no symbol")


class OrderFees(msgspec.Struct, frozen=True, kw_only=True):
    """The fees of an order so far. Units: currency."""

    commission: Money
    regulatory: Money

    @property
    def total(self) -> Money:
        """The sum of all fees."""
        return Money(self.commission + self.regulatory)


def fees_of(schedule: FeeSchedule, *, side: Side, qty: Quantity, notional: Decimal) -> OrderFees:
    """Returns the fees of an order that has executed `qty` for `notional`. Units: shares; currency."""
    if not qty > ZERO:
        return OrderFees(commission=Money(ZERO), regulatory=Money(ZERO))
    commission = schedule.commission_per_order + schedule.commission_per_share * qty
    regulatory = schedule.sell_notional_rate * notional + schedule.sell_per_share * qty
    return OrderFees(
        commission=Money(raise_to(commission, decimals=CENTS)),
        regulatory=Money(raise_to(regulatory, decimals=CENTS) if side is Side.SELL else ZERO),
    )
