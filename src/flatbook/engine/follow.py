"""The tasks that bring the outside in: one follows each chain source, two each account, and one scans the nets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import msgspec

from flatbook.engine.effects import CancelAll, find_of
from flatbook.engine.inputs import (
    AccountSilent,
    ExecutionsRead,
    Item,
    OrderReported,
    ReadBefore,
    Resumed,
    Scanned,
    Stated,
)
from flatbook.engine.outbox import Outbox, read_account
from flatbook.engine.ports import ChainSource, Clock, OrderVenue
from flatbook.engine.reports import AccountStatement, Execution, NotSent, Pushed, Unknown
from flatbook.engine.rest import Rest, rest_until
from flatbook.engine.wakes import Wakes
from flatbook.events.control import AlertName, HaltCause, HaltScope
from flatbook.state.desk import State
from flatbook.state.orders import Order, Status
from flatbook.state.positions import NetKey
from flatbook.values.ids import AccountId, SourceId
from flatbook.values.instants import Instant, later

_POLLED = (Status.SUBMITTED, Status.ACCEPTED, Status.PARTIALLY_FILLED, Status.PENDING_CANCEL)

Rests = Mapping[SourceId, Rest]

POISON_REST = 8
OPENING_READS_MAX = 4
SILENT_STATEMENTS = 3


class Pace(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How often the outside is asked: after these times, and up to JITTER_PERCENT_MAX percent later.

    Units: seconds. `order_poll_s` while an order works, `idle_poll_s` otherwise; `statement_s` between statements, and
    SILENT_STATEMENTS times that without one is told; `retry_s` after a venue did not answer; `scan_s` between two scans
    of the nets, which should find nothing.
    """

    chain_poll_s: int
    order_poll_s: int
    idle_poll_s: int
    statement_s: int
    retry_s: int
    scan_s: int = 60

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            if not getattr(self, name) > 0:
                raise ValueError(f"pace {name} must be above zero seconds")


class Host(Protocol):
    """What a follower needs of the engine."""

    state: State
    outbox: Outbox
    wakes: Wakes
    statements: dict[AccountId, AccountStatement]

    async def put(self, item: Item) -> bool:
        """Hands an input to the loop and returns once it is committed, or False when it could not be folded."""
        ...

    def push(self, item: Item) -> None:
        """Hands the loop what a venue told on its own, if there is room for it."""
        ...

    def chain_cursor(self, source: ChainSource) -> str:
        """Returns the cursor up to which a source was taken."""
        ...

    def execution_cursor(self, account: AccountId) -> str:
        """Returns the cursor up to which the executions of an account were taken."""
        ...


async def follow_chain(host: Host, source: ChainSource, timing: tuple[Clock, Pace], rest: Rest | None) -> None:
    """Reads a source range by range for ever; a range is committed before the next one is read.

    A range that could not be folded is read again after a while: its cursor has not moved. A hint ends a `rest` early.
    """
    (clock, pace), rest = timing, rest or Rest()
    while True:
        read = None if host.state.draining else await source.read(host.chain_cursor(source))
        if read is not None:
            await _put_or_rest(host, read, clock, pace.chain_poll_s)
        if read is None or read.trouble is not None:
            await rest.until(rest_until(clock.now(), pace.chain_poll_s, "chain", source.source), clock)


async def follow_account(
    host: Host, account: AccountId, venue: OrderVenue, keys: tuple[NetKey, ...], timing: tuple[Clock, Pace]
) -> None:
    """Recovers an account, resumes its nets, then polls its orders, executions and statements for ever."""
    clock, pace = timing
    stated_at = clock.now()
    while not await _state_account(host, account, venue, clock):
        await _tell_silence(host, account, timing, stated_at)
        await clock.sleep_until(rest_until(clock.now(), pace.retry_s, "statement", account))
    for key in keys:
        while not await _put_or_rest(host, Resumed(key=key), clock, pace.retry_s):
            continue
    stated_at = clock.now()
    while True:
        hurried = _working(host.state, account) or is_unproven(host, account)
        rest_s = pace.order_poll_s if hurried else pace.idle_poll_s
        await clock.sleep_until(rest_until(clock.now(), rest_s, "account", account))
        for order in _working(host.state, account):
            host.outbox.send(find_of(order))
        if clock.now() >= later(stated_at, seconds=pace.statement_s) or is_unproven(host, account):
            stated_at = await _state_again(host, account, venue, timing, stated_at)
            if _is_kill_unproven(host, account):
                host.outbox.send(CancelAll(account=account))
        elif not _working(host.state, account):
            await _read_executions(host, account, venue)


async def follow_stream(host: Host, account: AccountId, venue: OrderVenue, timing: tuple[Clock, Pace]) -> None:
    """Takes what a venue pushes, and listens again a while after its stream ended. Returns where it pushes nothing.

    Whatever a stream leaves out, doubles or turns round, polls find and identities drop.
    """
    clock, pace = timing

    def deliver(pushed: Pushed) -> None:
        if isinstance(pushed, Execution):
            host.push(ExecutionsRead(account=account, executions=(pushed,), cursor=None))
        else:
            host.push(OrderReported(account=account, report=pushed))

    while await venue.watch(deliver):
        await clock.sleep_until(rest_until(clock.now(), pace.retry_s, "stream", account))


async def scan_nets(host: Host, clock: Clock, pace: Pace) -> None:
    """Asks every net that has resumed once more from time to time, for ever, although its wake should have named it."""
    while True:
        await clock.sleep_until(rest_until(clock.now(), pace.scan_s, "scan"))
        for key in host.wakes.resumed():
            await host.put(Scanned(key=key))


async def _put_or_rest(host: Host, item: Item, clock: Clock, rest_s: int) -> bool:
    """Hands an input to the loop. One that could not be folded costs a rest, which grows with the time that it took."""
    started = clock.now()
    if await host.put(item):
        return True
    now = clock.now()
    await clock.sleep_until(Instant(later(now, seconds=rest_s) + POISON_REST * (now - started)))
    return False


def is_unproven(host: Host, account: AccountId) -> bool:
    """Whether an account must still show that nothing is open there after a kill, or on a side that was stopped."""
    return _is_kill_unproven(host, account) or any(account in stop.unproven for stop in host.state.stops.values())


def _is_kill_unproven(host: Host, account: AccountId) -> bool:
    """Whether a kill stands and no statement of the account since then shows that nothing is open there."""
    killed = [
        halt.halted_at
        for halt in host.state.halts.values()
        if halt.cause is HaltCause.KILLED and (halt.scope is HaltScope.ALL or halt.target == account)
    ]
    newest = host.statements.get(account)
    if not killed:
        return False
    return newest is None or newest.stated_at < max(killed) or bool(newest.open_orders)


def _working(state: State, account: AccountId) -> tuple[Order, ...]:
    orders = (state.orders[order_id] for order_id in state.open_orders)
    return tuple(order for order in orders if order.account == account and order.status in _POLLED)


async def _state_again(
    host: Host, account: AccountId, venue: OrderVenue, timing: tuple[Clock, Pace], stated_at: Instant
) -> Instant:
    if await _state_account(host, account, venue, timing[0]):
        return timing[0].now()
    await _tell_silence(host, account, timing, stated_at)
    return stated_at


async def _tell_silence(host: Host, account: AccountId, timing: tuple[Clock, Pace], since: Instant) -> None:
    """Hands the loop that an account was last read completely too long ago, unless that is told already."""
    clock, pace = timing
    is_told = (AlertName.VENUE_SILENT, account) in host.state.alerts
    if not is_told and clock.now() >= later(since, seconds=SILENT_STATEMENTS * pace.statement_s):
        await host.put(AccountSilent(account=account, since=since))


async def _state_account(host: Host, account: AccountId, venue: OrderVenue, clock: Clock) -> bool:
    if account not in host.state.opened and venue.card.read_lag_max_s:
        return await _open_account(host, account, venue, clock)
    statement = await read_account(venue, account, host.put, cursor=host.execution_cursor(account))
    if statement is None:
        return False
    earlier = host.statements.get(account) if account in host.state.opened else None
    return await host.put(Stated(statement=statement, earlier=earlier))


class _Noted:
    """Hands inputs to the loop, and notes the executions that are among them."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self.executions: tuple[Execution, ...] = ()

    async def put(self, item: Item) -> bool:
        """Hands on an input, as `Host.put` does."""
        if isinstance(item, ExecutionsRead):
            self.executions += tuple(line for line in item.executions if isinstance(line, Execution))
        return await self._host.put(item)


async def _open_account(host: Host, account: AccountId, venue: OrderVenue, clock: Clock) -> bool:
    """Reads an account past its lag until two statements agree, which opens it, at most OPENING_READS_MAX times.

    First all executions are read that the venue still lists: an earlier life may have read some, and noted none. An
    account that never rests stays closed; the next statement tries again.
    """
    noted = _Noted(host)
    statement = await read_account(venue, account, noted.put, cursor="")
    held = noted.executions
    for _ in range(OPENING_READS_MAX):
        if statement is None:
            return False
        await clock.sleep_until(later(statement.stated_at, seconds=venue.card.read_lag_max_s))
        noted = _Noted(host)
        again = await read_account(venue, account, noted.put, cursor=host.execution_cursor(account))
        read = ReadBefore(held=held, since=noted.executions)
        if again is None or not await host.put(Stated(statement=again, earlier=statement, read=read)):
            return False
        if account in host.state.opened:
            return True
        statement, held = again, (*held, *noted.executions)
    return True


async def _read_executions(host: Host, account: AccountId, venue: OrderVenue) -> None:
    cursor = host.execution_cursor(account)
    answer = await venue.executions_since(cursor)
    if isinstance(answer, (Unknown, NotSent)):
        return
    executions, after = answer
    if executions or after != cursor:
        await host.put(ExecutionsRead(account=account, executions=executions, cursor=after, since=cursor))
