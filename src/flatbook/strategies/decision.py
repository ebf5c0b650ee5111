"""What a strategy answers: intents, notes, and the moments that can change its mind."""

from __future__ import annotations

from enum import Enum

import msgspec

from flatbook.events.event import Event
from flatbook.state.intents import Intent
from flatbook.values.ids import InstrumentId, SourceId
from flatbook.values.instants import Instant


class Trigger(Enum):
    """A kind of change that can wake a strategy."""

    __hash__ = object.__hash__  # members are compared by identity, and are keys on the way of every decision

    FILL_SEEN = "fill_seen"
    ORDER_WORKING = "order_working"
    ORDER_FILLED = "order_filled"
    ORDER_ENDED = "order_ended"
    ORDER_UNKNOWN = "order_unknown"
    INTENT_REFUSED = "intent_refused"
    HALT_CHANGED = "halt_changed"
    OPERATOR_ACTED = "operator_acted"
    BALANCE_CHANGED = "balance_changed"


class Series(Enum):
    """A number of an instrument that moves and that a wake can watch. Units: ticks."""

    __hash__ = object.__hash__  # members are compared by identity, and are keys on the way of every trade and mark

    BID = "bid"
    ASK = "ask"
    TRADE = "trade"
    MARK = "mark"
    INDEX = "index"


class Edge(Enum):
    """On which side of its level a series wakes; both sides include the level itself."""

    AT_OR_ABOVE = "at_or_above"
    AT_OR_BELOW = "at_or_below"


class Level(msgspec.Struct, frozen=True, gc=False):
    """A series that has reached a level. Units: ticks of the instrument."""

    instrument: InstrumentId
    series: Series
    edge: Edge
    ticks: int


class Silence(msgspec.Struct, frozen=True, gc=False):
    """An instrument of which nothing was heard for so long. Units: ns."""

    instrument: InstrumentId
    longer_than_ns: int


class Every(msgspec.Struct, frozen=True, gc=False):
    """Each so-many-th observation of an instrument, counted from the decision on."""

    instrument: InstrumentId
    count: int


class Wake(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The moments at which a strategy wants to be asked again; each answer replaces the one before.

    `on` names changes of its own orders and positions, `at` an instant, `observed` sources whose next observation
    wakes. `levels`, `silences` and `every` speak of instruments that a quoting strategy observes: they are level
    triggered, fire once, and are tested from the next observation on. A wake may fire too often, never too rarely.
    """

    on: tuple[Trigger, ...]
    at: Instant | None = None
    observed: tuple[SourceId, ...] = ()
    levels: tuple[Level, ...] = ()
    silences: tuple[Silence, ...] = ()
    every: tuple[Every, ...] = ()


class Decision(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The answer of a strategy. `notes` are events: its only memory."""

    intents: tuple[Intent, ...]
    notes: tuple[Event, ...]
    wake: Wake
