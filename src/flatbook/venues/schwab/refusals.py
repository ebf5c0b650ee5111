"""What a refusal of Schwab proves, by its status and its words.

Words that are not known are Rejected for `other`, and are kept. Source: Trader API, ServiceError; the texts as users
report them in public issues of schwab-py, Schwabdev and Lean, and what a gateway before it writes as a list of errors.
"""

from __future__ import annotations

import msgspec

from flatbook.engine.reports import Rejected, Unknown
from flatbook.events.orders import RejectReason, UnknownReason
from flatbook.values.instants import Instant
from flatbook.venues.http import Reply
from flatbook.venues.pace import TOO_MANY

TEXT_MAX = 200
ERRORS_MAX = 20
PROOFS = (400, 401, 403, 404, 422)
NOT_FOUND = 404
UNAUTHORIZED = 401

UNREADABLE = Unknown(reason=UnknownReason.UNREADABLE)
SERVER_FAULT = Unknown(reason=UnknownReason.SERVER_FAULT)

# The first row of which all words are in the text decides.
WORDS: tuple[tuple[tuple[str, ...], RejectReason], ...] = (
    (("buying power",), RejectReason.INSUFFICIENT_FUNDS),
    (("insufficient funds",), RejectReason.INSUFFICIENT_FUNDS),
    (("oversold",), RejectReason.INSUFFICIENT_SHARES),
    (("overbought",), RejectReason.INSUFFICIENT_SHARES),
    (("insufficient", "shares"), RejectReason.INSUFFICIENT_SHARES),
    (("halted",), RejectReason.HALTED),
    (("market", "closed"), RejectReason.MARKET_CLOSED),
    (("session", "not available"), RejectReason.MARKET_CLOSED),
    (("not borrow",), RejectReason.RESTRICTED),
    (("short sale",), RejectReason.RESTRICTED),
    (("restricted",), RejectReason.RESTRICTED),
    (("no trades are currently allowed",), RejectReason.RESTRICTED),
    (("symbol", "invalid"), RejectReason.NO_MARKET),
    (("symbol", "not found"), RejectReason.NO_MARKET),
    (("price",), RejectReason.INVALID_PRICE),
    (("quantity",), RejectReason.INVALID_QUANTITY),
)


class GatewayError(msgspec.Struct, frozen=True, kw_only=True):
    """One error as the gateway before Schwab's services writes it."""

    title: str = ""
    detail: str = ""


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """A refusal as Schwab writes it."""

    message: str | None = None
    errors: list[str | GatewayError] | None = None
    error: str | None = None
    error_description: str | None = None

    @property
    def text(self) -> str:
        """All of its words, in one line."""
        listed = [
            each if isinstance(each, str) else f"{each.title} {each.detail}"
            for each in (self.errors or [])[:ERRORS_MAX]
        ]
        parts = (self.message, self.error, self.error_description, *listed)
        return " ".join(" ".join(part for part in parts if part).split())


def is_json(reply: Reply) -> bool:
    """Returns whether a reply says that its body is JSON."""
    kind = reply.headers.get("content-type", "").split(";")[0].strip().lower()
    return kind == "application/json"


def refusal_of(reply: Reply) -> Refusal | None:
    """Returns the refusal that a reply states, None when its body states none that can be read."""
    if not is_json(reply):
        return None
    try:
        refusal = msgspec.json.decode(reply.body, type=Refusal)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    return refusal if refusal.text else None


def meaning_of_refusal(reply: Reply, now: Instant) -> Rejected | Unknown:
    """Returns what a reply that is no success proves.

    Gives: Rejected where Schwab refused with words of its own, or for the rate. Every other status, and a refusal that
    cannot be read, proves nothing.
    """
    if reply.status == TOO_MANY:
        return _rejected(RejectReason.RATE_LIMITED, TOO_MANY, "too many requests", now)
    refusal = refusal_of(reply) if reply.status in PROOFS else None
    if refusal is None:
        return SERVER_FAULT if reply.status >= 500 else UNREADABLE
    return _rejected(reason_of(refusal.text), reply.status, refusal.text, now)


def reason_of(text: str) -> RejectReason:
    """Returns the reason that words give; `other` for words that are not known."""
    words = text.lower()
    return next((reason for parts, reason in WORDS if all(part in words for part in parts)), RejectReason.OTHER)


def says_no_such_order(reply: Reply) -> bool:
    """Returns whether a reply is Schwab's word that it has no such order, and not one of something on the way.

    Gives: no for words that name a path: whoever knows no `/orders/1` knows nothing of orders.
    """
    refusal = refusal_of(reply) if reply.status == NOT_FOUND else None
    return refusal is not None and "order" in refusal.text.lower() and "/" not in refusal.text


def _rejected(reason: RejectReason, code: int, message: str, now: Instant) -> Rejected:
    return Rejected(reason=reason, code=str(code), message=message[:TEXT_MAX], happened_at=now)
