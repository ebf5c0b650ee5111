"""One order as a cycle of steps, from the fill that caused it to the end of its hedge."""

from __future__ import annotations

import msgspec

from flatbook.api.answers.executions import ExecutionBody, execution_body
from flatbook.api.answers.moment import Answer, AsOf, instant_or_none
from flatbook.api.answers.positions import number_or_none
from flatbook.api.answers.story import ms_or_none
from flatbook.projections.cycles import Cycle, Step
from flatbook.projections.report import FillTimes
from flatbook.values.money import plain


class LegBody(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a cycle. Units: milliseconds after the step before it that is known, and after the first one.

    None where a step has not happened, or nobody told when: a venue need not say that an order waits. Below zero where
    the clock of a chain or venue is not ours.
    """

    step: Step
    at: str | None
    after_ms: str | None
    total_ms: str | None


class ClosedBody(msgspec.Struct, frozen=True, kw_only=True):
    """What the order closed of one fill. Units: qty in underlying; USD before costs."""

    fill: str
    qty: str
    realised_usd: str | None
    opened_at: str | None
    closed_at: str | None


class CycleAnswer(Answer, frozen=True, kw_only=True):
    """One order with its steps, from the fill that caused it until all of that fill is closed, and what it closed."""

    execution: ExecutionBody
    legs: list[LegBody]
    closed: list[ClosedBody]


def cycle_answer(cycle: Cycle, times: FillTimes, moment: AsOf) -> CycleAnswer:
    """Returns a cycle as programs read it."""
    return CycleAnswer(
        as_of=moment,
        execution=execution_body(cycle.line, times),
        legs=[
            LegBody(
                step=leg.step,
                at=instant_or_none(leg.at),
                after_ms=ms_or_none(leg.after_ns),
                total_ms=ms_or_none(leg.total_ns),
            )
            for leg in cycle.legs
        ],
        closed=[
            ClosedBody(
                fill=each.fill,
                qty=plain(each.qty),
                realised_usd=number_or_none(each.realised),
                opened_at=instant_or_none(each.opened_at),
                closed_at=instant_or_none(each.closed_at),
            )
            for each in cycle.closed
        ],
    )
