"""Sends effects to venues and brings their answers back as inputs. It stores nothing: the fold is its memory.

An effect is in flight at most once per (order, verb, attempt). Nothing is retried here.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Protocol

from flatbook.engine.call_outbox import CallOutbox, Senders
from flatbook.engine.effects import CallEffect, Cancel, CancelAll, Effect, EffectKey, Find, Place, ReadStatement, key_of
from flatbook.engine.inputs import CancelAnswered, ExecutionsRead, FindAnswered, Item, PlaceAnswered, Stated
from flatbook.engine.ports import ApprovedOrder, CancelsAll, Clock, IdRule, OrderVenue
from flatbook.engine.reports import Absent, AccountStatement, NotSent, Unknown
from flatbook.events.orders import NotSentReason, UnknownReason
from flatbook.values.ids import AccountId, OrderId
from flatbook.values.instants import Instant

IN_FLIGHT_PER_ACCOUNT_MAX = 32
PAGES_MAX = 10_000

Put = Callable[[Item], Coroutine[Any, Any, bool]]


class OutboxHost(Protocol):
    """What the outbox needs of the engine."""

    def deliver(self, item: Item) -> None:
        """Hands an input to the loop."""
        ...

    async def put(self, item: Item) -> bool:
        """Hands an input to the loop and returns once it is committed, or False when it could not be folded."""
        ...

    def may_send(self, order: ApprovedOrder) -> NotSentReason | None:
        """Returns why an order that is about to be sent may not be sent any more, None when it may."""
        ...

    def execution_cursor(self, account: AccountId) -> str:
        """Returns the cursor up to which the executions of an account were taken."""
        ...


class Outside(Protocol):
    """Whom effects are handed to, and the clock that times them."""

    @property
    def venues(self) -> Mapping[AccountId, OrderVenue]:
        """The venue of each account."""
        ...

    @property
    def senders(self) -> Senders:
        """The sender of each wallet."""
        ...

    @property
    def clock(self) -> Clock:
        """Where the time comes from."""
        ...


class Outbox:
    """Hands effects to venues. Cancels, questions and statements go at once; places wait for a free lane."""

    def __init__(self, host: OutboxHost, outside: Outside) -> None:
        self._venues, self._clock = outside.venues, outside.clock
        self._host = host
        self._calls = CallOutbox(outside.senders, deliver=host.deliver)
        self._in_flight: dict[EffectKey, asyncio.Task[None]] = {}
        self._placing: dict[AccountId, int] = {}
        self._waiting: dict[AccountId, deque[Place]] = {}
        self.asked: dict[OrderId, tuple[Instant, int]] = {}

    @property
    def in_flight(self) -> int:
        """How many effects are under way or wait for a lane."""
        return len(self._in_flight) + self._calls.in_flight + sum(len(waiting) for waiting in self._waiting.values())

    def send(self, effect: Effect) -> None:
        """Starts an effect unless the same one is under way."""
        if isinstance(effect, CallEffect):
            self._calls.send(effect)
            return
        key = key_of(effect)
        if key in self._in_flight:
            return
        if isinstance(effect, Place):
            self._queue(effect, key)
        elif isinstance(effect, Cancel):
            self._start(effect, key, self._cancel(effect))
        elif isinstance(effect, CancelAll):
            self._start(effect, key, self._cancel_all(effect))
        elif isinstance(effect, Find):
            self._start(effect, key, self._find(effect))
        else:
            self._start(effect, key, self._state(effect))

    def ask(self, effect: Find) -> None:
        """Sends an overdue question and remembers when, so that the next one waits longer."""
        _, times = self.asked.get(effect.order_id, (Instant(0), 0))
        self.asked[effect.order_id] = (self._clock.now(), times + 1)
        self.send(effect)

    def forget(self, order_id: OrderId) -> None:
        """Drops the memory of questions for an order that needs none any more."""
        self.asked.pop(order_id, None)

    async def close(self) -> None:
        """Ends what is under way; what venues still answer is found again at the next start."""
        tasks = tuple(self._in_flight.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._calls.close()

    def _queue(self, effect: Place, key: EffectKey) -> None:
        account = effect.order.account
        if self._waiting.get(account) or self._placing.get(account, 0) >= IN_FLIGHT_PER_ACCOUNT_MAX:
            self._waiting.setdefault(account, deque()).append(effect)
        else:
            self._take_lane(account, effect, key)

    def _fill_lanes(self, account: AccountId) -> None:
        waiting = self._waiting.get(account)
        while waiting and self._placing[account] < IN_FLIGHT_PER_ACCOUNT_MAX:
            effect = waiting.popleft()
            self._take_lane(account, effect, key_of(effect))

    def _take_lane(self, account: AccountId, effect: Place, key: EffectKey) -> None:
        self._placing[account] = self._placing.get(account, 0) + 1
        self._start(effect, key, self._place(effect))

    def _start(self, effect: Effect, key: EffectKey, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._in_flight[key] = task
        task.add_done_callback(lambda done: self._ended(effect, key, done))

    def _ended(self, effect: Effect, key: EffectKey, task: asyncio.Task[None]) -> None:
        self._in_flight.pop(key, None)
        if isinstance(effect, Place):
            account = effect.order.account
            self._placing[account] -= 1
            self._fill_lanes(account)
        if not task.cancelled() and task.exception() is not None:
            self._deliver_unknown(effect)

    def _deliver_unknown(self, effect: Effect) -> None:
        """An adapter that raised may have sent: its order is unknown."""
        unknown = Unknown(reason=UnknownReason.UNREADABLE)
        if isinstance(effect, Place):
            self._host.deliver(
                PlaceAnswered(order_id=effect.order.order_id, attempt=effect.order.attempt, answer=unknown)
            )
        elif isinstance(effect, Cancel):
            self._host.deliver(CancelAnswered(order_id=effect.order_id, attempt=effect.attempt, answer=unknown))

    async def _place(self, effect: Place) -> None:
        order = effect.order
        refused = self._host.may_send(order)
        answer = NotSent(reason=refused) if refused is not None else await self._venues[order.account].place(order)
        self._host.deliver(PlaceAnswered(order_id=order.order_id, attempt=order.attempt, answer=answer))

    async def _cancel(self, effect: Cancel) -> None:
        venue = self._venues[effect.account]
        answer = await venue.cancel(effect.order_id, effect.venue_order_id, effect.instrument)
        self._host.deliver(CancelAnswered(order_id=effect.order_id, attempt=effect.attempt, answer=answer))

    async def _cancel_all(self, effect: CancelAll) -> None:
        """Asks for it where the venue can. Its answer proves nothing: statements tell what is still open."""
        venue = self._venues[effect.account]
        if isinstance(venue, CancelsAll):
            await venue.cancel_all()

    async def _find(self, effect: Find) -> None:
        venue = self._venues[effect.account]
        asked_at = self._clock.now()
        answer = await venue.find(effect.order_id, effect.instrument)
        statement = None
        if isinstance(answer, Absent) and venue.card.id_rule is not IdRule.FOR_EVER:
            statement = await self._read(effect.account)
        self._host.deliver(
            FindAnswered(order_id=effect.order_id, asked_at=asked_at, answer=answer, statement=statement)
        )

    async def _state(self, effect: ReadStatement) -> None:
        statement = await self._read(effect.account)
        if statement is not None:
            self._host.deliver(Stated(statement=statement))

    async def _read(self, account: AccountId) -> AccountStatement | None:
        cursor = self._host.execution_cursor(account)
        return await read_account(self._venues[account], account, self._host.put, cursor=cursor)


async def read_account(venue: OrderVenue, account: AccountId, put: Put, *, cursor: str) -> AccountStatement | None:
    """Reads a statement, then the executions up to it page by page, each page committed before the next one is read.

    Needs: the statement's instant is taken before the executions are read, so that none is missed between the two.
    Gives: None when the venue did not say everything, or a page could not be folded. The empty page at the end is
    handed on where its cursor moved: a venue may tell of some days only, and an account that always has orders at work
    is read by nobody else.
    """
    statement = await venue.statement()
    if isinstance(statement, (Unknown, NotSent)):
        return None
    for _ in range(PAGES_MAX):
        page = await venue.executions_since(cursor)
        if isinstance(page, (Unknown, NotSent)):
            return None
        executions, after = page
        item = ExecutionsRead(account=account, executions=executions, cursor=after, since=cursor)
        if (executions or after != cursor) and not await put(item):
            return None
        if not executions or after == cursor:
            return statement
        cursor = after
    return None
