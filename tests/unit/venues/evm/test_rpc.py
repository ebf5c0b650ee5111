"""JSON-RPC as nodes speak it: what becomes of each call of a batch."""

from __future__ import annotations

import msgspec
import pytest

from flatbook.venues.evm.rpc import Call, Refused, RefusedFor, Result, Unanswered, outcomes_of, request_of
from tests.unit.venues.evm.sample import reply, result


def error(code: object, message: str, number: int | None = 0) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": number, "error": {"code": code, "message": message}}


def test_a_batch_names_each_call_by_its_place() -> None:
    request = request_of(
        (Call(method="eth_chainId"), Call(method="eth_call", params=({"to": "0x1"}, "latest"))), "/key"
    )
    assert (request.method, request.path) == ("POST", "/key")
    assert msgspec.json.decode(request.body) == [
        {"jsonrpc": "2.0", "id": 0, "method": "eth_chainId", "params": []},
        {"jsonrpc": "2.0", "id": 1, "method": "eth_call", "params": [{"to": "0x1"}, "latest"]},
    ]


def test_answers_are_taken_by_their_id_in_whatever_order_they_come() -> None:
    assert outcomes_of(reply([result("b", 1), result(None, 0)]), 2) == (Result(value=None), Result(value="b"))


def test_a_call_that_the_answer_leaves_out_has_none() -> None:
    assert outcomes_of(reply([result("b", 1)]), 2) == (
        Unanswered(detail="the answer leaves the call out"),
        Result(value="b"),
    )


def test_one_answer_may_come_without_its_list() -> None:
    assert outcomes_of(reply(result("a")), 1) == (Result(value="a"),)


def test_a_refusal_of_the_whole_batch_is_one_of_each_call() -> None:
    outcomes = outcomes_of(reply(error(-32005, "batch limit 100 exceeded", None)), 3)
    assert outcomes == (Refused(kind=RefusedFor.LIMIT, detail="-32005: batch limit 100 exceeded"),) * 3


@pytest.mark.parametrize(
    ("code", "message", "kind"),
    [
        (-32005, "query returned more than 10000 results", RefusedFor.LIMIT),
        (-32602, "Log response size exceeded. You can make requests with up to a 2K block range", RefusedFor.LIMIT),
        (-32600, "You can make eth_getLogs requests with up to a 10 block range.", RefusedFor.LIMIT),
        (-32000, "query timeout exceeded", RefusedFor.LIMIT),
        (-32614, "eth_getLogs is limited to a 10,000 range", RefusedFor.LIMIT),
        (-32005, "daily request count exceeded, request rate limited", RefusedFor.PACE),
        (429, "Your app has exceeded its compute units per second capacity", RefusedFor.PACE),
        (-32000, "header not found", RefusedFor.BEHIND),
        (-32000, "unknown block", RefusedFor.BEHIND),
        (-32000, "hash 0xab is not currently canonical", RefusedFor.BEHIND),
        (3, "execution reverted: paused", RefusedFor.REVERTED),
        (-32000, "missing trie node", RefusedFor.OTHER),
        (-32005, "", RefusedFor.LIMIT),
        ("x", "", RefusedFor.OTHER),
    ],
)
def test_refusals_are_sorted_whatever_their_wording(code: object, message: str, kind: RefusedFor) -> None:
    (outcome,) = outcomes_of(reply([error(code, message)]), 1)
    assert outcome == Refused(kind=kind, detail=f"{code}: {message}")


@pytest.mark.parametrize(
    ("body", "status", "outcome"),
    [
        (b"<html>", 503, Unanswered(detail="HTTP 503 without JSON-RPC")),
        (b"", 200, Unanswered(detail="HTTP 200 without JSON-RPC")),
        (b"[" * 100_000, 200, Unanswered(detail="HTTP 200 without JSON-RPC")),
        (b"slow down", 429, Refused(kind=RefusedFor.PACE, detail="HTTP 429")),
        (b"", 413, Refused(kind=RefusedFor.LIMIT, detail="HTTP 413")),
        (b'[{"id": 0}]', 200, Unanswered(detail="neither result nor error")),
        (b'[{"id": true, "result": 1}]', 200, Unanswered(detail="the answer leaves the call out")),
        (b'[{"id": 0, "error": "no"}]', 200, Refused(kind=RefusedFor.OTHER, detail="None: no")),
    ],
)
def test_what_is_no_answer_is_said_to_be_none(body: bytes, status: int, outcome: object) -> None:
    assert outcomes_of(reply(body, status), 1) == (outcome,)


def test_the_detail_of_a_refusal_is_short() -> None:
    (outcome,) = outcomes_of(reply([error(1, "x" * 1_000)]), 1)
    assert isinstance(outcome, Refused)
    assert len(outcome.detail) == 160
