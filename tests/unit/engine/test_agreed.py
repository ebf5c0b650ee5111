"""What an operator agreed to: a command is refused in its own step where what it touches has changed meanwhile."""

from __future__ import annotations

import msgspec
import pytest

from flatbook.engine.agreed import IT_HAS_CHANGED, version_of
from flatbook.engine.inputs import Command, Verb
from flatbook.engine.ports import ChainRead
from flatbook.engine.step import Step
from flatbook.events.control import CommandAccepted, CommandRefused
from flatbook.values.ids import halt_id_of
from tests.desk import CHAIN
from tests.unit.engine.scene import Bench, one, report, tags
from tests.unit.state.scene import skipped

NET = {"owner": "desk", "underlying": "COIN"}
HALT = halt_id_of("all", "", "operator")


def version(bench: Bench, verb: str, arguments: dict[str, str]) -> str:
    """Returns the version of what a command would touch now."""
    return version_of(bench.state, bench.rules.hedges, Verb(verb), arguments)


def agreed(bench: Bench, verb: str, arguments: dict[str, str], expected: str | None, key: str = "agreed") -> Step:
    """Gives a command with the version of what was looked at."""
    plain = Command(key=key, actor="alice", reason="because", verb=Verb(verb), arguments=arguments)
    return bench.take(msgspec.structs.replace(plain, expected=expected))


@pytest.mark.parametrize(
    ("verb", "arguments"),
    [
        ("flatten", {}),
        ("flatten", NET),
        ("hedge_now", NET),
        ("order_place", {**NET, "side": "buy", "qty": "1", "limit": "200", "good_s": "60"}),
        ("drain", {}),
    ],
)
def test_what_trades_a_net_is_refused_once_that_net_has_moved(verb: str, arguments: dict[str, str]) -> None:
    bench = Bench().resume()
    seen = version(bench, verb, arguments)
    bench.fill(1, "sell", "50")
    refused = one(agreed(bench, verb, arguments, seen), CommandRefused)
    assert refused.why == IT_HAS_CHANGED
    assert version(bench, verb, arguments) != seen


def test_what_trades_another_net_stays_agreed_to() -> None:
    bench = Bench().resume()
    other = {"owner": "desk", "underlying": "MSTR"}
    seen = version(bench, "flatten", other)
    bench.fill(1, "sell", "50")
    assert version(bench, "flatten", other) == seen


def test_an_order_that_works_meanwhile_is_another_thing_to_agree_to() -> None:
    bench = Bench()
    order_id = bench.working()
    seen = version(bench, "hedge_now", NET)
    recheck = version(bench, "order_recheck", {"order_id": order_id})
    bench.command("order_cancel", "cancel", order_id=order_id)
    assert version(bench, "order_recheck", {"order_id": order_id}) != recheck
    assert version(bench, "hedge_now", NET) == seen


def test_the_end_of_an_order_of_the_net_is_another_thing_to_agree_to_although_the_net_is_the_same() -> None:
    bench = Bench()
    order_id = bench.working()
    seen, of_others = version(bench, "hedge_now", NET), version(bench, "flatten", {"underlying": "MSTR"})
    bench.report(report(order_id, "canceled"))
    assert version(bench, "hedge_now", NET) != seen
    assert version(bench, "flatten", {"underlying": "MSTR"}) == of_others


def test_a_lift_is_refused_once_somebody_else_wants_the_halt_too() -> None:
    bench = Bench().resume()
    bench.command("halt", "first")
    seen = version(bench, "lift", {"halt_id": HALT})
    bench.command("halt", "second")
    assert one(agreed(bench, "lift", {"halt_id": HALT}, seen), CommandRefused).why == IT_HAS_CHANGED
    now_seen = version(bench, "lift", {"halt_id": HALT})
    assert one(agreed(bench, "lift", {"halt_id": HALT}, now_seen), CommandAccepted).verb == "lift"


def test_a_lift_is_of_the_halt_that_was_looked_at_and_no_fill_makes_it_old() -> None:
    bench = Bench().resume()
    bench.command("halt", "1")
    seen = version(bench, "lift", {"halt_id": HALT})
    bench.fill(1, "sell", "5")
    assert one(agreed(bench, "lift", {"halt_id": HALT}, seen), CommandAccepted).verb == "lift"
    bench.now = type(bench.now)(bench.now + 1)
    bench.command("halt", "2")
    again = agreed(bench, "lift", {"halt_id": HALT}, seen, "again")
    assert one(again, CommandRefused).why == IT_HAS_CHANGED


def test_a_limit_that_somebody_else_set_is_looked_at_again() -> None:
    bench = Bench().resume()
    arguments = {"name": "order_shares_max", "to": "5"}
    seen = version(bench, "limit_set", arguments)
    assert "command_accepted" in tags(agreed(bench, "limit_set", {"name": "order_shares_max", "to": "7"}, None))
    assert one(agreed(bench, "limit_set", arguments, seen, "again"), CommandRefused).why == IT_HAS_CHANGED


@pytest.mark.parametrize("verb", ["halt", "kill"])
def test_a_stop_is_never_stale(verb: str) -> None:
    bench = Bench().resume()
    assert one(agreed(bench, verb, {}, "0123456789abcdef"), CommandAccepted).verb == verb


def test_what_nobody_looked_at_is_not_compared_and_a_key_is_answered_as_before() -> None:
    bench = Bench().resume()
    seen = version(bench, "drain", {})
    assert "command_accepted" in tags(agreed(bench, "drain", {}, seen))
    bench.fill(1, "sell", "50")
    assert agreed(bench, "drain", {}, seen).dropped == ("command_known",)


def test_a_fill_that_was_decided_on_meanwhile_is_another_thing_to_agree_to() -> None:
    bench = Bench().resume()
    held = skipped(1)
    bench.take(ChainRead(source=CHAIN, events=(held,), cursor="c", removed_from=None))
    named = {"chain": "8453", "tx": held.key.tx, "log_index": "0", "hedge": "yes"}
    seen = version(bench, "fill_release", named)
    assert seen != version(bench, "fill_release", {**named, "hedge": "no"})
    bench.command("fill_release", **named)
    refused = one(agreed(bench, "fill_release", named, seen), CommandRefused)
    assert refused.why == IT_HAS_CHANGED


def test_a_log_that_no_fill_has_can_be_looked_at() -> None:
    bench = Bench().resume()
    nowhere = {"chain": "base", "tx": "0x1", "log_index": "0"}
    assert version(bench, "fill_release", nowhere) == version(bench, "fill_release", nowhere)
