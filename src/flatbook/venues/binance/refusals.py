"""What a reply of Binance that is no success proves, by its code and its words, and failing these by its status.

A 4xx with a code of Binance's own is its word that nothing was done, unless that code leaves the outcome open. A 5xx
proves nothing, but for the one code of a throttle before the exchange. A page of something on the way proves nothing.
Source: developers.binance.com, General API Information, HTTP Return Codes, of Spot and of USD-M futures.
"""

from __future__ import annotations

import msgspec

from flatbook.engine.reports import Rejected, Unknown
from flatbook.events.orders import RejectReason, UnknownReason
from flatbook.values.instants import Instant
from flatbook.venues.binance.error_codes import class_of
from flatbook.venues.error_classes import TEXT_MAX, ErrorClass, meaning_of, rejected
from flatbook.venues.http import Reply

UNREADABLE = Unknown(reason=UnknownReason.UNREADABLE)
SERVER_FAULT = Unknown(reason=UnknownReason.SERVER_FAULT)
GUARDS = (403, 418, 429)


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """A refusal as Binance writes it."""

    code: int
    msg: str = ""


def refusal_of(reply: Reply) -> Refusal | None:
    """Returns the refusal that a reply states, None when its body states none that can be read."""
    try:
        return msgspec.json.decode(reply.body, type=Refusal)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


def class_of_reply(reply: Reply) -> ErrorClass | None:
    """Returns what a reply that is no success is about; None where Binance refused with a code that is not known."""
    refusal = refusal_of(reply)
    found = None if refusal is None else class_of(str(refusal.code), refusal.msg)
    if reply.status in GUARDS:
        return class_of(f"HTTP {reply.status}")
    if reply.status >= 500:
        return found if found is ErrorClass.OVERLOAD else ErrorClass.UNKNOWN_OUTCOME
    if refusal is None or not 400 <= reply.status < 500:
        return ErrorClass.UNKNOWN_OUTCOME
    return found


def meaning_of_refusal(reply: Reply, now: Instant) -> Rejected | Unknown:
    """Returns what a reply that is no success proves of the order that was asked for.

    Gives: a refusal with a code that is not known is Rejected for `other`, and its words are kept.
    """
    found, refusal = class_of_reply(reply), refusal_of(reply)
    if found is ErrorClass.UNKNOWN_OUTCOME:
        return SERVER_FAULT if reply.status >= 500 or refusal is not None else UNREADABLE
    code = str(reply.status) if refusal is None else str(refusal.code)
    message = "" if refusal is None else refusal.msg
    if found is None:
        return rejected(RejectReason.OTHER, code=code, message=message, now=now)
    return meaning_of(found, code=code, message=message, now=now)


def said_by(reply: Reply) -> str:
    """Returns the words of a refusal, as people are told them."""
    refusal = refusal_of(reply)
    return f"HTTP {reply.status}" if refusal is None else f"{refusal.code} {refusal.msg}"[:TEXT_MAX]
