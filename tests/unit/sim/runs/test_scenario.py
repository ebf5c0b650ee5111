"""Scenarios from files: what no world could be is refused when it is read."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from flatbook.sim.runs.scenario import ScenarioRefused, draw_scenario, scenario_of

FILL = {"at_ms": 5, "symbol": "COIN", "sign": 1, "qty": 1}


def written(**changed: Any) -> bytes:
    """Returns a drawn scenario as a file, with some of its keys changed."""
    return msgspec.json.encode(msgspec.to_builtins(draw_scenario("7")) | changed)


def test_a_drawn_scenario_is_read_as_it_was_written() -> None:
    assert scenario_of(written(), "mine") == draw_scenario("7")


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"nope": 1}, "unknown field `nope`"),
        ({"version": 0}, "a scenario of version 0, this program makes and reads version 2"),
        ({"safety_ms": 0}, "Expected `int` >= 1 - at `$.safety_ms`"),
        ({"safety_ms": 10**18}, "Expected `int` <= 86400000 - at `$.safety_ms`"),
        ({"drift_ppm": 2_000_000}, "Expected `int` <= 1000000 - at `$.drift_ppm`"),
        ({"strengths": {"N1": -4}}, "Expected `int` >= 1 - at `$.strengths[...]`"),
        ({"strengths": {"N1": 10_001}}, "Expected `int` <= 10000 - at `$.strengths[...]`"),
        ({"strengths": {"ZZ9": 5}}, "no core world makes ZZ9"),
        ({"fills": [FILL | {"qty": -5}]}, "Expected `int` >= 1 - at `$.fills[0].qty`"),
        ({"fills": [FILL | {"qty": 10**40}]}, "at `$.fills[0].qty`"),
        ({"fills": [FILL | {"at_ms": 10**15}]}, "Expected `int` <= 86400000 - at `$.fills[0].at_ms`"),
        ({"fills": [FILL | {"sign": 2}]}, "Expected `int` <= 1 - at `$.fills[0].sign`"),
        ({"fills": [FILL | {"sign": 0}]}, "the sign of a trade is -1 or 1"),
        ({"reorgs": [{"at_ms": 5, "depth": -1, "keeps_bps": 0}]}, "Expected `int` >= 0 - at `$.reorgs[0].depth`"),
        ({"crashes": [{"down_ms": 0, "after_ms": 5}]}, "Expected `int` >= 1 - at `$.crashes[0].down_ms`"),
        ({"fills": [FILL | {"symbol": "ZZZ"}]}, "does not name 'ZZZ'"),
    ],
)
def test_a_number_that_no_world_has_is_refused_by_its_name(changed: dict[str, Any], why: str) -> None:
    with pytest.raises(ScenarioRefused) as refused:
        scenario_of(written(**changed), "mine")
    assert why in str(refused.value)
