"""Worlds in which the desk itself offers: takers take what stands, and no more."""

from __future__ import annotations

import msgspec

from flatbook.engine.ports import IdRule
from flatbook.sim.chance import stream
from flatbook.sim.runs.planned import PlannedHalt, PlannedOffer
from flatbook.sim.runs.scenario import Scenario
from flatbook.sim.world.record import PRICE, SHARE

UNBOUND_BY_OFFERS = ("V12", "V15", "X5")
OFFERED = 8 * SHARE
KILLED_OF = 3


def offering(scenario: Scenario) -> Scenario:
    """Returns a scenario in which takers take only what orders of the desk offer, and the desk pulls and restores them.

    The bound of what may stand leaves out what no bound of orders can hold: replaced blocks and executions too many.
    """
    shape = msgspec.structs.replace(
        scenario.shape,
        order_max=3 * SHARE,
        threshold=max(scenario.shape.threshold, SHARE),
        id_rule=IdRule.FOR_EVER,
        stable_mark=PRICE,
        stable_mark_again=None,
        chain_lag=0,
        totals=False,
    )
    strengths = {name: bps for name, bps in scenario.strengths.items() if name not in UNBOUND_BY_OFFERS}
    offers = tuple(PlannedOffer(symbol=symbol, sign=sign, qty=OFFERED) for symbol in shape.symbols for sign in (-1, 1))
    kill = PlannedHalt(at_ms=50_000, verb="kill", times=1, lift_after_ms=45_000)
    is_killed = not scenario.halts and not stream(scenario.seed, "killed").randrange(KILLED_OF)
    return msgspec.structs.replace(
        scenario,
        shape=shape,
        strengths=strengths,
        offers=offers,
        halts=(kill,) if is_killed else scenario.halts,
        reorgs=(),
        ratios=(),
        foreign=(),
    )
