"""What a refusal of Binance proves: the code, the words, and failing these the status."""

from __future__ import annotations

import pytest

from flatbook.engine.reports import Rejected, Unknown
from flatbook.events.orders import RejectReason, UnknownReason
from flatbook.venues.binance.refusals import meaning_of_refusal, said_by
from flatbook.venues.http import Reply
from tests.unit.venues.binance.sample import NOW, refused, reply

TAKES = "Due to the order could not be executed as maker, the Post Only order will be rejected."


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (refused(-5022, TAKES), RejectReason.WOULD_TAKE),
        (refused(-2010, "Order would immediately match and take."), RejectReason.WOULD_TAKE),
        (refused(-2010, "Account has insufficient balance for requested action."), RejectReason.INSUFFICIENT_FUNDS),
        (refused(-2010, "Duplicate order sent."), RejectReason.DUPLICATE_ID),
        (refused(-2010, "Words that nobody knows."), RejectReason.OTHER),
        (refused(-4116, "ClientOrderId is duplicated."), RejectReason.DUPLICATE_ID),
        (refused(-2019, "Margin is insufficient."), RejectReason.INSUFFICIENT_FUNDS),
        (refused(-2022, "ReduceOnly Order is rejected."), RejectReason.OTHER),
        (refused(-1013, "Filter failure: NOTIONAL"), RejectReason.INVALID_QUANTITY),
        (refused(-1013, "Filter failure: LOT_SIZE"), RejectReason.INVALID_QUANTITY),
        (refused(-1013, "Filter failure: PERCENT_PRICE_BY_SIDE"), RejectReason.INVALID_PRICE),
        (refused(-1111, "Precision is over the maximum defined for this asset."), RejectReason.INVALID_PRICE),
        (refused(-4164, "Order's notional must be no smaller than 100"), RejectReason.INVALID_QUANTITY),
        (refused(-1021, "Timestamp for this request is outside of the recvWindow."), RejectReason.OTHER),
        (refused(-2015, "Invalid API-key, IP, or permissions for action.", 401), RejectReason.RESTRICTED),
        (refused(-1003, "Too many requests.", 429), RejectReason.RATE_LIMITED),
        (refused(-1003, "Way too much request weight used; IP banned.", 418), RejectReason.RATE_LIMITED),
        (refused(-1008, "Request throttled by system-level protection.", 503), RejectReason.RATE_LIMITED),
        (refused(-999999, "A code that nobody knows."), RejectReason.OTHER),
        (Reply(status=403, headers={}, body=b"<html>WAF</html>"), RejectReason.RATE_LIMITED),
    ],
)
def test_a_refusal_of_binance_is_proof_that_nothing_was_done(answer: Reply, reason: RejectReason) -> None:
    meaning = meaning_of_refusal(answer, NOW)
    assert isinstance(meaning, Rejected)
    assert meaning.reason is reason


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (refused(-1000, "An unknown error occurred."), UnknownReason.SERVER_FAULT),
        (refused(-1001, "Internal error; unable to process your request."), UnknownReason.SERVER_FAULT),
        (refused(-1006, "An unexpected response was received. Execution status unknown."), UnknownReason.SERVER_FAULT),
        (refused(-1007, "Timeout waiting for response from backend server.", 408), UnknownReason.SERVER_FAULT),
        (refused(-2019, "Margin is insufficient.", 500), UnknownReason.SERVER_FAULT),
        (
            refused(-1000, "Unknown error, please check your request or try again later.", 503),
            UnknownReason.SERVER_FAULT,
        ),
        (Reply(status=503, headers={}, body=b"Service Unavailable"), UnknownReason.SERVER_FAULT),
        (Reply(status=502, headers={}, body=b"<html>"), UnknownReason.SERVER_FAULT),
        (Reply(status=400, headers={}, body=b"<html>a portal</html>"), UnknownReason.UNREADABLE),
        (Reply(status=302, headers={}, body=b""), UnknownReason.UNREADABLE),
    ],
)
def test_whatever_leaves_the_outcome_open_is_unknown(answer: Reply, reason: UnknownReason) -> None:
    assert meaning_of_refusal(answer, NOW) == Unknown(reason=reason)


def test_people_are_told_code_and_words() -> None:
    assert said_by(refused(-2015, "Invalid API-key.")) == "-2015 Invalid API-key."
    assert said_by(reply(b"<html>", 502)) == "HTTP 502"
