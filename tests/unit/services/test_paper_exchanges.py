"""A paper account at an exchange: the adapter of production trades in the process, at the market that is shown."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

from flatbook.engine.ports import ApprovedOrder
from flatbook.engine.reports import Accepted, AccountStatement
from flatbook.events.orders import OrderStyle
from flatbook.market.orderbook import OrderBook
from flatbook.ops.clock import SystemClock
from flatbook.ops.config import Loaded, load_text
from flatbook.ops.config_accounts import BinanceAccount, Environment, PaperExchangeAccount
from flatbook.ops.config_instruments import instruments_at
from flatbook.ops.config_seats import grid_seats
from flatbook.services.live_accounts import lines_of
from flatbook.services.live_exchanges import exchange_venue_of
from flatbook.services.paper_exchanges import ShowingObservations, shown_at, traded_account, watched_account
from flatbook.values.ids import AccountId, OrderId
from flatbook.values.instants import later
from flatbook.values.instruments import Side
from flatbook.values.money import Price, Quantity
from tests.exchange import PAPER_RISK
from tests.unit.engine.quote_scene import LIMITS, rules_of

CONFIG = (
    PAPER_RISK
    + """[accounts.paper]
kind = "paper_exchange"
exchange = "binance"
ledger = "paper.json"
maker_bps = "10"
taker_bps = "10"
shorting = "never"
[accounts.paper.coins]
USDT = "10000"
[instruments."BTC/USDT"]
account = "paper"
symbol = "BTCUSDT"
underlying = "BTC"
quote = "USDT"
tick = "0.1"
lot = "0.001"
qty_min = "0.001"
notional_min = "5"
contract_size = "1"
[grid.maker."BTC/USDT"]
mode = "long"
buy_levels = 5
sell_levels = 5
inventory_max = "1"
fee_bps = "10"
order_notional_usd_max = "1000"
order_qty_max = "1"
orders_per_minute_max = 600
day_loss_usd_max = "1000"
collar_bps_max = 100
step_bps = "25"
quote_per_level = "100"
"""
)


def loaded_from(home: Path) -> Loaded:
    """Returns the configuration of a desk with a grid at a paper exchange."""
    return load_text(CONFIG, home)


def test_an_order_of_the_adapter_executes_when_the_market_that_is_shown_trades_through_it(tmp_path: Path) -> None:
    loaded, clock = loaded_from(tmp_path), SystemClock(0)
    (traded,) = instruments_at(loaded.config, "paper")

    async def talked() -> tuple[object, str, dict[str, Decimal]]:
        line = lines_of(loaded, clock)["paper"]
        assert line.exchange is not None
        assert line.paper is not None
        await line.paper.open()
        venue, book = exchange_venue_of(loaded, "paper", line.exchange, clock), OrderBook()
        seat = grid_seats(loaded.config)["maker"].seat  # type: ignore[index]
        seen = ShowingObservations(rules_of(seat, LIMITS), {traded.id: book})
        seen.shown = shown_at(loaded, {"paper": line.paper})
        book.replace([(500_000, 5_000)], [(500_010, 5_000)])
        seen.saw_book(traded.id, clock.now())
        order = ApprovedOrder(
            order_id=OrderId("fbaaaaaaaaaaaaaaa000000001"),
            account=AccountId("paper"),
            instrument=traded.id,
            side=Side.BUY,
            qty=Quantity(Decimal("0.01")),
            limit=Price(Decimal("49999.9")),
            reduce_only=False,
            style=OrderStyle.POST_ONLY,
            attempt=0,
            good_until=later(clock.now(), seconds=30),
        )
        await venue.statement()
        placed = await venue.place(order)
        seen.saw_others_trade(traded.id, 499_990, 9_000, Side.SELL)
        book.replace([(499_900, 5_000)], [(499_910, 5_000)])
        seen.saw_book(traded.id, clock.now())
        page = await venue.executions_since("")
        stated = await venue.statement()
        assert isinstance(stated, AccountStatement)
        assert isinstance(page, tuple)
        prices = " ".join(str(each.price) for each in page[0])  # type: ignore[union-attr]
        await line.close()
        return placed, prices, {str(each.asset): each.total for each in stated.balances}

    placed, prices, balances = asyncio.run(talked())
    assert isinstance(placed, Accepted)
    assert Decimal(prices) == Decimal("49999.9")
    assert balances["USDT"] == Decimal("9500.001")
    assert (tmp_path / "paper.json").exists()


def test_the_market_is_watched_at_the_venue_and_traded_in_the_process(tmp_path: Path) -> None:
    account = loaded_from(tmp_path).config.accounts["paper"]
    assert isinstance(account, PaperExchangeAccount)
    watched, traded = watched_account(account), traded_account(account)
    assert isinstance(watched, BinanceAccount)
    assert isinstance(traded, BinanceAccount)
    assert (watched.environment, watched.base_url) == (Environment.LIVE, None)
    assert (traded.environment, traded.base_url) == (Environment.SANDBOX, "http://paper")
