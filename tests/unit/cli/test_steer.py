"""Commands from the command line: what they say without an engine, and what a real one makes of them."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flatbook.events.control import HaltScope
from flatbook.ops.control_client import is_listening
from flatbook.ops.home import SOCKET_FILE
from flatbook.values.ids import halt_id_of
from tests.unit.api.door_scene import until
from tests.unit.cli.scene import call, keep, unknown_desk

START_LOOKS = 600
HALTED = halt_id_of(HaltScope.ALL.value, "", "operator")
KILLED = halt_id_of(HaltScope.ALL.value, "", "killed")
CHANGING = [
    ["halt"],
    ["lift", "halt-x", "--reason", "r"],
    ["flatten", "--yes", "--reason", "r"],
    ["kill", "--yes", "--reason", "r"],
    ["drain"],
    ["reconcile"],
    ["reconnect", "paper", "--reason", "r"],
    ["order", "recheck", "fb1", "--reason", "r"],
    ["order", "cancel", "fb1"],
    ["order", "place", "desk", "COIN", "--side", "buy", "--qty", "1", "--limit", "250", "--yes", "--reason", "r"],
    ["hedge", "desk", "COIN"],
    ["limit", "set", "order_shares_max", "5", "--reason", "r"],
    ["fill", "release", "8453:0xab:1", "--reason", "r"],
    ["position", "overwrite", "desk", "paper", "COIN", "--qty", "0", "--expected", "1", "--yes", "--reason", "r"],
    ["position", "assign", "desk", "paper", "COIN", "--yes", "--reason", "r"],
    ["account", "accept-statement", "paper", "--yes", "--reason", "r"],
]


def run_engine(home: Path) -> subprocess.Popen[str]:
    """Starts an engine and returns once it listens."""
    words = [sys.executable, "-m", "flatbook", "run", "--home", str(home)]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    for _ in range(START_LOOKS):
        if is_listening(home / SOCKET_FILE):
            return process
        try:
            code = process.wait(0.1)
        except subprocess.TimeoutExpired:
            continue
        raise AssertionError(f"the engine ended with {code}: {process.stderr and process.stderr.read()}")
    process.kill()
    raise AssertionError("no engine listens")


def end(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGTERM)
    process.wait(60)
    if process.stderr is not None:
        process.stderr.close()


@pytest.fixture
def home() -> Iterator[Path]:
    """Gives a folder with a path that is short enough for a socket, and a desk in it that follows a recording."""
    folder = Path(tempfile.mkdtemp(prefix="fb-"))
    try:
        assert call("init", "--recordings", "--home", str(folder)).code == 0
        yield folder
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def running(home: Path) -> Iterator[Path]:
    """Gives the home of a desk whose engine runs."""
    process = run_engine(home)
    try:
        yield home
    finally:
        end(process)


def latest(home: Path, kind: str) -> dict[str, Any]:
    """Returns the latest event of a type in the journal of a desk."""
    body = call("events", "tail", "-n", "1", "--type", kind, "--json", "--home", str(home)).body()
    event: dict[str, Any] = body["events"][0]
    return event


@pytest.mark.parametrize("words", CHANGING, ids=" ".join)
def test_without_an_engine_every_changing_verb_exits_with_3_and_says_how_to_start_one(words: list[str]) -> None:
    told = call(*words, "--json")
    assert told.code == 3
    assert told.body()["exit"] == 3
    assert "no engine is running" in told.err
    assert "start one with `flatbook run`" in told.err
    assert told.err.count("\n") == 1


@pytest.mark.parametrize("verb", [["flatten"], ["kill"]])
def test_what_destroys_asks_and_without_a_terminal_is_refused(verb: list[str]) -> None:
    told = call(*verb, "--reason", "r")
    assert (told.code, told.out) == (2, "")
    assert told.err == "flatbook: this needs --yes: nobody can be asked; add --yes if you mean it\n"
    assert call(*verb, "--yes").code == 2


def test_a_log_that_is_none_is_refused_before_anything_is_sent() -> None:
    assert call("fill", "release", "0xab", "--reason", "r").code == 2


@pytest.mark.real
def test_a_halt_is_journalled_with_who_and_why_and_lifted_by_its_id(running: Path) -> None:
    halted = call("halt", "--reason", "news", "--json", "--home", str(running))
    assert (halted.code, halted.body()["accepted"], halted.body()["repeated"]) == (0, True, False)
    accepted = latest(running, "command_accepted")
    assert (accepted["actor"], accepted["reason"], accepted["verb"]) == (
        pwd.getpwuid(os.getuid()).pw_name,
        "news",
        "halt",
    )
    assert accepted["key"] == halted.body()["key"]
    assert halted.body()["seq"] >= accepted["seq"]
    halts = call("status", "--json", "--home", str(running)).body()["halts"]
    assert [(halt["halt_id"], halt["cause"], halt["reason"]) for halt in halts] == [(HALTED, "operator", "news")]
    lifted = call("lift", HALTED, "--reason", "over", "--home", str(running))
    assert lifted.code == 0
    assert lifted.out.startswith("lift: accepted; the journal stands at event ")
    assert call("status", "--json", "--home", str(running)).body()["halts"] == []


@pytest.mark.real
def test_a_second_halt_is_told_since_when_and_why_the_first_one_stands_and_both_reasons_are_found(
    running: Path,
) -> None:
    home = ("--home", str(running))
    first = call("halt", "--reason", "A: news", *home)
    assert f"it stands until: flatbook lift {HALTED} --reason WHY" in first.out
    second = call("halt", "--reason", "B: broker is wrong", *home)
    assert (second.code, "it stands until" in second.out) == (0, False)
    assert "already halted since 2" in second.out
    assert 'because "A: news"; your reason is kept in the journal\'s command' in second.out
    by_program = call("halt", "--reason", "C", "--json", *home).body()
    assert (by_program["halt_id"], "A: news" in by_program["note"]) == (HALTED, True)
    story = call("why", HALTED[:9], "--json", *home).body()
    assert story["subject"] == HALTED
    assert [(line["type"], line["fields"]["reason"]) for line in story["events"]] == [
        ("command_accepted", "A: news"),
        ("trading_halted", "A: news"),
        ("command_accepted", "B: broker is wrong"),
        ("command_accepted", "C"),
    ]
    (standing,) = call("status", "--json", *home).body()["halts"]
    assert [asked["reason"] for asked in standing["asked"]] == ["A: news", "B: broker is wrong", "C"]
    (actor,) = {asked["actor"] for asked in standing["asked"]}
    shown = call("status", *home).out
    assert actor
    assert all(f"operator  {actor}  {why}" in shown for why in ("A: news", "B: broker is wrong", "C"))


@pytest.mark.real
def test_streams_of_an_account_are_opened_anew_and_who_wanted_it_is_journalled(running: Path) -> None:
    told = call("reconnect", "paper", "--reason", "it says nothing", "--home", str(running))
    assert (told.code, told.out[:20]) == (0, "reconnect: accepted;")
    accepted = latest(running, "command_accepted")
    assert (accepted["verb"], accepted["reason"], accepted["arguments"]) == (
        "reconnect",
        "it says nothing",
        {"account": "paper"},
    )
    refused = call("reconnect", "elsewhere", "--reason", "r", "--home", str(running))
    assert (refused.code, "'elsewhere' is no account of this desk; it has paper" in refused.out) == (6, True)


@pytest.mark.real
def test_the_same_key_twice_is_one_command(running: Path) -> None:
    first = call("halt", "--key", "k1", "--json", "--home", str(running)).body()
    again = call("halt", "--key", "k1", "--json", "--home", str(running)).body()
    assert (first["repeated"], again["repeated"], again["accepted"]) == (False, True, True)
    body = call("events", "tail", "--type", "command_accepted", "--json", "--home", str(running)).body()
    assert [event["key"] for event in body["events"]] == ["k1"]


@pytest.mark.real
def test_refusals_are_journalled_and_exit_as_they_mean(running: Path) -> None:
    nothing = call("flatten", "--yes", "--reason", "r", "--home", str(running))
    assert (nothing.code, "nothing to flatten" in nothing.out) == (6, True)
    no_halt = call("lift", "halt-x", "--reason", "r", "--json", "--home", str(running))
    assert (no_halt.code, no_halt.body()["accepted"]) == (6, False)
    assert "no halt 'halt-x' stands" in no_halt.body()["why"]
    no_target = call("halt", "--scope", "owner", "--home", str(running))
    assert (no_target.code, "a halt of scope owner names its target; this desk has desk" in no_target.out) == (6, True)
    assert call("order", "recheck", "fb1", "--reason", "r", "--home", str(running)).code == 6
    assert call("fill", "release", "8453:0xab:1", "--reason", "r", "--home", str(running)).code == 6
    assert call("position", "assign", "desk", "paper", "x", "--yes", "--reason", "r", "--home", str(running)).code == 6
    assert latest(running, "command_refused")["verb"] == "position_assign"
    agreed = call("account", "accept-statement", "paper", "--yes", "--reason", "r", "--home", str(running))
    assert (agreed.code, "no statement of paper differs" in agreed.out) == (6, True)


@pytest.mark.real
def test_limits_are_tightened_and_single_orders_answered_by_the_engine(running: Path) -> None:
    home = ("--home", str(running))
    tight = call("limit", "set", "order_shares_max", "5", "--reason", "news", *home)
    assert (tight.code, latest(running, "risk_limit_set")["to"]) == (0, "5")
    assert call("limit", "set", "order_shares_max", "100000", "--reason", "news", *home).code == 6
    # Until its venue has answered after the start, a net is not recovered, and refused as such.
    until(lambda: "nothing to hedge: the net is zero" in call("hedge", "desk", "COIN", *home).out, "a recovered net")
    assert (call("order", "cancel", "fb1", *home).code, latest(running, "command_refused")["verb"]) == (
        6,
        "order_cancel",
    )
    words = ["order", "place", "desk", "COIN", "--side", "buy", "--qty", "1", "--limit", "250", "--reason", "r"]
    assert call(*words, *home).code == 2
    placed = call(*words, "--yes", *home)
    assert (placed.code, "risk refuses it" in placed.out) == (6, True)


@pytest.mark.real
def test_a_position_is_stated_only_where_the_records_are_as_expected(running: Path) -> None:
    words = [
        "position",
        "overwrite",
        "desk",
        "paper",
        "COIN/USD@paper",
        "--yes",
        "--reason",
        "r",
        "--home",
        str(running),
    ]
    wrong = call(*words, "--qty", "-2", "--expected", "5", "--price", "250")
    assert (wrong.code, "the position is 0, not 5 as expected" in wrong.out) == (6, True)
    assert call("halt", "--home", str(running)).code == 0
    right = call(*words, "--qty", "-2", "--expected", "0", "--price", "250")
    assert right.code == 0
    held = call("positions", "--json", "--home", str(running)).body()["positions"]
    assert [(row["instrument"], row["qty"]) for row in held] == [("COIN/USD@paper", "-2")]


@pytest.mark.real
def test_kill_waits_until_every_venue_has_answered(running: Path) -> None:
    told = call("kill", "--yes", "--reason", "test", "--json", "--home", str(running))
    assert told.code == 0
    assert (told.body()["confirmed"], told.body()["open_orders"]) == (True, [])
    halts = call("status", "--json", "--home", str(running)).body()["halts"]
    assert [halt["halt_id"] for halt in halts] == [KILLED]
    again = call("kill", "--yes", "--reason", "once more", "--home", str(running))
    assert (again.code, 'because "test"; your reason is kept' in again.out) == (0, True)
    story = call("why", KILLED, "--json", "--home", str(running)).body()
    assert [line["fields"]["reason"] for line in story["events"]] == ["test", "test", "once more"]


@pytest.mark.real
def test_a_kill_of_one_account_halts_that_one(running: Path) -> None:
    nobody = call("kill", "nobody", "--yes", "--reason", "test", "--home", str(running))
    assert (nobody.code, "'nobody' is no account: paper" in nobody.out) == (6, True)
    told = call("kill", "paper", "--yes", "--reason", "test", "--json", "--home", str(running))
    assert (told.code, told.body()["confirmed"]) == (0, True)
    (halt,) = call("status", "--json", "--home", str(running)).body()["halts"]
    assert (halt["scope"], halt["target"], halt["cause"]) == ("venue", "paper", "killed")


@pytest.mark.real
def test_a_kill_that_may_not_wait_is_not_confirmed_and_exits_with_7(running: Path) -> None:
    told = call("kill", "--yes", "--reason", "test", "--wait-s", "0", "--home", str(running))
    assert told.code == 7
    assert "NOT CONFIRMED" in told.out


def test_what_may_still_be_open_is_named(unknown: Path) -> None:
    from flatbook.cli.options import Where
    from flatbook.cli.waiting import wait_for_no_order

    confirmed, remaining = wait_for_no_order(Where(home=unknown), seq=1, account=None, wait_s=0)
    assert confirmed is False
    assert [(order["account"], order["leaves"], order["status"]) for order in remaining] == [
        ("paper", "3.75", "unknown")
    ]
    assert wait_for_no_order(Where(home=unknown), seq=None, account="paper", wait_s=0) == (False, remaining)
    assert wait_for_no_order(Where(home=unknown), seq=None, account="another", wait_s=0) == (False, [])


@pytest.mark.real
def test_drain_ends_the_engine_in_order(home: Path) -> None:
    process = run_engine(home)
    try:
        told = call("drain", "--home", str(home))
        assert (told.code, "flatbook status says what it waits for" in told.out) == (0, True)
        assert process.wait(60) == 0
    finally:
        end(process)
    engine = call("status", "--json", "--home", str(home)).body()["engine"]
    assert (engine["running"], engine["stopped_in_order"]) == (False, True)


@pytest.mark.real
def test_status_works_beside_an_engine_and_after_it_was_killed(home: Path) -> None:
    process = run_engine(home)
    beside = call("status", "--json", "--home", str(home)).body()
    assert (beside["engine"]["running"], beside["engine"]["pid"]) == (True, process.pid)
    process.kill()
    end(process)
    after = call("status", "--home", str(home))
    assert after.code == 0
    assert "engine: not running, ended without a stop" in after.out
    assert call("halt", "--home", str(home)).code == 3
    assert call("events", "verify", "--home", str(home)).code == 0


@pytest.mark.real
def test_a_restored_desk_starts_halted_until_it_is_lifted(home: Path, tmp_path: Path) -> None:
    keep(unknown_desk(), tmp_path / "other")
    to = tmp_path / "copy"
    assert call("backup", str(to), "--home", str(tmp_path / "other")).code == 0
    assert call("restore", str(to), "--home", str(home)).code == 0
    process = run_engine(home)
    try:
        assert call("restore", str(to), "--force", "--yes", "--home", str(home)).code == 1
        assert call("reconcile", "--home", str(home)).code == 0
        body = call("status", "--json", "--home", str(home)).body()
        assert HALTED in [halt["halt_id"] for halt in body["halts"]]
        assert not (home / "restored").exists()
        assert call("lift", HALTED, "--reason", "compared", "--home", str(home)).code == 0
    finally:
        end(process)


@pytest.mark.real
def test_two_engines_on_one_desk_are_refused(running: Path) -> None:
    told = call("run", "--home", str(running))
    assert told.code == 1
    assert "is held by process" in told.err
