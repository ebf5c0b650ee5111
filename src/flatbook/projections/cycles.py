"""One order as a cycle: from the fill that caused it to the end of its hedge, step by step, and what it closed."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum

import msgspec

from flatbook.projections.lots import Place, Slice
from flatbook.projections.orders import OrderLine
from flatbook.projections.pnl import Pnl
from flatbook.projections.report import FillTimes
from flatbook.projections.trades import closed_from
from flatbook.values.ids import EventRef
from flatbook.values.instants import Instant
from flatbook.values.money import ZERO, Money, Quantity


class Step(Enum):
    """The steps of a cycle, in the order in which they come."""

    HAPPENED = "happened"
    SEEN = "seen"
    INTENDED = "intended"
    SUBMITTED = "submitted"
    ACKNOWLEDGED = "acknowledged"
    FILLED = "filled"
    HEDGED = "hedged"


class Leg(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a cycle: None where it has not happened, or nobody told when.

    Units: nanoseconds since the step before it that is known, and since the first one; below zero where the clock of a
    chain or venue is not ours.
    """

    step: Step
    at: Instant | None
    after_ns: int | None
    total_ns: int | None


class Closed(msgspec.Struct, frozen=True, kw_only=True):
    """What an order closed of one fill. Units: qty in underlying; realised in USD before costs."""

    fill: EventRef
    qty: Quantity
    realised: Money | None
    opened_at: Instant
    closed_at: Instant


class Cycle(msgspec.Struct, frozen=True, kw_only=True):
    """An order from its cause on. `closed` is what it closed of fills onchain."""

    line: OrderLine
    legs: tuple[Leg, ...]
    closed: tuple[Closed, ...]


def cycle_of(pnl: Pnl, times: FillTimes, line: OrderLine) -> Cycle:
    """Returns an order as a cycle."""
    order = line.order
    slices = pnl.matching(order.underlying).slices
    began = order.decided_at if order.because is None else times.happened.get(order.because, order.decided_at)
    near = slices[closed_from(slices, min(began, order.decided_at)) :]
    return Cycle(
        line=line,
        legs=tuple(_legs(_steps(pnl, times, line, near))),
        closed=tuple(_closed(each) for each in near if _is_hedged_by(each, line)),
    )


def _is_hedged_by(each: Slice, line: OrderLine) -> bool:
    return each.closing_order == line.order.order_id and each.opening_place is Place.ONCHAIN


def _closed(each: Slice) -> Closed:
    return Closed(
        fill=each.opening, qty=each.qty, realised=each.realised, opened_at=each.opened_at, closed_at=each.closed_at
    )


def _steps(pnl: Pnl, times: FillTimes, line: OrderLine, near: list[Slice]) -> dict[Step, Instant | None]:
    order = line.order
    because = order.because
    return {
        Step.HAPPENED: None if because is None else times.happened.get(because),
        Step.SEEN: None if because is None else times.seen.get(because),
        Step.INTENDED: order.decided_at,
        Step.SUBMITTED: line.submitted_at,
        Step.ACKNOWLEDGED: line.acknowledged_at,
        Step.FILLED: None if order.is_open else line.last_filled_at,
        Step.HEDGED: None if because is None else _hedged_at(pnl, because, line, near),
    }


def _hedged_at(pnl: Pnl, fill: EventRef, line: OrderLine, near: list[Slice]) -> Instant | None:
    """Returns when the last share of a fill was closed; None while one is open, or where none was ever opened."""
    own = [each for each in near if each.opening == fill]
    lots = (lot for lots in pnl.matching(line.order.underlying).lots.values() for lot in lots)
    is_open = any(lot.ref == fill and lot.qty > ZERO for lot in lots)
    return None if is_open else max((each.closed_at for each in own), default=None)


def _legs(steps: dict[Step, Instant | None]) -> Iterator[Leg]:
    first = before = None
    for step, at in steps.items():
        yield Leg(
            step=step,
            at=at,
            after_ns=None if at is None or before is None else at - before,
            total_ns=None if at is None or first is None else at - first,
        )
        first, before = at if first is None else first, before if at is None else at
