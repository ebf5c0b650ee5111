"""What a simulated exchange is like: its markets, its accounts, and how an order may live."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from enum import Enum

import msgspec

from flatbook.matcher.margin import Tier, to_stay

SPOT_WALLET, MARGIN_WALLET = "spot", "margin"


class Kind(Enum):
    """What is traded on a market: a coin, or a perpetual contract whose value is linear in the price of a coin."""

    SPOT = "spot"
    PERP = "perp"


class Life(Enum):
    """How long an order lives: until it is canceled, for the moment, whole or not at all, or only without taking."""

    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"
    MAKER = "MAKER"


class Stp(Enum):
    """What happens to two orders of one account that would trade with each other."""

    NONE = "NONE"
    EXPIRE_TAKER = "EXPIRE_TAKER"
    EXPIRE_MAKER = "EXPIRE_MAKER"
    EXPIRE_BOTH = "EXPIRE_BOTH"


class Market(msgspec.Struct, frozen=True, kw_only=True):
    """One market and its rules.

    A market that is watched is displayed, and not moved by orders: they meet it as in a backtest (see watched.py).
    `refuses_taking_maker` means that a maker order that would take is refused, and not accepted and then expired;
    `refuses_partial_fok` says the same of one that cannot be filled whole. With `fees_in_quote` the fee of a spot
    buy is taken in the quote coin, and not in the coin bought. `tiers` raise what a large perpetual position needs to
    stay, part by part, each above the one before; below the first one it is `maintenance_rate`.
    Units: `tick` and `notional_min` in the quote coin; rates are fractions; `contract_size` in coins per contract, and
    `lot`, `qty_min`, `qty_max` and all quantities in contracts, which are coins where it is 1.
    """

    kind: Kind
    symbol: str
    coin: str
    quote: str
    tick: Decimal
    lot: Decimal
    qty_min: Decimal
    qty_max: Decimal = Decimal(10_000)
    notional_min: Decimal = Decimal(5)
    maker_rate: Decimal = Decimal("0.0002")
    taker_rate: Decimal = Decimal("0.0005")
    leverage_max: int = 100
    maintenance_rate: Decimal = Decimal("0.005")
    tiers: tuple[Tier, ...] = ()
    contract_size: Decimal = Decimal(1)
    funding_rate: Decimal = Decimal("0.0001")
    funding_h: int = 8
    trades: bool = True
    is_watched: bool = False
    refuses_taking_maker: bool = True
    refuses_partial_fok: bool = False
    fees_in_quote: bool = False

    @property
    def name(self) -> str:
        """The name of the market, which no other one has: spot and perpetuals share symbols."""
        return f"{self.kind.value}:{self.symbol}"

    def ticks(self, price: Decimal) -> int | None:
        """Returns a price in ticks, None when it is no whole number of them."""
        return _whole(price, self.tick)

    def lots(self, qty: Decimal) -> int | None:
        """Returns a quantity in lots, None when it is no whole number of them."""
        return _whole(qty, self.lot)

    def worth(self, qty: Decimal, price: Decimal) -> Decimal:
        """Returns what a quantity is worth at a price. Units: quote coins, of the sign of the quantity."""
        return qty * price * self.contract_size

    def maintenance_of(self, worth: Decimal) -> Decimal:
        """Returns what a position needs to stay, by what it is worth. Units: quote coins."""
        return to_stay(worth, self.maintenance_rate, self.tiers)

    def spent(self, qty: Decimal, price: Decimal) -> Decimal:
        """Returns what a spot purchase may spend of the quote coin, its fee included where that is taken in it."""
        spent = qty * price
        if not self.fees_in_quote:
            return spent
        return spent + max(spent * self.maker_rate, spent * self.taker_rate, Decimal(0))

    @property
    def wallet(self) -> str:
        """The wallet that its trades are settled in, where an exchange keeps several."""
        return SPOT_WALLET if self.kind is Kind.SPOT else MARGIN_WALLET


class OpeningAccount(msgspec.Struct, frozen=True, kw_only=True):
    """An account when it is opened, and the key that proves it; without a leverage it has that of the exchange.

    Units: coins in both wallets.
    """

    name: str
    key: str
    secret: str
    spot: Mapping[str, Decimal] = {}
    margin: Mapping[str, Decimal] = {}
    may_trade: bool = True
    leverage: int | None = None


class ExchangeTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What an exchange is like.

    `ids_return` tells whether a client id may come again once its order has ended.
    `unified` means one wallet for spot and perpetuals. Fees of spot trades are paid in `fee_coin` with a rebate when an
    account holds it and wishes so: `fee_coin_rate` is what then remains. `stp` holds where an order says nothing.
    `forced_ids` are the beginnings of client ids of orders that the exchange itself makes, by the reason.
    Units: `weight_per_minute` in the weight of requests; `orders_per_10s` in new orders of an account.
    """

    markets: tuple[Market, ...]
    accounts: tuple[OpeningAccount, ...]
    unified: bool = False
    ids_return: bool = True
    leverage: int = 20
    fee_coin: str = ""
    fee_coin_rate: Decimal = Decimal("0.75")
    stp: Stp = Stp.NONE
    weight_per_minute: int = 2_400
    orders_per_10s: int = 300
    forced_ids: Mapping[str, str] = {}
    seed: str = "1"

    def market(self, kind: Kind, symbol: str) -> Market | None:
        """Returns a market by its kind and symbol."""
        return next((each for each in self.markets if each.kind is kind and each.symbol == symbol), None)


def cut_to(value: Decimal, unit: Decimal) -> Decimal:
    """Returns the largest whole number of units that is not beyond a value, toward zero."""
    return value // unit * unit


def _whole(value: Decimal, unit: Decimal) -> int | None:
    count, rest = divmod(value, unit)
    return None if rest else int(count)
