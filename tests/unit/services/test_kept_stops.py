"""Stops that no journal holds are kept in order, through a crash in the middle of writing and through a full disk."""

from __future__ import annotations

import resource
import signal
from pathlib import Path

from flatbook.engine.inputs import Command, Verb
from flatbook.engine.run import CommandAnswer
from flatbook.services.kept_stops import STOPS_KEPT_MAX, KeptStops
from flatbook.values.ids import Seq

ACTED = CommandAnswer(seq=None, accepted=True, repeated=False, why=None)


def command(key: str, verb: Verb = Verb.KILL) -> Command:
    return Command(key=key, actor="ewa", reason="full", verb=verb, arguments={})


def test_what_acted_without_a_journal_is_kept_in_order(tmp_path: Path) -> None:
    kept = KeptStops(tmp_path / "stops.jsonl")
    kept.hear(command("1", Verb.HALT), ACTED)
    kept.hear(command("2"), ACTED)
    assert KeptStops(kept.path).read() == (command("1", Verb.HALT), command("2"))
    assert kept.path.stat().st_mode & 0o777 == 0o600
    kept.forget()
    assert (kept.read(), kept.path.exists()) == ((), False)


def test_what_stands_in_the_journal_or_was_refused_is_not_kept(tmp_path: Path) -> None:
    kept = KeptStops(tmp_path / "stops.jsonl")
    kept.hear(command("1"), CommandAnswer(seq=Seq(7), accepted=True, repeated=False, why=None))
    kept.hear(command("2"), CommandAnswer(seq=None, accepted=False, repeated=False, why="full"))
    assert not kept.path.exists()


def test_a_stop_that_was_not_answered_is_kept_and_nothing_else_is(tmp_path: Path) -> None:
    kept = KeptStops(tmp_path / "stops.jsonl")
    for verb in (Verb.HALT, Verb.FLATTEN, Verb.ORDER_CANCEL, Verb.LIFT):
        kept.keep_unanswered(command("1", verb))
    assert [each.verb for each in kept.read()] == [Verb.HALT, Verb.ORDER_CANCEL]


def test_a_line_that_a_crash_cut_off_hides_none_of_the_others(tmp_path: Path) -> None:
    kept = KeptStops(tmp_path / "stops.jsonl")
    kept.hear(command("1"), ACTED)
    kept.path.write_bytes(kept.path.read_bytes() + b'{"key": "2", "act')
    assert kept.read() == (command("1"),)


def test_a_line_that_a_full_disk_cut_off_takes_no_later_one_with_it(tmp_path: Path) -> None:
    kept = KeptStops(tmp_path / "stops.jsonl")
    kept.path.write_bytes(b'{"key": "1", "act')
    kept.hear(command("2"), ACTED)
    assert (kept.read(), kept.lost) == ((command("2"),), 0)


def test_a_stop_of_which_only_a_part_was_taken_is_counted_as_lost(tmp_path: Path) -> None:
    kept = KeptStops(tmp_path / "stops.jsonl")
    before, ignored = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20, before[1]))
    try:
        kept.hear(command("1"), ACTED)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    assert (kept.path.stat().st_size, kept.lost) == (20, 1)
    kept.hear(command("2"), ACTED)
    assert kept.read() == (command("2"),)


def test_the_newest_are_kept_within_a_bound(tmp_path: Path) -> None:
    kept = KeptStops(tmp_path / "stops.jsonl")
    for number in range(STOPS_KEPT_MAX + 2):
        kept.hear(command(str(number)), ACTED)
    assert [each.key for each in kept.read()] == [str(number) for number in range(2, 66)]


def test_a_place_that_takes_nothing_is_counted_and_stops_nothing(tmp_path: Path) -> None:
    kept = KeptStops(tmp_path / "none" / "stops.jsonl")
    kept.hear(command("1"), ACTED)
    assert kept.lost == 1
