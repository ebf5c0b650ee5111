"""Streams are opened anew by a command like every other: journalled with who and why, of an account that there is."""

from __future__ import annotations

from flatbook.events.control import CommandAccepted, CommandRefused
from tests.unit.engine.scene import Bench, one


def test_a_reconnect_is_journalled_with_who_and_why_and_asks_nothing_of_a_venue() -> None:
    done = Bench().resume().command("reconnect", account="paper")
    event = one(done, CommandAccepted)
    assert (event.verb, event.actor, event.reason, event.arguments) == (
        "reconnect",
        "alice",
        "because",
        {"account": "paper"},
    )
    assert len(done.events) == 1
    assert done.effects == ()


def test_a_reconnect_of_no_account_is_refused_with_those_that_there_are() -> None:
    bench = Bench().resume()
    why = "'elsewhere' is no account of this desk; it has paper"
    assert one(bench.command("reconnect", account="elsewhere"), CommandRefused).why == why
    assert one(bench.command("reconnect"), CommandRefused).why == "'' is no account of this desk; it has paper"
