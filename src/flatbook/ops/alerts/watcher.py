"""Watches a journal and tells people: reads on, looks what stands, and delivers channel by channel.

It opens the journal read-only and runs in a process of its own. Whatever a channel does, trading does not notice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from flatbook.engine.ports import Clock, Link, Row
from flatbook.events.control import AlertRaised, EngineStarted, Severity, TradingHalted
from flatbook.journal.chain import START
from flatbook.journal.kept_states import desk_fold
from flatbook.journal.snapshot import newest_snapshot
from flatbook.journal.sqlite_reader import SqliteReader
from flatbook.ops.alerts.book import RANK, Kind, News, alerts_of
from flatbook.ops.alerts.channels import Channel
from flatbook.ops.alerts.delivery import Kept, Line, next_due, put, read_kept, settle, write_kept
from flatbook.ops.alerts.message import Message, message_of
from flatbook.ops.alerts.quiet import Quiet, may_tell
from flatbook.ops.alerts.rules import Seen, Terms, Watched, conditions
from flatbook.state.desk import State
from flatbook.state.fold import apply_row
from flatbook.values.instants import Instant, later

LOOK_S = 1
GAP_S = 1
FINAL_S = 15

_LOUD = (AlertRaised, TradingHalted)


class Outlet(msgspec.Struct, frozen=True, kw_only=True):
    """A channel with the least urgent alert that it carries, and when it tells only what is critical."""

    channel: Channel
    severity: Severity
    quiet: Quiet | None = None


class Desk(msgspec.Struct, frozen=True, kw_only=True):
    """The desk that is watched: its name, its bounds, its channels, where delivery is kept, and what is seen beside.

    `answers` says whether an engine is there.
    """

    name: str
    terms: Terms
    outlets: Mapping[str, Outlet]
    file: Path
    answers: Callable[[], bool]


def folded_before(reader: SqliteReader, snapshots: Path) -> tuple[State, Link]:
    """Returns the newest kept state of a journal and where it stands, or an empty one at the beginning."""
    fold = desk_fold()
    found = None if fold is None else newest_snapshot(reader, snapshots, fold.name)
    if fold is None or found is None:
        return State(), START if reader.segments() else reader.start()
    return fold.decode(found.state), found.link


class Watcher:
    """Follows one journal. `look` reads on and decides; `deliver` serves one channel for ever."""

    def __init__(self, desk: Desk, reader: SqliteReader, snapshots: Path, clock: Clock) -> None:
        self._desk, self._reader, self._clock = desk, reader, clock
        self._state, self._link = folded_before(reader, snapshots)
        self.kept: Kept = read_kept(desk.file)
        self.kept.lines = {name: self.kept.lines.get(name, Line()) for name in desk.outlets}
        self.kept.read_at = {}  # what was read while nobody watched is not known: ages begin anew
        self._news = {name: asyncio.Event() for name in desk.outlets}
        self._began = False
        self._gone_since: Instant | None = None

    @property
    def state(self) -> State:
        """The fold of what was read."""
        return self._state

    def look(self, *, over: bool = False) -> tuple[News, ...]:
        """Reads what was committed since the last look, and puts what has to be told before the channels.

        `over` says that the engine's process is known to have ended.
        Errors: JournalBroken, JournalUnavailable.
        """
        news: list[News] = []
        for row in self._reader.read_from(self._link):
            self._fold(row)
            if self._began and any(isinstance(event, _LOUD) for event in row.events):
                news += self._decide()
        self._began = True
        self._note_engine(over=over)
        news += self._decide()
        if news:
            self.keep()
        self._stir()
        return tuple(news)

    def _stir(self) -> None:
        """Has delivered what may be told now, also what waited for the end of quiet hours."""
        for name, told in self._news.items():
            if self._may_tell(name):
                told.set()

    def _may_tell(self, name: str) -> bool:
        """Whether something waits before a channel that is not kept back by its quiet hours."""
        quiet, now = self._desk.outlets[name].quiet, self._clock.now()
        return any(may_tell(each.severity, quiet, now) for each in self.kept.lines[name].pending)

    def keep(self) -> None:
        """Writes down what is known and what waits."""
        write_kept(self._desk.file, self.kept)

    async def follow(self, over: asyncio.Event) -> None:
        """Looks each `LOOK_S` until the engine's process is known to have ended, then a last time."""
        while not over.is_set():
            self.look()
            await self._clock.sleep_until(later(self._clock.now(), seconds=LOOK_S))
        self.look(over=True)

    async def deliver(self, name: str) -> None:
        """Delivers what waits before a channel, one message at a time, for ever."""
        while True:
            await self._news[name].wait()
            await self.deliver_next(name)

    async def deliver_next(self, name: str) -> None:
        """Delivers the first message that waits before a channel, once the channel may be asked."""
        line, now = self.kept.lines[name], self._clock.now()
        if line.pending and line.next_at > now:
            await self._clock.sleep_until(line.next_at)
        message = next_due(line, self._clock.now(), self._desk.outlets[name].quiet)
        if message is None:
            self._news[name].clear()
            return
        outcome = await self._desk.outlets[name].channel.send(message)
        settle(line, message, outcome, self._clock.now())
        self.keep()
        await self._clock.sleep_until(later(self._clock.now(), seconds=GAP_S))

    async def run(self, over: asyncio.Event) -> None:
        """Follows and delivers until the engine's process is known to have ended, and a little longer to tell it.

        Errors: JournalBroken, JournalUnavailable.
        """
        delivering = [asyncio.create_task(self.deliver(name)) for name in self._desk.outlets]
        try:
            await self.follow(over)
            end = later(self._clock.now(), seconds=FINAL_S)
            while any(self._may_tell(name) for name in self._desk.outlets) and self._clock.now() < end:
                await self._clock.sleep_until(later(self._clock.now(), seconds=LOOK_S))
        finally:
            for task in delivering:
                task.cancel()
            await asyncio.gather(*delivering, return_exceptions=True)
            self.keep()

    def _fold(self, row: Row) -> None:
        if any(isinstance(event, EngineStarted) for event in row.events):
            self.kept.read_at = dict.fromkeys(self._desk.terms.chains, row.at)
        for source, cursor in row.cursors.items():
            if self._state.cursors.get(source) != cursor:
                self.kept.read_at[source] = row.at
        apply_row(self._state, row.events, row.cursors)
        self._link = Link(self._link.row + 1, row.last, row.epoch, row.hash)

    def _note_engine(self, *, over: bool) -> None:
        now, terms = self._clock.now(), self._desk.terms
        for source in terms.chains:
            self.kept.read_at.setdefault(source, now)
        if over:
            self._gone_since = later(now, seconds=-terms.gone_s)
        elif self._desk.answers():
            self._gone_since = None
        elif self._gone_since is None:
            self._gone_since = now

    def _decide(self) -> tuple[News, ...]:
        now = self._clock.now()
        decided = alerts_of(
            self.kept.book, conditions(self._state, self._seen(), self._desk.terms, now), self._desk.terms, now
        )
        self.kept.book = decided.book
        for news in decided.news:
            self._put(message_of(news, self._desk.name))
        return decided.news

    def _seen(self) -> Seen:
        lines = self.kept.lines.items()
        return Seen(
            read_at=self.kept.read_at,
            gone_since=self._gone_since,
            silent={name: (line.failing_since, line.why) for name, line in lines if line.failing_since is not None},
        )

    def _put(self, message: Message) -> None:
        """Puts a message before each channel that carries it; that a channel is silent is told by all others."""
        for name, outlet in self._desk.outlets.items():
            own = (message.name, message.subject) == (Watched.CHANNEL_SILENT.value, name)
            if RANK[message.severity] >= RANK[outlet.severity] and not (own and message.kind is not Kind.RECOVERED):
                put(self.kept.lines[name], message)
