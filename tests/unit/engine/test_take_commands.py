"""Commands: each is journalled as accepted or refused, once per key, and does what its verb says."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from flatbook.engine.effects import Cancel, CancelAll, ReadStatement
from flatbook.engine.inputs import Command, Verb
from flatbook.engine.reports import CancelTooLate
from flatbook.events.control import CommandAccepted, CommandRefused, HaltCause, HaltScope
from flatbook.values.ids import UNASSIGNED, AssetId, HaltId, halt_id_of
from tests.desk import OWNER, PAPER, VAULT, WTCOIN
from tests.unit.engine.scene import KEY, Bench, accepted, effects, execution, one, report, statement, tags
from tests.unit.engine.test_take_chain import read
from tests.unit.state.scene import STOCK, skipped, unvalued, vault_filled


def why(bench: Bench, verb: str, **arguments: str) -> str:
    """Returns why a command is refused."""
    return one(bench.command(verb, f"why-{len(bench.events)}", **arguments), CommandRefused).why


# All verbs.


def test_a_command_is_journalled_with_who_why_and_what() -> None:
    bench = Bench().resume()
    event = one(bench.command("halt", scope="owner", target="desk"), CommandAccepted)
    assert (event.actor, event.reason, event.verb, event.key) == ("alice", "because", "halt", "k")
    assert event.arguments == {"scope": "owner", "target": "desk"}
    assert event.accepted_at == bench.now


@pytest.mark.parametrize("verb", ["halt", "drain", "reconcile"])
def test_the_same_key_twice_is_one_command(verb: str) -> None:
    bench = Bench().resume()
    bench.command(verb)
    again = bench.command(verb)
    assert (again.events, again.effects, again.dropped) == ((), (), ("command_known",))


@pytest.mark.parametrize(
    ("verb", "arguments"), [("kill", {}), ("halt", {"scope": "owner", "target": "desk"}), ("halt", {"scope": "owner"})]
)
def test_the_same_key_with_another_command_is_refused_and_not_taken_for_done(
    verb: str, arguments: dict[str, str]
) -> None:
    bench = Bench().resume()
    bench.command("halt")
    refused = one(bench.command(verb, **arguments), CommandRefused)
    assert refused.why == "the key was that of another command: give this one a key of its own"
    assert len(bench.halted) == 1


def test_a_refused_command_may_be_repeated_under_its_key() -> None:
    bench = Bench().resume()
    assert one(bench.command("lift", halt_id="halt-x"), CommandRefused).key == "k"
    bench.command("halt", "h")
    assert tags(bench.command("lift", halt_id=str(next(iter(bench.state.halts)))))[:1] == ["command_accepted"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"key": ""}, "key"),
        ({"key": "k" * 129}, "key"),
        ({"actor": ""}, "actor"),
        ({"actor": "a" * 129}, "actor"),
        ({"reason": ""}, "reason"),
        ({"reason": " \t "}, "reason"),
        ({"reason": "r" * 513}, "reason"),
        ({"arguments": {str(number): "" for number in range(17)}}, "arguments"),
        ({"arguments": {"scope": "x" * 257}}, "'scope'"),
        ({"arguments": {"x" * 257: ""}}, "x"),
        ({"arguments": {"scpoe": "owner"}}, "halt is told scope, target, and not 'scpoe'"),
        ({"arguments": {"x" * 256: ""}}, "and not 'xxx"),
    ],
)
def test_a_malformed_command_is_refused_and_cut_for_the_journal(changes: dict[str, object], said: str) -> None:
    bench = Bench().resume()
    plain = Command(key="k", actor="alice", reason="because", verb=Verb.HALT, arguments={})
    refused = one(bench.take(msgspec.structs.replace(plain, **changes)), CommandRefused)
    assert said in refused.why
    assert max(len(refused.key), len(refused.actor), len(refused.why)) <= 128
    assert (len(refused.reason or ""), len(refused.arguments or {})) <= (512, 16)
    assert all(max(len(name), len(text)) <= 256 for name, text in (refused.arguments or {}).items())
    assert bench.halted == []


@pytest.mark.parametrize("verb", list(Verb))
def test_what_a_verb_does_not_know_is_refused_and_not_done_without_it(verb: Verb) -> None:
    bench = Bench()
    bench.working()
    refused = one(bench.command(verb.value, undrlying="COIN"), CommandRefused)
    assert refused.why.startswith(f"{verb.value} is told ")
    assert refused.why.endswith(", and not 'undrlying'")


def test_a_refusal_says_what_was_asked_for_and_with_what_reason() -> None:
    bench = Bench().resume()
    event = one(bench.command("lift", halt_id="halt-x"), CommandRefused)
    assert (event.reason, event.arguments) == ("because", {"halt_id": "halt-x"})


# Halt and lift.


@pytest.mark.parametrize(
    ("scope", "target"), [("all", ""), ("owner", "desk"), ("venue", "paper"), ("instrument", "COIN/USD")]
)
def test_a_halt_of_any_scope_cancels_what_it_covers_and_stops_new_orders(scope: str, target: str) -> None:
    bench = Bench()
    bench.working()
    arguments = {"scope": scope} | ({"target": target} if target else {})
    done = bench.command("halt", **arguments)
    assert tags(done) == ["command_accepted", "trading_halted", "cancel_intended"]
    assert effects(done) == ["cancel"]
    assert bench.halted == [(scope, target, "operator")]
    bench.fill(2, "sell", "50")
    assert len(bench.placed()) == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"scope": "everything"}, "'everything'"),
        ({"scope": "owner"}, "a halt of scope owner names its target; this desk has desk"),
        ({"scope": "owner", "target": "des"}, "'des' is no owner of this desk; it has desk"),
        ({"scope": "venue", "target": "alpaca"}, "paper"),
        ({"scope": "instrument", "target": "COIN"}, "COIN/USD"),
        ({"target": "COIN/USD"}, "a halt of all has no target, and 'COIN/USD' was named: leave it out, or name its"),
    ],
)
def test_a_halt_that_would_stop_nothing_is_refused(arguments: dict[str, str], said: str) -> None:
    assert said in why(Bench().resume(), "halt", **arguments)


def test_a_second_halt_of_the_same_scope_changes_nothing() -> None:
    bench = Bench().resume()
    bench.command("halt", "1")
    assert tags(bench.command("halt", "2")) == ["command_accepted"]
    assert len(bench.halted) == 1


def test_a_lift_needs_the_id_of_a_standing_halt_and_frees_the_hedge() -> None:
    bench = Bench().resume()
    bench.command("halt", "1")
    bench.fill(1, "sell", "5")
    assert bench.orders() == []
    halt_id = halt_id_of("all", "", "operator")
    assert f"no halt 'halt-x' stands; these do: {halt_id}" in why(bench, "lift", halt_id="halt-x")
    done = bench.command("lift", "2", halt_id=halt_id)
    assert tags(done) == ["command_accepted", "trading_lifted", "hedge_held", "order_intended"]
    assert (bench.orders(), bench.halted) == (["buy 5.000"], [])
    assert f"no halt {halt_id!r} stands; none does" in why(bench, "lift", halt_id=halt_id)


def test_a_lift_takes_back_one_halt_and_leaves_the_others() -> None:
    bench = Bench().resume()
    bench.command("halt", "1")
    bench.command("halt", "2", scope="venue", target="paper")
    bench.command("lift", "3", halt_id=halt_id_of("all", "", "operator"))
    assert bench.halted == [("venue", "paper", "operator")]
    bench.fill(1, "sell", "5")
    assert bench.orders() == []


def test_a_lift_clears_the_refused_reports_of_its_own_instrument_only() -> None:
    bench = Bench()
    order_id = bench.working()
    bench.executions(execution("4", order_id=order_id, qty=Decimal("NaN")))
    bench.executions(execution("4", order_id=None, execution_id="", instrument="HOOD/USD"))
    assert [halt[:2] for halt in bench.halted] == [("instrument", "COIN/USD"), ("venue", "paper")]
    assert bench.alerts == ["report_refused", "report_refused"]
    bench.command("lift", halt_id=halt_id_of("instrument", "COIN/USD", "report_refused"))
    assert bench.alerts == ["report_refused"]
    bench.command("lift", "2", halt_id=halt_id_of("venue", "paper", "report_refused"))
    assert bench.alerts == []


# Kill.


def test_a_kill_halts_everything_cancels_everything_and_reads_what_is_left() -> None:
    bench = Bench()
    bench.working()
    done = bench.command("kill")
    assert tags(done) == ["command_accepted", "trading_halted", "cancel_intended"]
    assert [type(effect) for effect in done.effects] == [Cancel, CancelAll, ReadStatement]
    assert bench.halted == [("all", "", "killed")]


def test_a_kill_of_one_account_halts_and_cancels_there_only() -> None:
    bench = Bench()
    bench.working()
    assert tags(bench.command("kill", account="nowhere")) == ["command_refused"]
    done = bench.command("kill", "k2", account="paper")
    assert tags(done) == ["command_accepted", "trading_halted", "cancel_intended"]
    assert bench.halted == [("venue", "paper", "killed")]
    assert [effect.account for effect in done.effects] == ["paper", "paper", "paper"]  # type: ignore[union-attr]


def test_a_second_kill_asks_again_for_every_cancel() -> None:
    bench = Bench()
    bench.working()
    bench.command("kill")
    done = bench.command("kill", "again")
    assert tags(done) == ["command_accepted"]
    assert effects(done) == ["cancel", "cancel_all", "statement"]


@pytest.mark.parametrize("arguments", [{}, {"account": "paper"}])
def test_a_kill_that_is_repeated_asks_the_venues_for_their_word_again_and_does_nothing_else(
    arguments: dict[str, str],
) -> None:
    bench = Bench()
    bench.working()
    bench.command("kill", **arguments)
    again = bench.command("kill", **arguments)
    assert (again.events, again.dropped) == ((), ("command_known",))
    assert again.effects == (ReadStatement(account=PAPER),)


def test_a_kill_cancels_a_flatten_too_and_a_flatten_after_it_may_trade() -> None:
    bench = Bench().resume()
    bench.fill(1, "sell", "0.5")
    bench.command("flatten", "f")
    order_id = bench.placed()[0].order_id
    assert bench.placed()[0].reduce_only
    bench.answer(order_id, accepted(bench.now))
    bench.command("halt", "h")
    assert bench.status(order_id) == "accepted"
    bench.command("kill")
    assert bench.status(order_id) == "pending_cancel"
    bench.wait(1).report(report(order_id, "canceled", size="0.5"))
    assert len(bench.placed()) == 2
    assert bench.placed()[1].reduce_only


def test_an_order_that_comes_to_light_under_a_halt_is_canceled() -> None:
    bench = Bench()
    order_id = bench.unknown()
    bench.command("halt")
    bench.answer_cancel(order_id, CancelTooLate(message="not known here"))
    assert bench.status(order_id) == "unknown"
    bench.wait(5)
    assert effects(bench.find(order_id, report(order_id))) == ["cancel"]


# Flatten.


def test_a_flatten_sells_what_is_below_the_threshold_at_the_market_and_then_ends() -> None:
    bench = Bench().resume()
    bench.fill(1, "buy", "0.75")
    assert bench.orders() == []
    done = bench.command("flatten", owner="desk", underlying="COIN")
    assert tags(done) == ["command_accepted", "flatten_intended", "order_intended"]
    (intent,) = bench.placed()
    assert (intent.side.value, intent.qty, intent.limit, intent.reduce_only) == ("sell", Decimal("0.750"), None, True)
    ended = bench.executions(execution("0.75", order_id=intent.order_id, side=intent.side))
    assert tags(ended) == ["order_filled", "flatten_ended"]
    assert not bench.state.positions.net(*KEY).flattening


def test_a_flatten_with_nothing_to_do_is_refused() -> None:
    bench = Bench().resume()
    assert "nothing to flatten" in why(bench, "flatten")
    bench.fill(1, "sell", "0.5")
    assert why(bench, "flatten", owner="other") == "this desk hedges no owner 'other': desk"
    assert why(bench, "flatten", underlying="HOOD") == "this desk hedges no underlying 'HOOD': COIN"
    assert bench.orders() == []


def test_a_refused_flatten_leaves_no_trace_in_the_state() -> None:
    bench = Bench().resume()
    why(bench, "flatten")
    assert bench.state.positions.nets == {}


# Repairs.


def test_drain_and_reconcile() -> None:
    bench = Bench().resume()
    assert tags(bench.command("drain", "d")) == ["command_accepted", "drain_intended"]
    assert bench.state.draining
    done = bench.command("reconcile", "r")
    assert done.effects == (ReadStatement(account=PAPER),)


def test_an_order_is_asked_for_again_by_its_id() -> None:
    bench = Bench()
    order_id = bench.unknown()
    assert effects(bench.command("order_recheck", order_id=order_id)) == ["find"]
    assert "no order 'fb-x'" in why(bench, "order_recheck", order_id="fb-x")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({}, "no booked fill"),
        ({"chain": "8453", "tx": "0x", "log_index": "0"}, "no booked fill"),
        ({"chain": "base", "tx": "0x", "log_index": "0"}, "no booked fill"),
        ({"chain": "9" * 250, "tx": "0x", "log_index": "0"}, "no booked fill"),
        ({"chain": "-1", "tx": "0x", "log_index": "0"}, "no booked fill"),
        ({"hedge": "maybe"}, "yes or no"),
    ],
)
def test_a_release_that_names_no_held_fill_is_refused(arguments: dict[str, str], said: str) -> None:
    bench = Bench().resume()
    event = skipped(1)
    read(bench, event)
    named = {"chain": "8453", "tx": event.key.tx, "log_index": "0"} if "hedge" in arguments else {}
    assert said in why(bench, "fill_release", **named, **arguments)


def test_a_fill_is_released_once_and_one_that_waits_for_its_value_not_at_all() -> None:
    bench = Bench().resume()
    held, waiting = skipped(1), unvalued(vault_filled(2, "sell", "3"), "3")
    read(bench, held, waiting, vault_filled(3, "sell", "0.5"))
    named = {"chain": "8453", "log_index": "0"}
    bench.command("fill_release", tx=held.key.tx, **named)
    assert "not held" in why(bench, "fill_release", tx=held.key.tx, **named)
    assert "waits for its value" in why(bench, "fill_release", tx=waiting.key.tx, **named)
    assert "not held" in why(bench, "fill_release", tx=vault_filled(3, "sell", "1").key.tx, **named)


def test_a_fill_may_be_left_unhedged_for_good() -> None:
    bench = Bench().resume()
    event = skipped(1)
    read(bench, event)
    bench.command("fill_release", chain="8453", tx=event.key.tx, log_index="0", hedge="no")
    assert (bench.orders(), bench.alerts, bench.net) == ([], [], -3)


TOKEN = {"owner": "desk", "account": str(VAULT), "instrument": str(WTCOIN)}


def test_a_position_is_overwritten_only_from_what_it_is() -> None:
    bench = Bench().resume()
    bench.fill(1, "sell", "0.5")
    assert "the position is -0.5" in why(bench, "position_overwrite", qty="0", expected="0", **TOKEN)
    done = bench.command("position_overwrite", qty="-2", expected="-0.5", price="250", **TOKEN)
    assert tags(done) == ["command_accepted", "position_overwritten", "order_intended"]
    assert (bench.net, bench.orders()) == (-2, ["buy 2.000"])


def test_contracts_that_are_stated_where_none_were_held_have_the_size_of_their_instrument() -> None:
    """Two hundred contracts of a hundredth each are two shares, and not two hundred."""
    bench = Bench().resume()
    (instrument,) = (each for each in bench.rules.instruments.values() if each.account == PAPER)
    hundredth = msgspec.structs.replace(instrument, contract_size=Decimal("0.01"))
    hedge = msgspec.structs.replace(bench.rules.hedges[KEY], instrument=hundredth)
    bench.rules = msgspec.structs.replace(bench.rules, instruments={instrument.id: hundredth}, hedges={KEY: hedge})
    place = {"owner": "desk", "account": "paper", "instrument": instrument.id}
    bench.command("position_overwrite", qty="-200", expected="0", price="250", **place)
    assert (bench.net, bench.orders()) == (-2, ["buy 200.000"])
    assert bench.state.positions.rows[KEY[0], PAPER, instrument.id].contract_size == Decimal("0.01")


@pytest.mark.parametrize(("size", "is_halted"), [("0.01", False), ("0.001", True)])
def test_contracts_that_are_held_in_another_size_than_is_configured_halt_their_instrument(
    size: str, is_halted: bool
) -> None:
    """An exchange made ten contracts of one between two lives: what is held in base is the same, and nothing else."""
    bench = Bench().resume()
    (instrument,) = (each for each in bench.rules.instruments.values() if each.account == PAPER)
    bench.state.positions.move((OWNER, PAPER, instrument.id), KEY[1], Decimal(100), Decimal("0.01"))
    resized = msgspec.structs.replace(instrument, contract_size=Decimal(size))
    hedge = msgspec.structs.replace(bench.rules.hedges[KEY], instrument=resized)
    bench.rules = msgspec.structs.replace(bench.rules, instruments={instrument.id: resized}, hedges={KEY: hedge})
    bench.restart()
    assert bench.halted == ([("instrument", instrument.id, "diverged")] if is_halted else [])
    assert bench.alerts == (["books_diverged"] if is_halted else [])


def test_an_overwrite_may_name_the_net_that_it_expects_over_all_accounts() -> None:
    bench = Bench().resume()
    bench.fill(1, "sell", "2.5")
    (hedge,) = bench.placed()
    bench.answer(hedge.order_id, accepted(bench.now))
    part = execution("2", order_id=hedge.order_id, at=bench.now)
    bench.report(report(hedge.order_id, "canceled", size="2.5", filled="2", executions=(part,), complete=True))
    named = {"qty": "-2", "expected": "-2.5", "price": "250", **TOKEN}
    assert bench.net == Decimal("-0.5")
    assert "the net of desk in COIN is -0.5, not -2.5 as expected" in why(
        bench, "position_overwrite", expected_net="-2.5", **named
    )
    assert "must be numbers" in why(bench, "position_overwrite", expected_net="x", **named)
    assert "position_overwritten" in tags(bench.command("position_overwrite", "3", expected_net="-0.5", **named))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"qty": "x", "expected": "-0.5"}, "must be numbers"),
        ({"qty": "NaN", "expected": "-0.5", "price": "1"}, "must be numbers"),
        ({"expected": "-0.5"}, "must be numbers"),
        ({"qty": "1", "expected": "-0.5"}, "needs a price"),
        ({"qty": "1", "expected": "-0.5", "price": "0"}, "needs a price"),
        ({"qty": "1", "expected": "-0.5", "price": "1e400"}, "must be numbers"),
    ],
)
def test_an_overwrite_needs_numbers_and_a_price(arguments: dict[str, str], said: str) -> None:
    bench = Bench().resume()
    bench.fill(1, "sell", "0.5")
    assert said in why(bench, "position_overwrite", **TOKEN, **arguments)
    assert bench.net == Decimal("-0.5")


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ({"owner": "nobody", "account": "paper", "instrument": "COIN/USD"}, "no owner of COIN"),
        ({"owner": "desk", "account": "other", "instrument": "COIN/USD"}, "not configured"),
        ({"owner": "desk", "account": "paper", "instrument": "HOOD/USD"}, "name its underlying"),
        ({"owner": "desk", "account": "paper", "instrument": "HOOD/USD", "underlying": "HOOD"}, "no owner of HOOD"),
    ],
)
def test_an_overwrite_of_a_place_that_nobody_hedges_is_refused(place: dict[str, str], said: str) -> None:
    assert said in why(Bench().resume(), "position_overwrite", qty="1", expected="0", price="1", **place)


def test_a_position_is_not_overwritten_while_an_order_of_its_net_may_execute() -> None:
    bench = Bench()
    bench.working()
    assert "still open" in why(bench, "position_overwrite", qty="0", expected="-10", **TOKEN)


def test_two_overwrites_at_one_instant_never_give_one_order_id() -> None:
    bench = Bench().resume()
    bench.fill(1, "sell", "0.5")
    bench.command("position_overwrite", "1", qty="-2", expected="-0.5", price="250", **TOKEN)
    first = bench.placed()[0].order_id
    bench.executions(execution("2", order_id=first))
    bench.command("position_overwrite", "2", qty="-4", expected="-2", price="250", **TOKEN)
    assert len({order.order_id for order in bench.placed()}) == len(bench.placed()) == 2


def test_only_what_is_nobodys_is_assigned_and_only_to_who_hedges_it() -> None:
    bench = Bench().resume()
    place = {"account": "paper", "instrument": "COIN/USD"}
    assert "nothing of 'COIN/USD'" in why(bench, "position_assign", owner="desk", **place)
    bench.state_account(statement(bench.now))
    bench.executions(execution("5", order_id=None, at=bench.now))
    assert "does not hedge COIN or quote COIN/USD: desk" in why(bench, "position_assign", owner="other", **place)
    bench.command("position_assign", owner="desk", **place)
    assert bench.state.positions.rows[UNASSIGNED, PAPER, STOCK].qty == 0
    assert bench.state.positions.rows[OWNER, PAPER, STOCK].qty == 5
    assert bench.state.balances[PAPER, AssetId("COIN")] == 5


def test_every_verb_is_tried_here() -> None:
    tried = {"halt", "lift", "kill", "flatten", "drain", "reconcile", "order_recheck", "fill_release"}
    elsewhere = {
        "position_overwrite",
        "position_assign",
        "account_accept_statement",
        "chaos",
        "vault_move",
        "call_take_back",
        "action_state",
        "action_end",
        "order_cancel",
        "order_place",
        "hedge_now",
        "limit_set",
        "stop_free",
        "reconnect",
    }
    assert tried | elsewhere == {verb.value for verb in Verb}


def test_the_ids_of_halts_by_the_engine_and_by_an_operator_differ() -> None:
    ids = [halt_id_of(scope.value, "x", cause.value) for scope in HaltScope for cause in HaltCause]
    assert len(set(ids)) == len(ids)
    assert HaltId(ids[0]).startswith("halt-")
