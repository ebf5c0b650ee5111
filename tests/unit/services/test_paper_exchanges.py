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


MARGIN = '[accounts.paper.margin]\nleverage = 5\nmaintenance_pct = "0.5"\n'
SWAP = (
    CONFIG.replace('exchange = "binance"', 'exchange = "okx"')
    .replace('"BTCUSDT"', '"BTC-USDT-SWAP"')
    .replace('contract_size = "1"', 'contract_size = "0.01"\nproduct = "linear_perp"')
    .replace('lot = "0.001"\nqty_min = "0.001"', 'lot = "1"\nqty_min = "1"')
    .replace("[accounts.paper.coins]", MARGIN + "[accounts.paper.coins]")
)


def test_contracts_of_a_hundredth_of_a_coin_are_held_paid_and_realised_as_such(tmp_path: Path) -> None:
    loaded, clock = load_text(SWAP, tmp_path), SystemClock(0)
    (traded,) = instruments_at(loaded.config, "paper")

    def order(number: int, side: Side, limit: str) -> ApprovedOrder:
        return ApprovedOrder(
            order_id=OrderId(f"fbaaaaaaaaaaaaaaa00000000{number}"),
            account=AccountId("paper"),
            instrument=traded.id,
            side=side,
            qty=Quantity(Decimal(30)),
            limit=Price(Decimal(limit)),
            reduce_only=False,
            style=OrderStyle.IOC,
            attempt=0,
            good_until=later(clock.now(), seconds=30),
        )

    async def talked() -> tuple[AccountStatement, object, list[object]]:
        line = lines_of(loaded, clock)["paper"]
        assert line.exchange is not None
        assert line.paper is not None
        await line.paper.open()
        venue, market = exchange_venue_of(loaded, "paper", line.exchange, clock), "perp:BTC-USDT-SWAP"
        line.paper.saw_book(market, [(500_000, 5_000)], [(500_001, 5_000)])
        await venue.statement()
        assert isinstance(await venue.place(order(1, Side.BUY, "50000.1")), Accepted)
        held = line.paper.exchange.accounts["paper"].position(line.paper.exchange.markets[market])
        worth = held.qty, held.cost, held.entry
        line.paper.saw_book(market, [(510_000, 5_000)], [(510_001, 5_000)])
        assert isinstance(await venue.place(order(2, Side.SELL, "51000")), Accepted)
        page, stated = await venue.executions_since(""), await venue.statement()
        assert isinstance(page, tuple)
        assert isinstance(stated, AccountStatement)
        await line.close()
        return stated, worth, [(each.qty, each.fees[0].amount, each.realised) for each in page[0]]  # type: ignore[union-attr]

    stated, worth, executed = asyncio.run(talked())
    assert (stated.untradable, stated.holdings) == ((), ())
    assert worth == (Decimal(30), Decimal("15000.03"), Decimal("50000.1"))
    # 0.3 coins for 50,000.1 and a fee of 10 basis points, then sold for 51,000.
    assert {str(each.asset): each.total for each in stated.balances} == {"USDT": Decimal("10269.66997")}
    assert executed == [
        (Decimal(30), Decimal("15.00003"), Decimal(0)),
        (Decimal(30), Decimal("15.3"), Decimal("299.97")),
    ]
