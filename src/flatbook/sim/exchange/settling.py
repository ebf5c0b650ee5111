"""What an execution does to the wallets and positions of the simulated exchange. Fees are cut at FEE_DECIMALS."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from flatbook.sim.exchange import margin
from flatbook.sim.exchange.accounts import Account
from flatbook.sim.exchange.orders import BookedOrder, Change, Execution, Status
from flatbook.sim.exchange.terms import MARGIN_WALLET, SPOT_WALLET, Kind
from flatbook.values.money import cut, divide_cut

if TYPE_CHECKING:
    from flatbook.sim.exchange.exchange import Exchange

FEE_DECIMALS = 8
ZERO = Decimal(0)


def lock(exchange: Exchange, order: BookedOrder) -> None:
    """Locks what a spot order with a price may spend."""
    if order.market.kind is Kind.SPOT and order.price is not None:
        order.locked = order.market.spent(order.left, order.price) if order.sign > 0 else order.left
        exchange.accounts[order.account].wallet(order.market).lock(order.locked_coin, order.locked)


def unlock(exchange: Exchange, order: BookedOrder) -> None:
    """Frees what an order still locks."""
    if order.locked:
        exchange.accounts[order.account].wallet(order.market).lock(order.locked_coin, -order.locked)
        order.locked = ZERO


def settle(
    exchange: Exchange, order: BookedOrder, qty: Decimal, price: Decimal, *, trade_id: int, is_maker: bool
) -> Execution:
    """Books one execution of an order and tells it. Units: contracts, quote coins per coin."""
    account, market = exchange.accounts[order.account], order.market
    rate = market.maker_rate if is_maker else market.taker_rate
    if market.kind is Kind.SPOT:
        realised = ZERO
        _swap(account, order, qty, price)
    else:
        realised = account.position(market).trade(order.sign * qty, price, exchange.now)
        account.wallet(market).add(market.quote, realised)
    fee, fee_coin = _charge(exchange, account, order, qty=qty, price=price, rate=rate)
    execution = Execution(
        trade_id=trade_id,
        at=exchange.now,
        qty=qty,
        price=price,
        is_maker=is_maker,
        fee=fee,
        fee_coin=fee_coin,
        realised=realised,
        contract_size=market.contract_size,
    )
    order.executions.append(execution)
    order.filled += qty
    order.updated_at = exchange.now
    if order.is_open:
        order.status = Status.PARTIALLY_FILLED if order.left > 0 else Status.FILLED
        if order.status is Status.FILLED:
            unlock(exchange, order)
            exchange.open.pop(order.id, None)
    change = Change.TRADE if order.forced is None else Change.FORCED
    for watcher in exchange.watchers:
        watcher.order_changed(order, change, execution)
    coins = (market.coin, market.quote) if market.kind is Kind.SPOT else (market.quote,)
    wallet = SPOT_WALLET if market.kind is Kind.SPOT else MARGIN_WALLET
    for watcher in exchange.watchers:
        watcher.account_changed(order.account, wallet, "ORDER", (*dict.fromkeys((*coins, fee_coin)),), market.name)
    return execution


def _swap(account: Account, order: BookedOrder, qty: Decimal, price: Decimal) -> None:
    """Exchanges the two coins of a spot trade."""
    wallet, market = account.wallet(order.market), order.market
    released = ZERO
    if order.locked and order.price is not None:
        released = min(order.locked, market.spent(qty, order.price) if order.sign > 0 else qty)
        order.locked -= released
        wallet.lock(order.locked_coin, -released)
    wallet.add(market.coin, order.sign * qty)
    wallet.add(market.quote, -order.sign * qty * price)


def _charge(
    exchange: Exchange, account: Account, order: BookedOrder, *, qty: Decimal, price: Decimal, rate: Decimal
) -> tuple[Decimal, str]:
    """Takes the fee of an execution. Returns it with its coin."""
    market, wallet = order.market, account.wallet(order.market)
    if market.kind is Kind.SPOT:
        paid = _in_fee_coin(exchange, account, order, market.worth(qty, price) * rate)
        if paid is not None:
            return paid, exchange.terms.fee_coin
    in_coin = market.kind is Kind.SPOT and order.sign > 0 and not market.fees_in_quote
    fee = cut((qty if in_coin else market.worth(qty, price)) * rate, decimals=FEE_DECIMALS)
    coin = market.coin if in_coin else market.quote
    wallet.add(coin, -fee)
    return fee, coin


def _in_fee_coin(exchange: Exchange, account: Account, order: BookedOrder, fee: Decimal) -> Decimal | None:
    """Takes a fee, stated in the quote coin, in the exchange's own coin, with its rebate, where that can be done."""
    coin = exchange.terms.fee_coin
    if not account.pays_in_fee_coin or not coin or coin in (order.market.coin, order.market.quote):
        return None
    market = exchange.terms.market(Kind.SPOT, f"{coin}{order.market.quote}")
    price = None if market is None else margin.mark(exchange, market)
    if not price:
        return None
    paid = cut(divide_cut(fee * exchange.terms.fee_coin_rate, price, decimals=FEE_DECIMALS), decimals=FEE_DECIMALS)
    wallet = account.wallet(order.market)
    if wallet.free.get(coin, ZERO) < paid:
        return None
    wallet.add(coin, -paid)
    return paid
