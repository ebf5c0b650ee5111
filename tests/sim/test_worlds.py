"""Worlds repeat with their seed, and nothing in them ends a process that no fault ended."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from flatbook.services.simulated import run_world
from flatbook.sim.scenario import ScenarioRefused, draw_scenario, read_scenario, write_scenario

SEEDS = tuple(str(number) for number in range(8))


@pytest.mark.parametrize("seed", SEEDS)
def test_the_same_seed_gives_the_same_world(seed: str) -> None:
    first, second = run_world(draw_scenario(seed)), run_world(draw_scenario(seed))
    assert first.record.trace() == second.record.trace()
    assert first.disk.content() == second.disk.content()
    assert first.failures == []


def test_another_seed_gives_another_world() -> None:
    traces = [run_world(draw_scenario(seed)).record.trace() for seed in SEEDS]
    assert len(dict.fromkeys(traces)) == len(SEEDS)


def test_a_scenario_survives_its_file_and_a_wrong_one_is_refused(tmp_path: Path) -> None:
    path, scenario = tmp_path / "world.json", draw_scenario("7")
    path.write_bytes(write_scenario(scenario))
    assert read_scenario(path) == scenario
    path.write_bytes(write_scenario(scenario).replace(b'"drift_ppm"', b'"drift_pmm"'))
    with pytest.raises(ScenarioRefused, match="drift_pmm"):
        read_scenario(path)
    path.write_bytes(write_scenario(scenario).replace(b'"version": 1', b'"version": 2'))
    with pytest.raises(ScenarioRefused, match="version 2, this program makes and reads version 1"):
        read_scenario(path)
    path.write_bytes(write_scenario(msgspec.structs.replace(scenario, strengths={"N1": 1})).replace(b'"N1"', b'"B1"'))
    with pytest.raises(ScenarioRefused, match=r"no core world makes B1: docs/faults\.md tells"):
        read_scenario(path)
