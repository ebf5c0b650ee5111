"""An event loop in virtual time: one thread, integer nanoseconds, an order of tasks that a seed repeats."""

from __future__ import annotations

import asyncio
import heapq
import sys
import weakref
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Generator
from contextvars import Context, ContextVar, copy_context
from random import Random
from typing import Any, Protocol, TypeVar, TypeVarTuple, Unpack

import msgspec

from flatbook.sim.loop_absent import LoopWithoutOutside, OutsideWorld
from flatbook.values.instants import NS_PER_S, Instant, text_of_instant

CALLBACKS_AT_ONE_INSTANT_MAX = 100_000
CANCELED_TIMERS_MAX = 1_000
LAST_ROUNDS_MAX = 16

PROCESS: ContextVar[str] = ContextVar("PROCESS", default="")

_T = TypeVar("_T")
_Ts = TypeVarTuple("_Ts")


def inside(process: str) -> Context:
    """Returns a context in which what is called belongs to a process."""
    context = copy_context()
    context.run(PROCESS.set, process)
    return context


class Livelock(RuntimeError):
    """Callbacks go on for ever at one instant: time cannot move."""


class Deadlock(RuntimeError):
    """The awaited thing is not done and nothing is left that could ever wake it."""


class LoopFault(msgspec.Struct, frozen=True, kw_only=True):
    """Something that asyncio reported to the loop: an exception of a callback, of a lost task, of a transport."""

    at: Instant
    message: str
    error: BaseException | None


class Network(Protocol):
    """The connections of the simulated world."""

    def connect(
        self, factory: Callable[[], asyncio.BaseProtocol], host: str, port: int
    ) -> Awaitable[tuple[asyncio.Transport, asyncio.BaseProtocol]]:
        """Connects the process that calls with a port of a host."""

    def listen(self, factory: Callable[[], asyncio.BaseProtocol], host: str, port: int) -> asyncio.AbstractServer:
        """Opens a port of a host for the process that calls."""


class Ready(asyncio.Handle):
    """A callback that runs in the next turn, with the process it belongs to."""

    __slots__ = ("process", "task")
    task: asyncio.Task[Any] | None
    process: str


class Timer(asyncio.TimerHandle):
    """A callback that runs at an instant, with the process it belongs to."""

    __slots__ = ("process", "task")
    task: asyncio.Task[Any] | None
    process: str


class VirtualLoop(LoopWithoutOutside):
    """An asyncio event loop in which time stands while anything can run, then jumps to the next timer.

    Plain callbacks run first in, first out. Wake-ups of tasks that are ready in the same turn share their places in an
    order drawn from `order`, so that a seed decides the races between tasks. A callback belongs to the process that
    PROCESS names in its context; the name "" is the outside, which is never frozen.
    """

    def __init__(self, start: Instant, *, order: Random | None = None) -> None:
        self._start: int = start
        self._now: int = start
        self._order = order
        self._ready: deque[Ready | Timer] = deque()
        self._timers: list[tuple[int, int, Timer]] = []
        self._arrivals = 0
        self._canceled_timers = 0
        self._callbacks_now = 0
        self._still: dict[str, list[Ready | Timer] | None] = {}
        self._tasks: dict[str, weakref.WeakValueDictionary[int, asyncio.Task[Any]]] = {}
        self._killed: list[asyncio.Task[Any]] = []
        self._last_words: list[Ready | Timer] = []
        self._generators: weakref.WeakValueDictionary[int, AsyncGenerator[Any, Any]] = weakref.WeakValueDictionary()
        self._names = 0
        self._stopping = False
        self._dying = False
        self._closed = False
        self.callbacks_run = 0
        self.network: Network | None = None
        self.faults: list[LoopFault] = []

    @property
    def instant(self) -> Instant:
        """Returns the instant at which the world stands. Units: ns, exact."""
        return Instant(self._now)

    def time(self) -> float:
        """Returns the seconds since the loop's start. Units: s, the nearest float."""
        return (self._now - self._start) / NS_PER_S

    def call_soon(
        self, callback: Callable[[Unpack[_Ts]], object], *args: *_Ts, context: Context | None = None
    ) -> Ready:
        """Runs a callback in the next turn, at the same instant."""
        if context is None:
            context = copy_context()
        handle = Ready(callback, args, self, context)
        handle.process = context.get(PROCESS, "")
        owner = getattr(callback, "__self__", None)
        handle.task = owner if isinstance(owner, asyncio.Task) else None
        self._ready.append(handle)
        return handle

    def call_soon_threadsafe(
        self, callback: Callable[[Unpack[_Ts]], object], *args: *_Ts, context: Context | None = None
    ) -> asyncio.Handle:
        """Runs a callback in the next turn; there is one thread only."""
        return self.call_soon(callback, *args, context=context)

    def call_at_instant(
        self, at: Instant, callback: Callable[[Unpack[_Ts]], object], *args: *_Ts, context: Context | None = None
    ) -> Timer:
        """Runs a callback at an instant, exactly, among equals in order of arrival; at once when it has passed.

        Units: ns.
        """
        return self._schedule(at, callback, args, context)

    def call_later(
        self,
        delay: float,
        callback: Callable[[Unpack[_Ts]], object],
        *args: *_Ts,
        context: Context | None = None,
    ) -> Timer:
        """Runs a callback after a delay. Units: s, taken to the nearest ns."""
        return self._schedule(self._now + round(delay * NS_PER_S), callback, args, context)

    def call_at(
        self, when: float, callback: Callable[[Unpack[_Ts]], object], *args: *_Ts, context: Context | None = None
    ) -> Timer:
        """Runs a callback at a moment of `time()`. Units: s since the start, taken to the nearest ns.

        A moment that the nearest ns would put before itself comes one ns later: who asks again until `time()` has
        reached his moment does not ask for ever.
        """
        at = self._start + round(when * NS_PER_S)
        if at <= self._now and when > self.time():
            at = self._now + 1
        return self._schedule(at, callback, args, context)

    def _schedule(
        self, at: int, callback: Callable[..., object], args: tuple[Any, ...], context: Context | None
    ) -> Timer:
        if context is None:
            context = copy_context()
        at = max(at, self._now)
        handle = Timer((at - self._start) / NS_PER_S, callback, args, self, context)
        handle.process = context.get(PROCESS, "")
        handle.task = None
        self._arrivals += 1
        heapq.heappush(self._timers, (at, self._arrivals, handle))
        return handle

    def _timer_handle_cancelled(self, _handle: asyncio.TimerHandle) -> None:
        self._canceled_timers += 1
        if self._canceled_timers > CANCELED_TIMERS_MAX and 2 * self._canceled_timers > len(self._timers):
            self._timers = [entry for entry in self._timers if not entry[2].cancelled()]
            heapq.heapify(self._timers)
            self._canceled_timers = 0

    def create_future(self) -> asyncio.Future[Any]:
        """Returns a future of asyncio on this loop."""
        return asyncio.Future(loop=self)

    def create_task(
        self,
        coro: Generator[Any, None, _T] | Coroutine[Any, Any, _T],
        *,
        name: str | None = None,
        context: Context | None = None,
    ) -> asyncio.Task[_T]:
        """Starts a task in the process of its context; a task without a name is numbered within this loop."""
        self._names += 1
        task = asyncio.Task(coro, loop=self, name=name or f"task-{self._names}", context=context)
        process = PROCESS.get() if context is None else context.get(PROCESS, "")
        if process not in self._tasks:
            self._tasks[process] = weakref.WeakValueDictionary()
        self._tasks[process][self._names] = task
        return task

    async def create_connection(  # type: ignore[override]
        self, protocol_factory: Callable[[], asyncio.BaseProtocol], host: str, port: int, **_options: object
    ) -> tuple[asyncio.Transport, asyncio.BaseProtocol]:
        """Connects through the network of the world, without a cipher whatever the options say.

        Errors: OutsideWorld when the world has no network; OSError as the network says.
        """
        return await self._network().connect(protocol_factory, host, port)

    async def create_server(  # type: ignore[override]
        self, protocol_factory: Callable[[], asyncio.BaseProtocol], host: str, port: int, **_options: object
    ) -> asyncio.AbstractServer:
        """Opens a port in the network of the world.

        Errors: OutsideWorld when the world has no network; OSError when the port is taken.
        """
        return self._network().listen(protocol_factory, host, port)

    def _network(self) -> Network:
        if self.network is None:
            raise OutsideWorld("this world has no network")
        return self.network

    def freeze(self, process: str) -> None:
        """Suspends a process: its callbacks wait until it is thawed, and see the later time then.

        Errors: ValueError for the outside, and for a process that is frozen or killed.
        """
        if not process or process in self._still:
            raise ValueError(f"{process!r} is the outside, frozen already or killed")
        self._still[process] = []

    def thaw(self, process: str) -> None:
        """Lets a frozen process go on: what waited runs in the order in which it came.

        Errors: ValueError when the process is not frozen.
        """
        held = self._still.get(process)
        if held is None:
            raise ValueError(f"{process!r} is not frozen")
        del self._still[process]
        self._ready.extend(held)

    def kill(self, process: str) -> None:
        """Ends a process as a lost machine does: none of its callbacks runs again, no `finally` of it either.

        Needs: a new life of the same program takes a new name.
        Errors: ValueError for the outside.
        """
        if not process:
            raise ValueError("the outside cannot be killed")
        self._last_words += filter(_ends_something, self._still.get(process) or ())
        self._still[process] = None
        # the references keep the coroutines from being closed, which would run their `finally`
        self._killed += self._left(process)

    def _left(self, process: str) -> list[asyncio.Task[Any]]:
        """Returns the tasks of a process that are not done, in the order of their start."""
        started = sorted(self._tasks.get(process, {}).items())
        return [task for _, task in started if not task.done()]

    def run_forever(self) -> None:
        """Runs until `stop` is called or nothing is left to do."""
        self._run(None)

    def run_until_complete(self, future: Generator[Any, None, _T] | Awaitable[_T]) -> _T:
        """Runs until a coroutine or future is done. Gives: its result, or raises its exception.

        Errors: Deadlock when nothing is left that could finish it; Livelock.
        """
        ours: asyncio.Future[_T] = asyncio.ensure_future(future, loop=self)  # type: ignore[arg-type]
        ours.add_done_callback(self._stop_for)
        try:
            self._run(None)
        finally:
            ours.remove_done_callback(self._stop_for)
        if not ours.done():
            raise Deadlock(f"nothing is left at {text_of_instant(self.instant)} that could finish {ours!r}")
        return ours.result()

    def advance(self, until: Instant) -> None:
        """Runs everything up to and including an instant, and stands there.

        Errors: ValueError when the instant lies in the past; Livelock.
        """
        if until < self._now:
            raise ValueError(
                f"the world stands at {text_of_instant(self.instant)}, not before {text_of_instant(until)}"
            )
        self._run(until)
        if not self._stopping:
            self._move(until)

    def stop(self) -> None:
        """Ends the run after the present turn."""
        self._stopping = True

    def _stop_for(self, _future: asyncio.Future[Any]) -> None:
        self._stopping = True

    def _run(self, until: int | None) -> None:
        if self._closed or asyncio._get_running_loop() is not None:
            raise RuntimeError("the loop is closed, or a loop is running already")
        hooks = sys.get_asyncgen_hooks()
        sys.set_asyncgen_hooks(firstiter=self._generator_starts, finalizer=self._generator_is_lost)
        asyncio._set_running_loop(self)
        self._stopping = False
        try:
            while not self._stopping and self._find_work(until):
                self._turn()
        finally:
            asyncio._set_running_loop(None)
            sys.set_asyncgen_hooks(*hooks)

    def _find_work(self, until: int | None) -> bool:
        """Takes the timers that are due, after a jump in time when nothing is ready; False when nothing may run."""
        timers = self._timers
        while timers and timers[0][2].cancelled():
            heapq.heappop(timers)
            self._canceled_timers -= 1
        if not self._ready:
            if not timers or (until is not None and timers[0][0] > until):
                return False
            self._move(timers[0][0])
        while timers and timers[0][0] <= self._now:
            self._ready.append(heapq.heappop(timers)[2])
        return True

    def _move(self, to: int) -> None:
        if to > self._now:
            self._now = to
            self._callbacks_now = 0

    def _turn(self) -> None:
        """Runs what is ready now; what becomes ready meanwhile is the next turn."""
        ready = self._ready
        turn = len(ready)
        if turn > 1 and self._order is not None:
            self._draw_order(self._order)
        self._callbacks_now += turn
        self.callbacks_run += turn
        if self._callbacks_now > CALLBACKS_AT_ONE_INSTANT_MAX:
            at, last = text_of_instant(self.instant), ready[-1].task or ready[-1]
            raise Livelock(f"more than {CALLBACKS_AT_ONE_INSTANT_MAX} callbacks at {at}, the last of them: {last!r}")
        for _ in range(turn):
            handle = ready.popleft()
            if handle._cancelled:
                continue
            if self._still and handle.process in self._still:
                self._hold(handle)
                continue
            handle._run()

    def _draw_order(self, order: Random) -> None:
        places = [place for place, handle in enumerate(self._ready) if handle.task is not None]
        if len(places) < 2:
            return
        wakes = [self._ready[place] for place in places]
        order.shuffle(wakes)
        for place, handle in zip(places, wakes, strict=True):
            self._ready[place] = handle

    def _hold(self, handle: Ready | Timer) -> None:
        held = self._still[handle.process]
        if held is not None:
            held.append(handle)
        elif _ends_something(handle):
            self._last_words.append(handle)

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Collects what asyncio reports; a world with an entry in `faults` is wrong."""
        if self._dying:
            return
        self.faults.append(
            LoopFault(at=self.instant, message=str(context.get("message")), error=context.get("exception"))
        )

    def default_exception_handler(self, context: dict[str, Any]) -> None:
        """Collects the report as well: there is one place for them."""
        self.call_exception_handler(context)

    def set_exception_handler(self, handler: Callable[..., object] | None) -> None:
        """Refuses another place for reports.

        Errors: ValueError unless the handler is None.
        """
        if handler is not None:
            raise ValueError("reports are collected in `faults`")

    def get_exception_handler(self) -> None:
        """Returns None: reports are collected in `faults`."""

    def set_task_factory(self, factory: Callable[..., asyncio.Future[Any]] | None) -> None:
        """Refuses another way to make tasks.

        Errors: ValueError unless the factory is None.
        """
        if factory is not None:
            raise ValueError("tasks are those of asyncio")

    def get_task_factory(self) -> None:
        """Returns None: tasks are those of asyncio."""

    def get_debug(self) -> bool:
        """Returns False: the debug mode of asyncio looks at the clock of the machine."""
        return False

    def set_debug(self, enabled: bool) -> None:
        """Leaves the debug mode off."""

    def is_running(self) -> bool:
        """Returns whether this loop runs now."""
        return asyncio._get_running_loop() is self

    def is_closed(self) -> bool:
        """Returns whether the loop was closed."""
        return self._closed

    def close(self) -> None:
        """Cancels every task that is left, the killed ones too, lets them end unheard, and closes the loop.

        Needs: the verdict on the world is made: what the dying write, and what they raise, is no part of it.
        """
        if self._closed:
            return
        self._dying = True
        # a task that was already woken when its process was killed or frozen ends by that wake
        for held in self._still.values():
            self._last_words += filter(_ends_something, held or ())
        self._still.clear()
        self._ready.extend(self._last_words)
        for _ in range(LAST_ROUNDS_MAX):
            left = [task for process in tuple(self._tasks) for task in self._left(process)]
            for task in left:
                task.cancel()
            if not left and not self._ready:
                break
            self._callbacks_now = 0
            self._run(self._now)
        self._last_words.clear()
        self._killed.clear()
        self._timers.clear()
        self._ready.clear()
        self._closed = True

    def _generator_starts(self, generator: AsyncGenerator[Any, Any]) -> None:
        self._names += 1
        self._generators[self._names] = generator

    def _generator_is_lost(self, generator: AsyncGenerator[Any, Any]) -> None:
        if not self._dying:
            self.call_soon(self.create_task, generator.aclose())

    async def shutdown_asyncgens(self) -> None:
        """Closes the asynchronous generators that are still open, in the order of their start."""
        for generator in [self._generators[key] for key in sorted(self._generators)]:
            await generator.aclose()

    async def shutdown_default_executor(self) -> None:
        """Does nothing: there are no threads."""


def _ends_something(handle: Ready | Timer) -> bool:
    """Whether a callback wakes a task, tells of a future, or holds a coroutine: unless it runs, that never ends."""
    if handle._cancelled:
        return False
    return handle.task is not None or any(isinstance(each, asyncio.Future | Coroutine) for each in handle._args)
