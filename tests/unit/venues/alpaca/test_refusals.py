"""What refusals prove: by status, by code and by words."""

from __future__ import annotations

import pytest

from flatbook.engine.reports import Rejected, Unknown
from flatbook.events.orders import RejectReason, UnknownReason
from flatbook.venues.alpaca.refusals import meaning_of_refusal, says_no_such_order
from flatbook.venues.http import Reply
from tests.unit.venues.alpaca.sample import JSON, NOT_FOUND, REGULAR, refusal, reply

UNREADABLE = Unknown(reason=UnknownReason.UNREADABLE)
SERVER_FAULT = Unknown(reason=UnknownReason.SERVER_FAULT)


@pytest.mark.parametrize(
    ("status", "code", "message", "reason"),
    [
        (422, 42210000, "client_order_id must be unique", RejectReason.DUPLICATE_ID),
        (422, 40010001, "client_order_id must be unique", RejectReason.DUPLICATE_ID),
        (422, 49999999, "Client order id must be unique", RejectReason.DUPLICATE_ID),
        (422, None, "client_order_id must be unique", RejectReason.DUPLICATE_ID),
        (403, 40310000, "insufficient buying power", RejectReason.INSUFFICIENT_FUNDS),
        (422, None, "insufficient buying power", RejectReason.INSUFFICIENT_FUNDS),
        (403, 40310000, "insufficient day trading buying power", RejectReason.INSUFFICIENT_FUNDS),
        (
            403,
            40310000,
            "insufficient qty available for order (requested: 1000, available: 0)",
            RejectReason.INSUFFICIENT_SHARES,
        ),
        (403, 40310000, "account is not allowed to short", RejectReason.RESTRICTED),
        (403, 40310000, "trade denied due to pattern day trading protection", RejectReason.RESTRICTED),
        (422, 42210000, "fractional orders cannot be sold short", RejectReason.RESTRICTED),
        (403, 40310000, "potential wash trade detected. use complex orders", RejectReason.WASH_TRADE),
        (422, 42210000, "potential wash trade detected", RejectReason.WASH_TRADE),
        (403, 40310000, "cannot open a long buy while a short sell order is open", RejectReason.WASH_TRADE),
        (
            422,
            42210000,
            "invalid limit_price 11.055. sub-penny increment does not fulfill minimum pricing criteria",
            RejectReason.INVALID_PRICE,
        ),
        (422, 40010001, "qty must be integer", RejectReason.INVALID_QUANTITY),
        (403, 40310000, "cost basis must be >= minimal amount of order 1", RejectReason.INVALID_QUANTITY),
        (422, 42210000, "asset AAPL is not tradable", RejectReason.NO_MARKET),
        (422, 42210000, 'asset "AAPL" not found', RejectReason.NO_MARKET),
        (404, 40410000, "asset not found for AAPL", RejectReason.NO_MARKET),
        (403, 40310000, 'asset "BRK.A" is not fractionable', RejectReason.INVALID_QUANTITY),
        (422, 42210000, "market orders are only allowed during market hours", RejectReason.MARKET_CLOSED),
        (403, 40310000, "trading in AAPL is halted", RejectReason.HALTED),
        (422, 42210000, "words that nobody has seen", RejectReason.OTHER),
        (403, 40310099, "insufficient buying power", RejectReason.OTHER),
        (401, None, "unauthorized.", RejectReason.OTHER),
        (400, 40010000, "request body format is invalid", RejectReason.OTHER),
        (404, 40410000, "account not found", RejectReason.OTHER),
    ],
)
def test_a_refusal_is_known_by_its_code_and_its_words_and_both_are_kept(
    status: int, code: int | None, message: str, reason: RejectReason
) -> None:
    assert meaning_of_refusal(refusal(status, code, message), REGULAR) == Rejected(
        reason=reason, code=str(code or status), message=message, happened_at=REGULAR
    )


@pytest.mark.parametrize("body", [b"", b"<html>slow down</html>", b'{"message":"too many requests."}'])
def test_a_refusal_for_the_rate_is_a_proof_whoever_wrote_it(body: bytes) -> None:
    answer = meaning_of_refusal(Reply(status=429, headers={"content-type": "text/html"}, body=body), REGULAR)
    assert isinstance(answer, Rejected)
    assert (answer.reason, answer.code) == (RejectReason.RATE_LIMITED, "429")


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (refusal(500, 50010000, "internal server error occurred"), SERVER_FAULT),
        (refusal(503, None, "client_order_id must be unique"), SERVER_FAULT),
        (Reply(status=504, headers={"content-type": "text/html"}, body=b"<html>"), SERVER_FAULT),
        (refusal(408, None, "request time-out"), UNREADABLE),
        (refusal(409, None, "conflict"), UNREADABLE),
        (Reply(status=301, headers={}, body=b""), UNREADABLE),
        (Reply(status=403, headers={"content-type": "text/html"}, body=b"<html>denied</html>"), UNREADABLE),
        (Reply(status=422, headers={"content-type": JSON}, body=b'{"message":"client_order_id mu'), UNREADABLE),
        (Reply(status=422, headers={"content-type": JSON}, body=b'{"message":7}'), UNREADABLE),
        (Reply(status=422, headers={"content-type": JSON}, body=b"\xff\xfe"), UNREADABLE),
        (Reply(status=422, headers={}, body=b'{"message":"client_order_id must be unique"}'), UNREADABLE),
        (reply([], 422), UNREADABLE),
    ],
)
def test_what_is_no_refusal_in_alpacas_words_proves_nothing(answer: Reply, expected: Unknown) -> None:
    assert meaning_of_refusal(answer, REGULAR) == expected


def test_a_refusal_as_long_as_a_book_is_cut() -> None:
    answer = meaning_of_refusal(refusal(422, 42210000, "x" * 10_000), REGULAR)
    assert isinstance(answer, Rejected)
    assert len(answer.message) == 200


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (NOT_FOUND, True),
        (refusal(404, 40410000, "order not found"), True),
        (refusal(404, None, "Order not found"), True),
        (refusal(404, 40410000, "account not found"), False),
        (refusal(404, None, "endpoint not found."), False),
        (refusal(422, 40410000, "order not found"), False),
        (refusal(404, 50010000, "order not found"), False),
        (Reply(status=404, headers={"content-type": "text/html"}, body=b"order not found"), False),
        (reply({}, 200), False),
    ],
)
def test_only_alpacas_word_for_it_means_that_there_is_no_order(answer: Reply, expected: bool) -> None:
    assert says_no_such_order(answer) is expected
