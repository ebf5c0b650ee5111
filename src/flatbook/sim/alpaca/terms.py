"""What kind of customer the simulated Alpaca has: accounts, assets, fees, limits, and the words of its refusals."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from flatbook.values.money import ZERO, Money, Quantity

UNAUTHORIZED = 40110000
INVALID = 40010001
FORBIDDEN = 40310000
NOT_FOUND = 40410000
TOO_MANY = 42910000
UNPROCESSABLE = 42210000


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """A refusal in Alpaca's words. `extra` are further fields of its body."""

    status: int
    code: int
    message: str
    extra: dict[str, str] = {}


class Asset(msgspec.Struct, frozen=True, kw_only=True):
    """An asset as Alpaca lists it."""

    symbol: str
    exchange: str = "NASDAQ"
    active: bool = True
    tradable: bool = True
    fractionable: bool = True
    shortable: bool = True
    overnight: bool = False


class OpeningAccount(msgspec.Struct, frozen=True, kw_only=True):
    """An account as it is opened. Units: cash in USD; holdings in shares by symbol, below zero for short."""

    account_id: str
    cash: Money
    holdings: dict[str, Quantity] = {}
    may_short: bool = True

    def __post_init__(self) -> None:
        if any(qty < ZERO and qty != qty.to_integral_value() for qty in self.holdings.values()):
            raise ValueError("nobody is short a fraction of a share")


class FeeRates(msgspec.Struct, frozen=True, kw_only=True):
    """The regulatory fees of sales from a trade date on.

    Units: `sec_rate` in USD per USD sold, `taf_per_share` in USD per share sold.
    """

    effective_from: str
    sec_rate: Decimal
    taf_per_share: Decimal


# Source: 17 CFR 240.31 orders of 2025 and 2026 for the section 31 rate, FINRA By-Laws Schedule A section 1 for the
# trading activity fee; as the reference of the trade states them, to be replaced by what a world asks for.
FEES = (
    FeeRates(effective_from="2025-05-14", sec_rate=ZERO, taf_per_share=Decimal("0.000166")),
    FeeRates(effective_from="2026-01-01", sec_rate=ZERO, taf_per_share=Decimal("0.000195")),
    FeeRates(effective_from="2026-04-04", sec_rate=Decimal("0.0000206"), taf_per_share=Decimal("0.000195")),
)


class MarketTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What market data a customer has. Units: `half_spread` USD from the price to each side of a quote."""

    feeds: tuple[str, ...] = ("iex", "delayed_sip")
    half_spread: Decimal = Decimal("0.01")


class AlpacaTerms(msgspec.Struct, frozen=True, kw_only=True):
    """One Alpaca: who has accounts there, what is traded, and how fast it is.

    Units: `requests_per_minute` is the size of the bucket and what flows into it; `route_ms` from acceptance to the
    market, `fill_ms` from there to the first execution, `look_ms` between two looks of a resting order at the price,
    `cancel_ms` from the request to cancel to its effect; cash is stated with `cash_decimals`. `trading_account` is the
    account of the Trading API.
    """

    accounts: tuple[OpeningAccount, ...]
    assets: tuple[Asset, ...]
    key: str
    secret: str
    trading_account: str
    seed: str = "alpaca"
    charges_each_order: bool = False
    fees: tuple[FeeRates, ...] = FEES
    requests_per_minute: int = 200
    route_ms: int = 15
    fill_ms: int = 60
    look_ms: int = 1_000
    cancel_ms: int = 40
    cash_decimals: int = 2
    market: MarketTerms = MarketTerms()
    duplicate_code: int = UNPROCESSABLE
    wash_status: int = 403
    wash_code: int = FORBIDDEN
