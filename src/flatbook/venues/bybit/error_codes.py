"""What the errors of Bybit are about. Source: bybit-exchange.github.io/docs/v5/error, UTA and spot codes; v5/enum.

A code after `rejectReason=` is the reason of an order that Bybit took and ended on its own.
"""

from __future__ import annotations

from collections.abc import Mapping

from flatbook.venues.error_classes import ErrorClass

REJECTED_FOR = "rejectReason="

CODES: Mapping[str, ErrorClass] = {
    "5004": ErrorClass.UNKNOWN_OUTCOME,
    "10000": ErrorClass.UNKNOWN_OUTCOME,
    "10001": ErrorClass.BAD_PARAM,
    "10002": ErrorClass.CLOCK,
    "10003": ErrorClass.AUTH,
    "10004": ErrorClass.AUTH,
    "10005": ErrorClass.AUTH,
    "10006": ErrorClass.RATE_LIMIT,
    "10010": ErrorClass.AUTH,
    "10014": ErrorClass.DUPLICATE_CLIENT_ID,
    "10016": ErrorClass.UNKNOWN_OUTCOME,
    "10018": ErrorClass.RATE_LIMIT,
    "110001": ErrorClass.ORDER_NOT_FOUND,
    "110004": ErrorClass.INSUFFICIENT_MARGIN,
    "110007": ErrorClass.INSUFFICIENT_MARGIN,
    "110008": ErrorClass.ALREADY_DONE,
    "110010": ErrorClass.ALREADY_DONE,
    "110012": ErrorClass.INSUFFICIENT_MARGIN,
    "110017": ErrorClass.REDUCE_ONLY_REJECT,
    "110025": ErrorClass.POSITION_MODE,
    "110072": ErrorClass.DUPLICATE_CLIENT_ID,
    "110094": ErrorClass.MIN_NOTIONAL,
    "170005": ErrorClass.RATE_LIMIT,
    "170007": ErrorClass.UNKNOWN_OUTCOME,
    "170032": ErrorClass.UNKNOWN_OUTCOME,
    "170033": ErrorClass.INSUFFICIENT_MARGIN,
    "170131": ErrorClass.INSUFFICIENT_MARGIN,
    "170134": ErrorClass.PRECISION,
    "170136": ErrorClass.MIN_SIZE,
    "170137": ErrorClass.PRECISION,
    "170139": ErrorClass.ALREADY_DONE,
    "170140": ErrorClass.MIN_NOTIONAL,
    "170141": ErrorClass.DUPLICATE_CLIENT_ID,
    "170142": ErrorClass.ALREADY_DONE,
    "170146": ErrorClass.UNKNOWN_OUTCOME,
    "170147": ErrorClass.UNKNOWN_OUTCOME,
    "170190": ErrorClass.ALREADY_DONE,
    "170213": ErrorClass.ORDER_NOT_FOUND,
    "170218": ErrorClass.POST_ONLY_REJECT,
    "170222": ErrorClass.RATE_LIMIT,
    "HTTP 403": ErrorClass.RATE_LIMIT,
    "HTTP 429": ErrorClass.RATE_LIMIT,
    REJECTED_FOR + "EC_PostOnlyWillTakeLiquidity": ErrorClass.POST_ONLY_REJECT,
}


def class_of(code: str) -> ErrorClass | None:
    """Returns the class of a code; None for one that is not known. A 5xx stands as "HTTP 5xx"."""
    return ErrorClass.UNKNOWN_OUTCOME if code.startswith("HTTP 5") else CODES.get(code)
