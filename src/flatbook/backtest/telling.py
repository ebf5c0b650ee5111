"""Books what a simulator tells of orders at once, where it is plain.

A venue may tell anything, so that the engine looks at each report from all sides. A simulator tells what is right by
construction: of an order that we sent, once, in order, in whole ticks and lots.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from typing import Any

from msgspec.structs import replace

from flatbook.backtest.kernel.tables import CANCELED, EXPIRED, FILLED, PAID, WORKING
from flatbook.backtest.reports import fees_of
from flatbook.backtest.simulator import OrderRow
from flatbook.backtest.standing import Sent, Standing
from flatbook.backtest.terms import FeeRates
from flatbook.engine.realise import realised_from
from flatbook.engine.wakes import Wakes
from flatbook.events.event import Event
from flatbook.events.fees import fee_in_kind
from flatbook.events.orders import OrderAccepted, OrderDone, OrderEnd, OrderFilled
from flatbook.state.desk import State
from flatbook.state.order_fold import day_of, fees_in_usd
from flatbook.state.orders import Order, Status, moved
from flatbook.state.positions import NetKey
from flatbook.strategies.decision import Trigger
from flatbook.values.ids import AssetId, ExecutionId, OrderId
from flatbook.values.instants import NS_PER_S
from flatbook.values.instruments import Side
from flatbook.values.money import ZERO, Money, Price, Quantity

NS_PER_HOUR = 3_600 * NS_PER_S
PLAIN_RATES = FeeRates()
HEARD = (Status.ACCEPTED, Status.PARTIALLY_FILLED, Status.PENDING_CANCEL, Status.INTENDED)
"""Where an order stands of which a simulator may tell something plain."""
_ENDS = {CANCELED: OrderEnd.CANCELED, EXPIRED: OrderEnd.EXPIRED}
_INTENDED, _ACCEPTED, _BUY = Status.INTENDED, Status.ACCEPTED, Side.BUY
_TRIGGERS = {
    WORKING: Trigger.ORDER_WORKING,
    FILLED: Trigger.ORDER_FILLED,
    CANCELED: Trigger.ORDER_ENDED,
    EXPIRED: Trigger.ORDER_ENDED,
}
_TIME, _KIND, _NUMBER, _VENUE_TIME, _LEFT = 0, 2, 3, 6, 9
Row = Sequence[Any]
"""A report as `Told` names it: its times are instants, whatever an array says."""


Message = int | OrderRow
"""An order that is sent, the number of one that is canceled, or that of one whose acceptance wakes, below zero."""


class Placed:
    """The orders that are at the simulated venue, or on their way there or back, by their number and by their id.

    `executed` holds of each execution what `BacktestRun.queue` does.
    """

    def __init__(self) -> None:
        self.executed = array("q")
        self.sent: dict[int, Sent] = {}
        self.by_id: dict[OrderId, Sent] = {}
        self.count = 0

    def add(self, order: Order, standing: Standing) -> Sent:
        """Keeps an order that is to be sent."""
        self.count = number = self.count + 1
        sent = self.sent[number] = self.by_id[order.order_id] = Sent(order, number, standing)
        return sent

    def drop(self, sent: Sent) -> None:
        """Forgets an order of which nothing more is told."""
        del self.sent[sent.number], self.by_id[sent.order.order_id]


class Telling:
    """Books reports into the events of a step, and notes whom they touch and what they have sent."""

    def __init__(
        self,
        placed: Placed,
        events: list[Event],
        messages: list[Message],
        touched: dict[NetKey, None],
        wakes: Wakes,
    ) -> None:
        self.mark_of: Callable[[AssetId], Price | None] = State().mark
        self._placed, self._sent_by, self._executed = placed, placed.sent, placed.executed.extend
        self._note, self._touched, self._wakes, self._messages = events.append, touched, wakes, messages
        self._hour = self._day = 0
        self._takes = tuple(
            {WORKING: self._accept, FILLED: self._fill, CANCELED: self._end, EXPIRED: self._end}.get(kind, self._leave)
            for kind in range(PAID + 1)
        )

    def tell(self, told: Sequence[Row], *, wakes_all: bool) -> int:
        """Books reports up to the first that is not plain. Gives: how many were booked.

        `wakes_all` says that everybody is asked anyway, whomever a report wakes.
        """
        sent_by, takes, count = self._sent_by, self._takes, 0
        for row in told:
            sent = sent_by.get(row[_NUMBER])
            if sent is None or not takes[row[_KIND]](sent, row):
                return count
            count += 1
            if not wakes_all:
                self._touch(sent.standing.seat_key, _TRIGGERS[row[_KIND]])
        return count

    def _touch(self, key: NetKey, trigger: Trigger) -> None:
        wake = self._wakes.wake_of(key)
        if wake is not None and trigger in wake.on:
            self._touched[key] = None

    def _leave(self, _sent: Sent, _row: Row) -> bool:
        """What is left to the engine."""
        return False

    def _accept(self, sent: Sent, row: Row) -> bool:
        """An acceptance is news of an order that was not heard of; a cancel that was decided before is sent now."""
        order, at, venue_order_id = sent.order, row[_TIME], sent.venue_order_id
        if order.status is not _INTENDED:
            return False
        self._note(
            OrderAccepted(
                order_id=order.order_id, venue_order_id=venue_order_id, happened_at=row[_VENUE_TIME], seen_at=at
            )
        )
        status = _ACCEPTED
        if order.cancel_pending:
            status = Status.PENDING_CANCEL
            self._messages.append(sent.number)
        sent.order = replace(order, status=status, venue_order_id=venue_order_id, changed_at=at)
        return True

    def _fill(self, sent: Sent, row: Row) -> bool:
        time, _, _, _, ticks, lots, venue_time, made, nth, _, ahead, waited_ns = row
        order, standing = sent.order, sent.standing
        steps = standing.steps
        if not (0 < ticks < steps.ticks_bound and 0 < lots < steps.lots_bound) or order.status not in HEARD:
            return False
        side, size, is_maker = order.side, order.contract_size, made != 0
        qty, price = Quantity(lots * steps.lot), Price(ticks * steps.tick)
        event = OrderFilled(
            order.order_id,
            order.owner,
            order.account,
            order.instrument,
            order.underlying,
            ExecutionId(f"{sent.venue_order_id}-{nth}"),
            side,
            qty,
            price,
            standing.instrument.quote,
            size,
            () if standing.rates is PLAIN_RATES else fees_of(standing, qty, price, maker=is_maker),
            order.product,
            None if standing.is_spot else realised_from(standing.entry, side, qty, price, size),
            is_maker,
            venue_time,
            time,
        )
        self._note(event)
        self._executed((time, standing.place, ahead, waited_ns, made))
        self._account(standing, event)
        if order.filled + qty >= order.qty:
            del standing.live[sent.order.order_id]
            self._placed.drop(sent)
        else:
            sent.order = moved(order, event)
        return True

    def _account(self, standing: Standing, event: OrderFilled) -> None:
        """Moves what is read of a position: its quantity, what its account entered at, and the result of the day."""
        size, fees, result, qty = event.contract_size, event.fees, standing.day, event.qty
        signed = qty if event.side is _BUY else -qty
        shares = signed * size
        cash = -shares * event.price
        if fees:
            kept = signed - fee_in_kind(event)
            standing.qty += kept
            shares = kept * size
        else:
            standing.qty += signed
        standing.turned_down = None
        if event.realised is not None:
            entry = standing.entry
            entry.qty += signed  # type: ignore[assignment]  # a sum of quantities is one
            entry.cost += event.realised - cash  # type: ignore[assignment]
            if not entry.qty:
                entry.qty, entry.cost = Quantity(ZERO), Money(ZERO)
        if standing.mark is None:
            return
        hour = event.happened_at // NS_PER_HOUR
        if hour != self._hour:  # days change on whole hours only
            self._hour, self._day = hour, day_of(event)
        if result.day < self._day:
            result.day, result.cash_usd, result.qty = self._day, ZERO, ZERO
        if result.day == self._day:
            worth = cash * standing.mark
            result.cash_usd += worth - fees_in_usd(event, self.mark_of) if fees else worth
            result.qty += shares

    def _end(self, sent: Sent, row: Row) -> bool:
        order = sent.order
        filled = order.qty - row[_LEFT] * sent.standing.steps.lot
        if order.status not in HEARD or filled != order.filled:
            return False
        self._note(
            OrderDone(
                order_id=sent.order.order_id,
                end=_ENDS[row[_KIND]],
                filled_qty=filled,
                happened_at=row[_VENUE_TIME],
                seen_at=row[_TIME],
            )
        )
        del sent.standing.live[sent.order.order_id]
        self._placed.drop(sent)
        return True
