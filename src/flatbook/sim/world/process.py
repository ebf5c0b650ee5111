"""A process of a simulated world: its clock, its lives, and the scissors that cut it at any append and any send."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from enum import Enum

import msgspec

from flatbook.engine.ports import Cursors, Journal, JournalFault
from flatbook.events.event import Event
from flatbook.sim.loop import VirtualLoop
from flatbook.sim.world.record import Appended, AppendFailed, Record
from flatbook.values.ids import Epoch, Seq
from flatbook.values.instants import Instant

PPM_WHOLE = 1_000_000


class Killed(BaseException):
    """The simulated process was cut: nothing after this point happened in it."""


class Cut(Enum):
    """Where a process is cut."""

    BEFORE_APPEND = "before_append"
    WITHIN_APPEND = "within_append"
    AFTER_APPEND = "after_append"
    BEFORE_SEND = "before_send"
    AFTER_SEND = "after_send"


class CrashPoint(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The n-th append or send of a life (counted from 1), and on which side of it the process is cut."""

    cut: Cut
    number: int


class Scissors:
    """Counts appends and sends of one life and cuts it at its crash point. A cut process does nothing more."""

    def __init__(self, crash_at: CrashPoint | None, on_cut: Callable[[], None] | None = None) -> None:
        self._crash_at, self._on_cut = crash_at, on_cut
        self.appends = 0
        self.sends = 0
        self.is_cut = False

    def append(self) -> int:
        """Counts an append and returns its number."""
        self.appends += 1
        return self.appends

    def send(self) -> int:
        """Counts a send and returns its number."""
        self.sends += 1
        return self.sends

    def reach(self, cut: Cut, number: int) -> None:
        """Cuts the process when this is its crash point, or when it is cut already."""
        if not self.is_cut and self._crash_at == CrashPoint(cut=cut, number=number):
            self.is_cut = True
            if self._on_cut is not None:
                self._on_cut()
        if self.is_cut:
            raise Killed


class LoopClock:
    """What a process takes for the time: that of the world, with an offset, a drift, and steps.

    Units: `offset_ns` nanoseconds ahead of the world (negative: behind), `drift_ppm` parts per million.
    """

    def __init__(self, loop: VirtualLoop, *, offset_ns: int = 0, drift_ppm: int = 0) -> None:
        self._loop, self._since, self._drift_ppm = loop, loop.instant, drift_ppm
        self._offset_ns = offset_ns
        self._sleepers: dict[asyncio.Future[None], None] = {}

    def now(self) -> Instant:
        """Returns what the process takes for the present instant."""
        true = self._loop.instant
        drifted = (true - self._since) * self._drift_ppm // PPM_WHOLE if self._drift_ppm else 0
        return Instant(true + self._offset_ns + drifted)

    async def sleep_until(self, at: Instant) -> None:
        """Returns once the clock shows `at` or later; a step of the clock is noticed at once."""
        while (left_ns := at - self.now()) > 0:
            woken: asyncio.Future[None] = self._loop.create_future()
            self._sleepers[woken] = None
            timer = self._loop.call_at_instant(Instant(self._loop.instant + left_ns), _wake, woken)
            try:
                await woken
            finally:
                timer.cancel()
                del self._sleepers[woken]

    def step(self, by_ns: int) -> None:
        """Sets the clock forward or back, as a time service does; sleepers look at it anew."""
        self._offset_ns += by_ns
        for woken in tuple(self._sleepers):
            _wake(woken)


def _wake(woken: asyncio.Future[None]) -> None:
    if not woken.done():
        woken.set_result(None)


class CutJournal:
    """A journal that can be cut before and after each append."""

    def __init__(self, journal: Journal, scissors: Scissors) -> None:
        self._journal, self._scissors = journal, scissors
        self.take_lease, self.close = journal.take_lease, journal.close
        self.read, self.read_on = journal.read, journal.read_on

    @property
    def last(self) -> Seq:
        """The sequence number of the last event."""
        return self._journal.last

    def append(self, events: Sequence[Event], *, after: Seq, epoch: Epoch, cursors: Cursors, at: Instant) -> Seq:
        """Appends, unless the process is cut before, and returns, unless it is cut after."""
        number = self._scissors.append()
        self._scissors.reach(Cut.BEFORE_APPEND, number)
        seq = self._journal.append(events, after=after, epoch=epoch, cursors=cursors, at=at)
        self._scissors.reach(Cut.AFTER_APPEND, number)
        return seq


class Diary:
    """A journal as the world sees it used: each commit goes into the record, and the process can be cut around it.

    A row that reached the disk although its process was cut before it heard so goes into the record, too.
    """

    def __init__(
        self,
        journal: Journal,
        scissors: Scissors,
        record: Record,
        life: tuple[str, int, VirtualLoop],
    ) -> None:
        self._journal, self._scissors, self._record = journal, scissors, record
        self._process, self._life, self._loop = life
        self.take_lease, self.close = journal.take_lease, journal.close
        self.read, self.read_on = journal.read, journal.read_on

    @property
    def last(self) -> Seq:
        """The sequence number of the last event."""
        return self._journal.last

    def append(self, events: Sequence[Event], *, after: Seq, epoch: Epoch, cursors: Cursors, at: Instant) -> Seq:
        """Appends, unless the process is cut before or the disk fails, and returns, unless it is cut after."""
        number = self._scissors.append()
        self._scissors.reach(Cut.BEFORE_APPEND, number)
        row = Appended(
            at=self._loop.instant,
            process=self._process,
            life=self._life,
            epoch=epoch,
            first=after + 1,
            events=tuple(events),
            cursors={str(source): cursor for source, cursor in cursors.items()},
            believed_at=at,
        )
        try:
            seq = self._journal.append(events, after=after, epoch=epoch, cursors=cursors, at=at)
        except JournalFault as error:
            self._record.add(
                AppendFailed(at=self._loop.instant, process=self._process, life=self._life, epoch=epoch, why=str(error))
            )
            raise
        except Killed:
            if events and self.last == after + len(events):
                self._record.add(row)
            raise
        self._record.add(row)
        self._scissors.reach(Cut.AFTER_APPEND, number)
        return seq
