"""What the judges may expect of the world of a scenario at an exchange."""

from __future__ import annotations

from flatbook.engine.follow_switch import COUNTDOWN_S
from flatbook.sim.judges.expectation import AccountTerms, Expectation, Listing, NetBound, NetKey, SeatBound
from flatbook.sim.runs.scenario import Broker, Scenario
from flatbook.sim.world.chain import STABLE
from flatbook.sim.world.desk import OWNER, ratios_of, vaults_of
from flatbook.sim.world.seat import (
    CALM_S,
    DEAD_MAN_S,
    MAKER,
    ORDERS_PER_MINUTE,
    QUOTE,
    SEAT_ACCOUNT,
    WORD,
    calm_pct,
    grid_of,
    instrument_of,
)
from flatbook.values.instants import NS_PER_MS, NS_PER_S

FLIGHT_MS = 1_000
PRICE_AGE_S = 10
CANCEL_ARRIVES_S = 3
HONEST_WITHIN_S = 300
FORCED_WITHIN_S = 300
SENDS_MAX = 4
SEEN_S = 15
HARMLESS = ("D1", "D2", "V1", "V2", "V5", "V11", "V12", "V16", "V23", "V25", "O4", "W3", "W4")
LATE_MS = {"N3": 20_000, "N12": 30_000, "W3": 1_000, "N7": 0, "N8": 0}
"""By how much a fault delays what was displayed at most: a desk knows the age of a book by when it came in alone."""


def seat_expectation_of(scenario: Scenario) -> Expectation:
    """Returns what a world of a scenario at an exchange allows."""
    instrument, grid, shape = instrument_of(scenario), grid_of(scenario), scenario.shape
    guards = grid.guards
    late_ms = sum(LATE_MS.get(fault, 0) for fault in scenario.strengths) + sum(each.for_ms for each in scenario.freezes)
    return Expectation(
        listings=(
            Listing(
                account=SEAT_ACCOUNT,
                symbol=instrument.symbol,
                instrument=instrument.id,
                underlying=instrument.underlying,
            ),
        ),
        accounts={
            SEAT_ACCOUNT: AccountTerms(
                id_rule=shape.id_rule.value,
                fence_holds=not scenario.steps,
                request_window=shape.request_window_s * NS_PER_S,
                cash_asset=QUOTE,
                time_step=NS_PER_MS,
            )
        },
        bounds=_hedge_bounds(scenario),
        ratios=ratios_of(scenario),
        tokens={symbol: str(token) for symbol, token in vaults_of(scenario).tokens.items()},
        stable=str(STABLE),
        price_age=PRICE_AGE_S * NS_PER_S,
        cancel_arrives_within=_cancel_arrives_within(scenario),
        honest_within=HONEST_WITHIN_S * NS_PER_S,
        forced_within=FORCED_WITHIN_S * NS_PER_S,
        sends_per_order_max=SENDS_MAX,
        orders_per_minute_max=ORDERS_PER_MINUTE,
        canaries=(WORD,),
        seat=SeatBound(
            owner=MAKER,
            inventory_max=grid.inventory_max,
            losses_max=None if guards is None else guards.losses_max,
            drawdown_usd_max=None if guards is None else guards.drawdown_usd,
            calm_s=CALM_S,
            dead_within=_dead_within(scenario),
            calm_pct=None if guards is None else calm_pct(guards),
            seen_within=(grid.book_age_ms + FLIGHT_MS + late_ms) * NS_PER_MS,
        ),
    )


def _dead_within(scenario: Scenario) -> int | None:
    """Returns how long orders may stand after the end of a desk; None where nobody ends them, or a fault may meddle."""
    if scenario.freezes or scenario.steps or any(fault not in HARMLESS for fault in scenario.strengths):
        return None
    if scenario.shape.broker is Broker.BYBIT:
        return (DEAD_MAN_S + SEEN_S) * NS_PER_S
    return None if grid_of(scenario).spot else (COUNTDOWN_S + SEEN_S) * NS_PER_S


def _hedge_bounds(scenario: Scenario) -> dict[NetKey, NetBound]:
    """Returns how far from flat a desk may be that hedges beside its grid: all that is planned may come at once."""
    if not scenario.fills:
        return {}
    planned = sum(fill.qty for fill in scenario.fills)
    bound = NetBound(threshold=scenario.shape.threshold, standing=planned, order_max=planned)
    return {(str(OWNER), scenario.shape.symbols[0]): bound}


def _cancel_arrives_within(scenario: Scenario) -> int | None:
    """Returns how long a cancel is on its way at most; None where a fault may hold up requests, or the process."""
    held_up = any(fault[0] in "DNTV" and fault != "V7" for fault in scenario.strengths)
    is_still = scenario.freezes or scenario.steps or scenario.crashes
    return None if held_up or is_still else CANCEL_ARRIVES_S * NS_PER_S
