"""`flatbook run`: one desk, its feeds and its control socket, until it is stopped."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO, cast

from flatbook.engine.inputs import Command, Verb
from flatbook.engine.leave import LEAVE_S, offers_left
from flatbook.engine.rules import Rules
from flatbook.engine.run import Committed, Engine, EngineFailed
from flatbook.events.control import EngineStarted
from flatbook.journal.kept_states import FolderOfStates, keep_state
from flatbook.ops.clock import SystemClock
from flatbook.ops.config import Loaded
from flatbook.ops.config_shape import LogLevel
from flatbook.ops.consent import check_consent, real_accounts
from flatbook.ops.control_socket import ControlServer
from flatbook.ops.home import LOG_FILE, RESTORED_FILE, SNAPSHOT_FOLDER, SOCKET_FILE
from flatbook.ops.journal_log import log_commits
from flatbook.ops.log_file import LogFile
from flatbook.ops.telemetry import Log, open_log, take_library_logs
from flatbook.services.beside import Beside
from flatbook.services.collector import spare_loaded_state
from flatbook.services.desk import Desk, compose
from flatbook.services.live_candles import warm_candles
from flatbook.services.missed_funding import pay_missed
from flatbook.services.prices import follow_prices, follow_quotes
from flatbook.services.unplayed import unplayed
from flatbook.services.unseen_markets import follow_sight
from flatbook.sim.tapes.clock import TapeClock
from flatbook.state.desk import State
from flatbook.values.instants import Instant, later, text_of_instant

STOPPED_BY_SIGNAL = "signal"
TAPE_ENDED = "the tape ended"
PACE_SLICE_S = 0.05
PACE_SLICE_MS = 50

ORDERS_TOLD_MAX = 32

Companions = Mapping[str, Sequence[str]]
NOBODY: Companions = {}

EXIT_OK = 0
EXIT_FAILED = 1


class Unbroken:
    """A stream whose reader may leave: what cannot be written any more is dropped, and trading goes on."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.isatty = stream.isatty

    def write(self, text: str) -> int:
        """Writes a text, or drops it."""
        try:
            self._stream.write(text)
        except OSError:
            self._let_go()
        return len(text)

    def flush(self) -> None:
        """Hands on what was written, or drops it."""
        try:
            self._stream.flush()
        except OSError:
            self._let_go()

    def _let_go(self) -> None:
        """Turns the stream to nowhere, so that what it still holds does not fail again when the process ends."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._stream.fileno())
        os.close(nowhere)


def run_desk(
    loaded: Loaded, *, consent: str | None = None, beside: Companions = NOBODY, halted_by: str | None = None
) -> int:
    """Runs a desk in this process until it is stopped, drained, or its tape ends. Returns the exit code.

    `beside` are the commands of processes to run beside it, by what is logged when one of them has ended.
    `halted_by` names who wants it halted from the start.
    Errors: ConsentMissing for a live desk without the consent to it; what `compose` says.
    """
    check_consent(loaded, consent)
    desk = compose(loaded)
    if (ended := tape_ended(desk.clock, desk.tape_ends_at)) is not None:
        sys.stdout.write(f"{ended}\n")
    with desk_log(desk, loaded) as log:
        if consent is not None:
            log.warning("trades_real_money", accounts=list(real_accounts(loaded)), consent=consent)
        for instrument, reason in unplayed(loaded):
            log.warning("grid_never_played", instrument=instrument, reason=reason)
        spare_loaded_state(desk.engine)
        desk.engine.listeners.append(tell_recovery(desk.kept, log))
        desk.engine.listeners.append(log_commits(log))
        try:
            reason = asyncio.run(serve(desk, loaded, log, beside=beside, halted_by=halted_by))
        except EngineFailed as failure:
            log.error("engine_failed", reason=str(failure))
            tell_left(desk, log)
            return EXIT_FAILED
        finally:
            desk.close()
        tell_left(desk, log)
        log.info("engine_stopped", reason=reason)
        desk.engine.state = State()  # its room is needed: the kept state is a fold of the journal, never of this one
        keep_state(loaded.journal, loaded.home / SNAPSHOT_FOLDER)
    return EXIT_OK


def tape_ended(clock: SystemClock | TapeClock, ends_at: Instant | None) -> str | None:
    """Returns what is said of a desk whose tape ended before it starts; None where there is something left to do."""
    if ends_at is None or not isinstance(clock, TapeClock) or clock.now() < ends_at:
        return None
    at = text_of_instant(ends_at)
    return f"the tape of this desk has ended at {at}: nothing is left to do; `flatbook init --recordings` makes a desk"


def tell_recovery(kept: FolderOfStates, log: Log) -> Callable[[Committed], None]:
    """Returns a listener that logs where recovery began, and which kept states it passed over and why."""

    def on_commit(committed: Committed) -> None:
        if any(isinstance(event, EngineStarted) for event in committed.events):
            for name, why in kept.passed_over:
                log.warning("snapshot_passed_over", name=name, reason=why)
            first = 1 if kept.taken is None else kept.taken.last + 1
            log.info("state_recovered", seq=committed.first - 1, first=first)

    return on_commit


def tell_left(desk: Desk, log: Log) -> None:
    """Logs what may still trade although its engine has ended: orders at venues, and offers on chains."""
    tell_working(desk.engine.state, log)
    tell_offers(desk.engine.state, desk.engine.parts.rules, log)


def tell_offers(state: State, rules: Rules, log: Log) -> None:
    """Logs each offer that others may still take although its engine has ended, at most ORDERS_TOLD_MAX of them."""
    left = offers_left(state, rules)
    for offer in left[:ORDERS_TOLD_MAX]:
        log.warning(
            "offer_stays",
            chain=offer.seen.key.chain,
            subject=offer.seen.order_hash,
            owner=offer.seen.owner,
            account=offer.seen.account,
            reason="it may still be taken, and what is taken is hedged when the desk runs again",
        )
    if len(left) > ORDERS_TOLD_MAX:
        log.warning("offers_stay", count=len(left), reason="only the first ones were named")


def tell_working(state: State, log: Log) -> None:
    """Logs each order that may still execute although its engine has ended, at most ORDERS_TOLD_MAX of them."""
    for order_id in tuple(state.open_orders)[:ORDERS_TOLD_MAX]:
        order = state.orders[order_id]
        log.warning(
            "order_stays_open",
            order_id=order_id,
            account=order.account,
            instrument=order.instrument,
            side=order.side,
            qty=order.leaves,
            status=order.status,
            reason="it may still execute; the next start asks its venue for it by this id",
        )
    if len(state.open_orders) > ORDERS_TOLD_MAX:
        log.warning("orders_stay_open", count=len(state.open_orders), reason="only the first ones were named")


@contextmanager
def desk_log(desk: Desk, loaded: Loaded, aloud: LogLevel = LogLevel.DEBUG) -> Iterator[Log]:
    """Opens the log of a desk on standard error; what libraries have to say goes through it too, until it closes.

    The newest of it is kept in the home, where the console reads it; what is less urgent than `aloud` only there.
    """
    stream, kept = cast(TextIO, Unbroken(sys.stderr)), LogFile(loaded.home / LOG_FILE)
    log = open_log(stream, now=desk.clock.now, stated=loaded.config.log, counts=desk.log_counts, kept=kept, aloud=aloud)
    taker = take_library_logs(log)
    try:
        yield log
    finally:
        logging.getLogger().removeHandler(taker)
        kept.close()


async def serve(
    desk: Desk,
    loaded: Loaded,
    log: Log,
    *,
    stay: bool = False,
    beside: Companions = NOBODY,
    halted_by: str | None = None,
) -> str:
    """Runs engine, feeds and socket together. Returns why the engine stopped.

    `stay` lets a desk whose tape has ended go on in real time until it is stopped. What runs `beside` stops nothing. A
    desk that is halted by somebody sends nothing before it is halted.
    Errors: EngineFailed; SocketTaken when another engine listens.
    """
    engine = desk.engine
    await pay_missed(desk.outside.papers(), loaded.config.accounts, desk.clock, log)
    for paper in desk.outside.papers().values():
        await paper.open()
    socket = ControlServer(loaded.home / SOCKET_FILE, desk.doors())
    await socket.start()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, leave, desk.engine, log)
    running = asyncio.create_task(engine.run())
    feeding = [asyncio.create_task(work) for work in _feeding(desk, loaded, stay=stay)]
    if halted_by is not None:
        feeding.append(asyncio.create_task(_halt_at_start(desk, halted_by)))
    for task in feeding:
        task.add_done_callback(_stop_on_failure(desk, log))
    informing = [asyncio.create_task(work) for work in _informing(desk, log, beside)]
    for task in informing:
        task.add_done_callback(_tell_failure(log))
    try:
        return await running
    finally:
        for task in (*feeding, *informing):
            task.cancel()
        await asyncio.gather(*feeding, *informing, return_exceptions=True)
        await socket.close()
        await desk.books.close()
        await desk.outside.close()


def leave(engine: Engine, log: Log) -> None:
    """Ends an engine that was told to by a signal: what it offers is pulled first; a second signal ends it at once."""
    before = engine.wakes.leaving
    engine.leave(STOPPED_BY_SIGNAL)
    if engine.wakes.leaving is not before:
        count = len(offers_left(engine.state, engine.parts.rules))
        reason = f"what is offered is pulled first, for at most {LEAVE_S} s; a second signal ends at once"
        log.warning("engine_leaves", count=count, reason=reason)


def _feeding(desk: Desk, loaded: Loaded, *, stay: bool) -> list[Coroutine[Any, Any, None]]:
    engine = desk.engine
    observe = desk.books.minutes.observing(desk.chaos.observing(engine.observe), desk.clock)
    works = [follow_prices(feed, observe, desk.clock) for feed in desk.feeds]
    works += desk.books.follow(desk.observations, engine.parts.market.candles)
    works.append(warm_candles(loaded, engine.parts.rules, engine.parts.market.candles, desk.clock))
    works += [follow_quotes(asked, observe, desk.clock) for asked in desk.outside.quotes()]
    if isinstance(desk.clock, TapeClock) and desk.tape_ends_at is not None:
        works.append(_replay(desk, desk.clock, loaded.config.clock.speed, stay=stay))
    works.append(desk.metrics.follow_loop())
    marker = loaded.home / RESTORED_FILE
    if marker.exists():
        works.append(_halt_restored(desk, marker))
    if stops := desk.stops.read():
        works.append(_book_stops(desk, stops))
    return works


def _informing(desk: Desk, log: Log, beside: Companions) -> list[Coroutine[Any, Any, None]]:
    """Returns what trading goes on without: prices of oracles, hints of blocks, unseen markets, who tells alerts."""
    rests = desk.engine.parts.rests
    works = [desk.pricer.follow(), follow_sight(desk.engine, desk.books, desk.clock, log)]
    works += [heads.follow(rests[name].end, desk.clock) for name, heads in desk.outside.heads()]
    return [*works, *(Beside(command, missed).keep(log) for missed, command in beside.items())]


def _stop_on_failure(desk: Desk, log: Log) -> Callable[[asyncio.Task[None]], None]:
    """Ends the process when a feed dies: a desk that sees nothing must not go on."""

    def ended(task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("task_died", exc_info=error)
            desk.engine.fail(error)

    return ended


def _tell_failure(log: Log) -> Callable[[asyncio.Task[None]], None]:
    """Tells that a task died which only informs: trading goes on without it."""

    def ended(task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("task_died", exc_info=error)

    return ended


async def _replay(desk: Desk, clock: TapeClock, speed: int, *, stay: bool) -> None:
    """Moves the tape to its end; then the engine stops, or stays and the tape goes on in real time."""
    if desk.tape_ends_at is not None:
        await drive_tape(clock, desk.tape_ends_at, speed)
    if not stay:
        desk.engine.stop(TAPE_ENDED)
    while stay:
        await asyncio.sleep(PACE_SLICE_S)
        await clock.run_until(later(clock.now(), ms=PACE_SLICE_MS))


async def drive_tape(clock: TapeClock, until: Instant, speed: int) -> None:
    """Moves a tape on: one sleeper at a time as fast as it goes or, at a speed, evenly in slices of real time.

    Units: `speed` in seconds of tape per real second, 0 is as fast as it goes.
    """
    if speed:
        while clock.now() < until:
            await asyncio.sleep(PACE_SLICE_S)
            await clock.run_until(min(until, later(clock.now(), ms=PACE_SLICE_MS * speed)))
        return
    while (at := clock.next_sleeper()) is None or at <= until:
        await asyncio.sleep(0)  # sockets are heard
        if at is not None:
            await clock.run_until(at)
    if clock.now() < until:
        await clock.run_until(until)


async def _book_stops(desk: Desk, stops: Sequence[Command]) -> None:
    """Books the stops that acted while the journal could not be written, under their own keys, before it trades."""
    for command in stops:
        await desk.engine.command(command)
    await asyncio.to_thread(desk.stops.forget)


async def _halt_restored(desk: Desk, marker: Path) -> None:
    """Halts a desk whose journal was restored from a backup, until an operator lifts the halt."""
    reason = "the journal was restored from a backup: reconcile, then lift this halt"
    await desk.engine.command(_halt_of_all(f"restored:{desk.engine.epoch}", "flatbook-restore", reason))
    await asyncio.to_thread(marker.unlink, missing_ok=True)


async def _halt_at_start(desk: Desk, actor: str) -> None:
    """Halts a desk before it can send anything, until an operator lifts the halt."""
    reason = "it was started halted: it reads and cancels until this halt is lifted"
    await desk.engine.command(_halt_of_all(f"halted:{desk.engine.epoch}", actor, reason))


def _halt_of_all(key: str, actor: str, reason: str) -> Command:
    return Command(key=key, actor=actor, reason=reason, verb=Verb.HALT, arguments={"scope": "all"})
