"""What open orders take of a balance, and wallets with their gas."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from msgspec.structs import replace

from flatbook.api.answers.inventory import inventory_answer, reserved_of
from flatbook.api.answers.moment import AsOf
from flatbook.ops.config import load
from flatbook.state.desk import State
from flatbook.state.orders import Status
from flatbook.strategies.grid import decide
from flatbook.strategies.grid_terms import GridMode
from flatbook.values.ids import AccountId, AssetId, ChainId, WalletId
from flatbook.values.money import Quantity
from tests.unit.cli.scene import call
from tests.unit.engine.call_scene import RULES
from tests.unit.engine.quote_scene import ACCOUNT, SPOT, Scene
from tests.unit.services.test_grid_plans import PARAMS, grid_scene

PARAMS_SPOT = replace(PARAMS, instrument=SPOT, mode=GridMode.LONG)
QUOTES = {str(SPOT.id): str(SPOT.quote)}


def test_a_buy_reserves_its_worth_and_a_sale_what_it_sells() -> None:
    scene = Scene(lambda view, _: decide(view, PARAMS_SPOT), SPOT)
    scene.begin()
    first, second = (order.order_id for order in scene.intents()[:2])
    assert reserved_of(scene.state, ACCOUNT, QUOTES) == {"USDT": (Decimal("19.7"), Decimal(0))}  # 0.1 at 99, 0.1 at 98
    scene.accept(first)
    scene.accept(second)
    scene.observe(989, 991)
    scene.fill(first, "0.1")
    assert reserved_of(scene.state, ACCOUNT, QUOTES) == {
        "USDT": (Decimal("19.5"), Decimal(0)),  # the next level was opened
        "BTC": (Decimal("0.1"), Decimal(0)),
    }
    assert reserved_of(scene.state, "elsewhere", QUOTES) == {}


def test_what_an_order_of_unknown_fate_takes_is_in_flight() -> None:
    scene = Scene(lambda view, _: decide(view, PARAMS_SPOT), SPOT)
    scene.begin()
    first = scene.intents()[0].order_id
    scene.state.orders[first] = replace(scene.state.orders[first], status=Status.UNKNOWN)
    assert reserved_of(scene.state, ACCOUNT, QUOTES) == {"USDT": (Decimal("19.7"), Decimal("9.9"))}


def test_contracts_reserve_nothing_that_is_known_here() -> None:
    scene = grid_scene()
    scene.begin()
    assert reserved_of(scene.state, ACCOUNT, QUOTES) == {}


def test_a_wallet_says_how_much_gas_it_has_and_when_that_is_low(tmp_path: Path) -> None:
    assert call("init", "--recordings", "--home", str(tmp_path)).code == 0
    config, state = load(tmp_path, environment={}).config, State()
    key = (ChainId(8453), WalletId("0x1"))
    rules = replace(RULES, account=AccountId("base"), coin=AssetId("ETH"), coin_low=Decimal("0.05"))
    moment = AsOf(seq=1, at=None)
    (unknown,) = inventory_answer(state, moment, config, {}, {key: rules}).wallets
    assert (unknown.gas, unknown.is_low, unknown.low, unknown.calls_open) == (None, None, "0.05", 0)
    state.balances[AccountId("base"), AssetId("ETH")] = Quantity(Decimal("0.04"))
    (low,) = inventory_answer(state, moment, config, {}, {key: rules}).wallets
    assert (low.gas, low.is_low, low.calls_day_max) == ("0.04", True, RULES.limits.calls_day_max)
