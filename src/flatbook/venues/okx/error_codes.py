"""What the errors of OKX are about. Source: www.okx.com/docs-v5, Error Code; of a batch the inner `sCode` counts."""

from __future__ import annotations

from collections.abc import Mapping

from flatbook.venues.error_classes import ErrorClass

CODES: Mapping[str, ErrorClass] = {
    "50001": ErrorClass.UNKNOWN_OUTCOME,
    "50004": ErrorClass.UNKNOWN_OUTCOME,
    "50011": ErrorClass.RATE_LIMIT,
    "50013": ErrorClass.OVERLOAD,
    "50026": ErrorClass.UNKNOWN_OUTCOME,
    "50061": ErrorClass.RATE_LIMIT,
    "50102": ErrorClass.CLOCK,
    "50111": ErrorClass.AUTH,
    "50113": ErrorClass.AUTH,
    "51000": ErrorClass.BAD_PARAM,
    "51008": ErrorClass.INSUFFICIENT_MARGIN,
    "51016": ErrorClass.DUPLICATE_CLIENT_ID,
    "51020": ErrorClass.MIN_SIZE,
    "51121": ErrorClass.PRECISION,
    "51400": ErrorClass.ALREADY_DONE,
    "51401": ErrorClass.ALREADY_DONE,
    "51402": ErrorClass.ALREADY_DONE,
    "51603": ErrorClass.ORDER_NOT_FOUND,
    "HTTP 429": ErrorClass.RATE_LIMIT,
    "cancelSource=31": ErrorClass.POST_ONLY_REJECT,
}


def class_of(code: str) -> ErrorClass | None:
    """Returns the class of a code; None for one that is not known. A 5xx stands as "HTTP 5xx"."""
    return ErrorClass.UNKNOWN_OUTCOME if code.startswith("HTTP 5") else CODES.get(code)
