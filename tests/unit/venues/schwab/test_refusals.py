"""What a refusal of Schwab proves."""

from __future__ import annotations

import pytest

from flatbook.engine.reports import Rejected, Unknown
from flatbook.events.orders import RejectReason, UnknownReason
from flatbook.venues.http import Reply
from flatbook.venues.schwab.refusals import meaning_of_refusal, reason_of
from tests.unit.venues.schwab.sample import HTML, JSON, REGULAR, refusal, reply


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("You do not have enough buying power", RejectReason.INSUFFICIENT_FUNDS),
        ("This order may result in an oversold/overbought position", RejectReason.INSUFFICIENT_SHARES),
        ("Trading in this security is halted", RejectReason.HALTED),
        ("The market is closed", RejectReason.MARKET_CLOSED),
        ("No trades are currently allowed", RejectReason.RESTRICTED),
        ("Symbol XX is invalid", RejectReason.NO_MARKET),
        ("Limit price has an invalid increment", RejectReason.INVALID_PRICE),
        ("Quantity must be a whole number", RejectReason.INVALID_QUANTITY),
        ("something else", RejectReason.OTHER),
    ],
)
def test_words_give_a_reason(text: str, reason: RejectReason) -> None:
    answer = meaning_of_refusal(refusal(400, text), REGULAR)
    assert isinstance(answer, Rejected)
    assert (answer.reason, answer.code, answer.message) == (reason, "400", text)
    assert reason_of(text) is reason


def test_the_gateway_writes_a_list_of_errors_and_the_service_a_message() -> None:
    gateway = reply({"errors": [{"id": "1", "status": 401, "title": "Unauthorized", "detail": "token"}]}, 401)
    answer = meaning_of_refusal(gateway, REGULAR)
    assert isinstance(answer, Rejected)
    assert answer.message == "Unauthorized token"
    listed = meaning_of_refusal(reply({"message": "Bad", "errors": ["buying power"]}, 400), REGULAR)
    assert isinstance(listed, Rejected)
    assert (listed.message, listed.reason) == ("Bad buying power", RejectReason.INSUFFICIENT_FUNDS)


def test_too_many_requests_were_not_processed_whoever_says_so() -> None:
    answer = meaning_of_refusal(Reply(status=429, headers={}, body=b"slow down"), REGULAR)
    assert isinstance(answer, Rejected)
    assert answer.reason is RejectReason.RATE_LIMITED


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (HTML, UnknownReason.UNREADABLE),
        (reply({}, 400), UnknownReason.UNREADABLE),
        (Reply(status=400, headers={"content-type": JSON}, body=b"{"), UnknownReason.UNREADABLE),
        (Reply(status=302, headers={}, body=b""), UnknownReason.UNREADABLE),
        (refusal(500, "down"), UnknownReason.SERVER_FAULT),
        (refusal(503, "down"), UnknownReason.SERVER_FAULT),
    ],
)
def test_everything_else_proves_nothing(answer: Reply, reason: UnknownReason) -> None:
    assert meaning_of_refusal(answer, REGULAR) == Unknown(reason=reason)
