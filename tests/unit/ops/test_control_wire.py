from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flatbook.engine.inputs import Verb
from flatbook.ops.control_wire import (
    CommandRequest,
    Fault,
    MetricsRequest,
    PingRequest,
    RequestRefused,
    StatusRequest,
    depth_of,
    read_request,
    write_answer,
    write_fault,
)

HALT = {"key": "k", "actor": "ann", "reason": "because", "verb": "halt", "arguments": {"scope": "all"}}


def line(**fields: object) -> bytes:
    return json.dumps({"id": "1", **fields}).encode()


def test_each_kind_of_request_is_read() -> None:
    command = read_request(line(kind="command", command=HALT))
    assert isinstance(command, CommandRequest)
    assert (command.id, command.command.verb, command.command.arguments) == ("1", Verb.HALT, {"scope": "all"})
    assert isinstance(read_request(line(kind="status")), StatusRequest)
    assert isinstance(read_request(line(kind="metrics")), MetricsRequest)
    assert isinstance(read_request(line(kind="ping")), PingRequest)


@pytest.mark.parametrize(
    "request_line",
    [
        b"",
        b"\n",
        b"hello",
        b"null",
        b"[]",
        b"{}",
        b"\xff\xfe",
        line(),
        line(kind="shutdown"),
        line(kind="ping", more=1),
        line(kind="command"),
        line(kind="command", command={**HALT, "verb": "selfdestruct"}),
        line(kind="command", command={**HALT, "more": 1}),
        line(kind="command", command={**HALT, "arguments": {"scope": 1}}),
        line(kind="command", command={**HALT, "arguments": {"scope": {"deep": "x"}}}),
        json.dumps({"kind": "ping", "id": 1}).encode(),
        json.dumps({"kind": "ping", "id": "x" * 65}).encode(),
        line(kind="ping") + b" {}",
    ],
)
def test_what_is_no_request_is_refused(request_line: bytes) -> None:
    with pytest.raises(RequestRefused):
        read_request(request_line)


@pytest.mark.parametrize("opened", [b"[", b'{"a":', b'{"id":"1","kind":"ping","x":['])
def test_deep_nesting_is_refused_before_it_is_read(opened: bytes) -> None:
    with pytest.raises(RequestRefused, match="nested deeper than 32"):
        read_request(opened * 9_000)


def test_brackets_inside_texts_do_not_nest() -> None:
    assert depth_of(b'{"a": "[[[[{{{{", "b": [1, "\\"[["]}') == 2
    assert depth_of(b"[[]][[]]") == 2
    assert depth_of(b"]]]]") == 0


def test_no_text_makes_counting_slow() -> None:
    started = time.process_time()
    for hostile in (b'"' * 65_535, b'"\\' * 32_000, b'\\"' * 32_000, b"[" * 65_535):
        depth_of(hostile)
    assert time.process_time() - started < 5  # seconds of our own; looking back at each bracket would take minutes


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(hostile: bytes) -> None:
    try:
        assert read_request(hostile).id is not None
    except RequestRefused:
        assert True


def test_an_answer_is_one_line_with_the_id_of_its_request() -> None:
    assert write_answer("7", {"a": "x\ny"}) == b'{"id":"7","ok":true,"answer":{"a":"x\\ny"}}\n'
    assert write_fault("7", Fault.BUSY, "too many") == b'{"id":"7","ok":false,"error":"busy","text":"too many"}\n'
