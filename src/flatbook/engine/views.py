"""What strategies and risk are shown: read-only pictures of state and market, valid during one call."""

from __future__ import annotations

from decimal import Decimal

from flatbook.engine.rules import HedgeRules, Rules
from flatbook.market.quotes import Market
from flatbook.risk.checks import RiskView
from flatbook.risk.limits import ORDER_RATE_WINDOW_S
from flatbook.state.desk import State
from flatbook.state.exposure import exposure_of
from flatbook.state.halts import halt_over
from flatbook.state.order_fold import eastern_day
from flatbook.state.positions import NetKey
from flatbook.strategies.hedge import HedgeView
from flatbook.values.ids import AssetId
from flatbook.values.instants import Instant, later
from flatbook.values.instruments import Instrument
from flatbook.values.money import Price, Quantity, divide_cut
from flatbook.values.sessions import next_session, session_at


def hedge_view(state: State, market: Market, key: NetKey, rules: HedgeRules, now: Instant) -> HedgeView:
    """Returns what the hedge of a net can see now."""
    owner, underlying = key
    net = state.positions.net(owner, underlying)
    params, instrument = rules.params, rules.instrument
    session = session_at(now)
    cash, held = _account_capacity(state, instrument)
    return HedgeView(
        now=now,
        owner=owner,
        underlying=underlying,
        net=net.hedgeable,
        unvalued=net.unvalued,
        last_price=net.last_price,
        orders=state.orders_owing(key),
        instrument=instrument,
        backup=rules.backup,
        price=market.quote(underlying, params.price_source),
        second=market.quote(underlying, params.second_source) if params.second_source is not None else None,
        session=session,
        next_open=_next_open(rules, now),
        cash=cash,
        held=held,
        halted=halt_over(state.halts, owner, instrument.account, instrument.id) is not None,
        flattening=net.flattening,
        hold=state.holds.get(key),
        refusals=net.refusals,
        retry_from=net.retry_from,
        cause=net.cause,
        intents=net.intents,
    )


def _next_open(rules: HedgeRules, now: Instant) -> Instant:
    coming = next_session(now, rules.params.sessions)
    if coming.opens_at > now:
        return coming.opens_at
    return next_session(coming.closes_at, rules.params.sessions).opens_at


def _account_capacity(state: State, instrument: Instrument) -> tuple[Decimal | None, Quantity | None]:
    """Returns cash in the quote and contracts held, or None for both while the account was never stated."""
    if instrument.account not in state.opened:
        return None, None
    cash = state.balances.get((instrument.account, instrument.quote), Decimal(0))
    shares = state.balances.get((instrument.account, AssetId(instrument.underlying)), Decimal(0))
    return cash, Quantity(divide_cut(shares, instrument.contract_size, decimals=18))


def risk_view(state: State, market: Market, key: NetKey, rules: Rules, now: Instant) -> RiskView:
    """Returns what risk can see of a net now."""
    hedge = rules.hedges[key]
    params, instrument = hedge.params, hedge.instrument
    halt = halt_over(state.halts, key[0], instrument.account, instrument.id)
    price = market.quote(key[1], params.price_source)
    return RiskView(
        now=now,
        exposure=exposure_of(state, key),
        halt=halt.halt_id if halt is not None else None,
        named=tuple(named.account for named in (instrument, hedge.backup) if named is not None),
        price=price,
        second=market.quote(key[1], params.second_source) if params.second_source is not None else None,
        second_required=params.second_source is not None,
        quote_usd=state.mark(instrument.quote),
        day_result_usd=_day_result(state, key, price.price if price is not None else None, now),
        open_orders=len(state.open_orders),
        orders_in_window=_orders_since(state, later(now, seconds=-ORDER_RATE_WINDOW_S)),
        session=session_at(now),
    )


def _day_result(state: State, key: NetKey, price: Price | None, now: Instant) -> Decimal | None:
    """Returns what today's fills of a net made or lost, valued at a price.

    Units: USD.
    """
    result = state.positions.days.get(key)
    if result is None or result.day != eastern_day(now):
        return Decimal(0)
    if price is None:
        return None if result.qty else result.cash_usd
    return result.cash_usd + result.qty * price


def _orders_since(state: State, since: Instant) -> int:
    count = 0
    for at in reversed(state.order_times):
        if at < since:
            break
        count += 1
    return count
