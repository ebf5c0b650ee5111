"""A process of a simulated world, cut around its commits: what the record is told."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from flatbook.events.control import EngineStopped
from flatbook.sim.loop import VirtualLoop
from flatbook.sim.world.disk import DiskJournal, SimulatedDisk
from flatbook.sim.world.injection import Injection
from flatbook.sim.world.process import CrashPoint, Cut, Diary, Killed, Scissors
from flatbook.sim.world.record import Appended, Record
from flatbook.values.ids import Seq
from flatbook.values.instants import Instant, instant_of_text

START = instant_of_text("2025-12-02T16:00:00Z")


class Desk:
    """Lives over one disk and one record."""

    def __init__(self) -> None:
        self.loop = VirtualLoop(START, order=None)
        self.disk = SimulatedDisk(Injection("seed", {}, lambda _fault, _where: None))
        self.record = Record()

    def life(self, number: int, cut: Cut | None = None, on_cut: Callable[[], None] | None = None) -> Diary:
        """Returns the journal of a life that is cut at its first append."""
        scissors = Scissors(None if cut is None else CrashPoint(cut=cut, number=1), on_cut)
        journal = DiskJournal(self.disk, lambda: scissors.reach(Cut.WITHIN_APPEND, scissors.appends))
        return Diary(journal, scissors, self.record, ("desk", number, self.loop))

    def told(self) -> list[tuple[int, int, str]]:
        """Returns (life, seq, reason) of the rows in the record."""
        return [
            (entry.life, entry.first, event.reason)
            for entry in self.record.entries
            if isinstance(entry, Appended)
            for event in entry.events
            if isinstance(event, EngineStopped)
        ]


def stop(diary: Diary, reason: str) -> Seq:
    epoch = diary.take_lease(START)
    stopped = EngineStopped(reason=reason, stopped_at=Instant(START))
    return diary.append((stopped,), after=diary.last, epoch=epoch, cursors={}, at=START)


def test_a_commit_is_told_to_the_record() -> None:
    desk = Desk()
    assert stop(desk.life(1), "first") == 1
    assert desk.told() == [(1, 1, "first")]


def test_a_row_that_reached_the_disk_of_a_process_that_was_cut_is_told_at_once() -> None:
    desk = Desk()
    with pytest.raises(Killed):
        stop(desk.life(1, Cut.WITHIN_APPEND), "unheard")
    assert desk.told() == [(1, 1, "unheard")]
    assert stop(desk.life(2), "second") == 2
    assert desk.told() == [(1, 1, "unheard"), (2, 2, "second")]


def test_a_row_that_the_power_cut_took_is_never_told() -> None:
    desk = Desk()
    with pytest.raises(Killed):
        stop(desk.life(1, Cut.WITHIN_APPEND, desk.disk.cut_power), "lost")
    assert desk.told() == []
    assert stop(desk.life(2), "second") == 1
    assert desk.told() == [(2, 1, "second")]


def test_a_process_that_is_cut_before_its_append_leaves_nothing() -> None:
    desk = Desk()
    with pytest.raises(Killed):
        stop(desk.life(1, Cut.BEFORE_APPEND), "never")
    stop(desk.life(2), "second")
    assert desk.told() == [(2, 1, "second")]
