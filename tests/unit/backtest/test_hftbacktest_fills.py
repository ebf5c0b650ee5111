"""Our executions beside those that hftbacktest made of the same orders, once, on a tape that anybody can make again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.cross_check import Outcome, check, golden_joining, golden_tape, ours, unexplained

KEPT = json.loads(Path(__file__).with_name("hftbacktest_fills.json").read_text())


def both(lots: int) -> list[tuple[Outcome, Outcome]]:
    """Returns each order as it was executed here and there."""
    tape = golden_tape()
    kept = [Outcome(*row) for row in KEPT["orders_by_lots"][str(lots)]]
    return list(zip(ours(tape, golden_joining(tape, lots)), kept, strict=True))


def test_each_order_of_a_lot_executes_as_at_hftbacktest() -> None:
    pairs = both(1)
    assert (len(pairs), sum(two.lots for _, two in pairs)) == (440, 241)
    assert [one for one, _ in pairs] == [two for _, two in pairs]


def test_of_large_orders_some_get_less_than_at_hftbacktest_and_none_gets_more() -> None:
    """The whole order there where a trade goes through, or the touch comes; here what was traded, or is displayed."""
    pairs = both(500)
    assert [one[:3] for one, _ in pairs] == [two[:3] for _, two in pairs]
    assert all(one.lots <= two.lots for one, two in pairs)
    assert sum(one.lots < two.lots for one, two in pairs) == 10
    assert [sum(pair[side].lots for pair in pairs) for side in (0, 1)] == [117_188, 118_710]


def executed(lots: int) -> Outcome:
    return Outcome(at=1, sign=1, ticks=100, lots=lots)


def test_an_order_that_differs_in_another_way_or_many_that_differ_are_told() -> None:
    same, through, met = ((executed(one), executed(two)) for one, two in ((5, 5), (3, 5), (4, 0)))
    assert unexplained([same, through, met], 5) == []
    for here, there in ((3, 4), (4, 3), (0, 1)):
        wrong = (executed(here), executed(there))
        assert unexplained([wrong], 5) == [wrong]
    check([*[same] * 99, through], 5)
    with pytest.raises(ValueError, match="2 of 101 orders differ, 0 of them in no way"):
        check([*[same] * 99, through, met], 5)
    with pytest.raises(ValueError, match="1 of 201 orders differ, 1 of them in no way"):
        check([*[same] * 200, (executed(3), executed(4))], 5)
