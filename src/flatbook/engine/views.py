"""What strategies and risk are shown: read-only pictures of state and market, valid during one call."""

from __future__ import annotations

from decimal import Decimal

from flatbook.engine.ports import IdRule
from flatbook.engine.rules import Rules
from flatbook.market.quotes import Market
from flatbook.risk.checks import Named, RiskView
from flatbook.risk.limits import ORDER_RATE_WINDOW_S, Limits, tightened
from flatbook.state.desk import State
from flatbook.state.exposure import exposure_of
from flatbook.state.halts import halt_over
from flatbook.state.orders import Order, Status
from flatbook.state.positions import NetKey
from flatbook.state.stops import is_stopped, stop_over
from flatbook.strategies.hedge import HedgeView
from flatbook.strategies.hedge_size import OrderCaps, Route
from flatbook.values.ids import AccountId, AssetId, OrderId, OwnerId
from flatbook.values.instants import Instant, later
from flatbook.values.instruments import Instrument, Side
from flatbook.values.money import ZERO, Price, Quantity, divide_cut
from flatbook.values.sessions import SessionKind, next_session, run_end, session_at
from flatbook.values.us_eastern import eastern_day


def hedge_view(state: State, market: Market, key: NetKey, rules: Rules, now: Instant) -> HedgeView:
    """Returns what the hedge of a net can see now."""
    owner, underlying = key
    hedge, net = rules.hedges[key], state.positions.net(owner, underlying)
    limits = limits_of(state, rules)
    params = hedge.params
    side = Side.BUY if net.hedgeable < ZERO else Side.SELL
    return HedgeView(
        now=now,
        owner=owner,
        underlying=underlying,
        net=net.hedgeable,
        last_price=net.last_price,
        orders=state.orders_owing(key),
        route=route_of(state, owner, hedge.instrument, rules, side),
        backup=route_of(state, owner, hedge.backup, rules, side) if hedge.backup is not None else None,
        caps=OrderCaps(usd=limits.order_notional_usd_max, shares=limits.order_shares_max),
        price=market.quote(underlying, params.price_source),
        second=market.quote(underlying, params.second_source) if params.second_source is not None else None,
        session=session_at(now),
        pauses_at=run_end(now, params.sessions),
        next_open=next_open(params.sessions, now),
        flattening=net.flattening,
        hold=state.holds.get(key),
        refusals=net.refusals,
        retry_from=net.retry_from,
        cause=net.cause,
        intents=net.intents,
    )


def limits_of(state: State, rules: Rules) -> Limits:
    """Returns the limits in force: those of the configuration, or tighter ones where an operator set them."""
    return tightened(rules.limits, state.limits) if state.limits else rules.limits


def next_open(sessions: tuple[SessionKind, ...], now: Instant) -> Instant:
    """Returns when a session of these kinds opens next, one that is open already left out."""
    coming = next_session(now, sessions)
    if coming.opens_at > now:
        return coming.opens_at
    return next_session(coming.closes_at, sessions).opens_at


def route_of(state: State, owner: OwnerId, instrument: Instrument, rules: Rules, side: Side | None = None) -> Route:
    """Returns where a net can be hedged: spendable cash less what working buys may need, and shares in contracts.

    `side` is the one that the net asks for: whether it is halted is said of that side, without one of both together.
    """
    account, working = instrument.account, _working_at(state, instrument.account)
    sides = tuple(Side) if side is None else (side,)
    stated = account in state.opened
    shares = state.balances.get((account, instrument.asset), ZERO)
    reserved = (_reserved(order) for order in working if _quote_of(order, rules) in (instrument.quote, None))
    funds = state.funds.get(account)
    spendable = funds.spendable if funds is not None and funds.asset == instrument.quote else None
    total = state.balances.get((account, instrument.quote), ZERO)
    return Route(
        instrument=instrument,
        quote_usd=state.mark(instrument.quote),
        cash=(total if spendable is None else spendable) - sum(reserved, ZERO) if stated else None,
        held=Quantity(divide_cut(shares, instrument.contract_size, decimals=18)) if stated else None,
        selling=_leaves(working, instrument, Side.SELL),
        buying=_leaves(working, instrument, Side.BUY),
        halted=all(is_stopped(state, owner, account, instrument.id, each) for each in sides),
        lends=funds is None or funds.borrowable is None or instrument.id in funds.borrowable,
        is_stated=spendable is not None,
    )


def _quote_of(order: Order, rules: Rules) -> AssetId | None:
    known = rules.instruments.get(order.instrument)
    return known.quote if known is not None else None


def _working_at(state: State, account: AccountId) -> tuple[Order, ...]:
    orders = (state.orders[order_id] for order_id in state.open_orders)
    return tuple(order for order in orders if order.account == account)


def _reserved(order: Order) -> Decimal:
    if order.side is Side.SELL or order.limit is None:
        return ZERO
    return order.leaves * order.limit * order.contract_size


def _leaves(orders: tuple[Order, ...], instrument: Instrument, side: Side) -> Quantity:
    mine = (order.leaves for order in orders if order.instrument == instrument.id and order.side is side)
    return Quantity(sum(mine, ZERO))


def risk_view(state: State, market: Market, key: NetKey, rules: Rules, now: Instant) -> RiskView:
    """Returns what risk can see of a net now."""
    hedge = rules.hedges[key]
    params = hedge.params
    price = market.quote(key[1], params.price_source)
    return RiskView(
        now=now,
        exposure=exposure_of(state, key),
        named={instrument.account: _named(state, key[0], instrument, rules) for instrument in hedge.named},
        price=price,
        second=market.quote(key[1], params.second_source) if params.second_source is not None else None,
        second_required=params.second_source is not None,
        day_result_usd=day_result(state, key, price.price if price is not None else None, now),
        open_orders=len(state.open_orders),
        orders_in_window=orders_since(state, later(now, seconds=-ORDER_RATE_WINDOW_S)),
        session=session_at(now),
    )


def _named(state: State, owner: OwnerId, instrument: Instrument, rules: Rules) -> Named:
    halt = halt_over(state.halts, owner, instrument.account, instrument.id)
    once = rules.cards[instrument.account].id_rule is IdRule.FOR_EVER
    return Named(
        halt=halt.halt_id if halt is not None else None,
        stopped=tuple(side for side in Side if stop_over(state.stops, owner, side) is not None),
        quote_usd=state.mark(instrument.quote),
        unresolved=None if once else _unresolved(state, instrument),
    )


def _unresolved(state: State, instrument: Instrument) -> OrderId | None:
    """Returns an order on an instrument whose fate is not known, of whatever owner."""
    for order in _working_at(state, instrument.account):
        if order.instrument == instrument.id and order.status in (Status.INTENDED, Status.UNKNOWN):
            return order.order_id
    return None


def day_result(state: State, key: NetKey, price: Price | None, now: Instant) -> Decimal | None:
    """Returns what today's fills of a net made or lost, valued at a price.

    Units: USD; without fees in assets that have no mark: a hedge takes risk away, and does not wait for one.
    """
    result = state.positions.days.get(key)
    if result is None or result.day != eastern_day(now):
        return ZERO
    if price is None:
        return None if result.qty else result.cash_usd
    return result.cash_usd + result.qty * price


def orders_since(state: State, since: Instant) -> int:
    """Returns how many orders were intended since an instant."""
    count = 0
    for at in reversed(state.order_times):
        if at < since:
            break
        count += 1
    return count
