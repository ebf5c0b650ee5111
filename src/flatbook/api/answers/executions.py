"""Each order as a chain of steps, from what caused it to its last execution, with how long each step took."""

from __future__ import annotations

import msgspec

from flatbook.api.answers.moment import Answer, instant_or_none
from flatbook.api.answers.positions import number_or_none
from flatbook.api.answers.story import ms_or_none
from flatbook.projections.orders import OrderLine
from flatbook.projections.report import FillTimes
from flatbook.values.instants import Instant
from flatbook.values.money import plain


class ExecutionBody(msgspec.Struct, frozen=True, kw_only=True):
    """One order and the instants of its steps; None where a step has not happened, or nothing outside caused it.

    Units: quantities in contracts; milliseconds. `seen_ms` from the cause to our knowledge of it, `decided_ms` from
    there to the intent, `accepted_ms` (until we heard of it) and `executed_ms` from the intent, `total_ms` from cause
    to last execution. `accepted_at` is by the venue's clock, `acknowledged_at` by ours.
    """

    order_id: str
    owner: str
    account: str
    instrument: str
    underlying: str
    side: str
    qty: str
    filled: str
    average_price: str | None
    status: str
    open: bool
    unknown_since: str | None
    because: str | None
    caused_at: str | None
    seen_at: str | None
    decided_at: str | None
    submitted_at: str | None
    accepted_at: str | None
    acknowledged_at: str | None
    first_filled_at: str | None
    last_filled_at: str | None
    ended_at: str | None
    seen_ms: str | None
    decided_ms: str | None
    accepted_ms: str | None
    executed_ms: str | None
    total_ms: str | None


class ExecutionsPage(Answer, frozen=True, kw_only=True):
    """A page of orders as chains of steps, the newest first; `next` continues towards older ones, None at the end."""

    found: int
    executions: list[ExecutionBody]
    next: str | None


def execution_body(line: OrderLine, times: FillTimes) -> ExecutionBody:
    """Returns one order with its steps."""
    order = line.order
    caused_at = None if order.because is None else times.happened.get(order.because)
    seen_at = None if order.because is None else times.seen.get(order.because)
    return ExecutionBody(
        order_id=order.order_id,
        owner=order.owner,
        account=order.account,
        instrument=order.instrument,
        underlying=order.underlying,
        side=order.side.value,
        qty=plain(order.qty),
        filled=plain(order.filled),
        average_price=number_or_none(line.average_price),
        status=order.status.value,
        open=order.is_open,
        unknown_since=instant_or_none(line.unknown_since),
        because=order.because,
        caused_at=instant_or_none(caused_at),
        seen_at=instant_or_none(seen_at),
        decided_at=instant_or_none(order.decided_at),
        submitted_at=instant_or_none(line.submitted_at),
        accepted_at=instant_or_none(line.accepted_at),
        acknowledged_at=instant_or_none(line.acknowledged_at),
        first_filled_at=instant_or_none(line.first_filled_at),
        last_filled_at=instant_or_none(line.last_filled_at),
        ended_at=instant_or_none(line.ended_at),
        seen_ms=_between(caused_at, seen_at),
        decided_ms=_between(seen_at, order.decided_at),
        accepted_ms=_between(order.decided_at, line.acknowledged_at),
        executed_ms=_between(order.decided_at, line.first_filled_at),
        total_ms=_between(caused_at, line.last_filled_at),
    )


def _between(start: Instant | None, end: Instant | None) -> str | None:
    return None if start is None or end is None else ms_or_none(end - start)
