"""What strategies that quote on what they observe are shown, and how one is seated at a desk.

The same seat runs in a backtest, on paper and live: only the clock, the venues and who keeps the view differ. A
decision is a function of the view and the parameters; asked on every observation it must decide the same as asked on
its wakes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any, Protocol

import msgspec

from flatbook.market.orderbook import Touch
from flatbook.state.orders import Order
from flatbook.state.positions import NetKey, TurnedDown
from flatbook.state.slots import SlotHeld
from flatbook.strategies.decision import Decision
from flatbook.values.ids import AccountId, InstrumentId, OrderId, OwnerId, Slot
from flatbook.values.instants import Instant
from flatbook.values.instruments import Instrument
from flatbook.values.money import Money, Price, Quantity


class FeatureKind(Enum):
    """A number kept over all observations by one code in backtest and live, whoever is asked when."""

    BAR_CLOSE = "bar_close"
    ATR = "atr"
    EWMA_MID = "ewma_mid"
    HIGH = "high"
    LOW = "low"


class Feature(msgspec.Struct, frozen=True, kw_only=True):
    """A feature that a strategy declares and then reads by its name.

    Units: `span_ns` is the length of a bar, or the time constant of an average; `count` is how many closed bars an ATR
    or an extreme looks at.
    """

    name: str
    kind: FeatureKind
    instrument: InstrumentId
    span_ns: int
    count: int = 1


class Stop(Enum):
    """What the desk does not let a strategy do now. Exits pass but under a kill, and cancels always."""

    KILLED = "killed"
    ALL = "all"
    BUYS = "buys"
    SALES = "sales"


class QuoteView(Protocol):
    """What a quoting strategy can see; read only, reused, and valid during one call.

    Units: prices in ticks and sizes in lots of their instrument where they are ints, as everywhere in order books.
    """

    @property
    def now(self) -> Instant:
        """The instant at which we know all of this."""
        ...

    @property
    def owner(self) -> OwnerId:
        """Whose strategy is asked."""
        ...

    def touch(self, instrument: InstrumentId) -> Touch | None:
        """Returns the best of both sides; None while the book is unfit, stale or empty on one side."""
        ...

    def price(self, instrument: InstrumentId, ticks: int) -> Price:
        """Returns a price of an instrument of its seat, exact to the tick. Units: ticks; quote per base."""
        ...

    def observed_at(self, instrument: InstrumentId) -> Instant | None:
        """Returns when its book was last seen fit, by our clock; None before the first time."""
        ...

    def orders(self, instrument: InstrumentId) -> Sequence[Order]:
        """Returns the orders of this owner that are open or still owe executions, oldest first."""
        ...

    def position(self, instrument: InstrumentId) -> Quantity:
        """Returns the signed position of this owner. Units: contracts."""
        ...

    def slot(self, instrument: InstrumentId, slot: Slot) -> SlotHeld | None:
        """Returns what a slot holds and did; None for one that never traded."""
        ...

    def slots(self, instrument: InstrumentId) -> Sequence[Slot]:
        """Returns the slots that hold something, in the order in which they were first used."""
        ...

    def note(self, instrument: InstrumentId) -> Any:
        """Returns the newest note of this strategy on an instrument, None before its first one: its only memory."""
        ...

    def feature(self, name: str) -> float | None:
        """Returns a declared feature; None while it is not ready."""
        ...

    def free(self, instrument: InstrumentId) -> tuple[Money, Quantity] | None:
        """Returns what may still be spent, and what may still be sold; None before the account was stated.

        Units: quote, and contracts. Of a margined instrument the first is margin that is free, the second None of that.
        """
        ...

    def stop(self, instrument: InstrumentId) -> Stop | None:
        """Returns what halts and risk keep this strategy from now; None where nothing does."""
        ...

    def turned_down(self, instrument: InstrumentId) -> TurnedDown | None:
        """Returns the newest order of this owner that was turned down; None since an execution, or before any."""
        ...

    def order_id(self, index: int) -> OrderId:
        """Returns the id of the `index`-th order that this decision places, from 0."""
        ...


class Seat(msgspec.Struct, frozen=True, kw_only=True):
    """A quoting strategy at a desk: whose it is, what it trades and observes, and how it decides.

    `instruments` are those it may place orders on, all at one account; `observes` those it only looks at. `params`
    belong to `decide`.
    """

    owner: OwnerId
    instruments: tuple[Instrument, ...]
    observes: tuple[InstrumentId, ...] = ()
    features: tuple[Feature, ...] = ()
    params: Any
    decide: Callable[[QuoteView, Any], Decision]

    @property
    def key(self) -> NetKey:
        """The net under which its wakes are kept: that of the first instrument."""
        return (self.owner, self.instruments[0].underlying)

    @property
    def account(self) -> AccountId:
        """The account it trades at."""
        return self.instruments[0].account

    def __post_init__(self) -> None:
        if not self.instruments:
            raise ValueError(f"{self.owner} has no instrument to quote on")
        if any(each.account != self.account for each in self.instruments):
            raise ValueError(f"{self.owner} quotes at more than one account: give each a seat of its own")
