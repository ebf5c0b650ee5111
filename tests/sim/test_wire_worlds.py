"""Worlds on bytes: the production engine and adapter, faulty connections, a simulated Alpaca, and every judge."""

from __future__ import annotations

from collections import Counter

import msgspec
import pytest

from flatbook.events.control import BooksDiverged
from flatbook.events.orders import OrderFilled, OrderIntended
from flatbook.services.sim_crash import cuts_of
from flatbook.services.sim_trial import run_scenario
from flatbook.services.sim_worker import Bench
from flatbook.services.simulated import run_world
from flatbook.sim.catalogue.row import Level
from flatbook.sim.runs.scenario import Scenario, deepened, draw_scenario
from flatbook.sim.runs.scripted import kept_scenario
from flatbook.sim.world.injection import Injection
from flatbook.sim.world.record import Appended, Executed, OrderTaken, Requested
from tests.depth import part_of

SEEDS = tuple(str(number) for number in range(10))
EACH_NTH_CUT = 40


def full(seed: str) -> Scenario:
    return deepened(draw_scenario(seed))


def calm(seed: str) -> Scenario:
    """Returns the world of a seed in which nothing goes wrong."""
    return msgspec.structs.replace(
        full(seed),
        strengths={},
        crashes=(),
        reorgs=(),
        halts=(),
        steps=(),
        freezes=(),
        foreign=(),
        offset_ms=0,
        drift_ppm=0,
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_no_judge_finds_anything_in_a_world_on_bytes(seed: str) -> None:
    outcome = run_scenario(full(seed))
    assert (outcome.violations, outcome.failures) == ((), ())


def test_the_same_seed_gives_the_same_world_on_bytes() -> None:
    for seed in part_of(SEEDS, 10):
        first, second = run_world(full(seed)), run_world(full(seed))
        assert first.record.trace() == second.record.trace()
        assert first.disk.content() == second.disk.content()


def test_a_calm_world_on_bytes_hedges_and_its_books_agree() -> None:
    seen: Counter[str] = Counter()
    for seed in part_of(SEEDS):
        world = run_world(calm(seed))
        assert (world.scenario.level, world.failures) == (Level.FULL, [])
        events = [event for entry in world.record.entries if isinstance(entry, Appended) for event in entry.events]
        assert not [event for event in events if isinstance(event, BooksDiverged)]
        seen.update(type(event).__name__ for event in events if isinstance(event, OrderIntended | OrderFilled))
        seen.update(
            type(entry).__name__
            for entry in world.record.entries
            if isinstance(entry, OrderTaken | Executed | Requested)
        )
    assert seen["OrderFilled"] == seen["Executed"]
    assert seen["OrderIntended"] >= seen["OrderTaken"] > 10
    assert seen["Requested"] > 100


def test_a_cut_anywhere_on_bytes_ends_in_the_same_truth() -> None:
    """Some of the cuts; `flatbook sim crash` runs them all."""
    bench, jobs = Bench(), list(cuts_of("alpaca_on_bytes", kept_scenario("alpaca_on_bytes")))
    red = {job.name: list(outcome.told()) for job in part_of(jobs, EACH_NTH_CUT) if (outcome := bench.run(job)).is_red}
    assert red == {}
    assert len(jobs) > 100


@pytest.mark.parametrize(("fault", "error"), [("V7", ValueError), ("V2", TimeoutError), ("N2", OSError)])
def test_a_world_on_bytes_whose_injector_breaks_is_red_although_the_product_bears_it(
    fault: str, error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    sound = Injection.hits

    def breaks(injection: Injection, asked: str, where: str) -> bool:
        struck = sound(injection, asked, where)
        if struck and asked == fault:
            raise error("the injector is broken")
        return struck

    world = msgspec.structs.replace(calm("3"), strengths={fault: 2_000})
    assert not run_scenario(world).is_red
    monkeypatch.setattr(Injection, "hits", breaks)
    failures = run_scenario(world).failures
    assert failures
    assert "the injector is broken" in failures[0]
