"""What a grid finds when it is asked: its reference price, its slots, and which orders stand in them."""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache

import msgspec

from flatbook.market.orderbook import Touch
from flatbook.state.orders import Order
from flatbook.state.slots import SlotHeld
from flatbook.strategies.grid_size import is_enough
from flatbook.strategies.grid_terms import GridMode, GridParams
from flatbook.strategies.quoting import QuoteView, Stop
from flatbook.values.instants import Instant
from flatbook.values.instruments import Product, Side, floor_to_lot
from flatbook.values.lattice import Lattice, level, place_of, step_above
from flatbook.values.money import ZERO, Price, Quantity, divide_cut, proportion, scaled_integer, significant_decimals

# The name of a member is looked up slowly, and its identity at once.
_BUY, _SPOT = Side.BUY, Product.SPOT

BPS_WHOLE = 10_000
UNIT_DECIMALS = 9
HALF_TICK = 500_000  # millionths
TICKS_CACHED_MAX = 16_384

Place = tuple[int, int]
Held = dict[Place, SlotHeld]


class Tilt(msgspec.Struct, frozen=True, gc=False):
    """What an inventory makes of a price: `kept` parts of `whole`."""

    kept: int
    whole: int


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """What one decision of a grid stands on.

    Units: bid, ask in ticks; reference in millionths of a tick; inventory in contracts, signed. `tolerance` is how far
    an order may stand behind its price before it is placed anew, in ticks. `lattices` are the present one and those
    before it, by number. `live` is the oldest order of each slot, `surplus` are all others.
    """

    params: GridParams
    now: Instant
    touch: Touch
    tilt: Tilt
    reference: int
    lattice: Lattice
    lattices: dict[int, Lattice]
    centre: int
    tolerance: int
    held: Held
    live: dict[Place, Order]
    surplus: tuple[Order, ...]
    inventory: Decimal
    kept: int
    stop: Stop | None
    is_ended: bool
    locked_until: Instant | None
    is_short: bool
    exits_from: Instant

    @property
    def bid(self) -> int:
        """The best bid. Units: ticks."""
        return self.touch.bid

    @property
    def ask(self) -> int:
        """The best ask. Units: ticks."""
        return self.touch.ask


@lru_cache(maxsize=TICKS_CACHED_MAX)
def ticks_of(price: Price, tick: Decimal) -> int:
    """Returns a price in ticks, cut to the tick below."""
    decimals = significant_decimals(tick)
    extra = max(decimals, significant_decimals(price))
    return proportion(scaled_integer(price, decimals=extra), part=1, of=scaled_integer(tick, decimals=extra))


def price_of(ticks: int, params: GridParams) -> Price:
    """Returns the price of a number of ticks. Units: quote per base."""
    return Price(ticks * params.instrument.rules.tick)


def tilt_of(inventory: Decimal, params: GridParams) -> Tilt:
    """Returns how far an inventory moves the whole grid: against itself, by at most `skew_bps`."""
    whole = scaled_integer(params.inventory_max, decimals=UNIT_DECIMALS)
    counted = max(-whole, min(whole, scaled_integer(inventory, decimals=UNIT_DECIMALS)))
    return Tilt(kept=BPS_WHOLE * whole - params.skew_bps * counted, whole=BPS_WHOLE * whole)


def reference_of(touch: Touch, tilt: Tilt) -> int:
    """Returns the middle of the touch as the inventory tilts it. Units: millionths of a tick, cut."""
    return proportion((touch.bid + touch.ask) * HALF_TICK, part=tilt.kept, of=tilt.whole)


def both_sides_at(reference: int, tilt: Tilt) -> int:
    """Returns the least sum of bid and ask at which the reference reaches a value: the inverse of `reference_of`.

    Units: reference in millionths of a tick; the result in ticks.
    """
    return -proportion(-reference, part=tilt.whole, of=HALF_TICK * tilt.kept)


def holdings(view: QuoteView, params: GridParams) -> Held:
    """Returns the slots of a grid that hold something, in the order in which they were first used."""
    found: Held = {}
    for slot in view.slots(params.instrument.id):
        place, held = place_of(slot), view.slot(params.instrument.id, slot)
        if place is not None and held is not None and held.qty:
            found[place] = held
    return found


def orders_in_slots(view: QuoteView, params: GridParams) -> tuple[dict[Place, Order], tuple[Order, ...]]:
    """Returns the oldest order of each slot, and the orders that share a slot with an older one."""
    live: dict[Place, Order] = {}
    surplus: list[Order] = []
    for order in view.orders(params.instrument.id):
        place = place_of(order.slot) if order.slot is not None else None
        if place is None:
            continue
        if place in live:
            surplus.append(order)
        else:
            live[place] = order
    return live, tuple(surplus)


def centre_of(raw: int, params: GridParams) -> int:
    """Returns the level around which a grid lies: one that does not trail stays at its anchor on that side."""
    centre = raw if params.trail_up else min(raw, 0)
    return centre if params.trail_down else max(centre, 0)


def target_of(scene: Scene, place: Place) -> int:
    """Returns where what a slot holds leaves: one level on, on the lattice it was opened on.

    Units: ticks. A lattice that is remembered no more leaves what the holding cost, and a step.
    """
    held, (number, index) = scene.held[place], place
    way = 1 if held.qty > ZERO else -1
    lattice = scene.lattices.get(number)
    if lattice is not None:
        return level(lattice, index + way)
    instrument = scene.params.instrument
    of_one_tick = held.qty * instrument.contract_size * instrument.rules.tick
    paid = scaled_integer(divide_cut(held.cost, of_one_tick, decimals=0), decimals=0)
    return paid + way * step_above(scene.lattice, scene.centre)


def closable(scene: Scene, place: Place) -> Quantity:
    """Returns how much of what a slot holds one order can close: whole lots, and enough of them; zero otherwise.

    Units: contracts. A position settled in margin has no least value to be closed with.
    """
    held = scene.held.get(place)
    if held is None:
        return Quantity(ZERO)
    instrument = scene.params.instrument
    qty = floor_to_lot(Quantity(abs(held.qty)), instrument.rules)[0]
    if instrument.product is not _SPOT:
        return qty if qty >= instrument.rules.qty_min else Quantity(ZERO)
    px = price_of(max(1, target_of(scene, place)), scene.params)
    return qty if is_enough(qty, px, instrument) else Quantity(ZERO)


def is_exit(scene: Scene, place: Place, order: Order) -> bool:
    """Whether an order closes what its slot holds: it only reduces, or it goes the other way than what is held.

    One that is larger than what is held, where that is too little for an order of its own, opens its slot anew.
    """
    if order.reduce_only:
        return True
    held = scene.held.get(place)
    if held is None or (held.qty > ZERO) is (order.side is _BUY):
        return False
    return order.leaves <= abs(held.qty) or bool(closable(scene, place))


def opens_on(side: Side, params: GridParams) -> bool:
    """Whether a grid opens on a side at all."""
    return side is _BUY or params.mode is GridMode.NEUTRAL
