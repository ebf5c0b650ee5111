"""Faults on purpose are journalled like every command, and refused where money is at stake."""

from __future__ import annotations

import pytest

from flatbook.events.control import CommandAccepted, CommandRefused, Mode
from tests.unit.engine.scene import Bench, one

DROP = {"fault": "drop", "account": "paper", "count": "2"}


def bench(mode: Mode | None) -> Bench:
    made = Bench().resume()
    made.state.mode = mode
    return made


@pytest.mark.parametrize(
    "arguments",
    [DROP, {"fault": "stall", "seconds": "3600"}, {"fault": "reorg", "depth": "1"}],
)
def test_a_fault_on_a_paper_desk_is_journalled_with_who_and_why(arguments: dict[str, str]) -> None:
    done = bench(Mode.PAPER).command("chaos", **arguments)
    event = one(done, CommandAccepted)
    assert (event.verb, event.actor, event.reason, event.arguments) == ("chaos", "alice", "because", arguments)
    assert len(done.events) == 1
    assert done.effects == ()


@pytest.mark.parametrize("mode", [Mode.LIVE, Mode.OBSERVE, None])
def test_no_fault_is_made_on_any_other_desk(mode: Mode | None) -> None:
    why = one(bench(mode).command("chaos", **DROP), CommandRefused).why
    assert why.startswith("faults are made on paper desks only, and this one is ")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"fault": "fire"}, "fault 'fire' is none of drop, stall, reorg"),
        ({"count": "0"}, "count must be a number from 1 to 100"),
        ({"count": "101"}, "count must be a number from 1 to 100"),
        ({"count": "-1"}, "count must be a number from 1 to 100"),
        ({"account": "elsewhere"}, "'elsewhere' is no account of this desk at a simulated broker; it has paper"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(changes: dict[str, str], why: str) -> None:
    assert one(bench(Mode.PAPER).command("chaos", **(DROP | changes)), CommandRefused).why == why
