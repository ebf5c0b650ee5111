"""How a window of trading differs from what the simulator makes of the same window, taken apart by cause.

Orders of both sides are matched by instrument, side, limit and instant. What an execution is worth is its distance from
the middle of the recorded market, less its fees; what both sides brought differs by the sum of the causes, exactly.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from enum import Enum

import msgspec
import numpy as np

from flatbook.backtest.attribution import Execution
from flatbook.backtest.report import executions_of, places_of
from flatbook.backtest.tape import Tape
from flatbook.events import orders as ev
from flatbook.events.event import Event
from flatbook.values.ids import InstrumentId, OrderId
from flatbook.values.instants import NS_PER_S, Instant
from flatbook.values.instruments import Side
from flatbook.values.money import ZERO, Money, Quantity

TOGETHER_NS = 5 * NS_PER_S
GAP_NS = 60 * NS_PER_S


class Cause(Enum):
    """Why two sides differ."""

    LATENCY = "latency"
    QUEUE = "queue"
    MISSED_FILLS = "missed_fills"
    FEES = "fees"
    DATA_GAPS = "data_gaps"


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One order, or a pair of them, on which the sides differ.

    Units: amount in quote, above zero where the traded side did better; quantities in contracts.
    """

    cause: Cause
    instrument: InstrumentId
    traded: OrderId | None
    simulated: OrderId | None
    traded_qty: Quantity
    simulated_qty: Quantity
    amount: Money
    at: Instant


class Divergence(msgspec.Struct, frozen=True, kw_only=True):
    """How two sides differ between two instants.

    Units: values in quote: distance from the middle less fees; `turnover` of both sides.
    """

    began_at: Instant
    ended_at: Instant
    traded: Money
    simulated: Money
    turnover: Money
    differences: tuple[Difference, ...]
    orders_traded: int
    orders_simulated: int
    orders_matched: int
    delays_ns: tuple[int, ...]

    def total(self, cause: Cause) -> Money:
        """Returns what a cause came to. Units: quote."""
        return Money(sum((each.amount for each in self.differences if each.cause is cause), ZERO))

    @property
    def is_explained(self) -> bool:
        """Whether the causes add up to what the sides differ by."""
        return sum((each.amount for each in self.differences), ZERO) == self.traded - self.simulated


class _Order(msgspec.Struct, kw_only=True):
    order_id: OrderId
    instrument: InstrumentId
    side: Side
    limit: Decimal | None
    decided_at: Instant
    executions: list[Execution]

    @property
    def qty(self) -> Quantity:
        return Quantity(sum((each.qty for each in self.executions), ZERO))

    @property
    def spread(self) -> Decimal:
        return sum((each.spread for each in self.executions), ZERO)

    @property
    def fees(self) -> Decimal:
        return sum((each.fees for each in self.executions), ZERO)

    @property
    def value(self) -> Money:
        return Money(self.spread - self.fees)


def divergence_of(
    traded: Iterable[Event], simulated: Iterable[Event], tape: Tape, named: Mapping[InstrumentId, InstrumentId]
) -> Divergence:
    """Returns how what was traded differs from what was simulated over a tape of the same window.

    Needs: `named` gives the name on the tape of an instrument that has another one where it was traded.
    Errors: ValueError where an execution is of an instrument that is not on the tape.
    """
    window = (Instant(tape.head.first_ts), Instant(tape.head.last_ts))
    ours = _orders(_within(traded, window), tape, named)
    theirs = _orders(simulated, tape, {})
    gaps = {name: _silences(tape, place) for name, place in places_of(tape.head).items()}
    pairs, alone = _matched(ours, theirs)
    found = [difference for pair in pairs for difference in _of_pair(*pair)]
    found += [_of_traded(order, gaps[order.instrument], window) for order in alone[0] if order.qty]
    found += [_difference(Cause.MISSED_FILLS, None, order, Money(-order.value)) for order in alone[1] if order.qty]
    every = [execution for order in (*ours, *theirs) for execution in order.executions]
    return Divergence(
        began_at=window[0],
        ended_at=window[1],
        traded=Money(sum((order.value for order in ours), ZERO)),
        simulated=Money(sum((order.value for order in theirs), ZERO)),
        turnover=Money(sum((each.notional for each in every), ZERO)),
        differences=tuple(each for each in found if each.amount or each.traded_qty != each.simulated_qty),
        orders_traded=len(ours),
        orders_simulated=len(theirs),
        orders_matched=len(pairs),
        delays_ns=tuple(sorted(our.decided_at - their.decided_at for our, their in pairs)),
    )


def _within(events: Iterable[Event], window: tuple[Instant, Instant]) -> list[Event]:
    """Returns the orders that were decided while the tape ran, with what became of them."""
    begins, ends = window
    kept: list[Event] = []
    ids: set[OrderId] = set()
    for event in events:
        if isinstance(event, ev.OrderIntended) and begins <= event.decided_at <= ends:
            ids.add(event.order_id)
            kept.append(event)
        elif isinstance(event, ev.OrderFilled) and event.order_id in ids:
            kept.append(event)
    return kept


def _orders(events: Iterable[Event], tape: Tape, named: Mapping[InstrumentId, InstrumentId]) -> list[_Order]:
    orders: dict[OrderId, _Order] = {}
    fills: list[ev.OrderFilled] = []
    for event in events:
        if isinstance(event, ev.OrderIntended):
            orders[event.order_id] = _Order(
                order_id=event.order_id,
                instrument=named.get(event.instrument, event.instrument),
                side=event.side,
                limit=event.limit,
                decided_at=event.decided_at,
                executions=[],
            )
        elif isinstance(event, ev.OrderFilled) and event.order_id in orders:
            name = named.get(event.instrument, event.instrument)
            fills.append(event if name == event.instrument else msgspec.structs.replace(event, instrument=name))
    for execution in executions_of(fills, tape)[0]:
        orders[execution.order_id].executions.append(execution)
    return sorted(orders.values(), key=lambda order: order.decided_at)


def _matched(
    ours: Sequence[_Order], theirs: Sequence[_Order]
) -> tuple[list[tuple[_Order, _Order]], tuple[list[_Order], list[_Order]]]:
    """Returns the pairs, each of our orders with the nearest in time that is alike, and those without one."""
    free: dict[tuple[InstrumentId, Side, Decimal | None], list[_Order]] = {}
    for order in theirs:
        free.setdefault((order.instrument, order.side, order.limit), []).append(order)
    pairs, alone = [], []
    for order in ours:
        alike = free.get((order.instrument, order.side, order.limit), [])
        near = [each for each in alike if abs(each.decided_at - order.decided_at) <= TOGETHER_NS]
        if not near:
            alone.append(order)
            continue
        nearest = min(near, key=lambda each, at=order.decided_at: abs(each.decided_at - at))  # type: ignore[misc]
        alike.remove(nearest)
        pairs.append((order, nearest))
    return pairs, (alone, [order for rest in free.values() for order in rest])


def _of_pair(our: _Order, their: _Order) -> list[Difference]:
    """Returns how a pair differs: where not the same was filled it is the queue, else latency in price, and fees."""
    if our.qty != their.qty:
        return [_difference(Cause.QUEUE, our, their, Money(our.value - their.value))]
    return [
        _difference(Cause.LATENCY, our, their, Money(our.spread - their.spread)),
        _difference(Cause.FEES, our, their, Money(their.fees - our.fees)),
    ]


def _of_traded(order: _Order, silences: Sequence[tuple[int, int]], window: tuple[Instant, Instant]) -> Difference:
    """Returns what an order is that the simulator did not make: one it could not see a reason for, or saw too late."""
    first = order.executions[0].happened_at
    outside = not window[0] <= first <= window[1]
    silent = outside or any(begins <= first <= ends for begins, ends in silences)
    return _difference(Cause.DATA_GAPS if silent else Cause.LATENCY, order, None, order.value)


def _difference(cause: Cause, our: _Order | None, their: _Order | None, amount: Money) -> Difference:
    one = our if our is not None else their
    if one is None:
        raise ValueError("a difference is that of one order at least")
    return Difference(
        cause=cause,
        instrument=one.instrument,
        traded=None if our is None else our.order_id,
        simulated=None if their is None else their.order_id,
        traded_qty=Quantity(ZERO) if our is None else our.qty,
        simulated_qty=Quantity(ZERO) if their is None else their.qty,
        amount=amount,
        at=one.decided_at,
    )


def _silences(tape: Tape, inst: int) -> list[tuple[int, int]]:
    """Returns from when to when nothing was recorded of an instrument for longer than GAP_NS."""
    found: list[tuple[int, int]] = []
    last = 0
    for columns in tape.chunks():
        ts = columns.ts[columns.inst == inst]
        if not len(ts):
            continue
        steps = np.diff(ts, prepend=last or ts[0])
        found += [(int(ts[at] - steps[at]), int(ts[at])) for at in np.flatnonzero(steps > GAP_NS)]
        last = int(ts[-1])
    return found
