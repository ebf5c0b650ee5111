"""Which levels of a grid are opened: those in the window, on their side of the reference, that pay for themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import NamedTuple

import msgspec

from flatbook.events.grid import GridHold
from flatbook.events.orders import CancelReason, OrderStyle
from flatbook.state.orders import Order
from flatbook.strategies.grid_plan import Plan, Want, fell_behind, hold, maker_price, meets_at, watch
from flatbook.strategies.grid_scene import Place, Scene, closable, opens_on, price_of, ticks_of
from flatbook.strategies.grid_size import is_enough, pays, size_at
from flatbook.strategies.grid_terms import GridParams
from flatbook.strategies.quoting import Stop
from flatbook.values.ids import OrderId
from flatbook.values.instruments import Product, Side, notional
from flatbook.values.lattice import MICRO, Lattice, border_above, level_and_next
from flatbook.values.money import ZERO, Price, Quantity, proportion

# The name of a member is looked up slowly, and its identity at once.
_BUY, _SELL, _SPOT = Side.BUY, Side.SELL, Product.SPOT

BERTHS_KEPT_MAX = 4_096
FAR = 2**62
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
    return Step(*level_and_next(scene.lattice, index, side.sign))


class Berth(msgspec.Struct, frozen=True, gc=False):
    """Where an order that opens stands on a lattice, and at which values of the reference it would not.

    Units: ticks, entry and lag in ticks, border and passed_at in millionths of one. `edge` is the last level that the
    centre may reach on its way, `border` where it leaves that, and at `passed_at` the reference passes the level; `low`
    and `high` are these two in order. `lag` is how far its price is behind what it may ask for.
    """

    order: Order | None
    lattice: Lattice
    params: GridParams
    ticks: int
    entry: int
    pays: bool
    edge: int
    border: int
    passed_at: int
    low: int
    high: int
    lag: int


_BERTHS: dict[OrderId, Berth] = {}  # those of orders, each good for this very order on this very lattice


def _berth(scene: Scene, index: int, side: Side, ticks: int, order: Order | None) -> Berth:
    """Returns the berth of a level at a price; an order that was filled in part has none behind the centre."""
    lattice, params, is_whole = scene.lattice, scene.params, order is None or not order.filled
    entry, target = level_and_next(lattice, index, side.sign)
    pays_fees = pays(entry, target, params.fee)
    if side is _BUY:
        edge, passed_at = index + (params.hysteresis + params.buy_levels if is_whole else 0), entry * MICRO
        border = border_above(lattice, edge)
        low, high, lag = passed_at, border, entry - ticks
    else:
        edge, passed_at = index - 1 - (params.hysteresis + params.sell_levels if is_whole else 0), entry * MICRO + 1
        border = border_above(lattice, edge)
        low, high, lag = border, passed_at, ticks - entry
    return Berth(order, lattice, params, ticks, entry, pays_fees, edge, border, passed_at, low, high, lag)


def not_well(plan: Plan, scene: Scene) -> Iterator[tuple[Place, Order]]:
    """Yields the orders to be looked at; those that open and are known to stand well, as nearly all do, are kept.

    Gives: all orders while anything keeps one from standing anywhere, and of a grid that does not trail both ways: its
    centre is not where the reference is. They come, and are kept, in their order. One that only reduces has no berth.
    """
    params, lattice, reference, tolerance = scene.params, scene.lattice, scene.reference, scene.tolerance
    live, held, now, known, kept = scene.live, scene.held, scene.now, _BERTHS, plan.kept
    if not (params.trail_up and params.trail_down) or any(_why_off(scene, side) for side in (_BUY, _SELL)):
        yield from live.items()
        return
    above, below = FAR, -FAR
    for place, order in live.items():
        berth = known.get(order.order_id)
        if (
            berth is None
            or berth.order is not order
            or berth.lattice is not lattice
            or berth.params is not params
            or not berth.low <= reference < berth.high
            or berth.lag > tolerance
            or not berth.pays
            or now >= order.good_until
            or place in held
        ):
            yield place, order
            continue
        kept.append(order)
        above = min(above, berth.high)
        below = max(below, berth.low)
    if above < FAR:
        watch(plan, reference, above)
        watch(plan, reference, below)


def opener_tender(plan: Plan, scene: Scene) -> Callable[[Place, Order], CancelReason | None]:
    """Returns what tells why an order that opens has to go, None while it stands well.

    A grid asks it of each of its orders whenever it is asked: what they share is looked up once, and what is known of
    one is kept for as long as it is the same order.
    """
    lattice, params, known, off_grid = scene.lattice, scene.params, _BERTHS, CancelReason.OFF_GRID
    number, tick = lattice.number, params.instrument.rules.tick
    off = {side: _why_off(scene, side) for side in (_BUY, _SELL)}

    def tend(place: Place, order: Order) -> CancelReason | None:
        side, limit = order.side, order.limit
        if place[0] != number:
            plan.opens_on_old = True
        if off[side] is not None:
            return off[side]
        if place[0] != number or limit is None:
            return off_grid
        berth = known.get(order.order_id)
        if berth is None or berth.order is not order or berth.lattice is not lattice or berth.params is not params:
            if len(known) >= BERTHS_KEPT_MAX:
                known.clear()
            berth = known[order.order_id] = _berth(scene, place[1], side, ticks_of(limit, tick), order)
        return None if berth.pays and _stands(plan, scene, berth, side) else off_grid

    return tend


def _why_off(scene: Scene, side: Side) -> CancelReason | None:
    """Returns why no order that opens may stand on a side, wherever it stands; None where it may."""
    if scene.stop is not None and is_stopped(scene, side):
        return CancelReason.HALTED
    return CancelReason.OFF_GRID if scene.is_ended or scene.is_short or not opens_on(side, scene.params) else None


def _stands(plan: Plan, scene: Scene, berth: Berth, side: Side) -> bool:
    """Whether an order belongs where it stands; watches everything that can change that.

    It does not where its level lies too far behind the centre (of one that was filled in part: at all behind it), where
    the reference went beyond it, or where its price lags behind.
    """
    reference, passed_at, ticks = scene.reference, berth.passed_at, berth.ticks
    if side is _BUY:
        is_between = scene.centre <= berth.edge and reference >= passed_at
        is_near = berth.entry - scene.tolerance <= ticks
    else:
        is_between = scene.centre > berth.edge and reference < passed_at
        is_near = ticks <= berth.entry + scene.tolerance
    for border in (berth.border, passed_at):  # as `watch` does, but without a call for each
        if border > reference:
            if plan.above is None or border < plan.above:
                plan.above = border
        elif plan.below is None or border > plan.below:
            plan.below = border
    return (is_near or not fell_behind(plan, scene, side, ticks, wanted=berth.entry, taking=False)) and is_between


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
    if plan.opens_on_old:
        return
    for side in (_BUY, _SELL):
        window = scene.params.buy_levels if side is _BUY else scene.params.sell_levels
        if not opens_on(side, scene.params):
            continue
        if is_stopped(scene, side):
            hold(plan, GridHold.HALTED)
            continue
        number, centre, live, way = scene.lattice.number, scene.centre, scene.live, side.sign
        for index in range(centre - way, centre - way * (window + 1), -way):
            if (number, index) not in live:
                _want(plan, scene, room, index, side)


def _watch_window(plan: Plan, scene: Scene) -> None:
    """Watches both borders of the centre, but the one on a side to which the grid does not trail any further."""
    if scene.params.trail_up or scene.centre < 0:
        _watch_centre(plan, scene, scene.centre)
    if scene.params.trail_down or scene.centre > 0:
        _watch_centre(plan, scene, scene.centre - 1)


def _want(plan: Plan, scene: Scene, room: Room, index: int, side: Side) -> None:
    place = (scene.lattice.number, index)
    if closable(scene, place):
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
    _stands(plan, scene, _berth(scene, index, side, ticks, None), side)


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


def room_of(scene: Scene, plan: Plan, free: tuple[Decimal, Decimal] | None) -> Room:
    """Returns what may be opened beside the orders that stand and the exits that are wanted, all that is so far.

    Units: `free` is quote that may be spent, multiplied here by the leverage of a margined product, and contracts.
    """
    params, room = scene.params, _room_beside(scene, plan)
    room.orders = params.orders_max - len(scene.live) - len(scene.surplus) - len(plan.wants)
    for want in plan.wants:
        _keep_apart(room, want.side, meets_at(want.side, want.ticks, scene))
    if free is not None:
        room.quote = free[0] * (1 if params.instrument.product is _SPOT else params.leverage)
        room.stock = free[1]
    return room


def _room_beside(scene: Scene, plan: Plan) -> Room:
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
    _stand_beside(room, scene, plan)
    return room


def _stand_beside(room: Room, scene: Scene, plan: Plan) -> None:
    """Takes what stands off a room: what opens, and the nearest price of each side."""
    buys, sales, tick, closing = room.buys, room.sales, scene.params.instrument.rules.tick, plan.closing
    standing, lowest, highest = scene.live.items(), None, None
    for place, order in (*standing, *((None, order) for order in scene.surplus)) if scene.surplus else standing:
        limit, opens = order.limit, not order.reduce_only and (not closing or place not in closing)
        if order.side is _BUY:
            if opens:
                buys -= order.leaves
            if highest is None or (limit is not None and limit > highest):
                highest = limit
        else:
            if opens:
                sales -= order.leaves
            if lowest is None or (limit is not None and limit < lowest):
                lowest = limit
    room.buys, room.sales = buys, sales
    room.highest_buy = None if highest is None else ticks_of(highest, tick)
    room.lowest_sale = None if lowest is None else ticks_of(lowest, tick)


def _keep_apart(room: Room, side: Side, ticks: int) -> None:
    if side is _SELL:
        if room.lowest_sale is None or ticks < room.lowest_sale:
            room.lowest_sale = ticks
    elif room.highest_buy is None or ticks > room.highest_buy:
        room.highest_buy = ticks
