"""Since when exposure has been open without a break: of each net, and of the desk as a whole.

A fold beside the state of a desk, by the same rule that says whether it is flat. What it found before is kept, so that
the past is told as well: one line for each time that a net was opened or came to rest.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterator
from operator import attrgetter

import msgspec

from flatbook.api.answers.holdings import in_slots
from flatbook.api.answers.status import is_flat
from flatbook.api.answers.thresholds import NO_THRESHOLD, Thresholds
from flatbook.engine.ports import Row
from flatbook.events.event import Event
from flatbook.projections.positions import net_line
from flatbook.state.desk import State
from flatbook.state.fold import only_informs
from flatbook.state.orders import Order, Status
from flatbook.state.positions import NetKey
from flatbook.values.ids import UNASSIGNED, OrderId, Seq
from flatbook.values.instants import Instant
from flatbook.values.money import ZERO, Quantity

Key = NetKey | None  # None is the desk as a whole


class Turn(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A commit that opened or closed an exposure: its first and last event, and since when it is open, None if not."""

    first: Seq
    last: Seq
    since: Instant | None


_last = attrgetter("last")


class Openness:
    """Which exposures are open, and since when, as far as a journal is folded. `thresholds` are those in force."""

    def __init__(self, thresholds: Thresholds) -> None:
        self._thresholds = thresholds
        self._quoting = {owner: None for (owner, _), threshold in thresholds.items() if threshold.in_slots}
        self._turns: dict[Key, list[Turn]] = {None: []}
        self._begun: dict[Key, list[Instant]] = {}
        self._open: dict[NetKey, None] = {}
        self._hanging: dict[OrderId, None] = {}

    @property
    def is_open(self) -> bool:
        """Whether any exposure of the desk is open now."""
        turns = self._turns[None]
        return bool(turns) and turns[-1].since is not None

    def take(self, state: State, row: Row) -> None:
        """Folds a commit that is folded into the state already."""
        if not row.events:
            return
        happened: dict[NetKey, Instant] = {}
        for event in row.events:
            at = min(row.at, getattr(event, "happened_at", row.at))
            for key in self._touched(state, event):
                happened[key] = min(at, happened.get(key, at))
        for key, at in happened.items():
            if self._is_net_flat(state, key):
                self._open.pop(key, None)
                self._turn(key, row, None)
            else:
                self._open[key] = None
                self._turn(key, row, at)
        is_open = self._open or self._hanging or state.foreign_orders
        self._turn(None, row, min(happened.values(), default=row.at) if is_open else None)

    def since(self, key: Key, seq: Seq, at: Instant | None) -> Instant | None:
        """Returns since when an exposure was open after an event, which was committed at an instant.

        Needs: it was open then; in the middle of a commit it may have been open that long only.
        """
        turns = self._turns.get(key, [])
        place = bisect_right(turns, seq, key=_last)
        known = turns[place - 1].since if place else None
        if known is None and place < len(turns) and turns[place].first <= seq:
            known = turns[place].since
        return at if known is None else known

    def begun(self, key: NetKey, at: Instant) -> Instant | None:
        """Returns when the exposure of a net was opened the last time before an instant, None where it never was."""
        begun = self._begun.get(key, [])
        place = bisect_right(begun, at)
        return begun[place - 1] if place else None

    def _turn(self, key: Key, row: Row, since: Instant | None) -> None:
        turns = self._turns.setdefault(key, [])
        was_open = bool(turns) and turns[-1].since is not None
        if was_open != (since is not None):
            turns.append(Turn(first=row.first, last=row.last, since=since))
            if since is not None:
                insort(self._begun.setdefault(key, []), since)

    def _touched(self, state: State, event: Event) -> Iterator[NetKey]:
        """Yields the nets whose exposure an event may have changed; all of them where it does not say whose."""
        owner, underlying = getattr(event, "owner", None), getattr(event, "underlying", None)
        order_id = getattr(event, "order_id", None)
        order = None if order_id is None else state.orders.get(order_id)
        if order is not None:
            self._hang(state, order)
            yield order.owner, order.underlying
        elif owner is not None and underlying is not None:
            yield owner, underlying
        elif not only_informs(event):
            self._hang_all(state)
            yield from dict.fromkeys((*state.positions.nets, *state.owing))
            return
        if underlying is not None and (UNASSIGNED, underlying) in state.positions.nets:
            yield UNASSIGNED, underlying

    def _hang(self, state: State, order: Order) -> None:
        """Remembers an order while it alone keeps the desk from being flat."""
        if self._hangs(state, order):
            self._hanging[order.order_id] = None
        else:
            self._hanging.pop(order.order_id, None)

    def _hang_all(self, state: State) -> None:
        self._hanging.clear()
        for order_id in dict.fromkeys((*state.open_orders, *(each for owed in state.owing.values() for each in owed))):
            self._hang(state, state.orders[order_id])

    def _hangs(self, state: State, order: Order) -> bool:
        if order.is_open:
            return order.owner not in self._quoting or order.status is Status.UNKNOWN
        return order.order_id in state.owing.get((order.owner, order.underlying), ())

    def _is_net_flat(self, state: State, key: NetKey) -> bool:
        threshold = self._thresholds.get(key, NO_THRESHOLD)
        intended = in_slots(state).get(key, Quantity(ZERO)) if threshold.in_slots else Quantity(ZERO)
        return is_flat(net_line(state, key), threshold, intended)
