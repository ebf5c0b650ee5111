"""The watcher over a journal on disk: what it tells, how often, and what a restart or a stuck channel changes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from flatbook.engine.ports import Journal
from flatbook.events.control import AlertName, Severity
from flatbook.events.event import Event
from flatbook.journal.sqlite import create_journal, open_journal
from flatbook.journal.sqlite_reader import open_reader
from flatbook.ops.alerts.delivery import Again, Outcome, Sent, file_beside, read_kept
from flatbook.ops.alerts.message import Message
from flatbook.ops.alerts.quiet import quiet_of
from flatbook.ops.alerts.watcher import Desk, Outlet, Watcher
from flatbook.sim.tapes.clock import TapeClock, settle
from flatbook.values.ids import SourceId
from tests.unit.ops.alerts.scene import CHAIN, STARTED, STOPPED, T0, TERMS, at, cleared, halted, raised

PHONE, HOOK = "phone", "hook"


class Collected:
    """A channel that keeps what it was given; `says` answers the first sends, the rest are taken."""

    def __init__(self, *says: Outcome) -> None:
        self.says = list(says)
        self.got: list[Message] = []

    async def send(self, message: Message) -> Outcome:
        outcome = self.says.pop(0) if self.says else Sent()
        if isinstance(outcome, Sent):
            self.got.append(message)
        return outcome

    @property
    def told(self) -> list[str]:
        return [f"{message.kind.value} {message.name}" for message in self.got]


class Stuck:
    """A channel that never answers."""

    async def send(self, message: Message) -> Outcome:
        await asyncio.Event().wait()
        return Sent()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    create_journal(tmp_path / "journal.sqlite")
    return tmp_path / "journal.sqlite"


@pytest.fixture
def journal(path: Path) -> Iterator[Journal]:
    with closing(open_journal(path)) as opened:
        yield opened


class Written:
    """Appends rows to a journal."""

    def __init__(self, journal: Journal) -> None:
        self.journal, self.epoch = journal, journal.take_lease(T0)

    def append(self, *events: Event, seconds: int = 0, cursors: Mapping[SourceId, str] | None = None) -> None:
        self.journal.append(
            events, after=self.journal.last, epoch=self.epoch, cursors=dict(cursors or {}), at=at(seconds)
        )


@pytest.fixture
def written(journal: Journal) -> Written:
    return Written(journal)


def desk(path: Path, answers: Callable[[], bool] = lambda: True, **channels: Collected | Stuck) -> Desk:
    return Desk(
        name="coin desk",
        terms=TERMS,
        outlets={name: Outlet(channel=channel, severity=Severity.WARNING) for name, channel in channels.items()},
        file=file_beside(path),
        answers=answers,
    )


def watched(watched_desk: Desk, path: Path, *steps: Callable[[], None] | int) -> None:
    """Runs a watcher from the first second on: does each step that is one, and lets so many seconds pass for others."""

    async def run() -> None:
        clock = TapeClock(T0)
        with closing(open_reader(path)) as reader:
            watcher = Watcher(watched_desk, reader, path.parent / "snapshots", clock)
            running = asyncio.create_task(watcher.run(asyncio.Event()))
            await settle()
            for step in steps:
                if isinstance(step, int):
                    await clock.run_until(at(step))
                else:
                    step()
            await settle()
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    asyncio.run(run())


DIVERGED = raised(AlertName.BOOKS_DIVERGED, "paper:COIN", 0, Severity.CRITICAL)
AGREED = cleared(AlertName.BOOKS_DIVERGED, "paper:COIN", 20)


def test_an_alert_and_its_end_reach_every_channel(path: Path, written: Written) -> None:
    phone, hook = Collected(), Collected()
    written.append(STARTED)
    watched(
        desk(path, phone=phone, hook=hook),
        path,
        3,
        lambda: written.append(DIVERGED, seconds=3),
        10,
        lambda: written.append(AGREED, seconds=10),
        100,
    )
    assert phone.told == ["raised books_diverged", "recovered books_diverged"]
    assert hook.told == phone.told
    assert phone.got[0].text.splitlines()[0] == "CRITICAL books_diverged: paper:COIN [coin desk]"


def test_what_is_critical_is_told_even_if_it_went_between_two_looks(path: Path, written: Written) -> None:
    phone = Collected()
    written.append(STARTED)

    def both() -> None:
        written.append(DIVERGED, seconds=3)
        written.append(AGREED, seconds=3)

    watched(desk(path, phone=phone), path, 3, both, 100)
    assert phone.told == ["raised books_diverged", "recovered books_diverged"]


def test_what_came_and_went_before_the_first_look_is_not_told(path: Path, written: Written) -> None:
    phone = Collected()
    written.append(STARTED, DIVERGED)
    written.append(AGREED, seconds=20)
    watched(desk(path, phone=phone), path, 200)
    assert phone.told == []


def test_a_delivery_is_on_disk_before_the_next_one_begins(path: Path, written: Written) -> None:
    seen: list[list[str]] = []
    written.append(STARTED, DIVERGED, halted())

    def note() -> None:
        seen.append([message.name for message in read_kept(file_beside(path)).lines[PHONE].pending])

    watched(desk(path, phone=Collected()), path, note, 5, note)
    assert seen == [["halted"], []]


def test_what_was_delivered_is_not_told_again_after_a_restart(path: Path, written: Written) -> None:
    before, after = Collected(), Collected()
    written.append(STARTED, DIVERGED, halted())
    watched(desk(path, phone=before), path, 5)
    watched(desk(path, phone=after), path, 5)
    assert before.told == ["raised books_diverged", "raised halted"]
    assert after.told == []


def test_what_was_not_delivered_is_delivered_after_a_restart(path: Path, written: Written) -> None:
    after = Collected()
    written.append(STARTED, DIVERGED)
    watched(desk(path, phone=Stuck()), path, 5)
    watched(desk(path, phone=after), path, 5)
    assert after.told == ["raised books_diverged"]


def test_without_its_file_what_stands_is_told_once_more(path: Path, written: Written) -> None:
    after = Collected()
    written.append(STARTED, DIVERGED)
    watched(desk(path, phone=Collected()), path, 5)
    file_beside(path).unlink()
    watched(desk(path, phone=after), path, 5)
    assert after.told == ["raised books_diverged"]


def test_a_stuck_channel_holds_up_no_other(path: Path, written: Written) -> None:
    hook = Collected()
    written.append(STARTED, DIVERGED)
    watched(desk(path, phone=Stuck(), hook=hook), path, 5)
    assert hook.told == ["raised books_diverged"]
    assert [message.name for message in read_kept(file_beside(path)).lines[PHONE].pending] == ["books_diverged"]


def test_a_channel_that_fails_is_told_on_the_others_and_goes_on_with_what_waited(path: Path, written: Written) -> None:
    failing, hook = Collected(*[Again(why="status 502")] * 5), Collected()
    written.append(STARTED, DIVERGED)
    watched(desk(path, phone=failing, hook=hook), path, 400)
    assert hook.told == ["raised books_diverged", "raised channel_silent", "recovered channel_silent"]
    assert hook.got[1].detail == "the channel phone delivers no alert: status 502"
    assert failing.told == ["raised books_diverged", "recovered channel_silent"]


def test_a_channel_that_asks_to_wait_is_left_alone_so_long(path: Path, written: Written) -> None:
    phone = Collected(Again(why="status 429", after_s=30))
    written.append(STARTED, DIVERGED)
    watched(desk(path, phone=phone), path, 29)
    assert phone.told == []
    watched(desk(path, phone=phone), path, 29, 30)
    assert phone.told == ["raised books_diverged"]


def test_a_channel_carries_nothing_below_its_least_severity(path: Path, written: Written) -> None:
    phone = Collected()
    written.append(STARTED, raised(AlertName.ORDER_REJECTED, "a", 0, Severity.INFO))
    watched(desk(path, phone=phone), path, 5)
    assert phone.told == []


def test_quiet_hours_keep_back_what_is_not_critical_until_they_are_over_and_do_not_hold_up_an_end(
    path: Path, written: Written
) -> None:
    phone, hook = Collected(), Collected()
    quiet = desk(path, phone=phone, hook=hook)
    outlet = Outlet(channel=phone, severity=Severity.WARNING, quiet=quiet_of("14:00-15:01", "UTC"))
    quiet = replace(quiet, outlets={**quiet.outlets, PHONE: outlet})
    written.append(STARTED, raised(AlertName.ORDER_REJECTED, "a"), DIVERGED)
    watched(quiet, path, 59)
    assert (phone.told, len(hook.told)) == (["raised books_diverged"], 2)
    ended(path, quiet, within_s=2)
    assert phone.told == ["raised books_diverged", "raised engine_gone"]
    watched(quiet, path, 59, 61)
    assert phone.told[2] == "raised order_rejected"


def test_an_engine_that_is_gone_is_told_and_its_return_too(path: Path, written: Written) -> None:
    phone, there = Collected(), [False]
    written.append(STARTED)

    def back() -> None:
        there[0] = True

    watched(desk(path, lambda: there[0], phone=phone), path, 29, 31, back, 100)
    assert phone.told == ["raised engine_gone", "recovered engine_gone"]


def ended(path: Path, watched_desk: Desk, within_s: int = 30) -> None:
    """Runs a watcher whose engine's process ends at once, until it ends itself within so many seconds."""

    async def run() -> None:
        clock, over = TapeClock(T0), asyncio.Event()
        with closing(open_reader(path)) as reader:
            running = asyncio.create_task(Watcher(watched_desk, reader, path.parent / "kept", clock).run(over))
            await settle()
            over.set()
            await clock.run_until(at(within_s))
            await asyncio.wait_for(running, 1)

    asyncio.run(run())


def test_a_process_that_ended_without_saying_so_is_told_before_the_watcher_ends(path: Path, written: Written) -> None:
    phone = Collected()
    written.append(STARTED)
    ended(path, desk(path, phone=phone))
    assert phone.told == ["raised engine_gone"]


def test_a_stop_in_good_order_is_not_told(path: Path, written: Written) -> None:
    phone = Collected()
    written.append(STARTED, STOPPED)
    ended(path, desk(path, lambda: False, phone=phone))
    assert phone.told == []


def test_a_watcher_whose_channel_is_stuck_ends_all_the_same(path: Path, written: Written) -> None:
    written.append(STARTED, DIVERGED)
    ended(path, desk(path, phone=Stuck()))
    assert [message.name for message in read_kept(file_beside(path)).lines[PHONE].pending] == [
        "books_diverged",
        "engine_gone",
    ]


def test_a_cursor_that_stands_still_is_told_and_one_that_moves_on_alone_is_progress(
    path: Path, written: Written
) -> None:
    phone = Collected()
    written.append(STARTED, cursors={CHAIN: "1"})
    watched(desk(path, phone=phone), path, 800, lambda: written.append(seconds=800, cursors={CHAIN: "2"}), 1699)
    assert phone.told == []
    watched(desk(path, phone=phone), path, 1699, 1701)
    assert phone.told == ["raised checkpoint_old"]
    assert phone.got[0].detail.startswith("nothing was read of raindex:base for 900 s; it stands at 2")


def test_a_new_start_of_the_engine_begins_the_age_of_its_checkpoints_anew(path: Path, written: Written) -> None:
    phone = Collected()
    written.append(STARTED, cursors={CHAIN: "1"})
    written.append(STOPPED, seconds=5)
    watched(desk(path, phone=phone), path, 2000, lambda: written.append(STARTED, seconds=2000), 2899)
    assert phone.told == []


def test_what_was_read_while_nobody_watched_is_no_old_checkpoint(path: Path, written: Written) -> None:
    phone = Collected()
    written.append(STARTED, cursors={CHAIN: "1"})
    written.append(seconds=1, cursors={CHAIN: "2"})
    watched(desk(path, phone=Collected()), path, 2)
    assert read_kept(file_beside(path)).read_at == {CHAIN: at(1)}
    written.append(seconds=880, cursors={CHAIN: "3"})
    watched(desk(path, phone=phone), path, 1779)
    assert phone.told == []
