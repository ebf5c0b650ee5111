"""The runner of profit and loss cases can fail, skips what it cannot judge, and takes cases it has never seen."""

from __future__ import annotations

from typing import Any

import pytest

from tests.vectors.outcome import NotDue
from tests.vectors.pnl import run_buckets, run_fifo, run_live


def row(rowid: int, venue: str, side: str, price: str, at: str, shares: str = "1") -> dict[str, Any]:
    fields = {"rowid": rowid, "venue": venue, "side": side, "price": price, "shares": shares}
    return fields | {"at": f"2026-05-15T{at}Z"}


SOLD = row(1, "onchain", "sell", "10", "14:00:00")
HEDGED = row(2, "offchain", "buy", "8", "14:01:00")
LATE = row(2, "offchain", "buy", "8", "14:05:01")


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([SOLD, LATE], {"directional": "2", "counter_trade": "0", "delayed": True}),
        ([SOLD, HEDGED], {"counter_trade": "2", "delayed": False, "opening_rowid": 1}),
        ([SOLD], {"open_short": "1", "entries": 0, "realized": "0"}),
        ([HEDGED, SOLD], {"broker_fees": "0.5", "cctp_fees": "0.25", "tracked": "0.75", "net": "1.25"}),
        ([], {"cctp_fees": "0", "missing_cost_observations": 2, "tracked": "0"}),
    ],
)
def test_a_case_that_is_right_passes(rows: list[Any], expected: dict[str, Any]) -> None:
    assert run_buckets({"rows": rows, "expected": expected}) is None


@pytest.mark.parametrize("expected", [{"counter_trade": "2.01"}, {"delayed": True}, {"label": "2026-05-16"}])
def test_a_case_that_is_wrong_fails(expected: dict[str, Any]) -> None:
    assert run_buckets({"rows": [SOLD, HEDGED], "expected": expected}) is not None


def test_costs_that_a_case_states_are_taken_from_there() -> None:
    costs = [{"kind": "bot_gas", "amount": "0.042"}, {"kind": "broker_fees", "amount": None}]
    expected = {"bot_gas": "0.042", "missing_cost_observations": 1, "net": "1.958"}
    assert run_buckets({"rows": [SOLD, HEDGED], "costs": costs, "expected": expected}) is None


def test_a_case_with_inputs_or_figures_of_another_kind_is_skipped() -> None:
    with pytest.raises(NotDue, match="sessions"):
        run_buckets({"rows": [SOLD], "sessions": ["regular"], "expected": {"total": "0"}})
    with pytest.raises(NotDue, match="sharpe"):
        run_buckets({"rows": [SOLD], "expected": {"sharpe": "3"}})


def test_rows_without_a_price_must_fail() -> None:
    free = [row(1, "offchain", "sell", "0", "14:00:00")]
    assert run_buckets({"rows": free, "expected": {"error": "PRICE"}}) is None
    assert run_buckets({"rows": free, "expected": {"total": "0"}}) is not None
    assert run_buckets({"rows": [SOLD], "expected": "error"}) is not None


def test_a_return_is_taken_over_the_days_that_have_both() -> None:
    days = [{"pnl": "2", "capital": "1000"}, {"pnl": "500", "capital": None}]
    assert run_buckets({"days": days, "expected": "73"}) is None
    assert run_buckets({"days": days, "expected": "74"}) is not None


def test_each_trade_of_a_list_has_its_outcome() -> None:
    trades = [["buy", 10, 5], ["buy", 0, 5], ["sell", "4", "6"]]
    expected: list[Any] = [None, "error", {"realized": "4", "cumulative": "4", "net": 6}]
    assert run_fifo({"trades": trades, "expected": expected}) is None
    assert run_fifo({"trades": trades, "expected": expected[:2]}) is not None
    assert (
        run_fifo({"trades": trades, "expected": [None, None, expected[2]]}) == "trade 1: expected None, found an error"
    )
    assert run_fifo({"trades": trades, "expected": ["error", "error", expected[2]]}) is not None
    assert run_fifo({"trades": trades, "expected": [None, "error", {"realized": "5"}]}) is not None


def test_fees_are_taken_from_the_gross_result() -> None:
    trades = [["buy", 10, 5, "0.5"], ["sell", 4, 6, "0.25"]]
    assert run_live({"trades": trades, "expected": {"gross": "4", "net": "3.25", "remaining": "6 @ 5"}}) is None
    assert run_live({"trades": trades, "expected": {"remaining": "5 @ 5"}}) is not None
    with pytest.raises(NotDue):
        run_live({"response": {}, "expected": {}})
