"""A literal view for a grid, and a venue that takes every order as it is: what a decision meets in the tests."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec

from flatbook.events.event import Event
from flatbook.events.grid import GridHeld, GridLaid, GridLocked, GridResumed, GridStopped
from flatbook.market.orderbook import Touch
from flatbook.state.grid import GridMemory, remembered
from flatbook.state.intents import CancelIntent, PlaceIntent
from flatbook.state.orders import Order, Status
from flatbook.state.positions import TurnedDown
from flatbook.state.slots import SlotHeld
from flatbook.strategies.decision import Decision
from flatbook.strategies.grid import decide
from flatbook.strategies.grid_terms import GridMode, GridParams, QtyPerLevel
from flatbook.strategies.quoting import Stop
from flatbook.values.ids import AccountId, AssetId, InstrumentId, OrderId, OwnerId, Slot, Underlying
from flatbook.values.instants import Instant
from flatbook.values.instruments import Instrument, Product, Side, TradingRules
from flatbook.values.lattice import Spacing
from flatbook.values.money import ZERO, Money, Price, Quantity, plain

OWNER = OwnerId("maker")
START = Instant(1_764_685_800_000_000_000)
S = 1_000_000_000


def rules(tick: str = "1", lot: str = "0.001", notional_min: str = "5") -> TradingRules:
    return TradingRules(tick=Decimal(tick), lot=Decimal(lot), qty_min=Decimal(lot), notional_min=Decimal(notional_min))


PERP = Instrument(
    id=InstrumentId("XYZUSDT@perps"),
    account=AccountId("perps"),
    symbol="XYZUSDT",
    underlying=Underlying("XYZ"),
    quote=AssetId("USDT"),
    rules=rules(),
    product=Product.LINEAR_PERP,
)

NEUTRAL = GridParams(
    instrument=PERP,
    mode=GridMode.NEUTRAL,
    spacing=Spacing.ARITHMETIC,
    step=10,
    buy_levels=2,
    sell_levels=2,
    size=QtyPerLevel(amount=Quantity(Decimal(1))),
    inventory_max=Quantity(Decimal(100)),
    fee=Decimal("0.0002"),
)
LONG = msgspec.structs.replace(NEUTRAL, mode=GridMode.LONG)


class LiteralView:
    """A view whose every answer is set by a test."""

    def __init__(self, params: GridParams = NEUTRAL, price: int = 1_000, spread: int = 2) -> None:
        self.params = params
        self.now = START
        self.owner = OWNER
        self.book: Touch | None = None
        self.heard_at: Instant | None = None
        self.standing: list[Order] = []
        self.held: dict[Slot, SlotHeld] = {}
        self.memory: GridMemory | None = None
        self.features: dict[str, float] = {}
        self.funds: tuple[Money, Quantity] | None = None
        self.stopped: Stop | None = None
        self.refused: TurnedDown | None = None
        self.count = 0
        self.see(price, spread=spread)

    def see(self, price: int, *, spread: int = 2) -> LiteralView:
        """Sets a touch around a price, seen now."""
        self.book = Touch(price - spread // 2, 1, price + spread - spread // 2, 1)
        self.heard_at = self.now
        return self

    def touch(self, instrument: InstrumentId) -> Touch | None:
        return self.book

    def price(self, instrument: InstrumentId, ticks: int) -> Price:
        return Price(ticks * self.params.instrument.rules.tick)

    def observed_at(self, instrument: InstrumentId) -> Instant | None:
        return self.heard_at

    def orders(self, instrument: InstrumentId) -> Sequence[Order]:
        return tuple(self.standing)

    def position(self, instrument: InstrumentId) -> Quantity:
        return Quantity(sum((held.qty for held in self.held.values()), ZERO))

    def slot(self, instrument: InstrumentId, slot: Slot) -> SlotHeld | None:
        return self.held.get(slot)

    def slots(self, instrument: InstrumentId) -> Sequence[Slot]:
        return tuple(slot for slot, held in self.held.items() if held.qty)

    def note(self, instrument: InstrumentId) -> Any:
        return self.memory

    def feature(self, name: str) -> float | None:
        return self.features.get(name)

    def free(self, instrument: InstrumentId) -> tuple[Money, Quantity] | None:
        return self.funds

    def stop(self, instrument: InstrumentId) -> Stop | None:
        return self.stopped

    def turned_down(self, instrument: InstrumentId) -> TurnedDown | None:
        return self.refused

    def order_id(self, index: int) -> OrderId:
        return OrderId(f"o{self.count + index}")

    def decide(self) -> Decision:
        """Asks the grid, and lets nothing happen."""
        return decide(self, self.params)

    def apply(self, decision: Decision | None = None) -> Decision:
        """Lets a decision happen: notes are folded, orders stand, cancels take them away."""
        taken = self.decide() if decision is None else decision
        self.remember(*taken.notes)
        for intent in taken.intents:
            if isinstance(intent, CancelIntent):
                self.standing = [order for order in self.standing if order.order_id != intent.order_id]
            elif isinstance(intent, PlaceIntent):
                self.count += 1
                self.standing.append(order_of(intent))
        return taken

    def remember(self, *notes: Event) -> None:
        """Folds notes into the memory."""
        for note in notes:
            assert isinstance(note, GridLaid | GridHeld | GridLocked | GridStopped | GridResumed)
            self.memory = remembered(self.memory or GridMemory(), note)

    def order_in(self, slot: str) -> Order:
        """Returns the order that stands in a slot."""
        return next(order for order in self.standing if order.slot == slot)

    def change(self, slot: str, **changes: Any) -> None:
        """Changes fields of the order in a slot."""
        order = self.order_in(slot)
        at = self.standing.index(order)
        self.standing[at] = msgspec.structs.replace(order, **changes)

    def fill(self, slot: str, qty: str | None = None) -> None:
        """Executes the order of a slot, in full when no quantity is given."""
        order = self.order_in(slot)
        done = Quantity(order.leaves if qty is None else Decimal(qty))
        held = self.held.setdefault(Slot(slot), SlotHeld(qty=Quantity(ZERO), cost=Money(ZERO), profit=Money(ZERO)))
        assert order.limit is not None
        signed = done if order.side is Side.BUY else -done
        held.qty = Quantity(held.qty + signed)
        held.cost = Money(held.cost + signed * order.limit)
        held.rejects = 0
        if done == order.leaves:
            self.standing.remove(order)
        else:
            self.change(slot, filled=Quantity(order.filled + done), status=Status.PARTIALLY_FILLED)

    def hold(self, slot: str, qty: str, cost: str = "0", rejects: int = 0) -> None:
        """Makes a slot hold something."""
        self.held[Slot(slot)] = SlotHeld(
            qty=Quantity(Decimal(qty)), cost=Money(Decimal(cost)), rejects=rejects, profit=Money(ZERO)
        )


def order_of(intent: PlaceIntent) -> Order:
    """Returns the order that an intent becomes at a venue that accepts it."""
    return Order(
        order_id=intent.order_id,
        owner=intent.owner,
        account=intent.account,
        instrument=intent.instrument_id,
        underlying=intent.underlying,
        side=intent.side,
        qty=intent.qty,
        limit=intent.limit,
        contract_size=intent.instrument.contract_size,
        reduce_only=intent.reduce_only,
        style=intent.style,
        product=intent.instrument.product,
        slot=intent.slot,
        status=Status.ACCEPTED,
        filled=Quantity(ZERO),
        claimed=Quantity(ZERO),
        venue_order_id=None,
        attempt=0,
        cancel_attempt=0,
        cancel_pending=False,
        cancel_at=Instant(0),
        decided_at=START,
        sent_at=START,
        changed_at=START,
        good_until=intent.good_until,
        because=None,
    )


def placed(decision: Decision) -> list[str]:
    """Returns the orders of a decision as text: side, quantity, price, slot, and what is special about them."""
    lines = []
    for intent in decision.intents:
        if isinstance(intent, PlaceIntent):
            mark = " exit" if intent.reduce_only else ""
            style = "" if intent.style.value == "post_only" else f" {intent.style.value}"
            size, px = plain(intent.qty), plain(intent.limit) if intent.limit is not None else "market"
            lines.append(f"{intent.side.value} {size} @ {px} in {intent.slot}{mark}{style}")
    return lines


def canceled(decision: Decision, view: LiteralView) -> list[str]:
    """Returns the slots whose orders a decision cancels."""
    slots = {order.order_id: order.slot for order in view.standing}
    return [str(slots[each.order_id]) for each in decision.intents if isinstance(each, CancelIntent)]
