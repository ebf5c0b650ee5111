"""Which differences are corrected, and from where on a person must look."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flatbook.risk.corrections import (
    NEVER_CORRECTED,
    CorrectionRules,
    OrderStep,
    position_verdict,
    unheld_order_step,
    unshown_order_step,
    why_too_much,
)
from flatbook.state.desk import Corrected
from flatbook.values.instants import Instant, later

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
LOT = Decimal("0.001")
CHANGED = Instant(1_764_685_800_000_000_000)


def verdict(ours: str, theirs: str, rules: CorrectionRules = RULES) -> str:
    return position_verdict(Decimal(ours), Decimal(theirs), lot=LOT, rules=rules).value


@pytest.mark.parametrize(
    ("ours", "theirs", "wanted"),
    [
        ("100", "100", "match"),
        ("100", "101", "correct"),
        ("95.001", "100", "correct"),
        ("95", "100", "halt"),
        ("-95.001", "-100", "correct"),
        ("-95", "-100", "halt"),
        ("100", "-100", "halt"),
        ("0", "0.001", "correct"),
        ("0", "0.002", "halt"),
        ("0.002", "0", "halt"),
        ("0.01", "0.0099", "correct"),
    ],
)
def test_what_is_small_in_percent_or_within_the_floor_is_corrected(ours: str, theirs: str, wanted: str) -> None:
    assert verdict(ours, theirs) == wanted


@given(st.decimals("-1e6", "1e6", places=4), st.decimals("-1e6", "1e6", places=4))
def test_a_short_is_judged_as_the_long_that_mirrors_it(ours: Decimal, theirs: Decimal) -> None:
    assert verdict(str(ours), str(theirs)) == verdict(str(-ours), str(-theirs))


@given(st.decimals("-1e6", "1e6", places=4), st.decimals("-1e6", "1e6", places=4))
def test_an_account_without_rules_is_never_corrected(ours: Decimal, theirs: Decimal) -> None:
    wanted = "match" if ours == theirs else "halt"
    assert verdict(str(ours), str(theirs), NEVER_CORRECTED) == wanted


def corrected(count: int, moved: str, usd: str | None = "0", *, unproven: bool = False) -> Corrected:
    worth = None if usd is None else Decimal(usd)
    return Corrected(day=1, count=count, moved=Decimal(moved), moved_usd=worth, unproven=unproven)


@pytest.mark.parametrize(
    ("before", "difference", "usd", "wanted"),
    [
        (None, "1", None, None),
        (None, "-1", None, None),
        (None, "1.01", None, "more than a day may correct"),
        (None, "1.01", "50", None),
        (None, "-1.01", "-50", None),
        (None, "1.01", "50.01", "more than a day may correct"),
        (corrected(1, "0.5"), "0.5", None, None),
        (corrected(1, "0.5"), "-0.51", None, "more than a day may correct"),
        (corrected(1, "0.5", "30"), "0.51", "20", None),
        (corrected(1, "0.5", "30"), "0.51", "20.01", "more than a day may correct"),
        (corrected(1, "0.5", None), "0.51", "1", "more than a day may correct"),
        (corrected(2, "0.1"), "0.1", None, None),
        (corrected(3, "0.1"), "0.1", None, "3 corrections on this day already"),
        (corrected(1, "0.1", unproven=True), "0.1", None, "the correction before did not hold"),
    ],
)
def test_a_day_corrects_so_often_and_so_much(
    before: Corrected | None, difference: str, usd: str | None, wanted: str | None
) -> None:
    worth = None if usd is None else Decimal(usd)
    assert why_too_much(before, Decimal(difference), Decimal(100), worth, RULES) == wanted


@given(st.lists(st.decimals("-4.9", "4.9", places=2).filter(bool), max_size=20))
def test_a_leak_of_small_corrections_is_stopped(leaks: list[Decimal]) -> None:
    rules, before, moved = msgspec.structs.replace(RULES, usd_day_floor=Decimal(0)), None, Decimal(0)
    for leak in leaks:
        if why_too_much(before, leak, Decimal(100), None, rules) is None:
            moved += abs(leak)
            count = 1 if before is None else before.count + 1
            before = Corrected(day=1, count=count, moved=moved, moved_usd=None, unproven=False)
    assert moved <= 1
    assert before is None or before.count <= 3


def test_an_order_that_the_venue_does_not_show_is_asked_for_past_its_grace_and_twice() -> None:
    old, young = later(CHANGED, seconds=31), later(CHANGED, seconds=30)
    assert unshown_order_step(CHANGED, old, 2, RULES) is OrderStep.ASK
    assert unshown_order_step(CHANGED, young, 2, RULES) is OrderStep.WAIT
    assert unshown_order_step(CHANGED, old, 1, RULES) is OrderStep.WAIT


def test_an_order_that_we_do_not_hold_is_canceled_only_if_it_is_ours_and_old() -> None:
    old, young = later(CHANGED, seconds=31), later(CHANGED, seconds=30)
    assert unheld_order_step(CHANGED, old, RULES) is OrderStep.CANCEL
    assert unheld_order_step(CHANGED, young, RULES) is OrderStep.WAIT
    assert unheld_order_step(None, old, RULES) is OrderStep.WARN


@pytest.mark.parametrize(
    "change",
    [
        {"misses": 0},
        {"misses": 3},
        {"grace_s": -1},
        {"correct_percent_below": Decimal(101)},
        {"floor_lots": Decimal(-1)},
        {"corrections_day_max": -1},
    ],
)
def test_rules_that_make_no_sense_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        CorrectionRules(**{**msgspec.structs.asdict(RULES), **change})
