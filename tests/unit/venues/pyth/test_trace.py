"""Prices in the trace of a transaction."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from flatbook.venues.pyth.price import Missing, OraclePrice
from flatbook.venues.pyth.trace import FRAMES_MAX, prices_in_trace, trace_call
from tests.unit.venues.pyth.sample import COIN, ETH, OTHER, PYTH, TSLA, frame, inside, words


def prices(trace: object) -> list[tuple[str, Decimal, bool]]:
    found = prices_in_trace(trace, PYTH)
    assert not isinstance(found, Missing)
    return [(each.feed, each.price, each.is_average) for each in found if isinstance(each, OraclePrice)]


def test_a_trace_is_asked_for_by_its_calls() -> None:
    call = trace_call("0x" + "01" * 32)
    assert (call.method, call.params) == (
        "debug_traceTransaction",
        ("0x" + "01" * 32, {"tracer": "callTracer"}),
    )


def test_each_of_the_four_functions_is_read_in_the_order_of_the_calls() -> None:
    trace = inside(
        frame(ETH, words(300_000, 1, -2)),
        inside(frame(COIN, words(25_000, 1, -2), selector="a4ae35e0", to=PYTH.upper().replace("0X", "0x"))),
        frame(COIN, words(24_000, 1, -2), selector="9474f45b"),
        frame(TSLA, words(430, 1, 0), selector="711a2e28"),
    )
    assert prices(trace) == [
        (ETH, Decimal(3000), False),
        (COIN, Decimal(250), False),
        (COIN, Decimal(240), True),
        (TSLA, Decimal(430), True),
    ]


def test_other_contracts_other_functions_and_short_calls_are_passed_over() -> None:
    trace = inside(
        frame(COIN, words(1, 1, 0), to=OTHER),
        frame(COIN, words(1, 1, 0), selector="d47eed45"),
        frame("0x", words(1, 1, 0)),
        frame(COIN, words(1, 1, 0), to=None),
        frame(COIN, words(1, 1, 0), input=None),
    )
    assert prices_in_trace(trace, PYTH) == ()


def test_what_was_reverted_was_never_read() -> None:
    trace = inside(
        frame(COIN, None, error="execution reverted"),
        inside(frame(COIN, words(251, 1, 0)), error="out of gas"),
        frame(COIN, words(250, 1, 0)),
    )
    assert prices(trace) == [(COIN, Decimal(250), False)]
    assert prices_in_trace({**trace, "error": "execution reverted"}, PYTH) == ()


def test_a_call_without_an_answer_is_told_with_its_feed() -> None:
    found = prices_in_trace(frame(COIN, None), PYTH)
    assert isinstance(found, tuple)
    assert [(type(each), each.feed) for each in found] == [(Missing, COIN)]


@pytest.mark.parametrize("trace", [None, [], "0x", 1, inside(5), inside(calls="none"), {"calls": {"a": 1}}])
def test_what_is_no_trace_is_unreadable(trace: Any) -> None:
    assert isinstance(prices_in_trace(trace, PYTH), Missing)


def test_a_trace_is_read_however_deep_it_is_and_has_a_bound() -> None:
    deep = frame(COIN, words(250, 1, 0))
    for _ in range(FRAMES_MAX - 1):
        deep = inside(deep)
    assert prices(deep) == [(COIN, Decimal(250), False)]
    found = prices_in_trace(inside(deep), PYTH)
    assert isinstance(found, Missing)
    assert found.detail == "the trace cannot be read: it has too many calls"
