"""What the errors of Gate are about. Source: www.gate.io/docs/developers/apiv4, label list; `finish_as` of an order."""

from __future__ import annotations

from collections.abc import Mapping

from flatbook.venues.error_classes import ErrorClass

CODES: Mapping[str, ErrorClass] = {
    "BALANCE_NOT_ENOUGH": ErrorClass.INSUFFICIENT_MARGIN,
    "INSUFFICIENT_AVAILABLE": ErrorClass.INSUFFICIENT_MARGIN,
    "INTERNAL": ErrorClass.UNKNOWN_OUTCOME,
    "INVALID_KEY": ErrorClass.AUTH,
    "INVALID_SIGNATURE": ErrorClass.AUTH,
    "ORDER_FINISHED": ErrorClass.ALREADY_DONE,
    "ORDER_NOT_FOUND": ErrorClass.ORDER_NOT_FOUND,
    "ORDER_POC_IMMEDIATE": ErrorClass.POST_ONLY_REJECT,
    "REQUEST_EXPIRED": ErrorClass.CLOCK,
    "SERVER_ERROR": ErrorClass.UNKNOWN_OUTCOME,
    "TOO_MANY_REQUESTS": ErrorClass.RATE_LIMIT,
    "HTTP 429": ErrorClass.RATE_LIMIT,
    "finish_as=poc": ErrorClass.POST_ONLY_REJECT,
}


def class_of(code: str) -> ErrorClass | None:
    """Returns the class of a code; None for one that is not known. A 5xx stands as "HTTP 5xx"."""
    return ErrorClass.UNKNOWN_OUTCOME if code.startswith("HTTP 5") else CODES.get(code)
