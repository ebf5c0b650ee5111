"""What is said on the control socket: one JSON object a line, both ways.

A request has `id` and `kind`: command (with `command`), status, market, candles (with `instrument`), metrics or ping.
Its answer repeats the id, and holds `ok` with `answer`, or `error` with `text`. Answers to one connection may come in
another order than its requests.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Any

import msgspec

from flatbook.engine.inputs import Command

REQUEST_BYTES_MAX = 64 * 1024
ANSWER_BYTES_MAX = 16 * 1024 * 1024
DEPTH_MAX = 32
ID_TEXT_MAX = 64
PATH_BYTES_MAX = 107

_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*"?')
_BRACKETS = re.compile(rb"[\[\]{}]")


class Fault(Enum):
    """Why a request has no answer."""

    MALFORMED = "malformed"
    TOO_LARGE = "too_large"
    BUSY = "busy"
    TIMED_OUT = "timed_out"
    STOPPING = "stopping"


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind"):
    """The shape of all requests."""

    id: str


class CommandRequest(Request, frozen=True, kw_only=True, tag="command"):
    """Carry out an operator's command."""

    command: Command


class StatusRequest(Request, frozen=True, kw_only=True, tag="status"):
    """Say how the engine stands."""


class MarketRequest(Request, frozen=True, kw_only=True, tag="market"):
    """Say which books and prices you see."""


class CandlesRequest(Request, frozen=True, kw_only=True, tag="candles"):
    """Say how the book of an instrument went, minute by minute."""

    instrument: str


class MetricsRequest(Request, frozen=True, kw_only=True, tag="metrics"):
    """Say all metrics, as text."""


class PingRequest(Request, frozen=True, kw_only=True, tag="ping"):
    """Say that you are there."""


AnyRequest = CommandRequest | StatusRequest | MarketRequest | CandlesRequest | MetricsRequest | PingRequest

_decode = msgspec.json.Decoder(AnyRequest).decode


class RequestRefused(ValueError):
    """A line is no request. Says what is wrong with it."""


def read_request(line: bytes) -> AnyRequest:
    """Returns the request of a line.

    Errors: RequestRefused.
    """
    if depth_of(line) > DEPTH_MAX:
        raise RequestRefused(f"nested deeper than {DEPTH_MAX}")
    try:
        request: AnyRequest = _decode(line)
    except (msgspec.DecodeError, RecursionError) as error:
        raise RequestRefused(f"no request: {error}") from error
    if len(request.id) > ID_TEXT_MAX:
        raise RequestRefused(f"an id has at most {ID_TEXT_MAX} characters")
    return request


def depth_of(line: bytes) -> int:
    """Returns how deep the tables and lists of a JSON text are nested, whether or not it is sound."""
    depth = deepest = 0
    for bracket in _BRACKETS.findall(_STRINGS.sub(b"", line)):
        depth += 1 if bracket in b"[{" else -1
        deepest = max(deepest, depth)
    return deepest


def write_answer(request_id: str, answer: Any) -> bytes:
    """Returns the line that answers a request."""
    return msgspec.json.encode({"id": request_id, "ok": True, "answer": answer}) + b"\n"


def write_fault(request_id: str, fault: Fault, text: str) -> bytes:
    """Returns the line that says why a request has no answer."""
    return msgspec.json.encode({"id": request_id, "ok": False, "error": fault.value, "text": text}) + b"\n"
