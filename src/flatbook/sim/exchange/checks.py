"""What the simulated exchange checks before it takes an order."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from flatbook.matcher.margin import is_turned_down
from flatbook.sim.exchange import margin
from flatbook.sim.exchange.orders import BookedOrder, Placing, Refusal
from flatbook.sim.exchange.terms import Kind, Life, Market

if TYPE_CHECKING:
    from flatbook.sim.exchange.exchange import Exchange

ZERO = Decimal(0)


def check_placing(exchange: Exchange, asked: Placing) -> Decimal | Refusal:
    """Returns the quantity of an order that may be taken, or why it may not."""
    market, account = exchange.markets[asked.market.name], exchange.accounts[asked.account]
    if not market.trades:
        return Refusal.CLOSED
    if not account.opening.may_trade:
        return Refusal.ACCOUNT
    key = (asked.account, market.name, asked.client_id)
    known = exchange.orders.get(exchange.by_client_id.get(key, 0)) if asked.client_id else None
    if known is not None and (known.is_open or not exchange.terms.ids_return):
        return Refusal.CLIENT_ID
    qty = asked.qty if asked.qty is not None else _affordable(exchange, market, asked)
    refused = _rules_refuse(exchange, market, asked, qty) or _book_refuses(exchange, market, asked, qty)
    if refused is None:
        refused = _funds_refuse(exchange, msgspec.structs.replace(asked, qty=qty), qty)
    return qty if refused is None else refused


def lots_to_take(exchange: Exchange, order: BookedOrder) -> int:
    """Returns how many lots an order may still take: one that reduces no more than the position."""
    left = order.left
    if order.reduces:
        held = exchange.accounts[order.account].position(order.market).qty
        left = min(left, max(-held * order.sign, ZERO))
    return order.market.lots(left) or 0


def _rules_refuse(exchange: Exchange, market: Market, asked: Placing, qty: Decimal) -> Refusal | None:
    if asked.price is not None and (asked.price <= 0 or market.ticks(asked.price) is None):
        return Refusal.TICK
    if asked.price is None and asked.life in (Life.GTC, Life.MAKER) and asked.words.get("type") != "MARKET":
        return Refusal.PRICE
    if market.lots(qty) is None:
        return Refusal.LOT
    if qty < market.qty_min or not qty:
        return Refusal.QTY_MIN
    if qty > market.qty_max:
        return Refusal.QTY_MAX
    price = asked.price or margin.mark(exchange, market) or ZERO
    small = market.worth(qty, price) < market.notional_min
    return Refusal.NOTIONAL if small and price and not asked.reduces else None


def _book_refuses(exchange: Exchange, market: Market, asked: Placing, qty: Decimal) -> Refusal | None:
    ticks = None if asked.price is None else market.ticks(asked.price)
    within = exchange.pits[market.name].within(asked.sign, ticks)
    if asked.life is Life.MAKER and within and market.refuses_taking_maker:
        return Refusal.WOULD_TAKE
    if asked.life is Life.FOK and market.lot * within < qty and market.refuses_partial_fok:
        return Refusal.NOT_WHOLE
    if asked.reduces:
        held = exchange.accounts[asked.account].position(market).qty
        return Refusal.REDUCE_ONLY if held * asked.sign >= 0 else None
    return None


def _funds_refuse(exchange: Exchange, asked: Placing, qty: Decimal) -> Refusal | None:
    account, market = exchange.accounts[asked.account], asked.market
    if market.kind is Kind.PERP:
        coin = market.quote
        before, needed = margin.initial(exchange, account, coin), margin.initial(exchange, account, coin, asked)
        return Refusal.MARGIN if is_turned_down(before, needed, margin.equity(exchange, account, coin)) else None
    wallet = account.wallet(market)
    if asked.sign < 0:
        return Refusal.FUNDS if wallet.free.get(market.coin, ZERO) < qty else None
    free = wallet.free.get(market.quote, ZERO)
    if exchange.terms.unified:
        free = min(free, margin.available(exchange, account, market.quote))
    return Refusal.FUNDS if free < _cost(exchange, market, asked, qty) else None


def _cost(exchange: Exchange, market: Market, asked: Placing, qty: Decimal) -> Decimal:
    """Returns what a purchase costs at most: at its limit, or along the book."""
    if asked.price is not None:
        return market.spent(qty, asked.price)
    taken = exchange.pits[market.name].walk(1, market.lots(qty) or 0)
    return sum((market.spent(market.lot * lots, market.tick * price) for price, lots in taken), ZERO)


def _affordable(exchange: Exchange, market: Market, asked: Placing) -> Decimal:
    """Returns how much an order that says what it spends, or gets, trades along the book, in whole lots."""
    pit, left, qty = exchange.pits[market.name], asked.spend or ZERO, ZERO
    for price in pit.prices(-asked.sign):
        per_lot = market.spent(market.lot, market.tick * price) if asked.sign > 0 else market.tick * price * market.lot
        lots = min(int(left // per_lot), pit.levels[-asked.sign][price])
        qty += market.lot * lots
        left -= per_lot * lots
        if lots < pit.levels[-asked.sign][price]:
            break
    return qty
