"""How long hedges take, stage by stage: from the fill to the intent, to the venue's yes, to the first execution."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import TypeVar

import msgspec

from flatbook.events import chain, orders
from flatbook.events.event import Event
from flatbook.events.refs import ref_of
from flatbook.values.ids import EventRef, OrderId
from flatbook.values.instants import NS_PER_S, Instant

FILLS_TIMED_MAX = 10_000
ORDERS_TIMED_MAX = 10_000


class Stage(Enum):
    """A stretch of the way of a hedge."""

    FILL_TO_INTENT = "fill_to_intent"
    INTENT_TO_ACK = "intent_to_ack"
    ACK_TO_FILL = "ack_to_fill"
    FILL_TO_HEDGED = "fill_to_hedged"


class OrderTimes(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The instants of one order so far."""

    fill_at: Instant | None
    decided_at: Instant
    accepted_at: Instant | None = None


Timed = tuple[Stage, float]
K = TypeVar("K")
V = TypeVar("V")


class HedgeTimes:
    """Follows events and tells how long each stage took; remembers a bounded number of fills and orders."""

    def __init__(self) -> None:
        self._fills: dict[EventRef, Instant] = {}
        self._orders: dict[OrderId, OrderTimes] = {}

    def take(self, event: Event) -> Iterator[Timed]:
        """Yields the stages that an event ends."""
        match event:
            case chain.VaultFilled() | chain.FillUnvalued() | chain.FillSkipped():
                if (ref := ref_of(event)) is not None:
                    _remember(self._fills, ref, event.seen_at, FILLS_TIMED_MAX)
            case orders.OrderIntended():
                yield from self._intended(event)
            case orders.OrderAccepted() | orders.OrderFound():
                yield from self._accepted(event.order_id, event.seen_at)
            case orders.OrderFilled():
                yield from self._filled(event)
            case orders.OrderRejected() | orders.OrderNotSent() | orders.OrderDone():
                self._orders.pop(event.order_id, None)
            case _:
                return

    def _intended(self, event: orders.OrderIntended) -> Iterator[Timed]:
        fill_at = self._fills.get(event.because) if event.because is not None else None
        times = OrderTimes(fill_at=fill_at, decided_at=event.decided_at)
        _remember(self._orders, event.order_id, times, ORDERS_TIMED_MAX)
        if fill_at is not None:
            yield Stage.FILL_TO_INTENT, _seconds(fill_at, event.decided_at)

    def _accepted(self, order_id: OrderId, at: Instant) -> Iterator[Timed]:
        times = self._orders.get(order_id)
        if times is not None and times.accepted_at is None:
            self._orders[order_id] = msgspec.structs.replace(times, accepted_at=at)
            yield Stage.INTENT_TO_ACK, _seconds(times.decided_at, at)

    def _filled(self, event: orders.OrderFilled) -> Iterator[Timed]:
        times = self._orders.pop(event.order_id, None)
        if times is None:
            return
        if times.accepted_at is not None:
            yield Stage.ACK_TO_FILL, _seconds(times.accepted_at, event.seen_at)
        if times.fill_at is not None:
            yield Stage.FILL_TO_HEDGED, _seconds(times.fill_at, event.seen_at)


def _remember(known: dict[K, V], key: K, value: V, count_max: int) -> None:
    known[key] = value
    while len(known) > count_max:
        del known[next(iter(known))]


def _seconds(start: Instant, end: Instant) -> float:
    """Returns the duration; none where the clock stepped back in between."""
    return max(0, end - start) / NS_PER_S
