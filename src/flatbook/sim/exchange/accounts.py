"""Accounts at the simulated exchange: what is free and locked in each wallet, and positions in perpetual contracts.

A position stores its quantity and what that quantity cost; what a part of it cost is cut at COST_DECIMALS toward zero.
"""

from __future__ import annotations

from decimal import Decimal

from flatbook.sim.exchange.terms import MARGIN_WALLET, SPOT_WALLET, ExchangeTerms, Market, OpeningAccount
from flatbook.values.instants import Instant
from flatbook.values.money import divide_cut

COST_DECIMALS = 8
PRICE_DECIMALS = 10
ZERO = Decimal(0)


class Wallet:
    """The coins of one wallet. Units: each in its coin."""

    def __init__(self, free: dict[str, Decimal]) -> None:
        self.free = free
        self.locked: dict[str, Decimal] = {}

    def add(self, coin: str, amount: Decimal) -> None:
        """Changes what is free."""
        self.free[coin] = self.free.get(coin, ZERO) + amount

    def lock(self, coin: str, amount: Decimal) -> None:
        """Locks what was free, or frees it again where the amount is below zero."""
        self.free[coin] = self.free.get(coin, ZERO) - amount
        self.locked[coin] = self.locked.get(coin, ZERO) + amount

    def total(self, coin: str) -> Decimal:
        """Returns what there is of a coin, locked or not."""
        return self.free.get(coin, ZERO) + self.locked.get(coin, ZERO)

    def coins(self) -> list[str]:
        """Returns the coins that were ever held."""
        return sorted({**self.free, **self.locked})


class Position:
    """A position in one market, in one-way mode.

    Units: contracts, below zero for short; `cost` in quote coins, signed.
    """

    def __init__(self, market: Market, leverage: int) -> None:
        self.market, self.leverage = market, leverage
        self.qty = self.cost = self.realised = ZERO
        self.opened_at = self.updated_at = Instant(0)

    @property
    def entry(self) -> Decimal:
        """The average price that it was entered at, cut; 0 when there is none."""
        coins = self.qty * self.market.contract_size
        return divide_cut(self.cost, coins, decimals=PRICE_DECIMALS) if coins else ZERO

    def trade(self, qty: Decimal, price: Decimal, at: Instant) -> Decimal:
        """Books a trade, above zero for bought. Returns what it realised. Units: contracts, quote coins."""
        opposite = qty * self.qty < 0
        closed = _nearer(qty, -self.qty) if opposite else ZERO
        realised = self._close(-closed, price) if closed else ZERO
        opened = qty - closed
        if opened and not self.qty:
            self.opened_at = at
        self.qty += opened
        self.cost += self.market.worth(opened, price)
        self.realised += realised
        self.updated_at = at
        return realised

    def _close(self, part: Decimal, price: Decimal) -> Decimal:
        """Takes a part out, of the position's own sign."""
        cost = self.cost if part == self.qty else divide_cut(self.cost * part, self.qty, decimals=COST_DECIMALS)
        self.qty -= part
        self.cost -= cost
        return self.market.worth(part, price) - cost

    def gain(self, mark: Decimal) -> Decimal:
        """Returns what is not realised at a mark. Units: quote coins."""
        return self.market.worth(self.qty, mark) - self.cost


class Account:
    """One account with its wallets and positions. `guards` are seconds without a stream after which it is canceled.

    With `two_ways` it says that it is in hedge mode, in which nothing is traded here.
    """

    def __init__(self, opening: OpeningAccount, terms: ExchangeTerms) -> None:
        self.opening, self.name = opening, opening.name
        self._leverage = terms.leverage if opening.leverage is None else opening.leverage
        spot = Wallet(dict(opening.spot))
        margin = spot if terms.unified else Wallet(dict(opening.margin))
        if terms.unified:
            for coin, amount in opening.margin.items():
                spot.add(coin, amount)
        self.wallets = {SPOT_WALLET: spot, MARGIN_WALLET: margin}
        self.positions: dict[str, Position] = {}
        self.pays_in_fee_coin = bool(terms.fee_coin)
        self.guards: dict[str, int] = {}
        self.two_ways = False

    def wallet(self, market: Market) -> Wallet:
        """Returns the wallet in which a market settles."""
        return self.wallets[market.wallet]

    def position(self, market: Market) -> Position:
        """Returns the position in a market, which may be empty."""
        if market.name not in self.positions:
            self.positions[market.name] = Position(market, min(self._leverage, market.leverage_max))
        return self.positions[market.name]


def _nearer(one: Decimal, other: Decimal) -> Decimal:
    return one if abs(one) < abs(other) else other
