"""What judges may expect of the world of a scenario."""

from __future__ import annotations

import msgspec

from flatbook.engine.ports import IdRule
from flatbook.events.control import BalanceStated
from flatbook.services.simulated import run_world
from flatbook.sim.judges.expectation import AccountTerms, Listing, NetBound
from flatbook.sim.judges.table import judge
from flatbook.sim.runs.expected import expectation_of
from flatbook.sim.runs.planned import PlannedFill, PlannedStep
from flatbook.sim.runs.scenario import MIDDAY, Scenario, Shape, draw_scenario
from flatbook.sim.world.record import SHARE, Appended, Injected
from flatbook.values.instants import NS_PER_S

ORDINARY = draw_scenario("ordinary")


def scenario(**fields: object) -> Scenario:
    """A world of one symbol and two fills, in which nothing goes wrong."""
    shape = Shape(
        symbols=("COIN",), lot=SHARE // 100, threshold=SHARE, order_max=None, depth=20 * SHARE, fee_bps=1,
        id_rule=IdRule.WHILE_OPEN, id_window_s=30, request_window_s=5, read_lag_s=1, order_ttl_s=60, chain_lag=1,
        queues=False, honours_good_until=True, backup=False,
    )  # fmt: skip
    fills = tuple(PlannedFill(at_ms=at_ms, symbol="COIN", sign=-1, qty=2 * SHARE) for at_ms in (5_000, 30_000))
    calm: dict = {
        "strengths": {}, "crashes": (), "reorgs": (), "halts": (), "steps": (), "freezes": (), "foreign": (),
        "start": MIDDAY, "safety_ms": 60_000, "offset_ms": 0, "drift_ppm": 0, "shape": shape, "fills": fills,
    }  # fmt: skip
    return msgspec.structs.replace(ORDINARY, **(calm | fields))


def test_a_world_allows_what_its_scenario_states() -> None:
    expects = expectation_of(scenario())
    assert expects.listings == (Listing(account="alpha", symbol="COIN", instrument="COIN@alpha", underlying="COIN"),)
    assert expects.bounds == {
        ("desk", "COIN"): NetBound(threshold=SHARE, standing=4 * SHARE, order_max=4 * SHARE, venues=1)
    }
    terms = AccountTerms(id_rule="while_open", id_window=30 * NS_PER_S, request_window=5 * NS_PER_S)
    assert expects.accounts == {"alpha": terms}


def test_a_fence_does_not_hold_where_the_clock_of_the_desk_is_set() -> None:
    expects = expectation_of(scenario(steps=(PlannedStep(at_ms=1_000, by_ms=3_000),)))
    assert not expects.terms("alpha").fence_holds


def test_a_cancel_arrives_in_time_only_where_nothing_can_hold_it_up() -> None:
    assert expectation_of(scenario()).cancel_arrives_within == 2 * NS_PER_S
    assert expectation_of(scenario(strengths={"N1": 100})).cancel_arrives_within is None


def test_orders_exceed_their_net_no_longer_than_a_bound_where_a_new_start_reaches_its_venue() -> None:
    assert expectation_of(scenario(strengths={"N1": 100})).excess_within == 20 * NS_PER_S
    assert expectation_of(scenario(strengths={"D4": 100})).excess_within == 20 * NS_PER_S
    assert expectation_of(scenario(strengths={"N1": 100, "D4": 100})).excess_within is None


def test_a_price_may_be_older_where_the_clock_of_the_desk_is_wrong() -> None:
    assert expectation_of(scenario()).price_true_within == 10_500_000_000
    wrong = scenario(offset_ms=-200, steps=(PlannedStep(at_ms=1_000, by_ms=-3_000),))
    assert expectation_of(wrong).price_true_within == 13_700_000_000


def test_judges_find_nothing_in_a_world_in_which_nothing_goes_wrong() -> None:
    world = run_world(scenario())
    verdict = judge(world.record, expectation_of(world.scenario))
    assert (verdict.violations, len(verdict.figures.hedged)) == ((), 2)


def test_books_are_right_although_the_first_statement_of_an_account_shows_nothing_at_all() -> None:
    world = run_world(scenario(seed="flicker-7", strengths={"O3": 3_000}))
    opened = [entry.at for entry in world.record.entries if isinstance(entry, Appended) and _opens(entry)]
    flickered = [entry.at for entry in world.record.entries if isinstance(entry, Injected)]
    assert flickered[0] < opened[0]
    assert judge(world.record, expectation_of(world.scenario)).violations == ()


def _opens(row: Appended) -> bool:
    return any(isinstance(event, BalanceStated) for event in row.events)
