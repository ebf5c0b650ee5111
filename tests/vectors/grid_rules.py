"""Cases of kinds `grid_math`, `safety` and `order_cleaner`: the rules that a grid is made of, each for itself."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec

from flatbook.market.orderbook import Touch
from flatbook.ops.config_fields import SYMBOL_TEXT
from flatbook.state.orders import Order, Status
from flatbook.strategies.grid import plan_of
from flatbook.strategies.grid_clean import cleaned
from flatbook.strategies.grid_scene import price_of, reference_of, tilt_of
from flatbook.strategies.grid_size import break_even_step, kept_size, levels_affordable, net_of_fees, size_at
from flatbook.strategies.grid_terms import QtyPerLevel, flaw_of
from flatbook.values.instruments import Side, TradingRules, floor_to_lot
from flatbook.values.lattice import MICRO, Lattice, Spacing, level, nearest_index, widened_step
from flatbook.values.money import ONE, Money, Price, Quantity, divide_cut, plain, raise_to, scaled_integer
from tests.unit.strategies.grid_scene import NEUTRAL, PERP, LiteralView
from tests.vectors.grid_plan import SIZE_CUT, scene_of_case, skewed
from tests.vectors.outcome import Case, NotDue, differing

DECIMALS = 8
TICK = ONE.scaleb(-DECIMALS)
LOT = ONE.scaleb(-18)
PARAMETERS = {"symbol", "interval", "qty", "min_value", "buy_window", "sell_window"}
PARAMS = msgspec.structs.replace(
    NEUTRAL,
    instrument=msgspec.structs.replace(
        PERP, rules=TradingRules(tick=TICK, lot=LOT, qty_min=LOT, notional_min=Decimal(0))
    ),
    anchor=1,
)


def run_math(case: Case) -> str | None:
    """Compares one function of the maths of a grid."""
    rule = RULES.get(case["fn"])
    if rule is None:
        raise NotDue(f"no grid of ours has the rule {case['fn']}")
    return differing({"expected": case["expected"]}, {"expected": rule(case["input"])})


def _ticks(value: Any) -> int:
    return scaled_integer(Decimal(str(value)), decimals=DECIMALS)


def _price(ticks: int) -> Decimal:
    return price_of(ticks, PARAMS)


def _step(asked: dict[str, Any]) -> Decimal:
    scale_pct = scaled_integer(Decimal(asked["scale"]), decimals=2)
    return _price(widened_step(_ticks(asked["base"]), _ticks(asked["atr"]) * MICRO, scale_pct=scale_pct))


def _nearest(asked: dict[str, Any]) -> Decimal:
    if not Decimal(asked["interval"]):
        raise NotDue("a grid without a step is refused")
    anchor, step = _ticks(asked["anchor"]), _ticks(asked["interval"])
    lattice = Lattice(number=1, spacing=Spacing.ARITHMETIC, anchor=anchor, step=step)
    return _price(level(lattice, nearest_index(lattice, _ticks(asked["price"]) * MICRO)))


def _skewed(asked: dict[str, Any]) -> Decimal:
    """Returns the tilted price: as the case states it, or with a factor per unit as a skew at the inventory it has."""
    inventory, price = Decimal(asked["inventory"]), _ticks(asked["price"])
    if "factor" in asked:
        full, skew_bps = skewed(Decimal(asked["factor"]), least=abs(inventory))
    else:
        full, skew_bps = Decimal(asked["inventory_max"]), asked["skew_bps"]
    params = msgspec.structs.replace(PARAMS, inventory_max=Quantity(full), skew_bps=skew_bps)
    return _price(reference_of(Touch(price, 1, price, 1), tilt_of(inventory, params))) * Decimal("0.000001")


def _scaled_qty(asked: dict[str, Any]) -> Decimal:
    kept = kept_size(scaled_integer(Decimal(asked["vol"]), decimals=6), size_cut=SIZE_CUT)
    size = QtyPerLevel(amount=Quantity(Decimal(asked["qty"])))
    return size_at(size, Price(ONE), PARAMS.instrument, kept=kept)


def _net(asked: dict[str, Any]) -> Decimal:
    prices = {"bought": Price(Decimal(asked["buy"])), "sold": Price(Decimal(asked["sell"]))}
    return net_of_fees(**prices, buy_fee=Decimal(asked["buy_fee"]), sell_fee=Decimal(asked["sell_fee"]))


def _break_even(asked: dict[str, Any]) -> Decimal:
    """Returns the step to the twelve decimals that a case states, half away from zero."""
    exact = break_even_step(Price(Decimal(asked["price"])), Decimal(asked["fee"]))
    return raise_to(exact - Decimal("0.0000000000005"), decimals=12)


def _floored(asked: dict[str, Any]) -> Decimal:
    lot = Decimal(asked["lot"])
    rules = TradingRules(tick=lot, lot=lot, qty_min=lot, notional_min=Decimal(0))
    return floor_to_lot(Quantity(Decimal(asked["value"])), rules)[0]


def _levels_below(asked: dict[str, Any]) -> list[str]:
    """Returns the levels that are open where the price is half a step above a level: that one comes first."""
    grid, step = Decimal(asked["grid_price"]), Decimal(asked["interval"])
    config = {"interval": step, "qty": "1", "min_value": "0", "buy_w": asked["count"], "sell_w": 1}
    config |= {"pd": 2, "qd": 3, "neutral": False, "vol_scale": "0", "skew": "0"}
    middle = grid + divide_cut(step, Decimal(2), decimals=DECIMALS)
    state = {"atr": "0", "vol_factor": "0", "risk_triggered": False, "slots": []}
    scene = scene_of_case({"config": config, "price": str(middle), "anchor": str(grid), **state})
    return [plain(price_of(want.ticks, scene.params)) for want in plan_of(scene, free=None).wants]


def _refused(asked: dict[str, Any]) -> str:
    """Returns why parameters are refused."""
    try:
        msgspec.structs.replace(PARAMS, **asked)
    except ValueError as refused:
        return str(refused).removeprefix(f"{PARAMS.instrument.id}: ")
    return "nothing"


RULES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "effective_interval": _step,
    "nearest_grid_price": _nearest,
    "skewed_price": _skewed,
    "volatility_scaled_qty": _scaled_qty,
    "net_profit_per_unit": _net,
    "break_even_interval": _break_even,
    "floor_to_lot": _floored,
    "refused": _refused,
    "legacy_buy_levels": _levels_below,
}


def run_safety(case: Case) -> str | None:
    """Compares what must hold before a grid starts."""
    asked = case["input"]
    if "fee" in asked:
        price, fee = Decimal(asked["price"]), Decimal(asked["fee"])
        net = net_of_fees(
            bought=Price(price), sold=Price(price + Decimal(asked["interval"])), buy_fee=fee, sell_fee=fee
        )
        return differing(case["expected"], {"net_per_unit": net, "pass": net > 0})
    if "balance" in asked:
        funds, each = Money(Decimal(asked["balance"])), Money(Decimal(asked["order_quote"]))
        found = levels_affordable(funds, leverage=asked["leverage"], per_level=each)
        return differing(case["expected"], {"max_positions": found, "pass": found >= asked.get("required", 1)})
    unknown = sorted(set(asked) - PARAMETERS)
    if unknown:
        raise NotDue(f"no grid of ours has the parameter {', '.join(unknown)}")
    return differing(case["expected"], {"valid": _is_valid(asked)})


def _is_valid(asked: dict[str, Any]) -> bool:
    symbol, qty = str(asked["symbol"]), Decimal(str(asked["qty"]))
    fields = {
        "step": _ticks(asked["interval"]),
        "size": QtyPerLevel(amount=Quantity(qty)),
        "buy_levels": asked["buy_window"],
        "sell_levels": asked["sell_window"],
    }
    try:
        rules = msgspec.structs.replace(PARAMS.instrument.rules, notional_min=Decimal(str(asked["min_value"])))
        instrument = msgspec.structs.replace(PARAMS.instrument, rules=rules)
        params = msgspec.structs.replace(PARAMS, instrument=instrument, **fields)
    except ValueError:
        return False
    return flaw_of(params) is None and re.fullmatch(SYMBOL_TEXT, symbol) is not None


def run_cleaner(case: Case) -> str | None:
    """Compares which orders go where more stand than may."""
    view = LiteralView()
    view.apply()
    sample = view.standing[0]
    orders = [_order(sample, number, stated) for number, stated in enumerate(case["input"]["orders"])]
    gone = cleaned(orders, len(orders) - case["input"]["max_open"])
    found = sorted(each.limit for each in gone if each.limit is not None)
    return differing(case["expected"], {"cancel_prices": found})


def _order(sample: Order, number: int, stated: dict[str, Any]) -> Order:
    return msgspec.structs.replace(
        sample,
        order_id=f"o{number}",
        side=Side(stated["side"].lower()),
        limit=Price(Decimal(stated["price"])),
        status=Status(stated.get("status", "ACCEPTED").lower()),
    )
