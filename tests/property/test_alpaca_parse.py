"""Laws of Alpaca's parser: any reply has a meaning, none raises, and only Alpaca's own words are proofs."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from flatbook.engine.reports import (
    Absent,
    Accepted,
    AccountStatement,
    CancelTaken,
    CancelTooLate,
    Execution,
    OrderReport,
    Rejected,
    Unknown,
)
from flatbook.engine.sound import flaw_of_execution, flaw_of_report, flaw_of_statement
from flatbook.values.ids import VenueOrderId
from flatbook.venues.alpaca import parse
from flatbook.venues.alpaca.parse import Fills
from flatbook.venues.http import Reply
from flatbook.venues.pace import Pace, pace_after
from tests.unit.venues.alpaca.sample import (
    ACCOUNT_ID,
    JSON,
    MAIN,
    OURS,
    REGULAR,
    SYMBOLS,
    THEIRS,
    account,
    approved,
    fill,
    order,
    position,
)

statuses = st.sampled_from([200, 201, 204, 301, 400, 401, 403, 404, 408, 409, 422, 429, 500, 502, 503, 504])
kinds = st.sampled_from([JSON, "application/json", "text/html", "", "application/json;", "text/plain"])
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
numbers = st.sampled_from(
    [
        "",
        "1e5000",
        "1e400",
        "-0",
        "NaN",
        "Infinity",
        "9" * 60,
        "0." + "1" * 30,
        10**400,
        1.5,
        -1,
        None,
        True,
        "1_0",
        "٣",
    ]
)
SEEDS: tuple[dict[str, Any], ...] = (
    order(),
    fill(1, "1"),
    position(),
    account(),
    {"code": 42210000, "message": "client_order_id must be unique"},
    {"code": 40410000, "message": "order not found"},
)


def check(answer: Reply) -> None:
    """Every reading of a reply gives a value of its kind, which can be examined without raising."""
    placed = parse.place_answer(answer, order=approved(), symbol="AAPL", now=REGULAR)
    assert isinstance(placed, Accepted | Rejected | Unknown)
    assert not (isinstance(placed, Accepted) and not 200 <= answer.status < 300)
    assert not (isinstance(placed, Rejected) and answer.status not in (400, 401, 403, 404, 422, 429))
    canceled = parse.cancel_answer(answer, now=REGULAR)
    assert isinstance(canceled, CancelTaken | CancelTooLate | Rejected | Unknown)
    found = parse.order_answer(answer, order_id=OURS, symbols=SYMBOLS)
    assert isinstance(found, OrderReport | Absent | Unknown)
    assert not (isinstance(found, Absent) and answer.status != 404)
    if isinstance(found, OrderReport):
        flaw_of_report(found, REGULAR)
    assert isinstance(parse.client_id_answer(answer, venue_order_id=VenueOrderId(THEIRS)), str | Absent | Unknown)
    page = parse.fills_answer(answer, account_id=ACCOUNT_ID, symbols=SYMBOLS)
    for execution in page.executions if isinstance(page, Fills) else ():
        if isinstance(execution, Execution):
            flaw_of_execution(execution, REGULAR)
    statement = parse.statement_answer((answer,) * 3, account=MAIN, symbols=SYMBOLS, stated_at=REGULAR)
    if isinstance(statement, AccountStatement):
        flaw_of_statement(statement, REGULAR)
    assert REGULAR <= max(REGULAR, pace_after(Pace(), answer, REGULAR).held_until) <= REGULAR + 300 * 10**9


@given(statuses, kinds, st.binary(max_size=2_048))
def test_any_bytes_are_read_without_raising(status: int, kind: str, body: bytes) -> None:
    check(Reply(status=status, headers={"content-type": kind}, body=body))


@given(statuses, json_values)
def test_any_json_is_read_without_raising(status: int, content: Any) -> None:
    check(Reply(status=status, headers={"content-type": JSON}, body=json.dumps(content).encode()))


@given(st.data())
def test_a_documented_shape_with_any_field_spoilt_is_read_without_raising(data: st.DataObject) -> None:
    shape = dict(data.draw(st.sampled_from(SEEDS)))
    field = data.draw(st.sampled_from(sorted(shape)))
    shape[field] = data.draw(json_values | numbers)
    content = data.draw(st.sampled_from([shape, [shape], [shape, shape]]))
    status = data.draw(statuses)
    check(Reply(status=status, headers={"content-type": JSON}, body=json.dumps(content).encode()))


@given(st.sampled_from(SEEDS), st.booleans(), st.data())
def test_an_answer_cut_off_anywhere_is_never_taken_for_a_whole_one(
    shape: dict[str, Any], in_list: bool, data: st.DataObject
) -> None:
    whole = json.dumps([shape] if in_list else shape).encode()
    cut = Reply(status=200, headers={"content-type": JSON}, body=whole[: data.draw(st.integers(0, len(whole) - 1))])
    check(cut)
    assert isinstance(parse.place_answer(cut, order=approved(), symbol="AAPL", now=REGULAR), Unknown)
    assert isinstance(parse.order_answer(cut, order_id=OURS, symbols=SYMBOLS), Unknown)
    assert isinstance(parse.fills_answer(cut, account_id=ACCOUNT_ID, symbols=SYMBOLS), Unknown)


@given(
    st.dictionaries(
        st.sampled_from(["retry-after", "x-ratelimit-reset", "x-ratelimit-remaining"]), st.text(max_size=30)
    ),
    st.sampled_from([200, 429]),
)
def test_no_header_can_make_us_wait_for_more_than_five_minutes(headers: dict[str, str], status: int) -> None:
    held = pace_after(Pace(), Reply(status=status, headers=headers, body=b""), REGULAR).held_until
    assert held <= REGULAR + 300 * 10**9
