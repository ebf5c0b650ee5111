"""Cases of kind `backtest_metrics`: figures of merit of equity curves and closed trades, and parts that add up."""

from __future__ import annotations

from decimal import Decimal
from math import isclose
from typing import Any

from msgspec.structs import asdict

from flatbook.backtest.attribution import Parts
from flatbook.backtest.metrics import equity_metrics, trade_metrics
from flatbook.values.ids import AssetId, InstrumentId
from flatbook.values.money import Money
from tests.vectors.outcome import Case, NotDue

TOLERANCE = 1e-8


def run(case: Case) -> str | None:
    """Compares what a case wants of an equity curve or of results."""
    if case["kind"] == "equity_metrics":
        return _equity(case)
    if case["kind"] == "trade_metrics":
        return _differing(case["expected"], asdict(trade_metrics([float(each) for each in case["pnls"]])))
    if case["kind"] == "pnl_attribution":
        return _attribution(case)
    raise NotDue("the day's loss is bounded by risk limits, which have cases of their own")


def _equity(case: Case) -> str | None:
    found = equity_metrics([float(each) for each in case["equity"]], float(case["periods_per_year"]))
    return _differing(case["expected"], asdict(found))


def _attribution(case: Case) -> str | None:
    """Slippage that is in the prices of fills is told, and not taken off again."""
    costs = ("fees", "other_costs", *(() if case["slippage_in_fill_prices"] else ("slippage_reported",)))
    parts = Parts(
        instrument=InstrumentId("any"),
        quote=AssetId("USD"),
        inventory=Money(Decimal(case["basis_price_pnl"])),
        fees=Money(-sum((Decimal(case[cost]) for cost in costs), Decimal(0))),
        funding=Money(Decimal(case["funding"])),
    )
    return None if parts.net == Decimal(case["expected"]["net"]) else f"net: found {parts.net}"


def _differing(wanted: dict[str, Any], found: dict[str, Any]) -> str | None:
    for name, value in wanted.items():
        is_equal = found[name] is None if value is None else _is_near(float(value), found[name])
        if not is_equal:
            return f"{name}: expected {value}, found {found[name]}"
    return None


def _is_near(wanted: float, found: float | None) -> bool:
    return found is not None and isclose(wanted, found, rel_tol=TOLERANCE, abs_tol=1e-10)
