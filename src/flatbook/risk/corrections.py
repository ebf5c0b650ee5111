"""How far the books of an account may be brought in line with its venue without a person, and where that ends.

An account without rules of its own is never corrected: that of a broker, whose every share was ordered. At an exchange
small differences come from fees and roundings; they are booked as what they are, against suspense, up to a bound a day.
Source: sections B4 and D (R1-R12) of the reference on grid market making; item 27 of the one on trading practice.
"""

from __future__ import annotations

from decimal import Decimal
from enum import Enum

import msgspec

from flatbook.state.desk import Corrected
from flatbook.values.instants import Instant, later
from flatbook.values.money import ZERO

PERCENT = Decimal(100)


class Verdict(Enum):
    """What a difference of a position is: none, one to be corrected, or one that stops new risk."""

    MATCH = "match"
    CORRECT = "correct"
    HALT = "halt"


class OrderStep(Enum):
    """What is done about an order that only one side shows."""

    WAIT = "wait"
    ASK = "ask"
    CANCEL = "cancel"
    WARN = "warn"


class CorrectionRules(msgspec.Struct, frozen=True, kw_only=True):
    """The rules of one account.

    Units: percent of what the venue states; lots; seconds; USD. A difference is corrected strictly below
    `correct_percent_below`, or up to `floor_lots` whatever its percent, at most `corrections_day_max` times a UTC day
    and up to `notional_day_percent_max` of the position, or `usd_day_floor` where that is more. `misses` is how often
    in a row the same must be found. `grace_s` is how young an order is left aside on both sides. `foreign_halts` says
    whether an order that is not ours stops its instrument, or is only told.
    """

    correct_percent_below: Decimal
    floor_lots: Decimal
    corrections_day_max: int
    notional_day_percent_max: Decimal
    usd_day_floor: Decimal
    misses: int
    grace_s: int
    foreign_halts: bool

    def __post_init__(self) -> None:
        numbers = (self.correct_percent_below, self.floor_lots, self.notional_day_percent_max, self.usd_day_floor)
        if min(numbers) < ZERO or min(self.corrections_day_max, self.grace_s) < 0:
            raise ValueError("no bound of corrections may be below zero")
        if self.misses not in (1, 2):
            raise ValueError("a difference counts when it is found once, or twice in a row")
        if self.correct_percent_below > PERCENT:
            raise ValueError("more than all of a position cannot be corrected")


NEVER_CORRECTED = CorrectionRules(
    correct_percent_below=ZERO,
    floor_lots=ZERO,
    corrections_day_max=0,
    notional_day_percent_max=ZERO,
    usd_day_floor=ZERO,
    misses=1,
    grace_s=0,
    foreign_halts=True,
)


def position_verdict(ours: Decimal, theirs: Decimal, *, lot: Decimal, rules: CorrectionRules) -> Verdict:
    """Returns what the difference of a position is. Quantities are signed; the percent is of what the venue states.

    Units: units of the asset; `lot` is the smallest that can be traded.
    """
    difference = abs(theirs - ours)
    if difference == ZERO:
        return Verdict.MATCH
    within_floor = difference <= rules.floor_lots * lot
    within_percent = difference * PERCENT < rules.correct_percent_below * abs(theirs)
    return Verdict.CORRECT if within_floor or within_percent else Verdict.HALT


def why_too_much(
    before: Corrected | None, difference: Decimal, theirs: Decimal, usd: Decimal | None, rules: CorrectionRules
) -> str | None:
    """Returns why a difference that could be corrected is too much for this day, None when it is not.

    Units: difference and theirs in units of the asset, signed; usd what the difference is worth, None without a price.
    Needs: `before` is of the same day, None where nothing was corrected on it.
    """
    count = 0 if before is None else before.count
    moved = abs(difference) + (ZERO if before is None else before.moved)
    known = ZERO if before is None else before.moved_usd
    if before is not None and before.unproven:
        return "the correction before did not hold"
    if count >= rules.corrections_day_max:
        return f"{count} corrections on this day already"
    if moved * PERCENT <= rules.notional_day_percent_max * abs(theirs):
        return None
    if usd is not None and known is not None and known + abs(usd) <= rules.usd_day_floor:
        return None
    return "more than a day may correct"


def unshown_order_step(changed_at: Instant, stated_at: Instant, misses: int, rules: CorrectionRules) -> OrderStep:
    """Returns what is done about a working order of ours that so many statements in a row do not show.

    It may have executed: its venue is asked for it, and its end is never made up.
    """
    return OrderStep.ASK if misses >= rules.misses and _is_old(changed_at, stated_at, rules) else OrderStep.WAIT


def unheld_order_step(changed_at: Instant | None, stated_at: Instant, rules: CorrectionRules) -> OrderStep:
    """Returns what is done about an order that works at the venue and not in our books.

    `changed_at` is when ours last changed, None for one that is not ours: it is told, and never canceled by us.
    """
    if changed_at is None:
        return OrderStep.WARN
    return OrderStep.CANCEL if _is_old(changed_at, stated_at, rules) else OrderStep.WAIT


def _is_old(changed_at: Instant, stated_at: Instant, rules: CorrectionRules) -> bool:
    return later(changed_at, seconds=rules.grace_s) < stated_at
