"""Cases of kind `reconciliation`: what a difference is, and what is done about an order that one side shows."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flatbook.risk.corrections import (
    CorrectionRules,
    OrderStep,
    Verdict,
    position_verdict,
    unheld_order_step,
    unshown_order_step,
)
from flatbook.values.ids import ORDER_ID_PREFIX
from flatbook.values.instants import Instant, later
from tests.vectors.outcome import Case, differing

LOT = Decimal("0.001")
RULES = CorrectionRules(
    correct_percent_below=Decimal(5),
    floor_lots=Decimal(1),
    corrections_day_max=3,
    notional_day_percent_max=Decimal(1),
    usd_day_floor=Decimal(50),
    misses=2,
    grace_s=30,
    foreign_halts=False,
)
CHANGED = Instant(1_764_685_800_000_000_000)
YOUNG, OLD = later(CHANGED, seconds=RULES.grace_s), later(CHANGED, seconds=RULES.grace_s + 1)
DECISIONS = {Verdict.MATCH: "MATCH", Verdict.CORRECT: "AUTO_CORRECT", Verdict.HALT: "HALT"}


def run(case: Case) -> str | None:
    """Judges one case by the function that it names; of orders what `ours` says decides."""
    if case["fn"] == "order_decision":
        return differing({"ours": case["expected"]["ours"]}, {"ours": _order(case["input"])})
    return differing(case["expected"], _position(case["input"]))


def _position(given: dict[str, Any]) -> dict[str, Any]:
    verdict = position_verdict(Decimal(given["local"]), Decimal(given["exchange"]), lot=LOT, rules=RULES)
    return {"match": verdict is Verdict.MATCH, "decision": DECISIONS[verdict]}


def _order(given: dict[str, Any]) -> str:
    """Names what all ages and origins that a case leaves open lead to."""
    if given["local_locked"]:
        steps = [unshown_order_step(CHANGED, at, misses, RULES) for at in (YOUNG, OLD) for misses in (1, 2)]
        waits = steps[:3] == [OrderStep.WAIT] * 3
        return "QUERY_ORDER_THEN_APPLY_TERMINAL" if waits and steps[3] is OrderStep.ASK else "OTHER"
    (shown,) = given["exchange_open"]
    foreign = [unheld_order_step(None, at, RULES) for at in (YOUNG, OLD)]
    if foreign != [OrderStep.WARN, OrderStep.WARN]:
        return "OTHER"
    if "client_id" in shown and not shown["client_id"].startswith(ORDER_ID_PREFIX):
        return "IGNORE_AND_WARN"
    own = [unheld_order_step(CHANGED, at, RULES) for at in (YOUNG, OLD)]
    return "CANCEL_IF_OURS_AND_OLDER_THAN_GRACE" if own == [OrderStep.WAIT, OrderStep.CANCEL] else "OTHER"
