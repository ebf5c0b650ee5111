"""What the judges may expect of the world of a scenario at an exchange."""

from __future__ import annotations

from flatbook.sim.judges.expectation import AccountTerms, Expectation, Listing, SeatBound
from flatbook.sim.runs.scenario import Scenario
from flatbook.sim.world.seat import (
    MAKER,
    ORDERS_PER_MINUTE,
    QUOTE,
    SEAT_ACCOUNT,
    WORD,
    grid_of,
    instrument_of,
)
from flatbook.values.instants import NS_PER_MS, NS_PER_S

FLIGHT_MS = 1_000
CANCEL_ARRIVES_S = 3
HONEST_WITHIN_S = 300
FORCED_WITHIN_S = 300
SENDS_MAX = 4
HELD_UP = ("N3", "N7", "N8", "N12", "W3")
"""Faults by which what was displayed arrives late, as it does in a process that stood still."""


def seat_expectation_of(scenario: Scenario) -> Expectation:
    """Returns what a world of a scenario at an exchange allows."""
    instrument, grid, shape = instrument_of(scenario), grid_of(scenario), scenario.shape
    guards = grid.guards
    is_late = bool(scenario.freezes) or any(fault in scenario.strengths for fault in HELD_UP)
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
            seen_within=None if is_late else (grid.book_age_ms + FLIGHT_MS) * NS_PER_MS,
        ),
    )


def _cancel_arrives_within(scenario: Scenario) -> int | None:
    """Returns how long a cancel is on its way at most; None where a fault may hold up requests, or the process."""
    held_up = any(fault[0] in "DNTV" and fault != "V7" for fault in scenario.strengths)
    is_still = scenario.freezes or scenario.steps or scenario.crashes
    return None if held_up or is_still else CANCEL_ARRIVES_S * NS_PER_S
