"""What a refusal of Alpaca proves, by its status, its code and its words.

Codes are overloaded, so that the words decide within a code; the words of a duplicate id count under any code. Words
that are not known are Rejected for `other`, and are kept. Source: docs.alpaca.markets, Working with /orders and User
Protection; alpacahq/alpaca-skills, trading-orders; for the texts also alpaca-py#260 and #156, alpaca-trade-api-go#260
and alpaca-trade-api-csharp#497.
"""

from __future__ import annotations

import msgspec

from flatbook.engine.reports import Rejected, Unknown
from flatbook.events.orders import RejectReason, UnknownReason
from flatbook.values.instants import Instant
from flatbook.venues.http import Reply
from flatbook.venues.pace import TOO_MANY

TEXT_MAX = 200
PROOFS = (400, 401, 403, 404, 422)
FORBIDDEN = "40310000"
UNPROCESSABLE = "42210000"
INVALID = "40010001"
NOT_FOUND = "40410000"
UNSTATED = ""
ORDER_NOT_FOUND = "order not found"
ORDER_NOT_FOUND_CODES = (NOT_FOUND, UNSTATED)

UNREADABLE = Unknown(reason=UnknownReason.UNREADABLE)
SERVER_FAULT = Unknown(reason=UnknownReason.SERVER_FAULT)

_ACCOUNT = (FORBIDDEN, UNSTATED)
_ORDER = (UNPROCESSABLE, INVALID, FORBIDDEN, UNSTATED)
_ANY: tuple[str, ...] = ()

# The first row whose code and words fit decides; no codes stands for all, a star for words between.
WORDS: tuple[tuple[tuple[str, ...], str, RejectReason], ...] = (
    (_ANY, "client order id must be unique", RejectReason.DUPLICATE_ID),
    ((FORBIDDEN, UNPROCESSABLE, UNSTATED), "wash trade", RejectReason.WASH_TRADE),
    ((FORBIDDEN, UNPROCESSABLE, UNSTATED), "while a short sell order is open", RejectReason.WASH_TRADE),
    ((FORBIDDEN, UNPROCESSABLE, UNSTATED), "while a long buy order is open", RejectReason.WASH_TRADE),
    ((*_ACCOUNT, UNPROCESSABLE), "insufficient qty available", RejectReason.INSUFFICIENT_SHARES),
    ((*_ACCOUNT, UNPROCESSABLE), "buying power", RejectReason.INSUFFICIENT_FUNDS),
    ((*_ACCOUNT, UNPROCESSABLE), "insufficient balance", RejectReason.INSUFFICIENT_FUNDS),
    (_ACCOUNT, "not allowed to short", RejectReason.RESTRICTED),
    (_ORDER, "cannot be sold short", RejectReason.RESTRICTED),
    (_ACCOUNT, "pattern day trading", RejectReason.RESTRICTED),
    (_ACCOUNT, "not eligible to trade", RejectReason.RESTRICTED),
    (_ACCOUNT, "not authorized to trade", RejectReason.RESTRICTED),
    (_ACCOUNT, "restricted", RejectReason.RESTRICTED),
    (_ORDER, "halted", RejectReason.HALTED),
    (_ORDER, "market hours", RejectReason.MARKET_CLOSED),
    (_ORDER, "market is closed", RejectReason.MARKET_CLOSED),
    (_ORDER, "is not tradable", RejectReason.NO_MARKET),
    (_ORDER, "is not active", RejectReason.NO_MARKET),
    ((*_ORDER, NOT_FOUND), "asset*not found", RejectReason.NO_MARKET),
    ((*_ORDER, NOT_FOUND), "could not find asset", RejectReason.NO_MARKET),
    (_ORDER, "not fractionable", RejectReason.INVALID_QUANTITY),
    (_ORDER, "sub-penny increment", RejectReason.INVALID_PRICE),
    (_ORDER, "limit price", RejectReason.INVALID_PRICE),
    (_ORDER, "minimal amount of order", RejectReason.INVALID_QUANTITY),
    (_ORDER, "qty must be", RejectReason.INVALID_QUANTITY),
    (_ORDER, "invalid qty", RejectReason.INVALID_QUANTITY),
    (_ORDER, "fractional orders must be", RejectReason.INVALID_QUANTITY),
)


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """A refusal as Alpaca writes it."""

    message: str
    code: int | str = UNSTATED


def is_json(reply: Reply) -> bool:
    """Returns whether a reply says that its body is JSON."""
    kind = reply.headers.get("content-type", "").split(";")[0].strip().lower()
    return kind == "application/json"


def refusal_of(reply: Reply) -> Refusal | None:
    """Returns the refusal that a reply states, None when its body states none that can be read."""
    if not is_json(reply):
        return None
    try:
        return msgspec.json.decode(reply.body, type=Refusal)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


def meaning_of_refusal(reply: Reply, now: Instant) -> Rejected | Unknown:
    """Returns what a reply that is no success proves.

    Gives: Rejected where Alpaca refused with words of its own, or for the rate: a 429 is not processed, whoever writes
    its body. Every other status, and a refusal that cannot be read, proves nothing.
    """
    if reply.status == TOO_MANY:
        return _rejected(RejectReason.RATE_LIMITED, str(TOO_MANY), "too many requests", now)
    refusal = refusal_of(reply) if reply.status in PROOFS else None
    if refusal is None:
        return SERVER_FAULT if reply.status >= 500 else UNREADABLE
    code = str(refusal.code) or str(reply.status)
    return _rejected(reason_of(str(refusal.code), refusal.message), code, refusal.message, now)


def reason_of(code: str, message: str) -> RejectReason:
    """Returns the reason that a code and its words give; `other` for words that are not known under that code."""
    words = message.lower().replace("_", " ")
    for codes, fragment, reason in WORDS:
        if all(part in words for part in fragment.split("*")) and (not codes or code in codes):
            return reason
    return RejectReason.OTHER


def says_no_such_order(reply: Reply) -> bool:
    """Returns whether a reply is Alpaca's word that it has no such order, and not one of something on the way."""
    refusal = refusal_of(reply) if reply.status == 404 else None
    return (
        refusal is not None
        and str(refusal.code) in ORDER_NOT_FOUND_CODES
        and refusal.message.lower().startswith(ORDER_NOT_FOUND)
    )


def _rejected(reason: RejectReason, code: str, message: str, now: Instant) -> Rejected:
    return Rejected(reason=reason, code=code[:TEXT_MAX], message=message[:TEXT_MAX], happened_at=now)
