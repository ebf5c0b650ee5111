"""What the errors of Binance are about, spot and USD-M.

Codes are shared by both, but for those where the words decide. Source: developers.binance.com, Spot API errors and
USD-M futures error codes; general information of both: a 5xx says nothing of the outcome, a 503 with -1008 that nothing
was done, 429 and 418 come from a guard before the exchange.
"""

from __future__ import annotations

from collections.abc import Mapping

from flatbook.venues.error_classes import ErrorClass

BANNED_STATUS = 418
TOO_MANY_STATUS = 429
FIREWALL_STATUS = 403
NEW_ORDER_REJECTED = "-2010"

CODES: Mapping[str, ErrorClass] = {
    "-1000": ErrorClass.UNKNOWN_OUTCOME,
    "-1001": ErrorClass.UNKNOWN_OUTCOME,
    "-1002": ErrorClass.AUTH,
    "-1003": ErrorClass.RATE_LIMIT,
    "-1006": ErrorClass.UNKNOWN_OUTCOME,
    "-1007": ErrorClass.UNKNOWN_OUTCOME,
    "-1008": ErrorClass.OVERLOAD,
    "-1013": ErrorClass.PRECISION,
    "-1014": ErrorClass.BAD_PARAM,
    "-1015": ErrorClass.RATE_LIMIT,
    "-1016": ErrorClass.NOT_TRADING,
    "-1020": ErrorClass.BAD_PARAM,
    "-1021": ErrorClass.CLOCK,
    "-1022": ErrorClass.AUTH,
    "-1034": ErrorClass.RATE_LIMIT,
    "-1100": ErrorClass.BAD_PARAM,
    "-1101": ErrorClass.BAD_PARAM,
    "-1102": ErrorClass.BAD_PARAM,
    "-1103": ErrorClass.BAD_PARAM,
    "-1104": ErrorClass.BAD_PARAM,
    "-1105": ErrorClass.BAD_PARAM,
    "-1106": ErrorClass.BAD_PARAM,
    "-1111": ErrorClass.PRECISION,
    "-1114": ErrorClass.BAD_PARAM,
    "-1115": ErrorClass.BAD_PARAM,
    "-1116": ErrorClass.BAD_PARAM,
    "-1117": ErrorClass.BAD_PARAM,
    "-1121": ErrorClass.NOT_TRADING,
    "-1122": ErrorClass.NOT_TRADING,
    "-1128": ErrorClass.BAD_PARAM,
    "-1130": ErrorClass.BAD_PARAM,
    "-2011": ErrorClass.ORDER_NOT_FOUND,
    "-2013": ErrorClass.ORDER_NOT_FOUND,
    "-2014": ErrorClass.AUTH,
    "-2015": ErrorClass.AUTH,
    "-2018": ErrorClass.INSUFFICIENT_MARGIN,
    "-2019": ErrorClass.INSUFFICIENT_MARGIN,
    "-2022": ErrorClass.REDUCE_ONLY_REJECT,
    "-2024": ErrorClass.INSUFFICIENT_MARGIN,
    "-2025": ErrorClass.RATE_LIMIT,
    "-2027": ErrorClass.INSUFFICIENT_MARGIN,
    "-2028": ErrorClass.INSUFFICIENT_MARGIN,
    "-4003": ErrorClass.MIN_SIZE,
    "-4004": ErrorClass.MIN_SIZE,
    "-4005": ErrorClass.MIN_SIZE,
    "-4014": ErrorClass.PRECISION,
    "-4016": ErrorClass.PRICE_BOUND,
    "-4023": ErrorClass.PRECISION,
    "-4024": ErrorClass.PRICE_BOUND,
    "-4061": ErrorClass.POSITION_MODE,
    "-4108": ErrorClass.NOT_TRADING,
    "-4116": ErrorClass.DUPLICATE_CLIENT_ID,
    "-4131": ErrorClass.PRICE_BOUND,
    "-4140": ErrorClass.NOT_TRADING,
    "-4164": ErrorClass.MIN_NOTIONAL,
    "-5022": ErrorClass.POST_ONLY_REJECT,
    "HTTP 403": ErrorClass.RATE_LIMIT,
    "HTTP 418": ErrorClass.BANNED,
    "HTTP 429": ErrorClass.RATE_LIMIT,
}

# Under these codes the words decide: the first that is part of the message does.
WORDED = ("-1013", "-2010", "-2021", "-2022")
WORDS: tuple[tuple[str, ErrorClass], ...] = (
    ("would immediately match and take", ErrorClass.POST_ONLY_REJECT),
    ("duplicate order", ErrorClass.DUPLICATE_CLIENT_ID),
    ("insufficient balance", ErrorClass.INSUFFICIENT_MARGIN),
    ("filter failure: min_notional", ErrorClass.MIN_NOTIONAL),
    ("filter failure: notional", ErrorClass.MIN_NOTIONAL),
    ("filter failure: lot_size", ErrorClass.MIN_SIZE),
    ("filter failure: market_lot_size", ErrorClass.MIN_SIZE),
    ("filter failure: percent_price", ErrorClass.PRICE_BOUND),
    ("filter failure: price_filter", ErrorClass.PRECISION),
    ("market is closed", ErrorClass.NOT_TRADING),
    ("this action is disabled", ErrorClass.AUTH),
    ("this account may not place or cancel orders", ErrorClass.AUTH),
    ("unsupported order combination", ErrorClass.BAD_PARAM),
)


def class_of(code: str, message: str = "") -> ErrorClass | None:
    """Returns the class of a code and its words; None for one that is not known. A 5xx stands as "HTTP 5xx"."""
    if code in WORDED:
        for fragment, found in WORDS:
            if fragment in message.lower():
                return found
    if code.startswith("HTTP 5"):
        return ErrorClass.UNKNOWN_OUTCOME
    return CODES.get(code)
