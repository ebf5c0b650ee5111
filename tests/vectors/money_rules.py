"""Cases of kind `misc`: wrapper ratios, cents, base units, limit prices and cost ceilings, told by their fields."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flatbook.values.instruments import Side, TradingRules, collared_limit, cost_ceiling, in_cents
from flatbook.values.money import Price, Quantity, parse_number, to_base_units
from flatbook.venues.raindex.valuation import ratio_of_wrapper, shares_of
from tests.vectors.outcome import Case, NotDue, differing

SHARE_DECIMALS = 18
CENT_DECIMALS = 2
EQUITY_RULES = TradingRules(
    tick=Decimal("0.01"),
    tick_below_one=Decimal("0.0001"),
    lot=Decimal("0.000000001"),
    qty_min=Decimal("0.000000001"),
    notional_min=Decimal(1),
)


def run(case: Case) -> str | None:
    """Compares one rule with what the case states for it."""
    try:
        found = _found(case)
    except ValueError as refused:
        return None if _must_fail(case) else str(refused)
    return f"must fail, found {found}" if _must_fail(case) else differing(case, found)


def _must_fail(case: Case) -> bool:
    expected = case.get("expected")
    stated = any(name in case and case[name] is None for name in ("cents", "whole", "raw", "expected_cents"))
    return stated or expected == "error" or "error" in case or (isinstance(expected, dict) and "error" in expected)


def _found(case: Case) -> dict[str, Any]:
    if "convertToAssets_1e18" in case:
        return _wrapped(case)
    if "usd" in case:
        return {"cents": _units(case["usd"], CENT_DECIMALS)}
    if "whole" in case:
        return {"whole": _units(case["shares"], 0)}
    if "raw" in case and "shares" in case:
        return {"raw": _units(case["shares"], SHARE_DECIMALS)}
    if isinstance(case.get("cases"), list):
        return {"cases": [[shares, _units(shares, SHARE_DECIMALS)] for shares, _ in case["cases"]]}
    if "reference" in case:
        return {"expected": _limit(case)}
    if "expected_cents" in case:
        return {"expected_cents": _cost_cents(case)}
    raise NotDue("the product has no place for this rule yet")


def _wrapped(case: Case) -> dict[str, Any]:
    ratio = ratio_of_wrapper(int(case["convertToAssets_1e18"]))
    return {"expected_underlying": shares_of(parse_number(case["wrapped"]), ratio), "expected": ratio}


def _units(text: str, decimals: int) -> int:
    return to_base_units(Quantity(parse_number(text)), decimals=decimals)


def _limit(case: Case) -> Price:
    reference = Price(parse_number(case["reference"]))
    return collared_limit(reference, side=Side(case["side"]), collar_bps=int(case["bps"]), rules=EQUITY_RULES)


def _cost_cents(case: Case) -> int:
    shares, price = Quantity(parse_number(case["shares"])), Price(parse_number(case["price"]))
    return in_cents(cost_ceiling(shares, price, collar_bps=int(case["bps"])))
