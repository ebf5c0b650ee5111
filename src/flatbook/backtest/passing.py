"""Asks a strategy on messages that a scan went past, one after the other, until it wants something.

Nothing happened to the desk between them, so that what it holds is looked up once for all of them, and of the market
only what the strategy asks for is made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flatbook.backtest.simulator import Passed
from flatbook.engine.rules import SeatRules
from flatbook.market.feature_feed import NOT_READY
from flatbook.market.orderbook import Touch
from flatbook.state.orders import Order
from flatbook.strategies.decision import Wake
from flatbook.strategies.quoting import QuoteView
from flatbook.values.ids import InstrumentId
from flatbook.values.instants import NS_PER_MS, Instant

_NOTHING = Passed(0, (), (), tuple, tuple)


class PassingView:
    """What the strategy of a seat can see at one of the messages that were gone past."""

    def __init__(self, seated: SeatRules, places: Mapping[InstrumentId, int], features: Mapping[str, int]) -> None:
        self._places, self._numbers = places, features
        self._age_ns = seated.limits.book_age_ms_max * NS_PER_MS
        self._seat = seated.seat
        self._passed = _NOTHING
        self._newest: list[int] = []
        self._columns: Sequence[Sequence[int]] | None = None
        self._features: Sequence[Sequence[float]] | None = None
        self._orders: dict[InstrumentId, Sequence[Order]] = {}
        self._at = 0
        self.now, self.owner = Instant(0), seated.seat.owner

    def hold(self, held: QuoteView) -> None:
        """Takes all but what is seen from the view of a seat at one instant."""
        self._held = held
        self.position, self.slot, self.slots, self.note = held.position, held.slot, held.slots, held.note
        self.free, self.stop, self.turned_down, self.order_id = held.free, held.stop, held.turned_down, held.order_id
        self.price = held.price

    def quiet(self, passed: Passed, until: int, wake: Wake | None) -> int:
        """Asks on one message after the other. Returns how many there are before the first at which it wants something.

        `until` is how many there are, `wake` what it waits for now: where it waits for something else it wants that.
        """
        self._passed, self._columns, self._features = passed, None, None
        self._orders.clear()
        first = passed.first
        newest = self._newest = list(range(first))
        seat = self._seat
        decide, params, quiet = seat.decide, seat.params, None
        for at in range(first, first + until):
            self._at = newest[passed.insts[at]] = at
            self.now = Instant(passed.times[at])
            decision = decide(self, params)
            if decision is quiet:
                continue
            if decision.intents or decision.notes or (decision.wake is not wake and decision.wake != wake):
                return at - first
            quiet = decision
        return until

    def touch(self, instrument: InstrumentId) -> Touch | None:
        """Returns the best of both sides; None while the book is unfit, stale or empty on one side."""
        at = self._newest[self._places[instrument]]
        columns = self._columns
        if columns is None:
            columns = self._columns = self._passed.columns()
        bids, bid_sizes, asks, ask_sizes, heard = columns
        if not bids[at] or self.now - heard[at] >= self._age_ns:
            return None
        return Touch(bids[at], bid_sizes[at], asks[at], ask_sizes[at])

    def observed_at(self, instrument: InstrumentId) -> Instant | None:
        """Returns when its book was last seen fit, by our clock; None before the first time."""
        if self._columns is None:
            self._columns = self._passed.columns()
        heard = self._columns[4][self._newest[self._places[instrument]]]
        return Instant(heard) if heard else None

    def orders(self, instrument: InstrumentId) -> Sequence[Order]:
        """Returns the orders of this owner that are open or still owe executions, oldest first."""
        try:
            return self._orders[instrument]
        except KeyError:
            found = self._orders[instrument] = self._held.orders(instrument)
            return found

    def feature(self, name: str) -> float | None:
        """Returns a declared feature; None while it is not ready."""
        if self._features is None:
            self._features = self._passed.features()
        value = self._features[self._numbers[name]][self._at]
        return None if value == NOT_READY else value
