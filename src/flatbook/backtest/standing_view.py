"""What strategies of a backtest see while their seats are looked after directly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from flatbook.backtest.kernel.desk_table import CHANGES, LIVE
from flatbook.backtest.placed import Sent
from flatbook.backtest.standing import Standing
from flatbook.engine.quoting import SeatView
from flatbook.engine.rules import SeatRules
from flatbook.market.orderbook import Touch
from flatbook.state.desk import State
from flatbook.state.orders import Order
from flatbook.state.positions import TurnedDown
from flatbook.state.slots import SlotHeld
from flatbook.strategies.quoting import Stop
from flatbook.values.ids import COUNT_DIGITS, InstrumentId, OrderId, OwnerId, Slot, order_id_of_observation
from flatbook.values.instants import NS_PER_MS, Instant
from flatbook.values.money import Money, Price, Quantity

_ENDS = [f"{number:02d}" for number in range(100)]
IDS_MAX = 1_024
"""A decision that places more orders is booked by the engine."""


class Sights(Protocol):
    """What is seen of the market, and the desk behind it for what is seldom asked."""

    def touch_after(self, inst: int, earliest: int) -> Touch | None:
        """Returns the touch of an instrument by its place, seen fit after an instant; None without such a one."""
        ...

    def fit_since(self, inst: int) -> int:
        """Returns when the book of an instrument by its place was last seen fit; 0 where it is not fit."""
        ...

    def seen(self, inst: int) -> tuple[Touch | None, int]:
        """Returns the touch of an instrument by its place, and when its book was last seen fit, 0 before that."""
        ...

    def feature(self, owner: OwnerId, name: str) -> float | None:
        """Returns a feature that the strategy of an owner declared; None while it is not ready."""
        ...

    def full_view(self, owner: OwnerId) -> SeatView:
        """Returns the view of a seat on the state of the desk, which has caught up."""
        ...


class StandingView:
    """What the strategy of a seat can see, read from where it stands; what is not kept there from the desk itself."""

    __slots__ = (
        "_age_ns",
        "_fit_since",
        "_places",
        "_sent",
        "_sights",
        "_standings",
        "_touch_after",
        "_traded",
        "count",
        "ids",
        "now",
        "owner",
        "prefix",
        "touches",
    )

    def __init__(
        self,
        seated: SeatRules,
        standings: dict[InstrumentId, Standing],
        sights: Sights,
        places: Mapping[InstrumentId, int],
        sent: Mapping[int, Sent],
    ) -> None:
        self._standings, self._sights, self._places = standings, sights, places
        self._traded, self._fit_since, self._sent = tuple(standings.values()), sights.fit_since, sent
        self._age_ns = seated.limits.book_age_ms_max * NS_PER_MS
        self.touches: dict[InstrumentId, Touch | None] = {}
        self.ids: list[OrderId] = []
        self.prefix, self.count, self._touch_after = "", 0, sights.touch_after
        self.now: Instant = Instant(0)
        self.owner: OwnerId = seated.seat.owner

    def read(self, state: State) -> None:
        """Takes over how many orders the owner has wanted so far."""
        self.ids.clear()
        self.count = state.intents.get(self.owner, 0)
        self.prefix = order_id_of_observation(self.owner, epoch=state.epoch, count=0)[:-COUNT_DIGITS]

    def sees_all(self, now: Instant) -> bool:
        """Whether all books are seen on which orders stand."""
        earliest, fit_since = now - self._age_ns, self._fit_since
        for standing in self._traded:
            if fit_since(standing.place) <= earliest and standing.cells[standing.starts + LIVE]:
                return False
        return True

    def begin(self, now: Instant) -> None:
        """Begins to look at an instant."""
        self.now = now
        if self.touches:
            self.touches.clear()

    def go_to(self, count: int) -> None:
        """Goes on from so many orders that the owner has wanted."""
        if count > self.count:
            del self.ids[: count - self.count]
        else:
            self.ids.clear()
        self.count = count

    def touch(self, instrument: InstrumentId) -> Touch | None:
        """Returns the best of both sides; None while the book is unfit, stale or empty on one side."""
        touches = self.touches
        if touches and instrument in touches:
            return touches[instrument]
        touch = touches[instrument] = self._touch_after(self._places[instrument], self.now - self._age_ns)
        return touch

    def price(self, instrument: InstrumentId, ticks: int) -> Price:
        """Returns a price of an instrument of its seat, exact to the tick: the same object for the same ticks."""
        steps = self._standings[instrument].steps
        return steps.prices.get(ticks) or steps.price(ticks)

    def observed_at(self, instrument: InstrumentId) -> Instant | None:
        """Returns when its book was last seen fit, by our clock; None before the first time."""
        seen_at = self._sights.seen(self._places[instrument])[1]
        return Instant(seen_at) if seen_at else None

    def orders(self, instrument: InstrumentId) -> Sequence[Order]:
        """Returns the orders of this owner that are open, oldest first."""
        standing = self._standings[instrument]
        if standing.cells[standing.starts + CHANGES] == standing.changes:
            return standing.orders
        return standing.live(self._sent)

    def position(self, instrument: InstrumentId) -> Quantity:
        """Returns the signed position of this owner. Units: contracts."""
        standing = self._standings.get(instrument)
        return self._full().position(instrument) if standing is None else Quantity(standing.qty)

    def slot(self, instrument: InstrumentId, slot: Slot) -> SlotHeld | None:
        """Returns what a slot holds and did; None for one that never traded."""
        return self._full().slot(instrument, slot)

    def slots(self, instrument: InstrumentId) -> Sequence[Slot]:
        """Returns the slots that hold something, in the order in which they were first used."""
        return self._full().slots(instrument)

    def note(self, instrument: InstrumentId) -> Any:
        """Returns the newest note of this strategy on an instrument, None before its first one: its only memory."""
        return self._full().note(instrument)

    def feature(self, name: str) -> float | None:
        """Returns a declared feature; None while it is not ready."""
        return self._sights.feature(self.owner, name)

    def free(self, instrument: InstrumentId) -> tuple[Money, Quantity] | None:
        """Returns what may still be spent, and what may still be sold; None before the account was stated."""
        return self._full().free(instrument)

    def stop(self, _instrument: InstrumentId) -> Stop | None:
        """Returns None: nothing keeps a strategy from anything while its seat is looked after here."""
        return None

    def turned_down(self, instrument: InstrumentId) -> TurnedDown | None:
        """Returns the newest order of this owner that was turned down; None since an execution, or before any."""
        standing = self._standings.get(instrument)
        return self._full().turned_down(instrument) if standing is None else standing.turned_down

    def order_id(self, index: int) -> OrderId:
        """Returns the id of the `index`-th order that this decision places, from 0."""
        ids = self.ids
        if index < len(ids):
            return ids[index]
        if 0 <= index < IDS_MAX:
            self._make_ids(index + 1)
            return ids[index]
        return OrderId(f"{self.prefix}{self.count + index:0{COUNT_DIGITS}d}")

    def _make_ids(self, count: int) -> None:
        """Makes at least so many ids from the next one on, by whole hundreds."""
        first = self.count + len(self.ids)
        until = self.count + count
        made: list[OrderId] = []
        for hundred in range(first // 100, (until + 99) // 100):
            begins: Any = self.prefix + str(hundred).zfill(COUNT_DIGITS - 2)
            made += [begins + end for end in _ENDS]
        self.ids += made[first % 100 :]

    def _full(self) -> SeatView:
        return self._sights.full_view(self.owner)
