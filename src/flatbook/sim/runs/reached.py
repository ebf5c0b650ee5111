"""What a world reached: the moves of its orders, and in which status orders were when a fault struck."""

from __future__ import annotations

from flatbook.events.event import Event
from flatbook.events.orders import OrderIntended
from flatbook.sim.world.record import Appended, Injected, Record
from flatbook.state.orders import OPEN, TRANSITIONS, Order, Status, move_of, moved, order_of_intent

NO_ORDER = "no_order"
EDGES = tuple(f"{status.value}>{move.value}" for status, move in TRANSITIONS)
STATUSES = (NO_ORDER, *(status.value for status in OPEN))


class Reached:
    """Counts over one record: `edges` by `status>move`, `cells` by `status*fault`, `faults` by their ids."""

    def __init__(self) -> None:
        self.edges: dict[str, int] = {}
        self.cells: dict[str, int] = {}
        self.faults: dict[str, int] = {}
        self.events = 0
        self._orders: dict[str, Order] = {}
        self._open: dict[str, Status] = {}

    def appended(self, event: Event) -> None:
        """Moves the order that an event of the journal is about."""
        self.events += 1
        if isinstance(event, OrderIntended):
            order = order_of_intent(event)
        else:
            known = self._orders.get(getattr(event, "order_id", None) or "")
            move = move_of(known, event) if known is not None else None
            if known is None or move is None:
                return
            count(self.edges, f"{known.status.value}>{move.value}")
            if (known.status, move) not in TRANSITIONS:
                return
            order = moved(known, event)
        self._orders[order.order_id] = order
        if order.is_open:
            self._open[order.order_id] = order.status
        else:
            self._open.pop(order.order_id, None)

    def injected(self, fault: str) -> None:
        """Counts a strike, once for each status in which an order was then."""
        count(self.faults, fault)
        for status in dict.fromkeys(each.value for each in self._open.values()) or (NO_ORDER,):
            count(self.cells, f"{status}*{fault}")


def reached_in(record: Record) -> Reached:
    """Returns what a record reached."""
    reached = Reached()
    for entry in record.entries:
        if isinstance(entry, Injected):
            reached.injected(entry.fault)
        elif isinstance(entry, Appended):
            for event in entry.events:
                reached.appended(event)
    return reached


def count(counts: dict[str, int], key: str, by: int = 1) -> None:
    """Adds to a count."""
    counts[key] = counts.get(key, 0) + by
