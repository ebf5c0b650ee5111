"""Cases of kind `grid_plan`: a price and slots to orders, by the production planner.

What a case states in its own words is put in ours: slots that lie on no level of the present lattice get a lattice of
their own; a skew per base unit becomes one at an inventory that is full beyond what the case holds; the one price is
the middle of a touch of two ticks; exits may take, as they do there, but for orders of our own. Cancels, exits, buys
and sales are compared each for itself, whatever their order.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from flatbook.events.orders import OrderStyle
from flatbook.market.orderbook import Touch
from flatbook.state.grid import GridMemory
from flatbook.state.intents import PlaceIntent
from flatbook.state.orders import Order
from flatbook.strategies.grid import plan_of, scene_of
from flatbook.strategies.grid_plan import Plan
from flatbook.strategies.grid_scene import Place, Scene, price_of
from flatbook.strategies.grid_size import kept_size
from flatbook.strategies.grid_terms import SKEW_BPS_MAX, Exits, GridMode, GridParams, QtyPerLevel
from flatbook.strategies.quoting import Stop
from flatbook.values.ids import OrderId
from flatbook.values.instants import later
from flatbook.values.instruments import Side, TradingRules
from flatbook.values.lattice import Lattice, Spacing, in_micro, level, slot_of, widened_step
from flatbook.values.money import ONE, ZERO, Price, Quantity, divide_cut, scaled_integer, significant_decimals
from tests.unit.strategies.grid_scene import NEUTRAL, OWNER, PERP, START, LiteralView, order_of
from tests.vectors.outcome import Case, NotDue, differing

SIZE_CUT = 50
SKEW_DECIMALS = 4


def run(case: Case) -> str | None:
    """Compares the reference, the centre and the orders of a plan."""
    asked, wanted = case["input"], case["expected"]
    scene = scene_of_case(asked)
    plan = plan_of(scene, free=None)
    params = scene.params
    found = {
        "interval": price_of(scene.lattice.step, params),
        "inventory": scene.inventory,
        "reference_price": price_of(scene.reference, params) * Decimal("0.000001"),
        "center": price_of(level(scene.lattice, scene.centre), params),
    }
    return differing(wanted, found) or _differing_orders(wanted["actions"], plan, scene)


def _differing_orders(wanted: list[dict[str, Any]], plan: Plan, scene: Scene) -> str | None:
    orders = sorted(_stated(_apart(action, scene)) for action in wanted)
    found = sorted(
        [f"CANCEL {order.order_id} of {_slot_price(order, scene)}" for order, _ in plan.cancels]
        + [
            f"PLACE {want.side.value.upper()} {_text(want.qty)} @ {_text(price_of(want.ticks, scene.params))}"
            f" {want.is_exit} {want.style is OrderStyle.POST_ONLY}"
            for want in plan.wants
        ]
    )
    return None if orders == found else f"actions: expected {orders}, found {found}"


def _apart(action: dict[str, Any], scene: Scene) -> dict[str, Any]:
    """Returns an action as a case states it, but for an exit that would meet an order of our own: it goes beyond."""
    if action["action"] == "CANCEL" or not action["reduce_only"]:
        return action
    tick, sells = scene.params.instrument.rules.tick, action["side"] == "SELL"
    ours = [
        order.limit for order in scene.live.values() if order.limit is not None and (order.side is Side.BUY) is sells
    ]
    price = Decimal(action["price"])
    beyond = max([price, *(each + tick for each in ours)]) if sells else min([price, *(each - tick for each in ours)])
    return {**action, "price": str(beyond)}


def _stated(action: dict[str, Any]) -> str:
    if action["action"] == "CANCEL":
        return f"CANCEL {action['order_id']} of {_text(Decimal(action['slot']))}"
    price, qty = _text(Decimal(action["price"])), _text(Decimal(action["qty"]))
    return f"{action['action']} {action['side']} {qty} @ {price} {action['reduce_only']} {action['post_only']}"


def _slot_price(order: Order, scene: Scene) -> str:
    """Returns the price of the level whose slot an order stands in."""
    number, index = next(place for place, live in scene.live.items() if live is order)
    return _text(price_of(level(scene.lattices[number], index), scene.params))


def _text(value: Decimal) -> str:
    return f"{value:f}".rstrip("0").rstrip(".") if "." in f"{value:f}" else f"{value:f}"


def scene_of_case(asked: dict[str, Any]) -> Scene:
    """Returns what the production planner is to find, from the input of a case."""
    params = _params(asked)
    tick = params.instrument.rules.tick
    middle = _ticks(asked["price"], tick)
    view = LiteralView(params)
    view.book = Touch(middle - 1, 1, middle + 1, 1)
    view.features["atr"] = float(_ticks(asked["atr"], tick))
    view.stopped = Stop.BUYS if asked["risk_triggered"] else None
    view.memory = GridMemory(lattices=(_present(params, view),))
    for slot in asked["slots"]:
        _put(view, slot, asked, tick)
    scene, _ = scene_of(view, params, view.memory, view.book)
    volatility = scaled_integer(Decimal(asked["vol_factor"]), decimals=6)
    return msgspec.structs.replace(scene, kept=kept_size(volatility, size_cut=SIZE_CUT))


def _ticks(price: Any, tick: Decimal) -> int:
    return scaled_integer(divide_cut(Decimal(str(price)), tick, decimals=0), decimals=0)


def _present(params: GridParams, view: LiteralView) -> Lattice:
    step = widened_step(params.step, in_micro(view.features["atr"]), scale_pct=params.atr_scale_pct)
    assert params.anchor is not None
    return Lattice(number=1, spacing=Spacing.ARITHMETIC, anchor=params.anchor, step=step)


def _params(asked: dict[str, Any]) -> GridParams:
    config = asked["config"]
    prices = [asked["price"], asked["anchor"], config["interval"], *(slot["price"] for slot in asked["slots"])]
    decimals = max(int(config["pd"]), *(significant_decimals(Decimal(str(price))) for price in prices))
    tick, lot = Decimal(1).scaleb(-decimals), Decimal(1).scaleb(-int(config["qd"]))
    rules = TradingRules(tick=tick, lot=lot, qty_min=lot, notional_min=Decimal(str(config["min_value"])))
    held = sum((abs(Decimal(str(slot["qty"]))) for slot in asked["slots"]), ZERO)
    most = len(asked["slots"]) + max(config["buy_w"], config["sell_w"])
    full, skew_bps = skewed(Decimal(str(config["skew"])), least=held + Decimal(str(config["qty"])) * most)
    return msgspec.structs.replace(
        NEUTRAL,
        instrument=msgspec.structs.replace(PERP, rules=rules),
        mode=GridMode.NEUTRAL if config["neutral"] else GridMode.LONG,
        step=_ticks(config["interval"], tick),
        anchor=_ticks(asked["anchor"], tick),
        buy_levels=config["buy_w"],
        sell_levels=config["sell_w"],
        size=QtyPerLevel(amount=Quantity(Decimal(config["qty"]))),
        inventory_max=Quantity(full),
        skew_bps=skew_bps,
        atr_scale_pct=scaled_integer(Decimal(config["vol_scale"]), decimals=2),
        size_cut=SIZE_CUT,
        fee=Decimal(0),
        exits=Exits.TAKER,
        hysteresis=0,
    )


def skewed(factor: Decimal, *, least: Decimal) -> tuple[Decimal, int]:
    """Returns an inventory that is not full below the least one, and the skew at it that a factor per unit makes.

    Errors: NotDue where a whole price is not enough for that skew.
    """
    whole = ONE.scaleb(max(0, significant_decimals(factor) - SKEW_DECIMALS))
    full = whole * (divide_cut(least, whole, decimals=0) + 1)
    skew_bps = scaled_integer(factor * full, decimals=SKEW_DECIMALS)
    if skew_bps > SKEW_BPS_MAX:
        raise NotDue("a skew of ours never takes the whole price")
    return full, skew_bps


def _put(view: LiteralView, slot: dict[str, Any], asked: dict[str, Any], tick: Decimal) -> None:
    """Puts what a slot of a case holds, and the order that stands in it, before the planner."""
    number, index = _place(view, _ticks(slot["price"], tick))
    name = slot_of(number, index)
    is_filled = slot["pos"] == "FILLED"
    if is_filled:
        view.hold(name, slot["qty"])
    if slot["slot"] != "LOCKED":
        return
    side = Side.BUY if slot.get("side") == "BUY" else Side.SELL
    intent = PlaceIntent(
        order_id=OrderId(str(slot["order_id"])),
        owner=OWNER,
        underlying=view.params.instrument.underlying,
        instrument=view.params.instrument,
        side=side,
        qty=Quantity(Decimal(slot["qty"] if is_filled else asked["config"]["qty"])),
        limit=Price(Decimal(slot["order_price"])),
        reduce_only=is_filled,
        style=OrderStyle.POST_ONLY,
        slot=name,
        because=None,
        evidence={},
        good_until=later(START, seconds=86_400),
    )
    view.standing.append(order_of(intent))


def _place(view: LiteralView, ticks: int) -> Place:
    """Returns the slot of a price: of the present lattice where it is a level there, else of one of its own."""
    assert view.memory is not None
    present = view.memory.lattices[0]
    index, rest = divmod(ticks - present.anchor, present.step)
    if not rest:
        return present.number, index
    number = len(view.memory.lattices) + 1
    own = Lattice(number=number, spacing=present.spacing, anchor=ticks, step=present.step)
    view.memory = GridMemory(lattices=(*view.memory.lattices, own))
    return number, 0
