"""What errors of exchanges come to: a class for each code that a venue documents, and what each class proves.

The codes stand in the folder of each venue, as `error_codes.py`. What has no class proves nothing here: the venue's
own file says what an unknown code is. A class that leaves the outcome open is never a refusal, whatever its status.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from flatbook.engine.reports import Rejected, Unknown
from flatbook.events.orders import RejectReason, UnknownReason
from flatbook.values.instants import Instant

TEXT_MAX = 200


class ErrorClass(Enum):
    """What an error of an exchange is about."""

    ALREADY_DONE = "ALREADY_DONE"
    AUTH = "AUTH"
    BAD_PARAM = "BAD_PARAM"
    BANNED = "BANNED"
    CLOCK = "CLOCK"
    DUPLICATE_CLIENT_ID = "DUPLICATE_CLIENT_ID"
    INSUFFICIENT_MARGIN = "INSUFFICIENT_MARGIN"
    MIN_NOTIONAL = "MIN_NOTIONAL"
    MIN_SIZE = "MIN_SIZE"
    NOT_TRADING = "NOT_TRADING"
    ORDER_NOT_FOUND = "ORDER_NOT_FOUND"
    OVERLOAD = "OVERLOAD"
    POSITION_MODE = "POSITION_MODE"
    POST_ONLY_REJECT = "POST_ONLY_REJECT"
    PRECISION = "PRECISION"
    PRICE_BOUND = "PRICE_BOUND"
    RATE_LIMIT = "RATE_LIMIT"
    REDUCE_ONLY_REJECT = "REDUCE_ONLY_REJECT"
    UNKNOWN_OUTCOME = "UNKNOWN_OUTCOME"


# What the venue proved with a refusal of an order. UNKNOWN_OUTCOME is not here: it proves nothing.
REASONS: Mapping[ErrorClass, RejectReason] = {
    ErrorClass.ALREADY_DONE: RejectReason.OTHER,
    ErrorClass.AUTH: RejectReason.RESTRICTED,
    ErrorClass.BAD_PARAM: RejectReason.OTHER,
    ErrorClass.BANNED: RejectReason.RATE_LIMITED,
    ErrorClass.CLOCK: RejectReason.OTHER,
    ErrorClass.DUPLICATE_CLIENT_ID: RejectReason.DUPLICATE_ID,
    ErrorClass.INSUFFICIENT_MARGIN: RejectReason.INSUFFICIENT_FUNDS,
    ErrorClass.MIN_NOTIONAL: RejectReason.INVALID_QUANTITY,
    ErrorClass.MIN_SIZE: RejectReason.INVALID_QUANTITY,
    ErrorClass.NOT_TRADING: RejectReason.NO_MARKET,
    ErrorClass.ORDER_NOT_FOUND: RejectReason.OTHER,
    ErrorClass.OVERLOAD: RejectReason.RATE_LIMITED,
    ErrorClass.POSITION_MODE: RejectReason.RESTRICTED,
    ErrorClass.POST_ONLY_REJECT: RejectReason.WOULD_TAKE,
    ErrorClass.PRECISION: RejectReason.INVALID_PRICE,
    ErrorClass.PRICE_BOUND: RejectReason.INVALID_PRICE,
    ErrorClass.RATE_LIMIT: RejectReason.RATE_LIMITED,
    ErrorClass.REDUCE_ONLY_REJECT: RejectReason.OTHER,
}


class Policy(Enum):
    """What follows a class. Nothing is ever sent again by an adapter: what is still wanted is decided anew."""

    BACKOFF = "backoff"
    HALT_SYMBOL = "halt_symbol"
    HALT_VENUE = "halt_venue"
    MARGIN_LOCK = "margin_lock"
    NEVER_RESEND = "never_resend_query_first"
    QUERY_AND_ADOPT = "query_and_adopt"
    QUERY_TERMINAL_STATE = "query_terminal_state"
    REFRESH_RULES = "refresh_rules"
    REPRICE = "reprice_next_tick"
    RESYNC_CLOCK = "resync_then_retry_once"
    RESYNC_POSITION = "resync_position"
    SKIP = "skip"


POLICIES: Mapping[ErrorClass, Policy] = {
    ErrorClass.ALREADY_DONE: Policy.QUERY_TERMINAL_STATE,
    ErrorClass.AUTH: Policy.HALT_VENUE,
    ErrorClass.BAD_PARAM: Policy.HALT_SYMBOL,
    ErrorClass.BANNED: Policy.HALT_VENUE,
    ErrorClass.CLOCK: Policy.RESYNC_CLOCK,
    ErrorClass.DUPLICATE_CLIENT_ID: Policy.QUERY_AND_ADOPT,
    ErrorClass.INSUFFICIENT_MARGIN: Policy.MARGIN_LOCK,
    ErrorClass.MIN_NOTIONAL: Policy.SKIP,
    ErrorClass.MIN_SIZE: Policy.SKIP,
    ErrorClass.NOT_TRADING: Policy.HALT_SYMBOL,
    ErrorClass.ORDER_NOT_FOUND: Policy.QUERY_TERMINAL_STATE,
    ErrorClass.OVERLOAD: Policy.BACKOFF,
    ErrorClass.POSITION_MODE: Policy.HALT_SYMBOL,
    ErrorClass.POST_ONLY_REJECT: Policy.REPRICE,
    ErrorClass.PRECISION: Policy.REFRESH_RULES,
    ErrorClass.PRICE_BOUND: Policy.REFRESH_RULES,
    ErrorClass.RATE_LIMIT: Policy.BACKOFF,
    ErrorClass.REDUCE_ONLY_REJECT: Policy.RESYNC_POSITION,
    ErrorClass.UNKNOWN_OUTCOME: Policy.NEVER_RESEND,
}
# After one of these an adapter reads anew how its account stands, and takes no order that it does not stand for.
UNFIT = (Policy.HALT_SYMBOL, Policy.HALT_VENUE, Policy.REFRESH_RULES, Policy.RESYNC_CLOCK)


def is_unfit_after(found: ErrorClass) -> bool:
    """Returns whether a class speaks against what an adapter knows of its account, its rules or its clock."""
    return POLICIES[found] in UNFIT


def meaning_of(found: ErrorClass, *, code: str, message: str, now: Instant) -> Rejected | Unknown:
    """Returns what a class proves of the order whose request was answered with it.

    Gives: Unknown for an outcome that the venue leaves open; the order is then asked for and never sent again.
    """
    if found is ErrorClass.UNKNOWN_OUTCOME:
        return Unknown(reason=UnknownReason.SERVER_FAULT)
    return rejected(REASONS[found], code=code, message=message, now=now)


def rejected(reason: RejectReason, *, code: str, message: str, now: Instant) -> Rejected:
    """Returns a refusal with its texts cut to TEXT_MAX characters."""
    return Rejected(reason=reason, code=code[:TEXT_MAX], message=message[:TEXT_MAX], happened_at=now)
