"""What a strategy answers: intents, notes, and the moments that can change its mind."""

from __future__ import annotations

from enum import Enum

import msgspec

from flatbook.events.event import Event
from flatbook.state.intents import Intent
from flatbook.values.ids import SourceId
from flatbook.values.instants import Instant


class Trigger(Enum):
    """A kind of change that can wake a strategy."""

    FILL_SEEN = "fill_seen"
    ORDER_WORKING = "order_working"
    ORDER_FILLED = "order_filled"
    ORDER_ENDED = "order_ended"
    ORDER_UNKNOWN = "order_unknown"
    INTENT_REFUSED = "intent_refused"
    HALT_CHANGED = "halt_changed"
    OPERATOR_ACTED = "operator_acted"
    BALANCE_CHANGED = "balance_changed"


class Wake(msgspec.Struct, frozen=True, kw_only=True):
    """The moments at which a strategy wants to be asked again; each answer replaces the one before.

    `on` names changes of its own orders and positions, `at` an instant, `observed` sources whose next observation
    wakes. A wake may fire too often, never too rarely.
    """

    on: tuple[Trigger, ...]
    at: Instant | None = None
    observed: tuple[SourceId, ...] = ()


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of a strategy. `notes` are events: its only memory."""

    intents: tuple[Intent, ...]
    notes: tuple[Event, ...]
    wake: Wake
