"""Paper desks at exchanges as `flatbook run` runs them: grids on perpetuals and spot, at markets that are served."""

from __future__ import annotations

import asyncio
import time
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import pytest
from aiohttp import web

from flatbook.events.activities import AccountActivityBooked, ActivityKind
from flatbook.events.control import BooksDiverged
from flatbook.events.event import Event
from flatbook.events.orders import OrderFilled
from flatbook.ops.config import load_text
from flatbook.services.all_in_one import desk_log, serve
from flatbook.services.desk import compose
from flatbook.services.sim_serve import Timed
from flatbook.sim.exchange.binance.server import binance_server
from flatbook.sim.exchange.bybit.server import bybit_server
from flatbook.sim.exchange.exchange import Exchange
from flatbook.state.desk import State
from flatbook.values.ids import InstrumentId
from flatbook.values.instants import NS_PER_S
from flatbook.values.money import cut
from tests.exchange import BINANCE, BYBIT, PERP, SPOT, opened

D = Decimal
EIGHT_HOURS_NS = 8 * 3_600 * NS_PER_S
ENDS_S, LOOKS_PER_S = 12, 10
SPOT_GRID = 'mode = "long"'
PERP_GRID = 'mode = "neutral"\nleverage = 5'


class Traded(NamedTuple):
    """What came of a desk: its events, how its books stood at the end, the exchange, and its state."""

    events: list[Event]
    books: dict[InstrumentId, str]
    exchange: Exchange
    state: State


HEAD = """
version = 1
mode = "paper"
[chains]
[owners]
[clock]
kind = "shifted"
shift_s = {shift_s}
[pace]
statement_s = 1
[risk]
order_notional_usd_max = "10000"
order_shares_max = "10"
collar_bps_max = 100
second_bps_max = 200
price_age_s_max = 60
day_loss_usd_max = "10000"
open_orders_max = 100
orders_per_minute_max = 10000
residue_usd_max = "10000"
depeg_bps_max = 50
resends_max = 1
[marks]
USDT = "1"
"""
ACCOUNT = """
[accounts.{account}]
kind = "paper_exchange"
exchange = "{exchange}"
market = "{market}"
ledger = "{account}.json"
maker_bps = "0"
taker_bps = "5"
shorting = "whole_shares"
base_url = "{url}"
[accounts.{account}.margin]
leverage = 20
maintenance_pct = "0.5"
[accounts.{account}.coins]
USDT = "10000"
"""
INSTRUMENT = """
[instruments."{name}"]
account = "{account}"
symbol = "BTCUSDT"
product = "{product}"
underlying = "BTC"
quote = "USDT"
tick = "0.1"
lot = "0.001"
qty_min = "0.001"
notional_min = "5"
contract_size = "1"
[grid.{owner}."{name}"]
{mode}
buy_levels = 3
sell_levels = 3
inventory_max = "1"
fee_bps = "0"
order_notional_usd_max = "10000"
order_qty_max = "1"
orders_per_minute_max = 6000
day_loss_usd_max = "10000"
collar_bps_max = 100
step_bps = "1"
quote_per_level = "100"
book_age_ms_max = 3000
"""


MARKETS = {
    "binance": ("usdm", (("linear_perp", "BTC-PERP@binance", "perps", PERP_GRID),)),
    "bybit": (
        "spot",
        (("linear_perp", "BTC-PERP@bybit", "perps", PERP_GRID), ("spot", "BTC@bybit", "coins", SPOT_GRID)),
    ),
}


def config(exchange: str, shift_s: int, url: str) -> str:
    """Returns a desk with a paper account at an exchange and a grid on each of its markets."""
    market, rows = MARKETS[exchange]
    instruments = [
        INSTRUMENT.format(account=exchange, product=product, name=name, owner=owner, mode=mode)
        for product, name, owner, mode in rows
    ]
    account = ACCOUNT.format(account=exchange, exchange=exchange, market=market, url=url)
    return "".join((HEAD.format(shift_s=shift_s), account, *instruments))


class Falling:
    """An exchange that is served over TCP, whose prices fall, so that grids end up long."""

    def __init__(self, exchange: str, shift_s: int) -> None:
        timed, self._steps = Timed(shift_s), 0
        self.exchange = opened(BYBIT if exchange == "bybit" else BINANCE, timed.instant)
        serving = bybit_server if exchange == "bybit" else binance_server
        self.server = serving(self.exchange, now=lambda: timed.instant, rest=timed.rest)
        self.runner = self.server.runner()
        self._timed = timed

    async def open(self) -> str:
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{self.runner.addresses[0][1]}"

    def fall(self) -> None:
        self._steps += 1
        middle = D(50_000) - self._steps
        self.exchange.advance(self._timed.instant)
        for market in (SPOT, PERP):
            self.exchange.quote(market, [(middle - 1, D(2))], [(middle + 1, D(2))])

    async def close(self) -> None:
        self.server.close()
        await self.runner.cleanup()


def traded(home: Path, exchange: str, funded_in_s: int) -> Traded:
    """Returns what came of a desk that ran until it was paid funding, which is settled so long after its start."""

    async def ran() -> Traded:
        now = time.time_ns()
        shift_s = (EIGHT_HOURS_NS - now % EIGHT_HOURS_NS) // NS_PER_S - funded_in_s
        market = Falling(exchange, shift_s)
        loaded = load_text(config(exchange, shift_s, await market.open()), home)
        desk = compose(loaded)
        events: list[Event] = []
        desk.engine.listeners.append(lambda committed: events.extend(committed.events))
        paper = desk.outside.papers()[exchange]
        try:
            with desk_log(desk, loaded) as log:
                running = asyncio.create_task(serve(desk, loaded, log))
                for _ in range((funded_in_s + ENDS_S) * LOOKS_PER_S):
                    if running.done() or funding(events):
                        break
                    await asyncio.sleep(1 / LOOKS_PER_S)
                    market.fall()
                books = dict(desk.books.status())
                desk.engine.stop("the test is over")
                await running
        finally:
            desk.close()
            await market.close()
        return Traded(events, books, paper.exchange, desk.engine.state)

    return asyncio.run(ran())


def funding(events: list[Event]) -> list[Decimal]:
    return [
        each.amount for each in events if isinstance(each, AccountActivityBooked) and each.kind is ActivityKind.FUNDING
    ]


@pytest.mark.e2e
@pytest.mark.parametrize(("exchange", "funded_in_s"), [("bybit", 7), ("binance", 12)])
def test_grids_trade_on_paper_and_are_paid_funding_when_the_venue_settles_it(
    tmp_path: Path, exchange: str, funded_in_s: int
) -> None:
    came = traded(tmp_path, exchange, funded_in_s)
    names = [name for _, name, _, _ in MARKETS[exchange][1]]
    assert came.books == dict.fromkeys(names, "fit")
    assert {each.instrument for each in came.events if isinstance(each, OrderFilled)} == set(names)
    assert [each for each in came.events if isinstance(each, BooksDiverged)] == []
    (flow,) = came.exchange.flows
    assert flow.at % EIGHT_HOURS_NS == 0
    assert funding(came.events) == [flow.amount] == [cut(-flow.qty * flow.price * D("0.0001"), decimals=8)]
    held = dict.fromkeys(names[:1], came.exchange.accounts["paper"].positions["perp:BTCUSDT"].qty)
    assert {name: came.state.positions.rows["perps", exchange, name].qty for name in names[:1]} == held  # type: ignore[index]
