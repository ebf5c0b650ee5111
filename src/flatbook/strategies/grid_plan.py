"""The plan of a grid: which of its orders go, which it wants, and at which prices it would think anew.

One order stands in a slot, whatever is known of it: a slot whose order is on its way, unknown, or owes executions is
not used. What a slot holds leaves first; then levels are opened, near to far.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from flatbook.events.grid import GridHold
from flatbook.events.orders import CancelReason, OrderStyle
from flatbook.state.orders import Order, Status
from flatbook.strategies.decision import Edge, Series
from flatbook.strategies.grid_clean import cleaned
from flatbook.strategies.grid_scene import Place, Scene
from flatbook.strategies.grid_terms import Exits
from flatbook.values.instruments import Side
from flatbook.values.money import Quantity

# The name of a member is looked up slowly, and its identity at once.
_BUY, _BID, _ASK, _ABOVE, _BELOW = Side.BUY, Series.BID, Series.ASK, Edge.AT_OR_ABOVE, Edge.AT_OR_BELOW

REJECTS_MAX = 3

CANCELABLE = (Status.INTENDED, Status.SUBMITTED, Status.ACCEPTED, Status.PARTIALLY_FILLED)


class Want(NamedTuple):
    """An order that a grid wants. Units: ticks; qty in contracts."""

    place: Place
    side: Side
    ticks: int
    qty: Quantity
    is_exit: bool
    style: OrderStyle


class Plan(msgspec.Struct, kw_only=True):
    """What a grid does, and what would make it think anew.

    Units: `above` and `below` are the nearest values of the reference, in millionths of a tick, from which on and below
    which the plan is another one; `touches` are ticks of a side of the book. `kept` are orders that stay as they are,
    `closing` the places whose order is an exit; `opens_on_old`: one that opens stands on another lattice.
    """

    cancels: list[tuple[Order, CancelReason]] = []
    wants: list[Want] = []
    kept: list[Order] = []
    closing: dict[Place, None] = {}
    opens_on_old: bool = False
    hold: GridHold | None = None
    waits_for_funds: bool = False
    waits_for_news: bool = False
    follows_touch: bool = False
    above: int | None = None
    below: int | None = None
    touches: list[tuple[Series, Edge, int]] = []


def watch(plan: Plan, reference: int, border: int) -> None:
    """Adds a border of the reference: the plan may change where it is reached, or left downwards."""
    if border > reference:
        if plan.above is None or border < plan.above:
            plan.above = border
    elif plan.below is None or border > plan.below:
        plan.below = border


def hold(plan: Plan, reason: GridHold) -> None:
    """Notes why less is opened than could be; the first reason stands."""
    if plan.hold is None:
        plan.hold = reason


def maker_price(side: Side, wanted: int, scene: Scene, *, rejects: int = 0) -> int:
    """Returns a price that adds liquidity: the wanted one, or the next beyond the opposite touch.

    Units: ticks. Each reject in a row moves it one tick further away.
    """
    if side is _BUY:
        return min(wanted, scene.ask - 1 - rejects)
    return max(wanted, scene.bid + 1 + rejects)


def meets_at(side: Side, ticks: int, scene: Scene) -> int:
    """Returns where an order meets others: at its limit, or at the opposite touch where it takes that at once.

    Units: ticks.
    """
    return min(ticks, scene.ask) if side is _BUY else max(ticks, scene.bid)


def fell_behind(plan: Plan, scene: Scene, side: Side, ticks: int, *, wanted: int, taking: bool) -> bool:
    """Whether an order stands farther from the market than it has to; watches the touch at which it would.

    Units: ticks. `wanted` is the best it may ask for; `taking`: it may be placed at the opposite touch.
    """
    far = scene.tolerance
    if wanted - far <= ticks if side is _BUY else ticks <= wanted + far:
        return False  # as near as it may ask for, wherever the touch is
    best = wanted if taking else maker_price(side, wanted, scene)
    if side is _BUY:
        plan.touches.append((_ASK, _ABOVE, ticks + far + (1 if taking else 2)))
        return ticks < best - far
    plan.touches.append((_BID, _BELOW, ticks - far - (1 if taking else 2)))
    return ticks > best + far


def exit_style(scene: Scene, rejects: int) -> OrderStyle:
    """Returns how an exit meets the market: it only rests until that was turned down too often."""
    if scene.is_ended and scene.params.flatten:
        return OrderStyle.LIMIT
    takes = scene.params.exits is Exits.TAKER or rejects >= REJECTS_MAX
    return OrderStyle.LIMIT if takes else OrderStyle.POST_ONLY


def clean(plan: Plan, scene: Scene) -> None:
    """Cancels openers where exits need their room: from the fuller side, the farthest first."""
    over = len(plan.kept) + len(plan.wants) - scene.params.orders_max
    if over <= 0:
        return
    hold(plan, GridHold.ORDERS_FULL)
    exits = {scene.live[place].order_id for place in plan.closing}
    for order in cleaned([order for order in plan.kept if order.order_id not in exits], over):
        plan.kept.remove(order)
        plan.cancels.append((order, CancelReason.OFF_GRID))
        plan.waits_for_news = True
