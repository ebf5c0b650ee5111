"""Judges of the journal itself: one writer, no holes, exact numbers, no secret."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum
from typing import Any

import msgspec

from flatbook.events.chain import BlocksRemoved, FillReversed, FillSkipped, FillUnvalued, VaultFilled
from flatbook.events.codec import encode_event_json
from flatbook.events.control import EngineStarted
from flatbook.events.event import Event
from flatbook.sim.judges.court import Court, Hearing
from flatbook.sim.world import record as rec

DIGITS_MAX = 38
DECIMALS_MAX = 18
CHAIN_INTEGER_DIGITS_MAX = 18
CHAIN_DECIMALS_MAX = 36
_ONCHAIN = (VaultFilled, FillSkipped, FillUnvalued, FillReversed)
_PLAIN = (str, int, bool, type(None))


def one_writer(court: Court) -> Hearing:
    """I11: the rows of an epoch come from one process life, and no epoch appends after a newer one."""
    writers: dict[int, tuple[str, int]] = {}
    newest: list[int] = []

    def appended(row: rec.Appended) -> None:
        writer = writers.setdefault(row.epoch, (row.process, row.life))
        if writer != (row.process, row.life):
            court.find("I11", f"epoch {row.epoch} is written by {writer} and by {(row.process, row.life)}")
        if newest and row.epoch < newest[-1]:
            court.find(
                "I11", f"epoch {row.epoch} of {row.process} appends after epoch {newest[-1]}", f"seq {row.first}"
            )
        elif not newest or row.epoch > newest[-1]:
            newest.append(row.epoch)

    def started(event: EngineStarted) -> None:
        if court.row is not None and event.epoch != court.row.epoch:
            court.find("I11", f"EngineStarted says epoch {event.epoch} in a row of epoch {court.row.epoch}")

    return Hearing(entries={rec.Appended: appended}, events={EngineStarted: started})


def in_order(court: Court) -> Hearing:
    """I13: the rows of the journal follow without holes, and cursors advance, but where their blocks were removed."""
    cursors: dict[str, int] = {}
    last: list[int] = [0]

    def appended(row: rec.Appended) -> None:
        if row.first != last[0] + 1:
            court.find("I13", f"a row begins at seq {row.first} after {last[0]}", f"epoch {row.epoch} of {row.process}")
        last[0] = row.first + len(row.events) - 1
        for source, cursor in row.cursors.items():
            head = cursor.partition(":")[0]
            if head and not head.isdecimal():
                continue
            before, cursors[source] = cursors.get(source, -1), int(head) if head else -1
            if cursors[source] < before and not _removes(row.events, source):
                court.find("I13", f"the cursor of {source} falls from {before} to {head}", f"seq {row.first}")

    return Hearing(entries={rec.Appended: appended})


def _removes(events: tuple[Event, ...], source: str) -> bool:
    return any(isinstance(event, BlocksRemoved) and event.source == source for event in events)


def exact_numbers(court: Court) -> Hearing:
    """I16: no event holds a float, or a number beyond 38 digits and 18 decimals; 18 and 36 where it stands onchain."""

    def event_seen(event: Event) -> None:
        decimals = CHAIN_DECIMALS_MAX if isinstance(event, _ONCHAIN) else DECIMALS_MAX
        integers = CHAIN_INTEGER_DIGITS_MAX if isinstance(event, _ONCHAIN) else DIGITS_MAX
        for name, value in zip(event.__struct_fields__, msgspec.structs.astuple(event), strict=True):
            if value.__class__ in _PLAIN:
                continue
            flaw = _flaw(value, integers, decimals)
            if flaw is not None:
                court.find("I16", f"{type(event).__name__}.{name} holds {flaw}", f"seq {court.seq}: {value!r}")

    return Hearing(every_event=event_seen)


def _flaw(value: Any, integers: int, decimals: int) -> str | None:
    """Returns what is inexact inside a value, None when nothing is."""
    if isinstance(value, Decimal):
        return _flaw_of_number(value, integers, decimals)
    if isinstance(value, float):
        return "a float"
    if isinstance(value, (*_PLAIN, Enum)):
        return None
    if isinstance(value, dict):
        parts: tuple[Any, ...] = (*value.keys(), *value.values())
    elif isinstance(value, (tuple, list)):
        parts = tuple(value)
    elif isinstance(value, msgspec.Struct):
        parts = msgspec.structs.astuple(value)
    else:
        return f"a {type(value).__name__}"
    return next((flaw for part in parts if (flaw := _flaw(part, integers, decimals)) is not None), None)


def _flaw_of_number(value: Decimal, integers: int, decimals: int) -> str | None:
    if not value.is_finite():
        return "a number that is not finite"
    after_point = _after_point(value)
    if after_point > decimals:
        return f"{after_point} decimals"
    before_point = max(value.adjusted() + 1, 0) if value else 0
    digits = before_point if integers == CHAIN_INTEGER_DIGITS_MAX else before_point + after_point
    return f"{digits} digits" if digits > integers else None


def _after_point(value: Decimal) -> int:
    """Returns the number of decimals without trailing zeros."""
    bottom = value.as_integer_ratio()[1]
    if bottom == 1:
        return 0
    _, digits, exponent = value.as_tuple()
    count = -int(exponent)
    for digit in reversed(digits):
        if digit:
            break
        count -= 1
    return count


def no_leak(court: Court) -> Hearing:
    """I18: none of the canary texts of the world, which stand for secrets, is in any event."""
    canaries = tuple(text.encode() for text in court.expects.canaries)

    def event_seen(event: Event) -> None:
        told = encode_event_json(event)
        for canary in canaries:
            if canary in told:
                court.find("I18", f"{type(event).__name__} holds a canary", f"seq {court.seq}")

    return Hearing(every_event=event_seen if canaries else None)
