"""Laws of Schwab's parser: any reply has a meaning, none raises, and only Schwab's own words are proofs."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from flatbook.engine.reports import Absent, AccountStatement, CancelTaken, CancelTooLate, Rejected, Unknown
from flatbook.engine.sound import flaw_of_execution, flaw_of_report, flaw_of_statement
from flatbook.venues.http import Reply
from flatbook.venues.schwab import parse
from flatbook.venues.schwab.fingerprints import owners
from flatbook.venues.schwab.market_day import MarketDay, hours_answer
from flatbook.venues.schwab.pages import cursor_of
from flatbook.venues.schwab.refusals import meaning_of_refusal
from flatbook.venues.schwab.tokens import LoginRefused, Tokens, code_of, tokens_answer
from tests.property.test_alpaca_parse import json_values, kinds, numbers, statuses
from tests.unit.venues.schwab.sample import (
    HOURS,
    JSON,
    MAIN,
    NUMBER,
    REGULAR,
    SYMBOLS,
    THEIRS,
    account,
    execution,
    order,
    own,
)

SEEDS: tuple[dict[str, Any], ...] = (
    order(execution(1)),
    order(),
    account(),
    account()["securitiesAccount"],
    HOURS,
    {"message": "Order 1 not found", "errors": []},
    {"accountNumber": NUMBER, "hashValue": "A"},
    {"access_token": "a", "refresh_token": "b", "expires_in": 1},
)


def check(answer: Reply) -> None:
    """Every reading of a reply gives a value of its kind, which can be examined without raising."""
    refused = meaning_of_refusal(answer, REGULAR)
    assert not (isinstance(refused, Rejected) and answer.status not in (400, 401, 403, 404, 422, 429))
    canceled = parse.cancel_answer(answer, now=REGULAR)
    assert isinstance(canceled, CancelTaken | CancelTooLate | Rejected | Unknown)
    found = parse.order_answer(answer, venue_order_id=THEIRS, symbols=SYMBOLS)
    assert isinstance(found, parse.Listed | Absent | Unknown)
    assert not (isinstance(found, Absent) and answer.status != 404)
    listing = parse.orders_answer(answer, symbols=SYMBOLS)
    for each in listing.orders if isinstance(listing, parse.Listing) else ():
        flaw_of_report(each.report, REGULAR)
        for row in each.report.executions:
            flaw_of_execution(row, REGULAR)
    if isinstance(listing, parse.Listing):
        owners([own()], listing.orders, {}, window_s=30)
    stated = parse.statement_of(answer, (), account=MAIN, number=NUMBER, symbols=SYMBOLS, at=REGULAR)
    if isinstance(stated, AccountStatement):
        flaw_of_statement(stated, REGULAR)
    assert isinstance(parse.hash_answer(answer, number=NUMBER), parse.AccountHash | Absent | Unknown)
    assert isinstance(hours_answer(answer), MarketDay | Unknown)
    assert isinstance(tokens_answer(answer, asked_at=REGULAR, before=None), Tokens | LoginRefused | Unknown)


@given(statuses, kinds, st.binary(max_size=2_048))
def test_any_bytes_are_read_without_raising(status: int, kind: str, body: bytes) -> None:
    check(Reply(status=status, headers={"content-type": kind}, body=body))


@given(statuses, json_values)
def test_any_json_is_read_without_raising(status: int, content: Any) -> None:
    check(Reply(status=status, headers={"content-type": JSON}, body=json.dumps(content).encode()))


@given(st.data())
def test_a_documented_shape_with_any_field_spoilt_is_read_without_raising(data: st.DataObject) -> None:
    shape = json.loads(json.dumps(data.draw(st.sampled_from(SEEDS))))
    inner = shape
    while True:
        key: Any = data.draw(st.sampled_from(sorted(inner)) if isinstance(inner, dict) else st.just(0))
        deeper = inner[key]
        if not isinstance(deeper, dict | list) or not deeper or data.draw(st.booleans()):
            inner[key] = data.draw(json_values | numbers)
            break
        inner = deeper
    content = data.draw(st.sampled_from([shape, [shape], [shape, shape]]))
    check(Reply(status=data.draw(statuses), headers={"content-type": JSON}, body=json.dumps(content).encode()))


@given(st.sampled_from(SEEDS), st.booleans(), st.data())
def test_an_answer_cut_off_anywhere_is_never_taken_for_a_whole_one(
    shape: dict[str, Any], in_list: bool, data: st.DataObject
) -> None:
    whole = json.dumps([shape] if in_list else shape).encode()
    cut = Reply(status=200, headers={"content-type": JSON}, body=whole[: data.draw(st.integers(0, len(whole) - 1))])
    check(cut)
    assert isinstance(parse.order_answer(cut, venue_order_id=THEIRS, symbols=SYMBOLS), Unknown)
    assert isinstance(parse.orders_answer(cut, symbols=SYMBOLS), Unknown)


@given(st.text(max_size=200))
def test_any_text_is_a_cursor_an_address_and_a_location_without_raising(text: str) -> None:
    assert cursor_of(text, first_from=REGULAR).until >= 0
    assert isinstance(code_of(text, callback="https://127.0.0.1:8182"), str | LoginRefused)
    parse.placed_id(Reply(status=201, headers={"location": text}, body=b""))
