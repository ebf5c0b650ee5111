"""The words of JSON-RPC: calls in a batch, and for each call a result, a refusal, or no answer that can be used.

Nodes word their refusals as they like: what is known of them is sorted here, once, by code and by what the text says.
Nothing raises, whatever the bytes are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum

import msgspec

from flatbook.venues.http import Reply, Request

DETAIL_MAX = 160
CALLS_MAX = 100

Params = tuple[object, ...]


class RefusedFor(Enum):
    """Why a node did not do what it was asked."""

    LIMIT = "limit"
    PACE = "pace"
    BEHIND = "behind"
    REVERTED = "reverted"
    OTHER = "other"


class Word(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The shape of all that is said to a node and by it."""


class Call(Word, frozen=True, kw_only=True):
    """One question to a node."""

    method: str
    params: Params = ()


class Result(Word, frozen=True, kw_only=True):
    """What a node answered, as JSON."""

    value: object


class Refused(Word, frozen=True, kw_only=True):
    """A node read the call and did not do it: a range or answer too large, too many calls, a block that it has not."""

    kind: RefusedFor
    detail: str


class Unanswered(Word, frozen=True, kw_only=True):
    """No answer that can be used: nothing came, or what came is no JSON-RPC. Whatever was asked may be asked again."""

    detail: str


Outcome = Result | Refused | Unanswered

# Source: EIP-1474 (-32005 limit exceeded, -32001 and -32002 not there), EIP-1898, and the wordings of geth, erigon,
# nethermind, anvil and of the large providers. The first line of which a part stands in the text decides.
_WORDINGS: tuple[tuple[RefusedFor, tuple[str, ...]], ...] = (
    (RefusedFor.PACE, ("rate limit", "too many requests", "requests per", "request limit", "compute units")),
    (RefusedFor.REVERTED, ("revert",)),
    (
        RefusedFor.LIMIT,
        ("range", "more than", "too large", "exceed", "limit", "timeout", "timed out", "too many", "response size"),
    ),
    (RefusedFor.BEHIND, ("not found", "unknown block", "canonical", "beyond", "future", "does not exist")),
)
_CODES = {
    -32005: RefusedFor.LIMIT,
    -32001: RefusedFor.BEHIND,
    -32002: RefusedFor.BEHIND,
    3: RefusedFor.REVERTED,
    429: RefusedFor.PACE,
}


def request_of(calls: Sequence[Call], path: str) -> Request:
    """Returns the request that asks all calls at once. A call is answered by its place in the batch."""
    batch = [
        {"jsonrpc": "2.0", "id": place, "method": call.method, "params": call.params}
        for place, call in enumerate(calls)
    ]
    return Request(method="POST", path=path, body=msgspec.json.encode(batch))


def outcomes_of(reply: Reply, count: int) -> tuple[Outcome, ...]:
    """Returns what became of each of `count` calls.

    Gives: the same for all of them where the answer is one for the whole batch; Unanswered for what it leaves out.
    """
    if reply.status == 429:
        return (Refused(kind=RefusedFor.PACE, detail="HTTP 429"),) * count
    stated = _decoded(reply.body)
    if isinstance(stated, Mapping) and "error" in stated:
        return (_refusal(stated["error"]),) * count
    if reply.status == 413:
        return (Refused(kind=RefusedFor.LIMIT, detail="HTTP 413"),) * count
    if isinstance(stated, Mapping) and count == 1:
        stated = [stated]
    if not isinstance(stated, list):
        return (Unanswered(detail=f"HTTP {reply.status} without JSON-RPC"),) * count
    answers = {
        place: each for each in stated if isinstance(each, Mapping) and (place := _place(each.get("id"))) is not None
    }
    return tuple(_outcome(answers.get(place)) for place in range(count))


def _decoded(body: bytes) -> object:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return None


def _place(stated: object) -> int | None:
    return stated if isinstance(stated, int) and not isinstance(stated, bool) else None


def _outcome(answer: Mapping[str, object] | None) -> Outcome:
    if answer is None:
        return Unanswered(detail="the answer leaves the call out")
    if answer.get("error") is not None:
        return _refusal(answer["error"])
    return Result(value=answer["result"]) if "result" in answer else Unanswered(detail="neither result nor error")


def _refusal(error: object) -> Refused:
    fields = error if isinstance(error, Mapping) else {"message": error}
    code, text = fields.get("code"), str(fields.get("message", ""))
    return Refused(kind=_kind_of(code, text.lower()), detail=f"{code}: {text}"[:DETAIL_MAX])


def _kind_of(code: object, text: str) -> RefusedFor:
    for kind, parts in _WORDINGS:
        if any(part in text for part in parts):
            return kind
    return _CODES.get(code, RefusedFor.OTHER) if isinstance(code, int) else RefusedFor.OTHER
