"""Inputs that cannot be folded: what is booked of them, and what can still be taken of the others beside them."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from flatbook.engine.inputs import ExecutionsRead, Item, TimeCame, Woken
from flatbook.engine.ports import ChainRead
from flatbook.engine.wakes import Wakes
from flatbook.events.control import AlertName, AlertRaised, HaltCause, HaltScope, Severity, TradingHalted
from flatbook.events.event import Event
from flatbook.state.desk import State
from flatbook.state.positions import NetKey
from flatbook.strategies.decision import Trigger, Wake
from flatbook.values.ids import SourceId, halt_id_of
from flatbook.values.instants import Instant

DETAIL_TEXT_MAX = 512


def told_of(error: BaseException) -> str:
    """Returns the sentence of an error of ours; of any other only its kind, for it may quote a secret."""
    kind = type(error)
    return str(error) if kind.__module__.startswith("flatbook.") else kind.__name__


def detail_of(item: Item, error: Exception) -> str:
    """Returns what is told of an input that could not be folded."""
    return f"{type(item).__name__} could not be folded: {type(error).__name__}: {error}"[:DETAIL_TEXT_MAX]


def parts_of(item: Item, cursors: Mapping[SourceId, str]) -> tuple[Item, ...]:
    """Returns an input of several reports as inputs of one report each, none of which moves a cursor; else nothing.

    Gives: whatever cannot be folded stays behind its cursor and is read again; what was booked is known by identity.
    """
    replace = msgspec.structs.replace
    if isinstance(item, ChainRead) and len(item.events) + (item.removed_from is not None) > 1:
        still = replace(item, cursor=cursors.get(item.source, ""), removed_from=None)
        removed = () if item.removed_from is None else (replace(still, events=(), removed_from=item.removed_from),)
        return (*removed, *(replace(still, events=(event,)) for event in item.events))
    if isinstance(item, ExecutionsRead) and len(item.executions) > 1:
        return tuple(replace(item, executions=(execution,), cursor=None) for execution in item.executions)
    return ()


def events_of(state: State, item: Item, detail: str, now: Instant) -> tuple[Event, ...]:
    """Returns the halt of all new risk and the alert that an input which cannot be folded asks for.

    Gives: the halt unless it stands already, and one alert for each kind of input until the halt is lifted.
    """
    kind = type(item).__name__
    halted = TradingHalted(
        halt_id=halt_id_of(HaltScope.ALL.value, "", HaltCause.INVARIANT.value),
        scope=HaltScope.ALL,
        target="",
        cause=HaltCause.INVARIANT,
        reason=detail,
        halted_at=now,
    )
    raised = AlertRaised(
        name=AlertName.INPUT_POISONED,
        severity=Severity.CRITICAL,
        subject=kind,
        detail=detail,
        because=None,
        raised_at=now,
    )
    halts = () if halted.halt_id in state.halts else (halted,)
    return (*halts, *(() if (raised.name, raised.subject) in state.alerts else (raised,)))


def still(wakes: Wakes, item: Item, now: Instant) -> tuple[NetKey, ...]:
    """Lets the nets whose wake led to a failure wait for events only, so that it does not come again at once.

    Gives: these nets.
    """
    keys = (item.key,) if isinstance(item, Woken) else wakes.due(now) if isinstance(item, TimeCame) else ()
    for key in keys:
        wakes.put(key, Wake(on=tuple(Trigger)))
    return keys
