"""What drives a tape past a desk: the compiled scan, or the plain one that is its oracle."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple, Protocol

from flatbook.market.orderbook import Touch
from flatbook.values.instants import Instant

if TYPE_CHECKING:
    from flatbook.backtest.booked import Booked


class Told(NamedTuple):
    """A report that has come to us. Units: ns, ticks, lots; `kind` and the rest as the tables of the kernel say.

    `turn` says which of the reports of one instant came first, `nth` counts the executions of an
    order, `ahead` is what stood before the order when it came to rest, `waited_ns` how long it had been at the venue.
    """

    time: int
    turn: int
    kind: int
    number: int
    price: int
    qty: int
    venue_time: int
    maker: int
    nth: int
    left: int
    ahead: int
    waited_ns: int


class Sample(NamedTuple):
    """What was seen of an instrument at a regular instant. Units: ns, ticks; 0 where nothing was."""

    time: int
    inst: int
    bid: int
    ask: int
    mark: int


class NewOrder(NamedTuple):
    """An order on its way. Units: ticks, lots, ns; `key` stands for its id where latencies are drawn."""

    number: int
    inst: int
    sign: int
    price: int
    lots: int
    style: int
    key: int
    due_at: int


OrderRow = tuple[int, int, int, int, int, int, int, int]
"""An order as `NewOrder` names it."""


class Level(NamedTuple):
    """A series of an instrument, by its place in `Series`, that wakes at a level. Units: ticks."""

    inst: int
    series: int
    is_above: bool
    ticks: int


class Watch(NamedTuple):
    """All that wakes: bits of report kinds, an instant, levels, and per instrument a count and silences. Units: ns."""

    reports: int
    at: int | None
    levels: Sequence[Level]
    every: Sequence[tuple[int, int]]
    silences: Sequence[tuple[int, int]]


class Stop(Enum):
    """Why a scan stopped: somebody is to be asked, reports wait to be folded, or the tape is over.

    PASSED is no stop of the run: messages were gone past, and strategies are to be asked whether one of them is one.
    Nor is HELD: what was wanted last did not pass at one look, and nothing of it was done.
    """

    __hash__ = object.__hash__  # members are compared by identity, and counted at every stop

    WOKEN = "woken"
    PASSED = "passed"
    TOLD = "told"
    ENDED = "ended"
    HELD = "held"


class Passed(NamedTuple):
    """What messages showed that a scan went past, one after the other; before them how each instrument looked.

    `first` is where the first of the messages stands, `columns` are bid, its size, ask, its size and when the book was
    last seen fit of the instrument `insts` of each, `features` the values of each feature.
    Units: ns, ticks, lots; a bid of 0 says that the book is unfit, NOT_READY that a feature is none yet.
    """

    first: int
    times: Sequence[int]
    insts: Sequence[int]
    columns: Callable[[], Sequence[Sequence[int]]]
    features: Callable[[], Sequence[Sequence[float]]]


class Along(Protocol):
    """A simulator that goes on by itself between stops at which there is nothing to do but to ask."""

    now: Instant

    def go_on(self) -> Instant:
        """Goes on from a stop whose strategy waits for the same as before.

        Gives: the instant of the next stop, above WHY_MAX, where all is booked; else why it is one, for `stop_at`.
        """
        ...

    def stop_at(self, why: int) -> Stop:
        """Returns the stop at which the scan stands, and goes on to one where it has none yet."""
        ...


class Simulator(Protocol):
    """A tape that is scanned from stop to stop."""

    @property
    def now(self) -> Instant:
        """The instant of the stop, by our clock."""
        ...

    @property
    def asks_each(self) -> bool:
        """Whether it wakes after every message, whatever is waited for."""
        ...

    @property
    def is_plain(self) -> bool:
        """Whether the stop came with a message and not by time alone, while every book that is watched is fit."""
        ...

    @property
    def rows_done(self) -> int:
        """How many rows of the tape were seen."""
        ...

    def run(self) -> Stop:
        """Goes on to the next stop."""
        ...

    def passed(self) -> Passed:
        """Returns what was gone past, after a stop that says so."""
        ...

    def settle(self, asked: int) -> bool:
        """Takes so many messages that were gone past as told, and goes back to the one behind them where there is one.

        Gives: whether there is one: the scan stands at it as at a stop where somebody is woken.
        """
        ...

    def told(self) -> Sequence[Sequence[int]]:
        """Returns the reports that came since they were last asked for, in order of time: each as `Told` names it."""
        ...

    def told_until(self) -> int:
        """Returns when the newest of the reports came that were not asked for yet; 0 where there is none."""
        ...

    def along(self) -> Along | None:
        """Returns what goes on by itself from stop to stop; None where this cannot."""
        ...

    def share(self, booked: Booked) -> bool:
        """Books what it tells into a table of a desk from now on, and sends what is wanted there, where it can.

        Gives: whether it can; `book_told` and `deliver` need that.
        """
        ...

    def book_told(self, see_day: Callable[[Instant], None]) -> Sequence[Sequence[int]]:
        """Books the reports that came, up to the first that is not plain. Gives: those that were not booked.

        `see_day` is told an instant of a day that the table does not know yet.
        """
        ...

    def deliver(self) -> bool:
        """Does at once what was written down. Gives: False where what is wanted did not pass; nothing is done then."""
        ...

    def fit_since(self, inst: int) -> int:
        """Returns when the book of an instrument was last seen fit; 0 where it is not fit."""
        ...

    def samples(self) -> list[Sample]:
        """Returns what was sampled since it was last asked for."""
        ...

    def place(self, order: OrderRow) -> None:
        """Sends an order now."""
        ...

    def cancel(self, number: int) -> None:
        """Sends a cancel now."""
        ...

    def wake_on_acceptance(self, number: int) -> None:
        """Stops when the acceptance of an order is told, whatever is waited for."""
        ...

    def arm(self, watch: Watch) -> None:
        """Waits for these from the next observation on, and for nothing that was waited for before."""
        ...

    def arm_again(self) -> None:
        """Waits for the same as before, from the next observation on.

        Needs: no instant and no count is waited for, which fire once; all else stays armed.
        """
        ...

    def seen(self, inst: int) -> tuple[Touch | None, int]:
        """Returns the touch of an instrument, and when its book was last seen fit, 0 before the first time."""
        ...

    def touch_after(self, inst: int, earliest: int) -> Touch | None:
        """Returns the touch of an instrument whose book was seen fit after an instant; None without such a one."""
        ...

    def touch(self, inst: int) -> Touch | None:
        """Returns what was last seen as the best of both sides; None while the book is unfit or empty on one side."""
        ...

    def observed_at(self, inst: int) -> int | None:
        """Returns when a book was last seen fit; None before the first time."""
        ...

    def feature(self, number: int) -> float | None:
        """Returns a feature by its place among those that were declared; None while it is not ready."""
        ...


class Refused(RuntimeError):
    """A run cannot go on: it has no room for what its strategies do. Says which bound was reached."""
