"""The loop: take what waits, step, commit once, publish, act. Nothing outside sees an event before it is durable."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias

import msgspec

from flatbook.engine.call_outbox import Senders
from flatbook.engine.effects import Effect, cancel_of, find_of
from flatbook.engine.follow import Pace, Rests, follow_account, follow_stream
from flatbook.engine.followers import Logins, followers
from flatbook.engine.inbox import INBOX_MAX, Inbox
from flatbook.engine.inputs import (
    STOPPING,
    Command,
    Item,
    Restarted,
    Scanned,
    Stated,
    TimeCame,
    Woken,
)
from flatbook.engine.kept_stream import KeptStream
from flatbook.engine.last_cancels import LastCancels
from flatbook.engine.leave import leaving_from, offers_left, why_over
from flatbook.engine.observe import wakes_over
from flatbook.engine.offer_reports import OfferReader
from flatbook.engine.outbox import Outbox
from flatbook.engine.overdue import Overdue
from flatbook.engine.poison import detail_of, events_of, parts_of, still, told_of
from flatbook.engine.ports import ApprovedOrder, ChainSource, Clock, Conflict, Fenced, Journal, JournalFault, OrderVenue
from flatbook.engine.recover import KeptStates, recover
from flatbook.engine.reports import AccountStatement
from flatbook.engine.rules import Rules
from flatbook.engine.step import Step, execution_source, joined, look_ahead, moved_cursors, step
from flatbook.engine.take_commands import already_halted
from flatbook.events.control import CommandRefused, EngineStarted, EngineStopped, Mode, TradingHalted
from flatbook.events.event import Event
from flatbook.events.orders import NotSentReason
from flatbook.market.quotes import Market, Quote
from flatbook.state.desk import State
from flatbook.state.fold import apply
from flatbook.state.positions import NetKey
from flatbook.state.stops import must_go
from flatbook.strategies.decision import Trigger
from flatbook.values.ids import AccountId, Epoch, Seq, SourceId, Underlying
from flatbook.values.instants import Instant, later

BATCH_INPUTS_MAX = 256
ROW_EVENTS_MAX = 10_000
POISONS_MAX = 16
CURSOR_COMMIT_S = 600
LEAVING_PASSES = 2  # of the event loop: in the first the task of an order starts, in the second its request is written


class EngineFailed(Exception):
    """The engine cannot go on: the journal failed, or one of its tasks died. Restart it from the journal."""


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """What an engine is composed of."""

    journal: Journal
    venues: Mapping[AccountId, OrderVenue]
    sources: tuple[ChainSource, ...]
    clock: Clock
    rules: Rules
    market: Market
    pace: Pace
    mode: Mode
    version: str
    kept: KeptStates | None = None
    rests: Rests = {}
    senders: Senders = {}
    offers: tuple[OfferReader, ...] = ()
    logins: Logins = {}


class Committed(msgspec.Struct, frozen=True, kw_only=True):
    """What a listener is told after each commit."""

    first: Seq
    at: Instant
    events: tuple[Event, ...]


class CommandAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a command: the journal's last sequence after it, or why it was refused.

    `seq` is None when the journal does not hold the command: it acted although the journal could not be written, or
    was refused at once. `note` tells of an accepted halt that it stood already, since when and why.
    """

    seq: Seq | None
    accepted: bool
    repeated: bool
    why: str | None
    note: str | None = None


Listener = Callable[[Committed], None]
Waiter: TypeAlias = "asyncio.Future[CommandAnswer | None] | None"


class Engine:
    """One desk: its state, its loop and the tasks that feed it."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.state = State()
        self.wakes = wakes_over(parts.market.sights, self._wake)
        self.epoch = Epoch(0)
        self.listeners: list[Listener] = []
        self.dropped: dict[str, int] = {}
        self.poisons: list[str] = []
        self.statements: dict[AccountId, AccountStatement] = {}
        self.streams: dict[AccountId, KeptStream] = {}
        self.recovered = False
        self.cancel_only = False
        self._inbox: Inbox[Waiter] = Inbox()
        self._woken: dict[NetKey, None] = {}
        self._untold: list[Committed] = []
        self._cursors: dict[SourceId, str] = {}
        self._uncommitted: dict[SourceId, str] = {}
        self._committed_at = Instant(0)
        self._tasks: list[asyncio.Task[None]] = []
        self._timer: tuple[Instant, asyncio.Task[None]] | None = None
        self._failure: BaseException | None = None
        self._stop_reason: str | None = None
        self.outbox = Outbox(self, parts)
        self._overdue = Overdue(parts.rules.cards, self.outbox.asked)
        self._last = LastCancels(self, parts.venues, parts.clock)

    # What others call.

    def deliver(self, item: Item) -> None:
        """Hands an input to the loop."""
        self._enqueue(item, None)

    def push(self, item: Item) -> None:
        """Hands the loop what a venue told on its own, or drops and counts it when too much waits: polls find it."""
        if self._inbox.is_full:
            self._count("push_shed")
        else:
            self._enqueue(item, None)

    async def put(self, item: Item) -> bool:
        """Hands an input to the loop and returns once what it led to is committed, False when it cannot be folded."""
        waiter: asyncio.Future[CommandAnswer | None] = asyncio.get_running_loop().create_future()
        self._enqueue(item, waiter)
        return await waiter is None

    async def command(self, command: Command) -> CommandAnswer:
        """Carries out an operator's command and answers after its commit. Stopping commands go first.

        Gives: a refusal that is not journalled when too much waits, unless the command stops.
        """
        if self.cancel_only:
            refused = self._last.stop(command)
            return CommandAnswer(seq=None, accepted=refused is None, repeated=False, why=refused)
        if self._inbox.is_full and command.verb not in STOPPING:
            why = f"{INBOX_MAX} inputs wait for the engine: nothing was done, try again"
            return CommandAnswer(seq=None, accepted=False, repeated=False, why=why)
        waiter: asyncio.Future[CommandAnswer | None] = asyncio.get_running_loop().create_future()
        self._enqueue(command, waiter)
        answer = await waiter
        if answer is None:
            raise EngineFailed("the command was taken and not answered")
        return answer

    def observe(self, underlying: Underlying, source: SourceId, quote: Quote) -> bool:
        """Writes an observation, and wakes the strategies that wait for it. Returns whether it was news."""
        if not self.parts.market.write(underlying, source, quote):
            return False
        for key in self.wakes.observing(underlying, source):
            self._wake(key)
        return True

    def _wake(self, key: NetKey) -> None:
        if key not in self._woken:
            self._woken[key] = None
            self.deliver(Woken(key=key))

    def stop(self, reason: str) -> None:
        """Ends the loop after the present turn; working orders stay, and are found again at the next start."""
        self._stop_reason = self._stop_reason or reason
        self._inbox.stir()

    def leave(self, reason: str) -> None:
        """Ends the loop once what we offer is pulled, or time is up; at once where none stands or when told again."""
        if self.wakes.leaving is not None or self.cancel_only or not offers_left(self.state, self.parts.rules):
            self.stop(reason)
        else:
            self.wakes.leaving = leaving_from(reason, self.parts.clock.now())
            self.deliver(TimeCame())

    def fail(self, error: BaseException) -> None:
        """Ends the loop as failed: what the engine needs is gone. Working orders stay, and are found again."""
        self._failure = self._failure or error
        self._inbox.stir()

    @property
    def queued(self) -> int:
        """How many inputs wait."""
        return len(self._inbox)

    def chain_cursor(self, source: ChainSource) -> str:
        """Returns the cursor up to which a source was taken."""
        return self._cursors.get(source.source, "")

    def execution_cursor(self, account: AccountId) -> str:
        """Returns the cursor up to which the executions of an account were taken."""
        return self._cursors.get(execution_source(account), "")

    # The loop.

    async def run(self) -> str:
        """Recovers, then runs until it is stopped, drained or failed. Returns why it stopped.

        Errors: EngineFailed when the journal or a task fails; the process must then start anew from the journal.
        """
        try:
            self._begin()
            self._follow()
            while self._stop_reason is None:
                await self._turn_or_wait()
            stopped = EngineStopped(reason=self._stop_reason, stopped_at=self.parts.clock.now())
            self._commit((stopped,), {}, folded=False)
            self._tell()
            return self._stop_reason
        except (Fenced, Conflict) as fault:
            raise EngineFailed(f"another process took the journal over, and this one stops: {fault}") from fault
        except JournalFault as fault:
            await self._only_cancel()
            raise EngineFailed(f"the journal failed: {fault}") from fault
        finally:
            await self._end()

    def _begin(self) -> None:
        clock, journal = self.parts.clock, self.parts.journal
        self.epoch = journal.take_lease(clock.now())
        self.state = recover(journal, self.parts.kept)
        self._cursors = dict(self.state.cursors)
        started = EngineStarted(
            epoch=self.epoch,
            mode=self.parts.mode,
            version=self.parts.version,
            config_digest=self.parts.rules.config_digest,
            started_at=clock.now(),
        )
        self._commit((started,), {}, folded=False)
        self._turn([(Restarted(), None)])
        self._look_after()

    def _follow(self) -> None:
        parts, timing = self.parts, (self.parts.clock, self.parts.pace)
        for account, venue in parts.venues.items():
            self.streams[account] = KeptStream(partial(follow_stream, self, account, venue, timing))
            self._spawn(self.streams[account].follow(), self._stream_ended)
            self._spawn(follow_account(self, account, venue, parts.rules.keys_at(account), timing), self._task_ended)
        for work in followers(self, parts):
            self._spawn(work, self._task_ended)

    async def _turn_or_wait(self) -> None:
        if self._failure is not None:
            raise EngineFailed(f"a task of the engine died: {told_of(self._failure)}") from self._failure
        items = self._inbox.take(BATCH_INPUTS_MAX)
        if items:
            self._turn(items)
            for _ in range(LEAVING_PASSES):
                await asyncio.sleep(0)
            self._look_after()
        else:
            await self._inbox.wait()

    def _look_after(self) -> None:
        """Does what no order waits for: tells of commits, asks for what is overdue, and ends what is over."""
        self._tell()
        self._ask_overdue()
        self._stop_if_over()
        look_ahead(self.state, self.parts.rules, self.wakes)

    def _turn(self, items: Sequence[tuple[Item, Waiter]]) -> None:
        """Takes a batch: in one commit, or in several where it leads to more events than a row should carry."""
        while items:
            items = items[self._turn_once(items) :]

    def _turn_once(self, items: Sequence[tuple[Item, Waiter]]) -> int:
        """Steps inputs until a row is full, commits once, and acts. Returns how many inputs were taken."""
        wakes, steps, count = self.wakes.kept(), list[Step](), 0
        try:
            for item, _ in items:
                if count < ROW_EVENTS_MAX:
                    steps.append(self._step(item))
                    count += len(steps[-1].events)
        except JournalFault:
            raise
        except Exception as error:  # noqa: BLE001 - the supervisor: one poisoned input must not stop the loop
            self.wakes.restore(wakes)
            self._isolate(items, error)
            return len(items)
        done = steps[0] if len(steps) == 1 else joined(steps)
        self._commit(done.events, moved_cursors([item for item, _ in items], steps, self._cursors))
        self._act(done.effects)
        for why in done.dropped:
            self._count(why)
        for (item, waiter), each in zip(items, steps, strict=False):
            if waiter is not None:
                self._answer(item, waiter, each)
        return len(steps)

    def _step(self, item: Item) -> Step:
        if isinstance(item, Woken):
            self._woken.pop(item.key, None)
        elif isinstance(item, Scanned) and item.key in self._woken:
            item = Scanned(key=item.key, woken=True)
        elif isinstance(item, Stated):
            self.statements[item.statement.account] = item.statement
        parts = self.parts
        return step(self.state, parts.market, item, now=parts.clock.now(), rules=parts.rules, wakes=self.wakes)

    def _isolate(self, items: Sequence[tuple[Item, Waiter]], error: Exception) -> None:
        """Throws the half-folded state away and takes the inputs one by one; the poisoned one halts all new risk."""
        self.state = recover(self.parts.journal, self.parts.kept)
        if len(items) > 1:
            for each in items:
                self._turn([each])
            return
        item, waiter = items[0]
        for part in parts_of(item, self._cursors):
            self._turn([(part, None)])
        self._halt_for(item, detail_of(item, error))
        if waiter is not None and not waiter.done():
            waiter.set_result(
                CommandAnswer(seq=self.state.seq, accepted=False, repeated=False, why="it could not be carried out")
            )

    def _halt_for(self, item: Item, detail: str) -> None:
        now = self.parts.clock.now()
        self._keep_error(detail)
        events = events_of(self.state, item, detail, now)
        self._commit(events, {}, folded=False)
        stilled = still(self.wakes, item, now)
        if any(isinstance(event, TradingHalted) for event in events):
            self._act([cancel_of(self.state.orders[order_id]) for order_id in self.state.open_orders])
            for key in self.wakes.waiting_for(Trigger.HALT_CHANGED):
                if key not in stilled:
                    self._wake(key)

    def _keep_error(self, detail: str) -> None:
        self.poisons = [*(told for told in self.poisons if told != detail), detail][-POISONS_MAX:]

    # Commit and act.

    def _commit(self, events: tuple[Event, ...], cursors: Mapping[SourceId, str], *, folded: bool = True) -> None:
        """Makes events and cursors durable in one row, of which the listeners are told once what follows has left.

        A turn that only moved cursors waits for the next events, at most CURSOR_COMMIT_S: reading a range again is
        harmless.
        """
        now = self.parts.clock.now()
        if cursors:
            self._cursors.update(cursors)
            self._uncommitted.update(cursors)
        if not events and not (self._uncommitted and now >= later(self._committed_at, seconds=CURSOR_COMMIT_S)):
            return
        first = Seq(self.parts.journal.last + 1)
        self._append(events, now)
        self._overdue.note(events)
        if self._uncommitted:
            self.state.cursors.update(self._uncommitted)
            self._uncommitted = {}
        self._committed_at = now
        if not folded:
            for event in events:
                apply(self.state, event)
        self._untold.append(Committed(first=first, at=now, events=events))

    def _tell(self) -> None:
        """Tells the listeners of what was committed since they were told last."""
        untold, self._untold = self._untold, []
        for committed in untold:
            for listener in self.listeners:
                listener(committed)

    def _append(self, events: tuple[Event, ...], at: Instant) -> None:
        """Appends events as one row. What one input led to may be too much for a row: the cursors are in its last one.

        Gives: if the process ends between two rows, the source is read again, and identities drop what is known.
        """
        journal = self.parts.journal
        for start in range(0, max(1, len(events)), ROW_EVENTS_MAX):
            part = events[start : start + ROW_EVENTS_MAX]
            cursors = self._uncommitted if start + len(part) == len(events) else {}
            journal.append(part, after=journal.last, epoch=self.epoch, cursors=cursors, at=at)

    def _act(self, effects: Sequence[Effect]) -> None:
        for effect in effects:
            self.outbox.send(effect)

    def _ask_overdue(self) -> None:
        due, upcoming = self._overdue.look(self.state, self.parts.clock.now())
        for order in due:
            self.outbox.ask(find_of(order))
        for order_id in tuple(self.outbox.asked):
            held = self.state.orders.get(order_id)
            if held is None or (not held.is_open and not held.leaves):
                self.outbox.forget(order_id)
        waits = [at for at in (upcoming, self.wakes.next_at()) if at is not None]
        self._arm(min(waits, default=None))

    def _arm(self, at: Instant | None) -> None:
        """Keeps one timer: the earliest instant anybody waits for."""
        if self._timer is not None:
            armed_at, task = self._timer
            if armed_at == at and not task.done():
                return
            task.cancel()
            self._timer = None
        if at is not None:
            self._timer = (at, asyncio.get_running_loop().create_task(self._sleep(at)))

    async def _sleep(self, at: Instant) -> None:
        await self.parts.clock.sleep_until(at)
        self.deliver(TimeCame())

    def may_send(self, order: ApprovedOrder) -> NotSentReason | None:
        """Whether an order that is about to be sent still may: not where it is to be canceled, not after its time."""
        held = self.state.orders.get(order.order_id)
        if self.cancel_only or (held is not None and must_go(self.state, held)):
            return NotSentReason.HALTED
        if held is None or not held.is_open or held.cancel_pending:
            return NotSentReason.CANCELED_BEFORE_SEND
        return NotSentReason.EXPIRED if self.parts.clock.now() >= order.good_until else None

    def _answer(self, item: Item, waiter: asyncio.Future[CommandAnswer | None], done: Step) -> None:
        if waiter.done():
            return
        if not isinstance(item, Command):
            waiter.set_result(None)
            return
        refused = next((event.why for event in done.events if isinstance(event, CommandRefused)), None)
        repeated = "command_known" in done.dropped
        note, seq = already_halted(self.state, item, done.events), self.state.seq
        answer = CommandAnswer(seq=seq, accepted=refused is None, repeated=repeated, why=refused, note=note)
        waiter.set_result(answer)

    def _stop_if_over(self) -> None:
        now, is_busy = self.parts.clock.now(), bool(self.queued or self.outbox.in_flight)
        if why := why_over(self.state, self.parts.rules, self.wakes.leaving, now=now, is_busy=is_busy):
            self.stop(why)

    # Failure.

    async def _only_cancel(self) -> None:
        """Cancels every order a venue may hold, for a bounded time."""
        self.cancel_only = True
        for task in self._tasks:
            task.cancel()
        await self._last.run()

    def waiting(self) -> Iterator[tuple[Item, Waiter]]:
        """Removes and yields what waits and is no command that stops, with who waits for it."""
        return self._inbox.take_all()

    async def _end(self) -> None:
        tasks = [*self._tasks, *([self._timer[1]] if self._timer is not None else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.outbox.close()
        for waiter in self._inbox.waiters():
            if waiter is not None and not waiter.done():
                waiter.cancel()

    def _enqueue(self, item: Item, waiter: Waiter) -> None:
        self._inbox.add(item, waiter)

    def _count(self, why: str) -> None:
        self.dropped[why] = self.dropped.get(why, 0) + 1

    def _spawn(self, work: Coroutine[Any, Any, None], ended: Callable[[asyncio.Task[None]], None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.append(task)
        task.add_done_callback(ended)

    def _stream_ended(self, task: asyncio.Task[None]) -> None:
        """A venue without a stream, or one whose adapter failed, is polled as before."""
        if not task.cancelled() and (error := task.exception()) is not None:
            self._count("stream_failed")
            self._keep_error(f"what a venue pushes cannot be read any more: {told_of(error)}")

    def _task_ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and self._stop_reason is None:
            self.fail(task.exception() or RuntimeError("a follower ended"))
