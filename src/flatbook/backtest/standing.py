"""Where the seats of a backtest stand, ahead of the state of their desk: what strategies and risk read, and no more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Protocol

from flatbook.backtest.grid import Steps
from flatbook.backtest.terms import FeeRates
from flatbook.engine.quoting import SeatView
from flatbook.engine.rules import SeatRules
from flatbook.events.orders import OrderIntended
from flatbook.market.orderbook import Touch
from flatbook.state.desk import State
from flatbook.state.orders import Order
from flatbook.state.positions import DayResult, Entry, NetKey, TurnedDown
from flatbook.state.slots import SlotHeld
from flatbook.strategies.quoting import Stop
from flatbook.values.ids import (
    COUNT_DIGITS,
    InstrumentId,
    OrderId,
    OwnerId,
    Slot,
    VenueOrderId,
    order_id_of_observation,
)
from flatbook.values.instants import NS_PER_MS, Instant
from flatbook.values.instruments import Product
from flatbook.values.money import ZERO, Money, Price, Quantity

NOT_READ = -(2**31)
_NONE_HELD = Quantity(ZERO)


class Standing:
    """Where one owner stands on one instrument.

    `entry` and `day` are shared by all whose they are; `first` is its first order, which the others are like.

    Units: qty in contracts, signed; notional_max in ticks times lots. While a decision is checked: `buys_left` and
    `sells_left` are the contracts that each side may still be given, buys stay below `below` and sales above `above`,
    and `orders_left` may still be opened.
    """

    __slots__ = (
        "above",
        "below",
        "buys_left",
        "cap_usd",
        "day",
        "entry",
        "first",
        "instrument",
        "is_spot",
        "key",
        "live",
        "mark",
        "notional_max",
        "orders_left",
        "owner",
        "place",
        "qty",
        "rates",
        "seat_key",
        "sells_left",
        "steps",
        "turned_down",
    )

    def __init__(self, seated: SeatRules, steps: Steps, rates: FeeRates) -> None:
        seat = seated.seat
        self.owner, self.seat_key, self.steps, self.instrument = seat.owner, seat.key, steps, steps.instrument
        self.key: NetKey = (seat.owner, steps.instrument.underlying)
        self.cap_usd, self.notional_max = seated.limits.order_notional_usd_max, 0
        self.rates, self.place, self.is_spot = rates, steps.place, steps.instrument.product is Product.SPOT
        self.live: dict[OrderId, Sent] = {}
        self.qty: Decimal = _NONE_HELD
        self.entry, self.day = Entry(), DayResult(day=0)
        self.turned_down: TurnedDown | None = None
        self.mark: Price | None = None
        self.first: tuple[OrderIntended, Order] | None = None
        self.orders_left = NOT_READ
        self.buys_left: Decimal = ZERO
        self.sells_left: Decimal = ZERO
        self.below: Decimal = ZERO
        self.above: Decimal = ZERO

    def read(self, state: State, entries: dict[InstrumentId, Entry], days: dict[NetKey, DayResult]) -> None:
        """Takes over what the state of the desk says, but for its orders."""
        traded = self.instrument
        row = state.positions.rows.get((self.owner, traded.account, traded.id))
        self.qty = _NONE_HELD if row is None else row.qty
        self.turned_down = state.turned_down.get((self.owner, traded.id))
        self.mark = state.mark(traded.quote)
        mark, size = self.mark, traded.contract_size
        self.notional_max = 0 if mark is None or mark <= ZERO else self.steps.fit_in(self.cap_usd, size * mark)
        entry, day = state.entries.get((traded.account, traded.id)), state.positions.days.get(self.key)
        self.entry = entries.setdefault(traded.id, Entry() if entry is None else Entry(qty=entry.qty, cost=entry.cost))
        fresh = DayResult(day=0) if day is None else DayResult(day=day.day, cash_usd=day.cash_usd, qty=day.qty)
        self.day = days.setdefault(self.key, fresh)


class Sent:
    """An order that is at the simulated venue, or on its way there or back."""

    __slots__ = ("number", "order", "standing", "venue_order_id")

    def __init__(self, order: Order, number: int, standing: Standing) -> None:
        self.order, self.number, self.standing = order, number, standing
        self.venue_order_id = VenueOrderId(f"s{number}")


class Sights(Protocol):
    """What is seen of the market, and the desk behind it for what is seldom asked."""

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
        "_count",
        "_looked",
        "_places",
        "_prefix",
        "_seen",
        "_sights",
        "_standings",
        "_touches",
        "_traded",
        "ids",
        "now",
        "owner",
    )

    def __init__(
        self,
        seated: SeatRules,
        standings: dict[InstrumentId, Standing],
        sights: Sights,
        places: Mapping[InstrumentId, int],
    ) -> None:
        self._standings, self._sights, self._places = standings, sights, places
        self._traded, self._seen = tuple(standings.items()), sights.seen
        self._age_ns = seated.limits.book_age_ms_max * NS_PER_MS
        self._touches: dict[InstrumentId, Touch | None] = {}
        self.ids: list[OrderId] = []
        self._looked = False
        self._prefix, self._count = "", 0
        self.now: Instant = Instant(0)
        self.owner: OwnerId = seated.seat.owner

    def read(self, state: State) -> None:
        """Takes over how many orders the owner has wanted so far."""
        self.ids.clear()
        self._count = state.intents.get(self.owner, 0)
        self._prefix = order_id_of_observation(self.owner, epoch=state.epoch, count=0)[:-COUNT_DIGITS]

    def begin(self, now: Instant) -> bool:
        """Looks at the books that are traded. Gives: False where one is not seen on which orders stand."""
        self.now, touches, earliest = now, self._touches, now - self._age_ns
        if self._looked:
            touches.clear()
            self._looked = False
        for instrument, standing in self._traded:
            touch, seen_at = self._seen(standing.place)
            if touch is None or seen_at <= earliest:
                touches[instrument] = None
                if standing.live:
                    return False
            else:
                touches[instrument] = touch
            standing.orders_left = NOT_READ
        return True

    def placed(self, count: int) -> None:
        """Takes note that so many orders were placed."""
        self._count += count
        self.ids.clear()

    def touch(self, instrument: InstrumentId) -> Touch | None:
        """Returns the best of both sides; None while the book is unfit, stale or empty on one side."""
        try:
            return self._touches[instrument]
        except KeyError:
            return self._look(instrument)

    def _look(self, instrument: InstrumentId) -> Touch | None:
        """Looks at a book that is observed only."""
        touch, seen_at = self._sights.seen(self._places[instrument])
        if touch is not None and self.now - seen_at >= self._age_ns:
            touch = None
        self._touches[instrument], self._looked = touch, True
        return touch

    def observed_at(self, instrument: InstrumentId) -> Instant | None:
        """Returns when its book was last seen fit, by our clock; None before the first time."""
        seen_at = self._sights.seen(self._places[instrument])[1]
        return Instant(seen_at) if seen_at else None

    def orders(self, instrument: InstrumentId) -> Sequence[Order]:
        """Returns the orders of this owner that are open, oldest first."""
        return [sent.order for sent in self._standings[instrument].live.values()]

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
        if index == len(ids):
            order_id = OrderId(f"{self._prefix}{self._count + index:0{COUNT_DIGITS}d}")
            ids.append(order_id)
            return order_id
        if 0 <= index < len(ids):
            return ids[index]
        return OrderId(f"{self._prefix}{self._count + index:0{COUNT_DIGITS}d}")

    def _full(self) -> SeatView:
        return self._sights.full_view(self.owner)
