"""What a desk says at its end."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from flatbook.engine.ports import Link
from flatbook.engine.run import Committed
from flatbook.events.control import EngineStarted, EngineStopped, Mode
from flatbook.events.event import Event
from flatbook.journal.kept_states import FolderOfStates
from flatbook.ops.config_shape import LogFormat, LogLevel, LogSection
from flatbook.ops.telemetry import Log, open_log
from flatbook.services import all_in_one
from flatbook.services.all_in_one import leave, tape_ended, tell_offers, tell_recovery, tell_working
from flatbook.sim.tapes.clock import TapeClock
from flatbook.state.desk import State
from flatbook.values.ids import Epoch, Seq
from flatbook.values.instants import Instant, instant_of_text
from tests.desk import OPEN, Setting, desk_of
from tests.lives import Life
from tests.unit.engine.scene import Bench
from tests.unit.engine.test_decide_offers import desk as offering_desk


def lines_of(tell: Callable[[Log], None], level: LogLevel) -> list[dict[str, str]]:
    stream = io.StringIO()
    tell(open_log(stream, now=lambda: OPEN, stated=LogSection(level=level, format=LogFormat.JSON)))
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def told_of(state: State) -> list[dict[str, str]]:
    return lines_of(lambda log: tell_working(state, log), LogLevel.WARNING)


def test_an_order_that_outlives_its_engine_is_named() -> None:
    bench = Bench()
    order_id = bench.working("10")
    (line,) = told_of(bench.state)
    assert (line["event"], line["level"], line["order_id"]) == ("order_stays_open", "warning", order_id)
    assert (line["account"], line["side"], line["qty"], line["status"]) == ("paper", "buy", "10", "accepted")
    assert line["reason"] == "it may still execute; the next start asks its venue for it by this id"


def test_nothing_is_said_when_nothing_works() -> None:
    assert told_of(Bench().resume().state) == []


def test_only_the_first_of_many_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(all_in_one, "ORDERS_TOLD_MAX", 0)
    bench = Bench()
    bench.working("10")
    (line,) = told_of(bench.state)
    assert (line["event"], line["count"]) == ("orders_stay_open", 1)


def committed(*events: Event) -> Committed:
    return Committed(first=Seq(8), at=OPEN, events=events)


STARTED = EngineStarted(epoch=Epoch(1), mode=Mode.PAPER, version="1", config_digest="d", started_at=OPEN)


def test_a_start_says_from_which_event_on_it_folded_and_which_kept_states_it_passed_over(tmp_path: Path) -> None:
    kept = FolderOfStates(tmp_path)
    kept.taken = Link(3, Seq(5), Epoch(1), bytes(32))
    kept.passed_over = [("desk-abc-00000000000000000007", "it is damaged")]
    passed, recovered = lines_of(lambda log: tell_recovery(kept, log)(committed(STARTED)), LogLevel.INFO)
    assert (passed["event"], passed["level"]) == ("snapshot_passed_over", "warning")
    assert (passed["name"], passed["reason"]) == ("desk-abc-00000000000000000007", "it is damaged")
    assert (recovered["event"], recovered["seq"], recovered["first"]) == ("state_recovered", 7, 6)


def test_a_start_without_a_kept_state_folds_from_the_first_event(tmp_path: Path) -> None:
    (line,) = lines_of(lambda log: tell_recovery(FolderOfStates(tmp_path), log)(committed(STARTED)), LogLevel.INFO)
    assert (line["event"], line["seq"], line["first"]) == ("state_recovered", 7, 1)


def test_later_commits_say_nothing_of_the_recovery(tmp_path: Path) -> None:
    stopped = EngineStopped(reason="signal", stopped_at=OPEN)
    assert lines_of(lambda log: tell_recovery(FolderOfStates(tmp_path), log)(committed(stopped)), LogLevel.INFO) == []


def test_an_offer_that_outlives_its_engine_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = offering_desk()
    (line,) = lines_of(lambda log: tell_offers(bench.state, bench.rules, log), LogLevel.WARNING)
    assert (line["event"], line["level"], line["subject"]) == ("offer_stays", "warning", "0x" + "5e" * 32)
    assert line["reason"] == "it may still be taken, and what is taken is hedged when the desk runs again"
    monkeypatch.setattr(all_in_one, "ORDERS_TOLD_MAX", 0)
    (line,) = lines_of(lambda log: tell_offers(bench.state, bench.rules, log), LogLevel.WARNING)
    assert (line["event"], line["count"]) == ("offers_stay", 1)


def test_nothing_is_said_of_offers_where_none_stands() -> None:
    bench = Bench().resume()
    assert lines_of(lambda log: tell_offers(bench.state, bench.rules, log), LogLevel.WARNING) == []


def signalled(bench: Bench) -> list[tuple[str, int]]:
    """Tells an engine in the state of a bench twice to end. Returns what the log says, and the offers it counts."""
    engine = Life(desk_of(Setting(), ())).engine
    engine.parts = msgspec.structs.replace(engine.parts, rules=bench.rules)
    engine.state = bench.state

    def signals(log: Log) -> None:
        for _ in range(2):
            leave(engine, log)

    return [(line["event"], int(line["count"])) for line in lines_of(signals, LogLevel.WARNING)]


def test_a_signal_says_once_that_offers_are_pulled_first_and_nothing_where_there_are_none() -> None:
    assert signalled(offering_desk()) == [("engine_leaves", 1)]
    assert signalled(Bench().resume()) == []


def test_a_start_after_the_end_of_a_tape_says_that_nothing_is_left_to_do() -> None:
    ends_at = instant_of_text("2026-11-28T12:00:00Z")
    assert tape_ended(TapeClock(ends_at), ends_at) == (
        "the tape of this desk has ended at 2026-11-28T12:00:00Z: nothing is left to do; "
        "`flatbook init --recordings` makes a desk"
    )
    assert tape_ended(TapeClock(Instant(ends_at - 1)), ends_at) is None
    assert tape_ended(TapeClock(ends_at), None) is None
