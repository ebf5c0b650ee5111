"""How a window of trading differs from what the simulator makes of the same window, taken apart by cause.

What an execution is worth is its distance from the middle of the recorded market, less its fees; what both sides
brought differs by the sum of the causes, exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

import msgspec
import numpy as np

from flatbook.backtest.compared_orders import Collected, ComparedOrder, Window, orders_of, paired
from flatbook.backtest.report import places_of
from flatbook.backtest.tape import Tape
from flatbook.values.ids import InstrumentId, OrderId
from flatbook.values.instants import NS_PER_S, Instant
from flatbook.values.money import ZERO, Money, Quantity

GAP_NS = 60 * NS_PER_S

Silences = Sequence[tuple[int, int]]


class Cause(Enum):
    """Why two sides differ."""

    LATENCY = "latency"
    QUEUE = "queue"
    MISSED_FILLS = "missed_fills"
    PRICE = "price"
    SIZE = "size"
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

    Units: values in quote: distance from the middle less fees; `turnover` of both sides. `orders_near` counts pairs at
    another price, `orders_elsewhere` what was traded besides, in instruments that are not compared.
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
    orders_near: int
    orders_elsewhere: int
    delays_ns: tuple[int, ...]

    def total(self, cause: Cause) -> Money:
        """Returns what a cause came to. Units: quote."""
        return Money(sum((each.amount for each in self.differences if each.cause is cause), ZERO))

    @property
    def is_explained(self) -> bool:
        """Whether the causes add up to what the sides differ by."""
        return sum((each.amount for each in self.differences), ZERO) == self.traded - self.simulated


def divergence_of(traded: Collected, simulated: Collected, tape: Tape, window: Window) -> Divergence:
    """Returns how what was traded within a window differs from what was simulated over its tape.

    Errors: ValueError where an instrument is not on the tape, or is settled in its base.
    """
    ours, theirs = orders_of(traded, tape), orders_of(simulated, tape)
    gaps = {name: _silences(tape, place) for name, place in places_of(tape.head).items()}
    pairs = paired(ours, theirs)
    found = [each for our, their in (*pairs.alike, *pairs.near) for each in _of_pair(our, their, gaps[our.instrument])]
    found += [_of_ours(order, gaps[order.instrument]) for order in pairs.ours if order.qty]
    found += [_difference(Cause.MISSED_FILLS, None, order, Money(-order.value)) for order in pairs.theirs if order.qty]
    every = [execution for order in (*ours, *theirs) for execution in order.executions]
    return Divergence(
        began_at=window.begins,
        ended_at=window.ends,
        traded=Money(sum((order.value for order in ours), ZERO)),
        simulated=Money(sum((order.value for order in theirs), ZERO)),
        turnover=Money(sum((each.notional for each in every), ZERO)),
        differences=tuple(each for each in found if each.amount or each.traded_qty != each.simulated_qty),
        orders_traded=len(ours),
        orders_simulated=len(theirs),
        orders_matched=len(pairs.alike),
        orders_near=len(pairs.near),
        orders_elsewhere=traded.elsewhere.total(),
        delays_ns=tuple(sorted(our.decided_at - their.decided_at for our, their in pairs.alike)),
    )


def _of_pair(our: ComparedOrder, their: ComparedOrder, silences: Silences) -> list[Difference]:
    """Returns how a pair differs: in price and fees where the same was filled, else by the one cause of that."""
    if our.qty != their.qty:
        return [_difference(_cause_of_qty(our, their, silences), our, their, Money(our.value - their.value))]
    cause = Cause.LATENCY if our.limit == their.limit else Cause.PRICE
    return [
        _difference(cause, our, their, Money(our.spread - their.spread)),
        _difference(Cause.FEES, our, their, Money(their.fees - our.fees)),
    ]


def _cause_of_qty(our: ComparedOrder, their: ComparedOrder, silences: Silences) -> Cause:
    """Returns why not the same was filled of a pair.

    Where the smaller one was filled whole the other could fill more: size. Else they stood at other prices, or the
    market was not recorded when ours was filled, or what stood before them in the queue was not the same.
    """
    smaller = min(our, their, key=lambda order: order.asked)
    if our.asked != their.asked and smaller.qty >= smaller.asked:
        return Cause.SIZE
    if our.limit != their.limit:
        return Cause.PRICE
    return Cause.DATA_GAPS if our.qty > their.qty and _is_silent(our, silences) else Cause.QUEUE


def _of_ours(order: ComparedOrder, silences: Silences) -> Difference:
    """Returns what an order is that the simulator did not make: one whose reason was not recorded, or came too late."""
    unseen = order.stood or _is_silent(order, silences)
    return _difference(Cause.DATA_GAPS if unseen else Cause.LATENCY, order, None, order.value)


def _is_silent(order: ComparedOrder, silences: Silences) -> bool:
    """Whether an order was filled while nothing was recorded."""
    return any(begins < each.happened_at < ends for each in order.executions for begins, ends in silences)


def _difference(cause: Cause, our: ComparedOrder | None, their: ComparedOrder | None, amount: Money) -> Difference:
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
