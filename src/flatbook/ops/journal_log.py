"""Committed events as log records, each with its sequence number and its reference."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any

import msgspec

from flatbook.engine.run import Committed
from flatbook.events.chain import LogKey
from flatbook.events.codec import name_of
from flatbook.events.control import AlertRaised, Severity, TradingHalted
from flatbook.events.event import Event
from flatbook.events.grid import GridHeld, GridHold
from flatbook.events.orders import IntentRefused, OrderRejected, OrderUnknown, ReportRefused
from flatbook.events.refs import ref_of
from flatbook.ops.log_fields import ALLOWED, RISK_WORDS, scalar
from flatbook.ops.telemetry import Log

_WARNINGS = (TradingHalted, IntentRefused, OrderRejected, OrderUnknown, ReportRefused)
# What no market mends: its step or its size must be stated anew.
_NEVER_RIGHT = (GridHold.NO_PROFIT, GridHold.BELOW_MINIMUM)
_LEVELS = {Severity.INFO: "info", Severity.WARNING: "warning", Severity.CRITICAL: "error"}
# These hold a word of ours in one event and the text of a person in another: a word is an Enum.
_WORDS_ONLY = ("reason", "message", "detail", "why")


def log_commits(log: Log) -> Callable[[Committed], None]:
    """Returns a listener that logs each committed event."""

    def listen(committed: Committed) -> None:
        for seq, event in enumerate(committed.events, committed.first):
            fields = fields_of(event)
            getattr(log, level_of(event))(fields.pop("event"), seq=seq, **fields)

    return listen


def level_of(event: Event) -> str:
    """Returns how urgent an event is for who reads the log."""
    if isinstance(event, AlertRaised):
        return _LEVELS[event.severity]
    if isinstance(event, GridHeld) and event.reason in _NEVER_RIGHT:
        return "warning"
    return "warning" if isinstance(event, _WARNINGS) else "info"


def fields_of(event: Event) -> dict[str, Any]:
    """Returns what a log record may say of an event: its tag, its reference, and its names, numbers and states."""
    fields: dict[str, Any] = {"event": name_of(type(event))}
    if (ref := ref_of(event)) is not None:
        fields["ref"] = ref
    for name, value in msgspec.structs.asdict(event).items():
        if isinstance(value, LogKey):
            fields |= {"chain": value.chain, "tx": value.tx, "log_index": value.log_index, "block": value.block}
        elif name in ALLOWED and value is not None and (name not in _WORDS_ONLY or isinstance(value, Enum)):
            fields[name] = scalar(value, spaces=name in RISK_WORDS)
    return fields
