"""Which levels of a grid are opened: those in the window, on their side of the reference, that pay for themselves."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

import msgspec

from flatbook.events.grid import GridHold
from flatbook.events.orders import CancelReason, OrderStyle
from flatbook.state.orders import Order
from flatbook.strategies.grid_plan import Plan, Want, fell_behind, hold, maker_price, meets_at, watch
from flatbook.strategies.grid_scene import Place, Scene, closable, is_exit, opens_on, price_of, ticks_of
from flatbook.strategies.grid_size import is_enough, pays, size_at
from flatbook.strategies.quoting import Stop
from flatbook.values.instruments import Product, Side, notional
from flatbook.values.lattice import MICRO, border_above, level
from flatbook.values.money import ZERO, Price, Quantity, proportion

# The name of a member is looked up slowly, and its identity at once.
_BUY, _SELL, _SPOT = Side.BUY, Side.SELL, Product.SPOT

BUFFER_PARTS = 10  # a level opens only when the reference is a tenth of a step away


class Step(NamedTuple):
    """Where a cycle of a level begins and ends. Units: ticks."""

    entry: int
    target: int

    @property
    def buffer(self) -> int:
        """How far the reference must be away for the level to open. Units: millionths of a tick."""
        return proportion(abs(self.target - self.entry), part=MICRO, of=BUFFER_PARTS)


def step_of(scene: Scene, index: int, side: Side) -> Step:
    """Returns the cycle of a level of the present lattice that is opened on a side."""
    return Step(level(scene.lattice, index), level(scene.lattice, index + side.sign))


def tend_opener(plan: Plan, scene: Scene, place: Place, order: Order) -> CancelReason | None:
    """Returns why an order that opens has to go, None while it stands well."""
    side, limit, lattice, (number, index) = order.side, order.limit, scene.lattice, place
    if scene.stop is not None and is_stopped(scene, side):
        return CancelReason.HALTED
    if scene.is_ended or scene.is_short or number != lattice.number or not opens_on(side, scene.params):
        return CancelReason.OFF_GRID
    entry = level(lattice, index)
    target = level(lattice, index + 1 if side is _BUY else index - 1)
    if limit is None or not pays(entry, target, scene.params.fee):
        return CancelReason.OFF_GRID
    ticks = ticks_of(limit, scene.params.instrument.rules.tick)
    stands = _stands(plan, scene, (index, entry), side, ticks=ticks, is_part_filled=bool(order.filled))
    return None if stands else CancelReason.OFF_GRID


def _stands(plan: Plan, scene: Scene, at: tuple[int, int], side: Side, *, ticks: int, is_part_filled: bool) -> bool:
    """Whether an order at a price belongs where it stands; watches everything that can change that.

    It does not where its level lies too far behind the centre (of one that was filled in part: at all behind it), where
    the reference went beyond it, or where its price lags behind.
    Units: `at` is the index of its level, and where that lies in ticks.
    """
    (index, entry), params, reference = at, scene.params, scene.reference
    far = 0 if is_part_filled else params.hysteresis + (params.buy_levels if side is _BUY else params.sell_levels)
    if side is _BUY:
        edge, passed_at = index + far, entry * MICRO
        is_between = scene.centre <= edge and reference >= passed_at
    else:
        edge, passed_at = index - far - 1, entry * MICRO + 1
        is_between = scene.centre > edge and reference < passed_at
    _watch_centre(plan, scene, edge)
    watch(plan, reference, passed_at)
    return not fell_behind(plan, scene, side, ticks, wanted=entry, taking=False) and is_between


def is_stopped(scene: Scene, side: Side) -> bool:
    """Whether the desk lets nothing be opened on a side."""
    return scene.stop in (Stop.ALL, Stop.KILLED) or scene.stop is (Stop.BUYS if side is _BUY else Stop.SALES)


def _watch_centre(plan: Plan, scene: Scene, index: int) -> None:
    """Watches the border between a level and the next as what the centre may cross."""
    watch(plan, scene.reference, border_above(scene.lattice, index))


class Room(msgspec.Struct, kw_only=True):
    """What may still be opened: orders, contracts per side, quote, and contracts that are there to be sold."""

    orders: int
    buys: Decimal
    sales: Decimal
    quote: Decimal | None
    stock: Decimal | None
    lowest_sale: int | None
    highest_buy: int | None


def want_openers(plan: Plan, scene: Scene, room: Room) -> None:
    """Wants an order at each free level of the window, buys first, near to far.

    Nothing is opened on a lattice while orders of another one still stand.
    """
    _watch_window(plan, scene)
    old = (each for each in scene.live.items() if each[0][0] != scene.lattice.number)
    if not all(is_exit(scene, place, order) for place, order in old):
        return
    for side in Side:
        window = scene.params.buy_levels if side is _BUY else scene.params.sell_levels
        if not opens_on(side, scene.params):
            continue
        if is_stopped(scene, side):
            hold(plan, GridHold.HALTED)
            continue
        for away in range(1, window + 1):
            _want(plan, scene, room, scene.centre - side.sign * away, side)


def _watch_window(plan: Plan, scene: Scene) -> None:
    """Watches both borders of the centre, but the one on a side to which the grid does not trail any further."""
    if scene.params.trail_up or scene.centre < 0:
        _watch_centre(plan, scene, scene.centre)
    if scene.params.trail_down or scene.centre > 0:
        _watch_centre(plan, scene, scene.centre - 1)


def _want(plan: Plan, scene: Scene, room: Room, index: int, side: Side) -> None:
    place = (scene.lattice.number, index)
    if place in scene.live or closable(scene, place):
        return
    step = step_of(scene, index, side)
    if step.entry <= 0 or not _is_clear(plan, scene, step, side):
        return
    if not pays(step.entry, step.target, scene.params.fee):
        hold(plan, GridHold.NO_PROFIT)
        return
    held = scene.held.get(place)
    ticks = maker_price(side, step.entry, scene, rejects=0 if held is None else held.rejects)
    want = _sized(plan, scene, room, place, side, ticks) if ticks > 0 else None
    if want is None:
        plan.follows_touch = plan.follows_touch or ticks != step.entry
        return
    plan.wants.append(want)
    _stands(plan, scene, (index, step.entry), side, ticks=ticks, is_part_filled=False)


def _is_clear(plan: Plan, scene: Scene, step: Step, side: Side) -> bool:
    """Whether the reference is on the far side of a level, and far enough for it not to open at once."""
    if side is _BUY:
        border = step.entry * MICRO + step.buffer + 1
        watch(plan, scene.reference, border)
        return scene.reference >= border
    border = step.entry * MICRO - step.buffer
    watch(plan, scene.reference, border)
    return scene.reference < border


def _sized(plan: Plan, scene: Scene, room: Room, place: Place, side: Side, ticks: int) -> Want | None:
    """Returns the order of a level within what room there is, None with a reason where there is none."""
    px = price_of(ticks, scene.params)
    qty = size_at(scene.params.size, px, scene.params.instrument, kept=scene.kept)
    reason = _lacks(scene, room, side, ticks, px, qty)
    if reason is not None:
        hold(plan, reason)
        plan.waits_for_funds = plan.waits_for_funds or reason is GridHold.NO_FUNDS
        return None
    _take(scene, room, side, px, qty)
    return Want(place, side, ticks, qty, False, OrderStyle.POST_ONLY)


def _lacks(scene: Scene, room: Room, side: Side, ticks: int, px: Price, qty: Quantity) -> GridHold | None:
    if not qty or not is_enough(qty, px, scene.params.instrument):
        return GridHold.BELOW_MINIMUM
    if qty > (room.buys if side is _BUY else room.sales):
        return GridHold.INVENTORY_FULL
    if _meets_own(room, side, ticks):
        return GridHold.CROSSES_OWN
    if room.orders <= 0:
        return GridHold.ORDERS_FULL
    return GridHold.NO_FUNDS if _is_unpaid(scene, room, side, px, qty) else None


def _meets_own(room: Room, side: Side, ticks: int) -> bool:
    if side is _BUY:
        return room.lowest_sale is not None and ticks >= room.lowest_sale
    return room.highest_buy is not None and ticks <= room.highest_buy


def _is_unpaid(scene: Scene, room: Room, side: Side, px: Price, qty: Quantity) -> bool:
    instrument = scene.params.instrument
    if side is _SELL and instrument.product is _SPOT:
        return room.stock is not None and qty > room.stock
    cost = notional(qty, px, contract_size=instrument.contract_size)
    return room.quote is not None and cost > room.quote


def _take(scene: Scene, room: Room, side: Side, px: Price, qty: Quantity) -> None:
    instrument, room.orders = scene.params.instrument, room.orders - 1
    if side is _BUY:
        room.buys -= qty
    else:
        room.sales -= qty
    if side is _SELL and instrument.product is _SPOT:
        room.stock = None if room.stock is None else room.stock - qty
    elif room.quote is not None:
        room.quote -= notional(qty, px, contract_size=instrument.contract_size)


def room_of(scene: Scene, exits: list[Want], free: tuple[Decimal, Decimal] | None) -> Room:
    """Returns what may be opened beside the orders that stand and the exits that are wanted.

    Units: `free` is quote that may be spent, multiplied here by the leverage of a margined product, and contracts.
    """
    params, room = scene.params, _room_beside(scene)
    room.orders = params.orders_max - len(scene.live) - len(scene.surplus) - len(exits)
    for want in exits:
        _keep_apart(room, want.side, meets_at(want.side, want.ticks, scene))
    if free is not None:
        room.quote = free[0] * (1 if params.instrument.product is _SPOT else params.leverage)
        room.stock = free[1]
    return room


def _room_beside(scene: Scene) -> Room:
    """Returns the room beside what is held and what stands: at worst all that opens on a side comes, and no exit."""
    most, bought = scene.params.inventory_max, ZERO
    for held in scene.held.values():
        bought += max(held.qty, ZERO)
    room = Room(
        orders=0,
        buys=most - bought,
        sales=most + scene.inventory - bought,
        quote=None,
        stock=None,
        lowest_sale=None,
        highest_buy=None,
    )
    for place, order in scene.live.items():
        _stand_beside(room, scene, order, opens=not is_exit(scene, place, order))
    for order in scene.surplus:
        _stand_beside(room, scene, order, opens=not order.reduce_only)
    return room


def _stand_beside(room: Room, scene: Scene, order: Order, *, opens: bool) -> None:
    if opens and order.side is _BUY:
        room.buys -= order.leaves
    elif opens:
        room.sales -= order.leaves
    if order.limit is not None:
        _keep_apart(room, order.side, ticks_of(order.limit, scene.params.instrument.rules.tick))


def _keep_apart(room: Room, side: Side, ticks: int) -> None:
    if side is _SELL:
        if room.lowest_sale is None or ticks < room.lowest_sale:
            room.lowest_sale = ticks
    elif room.highest_buy is None or ticks > room.highest_buy:
        room.highest_buy = ticks
