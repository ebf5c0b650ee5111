"""`flatbook sim` on the command line: green and red, what is refused, and what programs read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flatbook.services import sim_runs
from flatbook.sim.runs.scenario import write_scenario
from flatbook.sim.runs.scripted import kept_scenario
from tests.unit.cli.scene import call

PLAIN = kept_scenario("plain_fills")


def test_a_scripted_world_is_green_and_says_what_it_did() -> None:
    code, out, _ = call("sim", "scenario", "plain_fills", "--json")
    body = json.loads(out)
    assert (code, body["schema"], body["red"], body["worlds"]) == (0, "flatbook.sim.scenario.v1", False, 1)
    assert body["virtual_ms"] >= 40_000
    assert body["failures"] == []


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["run", "--seeds", "5"], "'5' is no range of seeds"),
        (["run", "--seeds", "5:5"], "--seeds: is out of range"),
        (["run", "--seeds", "0:1000000001"], "--seeds: is out of range"),
        (["run", "--minutes", "0"], "--minutes: is out of range"),
        (["run", "--pairs", "-1"], "--pairs: is out of range"),
        (["run", "--workers", "65"], "--workers: is out of range"),
        (["seed", "3", "--drawn-by", "0"], "seed 3 was drawn as version 0, and this program draws version 2"),
        (["mutants", "--number", "99"], "no bug has the number 99"),
        (["scenario", "plain_fill"], "no file and no scripted scenario; these are: alpaca_on_bytes, "),
        (["crash", "plain_fill"], "no file and no scripted scenario; these are: alpaca_on_bytes, "),
        (["scenario", "plain_fills", "--cut", "after_send:99"], "a life had fewer appends or sends, and was not cut"),
        (["scenario", "plain_fills", "--cut", "after:1"], "'after:1' is no cut"),
        (["scenario", "plain_fills", "--cut", "after_send:0"], "'after_send:0' is no cut"),
    ],
)
def test_bad_input_is_refused_with_its_reason(words: list[str], told: str) -> None:
    code, out, err = call("sim", *words)
    assert (code, out) == (2, "")
    assert told in err


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ((b'"drift_ppm"', b'"drift_pmm"'), "drift_pmm"),
        ((b'"version": 2', b'"version": 9'), "a scenario of version 9, this program makes and reads version 2"),
        ((b"{", b"["), "is no scenario"),
    ],
)
def test_a_scenario_that_cannot_be_read_is_refused(tmp_path: Path, change: tuple[bytes, bytes], told: str) -> None:
    path = tmp_path / "world.json"
    path.write_bytes(write_scenario(PLAIN).replace(*change))
    code, _, err = call("sim", "scenario", str(path))
    assert code == 2
    assert told in err


def test_a_swarm_in_which_a_fault_never_struck_covers_too_little() -> None:
    code, out, _ = call("sim", "coverage", "--seeds", "0:1", "--workers", "1", "--json")
    body = json.loads(out)
    assert (code, body["red"], body["red_worlds"]) == (1, True, 0)
    assert "V12" in body["never_struck"]


def test_a_report_is_written_where_it_is_asked_for(tmp_path: Path) -> None:
    page = tmp_path / "deep" / "report.html"
    code, out, _ = call("sim", "crash", "close_of_market", "--report", str(page))
    assert code == 0
    assert out.startswith("green: ")
    assert "Simulated worlds: <span class=green>" in page.read_text()


def test_a_seed_is_written_as_a_scenario_that_runs_again(tmp_path: Path) -> None:
    path = tmp_path / "world.json"
    assert call("sim", "seed", "7", "--write", str(path)).code == 0
    assert call("sim", "scenario", str(path)).code == 0


def test_a_world_on_bytes_is_named_with_its_level() -> None:
    code, out, _ = call("sim", "run", "--seeds", "3:4", "--level", "full", "--json")
    body = json.loads(out)
    assert (code, body["red_worlds"]) == (0, 0)
    assert body["worlds"] >= 2


def test_a_planted_bug_that_is_seen_names_what_it_broke() -> None:
    code, out, _ = call("sim", "mutants", "--number", "1", "--number", "23", "--json")
    body = json.loads(out)
    assert (code, body["planted"], body["seen"]) == (0, 1, 1)
    assert body["mutants"][0]["seen_by"][0] == "I4"
    assert body["mutants"][1]["awaits"] == "stored views of other services"


def test_a_run_of_a_bad_product_is_found_out() -> None:
    code, out, _ = call("sim", "canary", "--json")
    body = json.loads(out)
    assert (code, body["alive"], body["worlds"]) == (0, True, 4)
    assert body["reasons"]["I4"] >= 1


def test_a_canary_that_nobody_hears_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sim_runs, "known_bad_jobs", lambda: (sim_runs.seed_job(0),))
    code, out, _ = call("sim", "canary")
    assert code == 1
    assert "nothing that it says can be trusted" in out


def test_a_run_that_is_red_for_what_never_struck_says_so_in_its_first_line() -> None:
    code, out, _ = call("sim", "run", "--seeds", "0:1", "--workers", "1", "--covered")
    assert code == 1
    first, second, *_ = out.splitlines()
    assert first.startswith("red: ")
    assert ", 0 red, " in first
    assert first.endswith(" faults never struck")
    assert " virtual minutes, " in second
