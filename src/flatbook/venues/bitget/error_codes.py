"""What the errors of Bitget are about. Source: www.bitget.com/api-doc, Error codes of REST."""

from __future__ import annotations

from collections.abc import Mapping

from flatbook.venues.error_classes import ErrorClass

CODES: Mapping[str, ErrorClass] = {
    "40008": ErrorClass.CLOCK,
    "40009": ErrorClass.AUTH,
    "40012": ErrorClass.AUTH,
    "40725": ErrorClass.UNKNOWN_OUTCOME,
    "40762": ErrorClass.INSUFFICIENT_MARGIN,
    "40768": ErrorClass.ORDER_NOT_FOUND,
    "40774": ErrorClass.POSITION_MODE,
    "40786": ErrorClass.DUPLICATE_CLIENT_ID,
    "43001": ErrorClass.ORDER_NOT_FOUND,
    "43012": ErrorClass.INSUFFICIENT_MARGIN,
    "45001": ErrorClass.UNKNOWN_OUTCOME,
    "45110": ErrorClass.MIN_NOTIONAL,
    "50008": ErrorClass.UNKNOWN_OUTCOME,
    "429": ErrorClass.RATE_LIMIT,
    "HTTP 429": ErrorClass.RATE_LIMIT,
}


def class_of(code: str) -> ErrorClass | None:
    """Returns the class of a code; None for one that is not known. A 5xx stands as "HTTP 5xx"."""
    return ErrorClass.UNKNOWN_OUTCOME if code.startswith("HTTP 5") else CODES.get(code)
