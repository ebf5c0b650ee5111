"""A desk whose broker account is in a dollar token: limits, caps, cash and profit at the token's mark."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from flatbook.events.orders import IntentRefused, OrderFilled, OrderIntended
from flatbook.ops.config import Loaded, load
from flatbook.services.desk import compose
from flatbook.values.ids import AccountId
from tests.sim.composed import Fill, Played, account, minute, nets, owner, play, write_home
from tests.unit.cli.scene import call

PRICES = """
[prices.coins]
kind = "recorded_bars"
quote = "USDC"
files = { COIN = "coins.csv" }
"""


def played(home: Path, *, mark: str, at_broker: str, side: str, cap: str = "100000") -> tuple[Loaded, Played]:
    """Plays a fill of 3 shares; the share is worth 250 USD, which are `at_broker` USDC."""
    sections = [PRICES, account("paper", currency="USDC", bars="coins"), owner("desk", at="paper")]
    write_home(home, sections, [Fill(minute(2), "desk", side, "3")], mark=mark)
    (home / "coins.csv").write_text((home / "bars.csv").read_text().replace("250,250", f"{at_broker},{at_broker}"))
    text = (home / "flatbook.toml").read_text()
    (home / "flatbook.toml").write_text(text.replace('_usd_max = "100000"', f'_usd_max = "{cap}"', 1))
    loaded = load(home, environment={})
    return loaded, play(loaded)


def usdc_at_broker(loaded: Loaded) -> Decimal:
    """Returns the USDC in the broker's own ledger at the end."""
    desk = compose(loaded)
    try:
        return desk.brokers[AccountId("paper")].truth.balances_at(AccountId("paper"), minute(40))["USDC"]
    finally:
        desk.close()


@pytest.mark.parametrize(
    ("world", "limit", "cash", "net_usd"),
    [
        (("0.90", "277.77", "sell"), "280.56", "99166.69", "-72.279"),
        (("0.90", "277.77", "buy"), "275", "100833.31", "72.279"),
        (("1.00", "250", "sell"), "252.5", "99250", "3"),
        (("1.00", "250", "buy"), "247.5", "100750", "-3"),
    ],
)
def test_a_hedge_at_an_account_in_usdc_is_limited_filled_and_valued_at_the_mark(
    tmp_path: Path, world: tuple[str, str, str], limit: str, cash: str, net_usd: str
) -> None:
    mark, at_broker, side = world
    loaded, day = played(tmp_path, mark=mark, at_broker=at_broker, side=side)
    (intended,) = [event for event in day.events if isinstance(event, OrderIntended)]
    (filled,) = [event for event in day.events if isinstance(event, OrderFilled)]
    assert (intended.limit, intended.qty) == (Decimal(limit), 3)
    assert (filled.price, filled.quote) == (Decimal(at_broker), "USDC")
    assert usdc_at_broker(loaded) == Decimal(cash)
    assert nets(loaded) == {"desk": 0}
    body = call("pnl", "--json", "--home", str(tmp_path)).body()
    assert (body["total"]["net_usd"], body["ledger"]["balances"]) == (net_usd, True)
    assert body["ledger"]["agrees_with_pnl"] is True


@pytest.mark.parametrize(("cap", "sizes"), [("400", ["1.58", "1.42"]), ("757.52", ["3"]), ("252.51", ["1", "1", "1"])])
def test_the_cap_on_an_order_is_in_dollars_whatever_its_quote(tmp_path: Path, cap: str, sizes: list[str]) -> None:
    loaded, day = played(tmp_path, mark="0.90", at_broker="277.77", side="sell", cap=cap)
    orders = [event for event in day.events if isinstance(event, OrderIntended)]
    assert [event for event in day.events if isinstance(event, IntentRefused)] == []
    assert [f"{order.qty.normalize():f}" for order in orders] == sizes
    assert nets(loaded) == {"desk": 0}
