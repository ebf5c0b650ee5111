"""Judges of two runs: the same one twice, and one with a crash beside the one without."""

from __future__ import annotations

from flatbook.sim.judges.of_pairs import recovery, replay
from flatbook.sim.world.record import Entry, Record
from tests.unit.sim.judges.story import changed, executed


def record_of(entries: list[Entry]) -> Record:
    record = Record()
    for entry in entries:
        record.add(entry)
    return record


def test_two_runs_that_are_the_same_replay() -> None:
    assert replay(record_of(changed()), record_of(changed())) == ()


def test_two_runs_part_at_their_first_difference() -> None:
    other = record_of(changed(executed=executed(price=2_501_001)))
    assert [each.what for each in replay(record_of(changed()), other)] == ["the runs part at entry 10"]


def test_a_run_that_stops_earlier_does_not_replay() -> None:
    found = replay(record_of(changed()), record_of(changed(end=None)))
    assert [each.what for each in found] == ["one run has 15 entries, the other 14"]


def test_a_run_with_a_crash_ends_with_the_same_shares() -> None:
    split = (executed(7, qty=500_000_000), executed(8, execution_id="x9", qty=1_000_000_000))
    assert recovery(record_of(changed()), record_of(changed(executed=split))) == ()


def test_a_run_with_a_crash_that_ends_with_other_shares_did_not_recover() -> None:
    found = recovery(record_of(changed()), record_of(changed(executed=None)))
    assert [each.what for each in found] == ["11.5 COIN are held without the crash, 10 with it"]


def test_a_run_that_ends_with_an_open_order_did_not_recover() -> None:
    found = recovery(record_of(changed()), record_of(changed(over=None)))
    assert [each.what for each in found] == ["order v1 is open at the end of the cut run"]
