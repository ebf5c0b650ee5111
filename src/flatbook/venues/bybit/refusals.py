"""What the answers of Bybit prove, by their status and code.

An answer is HTTP 200 with a `retCode`; zero is a success. A code that says that Bybit itself does not know, or that
nobody here knows, proves nothing. Source: bybit-exchange.github.io/docs/v5/error, and v5/rate-limit for a 403.
"""

from __future__ import annotations

from typing import TypeVar

import msgspec

from flatbook.engine.reports import Rejected, Unknown
from flatbook.events.orders import RejectReason, UnknownReason
from flatbook.values.instants import Instant
from flatbook.venues.bybit.error_codes import class_of
from flatbook.venues.error_classes import ErrorClass, meaning_of, rejected
from flatbook.venues.http import Reply

DONE = 0
OK = 200
UNREADABLE = Unknown(reason=UnknownReason.UNREADABLE)
SERVER_FAULT = Unknown(reason=UnknownReason.SERVER_FAULT)
# Codes of order entry itself: one of them that has no class is a refusal too. All others without a class prove nothing.
REFUSING = (range(110_000, 111_000), range(170_100, 171_000))
GONE = (ErrorClass.ORDER_NOT_FOUND, ErrorClass.ALREADY_DONE)

_Content = TypeVar("_Content")
FAULTS = (msgspec.MsgspecError, ValueError, RecursionError)


class Envelope(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What every answer of Bybit is wrapped in. Units: `time` in milliseconds."""

    ret_code: int
    ret_msg: str = ""
    result: msgspec.Raw = msgspec.Raw(b"{}")
    time: int = 0


def envelope_of(reply: Reply) -> Envelope | None:
    """Returns what a reply wraps, None where it is none of Bybit's."""
    kind = reply.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind != "application/json":
        return None
    try:
        return msgspec.json.decode(reply.body, type=Envelope)
    except FAULTS:
        return None


def answered(reply: Reply, now: Instant) -> Envelope | Rejected | Unknown:
    """Returns the success that a reply states, or what it proves otherwise.

    Gives: Rejected where a code of Bybit says no, or for the rate: a 429 or a 403 is not processed, whoever writes its
    body.
    """
    if reply.status != OK:
        status = f"HTTP {reply.status}"
        found = class_of(status)
        return UNREADABLE if found is None else meaning_of(found, code=status, message="", now=now)
    envelope = envelope_of(reply)
    if envelope is None or envelope.ret_code == DONE:
        return UNREADABLE if envelope is None else envelope
    return refused(envelope.ret_code, envelope.ret_msg, now)


def refused(code: int, message: str, now: Instant) -> Rejected | Unknown:
    """Returns what a code that is no success proves."""
    found = class_of(str(code))
    if found is not None:
        return meaning_of(found, code=str(code), message=message, now=now)
    if any(code in codes for codes in REFUSING):
        return rejected(RejectReason.OTHER, code=str(code), message=message, now=now)
    return UNREADABLE


def is_gone(answer: Rejected) -> bool:
    """Returns whether a refusal says that an order is not there, or not any more."""
    return class_of(answer.code) in GONE


def is_for_the_rate(reply: Reply) -> bool:
    """Returns whether a reply refuses for the rate of requests with a code of Bybit's own."""
    envelope = envelope_of(reply) if reply.status == OK else None
    return envelope is not None and class_of(str(envelope.ret_code)) is ErrorClass.RATE_LIMIT


def read(reply: Reply, content: type[_Content]) -> _Content | Unknown:
    """Returns the content of a success. A refusal of a read says nothing of what was asked for."""
    envelope = answered(reply, Instant(0))
    if isinstance(envelope, Rejected):
        return SERVER_FAULT
    if isinstance(envelope, Unknown):
        return envelope
    try:
        return msgspec.json.decode(envelope.result, type=content)
    except FAULTS:
        return UNREADABLE
