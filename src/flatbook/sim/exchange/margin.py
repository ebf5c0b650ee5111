"""Cross margin at the simulated exchange: marks, what is needed, funding, and liquidation.

Initial margin of a market is that of the larger side its position and open orders could lead to, at the mark.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from flatbook.matcher.margin import is_liquidated, led_to, to_open
from flatbook.sim.exchange.accounts import Account
from flatbook.sim.exchange.orders import Ending, Flow, Forced, Placing
from flatbook.sim.exchange.terms import MARGIN_WALLET, Kind, Market
from flatbook.values.instants import NS_PER_S, Instant
from flatbook.values.money import cut, divide_cut

if TYPE_CHECKING:
    from flatbook.sim.exchange.exchange import Exchange

DECIMALS = 8
HOUR_NS = 3_600 * NS_PER_S
TWO = Decimal(2)
ZERO = Decimal(0)

PastMark = tuple[Decimal, Instant]


class DueTo(NamedTuple):
    """What a change of a wallet is due to: a symbol with its position and mark, and when, where that is not now."""

    symbol: str = ""
    qty: Decimal = ZERO
    price: Decimal = ZERO
    at: Instant | None = None


NOTHING = DueTo()


def mark(exchange: Exchange, market: Market) -> Decimal | None:
    """Returns the mark of a market: what was set, else the middle of its book, else the last trade."""
    if market.name in exchange.marks:
        return exchange.marks[market.name]
    pit = exchange.pits[market.name]
    bid, ask = pit.best(1), pit.best(-1)
    if bid is not None and ask is not None:
        return divide_cut(market.tick * (bid + ask), TWO, decimals=DECIMALS)
    prints = exchange.prints[market.name]
    return prints[-1].price if prints else None


def gains(exchange: Exchange, account: Account, coin: str) -> Decimal:
    """Returns what positions settled in a coin have gained and not realised."""
    return sum(
        (
            position.gain(mark(exchange, position.market) or position.entry)
            for position in account.positions.values()
            if position.qty and position.market.quote == coin
        ),
        ZERO,
    )


def initial(exchange: Exchange, account: Account, coin: str, extra: Placing | None = None) -> Decimal:
    """Returns the initial margin that is needed in a coin, with one more order where one is named."""
    return sum(
        (
            _initial_of(exchange, account, market, extra if extra is not None and extra.market == market else None)
            for market in exchange.terms.markets
            if market.kind is Kind.PERP and market.quote == coin
        ),
        ZERO,
    )


def _initial_of(exchange: Exchange, account: Account, market: Market, extra: Placing | None) -> Decimal:
    sides = {1: ZERO, -1: ZERO}
    for order in exchange.open_orders(account.name, market):
        if not order.reduces:
            sides[order.sign] += order.left
    if extra is not None and not extra.reduces:
        sides[extra.sign] += extra.qty or ZERO
    position = account.position(market)
    largest = led_to(position.qty, sides[1], sides[-1])
    price = mark(exchange, market) or (extra.price if extra is not None else None) or position.entry
    return to_open(market.worth(largest, price), position.leverage, market.maintenance_rate, market.tiers)


def maintenance(exchange: Exchange, account: Account, coin: str) -> Decimal:
    """Returns the margin below which positions settled in a coin are liquidated."""
    return sum(
        (
            position.market.maintenance_of(
                position.market.worth(abs(position.qty), mark(exchange, position.market) or position.entry)
            )
            for position in account.positions.values()
            if position.market.quote == coin
        ),
        ZERO,
    )


def equity(exchange: Exchange, account: Account, coin: str) -> Decimal:
    """Returns the margin balance in a coin: the wallet and what is not realised."""
    return account.wallets[MARGIN_WALLET].total(coin) + gains(exchange, account, coin)


def available(exchange: Exchange, account: Account, coin: str) -> Decimal:
    """Returns what new orders may need at most."""
    wallet = account.wallets[MARGIN_WALLET]
    return equity(exchange, account, coin) - initial(exchange, account, coin) - wallet.locked.get(coin, ZERO)


def liquidate_due(exchange: Exchange) -> None:
    """Closes the positions of accounts that have too little margin."""
    for account in exchange.accounts.values():
        coins = dict.fromkeys(each.market.quote for each in account.positions.values() if each.qty)
        for coin in coins:
            if is_liquidated(equity(exchange, account, coin), maintenance(exchange, account, coin)):
                _liquidate(exchange, account, coin)


def _liquidate(exchange: Exchange, account: Account, coin: str) -> None:
    held = [each for each in account.positions.values() if each.qty and each.market.quote == coin]
    for order in exchange.open_orders(account.name):
        if order.market.kind is Kind.PERP and order.market.quote == coin:
            exchange.cancel(order, exchange.now, Ending.LIQUIDATION)
    for position in held:
        if position.qty:
            price = mark(exchange, position.market) or position.entry
            exchange.force(account.name, position.market, -position.qty, Forced.LIQUIDATION, price)


def fund(exchange: Exchange, market: Market, rate: Decimal | None = None, past: PastMark | None = None) -> None:
    """Settles funding of a market: those who are long pay those who are short where the rate is above zero.

    It is settled now and at the mark, or at a `past` one, whose instant it is booked under.
    """
    price, at = (mark(exchange, market), exchange.now) if past is None else past
    for account in exchange.accounts.values():
        position = account.positions.get(market.name)
        if price is None or position is None or not position.qty:
            continue
        stated = exchange.markets[market.name].funding_rate if rate is None else rate
        amount = cut(-market.worth(position.qty, price) * stated, decimals=DECIMALS)
        account.wallets[MARGIN_WALLET].add(market.quote, amount)
        book_flow(
            exchange, account.name, "FUNDING_FEE", market.quote, amount, DueTo(market.symbol, position.qty, price, at)
        )
        for watcher in exchange.watchers:
            watcher.account_changed(account.name, MARGIN_WALLET, "FUNDING_FEE", (market.quote,), market.name)


def next_funding(market: Market, now: Instant) -> Instant:
    """Returns the next instant at which a market settles funding: whole intervals of the day in UTC."""
    interval = market.funding_h * HOUR_NS
    return Instant((now // interval + 1) * interval)


def keep_funding(exchange: Exchange, market: Market) -> None:
    """Lets funding of a market be settled at its instants from now on."""

    def settle() -> None:
        fund(exchange, market)
        keep_funding(exchange, market)

    exchange.later(next_funding(exchange.markets[market.name], exchange.now), settle)


def book_flow(
    exchange: Exchange,
    account: str,
    kind: str,
    coin: str,
    amount: Decimal,
    of: DueTo = NOTHING,
) -> None:
    """Writes a change of a wallet that is no trade, now where it does not say when."""
    flow = Flow(
        id=len(exchange.flows) + 1,
        at=exchange.now if of.at is None else of.at,
        account=account,
        kind=kind,
        coin=coin,
        amount=amount,
        market=of.symbol,
        qty=of.qty,
        price=of.price,
    )
    exchange.flows.append(flow)
