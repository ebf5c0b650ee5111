"""Worlds at Schwab on bytes: no ids, whole shares, accounts of one login that may end, and every judge."""

from __future__ import annotations

from collections import Counter

import msgspec
import pytest

from flatbook.events.control import BooksDiverged
from flatbook.events.orders import ForeignFilled, OrderFilled, OrderUnknown
from flatbook.services.sim_trial import run_scenario
from flatbook.services.simulated import World, run_world
from flatbook.sim.runs.scenario import Broker, Scenario, at_schwab, deepened, draw_scenario
from flatbook.sim.world.record import Appended, Executed, Injected, OrderTaken, Requested
from tests.depth import part_of
from tests.sim.test_wire_worlds import calm

SEEDS = tuple(str(number) for number in range(4))
COPIES = {"N5": 6_000, "V1": 8_000, "N9": 1_500, "N2": 1_500, "V5": 3_000}


def full(seed: str, strengths: dict[str, int] | None = None) -> Scenario:
    world = at_schwab(deepened(draw_scenario(seed)))
    return world if strengths is None else msgspec.structs.replace(world, strengths=strengths)


def quiet(seed: str) -> Scenario:
    return msgspec.structs.replace(at_schwab(calm(seed)), strengths={})


def events_of(world: World) -> Counter[str]:
    return Counter(
        type(event).__name__ for entry in world.record.entries if isinstance(entry, Appended) for event in entry.events
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_no_judge_finds_anything_in_a_world_at_schwab(seed: str) -> None:
    outcome = run_scenario(full(seed))
    assert (outcome.violations, outcome.failures) == ((), ())


def test_a_calm_world_at_schwab_hedges_every_order_once_and_knows_each_as_its_own() -> None:
    seen: Counter[str] = Counter()
    for seed in part_of(SEEDS, 2):
        world = run_world(quiet(seed))
        assert world.failures == []
        seen.update(events_of(world))
        seen.update(type(entry).__name__ for entry in world.record.entries if isinstance(entry, OrderTaken | Executed))
    assert (seen[BooksDiverged.__name__], seen[ForeignFilled.__name__], seen[OrderUnknown.__name__]) == (0, 0, 0)
    assert seen["OrderTaken"] == seen["OrderAccepted"] > 5
    assert seen[OrderFilled.__name__] == seen["Executed"]


@pytest.mark.parametrize("seed", SEEDS[:2])
def test_copies_of_orders_are_nobodys_and_the_rest_is_known_whatever_the_answers_say(seed: str) -> None:
    outcome = run_scenario(full(seed, COPIES))
    assert (outcome.violations, outcome.failures) == ((), ())


def test_a_login_that_ends_stops_the_hedge_until_a_person_logs_in_again_and_no_start_is_needed() -> None:
    world = msgspec.structs.replace(quiet("59"), strengths={"V30": 2_000})
    lived = run_world(world)
    assert [entry for entry in lived.record.entries if isinstance(entry, Injected)]
    assert len(lived.lives) == 1
    assert not run_scenario(world).is_red


@pytest.mark.parametrize("seed", ["136", "271", "342"])
def test_worlds_that_once_failed_do_not_fail_again(seed: str) -> None:
    outcome = run_scenario(full(seed))
    assert (outcome.violations, outcome.failures) == ((), ())


def test_the_same_seed_gives_the_same_world_at_schwab() -> None:
    assert run_world(full("0")).record.trace() == run_world(full("0")).record.trace()


def test_a_share_of_the_worlds_on_bytes_is_at_schwab() -> None:
    brokers = Counter(deepened(draw_scenario(str(seed))).shape.broker for seed in range(60))
    assert brokers[Broker.SCHWAB] > 10
    assert brokers[Broker.ALPACA] > 20


def test_requests_at_schwab_are_known_by_the_order_they_leave_for() -> None:
    world = run_world(quiet("0"))
    places = [entry for entry in world.record.entries if isinstance(entry, Requested) and entry.verb == "place"]
    taken = [entry.client_id for entry in world.record.entries if isinstance(entry, OrderTaken)]
    assert [entry.client_id for entry in places] == taken
    assert None not in taken
