"""How what a grid holds leaves: each slot by an order of its own, at the target it was opened with."""

from __future__ import annotations

from flatbook.events.orders import CancelReason, OrderStyle
from flatbook.state.orders import Order
from flatbook.strategies.decision import Edge, Series
from flatbook.strategies.grid_plan import Plan, Want, exit_style, fell_behind, maker_price, meets_at, watch
from flatbook.strategies.grid_scene import Place, Scene, closable, target_of, ticks_of
from flatbook.strategies.grid_terms import Exits, GridMode
from flatbook.strategies.quoting import Stop
from flatbook.values.instruments import Side, floor_to_lot
from flatbook.values.lattice import MICRO, level
from flatbook.values.money import ZERO, Quantity

# The name of a member is looked up slowly, and its identity at once.
_BUY, _SELL, _BID, _ASK, _ABOVE, _BELOW = (
    Side.BUY,
    Side.SELL,
    Series.BID,
    Series.ASK,
    Edge.AT_OR_ABOVE,
    Edge.AT_OR_BELOW,
)


def tend_exit(plan: Plan, scene: Scene, place: Place, order: Order) -> CancelReason | None:
    """Returns why an exit has to go, None while it stands well."""
    held = scene.held.get(place)
    if held is None or (held.qty > ZERO) is (order.side is _BUY) or order.limit is None:
        return CancelReason.WRONG_SIDE
    size = floor_to_lot(Quantity(abs(held.qty)), scene.params.instrument.rules)[0]
    if order.leaves > size:
        return CancelReason.EXCEEDS_NET
    stands = _stands(plan, scene, place, order.side, ticks_of(order.limit, scene.params.instrument.rules.tick))
    return None if stands and order.leaves == size else CancelReason.OFF_GRID


def _stands(plan: Plan, scene: Scene, place: Place, side: Side, ticks: int) -> bool:
    """Whether an exit at a price is near enough to the market, and not farther from it than it has to be."""
    is_near = _is_near(plan, scene, place, steps=scene.params.sell_levels + scene.params.hysteresis)
    flattens = _flattens(scene)
    if flattens and side is not _first_side(scene):
        return False
    wanted = _taking_price(scene, side) if flattens else target_of(scene, place)
    takes = flattens or scene.params.exits is Exits.TAKER
    if flattens:
        _follow(plan, scene, side, ticks)
    return is_near and not fell_behind(plan, scene, side, ticks, wanted=wanted, taking=takes)


def _flattens(scene: Scene) -> bool:
    return scene.is_ended and scene.params.flatten


def _first_side(scene: Scene) -> Side:
    """Returns the side on which an ended grid takes first: that of more to close. Both at once could meet."""
    return _SELL if scene.inventory >= ZERO else _BUY


def _follow(plan: Plan, scene: Scene, side: Side, ticks: int) -> None:
    """Watches the touch that an order which may take follows."""
    far = scene.tolerance
    if side is _BUY:
        plan.touches.append((_ASK, _ABOVE, ticks + far + 1))
    else:
        plan.touches.append((_BID, _BELOW, ticks - far - 1))


def want_exits(plan: Plan, scene: Scene) -> None:
    """Wants an order for each slot that holds something and has none, nearest to the market first.

    Under a kill none is wanted: whoever kills wants to see no order at all, until the kill is lifted.
    """
    if scene.stop is Stop.KILLED:
        return
    found: list[tuple[int, Place, Quantity]] = []
    for place, held in scene.held.items():
        if _flattens(scene) and (held.qty > ZERO) is not (_first_side(scene) is _SELL):
            continue
        qty = closable(scene, place) if place not in scene.live else Quantity(ZERO)
        if not qty:
            continue
        if _is_near(plan, scene, place, steps=scene.params.sell_levels):
            found.append((abs(target_of(scene, place) * MICRO - scene.reference), place, qty))
    if scene.now < scene.exits_from:
        return
    for _, place, qty in sorted(found):
        want = _exit(plan, scene, place, qty)
        if want.ticks > 0:
            plan.wants.append(want)
            _stands(plan, scene, place, want.side, want.ticks)


def _exit(plan: Plan, scene: Scene, place: Place, qty: Quantity) -> Want:
    held = scene.held[place]
    side = _SELL if held.qty > ZERO else _BUY
    style = exit_style(scene, held.rejects)
    ticks = _taking_price(scene, side) if _flattens(scene) else target_of(scene, place)
    if style is OrderStyle.POST_ONLY:
        ticks = maker_price(side, ticks, scene, rejects=held.rejects)
    return Want(place, side, _beyond_own(plan, scene, side, ticks), qty, True, style)


def _taking_price(scene: Scene, side: Side) -> int:
    """Returns the opposite touch. Units: ticks."""
    return scene.ask if side is _BUY else scene.bid


def _beyond_own(plan: Plan, scene: Scene, side: Side, ticks: int) -> int:
    """Returns a price that meets no order of our own, of those that stand and those that are wanted. Units: ticks."""
    standing = (*scene.live.values(), *scene.surplus)
    limits = [limit for order in standing if order.side is not side and (limit := order.limit) is not None]
    others = [meets_at(want.side, want.ticks, scene) for want in plan.wants if want.side is not side]
    if limits:
        nearest = min(limits) if side is _BUY else max(limits)
        others.append(ticks_of(nearest, scene.params.instrument.rules.tick))
    for other in others:
        ticks = min(ticks, other - 1) if side is _BUY else max(ticks, other + 1)
    return ticks


def _is_near(plan: Plan, scene: Scene, place: Place, *, steps: int) -> bool:
    """Whether the market is near enough to a slot for its exit to stand; of a neutral or ended grid all are.

    Units: a sale stands while its level is at most so many of its own steps above the reference.
    """
    lattice = scene.lattices.get(place[0])
    if scene.params.mode is GridMode.NEUTRAL or scene.is_ended or lattice is None:
        return True
    here = level(lattice, place[1])
    border = (here - steps * (level(lattice, place[1] + 1) - here)) * MICRO
    watch(plan, scene.reference, border)
    return scene.reference >= border
