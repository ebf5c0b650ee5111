"""What the judges may expect of the world of a scenario."""

from __future__ import annotations

from flatbook.sim.judges.expectation import AccountTerms, Expectation, Listing, NetBound, NetKey, OfferBound
from flatbook.sim.runs.scenario import Broker, Scenario
from flatbook.sim.runs.seat_expected import seat_expectation_of
from flatbook.sim.world.chain import ONE_SHARE, STABLE
from flatbook.sim.world.desk import (
    COIN,
    COIN_USD,
    LIMITS,
    OWNER,
    accounts_of,
    hours_of,
    ratios_of,
    standing_max,
    vaults_of,
)
from flatbook.sim.world.record import PRICE
from flatbook.values.instants import NS_PER_MS, NS_PER_S

PRICE_AGE_S = 10
HONEST_WITHIN_S = 300
FORCED_WITHIN_S = 300
RESENDS_MAX = 3
PULLED_WITHIN_S = 30
DRIFT_MS_MAX = 500
EXCESS_WITHIN_S = 20
CANCEL_ARRIVES_S = 2
STARTS_ANEW = ("D4", "D5", "P11")
ON_THE_WAY = ("N1", "N4", "N6", "N7", "N8", "N10", "N11", "N12", "V7", "V8", "V9")


def expectation_of(scenario: Scenario) -> Expectation:
    """Returns what a world of a scenario allows.

    Takers do not stop while the desk is behind: all that is planned for a symbol counts as standing offers.
    """
    if scenario.shape.grid is not None:
        return seat_expectation_of(scenario)
    symbols = scenario.shape.symbols
    return Expectation(
        listings=tuple(
            Listing(account=account, symbol=symbol, instrument=f"{symbol}@{account}", underlying=symbol)
            for account in accounts_of(scenario)
            for symbol in symbols
        ),
        accounts=dict.fromkeys(
            accounts_of(scenario),
            AccountTerms(
                id_rule=scenario.shape.id_rule.value,
                totals=scenario.shape.totals,
                fence_holds=not scenario.steps,
                id_window=scenario.shape.id_window_s * NS_PER_S,
                request_window=scenario.shape.request_window_s * NS_PER_S,
                time_step=NS_PER_S if scenario.shape.broker is Broker.SCHWAB else 1,
                shows_ids=scenario.shape.broker is not Broker.SCHWAB,
            ),
        ),
        bounds={_net_key(symbol): _bound(scenario, symbol) for symbol in symbols},
        ratios=ratios_of(scenario),
        sessions=tuple((hours.opens_at, hours.closes_at) for hours in hours_of(scenario)),
        price_age=PRICE_AGE_S * NS_PER_S,
        price_true_within=_price_true_within(scenario),
        excess_within=_excess_within(scenario),
        cancel_arrives_within=_cancel_arrives_within(scenario),
        honest_within=HONEST_WITHIN_S * NS_PER_S,
        forced_within=FORCED_WITHIN_S * NS_PER_S,
        sends_per_order_max=1 + RESENDS_MAX,
        orders_per_minute_max=LIMITS.orders_per_minute_max,
        tokens={symbol: str(token) for symbol, token in vaults_of(scenario).tokens.items()},
        stable=str(STABLE),
        marks={str(STABLE): _marks(scenario)} | ({str(COIN): (COIN_USD * PRICE,)} if scenario.offers else {}),
        pulled_within=PULLED_WITHIN_S * NS_PER_S + sum(each.for_ms for each in scenario.freezes) * NS_PER_MS,
        offers={_net_key(symbol): _offer_bound(scenario) for symbol in symbols} if scenario.offers else {},
    )


def _offer_bound(scenario: Scenario) -> OfferBound:
    shape = scenario.shape
    orders = (2 if shape.backup else 1) * (shape.order_max or 0)
    return OfferBound(bound=shape.threshold + standing_max(scenario) + orders, threshold=shape.threshold)


def _marks(scenario: Scenario) -> tuple[int, ...]:
    again = scenario.shape.stable_mark_again
    return (scenario.shape.stable_mark, *(() if again is None else (again,)))


def _net_key(symbol: str) -> NetKey:
    return (str(OWNER), symbol)


def _cancel_arrives_within(scenario: Scenario) -> int | None:
    """Returns how long a cancel is on its way at most; None where a fault may hold it up."""
    if any(name in scenario.strengths for name in ON_THE_WAY):
        return None
    return CANCEL_ARRIVES_S * NS_PER_S


def _excess_within(scenario: Scenario) -> int | None:
    """Returns how long orders may exceed their net; None where a desk that starts anew may not reach its venue at once.

    Until an account was stated nothing of its nets is decided, cancels included.
    """
    starts_anew = scenario.crashes or scenario.freezes or any(name in scenario.strengths for name in STARTS_ANEW)
    if starts_anew and any(name in scenario.strengths for name in ON_THE_WAY):
        return None
    return EXCESS_WITHIN_S * NS_PER_S


def _price_true_within(scenario: Scenario) -> int:
    """Returns how long ago a price may have been true that a desk with a wrong clock takes for a fresh one."""
    behind_ms = sum(abs(step.by_ms) for step in scenario.steps) + abs(scenario.offset_ms) + DRIFT_MS_MAX
    return PRICE_AGE_S * NS_PER_S + behind_ms * NS_PER_MS


def _bound(scenario: Scenario, symbol: str) -> NetBound:
    shape = scenario.shape
    most = max((ONE_SHARE, *(ratio for _, ratio in ratios_of(scenario)[symbol])))
    planned = sum(-(-fill.qty * most // ONE_SHARE) for fill in scenario.fills if fill.symbol == symbol)
    return NetBound(
        threshold=shape.threshold,
        standing=planned,
        order_max=shape.order_max if shape.order_max is not None else planned,
        venues=2 if shape.backup else 1,
    )
