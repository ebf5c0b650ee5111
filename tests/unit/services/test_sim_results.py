"""The results of a simulated desk: what its read models say, and what venues charge and tokens are worth in a world."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from flatbook.services.sim_results import results_of
from flatbook.services.sim_trial import run_scenario
from flatbook.services.simulated import run_world
from flatbook.sim.runs.mutants import mutant_of, planting, world_for
from flatbook.sim.runs.planned import PlannedFill
from flatbook.sim.runs.scenario import Scenario
from flatbook.sim.world import record as rec
from flatbook.sim.world.record import SHARE
from tests.unit.sim.judges.story import changed, row, started
from tests.unit.sim.judges.test_of_results import MARK, RESULTS
from tests.unit.sim.runs.test_expected import scenario


def calm(*, sign: int, **shape: object) -> Scenario:
    """A world without faults in which a vault trades one share and a half once, and its desk hedges one and a half."""
    plain = scenario()
    return msgspec.structs.replace(
        plain,
        shape=msgspec.structs.replace(plain.shape, **shape),
        fills=(PlannedFill(at_ms=5_000, symbol="COIN", sign=sign, qty=15 * SHARE // 10),),
    )


def test_results_are_what_the_read_models_make_of_the_journal() -> None:
    record = rec.Record()
    record.entries = changed(start=row(0, 1, started(), MARK))
    assert results_of(record) == RESULTS


def test_what_cannot_be_valued_is_counted_and_does_not_agree() -> None:
    record = rec.Record()
    record.entries = changed()
    results = results_of(record)
    assert (results.gaps, results.agrees, results.net_usd) == (1, False, Decimal("-0.01"))


def test_a_dollar_token_below_a_dollar_costs_what_it_lacks() -> None:
    (at_par,) = results_of(run_world(calm(sign=-1)).record).nets
    (below,) = results_of(run_world(calm(sign=-1, stable_mark=9_800)).record).nets
    lost = at_par.realised["counter_trade"] - below.realised["counter_trade"]
    fill = results_of(run_world(calm(sign=-1)).record).flows["USDC"].traded
    assert lost == fill * Decimal("0.02")


@pytest.mark.parametrize(("sign", "levied"), [(1, True), (-1, False)])
def test_a_levy_is_charged_on_sales_beside_the_fee(sign: int, *, levied: bool) -> None:
    flows = results_of(run_world(calm(sign=sign, fee_bps=0, levy_ppm=28)).record).flows["USD"]
    assert flows.charged == (flows.traded * Decimal("0.000028") if levied else 0)


@pytest.mark.parametrize("number", [44, 45, 48])
def test_bugs_in_the_results_are_seen_by_the_judge_of_results_alone(number: int) -> None:
    mutant = mutant_of(number)
    world = world_for(mutant, 0)
    assert run_scenario(world).reasons == ()
    with planting(mutant):
        assert run_scenario(world).reasons == ("I25",)
