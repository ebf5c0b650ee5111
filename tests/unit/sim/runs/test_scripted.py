"""Scenarios and seeds that come with the program."""

from __future__ import annotations

from pathlib import Path

import pytest

from flatbook.sim.runs.scenario import ScenarioRefused, draw_scenario, write_scenario
from flatbook.sim.runs.scripted import check_version, kept_scenario, regressions, scripted, seeds_of


def test_every_scripted_scenario_is_read_and_found_by_its_name() -> None:
    kept = scripted()
    assert [name for name, _ in kept][:3] == ["alpaca_on_bytes", "backup_broker", "close_of_market"]
    assert all(kept_scenario(name) == scenario for name, scenario in kept)


def test_a_scenario_is_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "world.json"
    path.write_bytes(write_scenario(draw_scenario("5")))
    assert kept_scenario(str(path)) == draw_scenario("5")


def test_a_name_that_is_neither_a_scenario_nor_a_file_is_answered_with_those_there_are() -> None:
    with pytest.raises(ScenarioRefused, match=r"no scripted scenario; these are: alpaca_on_bytes, .*, plain_fills, "):
        kept_scenario("../scenarios/nothing")


def test_seeds_are_read_with_their_version() -> None:
    assert seeds_of(["# why", "", "2 4711  # I3: lost", "2 5"]) == (4711, 5)
    assert all(seed >= 0 for seed in regressions())


@pytest.mark.parametrize(
    ("line", "why"),
    [("4711", "no version and seed"), ("2 x", "no version and seed"), ("1 4711", "drawn as version 1, and this")],
)
def test_a_line_that_is_no_seed_of_this_version_is_refused(line: str, why: str) -> None:
    with pytest.raises(ScenarioRefused, match=why):
        seeds_of([line])


def test_a_seed_of_another_version_is_refused() -> None:
    with pytest.raises(ScenarioRefused, match="this program draws version 2"):
        check_version(0, "seed 3")
