"""The orders that a desk has sent to a simulated venue, by their number there and by their id."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec

from flatbook.state.intents import PlaceIntent
from flatbook.state.orders import Order
from flatbook.values.ids import OrderId, VenueOrderId
from flatbook.values.instants import Instant

if TYPE_CHECKING:
    from flatbook.backtest.standing import Shape, Standing

NOT_SEEN = -1


class Sent(msgspec.Struct, gc=False):
    """An order that is at the simulated venue, or on its way there or back: as it was wanted, and when.

    `order` is what it was when it had changed `changes` times, `shape` what it has in common with others.
    """

    number: int
    standing: Standing
    wish: PlaceIntent | Order
    decided_at: Instant
    shape: Shape | None = None
    changes: int = NOT_SEEN
    order: Order | None = None

    @property
    def venue_order_id(self) -> VenueOrderId:
        """Its id at the simulated venue."""
        return VenueOrderId(f"s{self.number}")


class Placed:
    """The orders of which something may still be told, and some that ended a while ago.

    `executed` holds of each execution what `BacktestRun.queue` does.
    """

    def __init__(self) -> None:
        self.executed = array("q")
        self.sent: dict[int, Sent] = {}
        self.by_id: dict[OrderId, Sent] = {}
        self.count = 0

    def add(self, wish: PlaceIntent | Order, standing: Standing, decided_at: Instant) -> Sent:
        """Keeps an order that is to be sent."""
        self.count = number = self.count + 1
        sent = self.sent[number] = self.by_id[wish.order_id] = Sent(number, standing, wish, decided_at)
        return sent

    def forget(self, numbers: Iterable[int]) -> None:
        """Forgets orders that have ended."""
        sent, by_id = self.sent, self.by_id
        for number in numbers:
            del by_id[sent.pop(number).wish.order_id]

    def take_back(self, count: int) -> None:
        """Forgets all orders that were added after so many."""
        for number in range(count + 1, self.count + 1):
            if number in self.sent:
                self.drop(self.sent[number])
        self.count = count

    def drop(self, sent: Sent) -> None:
        """Forgets an order of which nothing more is told."""
        del self.sent[sent.number], self.by_id[sent.wish.order_id]
