"""A desk on paper in virtual time: all parts of production, from the public streams to the paper exchange."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from aiohttp import web

from flatbook.engine.follow import Pace
from flatbook.engine.run import Engine, Parts
from flatbook.events.control import Mode
from flatbook.events.event import Event
from flatbook.journal.sqlite import create_journal, open_journal
from flatbook.market.quotes import Market
from flatbook.ops.config import load
from flatbook.ops.config_accounts import BinanceAccount, CcxtAccount, PaperExchangeAccount
from flatbook.ops.config_rules import rules_of
from flatbook.ops.config_seats import with_grids
from flatbook.ops.home import CONFIG_FILE
from flatbook.services.live_binance import binance_ways
from flatbook.services.live_books import live_books
from flatbook.services.live_exchanges import ExchangeLine, bybit_line, exchange_venue_of
from flatbook.services.paper_exchanges import (
    KEY,
    SECRET,
    ShowingObservations,
    paper_exchange,
    shown_at,
    traded_account,
)
from flatbook.sim.loop import VirtualLoop, inside
from flatbook.sim.network.connections import Switchboard
from flatbook.sim.network.connector import SimulatedConnector
from flatbook.sim.network.link import CalmLink
from flatbook.sim.world.process import LoopClock
from flatbook.values.ids import AccountId
from flatbook.values.instants import later
from tests.exchange import PAPER_RISK
from tests.parity.recorded_market import Frame, RecordedMarket

MARKET_HOST, PAPER_HOST = "127.0.0.1", "paper"
NAME = "paper"
OPENING_S = 30
PACE = Pace(chain_poll_s=5, order_poll_s=3_600, idle_poll_s=3_600, statement_s=3_600, retry_s=3)

RECORDED = Path(__file__).parents[1] / "recorded" / "binance" / "usdm_btcusdt_20230404.gz"
CONFIG = (
    PAPER_RISK
    + """[accounts.paper]
kind = "paper_exchange"
exchange = "binance"
market = "usdm"
ledger = "paper.json"
maker_bps = "0.1"
taker_bps = "4"
shorting = "never"
base_url = "http://127.0.0.1:80"
[accounts.paper.margin]
leverage = 20
maintenance_pct = "0.5"
[accounts.paper.coins]
USDT = "1000000"
[instruments."BTC-PERP"]
account = "paper"
symbol = "BTCUSDT"
underlying = "BTC"
quote = "USDT"
tick = "0.1"
lot = "0.001"
qty_min = "0.001"
notional_min = "5"
contract_size = "1"
product = "linear_perp"
[grid.maker."BTC-PERP"]
mode = "long"
buy_levels = 4
sell_levels = 4
inventory_max = "1"
fee_bps = "0.01"
order_notional_usd_max = "10000"
order_qty_max = "1"
orders_per_minute_max = 10000
day_loss_usd_max = "1000"
collar_bps_max = 100
step = "0.3"
base_per_level = "0.01"
book_age_ms_max = 5000
[backtest]
placing_ms = 0
canceling_ms = 0
reporting_ms = 0
"""
)


class Served(Protocol):
    """A market whose public streams are served."""

    def runner(self) -> web.AppRunner:
        """Returns what serves it, to be given a site."""
        ...

    async def play(self) -> None:
        """Tells all frames, each at its time."""
        ...


class PaperDesk:
    """A desk and the two servers that it talks to: the recorded market and its own paper exchange.

    Its configuration and its journal stand in a home that every verb reads.
    """

    def __init__(
        self,
        config: str,
        home: Path,
        frames: list[Frame],
        *,
        latency_ns: int = 0,
        serving: Callable[[VirtualLoop, list[Frame]], Served] = RecordedMarket,
    ) -> None:
        self.loop = VirtualLoop(later(frames[0].at, seconds=-OPENING_S))
        Switchboard(self.loop, lambda _process, _host: CalmLink(latency_ns=latency_ns))
        (home / CONFIG_FILE).write_text(config, encoding="utf-8")
        self.loaded = load(home, environment={})
        create_journal(self.loaded.journal)
        self.journal = open_journal(self.loaded.journal)
        self.market = serving(self.loop, frames)
        self.clock = LoopClock(self.loop)
        self._ends = frames[-1].at

    def run(self) -> tuple[Event, ...]:
        """Runs the desk from the first frame to a second after the last, and returns what it journalled."""
        self.loop.run_until_complete(self.loop.create_task(self._lived(), context=inside("desk")))
        assert self.loop.faults == []
        self.loop.close()
        try:
            return tuple(event for row in self.journal.read() for event in row.events)
        finally:
            self.journal.close()

    async def _lived(self) -> None:
        account = self.loaded.config.accounts[NAME]
        assert isinstance(account, PaperExchangeAccount)
        paper = paper_exchange(self.loaded, NAME, account, self.clock)
        runners = (self.market.runner(), paper.server.runner())
        for host, runner in zip((MARKET_HOST, PAPER_HOST), runners, strict=True):
            await runner.setup()
            await web.TCPSite(runner, host, 80).start()
        line = self._line(account)
        venue = exchange_venue_of(self.loaded, NAME, line, self.clock)
        rules = with_grids(rules_of(self.loaded, {AccountId(NAME): venue.card}), self.loaded.config)
        books = live_books(self.loaded, rules, self.clock, SimulatedConnector)
        seen = ShowingObservations(rules, books.books)
        seen.shown = shown_at(self.loaded, {NAME: paper})
        books.traded, books.marked = seen.saw_others_trade, seen.saw_funding
        engine = Engine(
            Parts(
                journal=self.journal,
                venues={AccountId(NAME): venue},
                sources=(),
                clock=self.clock,
                rules=rules,
                market=Market(seen),
                pace=PACE,
                mode=Mode.PAPER,
                version="parity",
            )
        )
        following = [self.loop.create_task(work) for work in books.follow(seen, Market(seen).candles)]
        running = self.loop.create_task(engine.run())
        await self.market.play()
        await self.clock.sleep_until(later(self._ends, seconds=1))
        engine.stop("over")
        await running
        self.status = books.status()
        for each in following:
            each.cancel()
        await asyncio.gather(*following, return_exceptions=True)
        await books.close()
        https = () if line.http is None else (line.http,)
        for http in https if line.binance is None else line.binance.https:
            await http.close()
        paper.server.close()
        for runner in runners:
            await runner.cleanup()
        self.engine, self.paper = engine, paper

    def _line(self, account: PaperExchangeAccount) -> ExchangeLine:
        """Returns the way to the paper exchange, over this loop."""
        stands = traded_account(account)
        assert not isinstance(stands, CcxtAccount), "a paper account stands for one of two exchanges"
        if not isinstance(stands, BinanceAccount):
            return bybit_line(stands, self.clock, lambda: (KEY, SECRET), connect=SimulatedConnector)
        ways = binance_ways(stands, self.clock, lambda: (KEY, SECRET), connect=SimulatedConnector)
        return ExchangeLine(
            http=ways.https[0],
            binance=ways,
            reveal=lambda: (KEY, SECRET),
            stands=stands,
            connect=SimulatedConnector,
        )
